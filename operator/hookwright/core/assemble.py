"""Objects → the dispatch configuration, and what is wrong with each object (DESIGN 1).

The one way from manifests to something that runs: the controller, `dev`, `validate`, `render` and `test` all
come here. A webhook with a mistake apart from its triggers and filters is held, one whose triggers or filters
cannot be read matches nothing; both stay listed, and no webhook ever stops another one.
Must not: read files, clock or randomness, print, put a secret's value into a finding.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.api.v1alpha1.manifest import Webhook, problems
from hookwright.api.v1alpha1.webhook import Filters, WebhookSpec
from hookwright.core.config_parts import Slices
from hookwright.core.config_shares import LEFT_OUT, Share, Shared, share_out
from hookwright.core.filters import compile_filters
from hookwright.core.findings import Finding
from hookwright.core.objects import WEBHOOK, WEBHOOK_TEST, Object
from hookwright.core.references import Objects, Resolved, references, resolve
from hookwright.core.sample_checks import Checked, SampleChecks
from hookwright.core.spec_checks import of_compiled, of_field, of_references, other_mistakes
from hookwright.core.webhook_tests import findings_of_test
from hookwright.errors import FieldError
from hookwright.limits import (
    CONFIG_BYTES,
    CONFIG_CHECKS_TOGETHER,
    CONFIG_PACKED_BYTES,
    REQUESTED_AT_CHARACTERS,
)

REQUESTED_AT = "hookwright.io/requestedAt"

TOO_LARGE = "ConfigurationTooLarge"
"""Reason of a webhook that is left out of the configuration."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """One webhook's part, with what it was made from, so that an unchanged one is not made again.

    `checked`: what its templates were tried as, None: its spec is not valid. `templates`: what they are like.
    `filters_share`: the most that its filters take of their budget with a sample event, 0 to 1.
    """

    body: Mapping[str, Any]
    used: Mapping[tuple[str, str], Mapping[str, Any] | None]
    config: RouteConfig
    findings: tuple[Finding, ...]
    checked: tuple[WebhookSpec, Resolved] | None = None
    templates: Checked = field(default_factory=Checked)
    filters_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Assembly:
    """The configuration, the findings in the order of the objects, and the parts by webhook.

    `waiting`: webhooks that are yet to be checked; they are configured as they were before, or not at all.
    `slices` encodes the configuration. `shares`: what each namespace takes of it.
    """

    config: DispatchConfig
    findings: list[Finding]
    webhooks: dict[str, Assembled] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    slices: Slices = field(default_factory=Slices)
    shares: Mapping[str, Share] = field(default_factory=dict)
    routes: Mapping[str, RouteConfig] = field(default_factory=dict)
    """What `config` has, by webhook."""

    def route(self, key: str) -> RouteConfig | None:
        """The configuration of one webhook (`namespace/name`), that which is written if there is one."""
        part = self.webhooks.get(key)
        return self.routes.get(key) or (part.config if part else None)

    def fullness(self) -> float:
        """How much of the configuration's room all webhooks want; above 1 some are left out."""
        shares = self.shares.values()
        size, packed = sum(each.size for each in shares), sum(each.packed for each in shares)
        return max(size / CONFIG_BYTES, packed / CONFIG_PACKED_BYTES)

    def left_out(self) -> int:
        """How many webhooks have no room."""
        return sum(each.reason == TOO_LARGE for each in self.findings)

    def size(self, key: str) -> int:
        """Bytes that a webhook takes of the configuration, before it is compressed (`CONFIG_WEBHOOK_BYTES`)."""
        return self.slices.size(self.webhooks[key].config)


def requested_at(owner: Object) -> str | None:
    """The request in the annotation; None: there is none.

    Of one that is too long its beginning and its hash: a status can echo it, and no two requests are taken for one.
    """
    value = owner.annotations.get(REQUESTED_AT)
    if not isinstance(value, str) or len(value) <= REQUESTED_AT_CHARACTERS:
        return value if isinstance(value, str) else None
    digest = hashlib.sha256(value.encode(errors="replace")).hexdigest()
    return f"{value[: REQUESTED_AT_CHARACTERS - len(digest) - 1]}…{digest}"


