"""Several dispatchers share one PostgreSQL, and one of them ends, stands still or comes; or the database goes away."""

from __future__ import annotations

import itertools
import signal
import time

from faults.dispatcher import Dispatcher
from faults.ledger import Request
from faults.scenario import several
from faults.scenarios.kills import DELAYS
from faults.several import OPEN, Several
from postgres_pooler import Pooler
from postgres_server import Postgres
from rig import until

WEBHOOKS = 24
STOP_SECONDS = 10.0  # longer than a dispatcher owns its webhooks without a word
PATIENCE_SECONDS = 0.5  # of the sender with one that stands still
MOVE_SECONDS = 5.0
APART_SECONDS = 300
PER_SECOND, PER_MINUTE, AT_ONCE = 10, 60, 4
NOTED_SECONDS = 0.25  # by which a target on a busy machine may note a request later than it came


def _three(bench: Several, does: str = "ok", value: object = None, **order: object) -> None:
    """Three under load, each with some webhooks."""
    bench.webhooks(WEBHOOKS)
    bench.begin()
    bench.all_targets(does, value)
    bench.load(**order)
    bench.shared()


@several(
    "kill -9 of one of three, started again",
    "nothing acknowledged is lost; duplicates ≤ 2 × in flight of the killed one; the others take events all the time",
)
def one_of_three_killed(bench: Several) -> None:
    _three(bench)
    for _ in range(bench.size.moves):
        bench.all_targets("delay", bench.chance.choice(DELAYS))
        bench.rest()
        bench.kill(bench.chance.choice(bench.dispatchers))
    bench.pause()
    bench.taken_all_along()


@several(
    "SIGTERM of one of three, started again",
    "nothing acknowledged is lost, nothing delivered twice, nothing refused by the others",
)
def one_of_three_ended(bench: Several) -> None:
    _three(bench, "delay", 20)
    for _ in range(bench.size.moves):
        bench.shared()
        time.sleep(bench.chance.uniform(0.05, 1.0))
        bench.stop(bench.chance.choice(bench.dispatchers))
    bench.pause()
    bench.taken_all_along()


@several(
    "SIGSTOP of one of three, for longer than its webhooks are its own; SIGCONT",
    "nothing acknowledged is lost; duplicates ≤ its in flight; awake it starts nothing that is another's",
)
def one_of_three_stopped(bench: Several) -> None:
    _three(bench, "delay", 100, patience=PATIENCE_SECONDS)
    bench.rest()
    one = bench.chance.choice(bench.dispatchers)
    at = time.monotonic()
    one.signal(signal.SIGSTOP)
    paths = bench.theirs(one)
    waited = bench.waiting(paths)
    bench.gone_out(waited, at)
    time.sleep(max(0.0, at + max(STOP_SECONDS, bench.size.stop) - time.monotonic()))
    woke = time.monotonic()
    one.signal(signal.SIGCONT)
    bench.back(woke, one.ports[0])
    bench.shared()
    time.sleep(bench.size.seconds)
    bench.pause()
    in_flight = OPEN * len(paths)
    bench.verdict.allowed += in_flight
    strays = _strays(bench, one, woke)
    bench.check(strays <= in_flight, f"awake it started {strays} attempts of what was another's")


def _strays(bench: Several, one: Dispatcher, woke: float) -> int:
    """Requests that it sent awake, before others were done with that webhook."""
    door, all_requests = bench.door[one], itertools.chain(*bench.ledger.read().requests.values())
    sent = [each for each in all_requests if each.when > woke and each.status != 201]
    others = {each.path: each.when for each in sorted(sent, key=lambda each: each.when) if each.door != door}
    return sum(each.door == door and each.when < others.get(each.path, woke) for each in sent)


@several(
    "clocks of three five minutes apart; kill -9 of one, started again, while retries wait",
    "nothing acknowledged is lost; no webhook moves without need; retries do not wait for the clocks; duplicates ≤ 2 × in "
    "flight of the killed one",
)
def clocks_apart(bench: Several) -> None:
    bench.clocks = (0, APART_SECONDS, -APART_SECONDS)
    _three(bench)
    for _ in range(bench.size.moves):
        bench.rest()
        bench.all_targets("status", 503)
        time.sleep(bench.size.seconds)
        bench.all_targets("ok")
        bench.kill(bench.chance.choice(bench.dispatchers))
    bench.pause()
    bench.check(_clocks(bench) == set(bench.clocks), "the clocks are not apart")
    bench.taken_all_along()


def _clocks(bench: Several) -> set[float]:
    """By how many seconds those are ahead that sent requests, to ten seconds."""
    wall = time.time() - time.monotonic()
    sent = itertools.chain(*bench.ledger.read().requests.values())
    return {round(each.timestamp - each.when - wall, -1) for each in sent}


