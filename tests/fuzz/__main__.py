"""`python tests/fuzz TARGET [flags of libFuzzer]`: grows inputs of one target by what code they reach.

A broken promise ends it with the input in a file below `-artifact_prefix=`. `make fuzz` runs every target.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
with atheris.instrument_imports(include=["hookwright", "jsonpath_rfc9535", "jinja2"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until a flag ends it."""
    name = sys.argv[1]
    target, seeds = TARGETS[name]
    random.seed(0)
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[2:], os.fspath(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
