"""The bench of one dispatcher, `hookwright dev` on a folder of manifests: it is that process, and what it stands on.

Must not: import the product.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

from faults.dispatcher import Dispatcher
from faults.ground import HOST, Ground, Size
from faults.ledger import Verdict
from faults.shim import Shim, Switch
from rig import until

PATIENCE_SECONDS = 30.0  # in which some event is acknowledged, however busy the machine is


class Bench(Ground, Dispatcher):
    """What a scenario of one dispatcher speaks to."""

    def __init__(self, folder: Path, verdict: Verdict, size: Size, chance: random.Random) -> None:
        self.data = folder / "data"
        self.address = f"127.77.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        """Of the target, by a name that is looked up; only root may have it."""
        doors = [f"{self.address}:443"] if os.geteuid() == 0 else []
        Ground.__init__(self, folder, verdict, size, chance, doors)
        Dispatcher.__init__(self, verdict, folder / "dispatcher.log")
        self.command = [
            "dev", str(self.manifests), "--listen", f"127.0.0.1:{self.ports[0]}", "--admin", f"127.0.0.1:{self.ports[1]}",
            "--data", str(self.data), "--ca-file", str(self.ca_file),
            "--connect-to", f"{HOST}:443:127.0.0.1:{self.target_port}",
        ]  # fmt: skip
        self.dispatchers.append(self)
        self._shim: Shim | None = None

    def switch(self, switch: Switch, value: int) -> None:
        """Make a fault in the dispatcher (from its next start, if it was started without a switch ever set)."""
        if self._shim is None:
            self._shim = Shim(self.folder, self.data, self.address)
            self.environment |= self._shim.environment
        self._shim.set(switch, value)

    def kill(self) -> None:
        super().kill()
        self.verdict.allowed += 2 * self.in_flight

    def settled_configuration(self, name: str) -> None:
        """Wait until a webhook runs again."""
        until(lambda: self.http.get(f"/admin/v1/webhooks/{name}/{name}").json()["state"] == "running")

    def load(self, *, to: str | None = None, rate: int | None = None, **order: object) -> None:
        """Offer events from now on, to the webhook `to` alone or to all."""
        self.offer("/v1/events" if to is None else f"/v1/namespaces/{to}/events", rate=rate, **order)

    def under_load(self, seconds: float | None = None, **order: Any) -> None:
        """Offer events for a while."""
        self.load(**order)
        time.sleep(seconds or self.size.seconds)
        self.pause()

    def pending(self) -> int:
        """Deliveries that it says wait."""
        return int(self.http.get("/admin/v1/summary").json()["pending"])

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
        latest = self.ledger.read().accepted[-1:]
        return time.monotonic() - max([self.offered, *(each.when for each in latest)]) > PATIENCE_SECONDS
