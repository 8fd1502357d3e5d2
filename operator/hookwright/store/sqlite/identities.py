"""What the table of identities keeps to answer a repeat from: the event's id, and the numbers of its webhooks.

It is an answer of the first release that lacks its deliveries, so that one which meets it tells no lie; those that it
wrote itself, with names and ids of all deliveries, are read as well. Must not: know tables or the window.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from hookwright.core.event import event_id, event_key
from hookwright.store.kept import identity_size
from hookwright.store.port import Repeat


def kept_answer(key: int, tag: str, routes: Sequence[int]) -> bytes:
    """What is kept of an event: each number as its distance from the one before, which is short."""
    steps = [number - before for number, before in zip(routes, (0, *routes), strict=False)]
    numbers = ",".join(map(str, steps))
    return f'{{"id":"{event_id(key, tag)}","deliveries":[],"routes":[{numbers}]}}'.encode()


def read_answer(kept: bytes, names: Mapping[int, str]) -> Repeat:
    """What a repeat is answered from; `names` are the webhooks by their numbers."""
    found: dict[str, Any] = json.loads(kept)
    if "routes" in found:
        # a release that was rolled back to may have forgotten a webhook: the others keep their places
        routes = tuple(names.get(number, "") for number in accumulate(found["routes"]))
    else:
        routes = tuple(each["webhook"] for each in found["deliveries"])
    return Repeat(event_key(found["id"]), routes)


def kept_size(kept: bytes) -> int:
    """What the identity of `kept_answer` counts."""
    return identity_size(len(json.loads(kept)["routes"]))
