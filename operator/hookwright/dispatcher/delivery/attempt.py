"""The one pipeline: render → build → authenticate → sign → send → judge. Deliveries, Manual calls and tests use it.

`prepare` and `judge` are the parts that compute, `exchange` between them waits and computes next to nothing: so callers
can do the former when it is their turn. Whatever is raised in them ends in an outcome, so no attempt is ever lost.
Must not: know lanes or the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from hookwright.api.admin import ValidatorResult
from hookwright.core.former import FormerSecrets
from hookwright.core.lifecycle import gone_mark
from hookwright.core.outcome import Outcome, judge_answer, judge_error, judge_fault
from hookwright.core.redaction import Redactor
from hookwright.core.request import Outgoing
from hookwright.core.routes import Route
from hookwright.core.times import hundredths
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.delivery.turns import Turn
from hookwright.errors import SendError, TemplateError
from hookwright.outbound.auth import Credentials, credentials
from hookwright.outbound.auth.oauth2 import SenderTokenFetcher
from hookwright.outbound.port import Answer, OnSent, Pool, Sender, TlsSettings
from hookwright.outbound.signing import Signer

log = structlog.get_logger()
TEST_HEADER = ("webhook-test", "true")


class Target:
    """A route with what it needs to be sent: connections, credentials, signing keys. Closed when the webhook changes.

    Raises SendError or ValueError with one sentence when its certificates or signing keys cannot be used.
    """

    def __init__(
        self, route: Route, sender: Sender, monotonic: Callable[[], float], former: FormerSecrets
    ) -> None:
        self.route = route
        self._former = former
        self.mark = gone_mark(route.config.hash, route.config.requested_at)
        """What a 410 is remembered under."""
        self._sender = sender
        spec, config = route.spec, route.config
        self.pool: Pool = sender.pool(_tls(route), route.key)
        self._token_pool: Pool | None = None
        self.credentials: Credentials | None = None
        if spec.auth is not None:
            self._token_pool = sender.pool(TlsSettings(), route.key)
            fetch = SenderTokenFetcher(sender, self._token_pool, route.timeout)
            self.credentials = credentials(spec, config.secrets, fetch=fetch, clock=monotonic)
        self.signer: Signer | None = None
        if spec.signing is not None:
            refs = [spec.signing.secret_ref, spec.signing.previous_secret_ref]
            self.signer = Signer([route.secret(ref) for ref in refs if ref is not None])

    def warmed(self) -> bool:
        """Whether all templates are compiled; else one is now. Of one that cannot be an attempt tells."""
        try:
            return not self.route.warm_one()
        except Exception:  # raised here it would cost the webhook its turn, and nobody would give it another
            return True

    def send(self, outgoing: Outgoing, timeout: float, sent: OnSent = None) -> Awaitable[Answer]:
        """Send over this webhook's own connections. Raises SendError."""
        return self._sender.send(
            self.pool,
            outgoing.method,
            outgoing.url,
            outgoing.headers,
            outgoing.body,
            timeout=timeout,
            sent=sent,
        )

    def redactor(self) -> Redactor:
        """Replaces every value that may be in an answer: secrets and fetched tokens, of now and of the last day."""
        former, fetched = self._former.of(self.route.key), self._fetched()
        if not former and not fetched:
            return self.route.redactor
        return self.route.redactor.with_extra(former, *((pair,) for pair in fetched))

    def _fetched(self) -> tuple[tuple[str, str], ...]:
        return () if self.credentials is None else self.credentials.live_secrets()

    def shown(self, outgoing: Outgoing) -> Outgoing:
        """The request with the headers that authentication would add, as they may be shown."""
        if self.credentials is None:
            return outgoing
        return outgoing._replace(shown_headers=outgoing.shown_headers + self.credentials.shown)

    def close(self) -> None:
        """Let the connections go. Its secrets become former ones."""
        self._former.add(self.route.key, (*self.route.config.secrets.items(), *self._fetched()))
        self.pool.close()
        if self._token_pool is not None:
            self._token_pool.close()


def _tls(route: Route) -> TlsSettings:
    tls = route.spec.tls
    if tls is None:
        return TlsSettings()
    ca = None
    if tls.ca is not None and tls.ca.secret_key_ref is not None:
        ca = route.secret(tls.ca.secret_key_ref)
    elif tls.ca is not None and tls.ca.config_map_key_ref is not None:
        ca = route.config.configs[tls.ca.config_map_key_ref.label]
    if tls.client_cert_secret_ref is None:
        return TlsSettings(ca=ca)
    name = tls.client_cert_secret_ref.name
    secrets = route.config.secrets
    return TlsSettings(ca=ca, cert=secrets[f"{name}/tls.crt"], key=secrets[f"{name}/tls.key"])


