"""Breaks the engine on purpose, one promise at a time, and looks whether a test says so.

    python tools/mutants.py             all of them; exits 1 if one lives or does not fit the code any more
    python tools/mutants.py rate claim  those whose sentence holds one of these words

Each is tried on a copy of the tree, with the tests that hold its promise. Must not: touch the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LANE, STORE, LIFE = "core/test_lane.py", "core/test_lane_store.py", "core/test_lane_life.py"
ROOM = "dispatcher/delivery"
SECONDS = 300.0  # for the tests of one; one that hangs has been noticed


class Mutant(NamedTuple):
    """A change of one text below operator/hookwright, the tests that must fail, the promise that it breaks."""

    file: str
    text: str
    instead: str
    tests: tuple[str, ...]
    breaks: str


MUTANTS = (
    Mutant(
        "dispatcher/rounds.py",
        "        background.every(",
        "        background.close and (lambda *_: None)(",
        (f"{ROOM}/test_rounds.py",),
        "Upkeep is done: remembering, sweeping, pruning.",
    ),
    Mutant(
        "dispatcher/rounds.py",
        "                lane.standing.unsave()\n",
        "                pass\n",
        (f"{ROOM}/test_rounds.py",),
        "What could not be remembered is remembered later.",
    ),
    Mutant(
        "dispatcher/delivery/lanes.py",
        " or self._results.stuck:",
        ":",
        (f"{ROOM}/test_lanes.py",),
        "No attempt starts while results cannot be written.",
    ),
    Mutant(
        "dispatcher/delivery/results.py",
        "                    self._resumed()",
        "                    pass",
        (f"{ROOM}/test_lanes.py",),
        "All lanes go on when results can be written again.",
    ),
    Mutant(
        "dispatcher/delivery/turns.py",
        "circle.credit -= now - before",
        "circle.credit -= 0",
        (f"{ROOM}/test_shares.py",),
        "What a render took is charged to its namespace.",
    ),
    Mutant(
        "dispatcher/delivery/exchanges.py",
        " or len(self._idle) >= IDLE_ATTEMPTS:",
        ":",
        (f"{ROOM}/test_lanes.py",),
        "Tasks without an attempt are bounded.",
    ),
    Mutant(
        "core/room.py",
        "if waiting >= self.webhook:",
        "if shares.all.waiting >= self.webhook:",
        (f"{ROOM}/test_accept.py",),
        "The limit of one webhook counts its own deliveries.",
    ),
    Mutant(
        "core/room.py",
        "if many and (waiting + 1) * shares.namespaces > self.total - self.namespace:",
        "if many:",
        ("core/test_room.py",),
        "Each namespace keeps a part that no other can take.",
    ),
    Mutant(
        "core/backlog_shares.py",
        "if several == 2:",
        "if several == 1:",
        ("core/test_backlog_shares.py",),
        "An event's bytes go with its last delivery.",
    ),
    Mutant(
        "store/kept.py",
        "        self._namespaces.sizes[namespace] -= of_namespace\n",
        "",
        ("store/test_kept.py",),
        "What a namespace lost counts.",
    ),
    Mutant(
        "dispatcher/delivery/results.py",
        "if finish.action is not Action.DELAY:",
        "if finish.action is Action.ACK:",
        ("simulation/test_simulation.py",),
        "A delivery that is given up waits no more.",
    ),
    Mutant(
        "dispatcher/delivery/accept.py",
        "            else:\n                await self._each(self._give_back, stored)\n",
        "",
        (f"{ROOM}/test_accept.py",),
        "What the store did not take is not counted as waiting.",
    ),
    Mutant(
        "dispatcher/delivery/results.py",
        "            for result in group:\n                await self._write([result])\n            return\n",
        "            pass\n",
        (f"{ROOM}/test_results.py",),
        "A result that the store refuses costs no other one.",
    ),
    Mutant(
        "dispatcher/delivery/claims.py",
        "            lane.unanswered(self._clock.now())\n",
        "            pass\n",
        (f"{ROOM}/test_claims.py",),
        "A claim that failed is made again.",
    ),
    Mutant(
        "core/lane.py",
        "in_flight >= limit or self.in_flight + self._unwritten >= 2 * limit",
        "in_flight >= limit",
        (LANE,),
        "Results that are not written are bounded.",
    ),
    Mutant(
        "core/lane.py",
        "        if self.in_flight >= limit or",
        "        if",
        (LANE,),
        "Attempts of one webhook under way are bounded.",
    ),
    Mutant(
        "core/lane.py",
        "self._queue.ask(), frozenset(self._known))",
        "self._queue.ask(), frozenset())",
        (STORE,),
        "A claim brings nothing that is in memory already.",
    ),
    Mutant(
        "core/lane.py",
        "            self._backlog.due(finish.due)",
        "            pass",
        (STORE,),
        "A delivery that is to be tried again is looked for at its time.",
    ),
    Mutant(
        "core/backlog.py",
        "            self.next_due = min(self.next_due, ",
        "            self.next_due = (",
        (STORE, "core/test_backlog.py"),
        "A later time does not put off an earlier one.",
    ),
    Mutant(
        "core/backlog.py",
        "        return not self.behind and self.asked is None",
        "        return not self.behind",
        (STORE,),
        "What is accepted while a claim is under way is not queued twice.",
    ),
    Mutant(
        "core/lane.py",
        "            self.window.start(delivery.key, now)",
        "            pass",
        (LANE,),
        "The rate limit holds.",
    ),
    Mutant(
        "core/lane.py",
        "            self.paused_until = max(self.paused_until, now + decision.pause)",
        "            pass",
        (LANE,),
        "A target that asks for it is left alone.",
    ),
    Mutant(
        "core/lane.py",
        "        self.paused_until = max(self.paused_until, now + LANE_AGAIN_SECONDS)\n",
        "",
        (LANE, f"{ROOM}/test_results.py"),
        "A lane pauses after the store refused a result.",
    ),
    Mutant(
        "core/lane.py",
        "self._count(-done.count, -done.size, done.count)",
        "self._count(-done.count, -done.size, 0 if done.after else done.count)",
        (LIFE,),
        "Every step of a burial is counted.",
    ),
    Mutant(
        "core/backlog.py",
        "isinstance(self.asked, Bury) and not self._recalled:",
        "isinstance(self.asked, Bury):",
        (LIFE, "core/test_backlog.py"),
        "A webhook that comes back while it is buried loses nothing more.",
    ),
    Mutant(
        "core/standing.py",
        "            self._gone = None\n            self._save()",
        "            self._gone = None",
        (LIFE, "core/test_standing.py"),
        "Leaving gone is remembered over a restart.",
    ),
    Mutant(
        "core/lane.py",
        "            self.standing.wait_anew(now)",
        "            pass",
        (LIFE,),
        "Replayed deliveries of a deleted webhook wait for ten minutes.",
    ),
    Mutant(
        "core/lane.py",
        "        self._known.discard(delivery.key)\n        self._changes += 1\n        self._backlog.received",
        "        self._changes += 1\n        self._backlog.received",
        (LANE,),
        "A delivery whose attempt was cut off is claimed again.",
    ),
    Mutant(
        "core/lane_queue.py",
        " if self._totals.queue_bytes <= LANES_QUEUE_BYTES else LANE_QUEUE_LEAST",
        "",
        (LANE,),
        "All lanes together hold only so much in memory.",
    ),
    Mutant(
        "dispatcher/background.py",
        "        if isinstance(error, StoreBroken):\n",
        "        if isinstance(error, StoreError):\n",
        ("dispatcher/test_background.py",),
        "Only a store that is broken ends the process.",
    ),
)


def tried(tree: Path, tests: Sequence[str]) -> bool:
    """Whether these tests pass on a tree."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"tests/{test}" for test in tests),
    ]
    environment = {**os.environ, "PYTHONPATH": str(tree / "operator"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def outcome(tree: Path, mutant: Mutant) -> str:
    """What came of one: killed, alive, or why it says nothing."""
    file = tree / "operator/hookwright" / mutant.file
    before = file.read_text()
    if mutant.text not in before:
        return "TEXT NOT FOUND"
    file.write_text(before.replace(mutant.text, mutant.instead))
    try:
        compile(file.read_text(), mutant.file, "exec")
        return "ALIVE" if tried(tree, mutant.tests) else "killed"
    except SyntaxError:
        return "NO PYTHON"
    finally:
        file.write_text(before)


def main(words: Sequence[str]) -> int:
    """Try those that are asked for; the exit code."""
    chosen = [one for one in MUTANTS if not words or any(word in one.breaks for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("operator", "tests"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        tests = sorted({test for one in chosen for test in one.tests})
        if not tried(tree, tests):
            print("The tests fail without any change: run them first.", *tests, sep="\n  ")
            return 1
        killed = 0
        for one in chosen:
            came = outcome(tree, one)
            killed += came == "killed"
            print(f"{came:14} {one.file:32} {one.breaks}", flush=True)
    print(f"{killed} of {len(chosen)} killed.")
    return int(killed < len(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
