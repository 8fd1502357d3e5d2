"""Two releases over the same objects, on paper: who writes which status, who yields, and who takes over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hookwright.controller.inventory import Entry, Id
from hookwright.controller.owners import Looked, Owners
from hookwright.core.objects import Object
from hookwright.limits import ANSWER_SECONDS, ASK_SECONDS


class World:
    """Statuses of webhooks by `namespace/name`, releases, and the time. `writes`: questions and answers so far."""

    def __init__(self, *keys: str) -> None:
        self.seconds = 1000.0
        self.statuses: dict[str, dict[str, Any]] = {key: {} for key in keys}
        self.writes = 0

    def release(self, name: str) -> Release:
        """One more of them."""
        return Release(self, name)

    def entries(self) -> Mapping[Id, Entry]:
        """What each release knows."""
        return {
            ("Webhook", key): Entry(Object("Webhook", *key.split("/"), {}), key, 1, 1, dict(status))
            for key, status in self.statuses.items()
        }

    def writers(self) -> set[str]:
        """The names that stand in the statuses."""
        return {status.get("handledBy", "") for status in self.statuses.values()}


class Release:
    """Owners of one release, and what a round writes."""

    def __init__(self, world: World, name: str) -> None:
        self._world, self.name = world, name
        self._owners = Owners(name, lambda: world.seconds)

    def round(self) -> Looked:
        """Write its name, with which a question goes; then its own questions."""
        looked = self._owners.look(self._world.entries())
        for _, key in looked.ours:
            self._write(key, {"handledBy": self.name})
        for ask in looked.asks:
            key = ask.entry.object.key
            self._write(key, {**self._world.statuses[key], **ask.patch})
        return looked

    def _write(self, key: str, status: dict[str, Any]) -> None:
        self._world.writes += self._world.statuses[key] != status
        self._world.statuses[key] = status


def test_the_first_that_stands_keeps() -> None:
    """The second writes nothing but a question a minute in one status, and yields once it was answered."""
    world = World("shop/a", "shop/b")
    first, second = world.release("one/hw"), world.release("two/hw")
    first.round()
    world.writes = 0
    assert second.round().yielded == {}
    for _ in range(int(10 * ASK_SECONDS)):
        first.round()
        looked = second.round()
        world.seconds += 1
    assert {entry.object.key for entry in looked.yielded["one/hw"]} == {"shop/a", "shop/b"}
    assert world.writers() == {"one/hw"}
    assert world.writes <= 2 * 10 + 1


def test_when_the_first_is_gone_the_second_takes_over() -> None:
    """By itself: after the time of a question and of an answer; the first, back again, is the second then."""
    world = World("shop/a", "shop/b")
    first, second = world.release("one/hw"), world.release("two/hw")
    for _ in range(3):
        first.round()
        second.round()
    began = world.seconds
    while world.writers() != {"two/hw"}:
        again = second.round().again
        assert again is not None
        world.seconds += again
    assert world.seconds - began <= ASK_SECONDS + ANSWER_SECONDS + 3
    assert all("askedBy" not in status for status in world.statuses.values())
    for _ in range(3):
        first.round()
        second.round()
    assert world.writers() == {"two/hw"}
    assert len(first.round().yielded["two/hw"]) == 2


def test_a_release_that_restarts_keeps_its_objects() -> None:
    """It answers the question that stands there when it is back."""
    world = World("shop/a")
    first, second = world.release("one/hw"), world.release("two/hw")
    first.round()
    second.round()
    second.round()
    world.seconds += ANSWER_SECONDS - 1
    second.round()
    world.release("one/hw").round()
    second.round()
    world.seconds += ANSWER_SECONDS
    assert second.round().ours == {}


def test_new_objects_go_to_whoever_handles_the_others_beside_them() -> None:
    """Of a namespace; in one of its own each release takes its own."""
    world = World("shop/a")
    first, second = world.release("one/hw"), world.release("two/hw")
    first.round()
    world.statuses |= {"shop/new": {}, "other/new": {}}
    second.round()
    assert (world.statuses["shop/new"], world.statuses["other/new"]) == ({}, {"handledBy": "two/hw"})
    first.round()
    assert world.statuses["shop/new"] == {"handledBy": "one/hw"}


def test_where_both_have_objects_a_new_one_is_taken() -> None:
    """By the first of their names, so that neither waits for the other."""
    world = World("shop/a", "shop/b", "shop/new")
    first, second = world.release("one/hw"), world.release("two/hw")
    world.statuses["shop/a"] = {"handledBy": "one/hw"}
    world.statuses["shop/b"] = {"handledBy": "two/hw"}
    second.round()
    assert world.statuses["shop/new"] == {}
    first.round()
    assert world.statuses["shop/new"] == {"handledBy": "one/hw"}


def test_a_release_that_does_not_watch_a_namespace_any_more_has_left_it() -> None:
    """Though it answers elsewhere: each namespace is asked about for itself."""
    world = World("left/a", "shop/a")
    first, second = world.release("one/hw"), world.release("two/hw")
    first.round()
    for _ in range(int(ASK_SECONDS + ANSWER_SECONDS)):
        left = world.statuses["left/a"]
        first.round()
        world.statuses["left/a"] = left
        second.round()
        world.seconds += 1
    assert {key: status["handledBy"] for key, status in world.statuses.items()} == {
        "left/a": "two/hw", "shop/a": "one/hw",
    }  # fmt: skip
