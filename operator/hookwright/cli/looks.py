"""The webhooks as they are now, read from the admin port or the resources of a cluster, once or again and again.

A look at the admin port costs what changed since the one before. Must not: print, choose.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from hookwright.cli.client import Client
from hookwright.cli.cluster_views import webhook_views
from hookwright.cli.reach import Reach
from hookwright.limits import ADMIN_PAGE_MAX, FOLLOW_SECONDS

PATH = "/admin/v1/webhooks"

View = dict[str, Any]


def read_views(reach: Reach) -> list[View]:
    """All webhooks, by name. UsageError: they cannot be had."""
    if reach.cluster is not None and reach.address is None:
        return webhook_views(reach.cluster)
    return [view for page in reach.admin().pages(PATH, "after") for view in page]


def looks(reach: Reach, go_on: Callable[[], bool]) -> Iterator[list[View]]:
    """All webhooks at each look, by name, until `go_on` (called between two looks) says False."""
    if reach.cluster is not None and reach.address is None:
        while True:
            yield webhook_views(reach.cluster)
            if not go_on():
                return
    views: dict[str, View] = {}
    client, since = reach.admin(), ""
    while True:
        since = _take_in(client, views, since)
        yield [views[key] for key in sorted(views)]
        if not go_on():
            return


def _take_in(client: Client, views: dict[str, View], since: str) -> str:
    """Bring `views` up with what changed; where the next look begins."""
    while True:
        page = client.get(PATH, since=since, limit=ADMIN_PAGE_MAX)
        if page["anew"]:
            views.clear()
        views.update((view["webhook"], view) for view in page["items"])
        for key in page["removed"]:
            views.pop(key, None)
        since = page["since"]
        if page["next"] is None:
            return since


def pause() -> bool:
    """The time between two looks."""
    time.sleep(FOLLOW_SECONDS)
    return True
