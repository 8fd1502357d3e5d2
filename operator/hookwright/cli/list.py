"""`hookwright list`: the table of webhooks; a green dot stands for an active one, a white for an inactive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from hookwright.cli.cluster_views import webhook_views
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import age, note, table
from hookwright.core.redaction import printable

COLUMNS = ("ACTIVE", "NAME", "METHOD", "HOST", "STATE", "LAST RESULT", "LAST INVOCATION", "PENDING", "DEAD")


@click.command("list")
@reach_options
@format_option
def command(reach: Reach, output: Format) -> None:
    """Show the webhooks of a dispatcher; of a cluster, its resources."""
    if reach.cluster is not None and reach.address is None:
        views = webhook_views(reach.cluster)
    else:
        pages = reach.admin().pages("/admin/v1/webhooks", "after")
        views = [view for page in pages for view in page]
    if output != "table":
        print_one({"items": views, "next": None}, output)
        return
    if not views:
        note("There is no webhook.")
        return
    now = datetime.now(UTC)
    table(COLUMNS, [_row(view, now) for view in views])
    for view in views:
        if view["message"]:
            click.echo(printable(f"{view['webhook']}: {view['message']}"))


def _row(view: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    last = view["lastInvocation"] or {}
    return (
        "●" if view["active"] else "○",
        view["webhook"],
        view["method"] or "",
        view["host"] or "",
        "circuit open" if view["circuit"] == "Open" else view["state"],
        last.get("result", ""),
        age(last.get("time"), now),
        str(view["pending"]),
        str(view["deadLettered"]),
    )
