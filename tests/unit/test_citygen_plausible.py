"""Would a heating engineer believe a generated city? Sizes, pressures, houses, weather."""

import os
import time

import numpy as np
import pytest

from simulators.citygen.generate import DP_SERVICE_MIN_kPa, generate
from simulators.citygen.judgement import design_day_of, way_to
from simulators.citygen.model import BUILDING_TYPES, EMITTERS, TRENCH_KINDS
from simulators.citygen.network_files import network_of
from simulators.plant.water import C_WATER
from stations.profile import builtin_profile

pytestmark = pytest.mark.soak

FULL = os.environ.get("DHC_SOAK") == "1"
CITIES = [(40, seed) for seed in (range(1, 21) if FULL else (1, 2))]
CITIES += [(n, seed) for n in (100, 200, 700) for seed in range(1, 11)] if FULL else [(100, 4)]
CITIES += [(300, 5), (1000, 6)]
MAIN = tuple(TRENCH_KINDS.index(kind) for kind in ("transmission", "trunk", "tie"))


@pytest.fixture(scope="module", params=CITIES, ids=[f"{n}-stations-seed-{seed}" for n, seed in CITIES])
def made(request):
    """A city and its solved design day."""
    city = generate(*request.param)
    return city, design_day_of(network_of(city))


def test_the_worst_station_has_the_pressure_that_it_needs(made):
    _, day = made
    worst = day.solution.dp_consumer.min()
    assert DP_SERVICE_MIN_kPa <= worst <= 80.0  # no more than a reserve: pumps are not thrown away
    assert day.solution.mass_residual < 1e-6


def test_pressures_keep_water_liquid_and_pipes_whole(made):
    city, day = made
    n = len(city.pipes.places)
    supply, back = day.solution.p[:n], day.solution.p[n:]
    assert (supply > back).all()
    assert (
        back.min() >= 100.0
    )  # nowhere air drawn in; 51 kPa is the steam pressure of 110 degC at this height
    assert day.solution.p.max() <= 2500.0  # PN 25
    highest, source = city.stations.z.max(), city.sources.z[0]
    assert city.pipes.p_return - 9.81 * 0.983 * (highest - source) >= 90.0  # at rest, too


def test_heads_of_sources_are_those_of_network_pumps(made):
    city, _ = made
    assert city.sources.dp_design.min() >= 150.0
    assert city.sources.dp_design.max() <= 1500.0


def test_pressure_falls_towards_the_worst_station_and_rises_back(made):
    city, day = made
    way, n = np.array(way_to(day, day.worst)), len(city.pipes.places)
    head = day.solution.p + 9.81 * 0.95 * day.network.elevation
    assert (np.diff(head[way]) < 0.5).all()
    head = day.solution.p + 9.81 * 0.983 * day.network.elevation
    assert (np.diff(head[way + n]) > -0.5).all()


def test_water_runs_neither_too_fast_nor_too_slow(made):
    city, day = made
    kind, length = city.pipes.kind, np.array([trench.length for trench in city.pipes.trenches])
    main = np.isin(kind, MAIN)
    fastest = np.maximum(day.velocity, day.velocity_base)
    assert fastest[main].max() <= 2.5
    assert fastest.max() <= 3.5
    # what only closes a ring may stand still, and so does the water where two arms of a ring meet
    serving = main & (kind != TRENCH_KINDS.index("tie"))
    good = serving & (fastest >= 0.5)
    assert length[good].sum() / length[serving].sum() >= 0.9


def test_gradients_of_trunks_are_economic(made):
    city, day = made
    trunk = city.pipes.kind == TRENCH_KINDS.index("trunk")
    length = np.array([trench.length for trench in city.pipes.trenches])
    mean = np.average(day.gradient[trunk], weights=length[trunk] * city.pipes.DN[trunk])
    assert 20.0 <= mean <= 70.0
    assert day.gradient[~trunk].max() <= 300.0


def test_pipes_narrow_away_from_the_source(made):
    city, day = made
    widest = {
        kind: city.pipes.DN[city.pipes.kind == code].max() for code, kind in enumerate(TRENCH_KINDS[:2])
    }
    assert widest["transmission"] >= widest["trunk"]
    assert city.pipes.DN[city.pipes.kind == TRENCH_KINDS.index("service")].max() <= 250
    assert day.network.length.min() >= 1.0


def test_a_trunk_has_rings_and_every_station_a_pipe(made):
    city, _ = made
    places = len(city.pipes.places)
    assert len(city.pipes.trenches) > places - 1  # a tree has one less than its nodes
    services = [
        trench.end
        for trench, kind in zip(city.pipes.trenches, city.pipes.kind, strict=True)
        if TRENCH_KINDS[kind] == "service"
    ]
    assert sorted(services) == sorted(city.stations.id)


