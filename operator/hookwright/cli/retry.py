"""`hookwright retry`: a webhook whose circuit is open or that is gone is tried now.

In a cluster its annotation asks for it, so that every dispatcher and a later restart know; else the dispatcher is
asked. Must not: wait for what becomes of it.
"""

from __future__ import annotations

from typing import Any

import click

from hookwright.cli.cluster import Cluster
from hookwright.cli.cluster_requests import moment, request
from hookwright.cli.cluster_views import webhook_view
from hookwright.cli.output import Format, format_option, print_one
from hookwright.cli.reach import Reach, reach_options
from hookwright.core.assemble import REQUESTED_AT
from hookwright.core.objects import WEBHOOK, full_name
from hookwright.core.redaction import printable


@click.command("retry")
@click.argument("webhook", metavar="[NS/]NAME")
@reach_options
@format_option
def command(webhook: str, reach: Reach, output: Format) -> None:
    """Try a webhook now whose circuit is open, or whose target answered 410 Gone."""
    if reach.cluster is not None and reach.address is None:
        view = _annotated(reach.cluster, webhook)
        said = f"{view['webhook']} has been asked to try again ({REQUESTED_AT})."
    else:
        client = reach.admin()
        view = client.post(f"/admin/v1/webhooks/{client.full_name(webhook)}/probe", {})
        said = _said(view)
    if output != "table":
        print_one(view, output)
    else:
        click.echo(printable(said))


def _said(view: dict[str, Any]) -> str:
    name = view["webhook"]
    if view["state"] == "held":
        return f"{name} is held, so nothing is sent: {view['message']}"
    if view["circuit"] == "Open":
        return f"{name} is tried with its next delivery that is due; {view['pending']:,} are waiting."
    return f"{name} is {view['state']}; {view['pending']:,} deliveries are waiting."


def _annotated(cluster: Cluster, webhook: str) -> dict[str, Any]:
    """The webhook, once its annotation is set anew. UsageError: there is none, or the caller may not."""
    key = full_name(webhook, cluster.namespace if "/" not in webhook else "")
    return webhook_view(request(cluster, WEBHOOK, key, moment()))
