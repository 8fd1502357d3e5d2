"""A dispatcher as a process of its own, as the chart runs it: set up by its environment and a folder of configuration."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from hookwright.api.config import DispatchConfig
from hookwright.dispatcher.configuration import config_folder
from ports import kept_port
from rig import HANGS, Process, until


class DispatcherProcess:
    """Started with a configuration. Deliveries to `host` go to a local port whose certificate is of `ca_file`."""

    def __init__(
        self,
        folder: Path,
        config: DispatchConfig,
        *,
        host: str = "loop.test",
        port: int = 1,
        ca_file: Path | None = None,
    ) -> None:
        self.folder, self.config = folder, config
        (folder / "last").mkdir(parents=True)
        (folder / "token").write_text("t\n")
        self._env = {
            "HOOKWRIGHT_DATA": str(folder / "data"), "HOOKWRIGHT_CONFIG": str(folder / "config"),
            "HOOKWRIGHT_LAST_GOOD": str(folder / "last"), "HOOKWRIGHT_TOKEN_FILE": str(folder / "token"),
            "HOOKWRIGHT_ADMIN_TOKEN_FILE": str(folder / "token"),
            "HOOKWRIGHT_EGRESS_CONNECT_TO": f"{host}:443:127.0.0.1:{port}",
            **({} if ca_file is None else {"HOOKWRIGHT_EGRESS_CA_FILE": str(ca_file)}),
        }  # fmt: skip
        headers = {"authorization": "Bearer t"}
        self.http = httpx.Client(timeout=HANGS, headers=headers, trust_env=False)
        self.slowest = 0.0
        """The longest stop of its loop that was told so far, seconds of CPU time."""
        config_folder.write(folder / "config", config)
        self.start()

    def start(self) -> None:
        """Start it and wait until it runs its configuration."""
        events, admin = kept_port(), kept_port()
        self.events, self.admin = f"http://127.0.0.1:{events}/v1", f"http://127.0.0.1:{admin}"
        env = {"HOOKWRIGHT_LISTEN": f"127.0.0.1:{events}", "HOOKWRIGHT_ADMIN": f"127.0.0.1:{admin}"}
        command = [sys.executable, "-m", "hookwright", "dispatcher"]
        self.process = Process(command, self.folder / "log", core=None, env=self._env | env)
        until(self._runs)

    def _runs(self) -> bool:
        try:
            return self.get("summary")["configHash"] == self.config.hash
        except httpx.ConnectError:
            return False

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of an admin path."""
        return self.http.get(f"{self.admin}/admin/v1/{path}", params=query).json()

    def look(self) -> float:
        """Scrape; the longest stop of the loop so far."""
        text = self.http.get(f"{self.admin}/metrics").text
        found = re.search(r"^hookwright_loop_slowest_cpu_seconds (\S+)$", text, re.MULTILINE)
        assert found is not None
        self.slowest = max(self.slowest, float(found[1]))
        return self.slowest

    def replace(self, config: DispatchConfig) -> None:
        """Give it another configuration."""
        self.config = config
        config_folder.write(self.folder / "config", config)

    def runs(self) -> bool:
        """Whether it runs the configuration that it was given last."""
        return bool(self.get("summary")["configHash"] == self.config.hash)

    def stops(self) -> str:
        """What its log says of stops, for whoever reads a failure."""
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if "loop.stopped" in line)

    def end(self) -> None:
        """End it."""
        self.process.end(signal.SIGTERM)

    def close(self) -> None:
        """End it, whatever state it is in."""
        self.process.end(signal.SIGKILL)
        self.http.close()
