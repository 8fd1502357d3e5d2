"""Names to addresses, in threads, so that a dead name server delays nobody but those who ask for its names.

A lookup cannot be cancelled and may hang for half a minute. So each host has at most one lookup under way, shared by all
who ask; threads are shared out by namespace and webhook (`core.shares`); a host whose last lookup failed or was slow is
looked up in a smaller set of threads of its own; and the event loop's default executor is not used.
Must not: judge addresses (`connector` asks the egress policy).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence

from hookwright import limits
from hookwright.core.shares import Shares, namespace_of
from hookwright.outbound import failures, hosts_file
from hookwright.outbound.places import place

Lookup = Callable[[str], Sequence[str]]
"""Blocks; a host name to its addresses as text, in order of preference. Raises OSError or UnicodeError."""

_Found = tuple[str, ...] | Exception


def system_lookup(host: str) -> list[str]:
    """Ask the system. The name is absolute (a dot at its end), so no search list is tried (SPEC 5).

    With that dot the system does not look into its hosts file, so we do, first, as it would.
    """
    if listed := hosts_file.addresses(host):
        return listed
    found = socket.getaddrinfo(f"{host}.", 443, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Resolves names through `lookup`, and remembers an answer for `remember` seconds."""

    def __init__(self, lookup: Lookup = system_lookup, *, remember: float = limits.RESOLVED_SECONDS) -> None:
        self._lookup = lookup
        self._seconds = remember
        self._waiting: dict[tuple[str, str], asyncio.Task[_Found]] = {}
        """By host and namespace: each namespace waits for a thread of its own share."""
        self._running: dict[str, asyncio.Future[_Found]] = {}
        self._recent: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._suspects: set[str] = set()
        self._threads = Shares(limits.RESOLVER_THREADS)
        self._suspect_threads = Shares(limits.RESOLVER_SUSPECT_THREADS)

    async def addresses(self, host: str, webhook: str) -> tuple[str, ...]:
        """All addresses of `host`, at least one; `webhook` (`namespace/name`) asks. Raises SendError(DNS)."""
        known = self._known(host)
        if known is not None:
            return known
        asked = host, namespace_of(webhook)
        task = self._waiting.get(asked)
        if task is None:
            task = self._waiting[asked] = asyncio.create_task(self._resolve(asked, webhook))
        found = await asyncio.shield(task)  # one who gives up must not take it from the others
        if isinstance(found, Exception):
            raise failures.resolving(host, found) from found
        return found

    def _known(self, host: str) -> tuple[str, ...] | None:
        known = self._recent.get(host)
        return known[1] if known is not None and known[0] > asyncio.get_running_loop().time() else None

    async def close(self) -> None:
        """Give up all lookups. Their threads are daemons and end by themselves."""
        tasks = list(self._waiting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _resolve(self, asked: tuple[str, str], webhook: str) -> _Found:
        """Returns an exception: a raised one that nobody waits for would be reported by the loop."""
        host, _ = asked
        try:
            if host in self._running:
                return await self._running[host]
            async with place(self._suspect_threads if host in self._suspects else self._threads, webhook):
                if host in self._running:  # by another namespace meanwhile
                    return await self._running[host]
                return self._known(host) or await self._look_up(host)
        except asyncio.CancelledError:
            return OSError(0, "the sender stops")  # by `close`: those who wait were not cancelled themselves
        finally:
            del self._waiting[asked]

    async def _look_up(self, host: str) -> _Found:
        loop = asyncio.get_running_loop()
        started = loop.time()
        running = self._running[host] = self._in_thread(loop, host)
        try:
            found = await asyncio.shield(running)
        finally:
            del self._running[host]
        self._judge(host, found, loop.time() - started)
        if not isinstance(found, Exception):
            self._remember(host, found, loop.time() + self._seconds)
        return found

    def _in_thread(self, loop: asyncio.AbstractEventLoop, host: str) -> asyncio.Future[_Found]:
        future: asyncio.Future[_Found] = loop.create_future()

        def settle(found: _Found) -> None:
            if not future.done():
                future.set_result(found)

        def work() -> None:
            found: _Found
            try:
                found = tuple(self._lookup(host)) or OSError(0, "it has no address")
            except Exception as error:
                found = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, found)

        try:
            threading.Thread(target=work, name="resolver", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            settle(error)
        return future

    def _judge(self, host: str, found: _Found, seconds: float) -> None:
        if not isinstance(found, Exception) and seconds < limits.RESOLVER_SLOW_SECONDS:
            self._suspects.discard(host)
        elif len(self._suspects) < limits.RESOLVER_HOSTS:
            self._suspects.add(host)

    def _remember(self, host: str, found: tuple[str, ...], until: float) -> None:
        if len(self._recent) >= limits.RESOLVER_HOSTS:
            self._recent.clear()
        self._recent[host] = (until, found)
