"""Writes the measured parts of docs/guarantees.md from the ledger of the last long rounds (`make guarantees`).

There is one for each store; those of which the ledger has nothing stay as they are.
"""

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
BEGIN, END = "<!-- faults: {} -->\n", "<!-- faults: end -->"
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


def table(where: dict[str, Any], scenarios: list[Scenario], rounds: list[dict[str, Any]]) -> str:
    """With a sentence on where and when."""
    kills, taken = sum(each["kills"] for each in rounds), sum(each["acknowledged"] for each in rounds)
    told = (
        f"Measured at commit {where['commit']}: {where['cores']} cores, {where['memory_gib']} GiB, "
        f"kernel {where['kernel']}, Python {where['python']}.\n{len(rounds)} rounds, {kills:,} kills, {taken:,} deliveries "
        f"acknowledged, **{sum(each['lost'] for each in rounds)} lost**, "
        f"{sum(each['hand'] for each in rounds)} times a hand was needed.\n\n"
    )
    of = {each: [one for one in rounds if one["scenario"] == each.name] for each in scenarios}
    rows = "".join(row(each, played) for each, played in of.items() if played)
    return f"{told}{HEAD}\n|{' --- |' * 7}\n{rows}"


def placed(page: str, store: str, text: str) -> str:
    """The page with this between the marks of a store."""
    before, begin, rest = page.partition(BEGIN.format(store))
    return before + begin + text + END + rest.partition(END)[2]


def main() -> None:
    """Replace what stands between the marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, default=LEDGER)
    ledger = parser.parse_args().ledger
    if not ledger.exists():
        parser.error(f"{ledger} is not there: make faults writes it.")
    whole, page = json.loads(ledger.read_text()), PAGE.read_text()
    for store in STORES:
        scenarios = [each for each in ALL if each.store == store]
        names = {each.name for each in scenarios}
        rounds = [each for each in whole["rounds"] if each["scenario"] in names]
        if rounds:
            page = placed(page, store, table(whole, scenarios, rounds))
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
