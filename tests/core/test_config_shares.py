"""The configuration's room is shared out by namespace: who is below his share is never refused."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_config_parts import noise, route
from hookwright.api.config import RouteConfig
from hookwright.core.config_parts import Slices
from hookwright.core.config_shares import LEFT_OUT, Share, Shared, level, share_out

ROOM = Share(100_000, 20_000)


def stub(whole: RouteConfig) -> RouteConfig:
    """What a webhook matches by."""
    return whole.model_copy(update={"held": LEFT_OUT, "configs": {}, "hash": whole.hash[::-1]})


def team(name: str, count: int, size: int, *, squeezable: bool = False, first: int = 0) -> list[RouteConfig]:
    """Webhooks of a namespace with a template of so many characters."""
    return [
        route(f"w{each:03}", name, configs={"t/t": "x" * size if squeezable else noise(each, size)})
        for each in range(first, first + count)
    ]


def shared(
    *teams: list[RouteConfig], ran: Mapping[str, RouteConfig] | None = None, slices: Slices | None = None
) -> Shared:
    """Share the small room out."""
    return share_out({each[0].namespace: each for each in teams}, ran or {}, slices or Slices(), stub, ROOM)


def before(found: Shared) -> dict[str, RouteConfig]:
    """What was written, by key."""
    return {each.key: each for written in found.written.values() for each in written}


def whole(found: Shared, namespace: str) -> list[str]:
    """The names of those that run."""
    return [each.name for each in found.written[namespace] if each.held != LEFT_OUT]


@given(st.lists(st.integers(0, 1_000)), st.integers(0, 3_000))
def test_the_level_gives_what_is_there_and_to_who_wants_little_all(wanted: list[int], total: int) -> None:
    """Never more than there is in all; who wants less than an equal share gets it; nothing is kept back but crumbs."""
    most = level(wanted, total)
    given_out = sum(min(each, most) for each in wanted)
    assert given_out <= total
    assert all(each <= most for each in wanted if each <= total // len(wanted))
    assert given_out > min(sum(wanted), total) - max(1, len(wanted))


sizes = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3_000), st.booleans()), min_size=1, max_size=6)


@given(sizes)
@settings(max_examples=60, deadline=None)
def test_no_more_is_written_than_there_is_and_nobody_below_his_share_is_refused(
    wanted: list[tuple[int, int, bool]],
) -> None:
    """Expanded and compressed; the same once more changes nothing for those that run."""
    teams = [team(f"n{at}", count, size, squeezable=easy) for at, (count, size, easy) in enumerate(wanted)]
    found = shared(*teams)
    slices = Slices()
    assert sum(sum(slices.sizes(each)) for each in found.written.values()) <= ROOM.size
    assert sum(slices.length(each) for each in found.written.values()) <= ROOM.packed
    for each in teams:
        share = found.shares[each[0].namespace]
        if share.size <= ROOM.size // len(teams) and share.packed <= ROOM.packed // len(teams):
            assert found.written[each[0].namespace] == each
            assert not any(one.key in found.left_out for one in each)
        assert all((one in found.written[one.namespace]) != (one.key in found.left_out) for one in each)
    again = shared(*teams, ran=before(found))
    assert all(set(whole(found, name)) <= set(whole(again, name)) for name in found.written)
    assert shared(*teams, ran=before(again)) == again


def test_the_last_by_name_are_held_and_say_why() -> None:
    """They match on, as far as there is room for that; figure, share and cure are said."""
    found = shared(team("large", 30, 2_000), team("small", 3, 2_000))
    assert whole(found, "small") == ["w000", "w001", "w002"]
    running = whole(found, "large")
    assert 0 < len(running) < 30
    assert running == [f"w{each:03}" for each in range(len(running))]
    held = [each for each in found.written["large"] if each.held == LEFT_OUT]
    assert [each.triggers for each in held] == [["Manual"]] * len(held)
    assert len(running) + len(held) == 30
    sentence = found.left_out["large/w029"]
    assert sentence.startswith(
        "has no room in the configuration: the webhooks of namespace large take about 3"
    )
    assert "KiB compressed, and their share is about 1" in sentence
    assert (
        "; shorten templates, header values, certificates and Secrets, remove webhooks, or install"
        in sentence
    )


def test_text_that_compresses_well_counts_as_it_is_expanded() -> None:
    """What a dispatcher has to hold is bounded where it is written."""
    found = shared(team("large", 60, 3_000, squeezable=True), team("small", 2, 3_000, squeezable=True))
    assert len(whole(found, "small")) == 2
    assert 0 < len(whole(found, "large")) < 60
    assert "namespace large take about 190 KiB, and their share is about 9" in found.left_out["large/w059"]
    assert "compressed" not in found.left_out["large/w059"]


def test_what_ran_before_runs_on_when_others_come_or_one_grows() -> None:
    """Whoever comes before the others by name does not push them out; neither does one that was made larger."""
    first = team("n", 30, 2_000, first=10)
    found = shared(first)
    again = shared([*team("n", 5, 2_000), *first], ran=before(found))
    assert whole(again, "n") == whole(found, "n")
    assert {each.name for each in again.written["n"]} >= {each.name for each in first}
    grown = route(first[0].name, "n", configs={"t/t": noise(99, 8_000)})
    changed = shared([grown, *first[1:]], ran=before(found))
    assert whole(changed, "n") == [name for name in whole(found, "n") if name != grown.name]
    assert {each.name for each in changed.written["n"]} == {each.name for each in first}


def test_those_that_hardly_match_in_the_room_are_not_there_at_all() -> None:
    """Filters and names alone can be too much: the rest of their namespace is what goes."""
    crowd = [route(f"w{each:03}", "crowd", triggers=[noise(each, 400)]) for each in range(200)]
    found = shared(crowd, team("small", 3, 1_000))
    assert len(whole(found, "small")) == 3
    assert 0 < len(found.written["crowd"]) < 200
    assert len(found.left_out) + len(whole(found, "crowd")) == 200


def test_a_webhook_too_large_for_any_room_is_left_out_alone() -> None:
    """Its own figure and limit are said; the others of its namespace run, whatever is free."""
    huge = [
        route("huge", "n", configs={"t/t": noise(1, 700_000)}),
        route("vast", "n", configs={"t/t": "x" * 1_100_000}),
    ]
    found = share_out({"n": [*huge, route("w", "n")]}, {}, Slices(), stub)
    assert whole(found, "n") == ["w"]
    assert [each.held for each in found.written["n"]] == [LEFT_OUT, LEFT_OUT, "why"]
    assert "it takes 3" in found.left_out["n/huge"]
    assert "KiB compressed, and one webhook may take 256 KiB; shorten" in found.left_out["n/huge"]
    assert "it takes 1,074 KiB, and one webhook may take 1,024 KiB" in found.left_out["n/vast"]


def test_what_is_only_measured_is_measured_once() -> None:
    """A namespace that is over its share costs nothing while it does not change."""
    teams = (team("large", 40, 2_000), team("small", 3, 2_000))
    slices = Slices()
    found = shared(*teams, slices=slices)
    encoded = slices.encoded
    assert shared(*teams, slices=slices) == found
    assert slices.encoded == encoded
