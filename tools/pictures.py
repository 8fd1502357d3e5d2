"""`make pictures`: the pictures of the page and the terminal in docs/pictures, from the real product.

Starts a receiver of its own behind TLS and `hookwright dev` with the webhooks below, whose targets take, refuse, fail,
have gone, or are slow; posts the same events every time; opens the page in Chromium and `hookwright list` in a terminal.
Needs the page built (`make page`) and Chromium. Must not: reach anything but loopback, or keep anything but the pictures.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from hookwright.core.samples import sample
from rig import LISTENING, Process, dev, throwaway_ca, until

ROOT: Final = Path(__file__).parent.parent
OUT: Final = ROOT / "docs/pictures"
CHROMIUM: Final = os.environ.get("HOOKWRIGHT_CHROMIUM", "/usr/bin/chromium")
MOST_BYTES: Final = 200_000
"""Of one picture: a README is opened by many."""
COLUMNS: Final = 110

HOOKS: Final = (
    # namespace, name, display name, host, path, triggers, further lines of the spec
    ("platform", "slack", "Slack alerts", "hooks.slack.com", "services/T0/B0", "RequestCreated, RequestGranted", ""),
    ("platform", "jira", "Jira issues", "example.atlassian.net", "rest/api/3/issue", "RequestGranted", ""),
    ("platform", "helpdesk", "Helpdesk", "helpdesk.example.com", "-/status/422", "RequestGranted", ""),
    ("platform", "deployments", "", "ci.example.com", "hooks", "dev.example.deployed.v1", ""),
    ("security", "siem", "Security events", "http-intake.example.com", "v1/input", "RequestCreated, RequestApproved, "
     "RequestRejected, RequestGranted, RequestExpired", "  maxInFlight: 64\n"),
    ("security", "pager", "On call", "events.example.com", "-/status/503", "RequestFailed", ""),
    ("security", "audit-log", "", "audit.example.com", "-/delay/120", "RequestGranted, RequestExpired", ""),
    ("sales", "retired-crm", "Old CRM", "crm.example.com", "-/status/410", "RequestGranted", ""),
    ("sales", "crm", "CRM", "api.crm.example.com", "v2/events", "RequestGranted", ""),
    ("sales", "newsletter", "", "mail.example.com", "send", "RequestGranted", "  active: false\n"),
    ("data", "warehouse", "Warehouse", "warehouse.example.com", "ingest", "RequestGranted",
     "  auth: {bearer: {tokenSecretRef: {name: warehouse, key: token}}}\n"),
    ("data", "catalogue", "Data catalogue", "catalogue.example.com", "-/status/500", "RequestExpired", ""),
)  # fmt: skip
EVENTS: Final = (
    ("RequestCreated", 14),
    ("RequestApproved", 11),
    ("RequestRejected", 3),
    ("RequestGranted", 12),
    ("RequestExpired", 11),
    ("RequestFailed", 2),
)
"""Triggers, and how many events of each."""


def manifests(folder: Path) -> None:
    """The webhooks above."""
    for namespace, name, display, host, path, triggers, more in HOOKS:
        shown = f"  displayName: {display}\n" if display else ""
        (folder / f"{namespace}-{name}.yaml").write_text(
            f"apiVersion: hookwright.io/v1alpha1\nkind: Webhook\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            f"spec:\n{shown}  url: https://{host}/{path}\n  triggers: [{triggers}]\n{more}"
        )


@contextmanager
def product(folder: Path) -> Iterator[tuple[str, str]]:
    """Receiver and `dev`; the addresses of events and admin port."""
    hosts = sorted({hook[3] for hook in HOOKS})
    files = folder / "webhooks"
    files.mkdir()
    manifests(files)
    ca_file, cert = throwaway_ca(folder, *hosts)
    command = [sys.executable, str(ROOT / "tools/receiver.py"), "--cert", str(cert)]
    receiver = Process(command, folder / "receiver.out", core=None)
    try:
        port = int(receiver.wait_for(r'"port": ?([0-9]+)')[1])
        running = dev(
            folder, files, ca_file, port, *hosts, core=None, env={"HOOKWRIGHT_HISTORY_BODIES": "all"}
        )
        try:
            found = running.wait_for(LISTENING)
            yield f"http://127.0.0.1:{found[1]}", f"http://127.0.0.1:{found[2]}"
        finally:
            running.end()
    finally:
        receiver.end()


def post(http: httpx.Client, events: str) -> None:
    """The same events every time, each for a request of its own."""
    number = 500
    for trigger, count in EVENTS:
        for _ in range(count):
            number += 1
            event = sample(trigger)
            event["data"]["friendly_id"] = f"AR-{number}"
            http.post(f"{events}/v1/events", json=event).raise_for_status()
    http.post(
        f"{events}/v1/events?type=dev.example.deployed.v1", json={"service": "shop", "version": "1.4.2"}
    )


def settled(http: httpx.Client, admin: str) -> None:
    """Until every target has said what it says."""
    wanted = {"sales/retired-crm": ("state", "gone"), "data/catalogue": ("circuit", "Open")}

    def views() -> dict[str, Any]:
        return {view["webhook"]: view for view in http.get(f"{admin}/admin/v1/webhooks").json()["items"]}

    until(lambda: all(views()[key][name] == value for key, (name, value) in wanted.items()))
    until(lambda: views()["platform/helpdesk"]["deadLettered"] == 12)
    until(lambda: not views()["security/siem"]["pending"] and not views()["security/audit-log"]["pending"])


def page(browser: Browser, http: httpx.Client, admin: str) -> None:
    """The table of webhooks, and a failed invocation beside the others of its webhook."""
    tab = browser.new_page(viewport={"width": 1600, "height": 760}, color_scheme="light")
    tab.goto(admin)
    tab.get_by_role("row").nth(len(HOOKS)).wait_for()
    tab.screenshot(path=OUT / "webhooks.png")
    query = {"webhook": "platform/helpdesk", "result": "Rejected", "limit": 1}
    (failed,) = http.get(f"{admin}/admin/v1/invocations", params=query).json()["items"]
    tab.goto(f"{admin}/webhooks/platform/helpdesk/invocations/{failed['id']}")
    tab.get_by_role("region", name="Request").wait_for()
    tab.screenshot(path=OUT / "invocation.png")
    tab.goto(f"{admin}/dead-letters")
    tab.get_by_role("button", name="Replay all").wait_for()
    tab.screenshot(path=OUT / "dead-letters.png")
    tab.close()


def terminal(admin: str) -> None:
    """`hookwright list` as a terminal shows it, as SVG."""
    text = in_terminal([sys.executable, "-m", "hookwright", "list", "--admin", admin])
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.from_ansi(f"$ hookwright list\n{text}"))
        drawn = console.export_svg(title="", theme=MONOKAI, unique_id="list")
    # no font from elsewhere: a picture asks nobody for anything
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    (OUT / "list.svg").write_text(drawn.replace("Fira Code", "ui-monospace"))


def in_terminal(command: list[str]) -> str:
    """What a command writes on a terminal of COLUMNS columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT):
        os.close(theirs)
        written = bytearray()
        while True:
            try:
                written += os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def main() -> None:
    """Take them all."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        httpx.Client(timeout=30) as http,
        product(Path(folder)) as (events, admin),
    ):
        post(http, events)
        settled(http, admin)
        terminal(admin)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page(browser, http, admin)
            browser.close()
    for picture in sorted(OUT.iterdir()):
        size = picture.stat().st_size
        print(f"{picture.relative_to(ROOT)}: {size // 1000} kB")
        if size > MOST_BYTES:
            raise SystemExit(f"{picture.name} is larger than {MOST_BYTES // 1000} kB.")


if __name__ == "__main__":
    main()
