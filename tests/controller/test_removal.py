"""What a release that is uninstalled takes with it."""

from __future__ import annotations

from controller.fake_cluster import FakeCluster
from hookwright.controller.removal import remove_secrets
from hookwright.controller.resources import made_secrets, secret
from hookwright.controller.settings import Settings

SETTINGS = Settings(namespace="hooks", release="hw")
SERVICE = "kind: Service\nmetadata: {name: hw-dispatcher, namespace: hooks}\nspec: {}"
OTHERS = "kind: Secret\nmetadata: {name: %s, namespace: hooks}\ndata: {token: bWluZQ==}"


def left(cluster: FakeCluster) -> list[str]:
    """The Secrets that are there."""
    return [name for kind, name in cluster.objects if kind == "Secret"]


def test_all_that_the_controller_made_is_removed() -> None:
    """Also what it made again while it ended; what somebody else made under such a name, or any other, stays."""
    cluster = FakeCluster()
    names = made_secrets("hw")
    assert len(names) == 11
    for name in (*names[1:], "hw-other"):
        cluster.create_secret("hooks", secret(name, SETTINGS, {"key": b"value"}))
    cluster.apply(OTHERS % names[0])
    paused = []

    def pause(seconds: float) -> None:
        if not paused:
            cluster.create_secret("hooks", secret(names[1], SETTINGS, {"key": b"value"}))
        paused.append(seconds)

    remove_secrets(cluster, SETTINGS, pause)
    assert left(cluster) == ["hooks/hw-other", f"hooks/{names[0]}"]
    assert len(paused) == 2


def test_nothing_is_removed_while_the_release_is_there() -> None:
    """As when its manifests are rendered and applied, this one among them."""
    cluster = FakeCluster()
    cluster.apply(SERVICE)
    cluster.create_secret("hooks", secret("hw-admin-token", SETTINGS, {"token": b"value"}))
    remove_secrets(cluster, SETTINGS, lambda seconds: None)
    assert left(cluster) == ["hooks/hw-admin-token"]