def killed_again_and_again(bench: Several, between: Postgres | Pooler) -> None:
    """What stands between the dispatchers and what they stored, under load; started again each time."""
    for _ in range(bench.size.moves):
        bench.all_targets("delay", bench.chance.choice(DELAYS))
        time.sleep(bench.chance.uniform(0.5, 2.0))
        between.kill()
        bench.verdict.allowed += bench.in_flight
        time.sleep(bench.chance.uniform(0, 1.0))
        between.start()
        bench.back(time.monotonic())


@several(
    "PostgreSQL under three: all its processes killed, started again",
    "nothing acknowledged is lost; no dispatcher ends; duplicates ≤ in flight",
)
def database_of_three_killed(bench: Several) -> None:
    _three(bench)
    pids = [each.process.pid for each in bench.dispatchers if each.process]
    killed_again_and_again(bench, bench.server)
    bench.pause()
    bench.check(
        pids == [each.process.pid for each in bench.dispatchers if each.process], "one was started anew"
    )


@several(
    "webhooks with limits go from one to another again and again, as a fourth comes and goes",
    f"what comes ({PER_SECOND} a second or {PER_MINUTE} a minute) and is open ({AT_ONCE}) stays within limits, as the "
    "target counts it; nothing lost, nothing delivered twice",
)
def limits_moved(bench: Several) -> None:
    bench.webhooks(12, maxInFlight=AT_ONCE, rateLimit={"requests": PER_SECOND, "per": "Second"})
    slow = bench.names[::2]
    for name in slow:
        bench.webhook(name, maxInFlight=AT_ONCE, rateLimit={"requests": PER_MINUTE, "per": "Minute"})
    bench.begin()
    bench.all_targets("delay", 50)
    bench.load(rate=PER_SECOND * len(bench.names))
    fourth = bench.add()
    for _ in range(bench.size.moves):
        fourth.start()
        time.sleep(MOVE_SECONDS)
        fourth.stop()
        time.sleep(MOVE_SECONDS)
    bench.dispatchers.remove(fourth)
    bench.pause()
    bench.check(_moves(bench) > 0, "no webhook went from one to another")
    most = max(bench.ledger.most_open.values())
    bench.check(most <= AT_ONCE, f"{most} requests of a webhook were open at once")
    for name in bench.names:
        limit, seconds = (PER_MINUTE, 60.0) if name in slow else (PER_SECOND, 1.0)
        came = _most_in(
            [each.when for each in _came(bench) if each.path == f"/{name}"], seconds - NOTED_SECONDS
        )
        bench.check(came <= limit, f"{came} requests of a webhook came within a period of {seconds} s")
    bench.webhooks(len(bench.names))
    bench.configure()


def _came(bench: Several) -> list[Request]:
    """Requests as they came to targets that answer later, in order."""
    came = (each for each in itertools.chain(*bench.ledger.read().requests.values()) if each.status != 201)
    return sorted(came, key=lambda each: each.when)


def _moves(bench: Several) -> int:
    """How often requests to a path came by another door than the one before."""
    doors: dict[str, int] = {}
    moves = 0
    for each in _came(bench):
        moves += doors.get(each.path, each.door) != each.door
        doors[each.path] = each.door
    return moves


def _most_in(times: list[float], seconds: float) -> int:
    """The most of these within so many seconds."""
    most = first = 0
    for place, when in enumerate(times):
        while when - times[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


@several(
    "one target of ten never answers",
    "the other nine's deliveries arrive meanwhile; nothing is lost when it heals",
)
def one_target_of_ten_dead(bench: Several) -> None:
    bench.webhooks(10, timeout="2s")
    bench.begin()
    nine = bench.names[1:]
    bench.load()
    until(lambda: len(bench.ledger.read().doors) == len(bench.names))
    well = _latencies(bench, nine)
    bench.target_does("/w0", "hang")
    ill = _latencies(bench, nine)
    bench.pause()
    bench.check(bench.delivered(*nine), "the other nine wait for a dead target")
    bench.figure("p99 beside a well one", well)
    bench.figure("p99 beside a dead one", ill)


def _latencies(bench: Several, names: list[str]) -> float:
    """From the 202 to the arrival of what is acknowledged in a while for these: the 99th percentile, seconds."""
    before = len(bench.ledger.read().accepted)
    time.sleep(2 * bench.size.seconds)
    bench.delivered(*names)
    ledger = bench.ledger
    of = {f"{name}/{name}" for name in names}
    took = sorted(
        ledger.requests[each.delivery][0].when - each.when
        for each in ledger.accepted[before:]
        if ledger.acknowledged[each.delivery] in of and each.delivery in ledger.requests
    )
    return max(0.0, took[len(took) * 99 // 100])
