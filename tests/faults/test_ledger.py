"""The judge of the bench finds what it is there to find."""

from __future__ import annotations

from pathlib import Path

from faults.ledger import Ledger, Lines, Verdict


def ledger(folder: Path, sent: str, came: str) -> Ledger:
    """Of these lines."""
    (folder / "sent").write_text(sent)
    (folder / "came").write_text(came)
    return Ledger(Lines(folder / "sent"), Lines(folder / "came")).read()


def test_what_was_acknowledged_and_has_no_end_is_missing(tmp_path: Path) -> None:
    """A target's 503 is no end, a dead letter is one only with its reason."""
    sent = "".join(f"202 1.0 {number} d{number} one/one 80 0\n" for number in range(4))
    came = "200 2.0 d0 1 /one 1 - 443\n503 2.0 d1 1 /one 1 - 443\n"
    judged = ledger(tmp_path, sent, came)
    assert judged.missing({"d2": "Gone", "d3": ""}) == {"d1", "d3"}


def test_duplicates_are_what_a_target_took_before(tmp_path: Path) -> None:
    """A retry after a 503 is none; one after an answer that was cut off is."""
    came = "503 1.0 d0 1 /one 1 - 443\n200 2.0 d0 2 /one 1 - 443\n102 1.0 d1 1 /one 1 - 443\n"
    judged = ledger(tmp_path, "202 1.0 1 d0 one/one 80 0\n202 1.0 1 d1 one/one 80 0\n", came)
    assert judged.duplicates == 0
    assert judged.missing({}) == {"d1"}
    with (tmp_path / "came").open("a") as opened:
        opened.write("102 2.0 d1 1 /one 1 - 443\n201 3.0 d1 1 /one 1 - 443\n200 3.0 d0 3 /one 1 - 443\n")
    assert judged.read().duplicates == 2
    assert judged.missing({}) == set()


def test_an_event_that_was_taken_twice_shows_by_its_other_delivery(tmp_path: Path) -> None:
    """The sender asks with the same identity until it has an answer: whatever else arrives is a second one."""
    sent = "0 1.0 1 - - 80 0\n202 2.0 1 d1 one/one 80 0\n"
    came = "200 1.5 d0 1 /one 1 - 443\n200 2.5 d1 1 /one 1 - 443\n"
    assert ledger(tmp_path, sent, came).unknown == {"d0"}


def test_a_line_that_is_still_being_written_is_read_later(tmp_path: Path) -> None:
    """Each once, and whole."""
    judged = ledger(tmp_path, "202 1.0 1 d1 one/one 80 0\n202 1.0 2 d", "")
    assert set(judged.acknowledged) == {"d1"}
    with (tmp_path / "sent").open("a") as opened:
        opened.write("2 one/one 80 0\n503 2.0 3 - - 80 0\n")
    assert set(judged.read().acknowledged) == {"d1", "d2"}
    assert judged.refused == {503: 1}


def test_a_promise_is_kept_without_loss_hand_problem_or_too_many_duplicates() -> None:
    """And with as many duplicates as the kills allow."""
    assert Verdict("x", 1, duplicates=32, allowed=32).kept
    assert not Verdict("x", 1, duplicates=33, allowed=32).kept
    assert not Verdict("x", 1, lost=1).kept
    assert not Verdict("x", 1, hand=True).kept
    assert not Verdict("x", 1, problems=["it ended by itself"]).kept


def test_a_pause_is_as_long_as_the_time_between_two_202s(tmp_path: Path) -> None:
    """In seconds and in the sender's steps; what was refused meanwhile ends none."""
    sent = "202 1.0 1 d1 one/one 80 10\n0 2.0 2 - - 81 30\n202 4.0 2 d2 one/one 80 13\n202 4.5 3 d3 one/one 80 20\n"
    assert ledger(tmp_path, sent, "").longest_pause() == (3.0, 7)


def test_requests_are_open_until_they_are_answered(tmp_path: Path) -> None:
    """Those of one path, whoever sends them; the port tells who was the last."""
    came = (
        "102 1.0 d1 1 /one 1 - 443\n102 1.1 d2 1 /two 1 - 443\n102 1.2 d3 1 /one 1 - 444\n201 1.3 d1 1 /one 1 - 443\n"
        "102 1.4 d4 1 /one 1 - 444\n201 1.5 d3 1 /one 1 - 444\n201 1.6 d4 1 /one 1 - 444\n"
    )
    judged = ledger(tmp_path, "", came)
    assert judged.most_open == {"/one": 2, "/two": 1}
    assert judged.doors == {"/one": 444, "/two": 443}
