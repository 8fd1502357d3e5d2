"""Where a command finds its dispatcher: at an address that is given, else in a cluster, else where `dev` serves.

Must not: print, know what a command does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from hookwright.cli.addresses import ADMIN
from hookwright.cli.client import Client
from hookwright.cli.cluster import Cluster, Command, cluster_options


@dataclass(frozen=True, slots=True)
class Reach:
    """The ways to a dispatcher. `address`: of the admin port, if one was given; `cluster`: if one is to be used."""

    address: str | None
    token_file: Path | None
    cluster: Cluster | None

    def admin(self) -> Client:
        """The admin port. UsageError: it cannot be reached."""
        if self.cluster is None or self.address is not None:
            return Client.admin(self.address, self.token_file)
        token = None if self.token_file else self.cluster.token("admin", "--admin-token-file")
        return Client.admin(self.cluster.forward(8081), self.token_file).through(self.cluster, token)

    def events(self, to: str | None, token_file: Path | None) -> Client:
        """The event port, or the path of it that `to` names. UsageError: it cannot be reached."""
        if self.cluster is None or to is not None:
            return Client.events(to, token_file)
        token = None if token_file else self.cluster.token("ingest", "--token-file")
        url = self.cluster.forward(8080)
        if self.cluster.given is not None:
            url += f"/v1/namespaces/{self.cluster.given}/events"
        return Client.events(url, token_file).through(self.cluster, token)


def reach_options(command: Command, *, namespaced: bool = False) -> Command:
    """The options that name a dispatcher, as one parameter `reach`. `namespaced`: see `cluster_options`."""

    @wraps(command)
    def wrapper(
        *args: Any, admin: str | None, admin_token_file: Path | None, cluster: Cluster | None, **kwargs: Any
    ) -> Any:
        return command(*args, reach=Reach(admin, admin_token_file, cluster), **kwargs)

    with_cluster = cluster_options(wrapper, namespaced=namespaced)
    for option in (
        click.option(
            "--admin-token-file",
            type=click.Path(path_type=Path),
            help="File with the token of the admin port.",
        ),
        click.option(
            "--admin",
            metavar="URL",
            help=f"The admin port; else {ADMIN.variable}, else where dev serves, {ADMIN.default} at first.",
        ),
    ):
        with_cluster = option(with_cluster)
    return with_cluster  # type: ignore[return-value]  # the same command with its options
