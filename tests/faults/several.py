"""The bench of several dispatchers: `hookwright dispatcher` processes that share one PostgreSQL.

Each has a door of its own at the target, so what reaches it tells who sent it; the webhook of a part is one dispatcher's
at a time. Must not: ask a dispatcher what it works on.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from faults import configuration, postgres
from faults.dispatcher import Dispatcher
from faults.ground import HOST, Ground, Size
from faults.ledger import Verdict
from faults.shim import Shim, Switch
from ports import kept_port
from postgres_pooler import Pooler
from postgres_server import Postgres
from rig import until

MOST = 4  # dispatchers in a round: three, and one that comes and goes
TOKEN = "of-the-bench"
REST_SECONDS = 3.0  # in which every dispatcher hears what it is to have
STEPS = 20  # of the sender, a second where nothing else runs, in which not one event was taken
OPEN = 16  # requests of a webhook at once: twice what the load needs at the slowest target


class Several(Ground):
    """What a scenario of several dispatchers speaks to."""

    def __init__(self, folder: Path, verdict: Verdict, size: Size, chance: random.Random) -> None:
        self._doors = [kept_port() for _ in range(MOST)]
        super().__init__(folder, verdict, size, chance, [f"127.0.0.1:{port}" for port in self._doors])
        self.door: dict[Dispatcher, int] = {}
        self.names: list[str] = []
        """Of the webhooks."""
        self.server: Postgres
        self.pooled = False
        """Whether dispatchers reach the server through a pooler."""
        self.pooler: Pooler
        self.clocks: tuple[int, ...] = ()
        """By how many seconds those of the first dispatchers are ahead, if they are."""
        self._environment: dict[str, str] = {}
        self._absent: list[tuple[int, float, float]] = []
        """Ports that nobody was to answer at: from when, until when."""

    def webhooks(self, count: int, **spec: Any) -> None:
        """Write so many, in namespaces of their own."""
        self.names = [f"w{number}" for number in range(count)]
        for name in self.names:
            self.webhook(name, **{"maxInFlight": OPEN, **spec})

    def begin(self) -> None:
        """PostgreSQL, a pooler if wanted, the configuration, and three dispatchers, ready. Raises NotPossibleError."""
        folder = postgres.folder(self)
        self.server, self._environment = postgres.serving(self, folder)
        if self.pooled:
            self.pooler = postgres.pooling(self, folder, self.server)
        (self.folder / "token").write_text(TOKEN)
        self.configure()
        for each in [self.add() for _ in range(MOST - 1)]:
            each.launch()
        for each in self.dispatchers:
            each.wait_ready()

    def configure(self) -> None:
        """Give them what the manifests say now."""
        configuration.write(self.manifests, self.folder / "config")

    def add(self) -> Dispatcher:
        """One more, to be started."""
        number = len(self.door)
        door, home = self._doors[number], self.folder / f"dispatcher-{number}"
        (home / "last").mkdir(parents=True)
        one = Dispatcher(self.verdict, home / "log")
        one.command = ["dispatcher"]
        one.http.headers["authorization"] = f"Bearer {TOKEN}"
        token = str(self.folder / "token")
        one.environment = self._environment | {
            "HOOKWRIGHT_LISTEN": f"127.0.0.1:{one.ports[0]}", "HOOKWRIGHT_ADMIN": f"127.0.0.1:{one.ports[1]}",
            "HOOKWRIGHT_TOKEN_FILE": token, "HOOKWRIGHT_ADMIN_TOKEN_FILE": token,
            "HOOKWRIGHT_DATA": str(home / "data"), "HOOKWRIGHT_LAST_GOOD": str(home / "last"),
            "HOOKWRIGHT_CONFIG": str(self.folder / "config"), "HOOKWRIGHT_EGRESS_CA_FILE": str(self.ca_file),
            "HOOKWRIGHT_EGRESS_CONNECT_TO": f"{HOST}:443:127.0.0.1:{door}",
        }  # fmt: skip
        if number < len(self.clocks):
            shim = Shim(home, home / "data", "127.0.0.1")
            shim.set(Switch.CLOCK_MS, self.clocks[number] * 1_000)
            one.environment |= shim.environment
        self.resources.callback(one.http.close)
        self.door[one] = door
        self.dispatchers.append(one)
        return one

    def load(self, **order: object) -> None:
        """Offer events from now on, each to one webhook, all in turn."""
        paths = [f"/v1/namespaces/{name}/events" for name in self.names]
        self.offer(*paths, token=TOKEN, **order)

    def all_targets(self, does: str, value: object = None) -> None:
        """What every webhook's target does from now on."""
        for name in self.names:
            self.target_does(f"/{name}", does, value)

    # --- who has which webhooks ----------------------------------------------------------------------------

    def theirs(self, one: Dispatcher) -> set[str]:
        """The paths that it was the last to send to."""
        for _ in range(2):  # by then the target has read all that was sent
            self.target_does("/", "ok")
        doors = self.ledger.read().doors
        return {path for path, door in doors.items() if door == self.door[one]}

    def shared(self) -> None:
        """Wait, under load, until each has some webhooks."""
        until(lambda: all(self.theirs(each) for each in self.dispatchers))

    def rest(self) -> None:
        """Wait, under load, until each has some and none has moved for a while: whoever has one has sent to it.

        Nothing waits then but what is under way: what a target is too slow for would wait without a fault, too.
        """
        self.shared()
        before: dict[str, int] = {}
        since = 0.0

        def resting() -> bool:
            nonlocal before, since
            if before != self.ledger.read().doors:
                before, since = dict(self.ledger.doors), time.monotonic()
            rested = time.monotonic() > since + REST_SECONDS
            return rested and len(self.ledger.missing({})) <= OPEN * len(self.names)

        until(resting)

    def waiting(self, paths: set[str]) -> set[str]:
        """Acknowledged deliveries to these paths that have not arrived."""
        ledger = self.ledger.read()
        names = {f"{path[1:]}{path}" for path in paths}
        return {each for each in ledger.missing({}) if ledger.acknowledged[each] in names}

    def gone_out(self, waited: set[str], since: float) -> None:
        """Wait until all of these have arrived, and note how long it took since then."""
        until(lambda: not waited - self.ledger.read().delivered.keys())
        requests = self.ledger.requests
        taken = [min(each.when for each in requests[one] if 200 <= each.status < 300) for one in waited]
        self.figure("waited", max(taken, default=since) - since)

    # --- faults -----------------------------------------------------------------------------------------------

    def kill(self, one: Dispatcher) -> None:
        """kill -9, and start it again; what waited of it goes out."""
        at = time.monotonic()
        one.kill()
        paths = self.theirs(one)
        waited = self.waiting(paths)
        self.verdict.allowed += 2 * OPEN * len(paths)
        self._again(one, at)
        self.gone_out(waited, at)

    def stop(self, one: Dispatcher) -> None:
        """SIGTERM, and start it again; what waited of it goes out."""
        at = time.monotonic()
        paths = self.theirs(one)
        waited = self.waiting(paths)
        one.stop()
        self._again(one, at)
        self.gone_out(waited, at)

    def _again(self, one: Dispatcher, since: float) -> None:
        one.start()
        port = one.ports[0]
        self._absent.append((port, since, one.started + self.back(one.started, port)))

    # --- judging ---------------------------------------------------------------------------------------------

    def figure(self, name: str, seconds: float) -> None:
        """Note one that is told and not judged."""
        self.verdict.figures.setdefault(name, []).append(round(seconds, 3))

    def pause(self) -> None:
        super().pause()
        self.figure("without a 202", self.ledger.read().longest_pause()[0])

    def taken_all_along(self) -> None:
        """Whoever was there answered every event with 202, and somebody always was."""
        seconds, steps = self.ledger.longest_pause()
        self.check(steps <= STEPS, f"no event was taken for {steps} steps of the sender ({seconds:.1f} s)")
        there = [
            each
            for each in self.ledger.refusals
            if not any(port == each.port and since <= each.when <= to for port, since, to in self._absent)
        ]
        statuses = sorted({each.status for each in there})
        self.check(not there, f"{len(there)} events were refused by dispatchers that ran: {statuses}")
