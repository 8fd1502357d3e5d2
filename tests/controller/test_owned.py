"""The release's own Secrets: made once, kept with their values, never somebody else's, and at a bounded pace."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import structlog
import yaml

from controller.fake_cluster import FakeCluster
from hookwright.controller.inventory import OWN_SECRET, POD, Inventory
from hookwright.controller.owned import Owned
from hookwright.controller.settings import Settings
from hookwright.controller.trouble import Troubles
from hookwright.core.config_parts import MANIFEST
from hookwright.errors import ClusterError
from hookwright.telemetry.controller_metrics import ControllerMetrics

SETTINGS = Settings(namespace="hooks", release="hw")
VALUES = ("hw-admin-token", "hw-ingest-token", "hw-hash-key")
OURS = {"app.kubernetes.io/managed-by": "hookwright-controller", "hookwright.io/release": "hw"}


class World:
    """A cluster in memory, and what keeps the Secrets there; its clock stands still."""

    def __init__(self, **settings: Any) -> None:
        self.cluster = FakeCluster()
        self.seconds = 1000.0
        self.inventory = Inventory(lambda kind: None)
        self.settings = SETTINGS.model_copy(update=settings)
        self.troubles = Troubles(lambda: self.seconds)
        self.owned = self.another()

    def another(self) -> Owned:
        """That of the next process."""
        return Owned(
            self.cluster, self.inventory, self.settings, ControllerMetrics(), lambda: self.seconds, self.troubles
        )  # fmt: skip

    @property
    def trouble(self) -> str | None:
        """What is said first of what does not succeed."""
        return next(iter(self.troubles.sentences()), None)

    def secret(self, name: str, **data: str) -> None:
        """A Secret that somebody made."""
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.cluster.put(
            {"kind": "Secret", "metadata": {"name": name, "namespace": "hooks"}, "data": encoded}
        )

    def data(self, name: str) -> dict[str, bytes]:
        """The data of a Secret of the release."""
        found = self.cluster.objects[("Secret", f"hooks/{name}")]["data"]
        return {key: base64.b64decode(value) for key, value in found.items()}

    def metadata(self, name: str) -> dict[str, Any]:
        """Labels, annotations and owners of a Secret."""
        found = self.cluster.objects[("Secret", f"hooks/{name}")]["metadata"]
        return {key: found[key] for key in ("labels", "annotations", "ownerReferences") if key in found}


async def test_tokens_and_key_are_made_once() -> None:
    """What is there, the administrator's own included, is never written."""
    first = World()
    first.secret("hw-admin-token", token="mine\nold\n")
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
    await world.owned.configuration(files)
    names = ("hw-admin-token", "hw-ingest-token", "hw-hash-key", "hw-config-0")
    before = {name: world.data(name) for name in names}
    for name in names:
        world.cluster.delete("Secret", f"hooks/{name}")
    await world.owned.read_again()
    assert await world.owned.configuration(files)
    assert {name: world.data(name) for name in names} == before
    assert key == before["hw-hash-key"]["key"]


async def test_a_token_that_was_changed_is_the_one_that_is_known() -> None:
    """Whoever sets a new one, and then loses the Secret, does not get the old one back."""
    world = World()
    await world.owned.prepare()
    world.cluster.delete("Secret", "hooks/hw-ingest-token")
    world.secret("hw-ingest-token", token="mine")
    await world.owned.read_again()
    world.cluster.delete("Secret", "hooks/hw-ingest-token")
    await world.owned.read_again()
    assert world.data("hw-ingest-token") == {"token": b"mine"}


