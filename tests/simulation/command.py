"""The command line of the simulation.

Must not: judge.
"""

from __future__ import annotations

import argparse
from collections import Counter
from time import monotonic, process_time

from .run import Failure, simulate


def main() -> int:
    """What is left to the shell: 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("seed", type=int, nargs="?", help="one life")
    parser.add_argument("--hunt", type=float, metavar="SECONDS", help="lives for so long, whatever breaks")
    parser.add_argument(
        "--deliveries", type=int, help="lives until so many were made, or a promise is broken"
    )
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    for option, what in (("without", "faults off"), ("beside", "faults on"), ("blind", "kinds not told")):
        parser.add_argument(f"--{option}", default="", metavar="NAME,NAME", help=what)
    wanted = parser.parse_args()
    options = {
        option: frozenset(filter(None, getattr(wanted, option).split(",")))
        for option in ("without", "beside", "blind")
    }
    if wanted.seed is not None:
        return _one(wanted.seed, options)
    if wanted.deliveries is not None:
        return _until(wanted.deliveries, wanted.first, options)
    return _hunt(wanted.hunt or 60.0, wanted.first, options)


def _one(seed: int, options: dict[str, frozenset[str]]) -> int:
    try:
        print(simulate(seed, **options))
    except Failure as failure:
        print(failure)
        return 1
    return 0


def _until(deliveries: int, seed: int, options: dict[str, frozenset[str]]) -> int:
    made = 0
    while made < deliveries:
        try:
            made += simulate(seed, **options).deliveries
        except Failure as failure:
            print(failure)
            return 1
        seed += 1
    print(f"{made} deliveries")
    return 0


def _hunt(seconds: float, seed: int, options: dict[str, frozenset[str]]) -> int:
    kinds: Counter[str] = Counter()
    began, cpu, lives, deliveries = monotonic(), process_time(), 0, 0
    while monotonic() - began < seconds:
        try:
            deliveries += simulate(seed, **options).deliveries
            lives += 1
        except Failure as failure:
            kinds[failure.kind] += 1
            print(f"seed {seed}: {failure}", flush=True)
        seed += 1
    rate = deliveries / (process_time() - cpu)
    print(f"{lives} lives, {deliveries} deliveries, {rate:.0f} in a second of CPU; {dict(kinds)}")
    return 1 if kinds else 0
