"""The command line of the simulation."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from time import monotonic, process_time

from .run import Failure, simulate


def main() -> None:
    parser = argparse.ArgumentParser(prog="simulation")
    parser.add_argument("seed", type=int, nargs="?")
    parser.add_argument("--hunt", type=float)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--without", default="")
    parser.add_argument("--blind", default="")
    parser.add_argument("--beside", default="")
    wanted = parser.parse_args()
    beside = frozenset(filter(None, wanted.beside.split(",")))
    blind = frozenset(filter(None, wanted.blind.split(",")))
    without = frozenset(filter(None, wanted.without.split(",")))
    if wanted.seed is not None:
        print(simulate(wanted.seed, without=without, blind=blind, beside=beside))
        return
    kinds: Counter[str] = Counter()
    began, cpu, seed, deliveries, requests, lives = monotonic(), process_time(), wanted.first, 0, 0, 0
    while monotonic() - began < wanted.hunt:
        try:
            report = simulate(seed, without=without, blind=blind, beside=beside)
            deliveries += report.deliveries
            requests += report.requests
            lives += 1
        except Failure as failure:
            kinds[failure.kind] += 1
            print(f"seed {seed}: {failure}", flush=True)
        seed += 1
    cpu = process_time() - cpu
    print(
        f"{lives} lives, {deliveries} deliveries, {requests} requests, {cpu:.1f} s CPU: {deliveries / cpu:.0f}/s; {dict(kinds)}",
        file=sys.stderr,
    )