def test_sources_cover_the_design_day_base_load_first(made):
    city, _ = made
    need = (city.loops.A_heated * city.loops.q_design).sum() / 1000.0
    assert city.sources.Q_max.sum() == pytest.approx(1.15 * need)
    base = city.sources.Q_max[city.sources.base].sum() / city.sources.Q_max.sum()
    assert base == pytest.approx(0.65)
    assert 0 < city.sources.base.sum() < len(city.sources.id)
    assert city.sources.m_flow_design.sum() == pytest.approx(city.stations.m_flow_design.sum(), rel=1e-6)


def test_areas_and_needs_are_those_of_a_northern_chinese_city(made):
    city, _ = made
    A = city.station_area
    assert A.min() >= 3_000.0
    assert A.max() <= 150_000.0
    assert 35_000.0 <= np.median(A) <= 85_000.0
    assert 36.0 <= np.average(city.loops.q_design, weights=city.loops.A_heated) <= 50.0
    assert city.buildings.q_design.min() >= 20.0
    assert city.buildings.q_design.max() <= 80.0
    old, new = city.buildings.year < 1996, city.buildings.year >= 2016
    if new.sum() > 10:
        assert 24.0 <= city.buildings.q_design[new].mean() <= 36.0
    assert city.buildings.q_design[old].mean() >= 42.0
    flow = city.stations.m_flow_design.sum() * 3600.0 / A.sum()
    assert 0.7 <= flow <= 1.3  # kg/(h m2)
    heat = C_WATER * 50.0 * city.stations.m_flow_design / A * 1000.0
    assert 30.0 <= np.median(heat) <= 75.0


def test_stations_have_the_loops_that_the_audit_saw(made):
    city, _ = made
    count = np.bincount(city.loops.station)
    assert 0.30 <= (count > 1).mean() <= 0.45
    assert count.max() <= 4
    for station, profile in enumerate(city.stations.profile):
        assert count[station] <= builtin_profile(profile).max_loops
    floor = city.loops.emitter == EMITTERS.index("floor")
    assert 0.15 <= np.average(floor, weights=city.loops.A_heated) <= 0.6
    assert not (floor & (city.loops.piping == 1)).any()
    share = np.bincount(city.buildings.loop, weights=city.buildings.share)
    assert share == pytest.approx(1.0)
    assert (city.stations.sensors == 0).mean() == pytest.approx(0.30, abs=0.01)
    assert city.stations.sensors[city.stations.sensors > 0].min() >= 3
    assert city.stations.sensors.max() <= 10
    assert city.loops.oversize.min() >= 1.3
    assert city.loops.oversize.max() <= 2.0


def test_there_are_homes_schools_offices_and_hospitals():
    city = generate(300, 5)
    assert set(np.unique(city.buildings.type)) == set(range(len(BUILDING_TYPES)))
    assert (city.buildings.type == 0).mean() > 0.75
    assert np.abs(city.buildings.azimuth - 180.0).mean() < 40.0  # most fronts look south


def test_winters_are_those_of_the_loess_plateau():
    weather = generate(1, 3).weather
    month = (weather.time - weather.time[0]) / 86_400.0 / 365.0 * 12.0 + 6.5
    winter = (month >= 10.5) & (month < 15.5)
    assert -3.5 <= weather.T_outdoor[winter].mean() <= 1.5
    assert -26.0 <= weather.T_outdoor.min() <= -11.0
    assert weather.irradiation.sum() * 3.6e-3 == pytest.approx(5400.0, rel=0.1)  # MJ/m2 a year
    horizontal = weather.sun_diffuse + weather.sun_direct * np.sin(np.radians(weather.sun_elevation)).clip(
        0.0
    )
    assert horizontal == pytest.approx(weather.irradiation, abs=1e-9)
    assert (weather.sun_diffuse >= 0.0).all()
    assert (weather.sun_direct[weather.sun_elevation <= 0.0] == 0.0).all()


def test_the_sun_stands_in_the_south_at_noon_and_low_in_winter():
    weather = generate(1, 1).weather
    noon = np.arange(4, len(weather.time), 24)  # 04:30 UTC is noon at 112.9 degrees east
    # half an hour early: in summer, when it stands high, that is a wide angle
    assert np.abs(weather.sun_azimuth[noon] - 180.0).max() < 30.0
    assert weather.sun_elevation[noon].min() == pytest.approx(28.7, abs=1.5)
    assert weather.sun_elevation[noon].max() == pytest.approx(75.0, abs=2.5)


@pytest.mark.slow
def test_five_thousand_stations_take_less_than_a_minute():
    began = time.process_time()
    city = generate(5000, 7)
    day = design_day_of(network_of(city))
    assert time.process_time() - began < 60.0
    assert day.solution.dp_consumer.min() >= DP_SERVICE_MIN_kPa
    assert day.velocity[np.isin(city.pipes.kind, MAIN)].max() <= 2.5
    assert day.solution.p.max() <= 2500.0
    assert len(set(city.stations.name_zh)) == 5000
