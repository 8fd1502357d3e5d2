"""The bare pipeline to compare with: the same HTTP server and the same sender, and nothing else.

No store, no template, no bookkeeping: an event is answered at once and sent on as it came.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import uvloop

from hookwright.core.egress import EgressPolicy
from hookwright.dispatcher.ports.server import Listener
from hookwright.outbound.port import TlsSettings
from hookwright.outbound.sender import HttpSender


async def serve(ca_file: Path, port: int) -> None:
    """Until the process is ended."""
    sender = HttpSender(
        EgressPolicy(), connect_to={"bench.test": ("127.0.0.1", port)}, ca_files=[ca_file], user_agent="bare"
    )
    pool = sender.pool(TlsSettings(), "default/one")
    gate = asyncio.Semaphore(256)
    tasks: set[asyncio.Task[None]] = set()
    headers = (("content-type", "application/json"),)

    async def send_on(body: bytes) -> None:
        async with gate:
            await sender.send(pool, "POST", "https://bench.test/hook", headers, body, timeout=15.0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        task = asyncio.create_task(send_on(message["body"]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})

    listener = Listener(app, "127.0.0.1", 0)
    await listener.start()
    print(f"http://127.0.0.1:{listener.address[1]}/v1/events Admin: http://127.0.0.1:0", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
