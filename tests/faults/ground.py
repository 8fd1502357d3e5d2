"""What a round of any bench stands on: sender and target as processes, webhooks, and the judge.

Must not: import the product, know how many dispatchers there are, or decide by a clock that a busy machine changes: what
is waited for may take minutes, what is judged are counts.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from faults.dispatcher import START_SECONDS, Dispatcher
from faults.ledger import Ledger, Lines, Verdict
from faults.processes import HERE, Talker
from rig import throwaway_ca, until

HOST = "target.test"
IN_FLIGHT = 16  # of each webhook
STALL_SECONDS = 90.0  # without progress, after which nothing will come by itself: longer than a circuit waits


@dataclass(frozen=True)
class Size:
    """How large a round is."""

    kills: int
    moves: int
    """Of webhooks from one dispatcher to another, each some seconds long."""
    rate: int
    """Events a second offered."""
    seconds: float
    """Of load in one step of a scenario."""
    stop: float
    """Seconds of SIGSTOP."""
    waiting: int
    """Deliveries waiting at a restart."""


SHORT = Size(kills=3, moves=2, rate=200, seconds=1.5, stop=4, waiting=20_000)
LONG = Size(kills=40, moves=5, rate=600, seconds=5, stop=30, waiting=50_000)


class Ground:
    """What scenarios of one dispatcher and of several speak to alike. `doors`: where the target listens too."""

    def __init__(
        self, folder: Path, verdict: Verdict, size: Size, chance: random.Random, doors: Sequence[str]
    ) -> None:
        self.folder, self.verdict, self.size, self.chance = folder, verdict, size, chance
        self.check = verdict.check
        self.dispatchers: list[Dispatcher] = []
        """Those that are to run."""
        self.resources = contextlib.ExitStack()
        """Closed at the end of the round, after the dispatchers."""
        self.in_flight = 0
        """At most, of all webhooks."""
        self.manifests = folder / "manifests"
        self.manifests.mkdir()
        self.ca_file, cert = throwaway_ca(folder, HOST, "named.test")
        came, sent = folder / "came", folder / "sent"
        self.target = Talker(HERE / "target.py", cert, came, *doors)
        self.target_port = self.target.hear()["port"]
        self.sender = Talker(HERE / "sender.py", sent)
        self.ledger = Ledger(Lines(sent), Lines(came))
        self.offered = 0.0
        """Since when events are."""
        self._ill: set[str] = set()

    # --- manifests and the target -----------------------------------------------------------------------

    def webhook(self, name: str, **spec: Any) -> None:
        """Write one, in the namespace of its own name, to /NAME on the target."""
        if not (self.manifests / f"{name}.json").exists():
            self.in_flight += spec.get("maxInFlight", IN_FLIGHT)
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

    # --- load -------------------------------------------------------------------------------------------------

    def offer(self, *paths: str, rate: int | None = None, **order: object) -> None:
        """Offer events from now on, to these paths in turn, at all dispatchers in turn."""
        ports = [each.ports[0] for each in self.dispatchers]
        self.offered = time.monotonic()
        self.sender.tell(ports=ports, paths=paths, rate=rate or self.size.rate, **order)

    def pause(self) -> None:
        """Offer no more, and wait for the answers under way."""
        left = self._quiet()
        self.check(left == 0 or self.lacks_one(), f"{left} events are not answered")

    def _quiet(self) -> int:
        """Offer no more; how many events are not answered after a while."""
        self.sender.tell(rate=0)
        return int(self.sender.hear()["open"])

    def back(self, since: float | None = None, port: int | None = None) -> float:
        """Wait for the first 202 (of a port) since then (the latest start), under load; the seconds."""
        since = max(each.started for each in self.dispatchers) if since is None else since

        def taken() -> float | None:
            latest = self.ledger.read().accepted[-5_000:]
            later = [each.when for each in latest if each.when > since and port in (None, each.port)]
            return min(later) if later else None

        until(lambda: taken() or self.lacks_one(), START_SECONDS)
        if (at := taken()) is None:
            raise RuntimeError("the dispatcher ended by itself")
        self.verdict.back.append(round(at - since, 3))
        return at - since

    # --- judging -----------------------------------------------------------------------------------------------

    def lacks_one(self) -> bool:
        """Whether a dispatcher has ended that is to run."""
        return any(each.ended() for each in self.dispatchers)

    def _asked(self) -> httpx.Client:
        """One of them that can be asked about what is stored."""
        return next(each.http for each in self.dispatchers if not each.ended())

    def dead(self) -> dict[str, str]:
        """Reason by delivery, of all dead letters."""
        found: dict[str, str] = {}
        before: dict[str, str] = {}
        while True:
            answer = self._asked().get("/admin/v1/dead-letters", params={"limit": "500", **before})
            answer.raise_for_status()
            page = answer.json()
            found |= {each["id"]: each["reason"] for each in page["items"]}
            if not page.get("next"):
                return found
            before = {"before": page["next"]}

    def delivered(self, *webhooks: str) -> bool:
        """Wait until all that was acknowledged for these was delivered; False: it does not come."""
        return self._settled(
            lambda: (
                {each for name in webhooks for each in self.ledger.of(f"{name}/{name}")}
                - self.ledger.delivered.keys()
            )
        )

    def settle(self) -> None:
        """Wait until everything acknowledged has its end; if it stalls, restart by hand, and count what is lost."""
        if not self._settled(self._missing):
            self.verdict.hand = True
            missing = self._missing()
            self.check(False, f"{len(missing)} deliveries stood still until a restart")
            for each in self.dispatchers:
                if not each.ended():
                    each.signal(signal.SIGKILL)
                each.exit_code()
                each.start()
            self.verdict.allowed += 2 * self.in_flight
            self._settled(self._missing)
        self.verdict.lost = len(self._missing())

    def _missing(self) -> set[str]:
        missing = self.ledger.read().missing({})
        if missing and not all(each.ended() for each in self.dispatchers):
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
            if self.lacks_one() or time.monotonic() - changed > STALL_SECONDS:
                return False
            time.sleep(0.1)

    def finish(self) -> None:
        """Heal the target, wait, count; also where the scenario broke off under load."""
        self._quiet()
        for path in list(self._ill):
            self.target_does(path, "ok")
        for each in self.dispatchers:
            if each.ended() and not each.expected_end:
                self.check(False, f"the dispatcher ended by itself: {each.said()[-300:]}")
                each.start()
        self.settle()
        verdict = self.verdict
        verdict.acknowledged = len(self.ledger.acknowledged)
        verdict.duplicates = self.ledger.duplicates
        self.check(not self.ledger.unknown, f"{len(self.ledger.unknown)} events were taken twice")
        self.check(verdict.acknowledged > 0, "nothing was acknowledged")

    def close(self) -> None:
        """End what is left."""
        for each in self.dispatchers:
            each.clear()
        self.sender.end()
        self.target.end()
        self.resources.close()