def assemble(
    objects: Sequence[Object],
    *,
    cluster_events: Sequence[str] | None,
    key: bytes,
    stand_ins: bool = False,
    previous: Assembly | None = None,
    running: DispatchConfig | None = None,
    checks: int | None = None,
    unseen: Set[str] = frozenset(),
) -> Assembly:
    """Assemble `objects` (each kind and name once) into what a dispatcher runs.

    `cluster_events`: namespaces that /v1/events reaches, None: all. `key`: of the HMACs that are the hashes.
    `stand_ins`: an object that is referred to and absent is a warning, and ‹secret name/key› stands in for
    its value (`validate`, `render`: nothing is sent).
    `previous`: an earlier result under the same key and switches, whose unchanged webhooks are taken over.
    `running`: what dispatchers have, if it is not `previous`'. `checks`: how many templates may be tried on a sample
    for one namespace (of many, fewer); its other webhooks wait for the next call. None: all are.
    `unseen`: namespaces whose objects nobody may list now: their webhooks stay as they ran.
    The same objects give the same bytes, once none waits.
    """
    known = {(each.kind, each.key): each for each in objects}
    maker = _Maker(known, key, stand_ins)
    before = previous.webhooks if previous else {}
    ran = previous.routes if previous else _by_key(running.webhooks if running else ())
    kept = {
        name: part
        for name, part in before.items()
        if (each := known.get((WEBHOOK, name))) is not None and _unchanged(part, each, known)
    }
    made = maker.webhooks(_in_turn(known, kept, before, ran), before, checks)
    webhooks = kept | made
    waiting = {name for kind, name in known if kind == WEBHOOK and name not in webhooks}
    slices = previous.slices if previous else Slices()
    listed = {name: part.config for name, part in webhooks.items()}
    stay = {name: each for name, each in ran.items() if name in waiting or each.namespace in unseen}
    shared = _shared(stay | listed, ran, slices, maker)
    routes = {route.key: route for written in shared.written.values() for route in written}
    config = _whole(routes, cluster_events, key)
    webhooks |= {name: before[name] for name in waiting & before.keys()}
    findings = _findings(known, webhooks, shared.left_out, stand_ins)
    return Assembly(config, findings, webhooks, frozenset(waiting), slices, shared.shares, routes)


def _by_key(routes: Iterable[RouteConfig]) -> dict[str, RouteConfig]:
    return {route.key: route for route in routes}


def _in_turn(
    known: Objects,
    kept: Mapping[str, Assembled],
    before: Mapping[str, Assembled],
    ran: Mapping[str, RouteConfig],
) -> list[Object]:
    """The webhooks to be made: what is new or changed goes before what an earlier process checked."""
    changed = [each for (kind, name), each in known.items() if kind == WEBHOOK and name not in kept]
    return sorted(changed, key=lambda each: each.key in ran and each.key not in before)


def _shared(
    listed: Mapping[str, RouteConfig], ran: Mapping[str, RouteConfig], slices: Slices, maker: _Maker
) -> Shared:
    """The configuration's room, shared out among the namespaces."""
    namespaces: dict[str, list[RouteConfig]] = {}
    for name in sorted(listed):
        namespaces.setdefault(listed[name].namespace, []).append(listed[name])
    return share_out(namespaces, ran, slices, maker.held_out)


def _findings(
    known: Objects, webhooks: Mapping[str, Assembled], left_out: Mapping[str, str], stand_ins: bool
) -> list[Finding]:
    """What is wrong, in the order of the objects."""
    findings: list[Finding] = []
    for (kind, name), each in known.items():
        if kind == WEBHOOK_TEST:
            findings += findings_of_test(each, known, stand_ins=stand_ins)
        elif kind == WEBHOOK:
            findings += webhooks[name].findings if name in webhooks else ()
            if name in left_out:
                findings.append(Finding(WEBHOOK, name, "spec", left_out[name], reason=TOO_LARGE))
    return findings


def _unchanged(part: Assembled, webhook: Object, known: Objects) -> bool:
    return part.body == webhook.body and all(
        _body(known.get(name)) == body for name, body in part.used.items()
    )


def _whole(
    routes: Mapping[str, RouteConfig], cluster_events: Sequence[str] | None, key: bytes
) -> DispatchConfig:
    names = sorted(routes)
    namespaces = None if cluster_events is None else sorted(cluster_events)
    config = DispatchConfig(hash="", cluster_events=namespaces, webhooks=[routes[name] for name in names])
    parts = [
        f"{config.version} {namespaces}",
        *(f"{name} {routes[name].hash} {routes[name].requested_at}" for name in names),
    ]
    return config.model_copy(update={"hash": hmac.digest(key, "\n".join(parts).encode(), "sha256").hex()})


