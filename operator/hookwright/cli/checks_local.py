"""What `doctor` looks at on this machine: `dev`'s data folder, settings, ports, dispatcher and the way to its targets.

Must not: print, change anything, send a request to a target.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hookwright.cli import checks
from hookwright.cli.addresses import ADMIN, EVENTS
from hookwright.cli.called import called
from hookwright.cli.checks import Check, guarded
from hookwright.cli.client import Client
from hookwright.cli.environment import read_settings
from hookwright.cli.reach import Reach
from hookwright.core.egress import EgressPolicy
from hookwright.core.hints import hint
from hookwright.core.hosts import is_address
from hookwright.dispatcher.settings import Settings, parse_connect_to
from hookwright.errors import ConfigurationError, HookwrightError, SendError, UsageError
from hookwright.limits import CLIENT_CONNECT_SECONDS
from hookwright.outbound import failures
from hookwright.outbound.resolver import system_lookup
from hookwright.outbound.tls import TlsContexts
from hookwright.store.sqlite.space import Reserve, disk

_AT_ONCE = 8


def local_checks(reach: Reach, data: Path, *, egress: bool) -> Iterator[Check]:
    """All of them; the hosts of the webhooks only with `egress`."""
    yield checks.own_version()
    yield from _data(data)
    yield from guarded("settings", _settings)
    client = reach.admin()
    try:
        views = [view for page in client.pages("/admin/v1/webhooks", "after") for view in page]
    except HookwrightError as error:
        yield from _absent(client, str(error))
        return
    yield from guarded("dispatcher", lambda: checks.dispatcher(client))
    yield from checks.webhooks(views)
    if egress:
        yield from guarded("egress", lambda: _egress(views))


def _data(data: Path) -> Iterator[Check]:
    if not data.exists():
        yield Check("data", None, f"There is no data folder {data} yet; dev makes it.")
        return
    if not (data.is_dir() and os.access(data, os.R_OK | os.W_OK | os.X_OK)):
        cure = "Make it a folder that you can write to, or name another one with --data."
        yield Check("data", False, f"The data folder {data} cannot be used.", cure)
        return
    yield Check("data", True, f"The data folder {data} can be written.")
    free_space = disk(data)
    free = f"{free_space()[0] / 2**30:,.1f} GiB are free"
    if Reserve(free_space, lambda: 0).is_touched():
        yield Check(
            "space", False, f"{free}, less than the reserve: no event is taken.", "Make room on its disk."
        )
    else:
        yield Check("space", True, f"{free} on its disk.")


def _settings() -> Iterator[Check]:
    """What the environment says, and the CA files in it."""
    settings = read_settings(Settings, {}, {})
    try:
        TlsContexts(settings.egress_ca_file)
        _policy(settings)
    except (ConfigurationError, ValueError) as error:
        raise UsageError(str(error)) from error
    files = f", {len(settings.egress_ca_file)} CA files in them" if settings.egress_ca_file else ""
    yield Check("settings", True, f"The HOOKWRIGHT_… variables can be used{files}.")


def _absent(client: Client, problem: str) -> Iterator[Check]:
    """No dispatcher answers: whether one can be started here."""
    if not _free(client.url):
        yield Check("dispatcher", False, problem)
        return
    yield Check("dispatcher", None, f"No dispatcher runs at {client.url}; `{called()} dev DIR` starts one.")
    for port in (EVENTS, ADMIN):
        place = urlsplit(port.default).netloc
        flag = "--listen" if port is EVENTS else "--admin"
        if not _free(port.default):
            cure = f"End it, or give dev another address with {flag}."
            yield Check("port", False, f"{place} is in use by another process.", cure)
        else:
            yield Check("port", True, f"{place} is free for dev.")


def _free(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_server((parts.hostname or "", parts.port or 80)):
            return True
    except OSError:
        return False


def _policy(settings: Settings) -> EgressPolicy:
    return EgressPolicy(
        settings.egress_allow, settings.egress_allow_hosts, settings.egress_deny_hosts, settings.egress_deny
    )


def _egress(views: list[dict[str, Any]]) -> Iterator[Check]:
    """Each host resolved and connected to from this machine, without a request."""
    settings = read_settings(Settings, {}, {})
    policy = _policy(settings)
    led = dict(map(parse_connect_to, settings.egress_connect_to))
    hosts = sorted({view["host"] for view in views if view["host"]})
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from threads.map(lambda host: _reached(host, policy, led.get(host)), hosts)


def _reached(host: str, policy: EgressPolicy, led: tuple[str, int] | None) -> Check:
    try:
        addresses, port = ([led[0]], led[1]) if led else (_allowed(host, policy), 443)
        with socket.create_connection((addresses[0], port), CLIENT_CONNECT_SECONDS):
            return Check("egress", True, f"{host} can be connected to.")
    except SendError as error:
        failure = error
    except OSError as error:
        failure = failures.connecting(host, error)
    return Check("egress", False, str(failure), hint(failure.cause, None) or "")


def _allowed(host: str, policy: EgressPolicy) -> list[str]:
    """The addresses of a host. Raises SendError as the sender does."""
    if problem := policy.host_problem(host):
        raise failures.refused(problem)
    try:
        addresses = [host] if is_address(host) else system_lookup(host)
    except (OSError, UnicodeError) as error:
        raise failures.resolving(host, error) from error
    for address in addresses:
        if problem := policy.address_problem(address):
            raise failures.refused(problem if address == host else f"{host} is refused. {problem}")
    return addresses
