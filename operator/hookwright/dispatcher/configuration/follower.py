"""Keeps up with the folder of configuration: the first one at the start, each change, the last good one kept.

Must not: put a configuration in force itself (`loader`), decide what a folder holds (`config_folder`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path

import structlog

from hookwright.api.config import DispatchConfig
from hookwright.core.config_reader import Reader
from hookwright.dispatcher.configuration import config_folder
from hookwright.dispatcher.configuration.folder_changes import folder_changes
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.memory import growing
from hookwright.errors import ConfigurationError

log = structlog.get_logger()


class Follower:
    """`refused` is called with every configuration that is not put in force (metrics)."""

    def __init__(
        self, folder: Path, last_good: Path | None, loader: Loader, refused: Callable[[], None]
    ) -> None:
        self._folder, self._last_good, self._loader, self._refused = folder, last_good, loader, refused
        self._reader = Reader()
        self._seen: str | None = None
        """The stamp of what is in force."""

    async def first(self) -> None:
        """The folder's, or the last good one's. Without either there is none yet, and events are 503."""
        stamp = config_folder.stamp(self._folder)
        try:
            await self._use_folder()
        except ConfigurationError as error:
            log.warning("configuration.refused", reason=str(error))
            if stamp is not None:
                self._loader.problem = str(error)
        else:
            self._seen = stamp
            return
        if self._last_good is not None:
            try:
                with growing():
                    config = await asyncio.to_thread(config_folder.read, self._last_good, self._reader)
                    await self._loader.load(config)
            except ConfigurationError as error:
                log.warning("configuration.refused", reason=str(error))

    async def use(self, config: DispatchConfig) -> None:
        """Put a configuration in force and keep it as the last good one."""
        with growing():
            await self._loader.load(config)
        await self._in_force(partial(config_folder.write, config=config))

    async def _use_folder(self) -> None:
        with growing():
            config, files = await asyncio.to_thread(config_folder.read_files, self._folder, self._reader)
            await self._loader.load(config)
        await self._in_force(partial(config_folder.keep, files=files))

    async def _in_force(self, keep: Callable[[Path], None]) -> None:
        """What is in force now is the last good one."""
        self._loader.problem = None
        if self._last_good is None:
            return
        try:
            await asyncio.to_thread(keep, self._last_good)
        except OSError as error:
            log.warning("configuration.not_kept", folder=str(self._last_good), reason=error.strerror)

    async def follow(self) -> None:
        """Look whenever the folder may have changed, until cancelled."""
        async with aclosing(folder_changes(self._folder)) as ticks:
            async for _ in ticks:
                await self.look()

    async def look(self) -> None:
        """Put what is in the folder in force, if it is new."""
        stamp = config_folder.stamp(self._folder)
        if stamp is None:
            return
        if stamp == self._seen:
            self._loader.problem = None
            return
        try:
            await self._use_folder()
        except ConfigurationError as error:
            self._refused()
            if self._loader.problem != str(error):
                log.warning("configuration.refused", reason=str(error))
            self._loader.problem = str(error)
            return
        self._seen = stamp
        log.info("configuration.loaded", webhooks=len(self._loader.webhooks))
