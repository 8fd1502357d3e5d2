"""A bounded round of each fuzz target; `make fuzz` goes on for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import EDGE, TARGETS

HERE = Path(__file__).parent
WORDS = st.sampled_from(
    [b"{{", b"}}", b"{%", b"%}", b"{", b"}", b"[", b"]", b'"', b"\\", b":", b",", b"\r\n", b"\n", b"$.", b"..", b"?",
     b"HTTP/1.1 200 OK", b"content-length", b"transfer-encoding: chunked", b"data", b"event_type", b"\xef\xbb\xbf",
     b"\\ud800", b"&a", b"*a", b"!!", b"<<", b"0", b"1e400", b"\x00", EDGE]
)  # fmt: skip
BYTES = st.lists(st.one_of(WORDS, st.binary(max_size=12)), max_size=24).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
def test_promises_hold_for_any_input(name: str) -> None:
    """Words of the formats in any order, and what seeds become with such words put in."""
    target, seeds = TARGETS[name]

    def spoilt(seed: bytes, at: int, length: int, put: bytes) -> bytes:
        at %= len(seed) + 1
        return seed[:at] + put + seed[at + length :]

    inputs = st.one_of(
        BYTES, st.builds(spoilt, st.sampled_from(seeds), st.integers(0, 2**16), st.integers(0, 40), BYTES)
    )

    @settings(
        max_examples=300,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def holds(data: bytes) -> None:
        target(data)

    holds()


@pytest.mark.parametrize("name", TARGETS)
def test_promises_hold_where_coverage_leads(name: str, tmp_path: Path) -> None:
    """Some thousand inputs that a coverage-guided fuzzer grows from the seeds, the same each time."""
    flags = ["-runs=3000", "-seed=1", "-max_len=2000", "-rss_limit_mb=1024", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, HERE, name, *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "Done 3000" in done.stderr