@dataclass(slots=True)
class Performed:
    """What one attempt came to. `outgoing` is None when it could not be built, `answer` when none came."""

    outcome: Outcome
    duration: float
    """Milliseconds, in hundredths."""
    outgoing: Outgoing | None = None
    answer: Answer | None = None
    validators: list[ValidatorResult] = field(default_factory=list)
    unread: bytes = b""
    """What came instead of an answer that can be read."""
    requests: int = 0
    """Requests sent: 2 when a refused token was fetched anew."""


async def warm(turn: Turn, target: Target) -> None:
    """Compile what is not compiled of its templates, one a turn."""
    while not await turn(target.route.config.namespace, target.warmed):
        pass


class Pipeline:
    """Runs attempts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def prepare(
        self,
        target: Target,
        raw: bytes,
        *,
        trigger: str | None,
        delivery_id: str,
        attempt: int,
        hops: int = 0,
        document: Callable[[], dict[str, Any]] | None = None,
        test: bool = False,
    ) -> Outgoing | Performed:
        """The request, or what came of it at once when it cannot be built. `document` gives `raw` parsed."""
        began = self._clock.monotonic()
        try:
            return self._build(target, raw, trigger, delivery_id, attempt, hops, document, test=test)
        except TemplateError as error:
            outcome = judge_error(error)
        except Exception as error:
            outcome = _fault(target, delivery_id, error)
        return Performed(outcome, hundredths((self._clock.monotonic() - began) * 1000))

    def _build(
        self,
        target: Target,
        raw: bytes,
        trigger: str | None,
        delivery_id: str,
        attempt: int,
        hops: int,
        document: Callable[[], dict[str, Any]] | None,
        *,
        test: bool,
    ) -> Outgoing:
        now = int(self._clock.wall())
        outgoing = target.route.build(
            raw,
            trigger=trigger,
            delivery_id=delivery_id,
            attempt=attempt,
            now=now,
            hops=hops,
            document=document() if document is not None and target.route.reads_event else None,
        )
        extra: tuple[tuple[str, str], ...] = (TEST_HEADER,) if test else ()
        if target.signer is not None:
            signature = target.signer.sign(delivery_id, now, outgoing.body)
            extra = (*extra, ("webhook-signature", signature))
        if not extra:
            return outgoing
        return outgoing._replace(
            headers=outgoing.headers + extra, shown_headers=outgoing.shown_headers + extra
        )

    async def exchange(self, target: Target, outgoing: Outgoing, sent: OnSent = None) -> Performed:
        """Authenticate and send: one deadline over both. Never raises but for cancellation."""
        began = self._clock.monotonic()
        performed = Performed(_PENDING, 0.0, outgoing)
        try:
            if target.credentials is None:
                performed.requests = 1
                performed.answer = await target.send(outgoing, target.route.timeout, sent)
            else:
                deadline = began + target.route.timeout
                performed.answer = await self._authenticated(
                    target, target.credentials, performed, deadline, sent
                )
        except SendError as error:
            performed.unread = error.unread
            performed.outcome = judge_error(error, now=self._clock.wall())
        except Exception as error:
            performed.outcome = _fault(target, dict(outgoing.headers).get("webhook-id", ""), error)
        performed.duration = hundredths((self._clock.monotonic() - began) * 1000)
        return performed

    def judge(self, target: Target, performed: Performed) -> None:
        """Whether an answer that came is one that was wanted. Never raises."""
        answer, outgoing = performed.answer, performed.outgoing
        if performed.outcome is not _PENDING or answer is None or outgoing is None:
            return
        try:
            performed.validators = target.route.validators.check(
                answer.body, headers=answer.headers, cut=answer.cut
            )
            performed.outcome = judge_answer(
                answer.status, answer.headers, performed.validators, now=self._clock.wall()
            )
        except Exception as error:
            performed.outcome = _fault(target, dict(outgoing.headers).get("webhook-id", ""), error)

    async def _authenticated(
        self, target: Target, held: Credentials, performed: Performed, deadline: float, sent: OnSent
    ) -> Answer:
        plain = performed.outgoing
        assert plain is not None
        while True:
            headers = held.constant
            if headers is None:
                headers = await held.headers(deadline - self._clock.monotonic())
            performed.outgoing = plain._replace(
                headers=plain.headers + headers, shown_headers=plain.shown_headers + held.shown
            )
            performed.requests += 1
            answer = await target.send(performed.outgoing, deadline - self._clock.monotonic(), sent)
            if answer.status != 401 or performed.requests > 1:
                return answer
            if not await held.refresh(headers, deadline - self._clock.monotonic()):
                return answer


def _fault(target: Target, delivery_id: str, error: Exception) -> Outcome:
    """Nobody foresaw this one: it ends the attempt like any other, and the log says where it came from."""
    log.error("attempt.fault", webhook=target.route.key, delivery=delivery_id, exc_info=error)
    return judge_fault(error)


_PENDING = judge_error(TemplateError("not judged yet"))
