"""Which webhooks `hookwright list` shows, in which order, and what their state is called.

Works on the views of the admin port and of `cluster_views` alike. Must not: print, ask anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

View = Mapping[str, Any]

STATES: Final[dict[str, Callable[[View], bool]]] = {
    "held": lambda view: view["state"] == "held",
    "gone": lambda view: view["state"] == "gone",
    "open": lambda view: view["circuit"] == "Open",
    "failing": lambda view: view["consecutiveFailures"] > 0,
    "dead": lambda view: view["deadLettered"] > 0,
    "inactive": lambda view: not view["active"],
}
"""What --state takes, in the order in which it needs attention."""
_CALM: Final = list(STATES).index("inactive")  # whoever needs none stands before the inactive ones

SORTS: Final[dict[str, Callable[[View], Any]]] = {
    "attention": lambda view: (_attention(view), view["webhook"]),
    "name": lambda view: view["webhook"],
    "last": lambda view: (view["lastInvocation"] or {}).get("time", ""),
    "pending": lambda view: view["pending"],
    "dead": lambda view: view["deadLettered"],
}
"""What --sort takes."""
_MOST_FIRST: Final = frozenset({"last", "pending", "dead"})


def ordered(views: Iterable[View], sort: str) -> list[View]:
    """By one of `SORTS`; the latest and the most stand first."""
    return sorted(views, key=SORTS[sort], reverse=sort in _MOST_FIRST)


def selected(
    views: Iterable[View], *, pattern: str | None, namespace: str | None, state: str | None
) -> list[View]:
    """Those that fit all that is given."""
    return [
        view
        for view in views
        if (pattern is None or _fits(pattern, view))
        and (namespace is None or view["webhook"].partition("/")[0] == namespace)
        and (state is None or STATES[state](view))
    ]


def _fits(pattern: str, view: View) -> bool:
    """A glob is compared with NS/NAME and NAME; other text may stand anywhere in NS/NAME or the display name."""
    name, wanted = view["webhook"], pattern.lower()
    if any(sign in wanted for sign in "*?["):
        return fnmatchcase(name, wanted) or fnmatchcase(name.partition("/")[2], wanted)
    return wanted in name or wanted in (view["displayName"] or "").lower()


def state_of(view: View) -> str:
    """Its state in a word or two."""
    if view["state"] != "running":
        return str(view["state"])
    if STATES["open"](view):
        return "circuit open"
    if STATES["inactive"](view):
        return "inactive"
    return "failing" if STATES["failing"](view) else "running"


def _attention(view: View) -> int:
    rank = next((rank for rank, fits in enumerate(STATES.values()) if fits(view)), None)
    return _CALM if rank is None else rank + (rank == _CALM)
