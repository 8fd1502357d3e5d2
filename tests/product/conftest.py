"""The product as a user has it: `hookwright dev` in a process of its own, a receiver behind real TLS in another."""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from rig import HANGS, LISTENING, Process, dev, records, throwaway_ca, until

HOST = "target.test"
TOOLS = Path(__file__).parents[2] / "tools"


class Product:
    """One `dev` process with its folder, and the receiver's log. `hosts` are led to the receiver."""

    def __init__(
        self, folder: Path, ca_file: Path, port: int, log: Path, hosts: Sequence[str] = (HOST,)
    ) -> None:
        self.folder, self.ca_file, self._port, self._log = folder, ca_file, port, log
        self.connect_to = [f"{host}:443:127.0.0.1:{port}" for host in hosts]
        self._hosts = tuple(hosts)
        self.manifests = folder / "manifests"
        self.manifests.mkdir(parents=True, exist_ok=True)
        self.process: Process | None = None
        self.events = self.admin = ""
        self.http = httpx.Client(timeout=HANGS)
        self._env: dict[str, str] = {}

    # --- the process -----------------------------------------------------------------------------

    def start(self, *flags: str, files: tuple[int, int] | None = None, **env: str) -> Product:
        """Start `dev`; keyword arguments are HOOKWRIGHT_… settings, `files` the limits of open ones (soft, hard)."""
        self._env = {f"HOOKWRIGHT_{name}": value for name, value in env.items()} or self._env
        self.process = dev(
            self.folder, self.manifests, self.ca_file, self._port, *self._hosts, core=None, env=self._env,
            files=files, flags=flags,
        )  # fmt: skip
        found = self.process.wait_for(LISTENING)
        self.events, self.admin = f"http://127.0.0.1:{found[1]}", f"http://127.0.0.1:{found[2]}"
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self.process is not None:
            self.process.end(how)
            self.process = None

    def drain(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal, and wait until it takes no events any more."""
        assert self.process is not None
        os.kill(self.process.pid, how)
        until(lambda: self.http.get(f"{self.admin}/readyz").status_code == 503)

    def drained(self) -> None:
        """Wait until it has ended by itself."""
        assert self.process is not None
        self.process.wait()
        self.process = None

    def restart(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and start it on the same data."""
        self.stop(how)
        self.start()

    def output(self) -> str:
        """What it printed."""
        return (self.folder / "dev.log").read_text()

    # --- manifests ---------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> None:
        """Write a manifest in one step, as an editor does."""
        temporary = self.folder / f".{name}"
        temporary.write_text(text)
        os.replace(temporary, self.manifests / f"{name}.yaml")

    def webhook(self, name: str, spec: str, *, namespace: str = "default", annotations: str = "{}") -> None:
        """Write a Webhook; `spec` is the YAML below spec, indented by two."""
        metadata = f"{{name: {name}, namespace: {namespace}, annotations: {annotations}}}"
        head = f"apiVersion: hookwright.io/v1alpha1\nkind: Webhook\nmetadata: {metadata}\n"
        self.write(f"webhook-{namespace}-{name}", f"{head}spec:\n{spec}")

    def loaded(self, key: str, state: str = "running") -> dict[str, Any]:
        """Wait until the dispatcher runs this webhook in this state."""
        return until(lambda: (view := self.view(key)) and view["state"] == state and view)

    def changed(self, name: str, spec: str) -> dict[str, Any]:
        """Write a Webhook anew, as `webhook` does, and wait until the dispatcher runs it; its view at once after that."""
        before = self.loaded(f"default/{name}")["configHash"]
        self.webhook(name, spec)
        return until(lambda: (view := self.view(f"default/{name}")) and view["configHash"] != before and view)

    def view(self, key: str) -> dict[str, Any] | None:
        """The webhook as the admin port shows it."""
        answer = self.http.get(f"{self.admin}/admin/v1/webhooks/{key}")
        return answer.json() if answer.status_code == 200 else None

    # --- events and what became of them ----------------------------------------------------------

    def post(self, event: Any, path: str = "/v1/events", **headers: str) -> httpx.Response:
        """Post an event (or bytes as they are)."""
        sent = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.http.post(self.events + path, content=content, headers=sent)

    def accepted(self, event: Any, path: str = "/v1/events", **headers: str) -> list[str]:
        """Post it, expect 202; the ids of its deliveries."""
        answer = self.post(event, path, **headers)
        assert answer.status_code == 202, answer.text
        return [each["id"] for listed in answer.json()["events"] for each in listed["deliveries"]]

    def received(self, delivery: str | None = None, *, path: str | None = None) -> list[dict[str, Any]]:
        """Requests that reached the receiver: all, of one delivery, at one path."""
        if not self._log.exists():
            return []
        found = records(self._log.read_text())
        return [
            each
            for each in found
            if delivery in (None, each["headers"].get("webhook-id")) and path in (None, each["path"])
        ]

    def arrived(self, delivery: str, times: int = 1) -> dict[str, Any]:
        """Wait for a delivery at the receiver; the latest request of it."""
        return until(lambda: len(found := self.received(delivery)) >= times and found)[-1]

    def invocations(self, **query: str) -> list[dict[str, Any]]:
        """From the history, newest first."""
        return self.http.get(f"{self.admin}/admin/v1/invocations", params=query).json()["items"]

    def invocation(self, identifier: str) -> dict[str, Any]:
        """Wait for one invocation."""

        def look() -> dict[str, Any] | None:
            answer = self.http.get(f"{self.admin}/admin/v1/invocations/{identifier}")
            return answer.json() if answer.status_code == 200 else None

        return until(look)

    def dead_letters(self, **query: str) -> list[dict[str, Any]]:
        """Newest first."""
        return self.http.get(f"{self.admin}/admin/v1/dead-letters", params=query).json()["items"]

    def replayed(self, *deliveries: str) -> int:
        """Ask for a replay of these; how many dead letters went back."""
        answer = self.http.post(f"{self.admin}/admin/v1/replays", json={"ids": list(deliveries)})
        return answer.json()["replayed"]

    def release(self) -> None:
        """Let the receiver answer what it holds (/-/hold)."""
        trusted = ssl.create_default_context(cafile=str(self.ca_file))
        with httpx.Client(verify=trusted, timeout=HANGS) as client:
            address = f"https://127.0.0.1:{self._port}/-/release"
            client.get(address, extensions={"sni_hostname": HOST}).raise_for_status()


@contextmanager
def receiving(folder: Path, *hosts: str) -> Iterator[tuple[Path, int, Path]]:
    """A receiver process with a certificate for these hosts: (CA file, port, log of requests)."""
    ca_file, cert = throwaway_ca(folder, *hosts)
    log = folder / "received.jsonl"
    command = [sys.executable, str(TOOLS / "receiver.py"), "--cert", str(cert), "--log", str(log)]
    process = Process(command, folder / "receiver.out", core=None)
    try:
        yield ca_file, int(process.wait_for(r'"port": ([0-9]+)')[1]), log
    finally:
        process.end()


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, Path]]:
    """A receiver process: (CA file, port, log of requests)."""
    with receiving(tmp_path_factory.mktemp("receiver"), HOST) as running:
        yield running


@pytest.fixture
def product(tmp_path: Path, receiver: tuple[Path, int, Path]) -> Iterator[Product]:
    """A product that is not started yet."""
    made = Product(tmp_path, *receiver)
    yield made
    made.stop(signal.SIGKILL)
    made.http.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, receiver: tuple[Path, int, Path]) -> Iterator[Product]:
    """A running product with one webhook, for tests that change nothing."""
    made = Product(tmp_path_factory.mktemp("shared"), *receiver)
    made.webhook("one", "  url: https://target.test/one\n  triggers: [RequestGranted, Manual]\n")
    made.start()
    yield made
    made.stop()
    made.http.close()


def granted(**data: Any) -> dict[str, Any]:
    """A small RequestGranted event."""
    return {
        "event_type": "AccessRequestGranted",
        "event_time": "1696263265.851898000",
        "data": {"id": "req-1", **data},
    }
