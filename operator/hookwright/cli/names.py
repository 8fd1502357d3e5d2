"""Names as they are typed: one that stands in another namespace, or nearly so, is told from one that is nowhere.

Must not: print.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from hookwright.cli.client import Client

_SHOWN: Final = 5
_LIKENESS: Final = 0.75


def missing(client: Client, key: str) -> str | None:
    """Why a webhook `NS/NAME` cannot be meant, in one sentence; None: it is there. Errors as `Client.done`."""
    answer = client.ask("GET", f"/admin/v1/webhooks/{key}")
    if answer.status != 404:
        client.done(answer)
        return None
    known = (view["webhook"] for page in client.pages("/admin/v1/webhooks", "after") for view in page)
    return f"There is no webhook {key}{meant(key, known)}."


def meant(key: str, known: Iterable[str]) -> str:
    """What to add to `there is no …`: those of the same name elsewhere, else the nearest; nothing if none is near."""
    names = sorted(known)
    short = key.partition("/")[2]
    elsewhere = [name for name in names if name.partition("/")[2] == short]
    if elsewhere:
        more = len(elsewhere) - _SHOWN
        listed = ", ".join(elsewhere[:_SHOWN])
        return f"; there is {listed}" + (f" and {more:,} more" if more > 0 else "")
    by_short = {name.partition("/")[2]: name for name in reversed(names)}
    near = get_close_matches(short, by_short, 1, _LIKENESS)
    return f"; perhaps {by_short[near[0]]} is meant" if near else ""
