"""What `doctor` looks at wherever a dispatcher is: the dispatcher itself and its webhooks. Must not: print, change."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hookwright import __version__
from hookwright.cli.client import Client
from hookwright.errors import HookwrightError

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `ok` None: it could not be judged; `cure`: what to do where it is wrong."""

    check: str
    ok: bool | None
    message: str
    cure: str = ""


def guarded(name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """What a look finds; an error of ours is what it found."""
    try:
        yield from look()
    except HookwrightError as error:
        yield Check(name, False, str(error))


def own_version() -> Check:
    """What this command is and runs on."""
    return Check("version", True, f"Hookwright {__version__} on Python {platform.python_version()}.")


def same_version(check: str, part: str, version: str | None) -> Check:
    """Whether another part is of this command's version; None: nobody knows."""
    if version is None:
        return Check(check, None, f"{part} was not installed by the chart, so its version is not known.")
    if version == __version__:
        return Check(check, True, f"{part} is of Hookwright {version}.")
    message = f"{part} is of Hookwright {version}, this command of {__version__}."
    return Check(check, False, message, "Use the same version of both.")


def dispatcher(client: Client) -> Iterator[Check]:
    """Version, readiness and configuration of the dispatcher that answers."""
    summary = client.get("/admin/v1/summary")
    yield same_version("dispatcher", "The dispatcher that answers", summary["version"])
    ready = client.ask("GET", "/readyz")
    if ready.status == 200:
        yield Check("ready", True, f"It takes events; {summary['pending']:,} deliveries wait.")
    else:
        yield Check("ready", False, f"It takes no events: {ready.detail}", "See its log for why.")
    if problem := summary.get("configProblem"):
        yield Check("configuration", False, f"It refused its configuration: {problem}")


def webhooks(views: Sequence[View]) -> Iterator[Check]:
    """Those that deliver nothing now, or how many there are."""
    found = [check for view in views if (check := _webhook(view)) is not None]
    yield from found
    if not views:
        yield Check("webhooks", None, "There is no webhook yet.")
    elif not found:
        yield Check("webhooks", True, f"Webhooks: {len(views):,}, all in force, none held, gone or waiting.")


def _webhook(view: View) -> Check | None:
    state = "waits behind an open circuit" if view["circuit"] == "Open" else f"is {view['state']}"
    if state == "is running":
        return None
    return Check("webhook", False, f"{view['webhook']} {state}. {view['message']}".rstrip())
