"""A `dev` that a test starts by itself, with streams or limits of its own."""

from __future__ import annotations

import re
import sys

from product.conftest import Product


def command(product: Product) -> list[str]:
    """`hookwright dev` on free ports."""
    return [
        *(sys.executable, "-m", "hookwright", "dev", str(product.manifests)),
        *("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"),
        *("--data", str(product.folder / "data"), "--ca-file", str(product.ca_file)),
        *(f"--connect-to={each}" for each in product.connect_to),
    ]


def listens(product: Product, found: re.Match[str]) -> None:
    """It is there: `found` is what `rig.LISTENING` matched."""
    product.events, product.admin = (f"http://127.0.0.1:{port}" for port in found.groups())
