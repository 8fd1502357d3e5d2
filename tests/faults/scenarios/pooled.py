"""Several dispatchers reach their PostgreSQL through a pooler in transaction mode, which lets no notice through.

What one took for a webhook of another is looked for instead. Must not: judge how long that takes, which is told.
"""

from __future__ import annotations

import time
from dataclasses import replace

from faults.scenario import several
from faults.scenarios.sharing import (
    WEBHOOKS,
    killed_again_and_again,
    one_of_three_ended,
    one_of_three_killed,
)
from faults.several import Several
from rig import until

RATES = 100, 500  # events a second


@several(
    "behind a pooler in transaction mode: kill -9 of one of three, started again",
    "nothing acknowledged is lost; duplicates ≤ 2 × in flight of the killed one; the others take events all the time",
)
def pooled_killed(bench: Several) -> None:
    bench.pooled = True
    # each takes as long as a part is held
    bench.size = replace(bench.size, moves=(bench.size.moves + 1) // 2)
    one_of_three_killed(bench)


@several(
    "behind a pooler in transaction mode: SIGTERM of one of three, started again",
    "nothing acknowledged is lost, nothing delivered twice, nothing refused by the others",
)
def pooled_ended(bench: Several) -> None:
    bench.pooled = True
    one_of_three_ended(bench)


@several(
    "behind a pooler in transaction mode: events for webhooks of another; the pooler killed, started again",
    "nothing acknowledged is lost; no dispatcher ends; duplicates ≤ in flight",
)
def pooler_killed(bench: Several) -> None:
    bench.pooled = True
    bench.webhooks(WEBHOOKS)
    bench.begin()
    bench.load(rate=RATES[0])
    bench.rest()
    for rate in RATES:
        bench.load(rate=rate)
        bench.figure(f"p99 of another's at {rate} a second", _to_others(bench))
    bench.load()
    killed_again_and_again(bench, bench.pooler)
    bench.pause()
    bench.check(not bench.lacks_one(), "one ended")


def _to_others(bench: Several) -> float:
    """From the 202 of one dispatcher to the arrival by the door of another, in a while: the 99th percentile, seconds."""
    before = len(bench.ledger.read().accepted)
    time.sleep(bench.size.seconds)
    taken = bench.ledger.read().accepted[before:]
    until(lambda: {each.delivery for each in taken} <= bench.ledger.read().requests.keys())
    doors = {one.ports[0]: door for one, door in bench.door.items()}
    first = {each.delivery: bench.ledger.requests[each.delivery][0] for each in taken}
    others = [each for each in taken if first[each.delivery].door != doors[each.port]]
    took = sorted(first[each.delivery].when - each.when for each in others)
    return max(0.0, took[len(took) * 99 // 100])
