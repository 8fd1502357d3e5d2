"""The release's own Secrets: made once, and written only where they differ."""

from __future__ import annotations

import base64

import pytest

from controller.fake_cluster import FakeCluster
from hookwright.controller.apply import Owned
from hookwright.controller.inventory import POD, Inventory
from hookwright.controller.settings import Settings
from hookwright.core.config_parts import MANIFEST
from hookwright.errors import ClusterError
from hookwright.telemetry.controller_metrics import ControllerMetrics

SETTINGS = Settings(namespace="hooks", release="hw", dispatcher_service="hw-dispatcher")


class World:
    """A cluster in memory, and what is ours in it."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.inventory = Inventory(lambda kind: None)
        self.owned = Owned(self.cluster, self.inventory, SETTINGS, ControllerMetrics())

    def data(self, name: str) -> dict[str, bytes]:
        """The data of a Secret of the release."""
        found = self.cluster.objects[("Secret", f"hooks/{name}")]["data"]
        return {key: base64.b64decode(value) for key, value in found.items()}


async def test_tokens_and_key_are_made_once() -> None:
    """What is there, the administrator's own included, is never written."""
    first = World()
    first.cluster.apply(
        "kind: Secret\nmetadata: {name: hw-admin-token, namespace: hooks}\ndata: {token: bWluZQpvbGQK}"
    )
    key = await first.owned.prepare()
    assert first.owned.admin_token() == "mine"
    assert sorted(first.cluster.writes) == [
        ("create", "Secret", "hw-hash-key"),
        ("create", "Secret", "hw-ingest-token"),
    ]
    assert len(key) == 32
    assert len(first.data("hw-ingest-token")["token"]) >= 40
    assert await first.owned.prepare() == key
    assert len(first.cluster.writes) == 2


async def test_what_is_missing_is_made_again() -> None:
    """With the value that is known, as pods and senders still use it; the configuration with the next round."""
    world = World()
    key = await world.owned.prepare()
    files = {MANIFEST: b"m1", "part-0": b"a"}
    await world.owned.configuration(files, "h1")
    names = ("hw-admin-token", "hw-ingest-token", "hw-hash-key", "hw-config-0")
    before = {name: world.data(name) for name in names}
    for name in names:
        world.cluster.delete("Secret", f"hooks/{name}")
    await world.owned.read_again()
    assert await world.owned.configuration(files, "h1")
    assert {name: world.data(name) for name in names} == before
    assert key == before["hw-hash-key"]["key"]


async def test_a_secret_that_cannot_be_used_keeps_no_other_from_being_made() -> None:
    """One was emptied, another is gone: the one is said, the other is back."""
    world = World()
    await world.owned.prepare()
    for name in ("hw-admin-token", "hw-ingest-token", "hw-hash-key"):
        world.cluster.delete("Secret", f"hooks/{name}")
    world.cluster.apply("kind: Secret\nmetadata: {name: hw-admin-token, namespace: hooks}\ndata: {}")
    with pytest.raises(ClusterError, match="Secret hw-admin-token has no key token: delete it"):
        await world.owned.read_again()
    assert world.data("hw-ingest-token")
    assert world.data("hw-hash-key")


async def test_a_token_that_was_changed_is_the_one_that_is_known() -> None:
    """Whoever sets a new one, and then loses the Secret, does not get the old one back."""
    world = World()
    await world.owned.prepare()
    world.cluster.delete("Secret", "hooks/hw-ingest-token")
    world.cluster.apply(
        "kind: Secret\nmetadata: {name: hw-ingest-token, namespace: hooks}\ndata: {token: bWluZQ==}"
    )
    await world.owned.read_again()
    world.cluster.delete("Secret", "hooks/hw-ingest-token")
    await world.owned.read_again()
    assert world.data("hw-ingest-token") == {"token": b"mine"}


async def test_a_secret_without_its_key_is_said() -> None:
    """It is not overwritten, as somebody made it."""
    world = World()
    world.cluster.apply("kind: Secret\nmetadata: {name: hw-hash-key, namespace: hooks}\ndata: {}")
    with pytest.raises(ClusterError, match="Secret hw-hash-key has no key key: delete it"):
        await world.owned.prepare()


async def test_secrets_go_with_the_dispatchers_service() -> None:
    """They hold every credential in use: uninstalling the release takes them away."""
    world = World()
    world.cluster.apply("kind: Service\nmetadata: {name: hw-dispatcher, namespace: hooks}\nspec: {}")
    await world.owned.prepare()
    owners = world.cluster.objects[("Secret", "hooks/hw-hash-key")]["metadata"]["ownerReferences"]
    assert [(each["kind"], each["name"]) for each in owners] == [("Service", "hw-dispatcher")]


async def test_only_changed_parts_are_written_and_the_manifest_last() -> None:
    """Then the pods' annotation changes; the same files again write nothing, also after a restart."""
    world = World()
    world.cluster.apply("kind: Pod\nmetadata: {name: d-1, namespace: hooks}")
    for raw in world.cluster.list(POD, None).items:
        world.inventory.put(POD, raw)
    await world.owned.prepare()
    world.cluster.writes.clear()
    files = {MANIFEST: b"m1", "part-0": b"a", "part-1": b"b"}
    assert await world.owned.configuration(files, "h1")
    assert world.cluster.writes == [
        ("apply", "Secret", "hw-config-1"), ("apply", "Secret", "hw-config-0"), ("annotate", "Pod", "d-1"),
    ]  # fmt: skip
    assert (world.data("hw-config-0"), world.data("hw-config-1")) == (
        {MANIFEST: b"m1", "part-1": b"b"}, {"part-0": b"a"},
    )  # fmt: skip
    assert not await world.owned.configuration(files, "h1")
    again = Owned(world.cluster, world.inventory, SETTINGS, ControllerMetrics())
    await again.prepare()
    assert not await again.configuration(files, "h1")
    assert await again.configuration({MANIFEST: b"m2", "part-0": b"a2"}, "h2")
    assert (world.data("hw-config-1"), world.data("hw-config-0")["part-0"]) == ({}, b"a2")
