"""The circuit: opens after ten Retry outcomes in a row, probes ever more rarely, closes on anything else."""

from __future__ import annotations

import pytest

from hookwright.core.circuit import Circuit
from hookwright.core.outcome import Verdict


def opened(now: float = 100.0) -> Circuit:
    """A circuit that has just opened at `now`."""
    circuit = Circuit()
    changes = [circuit.record(Verdict.RETRY, probe=0, now=now, tried=True) for _ in range(10)]
    assert changes == [False] * 9 + [True]
    return circuit


def probe(circuit: Circuit, verdict: Verdict, now: float) -> bool:
    """One probe that starts and ends at `now`."""
    assert circuit.may_start(now)
    number = circuit.start()
    assert number
    return circuit.record(verdict, probe=number, now=now, tried=True)


def test_it_stays_closed_up_to_nine_in_a_row() -> None:
    """Nine failures, one other outcome and nine more do not open it."""
    circuit = Circuit()
    for verdict in (*[Verdict.RETRY] * 9, Verdict.DELIVERED, *[Verdict.RETRY] * 9):
        assert not circuit.record(verdict, probe=0, now=0.0, tried=True)
    assert not circuit.open
    assert circuit.failures == 9
    assert circuit.may_start(0.0)
    assert not circuit.start()


def test_open_it_lets_one_probe_through_after_five_seconds() -> None:
    """The queue waits; at its time one attempt may start and no second one beside it."""
    circuit = opened(now=100.0)
    assert not circuit.may_start(104.9)
    assert circuit.may_start(105.0)
    assert circuit.start()
    assert not circuit.may_start(1000.0)


def test_probes_grow_rarer_up_to_five_minutes() -> None:
    """5 s doubles with each failed probe and ends at 300 s."""
    circuit, now, waits = opened(now=0.0), 0.0, []
    for _ in range(8):
        waits.append(circuit.next_probe - now)
        now = circuit.next_probe
        assert not probe(circuit, Verdict.RETRY, now)
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    assert circuit.failures == 18


@pytest.mark.parametrize("verdict", [Verdict.DELIVERED, Verdict.REJECTED, Verdict.GONE])
def test_any_other_outcome_closes_it(verdict: Verdict) -> None:
    """A target that answers at all, even with 404, is alive; the next opening starts at 5 s again."""
    circuit = opened()
    assert probe(circuit, verdict, 200.0)
    assert circuit == Circuit()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_delivery_that_cannot_be_built_leaves_it_as_it_is(verdict: Verdict) -> None:
    """A template that does not render says nothing of the target: the circuit stays open, the next one probes."""
    circuit = opened(now=100.0)
    assert circuit.may_start(105.0)
    assert circuit.start()
    assert not circuit.may_start(105.0)
    assert not circuit.record(verdict, probe=circuit.probe, now=105.0, tried=False)
    assert (circuit.open, circuit.failures, circuit.interval) == (True, 10, 5.0)
    assert circuit.may_start(105.0)
    assert not circuit.record(verdict, probe=0, now=106.0, tried=False)
    assert probe(circuit, Verdict.DELIVERED, 106.0)


def test_a_delivery_that_cannot_be_built_ends_no_row_of_failures() -> None:
    """Nine failures, one that was never sent, and one more failure open it."""
    circuit = Circuit()
    for _ in range(9):
        circuit.record(Verdict.RETRY, probe=0, now=0.0, tried=True)
    assert not circuit.record(Verdict.REJECTED, probe=0, now=0.0, tried=False)
    assert circuit.record(Verdict.RETRY, probe=0, now=0.0, tried=True)


def test_a_late_failure_does_not_put_the_probe_off() -> None:
    """An attempt that began before the opening and fails after it changes nothing but the count."""
    circuit = opened(now=100.0)
    assert not circuit.record(Verdict.RETRY, probe=0, now=104.0, tried=True)
    assert (circuit.next_probe, circuit.interval, circuit.failures) == (105.0, 5.0, 11)


def test_a_late_success_closes_it() -> None:
    """So does one that succeeds."""
    circuit = opened()
    assert circuit.record(Verdict.DELIVERED, probe=0, now=101.0, tried=True)
    assert not circuit.open


def test_an_abandoned_probe_makes_room_for_another() -> None:
    """A probe without an outcome neither counts nor blocks."""
    circuit = opened(now=0.0)
    assert circuit.start()
    circuit.abandon(circuit.probe)
    assert circuit.may_start(5.0)
    assert circuit.failures == 10


def test_closing_by_hand_forgets_everything() -> None:
    """A changed requestedAt closes, and says whether there was something to close."""
    circuit = opened()
    assert circuit.close()
    assert circuit == Circuit()
    assert not circuit.close()


@pytest.mark.parametrize(("failures", "open_"), [(9, False), (10, True), (500, True)])
def test_it_goes_on_where_another_left_off(failures: int, open_: bool) -> None:
    """Open from as many failures on as open one, as if it had just been opened by the last; whatever it was before."""
    circuit = opened(now=40.0)
    circuit.start()
    circuit.resume(failures, 100.0)
    assert (circuit.open, circuit.probe) == (open_, 0)
    assert circuit.may_start(104.9) != open_
    assert circuit.may_start(105.0)
    if open_:
        assert circuit.failures == failures
        assert not probe(circuit, Verdict.RETRY, 105.0)
        assert circuit.next_probe == 115.0


def test_an_open_circuit_probes_at_once_when_somebody_asks() -> None:
    """One delivery, as at its time; while a probe is under way there is no second one."""
    circuit = opened(now=0.0)
    assert not circuit.may_start(1.0)
    circuit.hurry(1.0)
    assert circuit.may_start(1.0)
    assert circuit.start()
    circuit.hurry(1.0)
    assert not circuit.may_start(1.0)
    assert circuit.open


def test_asking_puts_off_no_probe_that_is_due() -> None:
    """And a closed circuit stays as it is."""
    circuit = opened(now=0.0)
    circuit.hurry(100.0)
    assert circuit.may_start(5.0)
    closed = Circuit()
    closed.hurry(9.0)
    assert closed == Circuit()