async def test_only_changed_parts_are_written_and_the_manifest_last() -> None:
    """The same files again write nothing, also after a restart; a nudge changes the pods' annotation."""
    world = World()
    world.cluster.apply("kind: Pod\nmetadata: {name: d-1, namespace: hooks}")
    for raw in world.cluster.list(POD, None).items:
        world.inventory.put(POD, raw)
    await world.owned.prepare()
    world.cluster.writes.clear()
    files = {MANIFEST: b"m1", "part-0": b"a", "part-1": b"b"}
    assert await world.owned.configuration(files)
    await world.owned.nudge("h1")
    assert world.cluster.writes == [
        ("apply", "Secret", "hw-config-1"), ("apply", "Secret", "hw-config-0"), ("annotate", "Pod", "d-1"),
    ]  # fmt: skip
    assert (world.data("hw-config-0"), world.data("hw-config-1")) == (
        {MANIFEST: b"m1", "part-1": b"b"}, {"part-0": b"a"},
    )  # fmt: skip
    assert not await world.owned.configuration(files)
    again = world.another()
    await again.prepare()
    assert not await again.configuration(files)
    assert await again.configuration({MANIFEST: b"m2", "part-0": b"a2"})
    assert (world.data("hw-config-1"), world.data("hw-config-0")["part-0"]) == ({}, b"a2")


async def test_a_secret_that_cannot_be_used_keeps_no_other_from_being_made() -> None:
    """Somebody's is empty, another is gone: the one is said and left as it is, the other is back."""
    world = World()
    await world.owned.prepare()
    for name in VALUES:
        world.cluster.delete("Secret", f"hooks/{name}")
    world.secret("hw-admin-token")
    await world.owned.read_again()
    assert world.trouble == (
        "Secret hw-admin-token has no value under the key token: write one, or delete it, and it is made anew."
    )
    assert world.data("hw-admin-token") == {}
    assert world.data("hw-ingest-token")
    assert world.data("hw-hash-key")
    world.secret("hw-admin-token", token="new")
    await world.owned.read_again()
    assert (world.trouble, world.owned.admin_token()) == (None, "new")


@pytest.mark.parametrize("data", [{}, {"token": ""}, {"token": "IAo="}, {"other": "eA=="}])
async def test_what_was_damaged_gets_its_value_again(data: dict[str, str]) -> None:
    """One that the controller made lost its value: event sources and dispatchers still have it."""
    world = World()
    await world.owned.prepare()
    before = {name: world.data(name) for name in VALUES}
    for name in VALUES:
        raw = world.cluster.objects["Secret", f"hooks/{name}"]
        world.cluster.put({**raw, "data": data})
    await world.owned.read_again()
    assert {name: world.data(name) for name in VALUES} == before
    assert world.trouble is None


async def test_a_key_that_cannot_be_used_is_waited_for() -> None:
    """Somebody's hash key is empty: without it nothing can be said of any configuration."""
    world = World()
    world.secret("hw-hash-key")
    with pytest.raises(ClusterError, match="Secret hw-hash-key has no value under the key key: write one"):
        await world.owned.prepare()


@pytest.mark.parametrize("name", VALUES)
async def test_what_may_not_be_written_yet_is_in_force_all_the_same(name: str) -> None:
    """A policy or a quota refuses it: said with the server's words, and later written with the same value."""
    world = World()
    world.cluster.refuses = {name}
    with structlog.testing.capture_logs() as told:
        key = await world.owned.prepare()
        await world.owned.read_again()
    sentence = f"Secret {name} cannot be written: The API server answered 403: not now"
    assert [each["message"] for each in told if each["log_level"] == "error"] == [sentence]
    assert world.trouble == sentence
    token = world.owned.admin_token()
    world.cluster.refuses = set()
    await world.owned.read_again()
    assert world.trouble is None
    assert world.data("hw-hash-key") == {"key": key}
    assert world.data("hw-admin-token") == {"token": token.encode()}


async def test_a_secret_of_ones_own_is_read_and_never_made() -> None:
    """By its name and key; one that is not there is said to be missing, and one that comes is used."""
    world = World(
        ingest_existing_secret_name="events",
        admin_existing_secret_name="doors",
        admin_existing_secret_key="admin",
    )
    await world.owned.prepare()
    assert world.cluster.writes == [("create", "Secret", "hw-hash-key")]
    assert world.trouble == "Secret events does not exist: create it with the key token."
    world.secret("events", token="e")
    world.secret("doors", token="e")
    await world.owned.read_again()
    assert world.trouble == "Secret doors has no value under the key admin: write one."
    world.secret("doors", admin="first\nsecond")
    await world.owned.read_again()
    assert (world.trouble, world.owned.admin_token()) == (None, "first")
    assert world.cluster.writes == [("create", "Secret", "hw-hash-key")]


