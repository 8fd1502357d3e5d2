"""What statuses must say, from the objects as they stand, and what may have become of deliveries: the judge of a play.

Written from the documentation and without the product's code, so that both cannot be wrong together.
Must not: import hookwright, or wait.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from e2e.chaos.things import ALLOWED, ANSWERS, BAD_BODY, CONFIG_LABEL, HOST, SECRET_LABEL

Object = Mapping[str, Any]
BURIED = {"404": {"Rejected"}, "410": {"Gone"}, "503": {"Exhausted"}}
"""Reasons of dead letters that a target's answer explains."""


@dataclass(frozen=True)
class World:
    """All objects of the kinds that count, by (namespace, name)."""

    webhooks: Mapping[tuple[str, str], Object]
    tests: Mapping[tuple[str, str], Object]
    secrets: Mapping[tuple[str, str], Object]
    config_maps: Mapping[tuple[str, str], Object]


def where(thing: Object) -> tuple[str, str]:
    """(namespace, name)."""
    return thing["metadata"]["namespace"], thing["metadata"]["name"]


def _fault(found: Object | None, kind: str, label: Mapping[str, str], key: str) -> str | None:
    """Why a reference gives nothing, as a condition's reason."""
    if found is None:
        return f"{kind}NotFound"
    if not label.items() <= found["metadata"].get("labels", {}).items():
        return f"{kind}NotLabelled"
    if key not in found.get("data", {}):
        return "KeyNotFound"
    allowed = found["metadata"].get("annotations", {}).get(ALLOWED)
    if allowed is not None and not fnmatch.fnmatch(HOST, allowed):
        return "HostNotAllowed"
    return None


def _secret_refs(spec: Object) -> Iterator[Object]:
    if "urlFrom" in spec:
        yield spec["urlFrom"]["secretKeyRef"]
    for header in spec.get("headers", ()):
        yield header["valueFrom"]["secretKeyRef"]


def wrong(world: World, webhook: Object) -> tuple[set[str], set[str]]:
    """(reasons of Accepted, reasons of ResolvedRefs) that may stand there; empty: that condition is True."""
    spec, place = webhook["spec"], where(webhook)[0]
    template, unresolved = spec.get("bodyTemplate"), set()
    for reference in _secret_refs(spec):
        found = world.secrets.get((place, reference["name"]))
        unresolved.add(_fault(found, "Secret", SECRET_LABEL, reference["key"]))
    if "bodyTemplateFrom" in spec:
        reference = spec["bodyTemplateFrom"]["configMapKeyRef"]
        found = world.config_maps.get((place, reference["name"]))
        fault = _fault(found, "ConfigMap", CONFIG_LABEL, reference["key"])
        unresolved.add(fault)
        template = found["data"][reference["key"]] if fault is None and found is not None else None
    return {"InvalidTemplate"} if template == BAD_BODY else set(), unresolved - {None}


def _conditions(thing: Object) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in thing["status"].get("conditions", ())}


def webhook_lies(world: World, webhook: Object, running: Mapping[str, str]) -> Iterator[str]:
    """What a webhook's status says and is not so. `running`: the hashes that the dispatcher runs."""
    not_accepted, unresolved = wrong(world, webhook)
    said = _conditions(webhook)
    for kind, reasons in (("Accepted", not_accepted), ("ResolvedRefs", unresolved)):
        state, reason = said.get(kind, ("", ""))
        if state != ("False" if reasons else "True") or (reasons and reason not in reasons):
            yield f"{kind} is {state} {reason}, true is {sorted(reasons) or 'True'}"
    if said.get("Programmed", ("",))[0] != "True":
        yield f"Programmed is {said.get('Programmed')}"
    good = not not_accepted | unresolved
    if said.get("Ready", ("",))[0] != ("True" if good else "False"):
        yield f"Ready is {said.get('Ready')}, true is {good}"
    elif good and (said["Ready"][1] == "Inactive") == webhook["spec"].get("active", True):
        yield f"Ready is {said['Ready']} though active is {webhook['spec'].get('active')}"
    key = "/".join(where(webhook))
    if running.get(key) != webhook["status"].get("configHash"):
        yield f"configHash is {webhook['status'].get('configHash')}, the dispatcher runs {running.get(key)}"
    total = sum(
        where(test)[0] == where(webhook)[0] and test["spec"]["webhookRef"]["name"] == where(webhook)[1]
        for test in world.tests.values()
    )
    if webhook["status"].get("tests", {"total": 0})["total"] != total:
        yield f"tests is {webhook['status'].get('tests')}, true is {total}"


def _passes(world: World, test: Object, webhook: Object) -> bool:
    target = webhook["spec"].get("url", "")
    return test["spec"]["mode"] == "Render" or not any(path and path in target for path in ANSWERS.values())


def test_lies(world: World, test: Object) -> Iterator[str]:
    """What a test's status says and is not so."""
    webhook = world.webhooks.get((where(test)[0], test["spec"]["webhookRef"]["name"]))
    said = _conditions(test)
    ready, finished = said.get("Ready", ("", "")), said.get("Finished", ("", ""))
    if webhook is None:
        if ready != ("Unknown", "WebhookNotFound"):
            yield f"Ready is {ready}, its webhook is not there"
        return
    mistaken, waits = wrong(world, webhook)
    if waits and not mistaken:
        if ready != ("Unknown", "WebhookNotReady"):
            yield f"Ready is {ready}, its webhook waits"
        return
    passes = "True" if not mistaken and _passes(world, test, webhook) else "False"
    if (ready[0], finished[0]) != (passes, "True"):
        yield f"Ready is {ready}, Finished {finished}; true is {passes}, True ({test['status'].get('message')})"
    elif test["status"].get("testedConfigHash") != webhook["status"].get("configHash"):
        yield "its result is of another configuration of its webhook"


test_lies.__test__ = False  # type: ignore[attr-defined]


def lies(world: World, running: Mapping[str, str]) -> list[str]:
    """Every sentence of every status that is not so, with the object's name."""
    found = []
    for thing in (*world.webhooks.values(), *world.tests.values()):
        wrong_here = (
            webhook_lies(world, thing, running) if thing["kind"] == "Webhook" else test_lies(world, thing)
        )
        name = f"{thing['kind']} {'/'.join(where(thing))}: "
        if thing["status"].get("observedGeneration") != thing["metadata"]["generation"]:
            found.append(f"{name}generation {thing['metadata']['generation']} is not observed")
        found += [name + each for each in wrong_here]
    return found


def lost(
    accepted: Mapping[str, str], arrived: set[str], buried: Mapping[str, str], answers: Mapping[str, set[str]]
) -> list[str]:
    """Deliveries that neither arrived nor are dead letters for a reason that the play explains.

    `accepted`: delivery → webhook, `buried`: delivery → reason, `answers`: webhook → how its targets answered.
    """
    told = []
    for delivery, webhook in accepted.items():
        reasons = set().union(*(BURIED.get(kind, set()) for kind in answers.get(webhook, ())))
        if delivery not in arrived and buried.get(delivery) not in reasons:
            told.append(f"{delivery} of {webhook}: {buried.get(delivery, 'nothing is known of it')}")
    return told
