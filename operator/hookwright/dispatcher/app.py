"""The dispatcher as a whole: builds the object graph in one function, starts it, keeps it, drains it.

Everything it needs comes from `Settings` and the folder of configuration: no Kubernetes API, no token for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import Callable
from pathlib import Path

import structlog
from watchfiles import awatch

from hookwright import __version__
from hookwright.api.admin import TestRun
from hookwright.api.config import DispatchConfig
from hookwright.core.egress import EgressPolicy
from hookwright.dispatcher import config_folder
from hookwright.dispatcher.accept import Acceptor
from hookwright.dispatcher.admin import admin_app
from hookwright.dispatcher.attempt import Pipeline
from hookwright.dispatcher.backend import Backend
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.hosts import HostGuard
from hookwright.dispatcher.ingest import Ingest
from hookwright.dispatcher.keys import Keys
from hookwright.dispatcher.lanes import Lanes
from hookwright.dispatcher.loader import Loader
from hookwright.dispatcher.server import Listener
from hookwright.dispatcher.settings import Settings, parse_address, parse_connect_to
from hookwright.dispatcher.testruns import TestRequest, TestRunner
from hookwright.dispatcher.tokens import Tokens
from hookwright.dispatcher.upkeep import Upkeep
from hookwright.errors import ConfigurationError, UsageError
from hookwright.outbound.sender import HttpSender
from hookwright.store.port import Retention
from hookwright.store.sqlite.reader import SqliteHistory
from hookwright.store.sqlite.writer import SqliteStore
from hookwright.telemetry.metrics import Metrics
from hookwright.telemetry.record import AttemptDetails

log = structlog.get_logger()
_CONFIG_CHECK_MS = 5_000  # a change that the watch missed is seen this much later
_CONFIG_MISSING_SECONDS = 1.0  # between two looks for a folder that is not there


def make_sender(settings: Settings) -> HttpSender:
    """The one sender, as the egress settings say. Raises UsageError with one sentence."""
    try:
        policy = EgressPolicy(settings.egress_allow, settings.egress_allow_hosts, settings.egress_deny_hosts)
        connect_to = dict(parse_connect_to(text) for text in settings.egress_connect_to)
        return HttpSender(
            policy,
            connect_to=connect_to,
            ca_files=settings.egress_ca_file,
            user_agent=f"hookwright/{__version__}",
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    except (ConfigurationError, OSError) as error:
        raise UsageError(f"egress.caFile: {error}") from error


def make_data_folder(path: Path) -> None:
    """Make the folder of the store. Raises UsageError with one sentence."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{path}: the data folder cannot be a file; name another one.") from None
    except OSError as error:
        raise UsageError(
            f"{path}: the data folder cannot be made ({error.strerror}); name another one."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: the data folder cannot be written; make it writable, or name another one.")


class Dispatcher:
    """One dispatcher process. `observe` is told of every attempt (the log line); metrics are always kept."""

    def __init__(self, settings: Settings, observe: Callable[[AttemptDetails], None]) -> None:
        self._settings = settings
        self._observe = observe
        self._clock = Clock()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self.failure: BaseException | None = None
        """Why the dispatcher ends by itself, if it does."""

    async def start(self, config: DispatchConfig | None = None) -> None:
        """Open the store, load the configuration, listen. Raises UsageError, StoreError.

        With a `config` no folder of configuration is read or watched; `use` gives the next one.
        """
        settings, clock = self._settings, self._clock
        tokens = _tokens(settings)
        admin_tokens = Tokens(settings.admin_token_file) if settings.admin_token_file else None
        self._sender = make_sender(settings)
        make_data_folder(settings.data)
        self._store = SqliteStore.open(settings.data, retention=_retention(settings))
        self._history = SqliteHistory(settings.data)
        await self._store.clamp(now=clock.now_ms())
        counts, remembered, highest = await self._history.recovered()
        keys = Keys(highest, clock.now_ms)
        self._metrics = Metrics()
        pipeline = Pipeline(clock)
        self._lanes = Lanes(
            self._store, pipeline, clock, bodies=settings.history_bodies, observe=self._observed
        )
        for key, stored in remembered.items():
            lane = self._lanes.lane(key)
            lane.gone_mark, lane.deleted_at_ms = stored.gone, stored.deleted_at
            lane.last_success_ms, lane.last_failure_ms = stored.last_success, stored.last_failure
            lane.consecutive_failures = stored.consecutive_failures
        for key, count in counts.items():
            lane = self._lanes.lane(key)
            lane.waiting, lane.waiting_bytes, lane.dead = count.waiting, count.waiting_bytes, count.dead
            lane.more = count.waiting > 0
            self._lanes.waiting += count.waiting
            self._lanes.waiting_bytes += count.waiting_bytes
        self._acceptor = Acceptor(
            self._store, self._lanes, keys, clock, backlog_webhook=settings.backlog_webhook,
            backlog_total=settings.backlog_total, backlog_bytes=settings.backlog_bytes,
        )  # fmt: skip
        self.loader = Loader(self._lanes, self._acceptor, self._sender, clock)
        self._runner = TestRunner(
            pipeline, self._sender, clock, keys, self._store.tag, former=self.loader.former, bodies=settings.history_bodies,
            keep=lambda record: self._backend.keep(record),
        )  # fmt: skip
        self._backend = Backend(
            self._store, self._history, self._lanes, self.loader, pipeline, self._runner, keys, clock,
            self._metrics, settings.history_bodies,
        )  # fmt: skip
        self._metrics.watch(self._lanes, self.loader, self._store)
        if config is not None:
            await self.loader.load(config)
        else:
            seen = await self._first_configuration()
        hosts = HostGuard(settings.ingest_hosts)
        ingest = Ingest(
            self._acceptor, self._backend, clock, tokens=tokens, hosts=hosts, rate=settings.ingest_rate,
            count=self._metrics.answered,
        )  # fmt: skip
        self._events = Listener(ingest, *parse_address(settings.listen))
        self._admin = Listener(
            admin_app(self._backend, tokens=admin_tokens, hosts=hosts), *parse_address(settings.admin)
        )
        await self._admin.start()
        await self._events.start()
        upkeep = Upkeep(
            self._store, self._history, self._lanes, self.loader, clock, strays=self._metrics.strays,
            pruned=self._metrics.pruned,
        )  # fmt: skip
        self.upkeep = upkeep
        if config is None:
            self._spawn(self._watch_configuration(seen))
        self._spawn(upkeep.run())
        _settle_memory()

    @property
    def addresses(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Where events and the admin API are served."""
        return self._events.address, self._admin.address

    def _observed(self, details: AttemptDetails) -> None:
        self._metrics.attempted(details)
        self._observe(details)

    # --- configuration -----------------------------------------------------------------------------

    async def _first_configuration(self) -> str | None:
        """The folder's, or the last good one's. Without either it starts all the same and answers 503.

        The stamp of what was loaded from the folder.
        """
        stamp = config_folder.stamp(self._settings.config)
        try:
            await self.use(await asyncio.to_thread(config_folder.read, self._settings.config))
        except ConfigurationError as error:
            log.warning("configuration.refused", reason=str(error))
            if stamp is not None:
                self.loader.problem = str(error)
        else:
            return stamp
        if self._settings.last_good is not None:
            try:
                await self.loader.load(await asyncio.to_thread(config_folder.read, self._settings.last_good))
            except ConfigurationError as error:
                log.warning("configuration.refused", reason=str(error))
        return None

    async def use(self, config: DispatchConfig) -> None:
        """Put a configuration in force and keep it as the last good one."""
        await self.loader.load(config)
        self.loader.problem = None
        if self._settings.last_good is None:
            return
        try:
            await asyncio.to_thread(config_folder.write, self._settings.last_good, config)
        except OSError as error:
            log.warning("configuration.not_kept", folder=str(self._settings.last_good), reason=error.strerror)

    async def test(self, request: TestRequest) -> TestRun:
        """Run a WebhookTest (`dev` plays the controller)."""
        return await self._runner.run(request)

    async def _watch_configuration(self, seen: str | None) -> None:
        """`seen`: the stamp of what is in force."""
        folder: Path = self._settings.config
        while not self._stopping.is_set():
            try:
                async for _ in awatch(
                    folder,
                    stop_event=self._stopping,
                    rust_timeout=_CONFIG_CHECK_MS,
                    yield_on_timeout=True,
                    debounce=200,
                ):
                    seen = await self._look(folder, seen)
            except FileNotFoundError:  # the folder itself is not there yet
                await asyncio.sleep(_CONFIG_MISSING_SECONDS)
                seen = await self._look(folder, seen)

    async def _look(self, folder: Path, seen: str | None) -> str | None:
        """Put what is in the folder in force, if it is new; the stamp of what is in force."""
        stamp = config_folder.stamp(folder)
        if stamp is None:
            return seen
        if stamp == seen:
            self.loader.problem = None
            return seen
        try:
            await self.use(await asyncio.to_thread(config_folder.read, folder))
        except ConfigurationError as error:
            self._metrics.configuration_refused()
            log.warning("configuration.refused", reason=str(error))
            self.loader.problem = str(error)
            return seen
        log.info("configuration.loaded", webhooks=len(self.loader.webhooks))
        return stamp

    # --- life ----------------------------------------------------------------------------------------

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A background task that ends with an error ends the process: half a dispatcher is worse than none."""
        if not task.cancelled() and task.exception() is not None:
            self.failure = task.exception()
            log.error("dispatcher.failed", reason=repr(self.failure))
            self._stopping.set()

    def request_stop(self) -> None:
        """Begin to shut down (SIGTERM); asked a second time, do not wait for the attempts under way."""
        if self._stopping.is_set():
            self._lanes.abort()
        self._stopping.set()

    async def run(self) -> None:
        """Until a stop is requested, then drain: no new attempts, events are still stored while attempts end."""
        await self._stopping.wait()
        await self.stop()

    async def stop(self) -> None:
        """Drain and close (SPEC 5, Drain)."""
        self._stopping.set()
        self._backend.closing = True
        await self._lanes.drain(self._settings.drain_timeout)
        self._acceptor.closed = True
        await self._events.close()
        await self._admin.close()
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.upkeep.remember()
        self.loader.close()
        await self._sender.close()
        await self._history.close()
        await self._store.close()


def _tokens(settings: Settings) -> Tokens | None:
    if settings.token_file is not None:
        return Tokens(settings.token_file)
    if settings.ingest_auth == "none":
        return None
    raise UsageError(
        "There is no ingest token: set HOOKWRIGHT_TOKEN_FILE, or HOOKWRIGHT_INGEST_AUTH=none to take events from anybody."
    )


def _settle_memory() -> None:
    """Leave what start-up made out of garbage collection, and collect less often.

    A delivery makes next to no cycles; going through all modules and routes for it stopped the loop for tens of
    milliseconds every second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _retention(settings: Settings) -> Retention:
    return Retention(
        history_seconds=int(settings.history_age),
        history_bytes=settings.history_bytes,
        dead_letter_seconds=int(settings.dead_letters_age),
        dead_letter_bytes=settings.dead_letters_bytes,
    )


logging.getLogger("watchfiles").setLevel(logging.WARNING)