async def test_one_secret_may_hold_the_tokens_of_both_ports() -> None:
    """Each under its own key; of each it is said what is missing."""
    world = World(
        ingest_existing_secret_name="own",
        admin_existing_secret_name="own",
        admin_existing_secret_key="admin",
    )
    await world.owned.prepare()
    world.secret("own", token="e")
    await world.owned.read_again()
    assert world.trouble == "Secret own has no value under the key admin: write one."
    world.secret("own", token="e", admin="a")
    await world.owned.read_again()
    assert (world.trouble, world.owned.admin_token()) == (None, "a")


async def test_secrets_hang_on_nothing_and_have_the_labels_that_were_asked_for() -> None:
    """Whatever owned them may be made anew, under another uid; then all of them would be collected."""
    world = World(labels={"team": "a", "hookwright.io/release": "x"}, annotations={"note": "b"})
    await world.owned.prepare()
    await world.owned.configuration({MANIFEST: b"m"})
    for name in (*VALUES, "hw-config-0"):
        assert world.metadata(name) == {"labels": {"team": "a", **OURS}, "annotations": {"note": "b"}}


# as release 0.1.0 wrote it
OLD = """
kind: Secret
metadata:
  name: %s
  namespace: hooks
  labels: {app.kubernetes.io/managed-by: hookwright-controller, app.kubernetes.io/instance: hw}
  ownerReferences:
  - {apiVersion: v1, kind: Service, name: hw-dispatcher, uid: 6c1c36b5-3f8a-4c1c-9a53-2a1b6f4f9f0e}
  - {apiVersion: v1, kind: ConfigMap, name: mine, uid: 1d1c36b5-3f8a-4c1c-9a53-2a1b6f4f9f0e}
data: %s
"""


async def test_an_owner_of_an_earlier_release_is_taken_off() -> None:
    """With the first look, before the Service is made anew; the value stays, and so does what others wrote."""
    world = World(labels={"team": "a"})
    for name in VALUES:
        world.cluster.apply(OLD % (name, "{token: b2xk, key: b2xk}"))
    world.cluster.apply(OLD % ("hw-config-0", "{}"))
    await world.owned.prepare()
    for name in (*VALUES, "hw-config-0"):
        metadata = world.metadata(name)
        assert [each["kind"] for each in metadata["ownerReferences"]] == ["ConfigMap"]
        assert metadata["labels"] == {"team": "a", **OURS}
    assert (world.owned.admin_token(), world.data("hw-ingest-token")["token"]) == ("old", b"old")
    world.cluster.writes.clear()
    await world.owned.read_again()
    assert world.cluster.writes == []


