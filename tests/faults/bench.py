"""One round of a scenario: sender, dispatcher and target as processes, and the judge.

The dispatcher is driven through its contract alone (SPEC 7): command, flags, environment, ports, answers, signals,
files. So the bench fits any engine. Must not: import the product, or decide by a clock that a busy machine changes:
what is waited for may take minutes, what is judged are counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from faults.ledger import Ledger, Lines, Verdict
from faults.processes import HERE, Talker
from faults.shim import Shim, Switch
from ports import kept_port
from rig import throwaway_ca, until

HOST = "target.test"
IN_FLIGHT = 16  # of each webhook
START_SECONDS = 60.0  # that a start may take on a busy machine
STALL_SECONDS = 90.0  # without progress, after which nothing will come by itself: longer than a circuit waits


@dataclass(frozen=True)
class Size:
    """How large a round is."""

    kills: int
    rate: int
    """Events a second offered."""
    seconds: float
    """Of load in one step of a scenario."""
    stop: float
    """Seconds of SIGSTOP."""
    waiting: int
    """Deliveries waiting at a restart."""


SHORT = Size(kills=3, rate=200, seconds=1.5, stop=4, waiting=20_000)
LONG = Size(kills=40, rate=600, seconds=5, stop=30, waiting=50_000)


@dataclass
class Bench:
    """What a scenario speaks to."""

    folder: Path
    verdict: Verdict
    size: Size
    chance: random.Random
    data: Path = field(init=False)
    log: Path = field(init=False)
    prefix: list[str] = field(default_factory=list)
    """Put before the dispatcher's command."""
    environment: dict[str, str] = field(default_factory=dict)
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """Closed at the end of the round, after the dispatcher."""
    stderr: int | None = None
    """Where the dispatcher's lines go instead of its log."""
    process: subprocess.Popen[bytes] | None = None
    in_flight: int = 0
    _ill: set[str] = field(default_factory=set)
    _expected_end: bool = False
    _started: float = 0.0

    def __post_init__(self) -> None:
        self.data, self.log = self.folder / "data", self.folder / "dispatcher.log"
        self.manifests = self.folder / "manifests"
        self.manifests.mkdir()
        self.address = f"127.77.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"
        self.ports = kept_port(), kept_port()
        self._ca, cert = throwaway_ca(self.folder, HOST, "named.test")
        came, sent = self.folder / "came", self.folder / "sent"
        also = [f"{self.address}:443"] if os.geteuid() == 0 else []
        self.target = Talker(HERE / "target.py", cert, came, *also)
        self.target_port = self.target.hear()["port"]
        self.sender = Talker(HERE / "sender.py", sent)
        self.ledger = Ledger(Lines(sent), Lines(came))
        self.http = httpx.Client(timeout=60, base_url=f"http://127.0.0.1:{self.ports[1]}")
        self._shim: Shim | None = None

    # --- manifests and the target -----------------------------------------------------------------------

    def webhook(self, name: str, **spec: object) -> None:
        """Write one, in the namespace of its own name, to /NAME on the target."""
        if not (self.manifests / f"{name}.json").exists():
            self.in_flight += IN_FLIGHT
        whole = {
            "url": f"https://{HOST}/{name}",
            "triggers": ["RequestGranted"],
            "maxInFlight": IN_FLIGHT,
            "bodyTemplate": '{"id": {{ data.id }}}',
            "retry": {"schedule": ["1s"] * 32},
            **spec,
        }
        self.manifest(
            name,
            "Webhook",
            {"name": name, "namespace": name},
            apiVersion="hookwright.io/v1alpha1",
            spec=whole,
        )

    def manifest(self, file: str, kind: str, metadata: dict[str, Any], **more: object) -> None:
        """Write an object in one step, as an editor does."""
        aside = self.folder / f".{file}"
        aside.write_text(json.dumps({"kind": kind, "metadata": metadata, **more}))
        aside.rename(self.manifests / f"{file}.json")

    def target_does(self, path: str, does: str, value: object = None) -> None:
        """From now on; at the end of the round every path is well again."""
        self._ill.add(path)
        self.target.tell(path=path, does=does, value=value)
        self.target.hear()

    # --- the dispatcher -------------------------------------------------------------------------------------

    def switch(self, switch: Switch, value: int) -> None:
        """Make a fault in the dispatcher (from its next start, if it was started without a switch ever set)."""
        if self._shim is None:
            self._shim = Shim(self.folder, self.data, self.address)
            self.environment |= self._shim.environment
        self._shim.set(switch, value)

    def launch(self, *more: str) -> None:
        """Start the dispatcher, without waiting for it. It dies with the bench."""
        command = [
            "setpriv", "--pdeathsig", "KILL", *self.prefix, sys.executable, "-m", "hookwright", "dev", str(self.manifests),
            "--listen", f"127.0.0.1:{self.ports[0]}", "--admin", f"127.0.0.1:{self.ports[1]}",
            "--data", str(self.data), "--ca-file", str(self._ca),
            "--connect-to", f"{HOST}:443:127.0.0.1:{self.target_port}", *more,
        ]  # fmt: skip
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with self.log.open("ab") as log:
            self._started = time.monotonic()
            self._expected_end = False
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log if self.stderr is None else self.stderr,
                env=environment | self.environment,
            )  # fmt: skip

    def start(self, *more: str) -> None:
        """Start the dispatcher and wait until it is ready."""
        self.launch(*more)
        until(lambda: self.ready() or self.ended(), START_SECONDS)
        if self.ended():
            raise RuntimeError(f"the dispatcher did not start: {self.said()[-2000:]}")

    def ready(self) -> bool:
        """Whether it says that it takes events."""
        return self.status("/readyz") == 200

    def status(self, path: str, seconds: float = 5.0) -> int:
        """What the admin port answers; 0: nothing."""
        try:
            return self.http.get(path, timeout=seconds).status_code
        except httpx.HTTPError:
            return 0

    def said_ready(self) -> str:
        """Why it takes no events; "": it does not say."""
        try:
            return self.http.get("/readyz").text
        except httpx.HTTPError:
            return ""

    def ended(self) -> bool:
        """Whether the process has."""
        return self.process is None or self.process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send it one."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.check(not self.ended(), "the dispatcher ended by itself")
        self._expected_end = True
        self.process.kill()
        self.process.wait()
        self.verdict.kills += 1
        self.verdict.allowed += 2 * self.in_flight

    def exit_code(self, seconds: float = 60.0) -> int | None:
        """Wait for an end that is right; None: it does not come."""
        assert self.process is not None
        self._expected_end = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        return None

    def stop(self) -> None:
        """SIGTERM, and it ends as it should."""
        self.signal(signal.SIGTERM)
        code = self.exit_code()
        self.check(code == 0, f"after SIGTERM the exit code is {code}")

    def said(self) -> str:
        """All that it wrote."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def settled_configuration(self, name: str) -> None:
        """Wait until a webhook runs again."""
        until(lambda: self.http.get(f"/admin/v1/webhooks/{name}/{name}").json()["state"] == "running")

    # --- load -------------------------------------------------------------------------------------------------

    def load(self, *, to: str | None = None, rate: int | None = None, **order: object) -> None:
        """Offer events from now on, to the webhook `to` alone or to all."""
        path = "/v1/events" if to is None else f"/v1/namespaces/{to}/events"
        self.sender.tell(port=self.ports[0], path=path, rate=rate or self.size.rate, **order)

    def pause(self) -> None:
        """Offer no more, and wait for the answers under way."""
        self.sender.tell(rate=0)
        left = self.sender.hear()["open"]
        self.check(left == 0 or self.ended(), f"{left} events are not answered")

    def under_load(self, seconds: float | None = None, **order: Any) -> None:
        """Offer events for a while."""
        self.load(**order)
        time.sleep(seconds or self.size.seconds)
        self.pause()

    def back(self, since: float | None = None) -> float:
        """Wait for the first 202 since then (the latest start), under load; the seconds."""
        since = self._started if since is None else since

        def taken() -> float | None:
            at = self.ledger.read().acknowledged_at
            later = [when for when in at[-5_000:] if when > since]
            return min(later) if later else None

        until(lambda: taken() or self.ended(), START_SECONDS)
        if (at := taken()) is None:
            raise RuntimeError("the dispatcher ended by itself")
        self.verdict.back.append(round(at - since, 3))
        return at - since

    # --- judging -----------------------------------------------------------------------------------------------

    def check(self, holds: bool, otherwise: str) -> None:
        """Note a promise that does not hold."""
        if not holds and otherwise not in self.verdict.problems:
            self.verdict.problems.append(otherwise)

    def dead(self) -> dict[str, str]:
        """Reason by delivery, of all dead letters."""
        found: dict[str, str] = {}
        before: dict[str, str] = {}
        while True:
            answer = self.http.get("/admin/v1/dead-letters", params={"limit": "500", **before})
            answer.raise_for_status()
            page = answer.json()
            found |= {each["id"]: each["reason"] for each in page["items"]}
            if not page.get("next"):
                return found
            before = {"before": page["next"]}

    def pending(self) -> int:
        """Deliveries that it says wait."""
        return int(self.http.get("/admin/v1/summary").json()["pending"])

    def delivered(self, *webhooks: str) -> bool:
        """Wait until all that was acknowledged for these was delivered; False: it does not come."""
        return self._settled(
            lambda: (
                {each for name in webhooks for each in self.ledger.of(f"{name}/{name}")}
                - self.ledger.delivered.keys()
            )
        )

    def seen(self, path: str, token: str = "-", seconds: float = 60.0) -> bool:
        """Wait for a request to a path with a token; False: none comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            requests = self.ledger.read().requests.values()
            if any(each.path == path and each.token == token for of in requests for each in of):
                return True
            time.sleep(0.1)
        return False

    def stalled(self) -> bool:
        """Whether no event was acknowledged for a while, under load."""
        at = self.ledger.read().acknowledged_at
        return time.monotonic() - max([self._started, *at[-1:]]) > 10

    def settle(self) -> None:
        """Wait until everything acknowledged has its end; if it stalls, restart by hand, and count what is lost."""
        if not self._settled(self._missing):
            self.verdict.hand = True
            missing = self._missing()
            self.check(False, f"{len(missing)} deliveries stood still until a restart")
            if not self.ended():
                self.signal(signal.SIGKILL)
            self.exit_code()
            self.verdict.allowed += 2 * self.in_flight
            self.start()
            self._settled(self._missing)
        self.verdict.lost = len(self._missing())

    def _missing(self) -> set[str]:
        missing = self.ledger.read().missing({})
        if missing and not self.ended():
            with contextlib.suppress(httpx.HTTPError):
                return self.ledger.missing(self.dead())
        return missing

    def _settled(self, missing: Callable[[], set[str]]) -> bool:
        """Until nothing is missing, or nothing has changed for long."""
        last, changed = -1, time.monotonic()
        while True:
            self.ledger.read()
            found = len(missing())
            if not found:
                return True
            if found != last:
                last, changed = found, time.monotonic()
            if self.ended() or time.monotonic() - changed > STALL_SECONDS:
                return False
            time.sleep(0.1)

    def finish(self) -> None:
        """Heal the target, wait, count."""
        for path in list(self._ill):
            self.target_does(path, "ok")
        if self.ended() and not self._expected_end:
            self.check(False, f"the dispatcher ended by itself: {self.said()[-300:]}")
            self.start()
        self.settle()
        verdict = self.verdict
        verdict.acknowledged = len(self.ledger.acknowledged)
        verdict.duplicates = self.ledger.duplicates
        self.check(not self.ledger.unknown, f"{len(self.ledger.unknown)} events were taken twice")
        self.check(verdict.acknowledged > 0, "nothing was acknowledged")

    def close(self) -> None:
        """End what is left."""
        if not self.ended():
            assert self.process is not None
            self.process.kill()
            self.process.wait()
        self.sender.end()
        self.target.end()
        self.http.close()
        self.resources.close()
