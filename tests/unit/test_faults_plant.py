"""Faults of the plant in a small simulated city: what breaks, what follows from it, and that it heals."""

from pathlib import Path

import numpy as np
import pytest

from simulators.city import write_city
from simulators.faults.plant_port import (
    CurveMoved,
    ExchangerLeaks,
    Fouled,
    PipeBurst,
    PumpTripped,
    SourceLimited,
    SunOnSensor,
    ValveStuck,
)
from simulators.plant_troubles import CityTroubles
from simulators.sitefile import load_site
from simulators.station import SimulatedCity
from simulators.weather import steady
from stations.model.identity import Point

START = 1_736_899_200.0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(Path(folder), stations=4, seed=1, base_port=20_000)
    return load_site(folder)


class Town:
    def __init__(self, site, T_outdoor=-5.0, irradiation=0.0):
        self.city = SimulatedCity(site, start=START, weather=steady(T_outdoor, irradiation=irradiation))
        self.door = CityTroubles(self.city)
        self.name = next(iter(self.city.stations))
        self.run(600)

    def run(self, seconds):
        self.city.step(self.city.now + seconds)
        return self

    def shows(self, point, loop=1, station=None):
        return self.city.stations[station or self.name].values()[Point(loop, point)]

    def begin(self, trouble):
        return self.door.begin(self.name, trouble)


@pytest.fixture
def town(site):
    return Town(site)


def test_a_stuck_valve_stays_whatever_is_asked_and_obeys_again_afterwards(town):
    end = town.begin(ValveStuck(position=None))
    at = town.shows("y_valve_loop")
    plc = town.city.stations[town.name].plc.loops[0]
    plc.curve = type(plc.curve)(plc.curve.T_outdoor, tuple(T - 15.0 for T in plc.curve.T_supply))
    town.run(900)
    assert town.shows("y_valve_loop") == pytest.approx(at, abs=1e-9)
    assert town.shows("T_supply_secondary") > plc.T_effective + 3.0
    end()
    town.run(1800)
    assert town.shows("y_valve_loop") != pytest.approx(at, abs=0.02)
    assert town.shows("T_supply_secondary") == pytest.approx(plc.T_effective, abs=2.0)


def test_a_valve_stuck_open_overheats_the_supply(town):
    before = town.shows("T_supply_secondary")
    town.begin(ValveStuck(position=1.0))
    town.run(1200)
    assert town.shows("y_valve_loop") == pytest.approx(1.0)
    assert town.shows("T_supply_secondary") > before + 5.0


def test_a_tripped_pump_stands_and_the_neighbours_goes_on(town):
    other = list(town.city.stations)[1]
    flow, theirs = town.shows("m_flow_secondary"), town.shows("m_flow_secondary", station=other)
    end = town.begin(PumpTripped())
    town.run(600)
    assert town.shows("m_flow_secondary") < 0.02 * flow
    assert town.shows("y_pump_secondary") == 0.0
    assert town.shows("m_flow_secondary", station=other) == pytest.approx(theirs, rel=0.1)
    assert all(
        np.isfinite(value) for value in town.city.stations[town.name].values().values() if value is not None
    )
    end()
    town.run(1800)
    assert town.shows("m_flow_secondary") == pytest.approx(flow, rel=0.1)


def test_a_limited_source_lets_the_network_grow_cold_and_fires_up_again_at_its_own_pace(site):
    town = Town(site, T_outdoor=-15.0)
    before, most = town.city.works.source.T_supply, town.city.works.source_params.Q_max
    end = town.door.begin(next(iter(town.city.sources)), SourceLimited(share=0.3))
    town.run(1800)
    assert town.city.works.source.T_supply < before - 10.0
    source = next(iter(town.city.sources.values())).values()
    assert source[Point(0, "alarm_word")] == 1.0
    assert source[Point(0, "Q_flow_source_max")] == pytest.approx(0.3 * most)
    end()
    assert town.city.works.source_params.Q_max == pytest.approx(most)
    town.run(1800)
    assert town.city.works.source.Q_firing == pytest.approx((0.3 + 0.1) * most, rel=0.01)


def test_a_burst_takes_much_water_and_pressure_falls_until_it_is_mended(town):
    pressure, makeup = town.shows("p_return_secondary"), town.shows("m_flow_makeup")
    end = town.begin(PipeBurst(share=0.05, dp_per_min=10.0))
    town.run(600)
    assert town.shows("m_flow_makeup") == pytest.approx(0.05 * town.shows("m_flow_secondary"), rel=0.1)
    assert town.shows("m_flow_makeup") > 10.0 * makeup
    assert pressure - town.shows("p_return_secondary") == pytest.approx(100.0, abs=5.0)
    end()
    town.run(10)
    assert town.shows("p_return_secondary") == pytest.approx(pressure, abs=5.0)


def test_a_leaking_exchanger_lifts_the_secondary_pressure_and_lowers_the_primary_one(town):
    pressure, primary = town.shows("p_return_secondary"), town.shows("p_return_primary", loop=0)
    town.begin(ExchangerLeaks(dp_per_min=1.0))
    town.run(1200)
    assert town.shows("m_flow_makeup") == 0.0
    assert town.shows("p_return_secondary") - pressure == pytest.approx(20.0, abs=5.0)
    assert primary - town.shows("p_return_primary", loop=0) == pytest.approx(10.0, abs=6.0)
    town.run(3000)
    assert town.shows("p_return_secondary") - pressure == pytest.approx(60.0, abs=5.0)


def test_fouling_opens_the_valve_wider_and_warms_the_primary_return(town):
    valve, back = town.shows("y_valve_loop"), town.shows("T_return_primary", loop=0)
    end = town.begin(Fouled(resistance=1.0))
    town.run(3600)
    assert town.shows("y_valve_loop") > valve + 0.02
    assert town.shows("T_return_primary", loop=0) > back + 1.0
    end()
    town.run(3600)
    assert town.shows("y_valve_loop") == pytest.approx(valve, abs=0.03)


def test_a_moved_curve_moves_the_own_setpoint_and_is_put_back(town):
    plc = town.city.stations[town.name].plc.loops[0]
    before = plc.T_own
    end = town.begin(CurveMoved(dT=5.0))
    town.run(10)
    assert plc.T_own == pytest.approx(before + 5.0, abs=0.5)
    end()
    town.run(10)
    assert plc.T_own == pytest.approx(before, abs=0.5)


def test_the_sun_warms_one_outdoor_sensor_by_day_and_none_by_night(site):
    for irradiation, warmer in ((400.0, 12.0), (0.0, 0.0)):
        town = Town(site, irradiation=irradiation)
        name = next(name for name in town.city.stations if town.shows("T_outdoor", 0, name) is not None)
        before = town.shows("T_outdoor", 0, name)
        town.door.begin(name, SunOnSensor(K_per_W_m2=0.03))
        town.run(10)
        assert town.shows("T_outdoor", 0, name) - before == pytest.approx(warmer, abs=0.5)
