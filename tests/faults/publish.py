"""Writes the measured part of docs/guarantees.md from the ledger of the last long round (`make guarantees`)."""

from __future__ import annotations

import argparse
import collections
import json
from pathlib import Path
from typing import Any

from faults.run import LEDGER
from faults.scenario import STORES, Scenario
from faults.scenarios.all import ALL

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
BEGIN, END = "<!-- faults: begin -->\n", "<!-- faults: end -->"
HEAD = "| Fault | Promise | Rounds (kills) | Acknowledged | Lost | Twice | Seconds: median, worst |"


def row(scenario: Scenario, rounds: list[dict[str, Any]]) -> str:
    """One kind of fault, all its rounds together."""
    figures: dict[str, list[float]] = collections.defaultdict(list)
    for each in rounds:
        for name, seconds in {"again": each["back"], **each["figures"]}.items():
            figures[name] += seconds
    took = [f"{name} {_told(sorted(seconds))}" for name, seconds in figures.items() if seconds]
    kills = sum(each["kills"] for each in rounds)
    broken = sum(bool(each["problems"] or each["hand"]) for each in rounds)
    cells = [
        scenario.fault,
        scenario.promise + (f" **(not kept in {broken} rounds)**" if broken else ""),
        f"{len(rounds)} ({kills})" if kills else f"{len(rounds)}",
        f"{sum(each['acknowledged'] for each in rounds):,}",
        f"{sum(each['lost'] for each in rounds)}",
        f"{sum(each['duplicates'] for each in rounds)}",
        "; ".join(took) or "–",
    ]
    return f"| {' | '.join(cells)} |\n"


def _told(seconds: list[float]) -> str:
    return f"{seconds[len(seconds) // 2]:.2f}, {seconds[-1]:.2f}"


def tables(whole: dict[str, Any]) -> str:
    """A table for each store, under a sentence on where and when."""
    rounds: list[dict[str, Any]] = whole["rounds"]
    of = {each.name: [one for one in rounds if one["scenario"] == each.name] for each in ALL}
    kills, taken = sum(each["kills"] for each in rounds), sum(each["acknowledged"] for each in rounds)
    told = (
        f"Measured at commit {whole['commit']}: {whole['cores']} cores, {whole['memory_gib']} GiB, "
        f"kernel {whole['kernel']}, Python {whole['python']}.\n{len(rounds)} rounds, {kills:,} kills, {taken:,} deliveries "
        f"acknowledged, **{sum(each['lost'] for each in rounds)} lost**, "
        f"{sum(each['hand'] for each in rounds)} times a hand was needed.\n\n"
    )
    sections = []
    for store in STORES:
        rows = "".join(row(each, of[each.name]) for each in ALL if each.store == store and of[each.name])
        if rows:
            sections.append(f"### {store}\n\n{HEAD}\n|{' --- |' * 7}\n{rows}")
    return told + "\n".join(sections)


def main() -> None:
    """Replace what stands between the marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, default=LEDGER)
    ledger = parser.parse_args().ledger
    if not ledger.exists():
        parser.error(f"{ledger} is not there: make faults writes it.")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + tables(json.loads(ledger.read_text())) + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
