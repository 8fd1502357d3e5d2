"""The steps of a play, drawn by a seed: each is one call of kubectl, so that the same seed plays the same steps.

What is taken from the release comes back a few steps later, from a picture taken before. Must not: look at the cluster,
or decide what is true after it (`truth`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from e2e.chaos import things
from e2e.conftest import PRODUCT, RELEASE

OWN_SECRETS = [f"{RELEASE}-{name}" for name in ("ingest-token", "admin-token", "hash-key", "config-0")]
TAKEN = {
    "service": (f"service/{RELEASE}-dispatcher", PRODUCT),
    "rolebinding": (f"rolebinding/{RELEASE}-controller", PRODUCT),
    "clusterrolebinding": (f"clusterrolebinding/{RELEASE}-watch.{PRODUCT}", PRODUCT),
}
"""What the release has only once, and gets back: kind → (object, namespace)."""
PAUSE = 0.5
"""Seconds between two steps, on average."""
SHARES = (85, 2, 5, 4, 4)
"""Of a hundred steps: users' objects, namespaces, the release's Secrets, its pods, what it has only once."""


@dataclass(frozen=True)
class Step:
    """A call of kubectl, after a pause in seconds. `comes_back`: steps that follow a few steps later."""

    arguments: tuple[str, ...]
    stdin: str = ""
    pause: float = 0.0
    comes_back: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return " ".join(["kubectl", *self.arguments, *([f"<<< {self.stdin}"] if self.stdin else [])])


def apply(made: Mapping[str, Any], manager: str = "kubectl") -> Step:
    """Server-side apply of one object. `manager`: whose its fields are."""
    arguments = ("apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-")
    return Step(arguments, json.dumps(made))


def delete(place: str, what: str, *options: str) -> Step:
    """Without a wait: the next step may come while it goes."""
    return Step(("-n", place, "delete", what, "--ignore-not-found", "--wait=false", *options))


def _users(chance: random.Random) -> Step:
    """Something of a user is made, changed or deleted."""
    place = chance.choice(things.NAMESPACES)
    kind, names, draw = chance.choice(
        [
            ("webhook", things.HOOKS, things.webhook),
            ("webhook", things.HOOKS, things.webhook),
            ("webhooktest", things.HOOKS, things.webhook_test),
            ("secret", things.SECRETS, things.secret),
            ("configmap", things.CONFIGMAPS, things.config_map),
        ]
    )
    name = chance.choice(names)
    return delete(place, f"{kind}/{name}") if chance.random() < 0.25 else apply(draw(chance, place, name))


def _namespace(chance: random.Random) -> Step:
    """One goes with all that is in it, and is there again some steps later."""
    place = chance.choice(things.NAMESPACES)
    step = delete(place, f"namespace/{place}")
    gone = Step(("wait", "--for=delete", f"namespace/{place}", "--timeout=90s"))
    return Step(step.arguments, comes_back=(gone, apply(things.namespace(place))))


def _own_secret(chance: random.Random) -> Step:
    """One of the release's own is deleted, or emptied."""
    name = chance.choice(OWN_SECRETS)
    if chance.random() < 0.5:
        return delete(PRODUCT, f"secret/{name}")
    return Step(("-n", PRODUCT, "patch", "secret", name, "--type=merge", "-p", '{"data": null}'))


def _pod(chance: random.Random) -> Step:
    """One of the release's pods, softly or at once."""
    component = chance.choice(["controller", "dispatcher"])
    grace = chance.choice(["1", "30"])
    label = f"app.kubernetes.io/component={component}"
    return Step(("-n", PRODUCT, "delete", "pod", "-l", label, f"--grace-period={grace}", "--wait=false"))


def _taken(pictures: Mapping[str, dict[str, Any]], chance: random.Random) -> Step:
    """The release's Service or a binding of its controller goes, and comes back with another uid."""
    kind = chance.choice(list(TAKEN))
    what, place = TAKEN[kind]
    return Step(delete(place, what).arguments, comes_back=(apply(pictures[kind], "helm"),))


def steps(seed: int, seconds: float, pictures: Mapping[str, dict[str, Any]]) -> Iterator[Step]:
    """All steps of a play of about so many seconds; at its end everything that comes back has come back.

    `pictures`: the objects of `TAKEN`, by kind.
    """
    chance = random.Random(seed)
    yield from (apply(things.namespace(place)) for place in things.NAMESPACES)
    due: list[tuple[int, Step]] = []
    for turn in range(round(seconds / PAUSE)):
        yield from (step for at, step in due if at <= turn)
        due = [(at, step) for at, step in due if at > turn]
        draw = chance.choices([_users, _namespace, _own_secret, _pod, partial(_taken, pictures)], SHARES)[0]
        step = draw(chance)
        yield Step(step.arguments, step.stdin, pause=chance.uniform(0, 2 * PAUSE))
        back = turn + chance.randint(1, 20)
        due += [(back, each) for each in step.comes_back]
    yield from (step for _, step in due)


def targets(step: Step) -> Iterator[tuple[str, str]]:
    """(webhook, how its target answers) where a step applies a webhook."""
    made = json.loads(step.stdin) if step.stdin else {}
    if made.get("kind") == "Webhook":
        url, metadata = made["spec"].get("url", ""), made["metadata"]
        kinds = [kind for kind, path in things.ANSWERS.items() if path and path in url]
        yield f"{metadata['namespace']}/{metadata['name']}", kinds[0] if kinds else "ok"
