"""`hookwright open`: the page of a dispatcher in a browser, signed in.

The token reaches the browser in the fragment of an address, which no server ever sees. It is not among the words with
which the browser is called, as other users of the machine can read those: they name a place of our own, which leads
there, once. (A user who is quicker than the browser could be led in its place; then the browser finds nothing there.)
Must not: write the token anywhere, unless it is asked to print the address.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread

import click

from hookwright.cli.client import Client
from hookwright.cli.reach import Reach, reach_options
from hookwright.cli.show import note
from hookwright.errors import UsageError
from hookwright.limits import OPEN_LOOK_SECONDS, OPEN_SECONDS


@click.command("open")
@click.option(
    "--print", "only_print", is_flag=True, help="Print the page's address, token included, and open nothing."
)
@reach_options
def command(only_print: bool, reach: Reach) -> None:
    """Open the page in a browser, signed in. Of a cluster it is there until Ctrl-C."""
    client = reach.admin()
    if not client.get("/admin/v1/session")["authenticated"]:
        raise UsageError(
            f"{client.url} asks for a token, and the right one was not given: name a file that holds it with "
            "--admin-token-file."
        )
    token = client.bearer()
    address = f"{client.url}/" + ("" if token is None else f"#token={token}")
    browser = None if only_print else _browser(os.environ)
    if browser is None:
        click.echo(address)
    else:
        note(f"Opening {client.url}/ in your browser.")
        _show(browser, address, secret=token is not None)
    if client.cluster is not None:
        _stay(client)


def _browser(environment: Mapping[str, str]) -> webbrowser.BaseBrowser | None:
    """The browser of this person; None where there is none to be seen, as over ssh."""
    seen = sys.platform != "linux" or any(
        environment.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    )
    try:
        return webbrowser.get() if seen else None
    except webbrowser.Error:
        return None


def _show(browser: webbrowser.BaseBrowser, address: str, *, secret: bool) -> None:
    """Lead the browser to an address, without naming it where others can read that."""
    if not secret:
        browser.open(address)
        return
    with _Lead(address) as lead:
        Thread(target=lead.serve_forever, daemon=True).start()
        browser.open(lead.address)
        came = lead.taken.wait(OPEN_SECONDS)
        lead.shutdown()
    if not came:
        raise UsageError("No browser came; open the address that --print prints.")


class _Lead(HTTPServer):
    """A place on this machine, known to nobody else, that leads somebody on, once."""

    def __init__(self, goal: str) -> None:
        super().__init__(("127.0.0.1", 0), _LeadOn)
        self.goal, self.path, self.taken = goal, f"/{secrets.token_urlsafe()}", Event()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}{self.path}"


class _LeadOn(BaseHTTPRequestHandler):
    timeout = 1.0
    server: _Lead

    def do_GET(self) -> None:
        if self.path != self.server.path or self.server.taken.is_set():
            self.send_error(404)
            return
        self.send_response(302)
        self.send_header("location", self.server.goal)
        self.send_header("cache-control", "no-store")
        self.send_header("referrer-policy", "no-referrer")
        self.end_headers()
        self.server.taken.set()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the path is a secret."""


def _stay(client: Client) -> None:
    """Keep the port-forward until somebody ends the command, or it ends. UsageError: it ended."""
    note(f"The page is at {client.url}/ until you press Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(OPEN_LOOK_SECONDS)
            client.get("/admin/v1/session")
