"""Power cut (SPEC 8), which no test can make: shown by the order of the dispatcher's system calls."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from faults.bench import Bench
from faults.ground import SHORT
from faults.ledger import Verdict
from rig import until

TRACE = Path(__file__).parents[1] / "guarantees" / "trace.c"
EVENTS = 200


def test_no_202_before_the_sync_that_covers_it(tmp_path: Path) -> None:
    """The order of system calls: event read, log written, log synced, and only then the 202."""
    library, trace = tmp_path / "trace.so", tmp_path / "trace"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, TRACE, "-ldl"], check=True)
    bench = Bench(tmp_path, Verdict("power cut", 0), SHORT, random.Random(0))
    try:
        bench.environment |= {"LD_PRELOAD": str(library), "TRACE_FILE": str(trace)}
        bench.webhook("one")
        bench.start()
        bench.load(connections=1)  # one event between request and answer
        until(lambda: len(bench.ledger.read().acknowledged) >= EVENTS)
        bench.pause()
        bench.stop()
    finally:
        bench.close()
    calls = trace.read_text().split()
    last = len(calls) - calls[::-1].index("ack")
    seen: set[str] = set()
    acknowledged = 0
    for call in calls[:last]:
        if call == "request":
            seen = set()
        elif call == "wal":
            seen.add("wal")
        elif call == "sync" and "wal" in seen:
            seen.add("sync")
        elif call == "ack":
            assert seen == {"wal", "sync"}
            acknowledged += 1
    assert acknowledged >= EVENTS
