"""How requests may follow each other: in flight, rate, circuit; none twice at a time, none after its end; all in turn.

Is told of each request (`sender.Rules`), and raises what is `Wrong`. Must not: build or change anything of the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hookwright.core.event import parse_id
from hookwright.core.records import StoredRoute
from hookwright.limits import CIRCUIT_FAILURES, CIRCUIT_PROBE_MAX_SECONDS, CIRCUIT_PROBE_MIN_SECONDS

from .disk import Disk
from .ledger import RETRIED, Webhook, Wrong
from .sender import SLOWING
from .virtual import Moment

EARLY = 0.05  # seconds that a request may be early by, as it begins a moment after its turn
STARTS_A_TURN = 100  # requests that a webhook may begin before the next has its turn


class Manners:
    """Of all webhooks."""

    def __init__(self, wrong: Wrong, disk: Disk, moment: Moment, webhooks: Mapping[str, Webhook]) -> None:
        self._wrong = wrong
        self._disk, self._moment = disk, moment
        self._by_url = {webhook.url: webhook for webhook in webhooks.values()}
        self.wall = 0.0
        """What the present process adds to the time for the wall clock's."""
        self.begun = 0
        self.awaited: dict[str, int] = {}
        """Webhooks that may start what they were just given: how many requests had begun then."""
        self.digest = 0
        """Of all requests in their order: two runs of one seed have the same."""

    def begins(self, url: str, delivery: str, headers: Sequence[tuple[str, str]]) -> None:
        """See `sender.Rules`."""
        webhook, now = self._by_url[url], self._moment.now
        key = parse_id(delivery, self._disk.tag)[0]
        self.digest = hash((self.digest, key, now))
        running = webhook.running
        delivery = self._disk.rows(webhook.route).get(key)
        if delivery is None:
            if webhook.manual:
                return
            raise self._wrong("again", f"{webhook.route}: {key} is sent and does not wait")
        if delivery.due > (now + self.wall + EARLY) * 1000:
            raise self._wrong(
                "early",
                f"{webhook.route}: {key} is sent {delivery.due / 1000 - now - self.wall:.3f} s before its time",
            )
        if key in running:
            raise self._wrong("again", f"{webhook.route}: {key} is sent while it is under way")
        if key in webhook.ways:
            raise self._wrong(
                "again", f"{webhook.route}: {key} is sent before the result of {webhook.ways[key]} is written"
            )
        if len(running) >= webhook.limit:
            raise self._wrong("in flight", f"{webhook.route}: more than {webhook.limit}")
        if webhook.opened is not None and webhook.circuit_known:
            self._probe(webhook, key, now)
        if webhook.rate is not None:
            self._rate(webhook, webhook.rate, now)
        running.add(key)
        self._turn(webhook)

    def awaits(self, webhook: Webhook, keys: Sequence[int]) -> None:
        """A webhook that has nothing else to do, and whose target is well, was given these."""
        idle = not webhook.running and webhook.opened is None and webhook.rate is None
        idle = idle and webhook.paused_until < self._moment.now
        rows = self._disk.rows(webhook.route)
        if idle and len(rows) == len(keys) and all(key in rows and key not in webhook.ways for key in keys):
            self.awaited.setdefault(webhook.route, self.begun)

    def _turn(self, webhook: Webhook) -> None:
        """None waits while the others begin many times what one turn gives."""
        self.begun += 1
        awaited = self.awaited
        if not awaited:
            return
        awaited.pop(webhook.route, None)
        for route, before in awaited.items():
            if self.begun - before > STARTS_A_TURN * len(self._by_url):
                raise self._wrong(
                    "starved", f"{route}: {self.begun - before} requests of others began, and none of its own"
                )
            break  # the first is the one that has waited longest

    def _probe(self, webhook: Webhook, key: int, now: float) -> None:
        assert webhook.opened is not None
        if now < webhook.opened + EARLY:
            return  # it had its turn before
        if webhook.probe is not None:
            raise self._wrong("circuit", f"{webhook.route}: a second request beside a probe")
        webhook.probe = key
        if now < webhook.opened + webhook.interval - EARLY:
            raise self._wrong(
                "circuit",
                f"{webhook.route}: a request {now - webhook.opened:.3f} s after it opened for {webhook.interval}",
            )

    def _rate(self, webhook: Webhook, rate: tuple[int, float], now: float) -> None:
        requests, seconds = rate
        starts = webhook.starts
        if len(starts) >= requests and now < starts.popleft() + seconds:
            raise self._wrong("rate", f"{webhook.route}: more than {requests} in {seconds} s")
        starts.append(now)

    def ends(self, url: str, delivery: str, way: str | None) -> None:
        """See `sender.Rules`."""
        webhook, now = self._by_url[url], self._moment.now
        key = parse_id(delivery, self._disk.tag)[0]
        if webhook.manual and key not in webhook.running:
            return
        webhook.running.discard(key)
        if way is None:
            webhook.probe = None if webhook.probe == key else webhook.probe
            return
        webhook.ways[key] = way
        if way in SLOWING:
            webhook.paused_until = max(webhook.paused_until, now + webhook.policy.retry_after_max)
        if way == "410":
            for mark in webhook.marks:
                webhook.gone[mark] = None
        if way in RETRIED:
            webhook.failures += 1
            if webhook.opened is None and webhook.failures >= CIRCUIT_FAILURES:
                webhook.opened, webhook.interval = now, CIRCUIT_PROBE_MIN_SECONDS
            elif key == webhook.probe:
                webhook.opened, webhook.probe = now, None
                webhook.interval = min(2 * webhook.interval, CIRCUIT_PROBE_MAX_SECONDS)
        else:
            close(webhook)
            webhook.circuit_known = (
                len(webhook.marks) == 1
            )  # else one that is being loaded may close it unseen


def close(webhook: Webhook) -> None:
    """Its circuit is closed."""
    webhook.failures, webhook.opened, webhook.interval, webhook.probe = 0, None, 0.0, None


def restarted(webhook: Webhook, remembered: StoredRoute | None, moment: Moment) -> None:
    """The process began anew: it knows nothing of what was under way and of the rate, and of the circuit what is stored."""
    webhook.running.clear()
    webhook.ways.clear()
    webhook.starts.clear()
    webhook.manual = 0
    webhook.paused_until = 0.0
    close(webhook)
    webhook.circuit_known = True
    if remembered is not None and remembered.consecutive_failures >= CIRCUIT_FAILURES:
        webhook.failures, webhook.interval = remembered.consecutive_failures, CIRCUIT_PROBE_MIN_SECONDS
        webhook.opened = min((remembered.last_failure or 0) / 1000 - moment.wall, moment.now)
