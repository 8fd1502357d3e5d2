"""Plays rounds by hand and keeps their verdicts in a ledger outside the checkout; `make guarantees` prints it.

make faults [SEED=1] [ROUNDS=1] [ONLY=name,name]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

from faults.bench import LONG, SHORT, NotPossibleError, Size
from faults.ledger import Verdict
from faults.scenario import SCENARIOS, Scenario, play
from faults.scenarios.all import ALL

LEDGER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hookwright" / "faults.json"


def line(verdict: Verdict, size: Size) -> str:
    """One round in one line, and how to play it again where a promise was not kept."""
    back = f"{max(verdict.back):.2f} s" if verdict.back else "–"
    told = (
        f"{verdict.scenario} seed {verdict.seed}: {verdict.acknowledged:,} acknowledged, {verdict.lost} lost, "
        f"{verdict.duplicates} twice (≤ {verdict.allowed}), {verdict.kills} kills, back in {back}, {verdict.seconds} s"
    )
    if verdict.kept:
        return told
    short = " SHORT=1" if size is SHORT else ""
    again = f"    again: make faults SEED={verdict.seed} ONLY={verdict.scenario}{short}"
    return "\n".join([f"NOT KEPT {told}", *(f"    {each}" for each in verdict.problems), again])


def machine() -> dict[str, object]:
    """On which the figures were measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    return {
        "commit": commit.strip(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
    }


def rounds(which: list[Scenario], seed: int, count: int, size: Size, file: Path) -> bool:
    """Play them, the ledger written after each; whether every promise was kept."""
    verdicts: list[Verdict] = []
    file.parent.mkdir(parents=True, exist_ok=True)
    began = time.strftime("%Y-%m-%d")
    for number in range(count):
        for each in which:
            try:
                verdict = play(each, seed + number, size)
            except NotPossibleError as error:
                print(f"left out: {each.name}: {error}", flush=True)
                continue
            verdicts.append(verdict)
            print(f"[{len(verdicts)}/{count * len(which)}] {line(verdict, size)}", flush=True)
            whole = {"date": began, **machine(), "rounds": [dataclasses.asdict(one) for one in verdicts]}
            file.write_text(json.dumps(whole, indent=1))
    kills, taken = sum(each.kills for each in verdicts), sum(each.acknowledged for each in verdicts)
    broken = [each for each in verdicts if not each.kept]
    print(
        f"{len(verdicts)} rounds, {kills:,} kills, {taken:,} acknowledged, {len(broken)} not kept; ledger: {file}"
    )
    return not broken


def main() -> None:
    """Parse, play."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--short", action="store_true", help="small rounds, as in CI")
    given = parser.parse_args()
    which = [SCENARIOS[name] for name in given.only.split(",") if name] or ALL
    size = SHORT if given.short else LONG
    file = LEDGER.with_name("faults-part.json") if given.only or given.short else LEDGER
    print(f"seed {given.seed}, {given.rounds} rounds of {len(which)} scenarios")
    sys.exit(not rounds(which, given.seed, given.rounds, size, file))


if __name__ == "__main__":
    main()