class _Maker:
    """Makes the part of one webhook after the other."""

    def __init__(self, known: Objects, key: bytes, stand_ins: bool) -> None:
        self._known = known
        self._key = key
        self._stand_ins = stand_ins
        self._samples = SampleChecks()

    def webhooks(
        self, changed: Sequence[Object], before: Mapping[str, Assembled], checks: int | None
    ) -> dict[str, Assembled]:
        """The parts of webhooks, as many as the namespaces' budgets of checks allow, one of each at least."""
        made: dict[str, Assembled] = {}
        tried: Counter[str] = Counter()
        share = math.inf
        if checks is not None:
            namespaces = {each.namespace for each in changed}
            share = min(checks, CONFIG_CHECKS_TOGETHER // max(1, len(namespaces)))
        for each in changed:
            if each.namespace not in tried or tried[each.namespace] < share:
                count = self._samples.tried
                made[each.key] = self.webhook(each, before.get(each.key))
                tried[each.namespace] += max(
                    1, self._samples.tried - count + _expressions(made[each.key].config)
                )
        return made

    def webhook(self, webhook: Object, before: Assembled | None) -> Assembled:
        """The configuration of a webhook and what is wrong with it. `before`: an earlier one of the same name."""
        found: list[Finding] = []
        templates = Checked()
        spec = _read(webhook, found)
        triggers, filters, share = self._matching(webhook, found)
        resolved = Resolved()
        if spec is not None:
            resolved = resolve(spec, webhook.namespace, self._known, stand_ins=self._stand_ins)
            templates = self._templates(webhook, spec, resolved, before)
            found += of_references(webhook, resolved, stand_ins=self._stand_ins)
            found += of_compiled(webhook, spec, templates)
        elif self._stand_ins:
            found += other_mistakes(webhook, self._known, self._samples, found)
        wrong = next((each for each in found if each.severity == "error"), None)
        config = RouteConfig(
            namespace=webhook.namespace,
            name=webhook.name,
            hash="",
            active=_active(webhook),
            triggers=triggers,
            filters=filters,
            held=None if wrong is None else f"{wrong.field}: {wrong.sentence}",
            held_cause=None if wrong is None else wrong.cause,
            spec=spec,
            secrets=dict(sorted(resolved.secrets.items())),
            configs=dict(sorted(resolved.configs.items())),
            requested_at=requested_at(webhook),
        )
        checked = None if spec is None else (spec, resolved)
        used = self._used(webhook, spec)
        return Assembled(webhook.body, used, self._hashed(config), tuple(found), checked, templates, share)

    def held_out(self, route: RouteConfig) -> RouteConfig:
        """A webhook that has no room for more than what it matches by."""
        nothing: dict[str, Any] = {
            "spec": None,
            "secrets": {},
            "configs": {},
            "held": LEFT_OUT,
            "held_cause": None,
        }
        return self._hashed(route.model_copy(update=nothing))

    def _matching(self, webhook: Object, found: list[Finding]) -> tuple[list[str], Filters | None, float]:
        """Triggers and filters, read even when the rest of the spec is wrong, and what these take of their budget."""
        if any(_concerns_matching(finding.field) for finding in found):
            return [], None, 0.0
        given = webhook.spec.get("filters")
        filters = None if given is None else Filters.model_validate(given, by_alias=True, by_name=False)
        triggers = list(webhook.spec["triggers"])
        try:
            share = self._samples.check_filters(compile_filters(filters), triggers)
        except FieldError as error:
            found.append(of_field(webhook, error))
            return [], None, 0.0
        return triggers, filters, share

    def _used(
        self, webhook: Object, spec: WebhookSpec | None
    ) -> dict[tuple[str, str], Mapping[str, Any] | None]:
        wanted = references(spec) if spec is not None else ()
        names = {(each.kind, f"{webhook.namespace}/{each.name}") for each in wanted}
        return {name: _body(self._known.get(name)) for name in names}

    def _hashed(self, config: RouteConfig) -> RouteConfig:
        text = config.model_dump_json(by_alias=True, exclude_none=True, exclude={"hash", "requested_at"})
        return config.model_copy(update={"hash": hmac.digest(self._key, text.encode(), "sha256").hex()})

    def _templates(
        self, webhook: Object, spec: WebhookSpec, resolved: Resolved, before: Assembled | None
    ) -> Checked:
        """What its templates are like; they are not tried again when, say, a token was rotated."""
        if before is not None and before.checked is not None:
            old, old_resolved = before.checked
            same_url = spec.url_from is None or resolved.secrets == old_resolved.secrets
            if spec == old and resolved.configs == old_resolved.configs and same_url:
                return before.templates
        return self._samples.check(webhook, spec, resolved)


def _body(found: Object | None) -> Mapping[str, Any] | None:
    return found.body if found is not None else None


def _read(webhook: Object, found: list[Finding]) -> WebhookSpec | None:
    """The spec, None if a rule is broken; then `found` gets every mistake."""
    try:
        return Webhook.model_validate(webhook.body, by_alias=True, by_name=False).spec
    except ValidationError:
        wrong = problems(WEBHOOK, webhook.body)
        found += [Finding(WEBHOOK, webhook.key, each.field, each.sentence) for each in wrong]
        return None


def _concerns_matching(path: str) -> bool:
    return path in ("", "spec") or path.startswith(("spec.triggers", "spec.filters"))


def _expressions(route: RouteConfig) -> int:
    """How many expressions had to be compiled, which may take as long as a template's try."""
    given = route.filters.match_expressions if route.filters else None
    return sum(len(each.values or ()) for each in given or () if each.operator == "Matches")


def _active(webhook: Object) -> bool:
    """Whether it accepts events: a mistake elsewhere in the spec must not turn an inactive webhook on."""
    return not (isinstance(webhook.spec, Mapping) and webhook.spec.get("active") is False)
