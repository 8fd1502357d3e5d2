"""Plays rounds by hand and keeps their verdicts in a ledger outside the checkout; `make guarantees` prints it.

make faults [SEED=1] [ROUNDS=1] [ONLY=name,name] [SHORT=1]

Long rounds of one commit on one machine add up in that ledger; short ones are only told.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import random
import signal
import subprocess
import sys
from pathlib import Path

from faults.ground import LONG, SHORT, Size
from faults.ledger import Verdict
from faults.processes import NotPossibleError
from faults.scenario import SCENARIOS, Scenario, play
from faults.scenarios.all import ALL

LEDGER = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "hookwright" / "faults.json"


def line(verdict: Verdict, size: Size) -> str:
    """One round in one line, and how to play it again where a promise was not kept."""
    back = f"{max(verdict.back):.2f} s" if verdict.back else "–"
    figures = "".join(f", {name} {max(of):.2f} s" for name, of in verdict.figures.items())
    told = (
        f"{verdict.scenario} seed {verdict.seed}: {verdict.acknowledged:,} acknowledged, {verdict.lost} lost, "
        f"{verdict.duplicates} twice (≤ {verdict.allowed}), {verdict.kills} kills, back in {back}{figures}, "
        f"{verdict.seconds} s"
    )
    if verdict.kept:
        return told
    short = " SHORT=1" if size is SHORT else ""
    again = f"    again: make faults SEED={verdict.seed} ONLY={verdict.scenario}{short}"
    return "\n".join([f"NOT KEPT {told}", *(f"    {each}" for each in verdict.problems), again])


def machine() -> dict[str, object]:
    """On which the figures were measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True).stdout
    return {
        "commit": commit.strip(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
    }


def kept(file: Path, where: dict[str, object]) -> list[dict[str, object]]:
    """The rounds of the same commit and machine that the ledger holds already."""
    whole = json.loads(file.read_text()) if file.exists() else {}
    return whole["rounds"] if all(whole.get(name) == value for name, value in where.items()) else []


def rounds(which: list[Scenario], seed: int, count: int, size: Size) -> bool:
    """Play them; long ones are added to the ledger, each when it is over. Whether every promise was kept."""
    where = machine()
    before = kept(LEDGER, where)
    verdicts: list[Verdict] = []
    LEDGER.parent.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        for each in which:
            try:
                verdict = play(each, seed + number, size)
            except NotPossibleError as error:
                print(f"left out: {each.name}: {error}", flush=True)
                continue
            verdicts.append(verdict)
            print(f"[{len(verdicts)}/{count * len(which)}] {line(verdict, size)}", flush=True)
            if size is LONG:
                whole = {**where, "rounds": before + [dataclasses.asdict(one) for one in verdicts]}
                LEDGER.write_text(json.dumps(whole, indent=1))
    kills, taken = sum(each.kills for each in verdicts), sum(each.acknowledged for each in verdicts)
    broken = [each for each in verdicts if not each.kept]
    print(
        f"{len(verdicts)} rounds, {kills:,} kills, {taken:,} acknowledged, {len(broken)} not kept ({LEDGER})"
    )
    return not broken


def main() -> None:
    """Parse, play. SIGTERM ends it like Ctrl-C, with what the round has mounted and started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    print(f"seed {given.seed}, {given.rounds} rounds of {len(which)} scenarios")
    sys.exit(not rounds(which, given.seed, given.rounds, size))


if __name__ == "__main__":
    main()
