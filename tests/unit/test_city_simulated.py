"""The assembled city: what stations report, and that a seed is a trajectory."""

import math
from datetime import UTC, datetime

import pytest

from simulators.city import write_city, write_one_station
from simulators.plc.loop import ControlState
from simulators.plc.outdoor import OutdoorSource
from simulators.sitefile import load_site
from simulators.station import SimulatedCity
from simulators.weather import steady
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.profile import builtin_profile

START = datetime(2025, 1, 15, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(folder, stations=20)
    return load_site(folder)


@pytest.fixture
def lone(tmp_path):
    write_one_station(tmp_path)
    return SimulatedCity(load_site(tmp_path), start=START, weather=steady(-5.0))


def _trace(city):
    return {name: dict(sim.values()) for name, sim in city.stations.items()}


def test_every_station_reports_every_point_of_its_profile_within_its_range(site):
    city = SimulatedCity(site, start=START)
    city.step(START + 600.0)
    for sim in (*city.stations.values(), *city.sources.values()):
        values = sim.values()
        for point, value in values.items():
            assert point.name in POINTS
            if value is not None:
                assert math.isfinite(value)
                assert POINTS[point.name].minimum <= value <= POINTS[point.name].maximum, (sim.id, point)
        for point in builtin_profile(sim.profile).points:
            numbers = range(1, sim.n_loops + 1) if point.per_loop else [0]
            # servers show the last taken value for points that are only written
            assert all(Point(number, point.name) in values for number in numbers), (sim.profile, point.name)


def test_instruments_agree_with_each_other(site):
    city = SimulatedCity(site, start=START)
    city.step(START + 3600.0)
    for sim in city.stations.values():
        values = sim.values()
        m, Q = values[Point(0, "m_flow_primary")], values[Point(0, "Q_flow_primary")]
        dT = values[Point(0, "T_supply_primary")] - values[Point(0, "T_return_primary")]
        assert pytest.approx(m * 4.19 * dT, rel=0.02) == Q
        truth = sim.truth()
        assert pytest.approx(sum(truth.Q_flow), rel=0.06) == Q
        assert values[Point(0, "A_heated")] == sum(truth.A_heated)
        for number in range(1, sim.n_loops + 1):
            supply, back = (values[Point(number, f"T_{side}_secondary")] for side in ("supply", "return"))
            assert supply == pytest.approx(truth.T_supply[number - 1], abs=0.6)
            assert supply > back + 1.0
            pressure = [values[Point(number, f"p_{side}_secondary")] for side in ("supply", "return")]
            assert pressure[0] > pressure[1] + 20.0


def test_counters_only_rise_and_match_what_flowed(site):
    city = SimulatedCity(site, start=START)
    before = _trace(city)
    city.step(START + 3600.0)
    after = _trace(city)
    for name, values in after.items():
        for point, value in values.items():
            if POINTS[point.name].counter:
                assert value > before[name][point]
        energy = Point(0, "E_heat_primary")
        hour = values[energy] - before[name][energy]
        assert hour == pytest.approx(values[Point(0, "Q_flow_primary")], rel=0.15)


def test_the_same_seed_gives_the_same_trajectory_however_it_is_asked_for(site):
    one, two = SimulatedCity(site, start=START), SimulatedCity(site, start=START)
    one.step(START + 1200.0)
    for _ in range(400):
        two.step(two.now + 3.0)
    two.step(START + 1200.0)
    two.step(START + 10.0)
    assert one.now == two.now
    assert _trace(one) == _trace(two)
    other = SimulatedCity(site, start=START, seed=2)
    other.step(START + 1200.0)
    assert _trace(other) != _trace(one)


def test_the_centre_warms_a_loop_and_its_silence_brings_the_own_curve_back(lone):
    sim = lone.stations["S001"]
    lone.step(START + 600.0)
    own = sim.values()[Point(1, "T_supply_secondary_set_effective")]
    assert sim.truth().states == (ControlState.OWN_CURVE,)
    assert sim.write_block(1, 5, 1, own + 1.0, 35.0, lone.now)
    assert sim.heartbeat(5, 1, 180.0, lone.now)
    lone.step(lone.now + 175.0)
    values = sim.values()
    assert values[Point(1, "remote_level")] == 1.0
    assert (values[Point(1, "lease_token")], values[Point(1, "lease_sequence")]) == (5.0, 1.0)
    assert values[Point(1, "T_supply_secondary_set_readback")] == own + 1.0
    assert values[Point(1, "T_supply_secondary_set_effective")] == own + 1.0
    assert values[Point(1, "T_supply_secondary")] == pytest.approx(own + 1.0, abs=0.5)
    assert values[Point(1, "m_flow_secondary")] == pytest.approx(35.0, rel=0.02)
    assert lone.truth().states == {"S001": (ControlState.REMOTE,)}
    lone.step(lone.now + 60.0)
    assert sim.truth().states == (ControlState.RAMPING,)
    began = sim.events[-1]
    assert (began.state, began.why) == (ControlState.OWN_CURVE, "watchdog")
    assert began.at - (START + 600.0) <= 190.0


def test_no_setpoint_jumps_in_the_first_scan_not_even_where_no_outdoor_sensor_hangs(site):
    city = SimulatedCity(site, start=START, weather=steady(-15.0))
    before = {name: [loop.T_effective for loop in sim.plc.loops] for name, sim in city.stations.items()}
    city.step(START + city.scan_s)
    sources = {sim.plc.outdoor.source for sim in city.stations.values()}
    assert sources == {OutdoorSource.OWN, OutdoorSource.FIXED}
    for name, sim in city.stations.items():
        assert [loop.T_effective for loop in sim.plc.loops] == before[name], name


def test_a_settled_city_does_not_move_in_steady_weather(lone):
    before = lone.truth()
    lone.step(START + 2 * 3600.0)
    after = lone.truth()
    assert after.indoor_mean == pytest.approx(before.indoor_mean, abs=0.15)
    assert after.heat_W_per_m2_mean == pytest.approx(before.heat_W_per_m2_mean, rel=0.05)
    sim = lone.stations["S001"]
    assert sim.truth().T_supply[0] == pytest.approx(sim.plc.loops[0].T_effective, abs=0.5)
