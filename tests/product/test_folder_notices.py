"""`hookwright dev` on a machine that gives no notices of changes: every inotify instance is taken."""

from __future__ import annotations

import subprocess

import pytest

from product.by_hand import command, listens
from product.conftest import Product, granted
from rig import LISTENING, Process, until

WITHOUT = ["unshare", "--user", "--map-root-user", "sh", "-c",
           'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "sh"]  # fmt: skip
"""Runs a command in a user namespace whose users may have no inotify instance."""

WEBHOOK = "  url: https://%s/here\n  triggers: [RequestGranted]\n"


@pytest.fixture
def unnoticed(product: Product) -> Product:
    """The product with one webhook, running without notices."""
    if subprocess.run([*WITHOUT, "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces here")
    product.webhook("one", WEBHOOK % "elsewhere.test")
    product.process = Process([*WITHOUT, *command(product)], product.folder / "dev.log", core=None)
    listens(product, product.process.wait_for(LISTENING))
    return product


def test_a_folder_is_followed_without_notices(unnoticed: Product) -> None:
    """It says once that it looks by itself, and a changed manifest comes into force."""
    sentence = f"{unnoticed.manifests}: the system gives no notice of changes"
    until(lambda: sentence in unnoticed.output())
    for target in ("other.test", "target.test"):
        unnoticed.webhook("one", WEBHOOK % target)
        until(lambda target=target: unnoticed.view("default/one")["host"] == target)
    assert unnoticed.arrived(unnoticed.accepted(granted())[0])["path"] == "/here"
    assert unnoticed.output().count(sentence) == 1
