"""Every value of the chart does what its line in the table says, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from chart.conftest import Objects, Render
from chart.effects import EFFECTS
from chart.effects_around import AROUND, PERMISSIONS
from chart_values import values

KNOWN = {**EFFECTS, **AROUND}


def flat(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Places and what stands there; those of a list are named by the names of its members, where they have some."""
    if isinstance(node, dict) and node:
        for key, below in node.items():
            yield from flat(below, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and node:
        named = all(isinstance(each, dict) and "name" in each for each in node)
        for number, below in enumerate(node):
            yield from flat(below, f"{path}[{below['name'] if named else number}]")
    else:
        yield path, node


def places(objects: Objects) -> dict[str, Any]:
    """`Kind/name path` → what stands there."""
    return {
        f"{kind}/{each['metadata']['name']} {path}": value
        for (kind, _), each in objects.items()
        for path, value in flat(each)
    }


def nested(path: str, value: Any) -> dict[str, Any]:
    """`a.b` and a value → {"a": {"b": value}}."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


def over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Values over others, as helm lays them."""
    deep = {
        name: over(below[name], value)
        for name, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(name), dict)
    }
    return {**below, **above, **deep}


@pytest.fixture(scope="module")
def rendered(render: Render) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The places of a rendering; of the same values one is made."""

    @cache
    def of_text(text: str) -> dict[str, Any]:
        return places(render(**json.loads(text)))

    return lambda given: of_text(json.dumps(given))


def test_every_value_has_its_line() -> None:
    """And every line its value."""
    assert set(KNOWN) | PERMISSIONS == {each.path for each in values()}


@pytest.mark.parametrize("path", KNOWN)
def test_value_changes_its_places_and_no_others(
    rendered: Callable[[dict[str, Any]], dict[str, Any]], path: str
) -> None:
    """A value with no effect would be taken and ignored; one with another effect is not what it says."""
    known = KNOWN[path]
    before, after = rendered(known.beside), rendered(over(known.beside, nested(path, known.value)))
    changed = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
    patterns = [re.compile(re.escape(place).replace(r"\*", ".*")) for place in known.places]
    assert [place for place in sorted(changed) if not any(each.match(place) for each in patterns)] == []
    assert [each.pattern for each in patterns if not any(each.match(place) for place in changed)] == []
