"""What changed since somebody last asked, whatever the order of changes and questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookwright.core.changes import Changes


def told(changes: Changes, cursor: str = "", limit: int = 100) -> tuple[list[str], bool, bool]:
    """Keys, whether they are told anew, whether more is left."""
    found = changes.since(cursor, limit)
    return found.keys, found.anew, found.more


def test_only_what_changed_since_is_told() -> None:
    """At rest nothing is; a key that changed twice comes once."""
    changes = Changes("s1")
    changes.note(["a", "b", "c"])
    first = changes.since("", 100)
    assert (first.keys, first.anew, first.more) == (["a", "b", "c"], True, False)
    assert told(changes, first.cursor) == ([], False, False)
    changes.note(["b", "a", "b"])
    assert told(changes, first.cursor) == (["a", "b"], False, False)


def test_more_than_a_page_is_told_in_several() -> None:
    """Each cursor goes on where the page ended; only the first of them is told anew."""
    changes = Changes("s1")
    changes.note(["a", "b", "c"])
    first = changes.since("", 2)
    assert (first.keys, first.anew, first.more) == (["a", "b"], True, True)
    assert told(changes, first.cursor, 2) == (["c"], False, False)


@pytest.mark.parametrize("cursor", ["s0.3", "s1.4", "s1.999"])
def test_a_cursor_of_another_process_is_void(cursor: str) -> None:
    """Everything is told anew, as after a restart."""
    changes = Changes("s1")
    changes.note(["a", "b", "c"])
    assert told(changes, cursor) == (["a", "b", "c"], True, False)


@pytest.mark.parametrize("cursor", ["x", "s1", "s1.", ".3", "s1.-3", "s1.3 ", "S1.3", "s1." + "9" * 19])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    """With a sentence, as it is a mistake of the caller."""
    with pytest.raises(ValueError, match="since is the since of an earlier answer"):
        Changes("s1").since(cursor, 1)


def test_who_missed_what_was_forgotten_is_told_everything_anew() -> None:
    """Of what is gone only some is remembered; who asks with a later cursor misses nothing."""
    changes = Changes("s1")
    changes.note(["a", "b", "c", "d"])
    early, late = "s1.1", "s1.3"
    changes.forget({"d"}, 1)
    assert len(changes) == 2
    assert told(changes, early) == (["c", "d"], True, False)
    assert told(changes, late) == (["d"], False, False)


@given(st.lists(st.one_of(st.sampled_from("abcdef"), st.just("ask"), st.just("forget"))), st.integers(1, 3))
def test_whoever_asks_again_and_again_knows_all_that_changed(steps: list[str], limit: int) -> None:
    """Whatever is noted, asked and forgotten in between, in pages of any size: the last values are known."""
    changes, cursor = Changes("s1"), ""
    truth: dict[str, int] = {}
    known: dict[str, int] = {}
    for number, step in enumerate([*steps, "ask"]):
        if step == "ask":
            more = True
            while more:
                found = changes.since(cursor, limit)
                if found.anew:
                    known = {}
                known |= {key: truth[key] for key in found.keys if key in truth}
                cursor, more = found.cursor, found.more
        elif step == "forget":
            changes.forget(truth, 0)
        else:
            truth[step] = number
            changes.note([step])
    assert known == truth
