"""The configuration as files: slices of namespaces, each encoded and parsed alone, and one document to older readers."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from random import Random

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.builders import assembled, webhook
from hookwright.api.config import DispatchConfig, RouteConfig
from hookwright.core.config_parts import MANIFEST, Place, Slice, encode, filled
from hookwright.core.config_reader import Reader
from hookwright.core.objects import Object
from hookwright.errors import ConfigurationError
from hookwright.limits import (
    CONFIG_LAST_PART_BYTES,
    CONFIG_PACKED_BYTES,
    CONFIG_PART_BYTES,
    CONFIG_SLICE_BYTES,
)


def route(name: str, namespace: str = "team", **more: object) -> RouteConfig:
    """A webhook that is held, with a hash that stands for what it is."""
    given = {"namespace": namespace, "name": name, "triggers": ["Manual"], "held": "why", **more}
    return RouteConfig.model_validate({**given, "hash": hashlib.sha256(f"{given}".encode()).hexdigest()})


def config(*webhooks: RouteConfig, **more: object) -> DispatchConfig:
    """A configuration of these webhooks, by name."""
    listed = sorted(webhooks, key=lambda each: each.key)
    return DispatchConfig.model_validate({"hash": "h", "webhooks": listed, **more})


def as_before(files: Mapping[str, bytes]) -> DispatchConfig:
    """What a dispatcher of an earlier release reads: all parts are one gzip stream of one document."""
    manifest = orjson.loads(files[MANIFEST])
    assert manifest["version"] == 1
    parts = [files[f"part-{number}"] for number in range(len(manifest["parts"]))]
    assert len(parts) <= 8
    assert [hashlib.sha256(part).hexdigest() for part in parts] == manifest["parts"]
    read = DispatchConfig.model_validate_json(gzip.decompress(b"".join(parts)), extra="ignore")
    return config(*read.webhooks, **read.model_dump(exclude={"webhooks"}))


def noise(seed: int, size: int) -> str:
    """A text that does not compress below three quarters."""
    return Random(seed).randbytes(size // 2).hex()


names = st.text(alphabet="abcdef-", min_size=1, max_size=8)
routes = st.dictionaries(st.tuples(st.sampled_from(["a", "a-b", "b", "team"]), names), st.integers(0, 3))


@given(routes, st.one_of(st.none(), st.lists(names, max_size=3)))
@settings(max_examples=50, deadline=None)
def test_every_release_reads_what_is_written(
    some: dict[tuple[str, str], int], reached: list[str] | None
) -> None:
    """Any number of webhooks in any namespaces, down to none; by slices and as one stream."""
    webhooks = [route(name, namespace, requested_at=f"ü{more}") for (namespace, name), more in some.items()]
    whole = config(*webhooks, cluster_events=reached)
    files = encode(whole)
    assert Reader().read(files) == whole
    assert as_before(files) == whole


def test_what_needs_many_parts_is_read_by_every_release() -> None:
    """Eight parts, one with the manifest and the end of the document."""
    whole = config(*(route(f"w{each}", f"n{each % 7}", held=noise(each, 20_000)) for each in range(100)))
    files = encode(whole)
    assert sorted(files) == [MANIFEST, *(f"part-{number}" for number in range(8))]
    assert all(len(content) < 1024 * 1024 for content in files.values())
    assert Reader().read(files) == whole
    assert as_before(files) == whole


def many(changed: int | None = None) -> list[Object]:
    """10,000 webhooks in 200 namespaces."""
    return [
        webhook(
            f"w{number}",
            namespace=f"team-{number % 200}",
            url=f"https://a.example/{noise(number, 80)}",
            timeout="5s" if number == changed else "6s",
        )
        for number in range(10_000)
    ]


def test_a_change_of_one_webhook_of_many_costs_its_slice() -> None:
    """One slice is encoded and parsed, two files beside the manifest differ: so two Secrets are written."""
    before = assembled(*many())
    reader = Reader()
    files = before.slices.files(before.config)
    first = reader.read(files)
    assert first == before.config
    encoded, parsed = before.slices.encoded, reader.parsed
    after = assembled(*many(changed=77), previous=before)
    changed = after.slices.files(after.config)
    assert after.slices.encoded - encoded == 1
    read = reader.read(changed)
    assert reader.parsed - parsed == 1
    assert read == after.config
    assert sum(new is not old for new, old in zip(read.webhooks, first.webhooks, strict=True)) == 1
    differ = [name for name in changed if changed[name] != files.get(name)]
    assert len(differ) <= 3
    assert {MANIFEST, "part-7"} <= set(differ)


def test_the_same_webhooks_give_the_same_bytes_whatever_was_before() -> None:
    """A controller that starts anew writes what the one before wrote."""
    before = assembled(*many()[:300])
    after = assembled(*many(changed=7)[:200], previous=before)
    assert after.slices.files(after.config) == encode(after.config)


@given(st.lists(st.integers(1, CONFIG_SLICE_BYTES), max_size=60), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
def test_what_the_shares_allow_together_always_fits(sizes: list[int], seed: int) -> None:
    """However slices of the allowed size come, up to the room that is shared out, each finds a part."""
    chance, places = Random(seed), list[Place]()
    left = CONFIG_PACKED_BYTES
    while left > 0:  # the rest in slices of chance, so that the bound is reached each time
        namespace, size = (
            chance.choice("xyz"),
            sizes.pop() if sizes else chance.randint(1, CONFIG_SLICE_BYTES),
        )
        if size + 6 > left:
            break
        left -= size + 6
        places.append(Place(namespace, f"w{len(places)}", Slice(bytes(size), 1, 0)))
    parts = filled(places)
    assert sum(map(len, parts)) == len(places)
    used = [sum(len(each.slice.packed) + 6 for each in part) for part in parts]
    assert all(size <= CONFIG_PART_BYTES for size in used[:-1])
    assert used[-1] <= CONFIG_LAST_PART_BYTES


def damaged(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    """The files with other values in the manifest."""
    manifest = orjson.loads(files[MANIFEST]) | changes
    return {**files, MANIFEST: orjson.dumps(manifest)}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"slices": [[3]]}, "damaged"),
        ({"slices": 1}, "damaged"),
        ({"slices": []}, "damaged"),
        ({"slices": [["x"]]}, "damaged"),
        ({"start": None}, "damaged"),
        ({"rest": 4}, "does not fit"),
        ({"parts": ["x"] * 9}, "more than 8 parts"),
        ({"parts": None}, "cannot be read"),
        ({"parts": []}, "damaged"),
        ({"version": 2}, "version 2"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(changes: dict[str, object], says: str) -> None:
    """Whatever stands in it, one sentence, and no content."""
    files = encode(config(route("one", held="very-secret-value")))
    with pytest.raises(ConfigurationError, match=says) as error:
        Reader().read(damaged(files, **changes))
    assert "very-secret-value" not in str(error.value)


def test_a_reader_that_refused_reads_the_next() -> None:
    """What it knew is not lost with a half-mounted folder."""
    reader = Reader()
    whole = config(route("one"), route("two", "other"))
    files = encode(whole)
    reader.read(files)
    with pytest.raises(ConfigurationError, match="not there"):
        reader.read({name: files[name] for name in files if name != "part-0"})
    assert reader.read(files) == whole
    assert reader.parsed == 2


def test_a_slice_that_expands_beyond_the_limit_is_refused() -> None:
    """A file that was made by hand cannot fill the memory of a dispatcher."""
    large = config(*(route(f"w{each}", held="x" * 1_000_000) for each in range(70)))
    with pytest.raises(ConfigurationError, match="larger than its limit"):
        Reader().read(encode(large))
