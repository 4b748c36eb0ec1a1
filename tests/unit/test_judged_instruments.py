"""What does not come to the judged centre on the physical city, and at what time the rest was measured."""

import numpy as np
import pytest

from simulators.evaluate import physical_town
from simulators.evaluate.instruments import LOOP_ROWS, STATION_ROWS, T_OUTDOOR
from simulators.evaluate.physical_instruments import Instruments
from simulators.evaluate.zone_homes import Housing
from simulators.fieldtruth.draw_sensors import draw_meters
from simulators.fieldtruth.parameters import parameters
from simulators.plant import zone
from simulators.scenario import load_scenario

STATIONS, SEED, MOMENTS, CYCLE_S = 8, 3, 2000, 300.0
SCENARIO = load_scenario("january")
LOST_OF_LOOPS, LOST_OF_STATIONS = (0, 1, 2), (0, 1, 2, STATION_ROWS.index("Q_flow"))
Q_FLOW = STATION_ROWS.index("Q_flow")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    field = physical_town.field_city(physical_town.Origin(stations=STATIONS, seed=SEED), SCENARIO)
    return physical_town.make_town(tmp_path_factory.mktemp("town"), field)


@pytest.fixture(scope="module")
def instruments(town):
    return Instruments(town.field, town.simulated, SCENARIO.start)


@pytest.fixture(scope="module")
def bank(town):
    return draw_meters(town.field.city, town.field.params.station.station, parameters())


@pytest.fixture(scope="module")
def shown(instruments, bank):
    return [show(instruments, bank, SCENARIO.start + CYCLE_S * k) for k in range(MOMENTS)]


def show(instruments, bank, now):
    n_loops = len(bank.dropout)
    return instruments.show(
        now,
        np.zeros(STATIONS),
        np.full((3, n_loops), 50.0),
        np.tile([[90.0], [45.0], [8.0], [700.0], [500.0]], (1, STATIONS)),
        np.full((2, n_loops), 300.0),
        np.ones((2, n_loops)),
        np.full(n_loops, 0.6),
    )


def missing(places):
    return np.array([[[value is None for value in row] for row in one] for one in places])


def test_each_meter_keeps_back_as_many_readings_as_was_drawn_for_its_station(town, bank, shown):
    station = town.field.params.station.station
    for places, dropout, kinds in (
        ([one.loops for one in shown], bank.dropout, LOST_OF_LOOPS),
        ([one.stations for one in shown], bank.dropout[np.searchsorted(station, range(STATIONS))], (0, 1, 2)),
    ):
        share = missing(places)[:, :, list(kinds)].mean(axis=(0, 2))
        assert 0.005 <= dropout.min() < dropout.max() <= 0.02
        tolerance = 4.0 * np.sqrt(dropout / (MOMENTS * len(kinds)))
        assert (np.abs(share - dropout) < tolerance).all()


def test_heat_is_missing_with_any_of_what_it_is_reckoned_from_and_the_rest_always_comes(shown):
    loops, stations = missing([one.loops for one in shown]), missing([one.stations for one in shown])
    np.testing.assert_array_equal(stations[:, :, Q_FLOW], stations[:, :, :3].any(axis=2))
    assert not np.delete(loops, LOST_OF_LOOPS, axis=2).any()
    assert not np.delete(stations, LOST_OF_STATIONS, axis=2).any()
    assert not stations[:, :, T_OUTDOOR].any()
    assert loops.shape[2] == len(LOOP_ROWS)


def test_what_is_lost_hangs_on_seed_and_moment_alone(town, bank, shown):
    again = Instruments(town.field, town.simulated, SCENARIO.start)
    assert show(again, bank, SCENARIO.start + CYCLE_S * 7) == shown[7]
    lost = missing([one.loops for one in shown])
    assert len({one.tobytes() for one in lost}) > MOMENTS / 20  # another draw at each moment


def test_the_mean_of_the_sensors_in_dwellings_is_of_those_that_came(town, instruments):
    state = town.field.begin(SCENARIO.start, 60.0)
    T, n_loops = zone.indoor(state.T), len(instruments.dropout)
    sensors = instruments.indoor(town.field, state)

    def told(dropout, time=SCENARIO.start):
        return Housing(town.field, sensors, np.full(n_loops, dropout)).mean_of_sensors(T, time)

    whole = told(0.0)
    place = town.field.params.house.loop[sensors.house]
    for loop, mean in enumerate(whole):
        hung = sensors.show(T)[place == loop]
        assert mean == (pytest.approx(hung.mean()) if len(hung) else None)
    assert told(1.0) == [None] * n_loops
    some = told(0.3)
    assert some == told(0.3) != told(0.3, SCENARIO.start + CYCLE_S)
    measured = [loop for loop, mean in enumerate(whole) if mean is not None]
    assert all(some[loop] is None or abs(some[loop] - whole[loop]) < 3.0 for loop in measured)
    assert any(some[loop] != whole[loop] for loop in measured)
