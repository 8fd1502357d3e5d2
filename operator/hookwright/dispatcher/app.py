"""The dispatcher as a whole: builds the object graph in one function, starts it, keeps it, drains it.

Everything it needs comes from `Settings` and the folder of configuration: no Kubernetes API, no token for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from hookwright.api.admin import TestRun
from hookwright.api.config import DispatchConfig
from hookwright.core.addresses import parse_address
from hookwright.core.hosts import HostGuard, is_loopback
from hookwright.core.keys import Keys
from hookwright.core.parts import Parts
from hookwright.core.records import Action, AttemptRecord, Finish
from hookwright.dispatcher.background import Background
from hookwright.dispatcher.clock import Clock
from hookwright.dispatcher.configuration.follower import Follower
from hookwright.dispatcher.configuration.loader import Loader
from hookwright.dispatcher.dead_letters import DeadLetters
from hookwright.dispatcher.delivery.accept import Acceptor
from hookwright.dispatcher.delivery.attempt import Pipeline
from hookwright.dispatcher.delivery.lanes import Lanes
from hookwright.dispatcher.delivery.ownership import Ownership
from hookwright.dispatcher.delivery.under_way import UnderWay
from hookwright.dispatcher.direct import Direct
from hookwright.dispatcher.files import open_files
from hookwright.dispatcher.invocation_views import InvocationViews
from hookwright.dispatcher.memory import give_large_blocks_back, settle
from hookwright.dispatcher.ports.admin import admin_app
from hookwright.dispatcher.ports.crowd import Memory
from hookwright.dispatcher.ports.ingest import Ingest
from hookwright.dispatcher.ports.server import Listener
from hookwright.dispatcher.ports.tokens import Tokens
from hookwright.dispatcher.ports.waiting import Waiting
from hookwright.dispatcher.rounds import Rounds
from hookwright.dispatcher.sender import make_sender
from hookwright.dispatcher.settings import Settings
from hookwright.dispatcher.testruns import TestRequest, TestRunner
from hookwright.dispatcher.views import Views
from hookwright.dispatcher.workbench import Workbench
from hookwright.errors import StoreWaits, UsageError
from hookwright.inbound.names import called_by
from hookwright.limits import (
    ADMIN_MEMORY_BYTES,
    ATTEMPTS,
    AUTHORITIES_LOOK_SECONDS,
    DIRECT_RUNS,
    FOLDER_LOOK_SECONDS,
    INGEST_MEMORY_BYTES,
    SHOWN_SECONDS,
    STORE_FLUSH_SECONDS,
    STORE_OPEN_SECONDS,
)
from hookwright.outbound.port import StandIn
from hookwright.store.opening import open_store
from hookwright.store.port import Retention, Store
from hookwright.telemetry.loop_watch import LoopWatch
from hookwright.telemetry.metrics import Metrics, Observed
from hookwright.telemetry.record import AttemptDetails

log = structlog.get_logger()


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
    """One dispatcher process. `observe` is told of every attempt (the log line); metrics are always kept.

    `stand_in`: a receiver that every connection is led to (`dev --sink`).
    """

    def __init__(
        self,
        settings: Settings,
        observe: Callable[[AttemptDetails], None],
        stand_in: StandIn | None = None,
    ) -> None:
        self._settings = settings
        self._stand_in = stand_in
        self._observe = observe
        self._clock = Clock()
        self._metrics = Metrics(data_kept=settings.data_kept)
        self._loop_watch = LoopWatch(self._metrics.loop_stopped)
        self._background = Background(failed=self._metrics.round_failed, end=self._fail)
        self._stopping, self._hurried = asyncio.Event(), asyncio.Event()
        self._scrape: asyncio.Task[bytes] | None = None
        self._store: Store | None = None
        self.remark: str | None = None
        """See `ports.admin.Probes`."""
        self.failure: BaseException | None = None
        """Why the dispatcher ends by itself, if it does."""

    async def start(self, config: DispatchConfig | None = None) -> None:
        """Open the store, load the configuration, listen. Raises UsageError, StoreError.

        With a `config` no folder of configuration is read or watched; `use` gives the next one.
        """
        settings, clock = self._settings, self._clock
        self._tokens, hosts = _tokens(settings), HostGuard(called_by(settings.ingest_hosts))
        admin_tokens, readers = _admin_tokens(settings), _readers(settings)
        files = open_files()
        self._sender = make_sender(settings, self._stand_in)
        make_data_folder(settings.data)
        if not settings.data_kept:
            log.warning(
                "data.not_kept", reason="What waits, dead letters and the history are lost with the pod."
            )
        self._waiting = Waiting()
        self._loop_watch.start()
        settle()
        give_large_blocks_back()
        memory = Memory(INGEST_MEMORY_BYTES)
        self._events = Listener(
            self._waiting,
            *parse_address(settings.listen),
            places=files.ingest,
            backlog=files.backlog,
            memory=memory,
        )
        self._admin = Listener(
            self._waiting, *parse_address(settings.admin), places=files.admin, memory=Memory(ADMIN_MEMORY_BYTES)
        )  # fmt: skip
        store = await self._open_store()
        if store is None:
            return
        work = store.work
        pipeline = Pipeline(clock)
        under_way = UnderWay(settings.data / "under-way")
        self._lanes = Lanes(
            work, pipeline, clock, self._background, bodies=settings.history_bodies, observe=self._observed,
            under_way=under_way, attempts=_attempts(files.outgoing),
        )  # fmt: skip
        self._store = store
        self._ownership = Ownership(
            store, self._lanes, clock, self._background, self._remember_of, self._remove_others
        )
        found = await self._ownership.first()
        keys = Keys(found.slot, found.high_key, clock.now_ms)
        self._acceptor = Acceptor(work, self._lanes, keys, clock, room=settings.room)
        self._loader = Loader(self._lanes, self._acceptor, self._sender, clock, self._background)
        self._runner = TestRunner(
            pipeline, self._sender, clock, keys, work.tag, former=self._loader.former,
            bodies=settings.history_bodies, keep=self._keep, turn=self._lanes.turn,
        )  # fmt: skip
        retry = "kubectl hookwright retry" if config is None else "hookwright retry"
        views = Views(store.history, self._lanes, self._loader, clock, work, retry=retry)
        self._direct = Direct(
            work, self._lanes, self._loader, pipeline, self._runner, keys, clock, settings.history_bodies,
            self._keep, views.state, forgives=config is not None,
        )  # fmt: skip
        letters = DeadLetters(store.history, self._lanes, clock, work.tag)
        invocations = InvocationViews(store.history, self._lanes, under_way, clock, work.tag)
        self._metrics.watch(self._look)
        self._follower = Follower(
            settings.config, settings.last_good, self._loader, self._metrics.configuration_refused
        )
        if config is not None:
            await self.use(config)
        else:
            await self._follower.first()
        ingest = Ingest(
            self._acceptor, self._direct, clock, tokens=self._tokens, hosts=hosts, rate=settings.ingest_rate,
            processes=lambda: work.processes, memory=memory, count=self._metrics.answered,
        )  # fmt: skip
        self._events.serve(ingest)
        workbench = Workbench(self._loader, invocations, self._direct.places, clock)
        api = admin_app(
            views, invocations, letters, self._direct, self, workbench=workbench, tokens=admin_tokens,
            readers=readers, hosts=hosts,
        )  # fmt: skip
        self._admin.serve(api)
        await self._listen()
        self._rounds = Rounds(
            store, self._lanes, self._loader.former, clock, strays=self._metrics.strays,
            pruned=self._metrics.pruned,
        )  # fmt: skip
        self._rounds.run(self._background)
        self._ownership.run()
        self._background.every("shown", SHOWN_SECONDS, views.exchange)
        if settings.egress_ca_file:
            self._background.every("authorities", AUTHORITIES_LOOK_SECONDS, self._read_authorities)
        if config is None:
            self._background.every("configuration", FOLDER_LOOK_SECONDS, self._follower.follow)

    async def _open_store(self) -> Store | None:
        """The store. While it cannot be used that is said on both ports and tried again; None: told to stop meanwhile."""
        while not self._stopping.is_set():
            try:
                return await self._opened()
            except StoreWaits as error:
                if self._waiting.reason != str(error):
                    log.warning("store.waits", reason=str(error))
                self._waiting.reason = str(error)
                await self._listen()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), STORE_OPEN_SECONDS)
        return None

    async def _opened(self) -> Store:
        store = await open_store(self._settings.place, retention=_retention(self._settings))
        try:
            await store.upkeep.clamp(now=self._clock.now_ms(), parts=store.work.own)
        except StoreWaits:
            await store.history.close()
            await store.work.close()
            raise
        return store

    async def _listen(self) -> None:
        await self._admin.start()
        await self._events.start()

    @property
    def addresses(self) -> tuple[tuple[str, int], tuple[str, int]]:
        """Where events and the admin API are served."""
        return self._events.address, self._admin.address

    async def _read_authorities(self) -> None:
        if await self._sender.read_authorities():
            log.info("authorities.loaded", files=[str(each) for each in self._settings.egress_ca_file])

    async def use(self, config: DispatchConfig) -> None:
        """Put a configuration in force and keep it as the last good one."""
        await self._follower.use(config)

    async def test(self, request: TestRequest) -> TestRun:
        """Run a WebhookTest (`dev` plays the controller)."""
        return await self._runner.run(request)

    async def _remember_of(self, parts: Parts) -> None:
        await self._rounds.remember_of(parts)

    async def _remove_others(self) -> None:
        await self._loader.remove_others()

    # --- what is told ------------------------------------------------------------------------------

    async def ready(self) -> str | None:
        """See `ports.admin.Probes`."""
        if self._stopping.is_set():
            return "The dispatcher is shutting down."
        if self._loader.config is None:
            return "There is no complete configuration yet."
        refused = None if self._tokens is None else self._tokens.trouble(self._clock.monotonic())
        if refused is not None:
            return f"No event is taken: {refused}"
        assert self._store is not None
        self.remark = await self._store.work.ping()
        return None

    async def metrics(self) -> bytes:
        """See `ports.admin.Probes`. Who asks while it is being written gets the same."""
        if self._scrape is None or self._scrape.done():
            self._metrics.look()
            self._scrape = asyncio.create_task(asyncio.to_thread(self._metrics.exposition))
        return await asyncio.shield(self._scrape)

    def _look(self) -> Observed:
        assert self._store is not None
        loader, own = self._loader, self._store.work.own
        return Observed(
            lanes=self._lanes.of(own),
            webhooks=loader.webhooks,
            config_hash=None if loader.config is None else loader.config.hash,
            loaded_at=loader.loaded_at,
            stats=self._store.upkeep.stats(),
            slowest=self._loop_watch.slowest(),
            shares=self._lanes.shares,
            room=self._settings.room,
            parts=len(own),
        )

    def _observed(self, details: AttemptDetails) -> None:
        self._metrics.attempted(details)
        self._observe(details)

    def _keep(self, record: AttemptRecord) -> None:
        """Put the record of a Manual call or test into the history."""
        assert self._store is not None
        finish = Finish(key=record.delivery_key, route=record.route, action=Action.ACK, record=record)
        self._background.spawn("record", self._background.guard("record", self._store.work.finish([finish])))

    # --- life ----------------------------------------------------------------------------------------

    def _fail(self, error: BaseException) -> None:
        """What the process cannot go on with; see `background`."""
        self.failure = error
        log.error("dispatcher.failed", reason=repr(error))
        self._stopping.set()
        self._hurried.set()

    def request_stop(self) -> None:
        """Begin to shut down (SIGTERM); asked a second time, wait neither for attempts under way nor for who still sends."""
        if self._stopping.is_set():
            self._hurried.set()
            if self._store is not None:
                self._lanes.abort()
        self._stopping.set()

    async def run(self) -> None:
        """Until a stop is requested, then drain: no new attempts; events are still stored while attempts end."""
        await self._stopping.wait()
        await self.stop()

    async def stop(self) -> None:
        """Drain and close (SPEC 5, Drain)."""
        self._stopping.set()
        store = self._store
        if store is not None:
            self._direct.closing = True
            self._events.retire()
            self._background.spawn("parts", store.work.retire())
            await asyncio.gather(self._lanes.drain(self._settings.drain_timeout), self._linger())
        await self._events.close()
        await self._admin.close()
        if store is not None:
            self._acceptor.closed = True
            await self._close(store)
        await self._sender.close()
        self._loop_watch.close()

    async def _linger(self) -> None:
        """As long as some still send here who have not heard that it ends."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurried.wait(), self._settings.drain_delay)

    async def _close(self, store: Store) -> None:
        await self._background.close()
        await self._background.guard(
            "remember", asyncio.wait_for(self._ownership.remember(), STORE_FLUSH_SECONDS)
        )
        self._lanes.close()
        await store.history.close()
        await store.work.close()


