"""Which configuration a dispatcher has in force after a start and after a change, and what it says of a refused one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from hookwright.api.config import DispatchConfig
from hookwright.dispatcher.app import Dispatcher
from hookwright.dispatcher.configuration.config_folder import write
from hookwright.dispatcher.settings import Settings

Look = Callable[[], Awaitable[tuple[str | None, str | None]]]
SECONDS = 20.0


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Look]:
    """A dispatcher over `config` and `last` of this folder; how to ask its summary: (configHash, configProblem)."""
    settings = Settings(
        listen="127.0.0.1:0", admin="127.0.0.1:0", data=folder / "data", config=folder / "config",
        last_good=folder / "last", ingest_auth="none",
    )  # fmt: skip
    dispatcher = Dispatcher(settings, lambda details: None)
    await dispatcher.start()
    host, port = dispatcher.addresses[1]
    async with httpx.AsyncClient(trust_env=False) as client:

        async def look() -> tuple[str | None, str | None]:
            summary = (await client.get(f"http://{host}:{port}/admin/v1/summary")).json()
            return summary["configHash"], summary["configProblem"]

        yield look
    await dispatcher.stop()


async def until(look: Look, config_hash: str | None, problem: str | None) -> None:
    """Ask until the summary has this hash and a problem with this text in it, or none."""
    async with asyncio.timeout(SECONDS):
        while True:
            found, said = await look()
            if found == config_hash and (said is None if problem is None else problem in (said or "")):
                return


async def test_what_was_loaded_at_the_start_serves_after_a_restart_with_a_broken_folder(
    tmp_path: Path,
) -> None:
    """The first configuration is kept as the last good one too; that the folder is refused is said."""
    write(tmp_path / "config", DispatchConfig(hash="one", webhooks=[]))
    async with running(tmp_path) as look:
        assert await look() == ("one", None)
    (tmp_path / "config" / "part-0").write_bytes(b"very-secret-value")
    async with running(tmp_path) as look:
        found, problem = await look()
        assert found == "one"
        assert problem is not None
        assert "do not agree" in problem
        assert "very-secret-value" not in problem


async def test_parts_that_come_later_than_their_manifest_are_loaded(tmp_path: Path) -> None:
    """Also when the manifest was there at the start, and another configuration runs meanwhile."""
    write(tmp_path / "last", DispatchConfig(hash="one", webhooks=[]))
    write(tmp_path / "config", DispatchConfig(hash="two", webhooks=[]))
    late = tmp_path / "config" / "part-0"
    content = late.read_bytes()
    late.unlink()
    async with running(tmp_path) as look:
        await until(look, "one", "part-0 is not there")
        late.write_bytes(content)
        await until(look, "two", None)


async def test_a_refused_change_is_said_until_there_is_a_good_one(tmp_path: Path) -> None:
    """What ran goes on; a new configuration, or the folder as it was, ends the complaint."""
    write(tmp_path / "config", DispatchConfig(hash="one", webhooks=[]))
    manifest = tmp_path / "config" / "manifest.json"
    good = manifest.read_bytes()
    async with running(tmp_path) as look:
        manifest.write_bytes(b"{")
        await until(look, "one", "cannot be read")
        manifest.write_bytes(good)
        await until(look, "one", None)
        manifest.write_bytes(b"{")
        await until(look, "one", "cannot be read")
        write(tmp_path / "config", DispatchConfig(hash="two", webhooks=[]))
        await until(look, "two", None)


async def test_a_folder_that_is_still_empty_is_no_refusal(tmp_path: Path) -> None:
    """A new installation waits for its controller."""
    async with running(tmp_path) as look:
        assert await look() == (None, None)