async def test_what_somebody_else_made_keeps_its_owner_and_labels() -> None:
    """A Secret of that name without the controller's label is read only."""
    world = World(labels={"team": "a"})
    document = yaml.safe_load(OLD % ("hw-ingest-token", "{token: b2xk}"))
    document["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "Helm"}
    world.cluster.put(document)
    await world.owned.prepare()
    assert world.metadata("hw-ingest-token")["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
    assert len(world.metadata("hw-ingest-token")["ownerReferences"]) == 2


async def test_dispatchers_are_told_of_a_changed_token() -> None:
    """Kubelet would mount it within a minute or two; an annotation of the pod makes it look at once."""
    world = World()
    world.cluster.apply("kind: Pod\nmetadata: {name: d-1, namespace: hooks}")
    for raw in world.cluster.list(POD, None).items:
        world.inventory.put(POD, raw)
    await world.owned.prepare()
    for name, told in {"hw-ingest-token": True, "hw-admin-token": True, "hw-hash-key": False}.items():
        world.cluster.writes.clear()
        world.secret(name, token="new", key="new")
        await world.owned.read_again()
        assert world.cluster.writes == [("annotate", "Pod", "d-1")] * told


async def test_no_process_tells_dispatchers_what_they_were_told_before() -> None:
    """Kubelet looks when the annotation changes: that of the next process differs, for the same configuration too."""
    world = World()
    world.cluster.apply("kind: Pod\nmetadata: {name: d-1, namespace: hooks}")
    for raw in world.cluster.list(POD, None).items:
        world.inventory.put(POD, raw)
    seen = set()
    for owned in (world.owned, world.another(), world.another()):
        await owned.nudge("h1")
        pod = world.cluster.objects[("Pod", "hooks/d-1")]
        seen.add(pod["metadata"]["annotations"]["hookwright.io/config"])
    assert len(seen) == 3


# --- kept --------------------------------------------------------------------------------------------


class Kept(World):
    """With the watch's news, and turns of whoever keeps them."""

    def hear(self) -> None:
        """What the watch tells."""
        listed = self.cluster.list(OWN_SECRET, "hooks")
        self.inventory.replace(OWN_SECRET, listed.items, listed.version, "hooks")

    async def until(self, ends: float, each: Any) -> list[float]:
        """Let seconds pass, half a second at a time; when something was written."""
        began, written = self.seconds, []
        while self.seconds < began + ends:
            before = len(self.cluster.writes)
            self.hear()
            await self.owned.turn()
            if len(self.cluster.writes) > before:
                written.append(self.seconds - began)
            each()
            self.seconds += 0.5
        return written


async def test_one_that_is_deleted_is_back_within_seconds() -> None:
    """Each of them once, with its value, and then there is nothing to do."""
    world = Kept()
    await world.owned.prepare()
    files = {MANIFEST: b"m1", "part-0": b"a"}
    await world.owned.configuration(files)
    before = {name: world.data(name) for name in VALUES}
    for name in VALUES:
        world.cluster.delete("Secret", f"hooks/{name}")
    assert await world.until(300, lambda: None) == [1.0]
    assert {name: world.data(name) for name in VALUES} == before
    world.cluster.delete("Secret", "hooks/hw-config-0")
    await world.until(2, lambda: None)
    assert await world.owned.configuration(files)
    assert world.data("hw-config-0") == files
    assert await world.until(300, lambda: None) == []


async def test_one_that_is_replaced_is_taken_as_it_is() -> None:
    """Deleted and made again by somebody, who is not met by one that the controller made in between."""
    world = Kept()
    await world.owned.prepare()
    world.cluster.delete("Secret", "hooks/hw-admin-token")
    world.hear()
    await world.owned.turn()
    world.secret("hw-admin-token", token="new")
    assert await world.until(300, lambda: None) == []
    assert world.owned.admin_token() == "new"


async def test_one_that_is_deleted_again_and_again_is_made_at_a_growing_pause() -> None:
    """To a minute, and no other waits for it; after a minute of peace it is made within a second again."""
    world = Kept()
    await world.owned.prepare()

    def delete() -> None:
        if ("Secret", "hooks/hw-ingest-token") in world.cluster.objects:
            world.cluster.delete("Secret", "hooks/hw-ingest-token")

    delete()
    made = await world.until(400, delete)
    pauses = [later - earlier for earlier, later in zip([0.0, *made], made, strict=False)]
    assert [round(each) for each in pauses] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    world.cluster.delete("Secret", "hooks/hw-hash-key")
    assert await world.until(3, lambda: None) == [1.0]
    await world.until(200, lambda: None)
    delete()
    assert await world.until(3, lambda: None) == [1.0]


async def test_one_that_may_not_be_made_is_tried_at_a_growing_pause() -> None:
    """A line a minute, some tries, and it is there once it may be."""
    world = Kept()
    world.cluster.refuses = {"hw-ingest-token"}
    with structlog.testing.capture_logs() as told:
        await world.owned.prepare()
        await world.until(600, lambda: None)
    assert 5 <= len([each for each in told if each["log_level"] == "error"]) <= 11
    assert world.cluster.refused_secrets <= 20
    world.cluster.refuses = set()
    await world.until(61, lambda: None)
    assert world.data("hw-ingest-token")


async def test_an_api_server_that_is_away_is_asked_at_a_growing_pause() -> None:
    """What was deleted before is made once it is back."""
    world = Kept()
    await world.owned.prepare()
    world.cluster.delete("Secret", "hooks/hw-ingest-token")
    world.hear()
    world.cluster.down = True
    with structlog.testing.capture_logs() as told:
        for _ in range(1200):
            await world.owned.turn()
            world.seconds += 0.5
    assert len(told) <= 20
    world.cluster.down = False
    await world.until(61, lambda: None)
    assert world.data("hw-ingest-token")
