"""The record of quarters of an hour: what counts in a mean, what does not, and what is forgotten."""

from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import LoopKey, Mode
from controller.knowing.gathered import KEPT, SERIES, Gatherer, MemoryRecord, Quarter, sampled
from controller.knowing.known import first_known, heard, measurements
from controller.strategies.inputs import StrategyInputs
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation

T0 = 1_700_000_100.0
ONE, TWO = LoopKey("S001", 1), LoopKey("S002", 1)


def row(**values):
    return np.array([values.get(name, np.nan) for name in SERIES])


def gathered(cycles, keys=(ONE,)):
    """Quarters of cycles of a minute, each with its rows."""
    gatherer, shared = Gatherer(keys), np.array([-3.0, 100.0, 2.0, 90.0])
    told = [gatherer.note(T0 + 60.0 * k, np.atleast_2d(rows), shared) for k, rows in enumerate(cycles)]
    return [quarter for quarter in told if quarter is not None]


def test_a_quarter_is_the_mean_of_its_cycles_and_ends_with_the_first_cycle_after_it():
    (quarter,) = gathered([row(q=float(k), T_supply=50.0) for k in range(16)])
    assert quarter.at == T0
    assert quarter.loops[0, 0] == 7.0
    assert quarter.loops[0, 1] == 50.0
    assert quarter.shared.tolist() == [-3.0, 100.0, 2.0, 90.0]
    assert np.isnan(quarter.loops[0, 2:]).all()


@pytest.mark.parametrize(("read", "counts"), [(5, True), (4, False)])
def test_a_value_counts_if_a_third_of_the_cycles_read_it(read, counts):
    (quarter,) = gathered([row(q=30.0 if k < read else np.nan) for k in range(16)])
    assert np.isfinite(quarter.loops[0, 0]) == counts


def test_a_loop_that_was_driven_by_hand_for_a_minute_has_no_heat_in_that_quarter_and_its_water_stays():
    cycles = [row(q=np.inf if k == 3 else 30.0, T_supply=50.0) for k in range(31)]
    first, second = gathered(cycles)
    assert np.isnan(first.loops[0, 0])
    assert first.loops[0, 1] == 50.0
    assert second.loops[0, 0] == 30.0


def test_what_half_precision_can_not_hold_is_absent():
    (quarter,) = gathered([row(q=1e6) for _ in range(16)])
    assert np.isnan(quarter.loops[0, 0])


def test_a_clock_that_was_set_back_begins_the_quarter_anew():
    gatherer, shared = Gatherer((ONE,)), np.zeros(4)
    for at in (T0 + 900.0, T0, T0 + 60.0):
        assert gatherer.note(at, np.atleast_2d(row(q=30.0)), shared) is None
    assert gatherer.note(T0 + 900.0, np.atleast_2d(row(q=30.0)), shared).at == T0


def quarter(at, *q):
    return Quarter(
        int(at), np.array([row(q=one) for one in q], dtype=np.float16), np.zeros(4, dtype=np.float16)
    )


def test_loops_that_come_and_go_are_absent_while_they_are_not_there():
    record = MemoryRecord()
    record.add((ONE,), quarter(T0, 30.0))
    record.add((TWO, ONE), quarter(T0 + 900.0, 40.0, 31.0))
    window = record.window((ONE, TWO))
    assert window.times.tolist() == [T0, T0 + 900.0]
    assert window.of(0, "q").tolist() == [30.0, 31.0]
    assert np.isnan(window.of(1, "q")[0])
    assert window.of(1, "q")[1] == 40.0


def test_memory_keeps_three_weeks_and_a_quarter_once():
    record = MemoryRecord()
    for k in range(KEPT + 10):
        record.add((ONE,), quarter(T0 + 900.0 * k, 30.0))
    record.add((ONE,), quarter(T0 + 900.0 * (KEPT + 9), 33.0))
    window = record.window((ONE,))
    assert len(window.times) == KEPT
    assert window.of(0, "q")[-1] == 33.0


def test_an_empty_record_is_an_empty_window():
    window = MemoryRecord().window((ONE,))
    assert window.history(0).times.shape == (0,)


def test_a_cycle_tells_the_record_its_heat_water_pump_and_primary_side():
    traits = loop_traits(1)
    told = {
        Point(1, "y_pump_secondary"): good(0.8, NOW),
        Point(0, "T_supply_primary"): good(95.0, NOW),
        Point(0, "m_flow_primary"): good(9.0, NOW - 4000.0),
    }
    seen = replace(observation(), T_supply=good(50.0, NOW), T_return=good(40.0, NOW), m_flow=good(40.0, NOW))
    inputs = StrategyInputs(
        now=NOW,
        monotonic=MONOTONIC,
        laws={},
        T_outdoor=-3.0,
        T_outdoor_filtered={},
        observations={traits.key: seen},
        readings={"S001": told, "source": {Point(0, "T_supply_source"): good(101.0, NOW)}},
        sent={},
    )
    known = heard(first_known({traits.key: traits}, -3.0), inputs, 50.0, None)
    loops, shared = sampled(known, inputs, measurements(known, inputs, 50.0, None))
    values = dict(zip(SERIES, loops[0].tolist(), strict=True))
    assert values["q"] == pytest.approx(4.186 * 10.0 * 40.0 / 60.0, rel=0.01)
    assert (values["T_supply"], values["y_pump"], values["T_supply_primary"]) == (50.0, 0.8, 95.0)
    assert np.isnan(values["m_flow_primary"])  # too old
    assert np.isnan(values["T_indoor"])
    assert shared[[0, 1, 3]].tolist() == [-3.0, 50.0, 101.0]
    assert np.isnan(shared[2])
    by_hand = replace(inputs, observations={traits.key: replace(seen, mode=Mode.MANUAL)})
    assert np.isinf(sampled(known, by_hand, measurements(known, by_hand, 50.0, None))[0][0, 0])
