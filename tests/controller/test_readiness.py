"""When a controller is ready: not before its first configuration, nor while it is deaf or everybody is refused."""

from __future__ import annotations

import pytest

from hookwright.controller.inventory import Inventory
from hookwright.controller.readiness import Readiness
from hookwright.controller.trouble import Troubles
from hookwright.limits import FEED_SECONDS


class World:
    """A controller that has written its configuration, with one webhook in namespace a."""

    def __init__(self, *watched: str) -> None:
        self.seconds = 1000.0
        self.refused: set[str] = set()
        self.inventory, self.troubles = Inventory(lambda kind: None), Troubles(lambda: self.seconds)
        metadata = {"name": "w", "namespace": "a", "resourceVersion": "1"}
        self.inventory.put("Webhook", {"kind": "Webhook", "metadata": metadata})
        self.readiness = Readiness(self.inventory, self.troubles, watched, self.refused, lambda: self.seconds)
        self.readiness.in_force = True
        self.readiness.start()


def test_until_the_first_configuration_is_written_it_is_not_ready() -> None:
    """With the reason, as soon as there is one."""
    world = World()
    world.readiness.in_force = False
    assert world.readiness.trouble() == "The configuration was not written yet."
    world.troubles.note("configuration", "403", "A policy says no.", red=True)
    assert world.readiness.trouble() == "A policy says no."


@pytest.mark.parametrize(
    ("fed", "refused", "ready"), [(True, set(), True), (False, set(), False), (False, {"a"}, True)]
)
def test_watches_that_tell_of_no_object_make_it_unready(fed: bool, refused: set[str], ready: bool) -> None:
    """After a minute, where there are objects to tell of: a watch begins with a list of them."""
    world = World("a", "b")
    world.refused |= refused
    if fed:
        world.readiness.fed()
    world.seconds += FEED_SECONDS - 1
    assert world.readiness.trouble() is None
    world.seconds += 1
    assert (world.readiness.trouble() is None) == ready


def test_it_is_ready_for_the_namespaces_that_do_not_refuse() -> None:
    """Until none is left."""
    world = World("a", "b")
    world.readiness.fed()
    world.refused.add("a")
    assert world.readiness.trouble() is None
    world.refused.add("b")
    assert world.readiness.trouble() == "Every namespace that is to be watched refuses."
