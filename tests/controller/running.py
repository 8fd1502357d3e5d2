"""A whole controller over a cluster in memory, and a real dispatcher that reads what would be mounted."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.fake_cluster import Event, FakeCluster
from hookwright.controller.app import Controller
from hookwright.controller.inventory import Inventory
from hookwright.controller.settings import Settings
from hookwright.core.config_parts import MANIFEST
from hookwright.core.config_reader import Reader
from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.settings import Settings as DispatcherSettings
from ports import kept_port

SECONDS = 60.0
WEBHOOK = """
kind: Webhook
metadata: {name: w}
spec: {url: "https://a.example/x", triggers: [RequestCreated]}
"""
TEST = """
kind: WebhookTest
metadata: {name: t}
spec: {webhookRef: {name: w}, mode: Render, expect: {request: {url: "https://a.example/x"}}}
"""
POD = """
kind: Pod
metadata:
  name: d-1
  namespace: hooks
  labels: {app.kubernetes.io/instance: hw, app.kubernetes.io/component: dispatcher}
status: {phase: Running, podIP: 127.0.0.1}
"""
NAMESPACE = (
    'kind: Namespace\nmetadata: {name: shop, namespace: "", labels: {hookwright.io/cluster-events: "true"}}'
)


class Running:
    """A controller, and a dispatcher once `serve` was called."""

    def __init__(self, folder: Path, cluster: FakeCluster | None = None, release: str = "hw") -> None:
        self.cluster = cluster or FakeCluster()
        self.folder = folder
        self.settings = Settings(
            namespace="hooks", release=release, dispatcher_port=kept_port(), probes=f"127.0.0.1:{kept_port()}"
        )
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._dispatcher: Dispatcher | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.cluster.listeners.append(self._hear)

    def _hear(self, kind: str, event: Event) -> None:
        self._mount(kind, event[1])
        self._loop.call_soon_threadsafe(self._heard.set)

    def _mount(self, kind: str, raw: dict[str, Any]) -> None:
        """What kubelet does with the configuration's Secrets."""
        if kind != "Secret" or not raw["metadata"]["name"].startswith(f"{self.settings.release}-config-"):
            return
        (self.folder / "config").mkdir(parents=True, exist_ok=True)
        for name, value in sorted(raw["data"].items(), key=lambda item: item[0] == MANIFEST):
            temporary = self.folder / "config" / f".{name}"
            temporary.write_bytes(base64.b64decode(value))
            temporary.rename(self.folder / "config" / name)

    async def _feed(self, inventory: Inventory, heard: Callable[[], None]) -> None:
        """What kopf tells of."""

        def tell(kind: str, event: Event) -> None:
            if kind in ("Webhook", "WebhookTest"):
                hear = inventory.remove if event[0] == "DELETED" else inventory.put
                self._loop.call_soon_threadsafe(heard)
                self._loop.call_soon_threadsafe(hear, kind, event[1])

        self.cluster.listeners.append(tell)
        try:
            await asyncio.Event().wait()
        finally:
            self.cluster.listeners.remove(tell)

    def start(self) -> None:
        """Start the controller."""
        self._tasks.append(asyncio.create_task(Controller(self.settings, self.cluster).run(self._feed)))

    async def stop(self) -> None:
        """End the controller, as SIGTERM does."""
        for task in self._tasks:
            task.cancel()
        self.cluster.end_watches()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def written(self) -> list[str]:
        """The webhooks in the configuration's Secrets."""
        files: dict[str, bytes] = {}
        for (kind, name), raw in self.cluster.objects.items():
            if kind == "Secret" and name.startswith("hooks/hw-config-"):
                files |= {key: base64.b64decode(value) for key, value in raw["data"].items()}
        return [route.key for route in Reader().read(files).webhooks]

    async def serve(self) -> None:
        """Start the dispatcher, its pod known to the cluster."""
        token = self.folder / "token"
        secret = await self.until(lambda: self.cluster.objects.get(("Secret", "hooks/hw-admin-token")))
        token.write_bytes(base64.b64decode(secret["data"]["token"]))
        self._dispatcher = Dispatcher(
            DispatcherSettings(
                listen="127.0.0.1:0", admin=f"127.0.0.1:{self.settings.dispatcher_port}", data=self.folder / "data",
                config=self.folder / "config", admin_token_file=token, token_file=token,
            ),
            lambda details: None,
        )  # fmt: skip
        await self._dispatcher.start()
        self._serving = asyncio.create_task(self._dispatcher.run())
        self.cluster.apply(POD)

    async def close(self) -> None:
        """End everything."""
        await self.stop()
        if self._dispatcher is not None:
            self._dispatcher.request_stop()
            await self._serving

    async def until(self, what: Callable[[], Any]) -> Any:
        """Look after every change of the cluster until the answer is true."""
        async with asyncio.timeout(SECONDS):
            while not (found := what()):
                await self._heard.wait()
                self._heard.clear()
            return found

    def state(self, kind: str, name: str, condition: str) -> tuple[str, str] | None:
        """(status, reason) of a condition."""
        for each in self.cluster.status(kind, f"shop/{name}").get("conditions", ()):
            if each["type"] == condition:
                return each["status"], each["reason"]
        return None

    async def reaches(self, kind: str, name: str, condition: str, *state: str) -> None:
        """Wait for a condition."""
        await self.until(lambda: self.state(kind, name, condition) == state)