def _tokens(settings: Settings) -> Tokens | None:
    if settings.token_file is not None:
        return Tokens(settings.token_file)
    if settings.ingest_auth == "none":
        return None
    raise UsageError(
        "There is no ingest token: set HOOKWRIGHT_TOKEN_FILE, or HOOKWRIGHT_INGEST_AUTH=none to take events from anybody."
    )


def _attempts(connections: int) -> int:
    """How many may be under way: what the limit of open files leaves beside Manual calls and tests."""
    return min(ATTEMPTS, max(DIRECT_RUNS, connections - DIRECT_RUNS))


def _admin_tokens(settings: Settings) -> Tokens | None:
    if settings.admin_token_file is not None:
        return Tokens(settings.admin_token_file)
    if is_loopback(parse_address(settings.admin)[0]):
        return None
    raise UsageError(
        f"There is no admin token, and {settings.admin} can be reached by others: set HOOKWRIGHT_ADMIN_TOKEN_FILE, or "
        "HOOKWRIGHT_ADMIN to an address such as 127.0.0.1:8081."
    )


def _retention(settings: Settings) -> Retention:
    return Retention(
        history_seconds=int(settings.history_age),
        history_bytes=settings.history_bytes,
        dead_letter_seconds=int(settings.dead_letters_age),
        dead_letter_bytes=settings.dead_letters_bytes,
    )


def _readers(settings: Settings) -> Tokens | None:
    if settings.admin_read_token_file is None:
        return None
    if settings.admin_token_file is None:
        raise UsageError(
            "HOOKWRIGHT_ADMIN_READ_TOKEN_FILE goes with an admin token: set HOOKWRIGHT_ADMIN_TOKEN_FILE as well."
        )
    return Tokens(settings.admin_read_token_file)
