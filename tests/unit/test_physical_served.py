"""The physical city behind the stations' faces: settled at once, told by instruments, broken by name."""

import asyncio
import copy
import re
from types import SimpleNamespace

import numpy as np
import pytest

from simulators import __main__ as simulators_main
from simulators.city import write_city
from simulators.citygen.generate import generate
from simulators.citygen.site_files import write_site
from simulators.faults.plant import FAULTS
from simulators.faults.plant_port import (
    CurveMoved,
    ExchangerLeaks,
    PipeBurst,
    PumpTripped,
    SourceLimited,
    SunOnSensor,
    ValveStuck,
)
from simulators.faults.site import facts_of
from simulators.physical.site_city import field_city
from simulators.physical.works import SCAN_S
from simulators.plant.network import iteration
from simulators.plant.network.errors import NotConverged
from simulators.plant_choice import door_of, plant_of, simulated_city
from simulators.sitefile import SiteFileError, load_site, origin_of
from simulators.source_face import DrivenSource
from simulators.weather import steady
from stations.model.identity import Point

START = 1_768_406_400.0
STATIONS, SEED = 6, 3


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    write_site(generate(STATIONS, SEED), folder, base_port=20_000)
    return load_site(folder)


@pytest.fixture(scope="module")
def begun(site):
    """A city in steady mild weather; tests take copies, since settling costs more than they do."""
    return simulated_city(site, "physical", start=START, weather=steady(2.0, irradiation=200.0))


@pytest.fixture
def town(begun):
    return Town(copy.deepcopy(begun))


class Town:
    def __init__(self, city):
        self.city, self.door = city, door_of(city)
        self.name = next(iter(city.stations))

    @property
    def row(self):
        return list(self.city.stations).index(self.name)

    def run(self, seconds):
        self.city.step(self.city.now + seconds)
        return self

    def shows(self, point, loop=1, station=None):
        """The last value that came."""
        for _ in range(20):
            value = self.city.stations[station or self.name].values()[Point(loop, point)]
            if value is not None:
                return value
            self.run(SCAN_S)
        raise AssertionError(f"{point} never comes")

    def source(self, point, name):
        return self.city.sources[name].values()[Point(0, point)]


def test_a_site_of_a_drawn_city_has_the_physical_plant_unless_another_is_asked_for(site):
    assert plant_of(site, None) == "physical"
    assert plant_of(site, "simple") == "simple"


def test_a_city_begins_settled_in_the_middle_of_its_winter(town):
    before = town.city.truth()
    after = town.run(1800).city.truth()
    loops = town.city.works.loops_now()
    wanted = np.array([plc.T_effective for sim in town.city.stations.values() for plc in sim.plc.loops])
    assert loops.T_supply == pytest.approx(wanted, abs=1.0)
    assert after.heat_W_per_m2_mean == pytest.approx(before.heat_W_per_m2_mean, rel=0.05)
    assert after.indoor_mean == pytest.approx(before.indoor_mean, abs=0.1)
    assert 17.0 < after.indoor_mean < 26.0
    assert after.Q_source * 1000.0 > after.heat_W_per_m2_mean * town.city.works.A_heated.sum()


def test_two_copies_of_a_city_go_the_same_way_to_the_last_bit(begun):
    one, two = copy.deepcopy(begun), copy.deepcopy(begun)
    one.step(START + 3000.0)  # longer than the water in house pipes is followed back
    for k in range(1, 31):
        two.step(START + 100.0 * k)
    for name in begun.stations:
        assert one.stations[name].values() == two.stations[name].values()
    assert (one.works.state.T == two.works.state.T).all()


def test_a_station_that_opens_its_valve_takes_pressure_from_the_others(town):
    others = [name for name in town.city.stations if name != town.name]
    before = {name: town.shows("p_supply_primary", 0, name) - town.shows("p_return_primary", 0, name)
              for name in others}  # fmt: skip
    end = town.door.begin(town.name, ValveStuck(position=1.0))
    town.run(600)
    after = {name: town.shows("p_supply_primary", 0, name) - town.shows("p_return_primary", 0, name)
             for name in others}  # fmt: skip
    assert np.mean([before[name] - after[name] for name in others]) > 0.5
    assert town.shows("y_valve_loop") == pytest.approx(1.0)
    end()
    town.run(900)
    assert town.shows("y_valve_loop") < 0.95


def test_a_burst_makes_water_run_and_the_pressure_fall_and_mending_fills_up_again(town):
    usual, p = town.shows("m_flow_makeup"), town.shows("p_return_secondary")
    end = town.door.begin(town.name, PipeBurst(share=0.10, dp_per_min=10.0))
    town.run(900)
    design = town.city.works.field.params.station.m_flow_design[0]
    assert usual < 0.005 * design
    assert town.shows("m_flow_makeup") == pytest.approx(0.04 * design, rel=0.02)
    assert town.shows("p_return_secondary") < p - 50.0
    end()
    town.run(1800)
    assert town.shows("p_return_secondary") == pytest.approx(p, abs=3.0)


def test_through_a_hole_in_an_exchanger_water_goes_where_there_is_less_pressure(town):
    crossed = []
    for name in town.city.stations:
        town.name = name
        p, makeup = town.shows("p_return_secondary"), town.shows("m_flow_makeup")
        end = town.door.begin(name, ExchangerLeaks(dp_per_min=5.0))
        town.run(600)
        through = town.city.works.out.m_flow_through[town.city.works.station_of_loop == town.row]
        crossed += through.tolist()
        if through[0] > 0.0:
            assert town.shows("p_return_secondary") > p + 20.0
        else:
            assert town.shows("m_flow_makeup") == pytest.approx(makeup - through[0], rel=0.1)
        end()
    assert all(crossed)


def test_a_tripped_pump_stands_and_the_neighbours_go_on(town):
    other = list(town.city.stations)[1]
    flow, theirs = town.shows("m_flow_secondary"), town.shows("m_flow_secondary", station=other)
    end = town.door.begin(town.name, PumpTripped())
    town.run(300)
    assert town.shows("m_flow_secondary") < 0.02 * flow
    assert town.shows("m_flow_secondary", station=other) == pytest.approx(theirs, rel=0.03)
    end()
    town.run(600)
    assert town.shows("m_flow_secondary") == pytest.approx(flow, rel=0.03)


def test_a_source_that_is_written_to_sends_out_what_it_is_told_and_in_silence_its_own(town):
    name = town.city.works.field.city.sources.id[0]  # the first holds the network's head
    source = town.city.driven_sources[name] = DrivenSource(town.city.sources[name])
    own, T = source.plc.own, town.source("T_supply_source", name)
    assert source.write_block(1, 1, 1, own.T_supply + 5.0, 0.9 * own.dp, town.city.now)
    for beat in (1, 2, 3):  # fires rise slowly
        assert source.heartbeat(1, beat, 600.0, town.city.now)
        town.run(590)
    head = town.source("p_supply_source", name) - town.source("p_return_source", name)
    assert head == pytest.approx(0.9 * own.dp, rel=0.01)
    assert town.source("T_supply_source", name) > T + 1.5, "of 5 K"
    town.run(900)
    assert not source.plc.remote
    head = town.source("p_supply_source", name) - town.source("p_return_source", name)
    assert head == pytest.approx(own.dp, rel=0.01)


def test_each_source_is_limited_by_itself(town):
    names = list(town.city.sources)
    most = {name: town.source("Q_flow_source_max", name) for name in names}
    assert len(most) == 2
    end = town.door.begin(names[0], SourceLimited(share=0.5))
    town.run(SCAN_S)
    assert town.source("Q_flow_source_max", names[0]) == pytest.approx(0.5 * most[names[0]])
    assert town.source("Q_flow_source_max", names[1]) == pytest.approx(most[names[1]])
    end()
    town.run(SCAN_S)
    assert town.source("Q_flow_source_max", names[0]) == pytest.approx(most[names[0]])


def test_what_misleads_a_controller_is_done_to_its_plc_and_ends(town):
    own, outdoor = town.shows("T_supply_secondary_set_effective"), town.city.works.outdoor_sensor(0)
    end = town.door.begin(town.name, CurveMoved(dT=4.0))
    town.run(SCAN_S)
    assert town.shows("T_supply_secondary_set_effective") == pytest.approx(own + 4.0, abs=0.5)
    end()
    sunny = town.door.begin(town.name, SunOnSensor(K_per_W_m2=0.02))
    town.city.works.skies = _Noon(town.city.works.skies)
    town.run(SCAN_S)
    assert town.city.works.outdoor_sensor(0) > outdoor + 3.0
    sunny()
    town.run(SCAN_S)
    assert town.city.works.outdoor_sensor(0) == pytest.approx(outdoor, abs=0.5)


class _Noon:
    def __init__(self, skies):
        self._skies = skies

    def at(self, now):
        return self._skies.at(START // 86_400.0 * 86_400.0 + 4.5 * 3600.0)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_of_the_plant_can_be_had_by_its_name_and_ends(town, fault):
    settings, _ = fault.settings({})
    facts = facts_of(town.city.site, pipes=True)
    where = next(
        facts[name]
        for name in (town.name, *town.city.sources)
        if fault.fits(facts[name], settings) is None
    )  # fmt: skip

    async def broken():
        async with fault.at(SimpleNamespace(facts=where, plant=town.door), settings):
            town.run(3 * SCAN_S)

    before = town.run(SCAN_S).city.works.inputs
    asyncio.run(broken())
    after = town.run(SCAN_S).city.works.inputs
    for what in ("stuck", "tripped", "burst", "hole", "fouling", "leak", "source_share"):
        assert (getattr(after, what) == getattr(before, what)).all()


def test_readings_are_missing_as_often_as_instruments_drop_out_and_controllers_do_not_notice(town):
    missing = seen = 0
    for _ in range(120):
        town.run(SCAN_S)
        for sim in town.city.stations.values():
            values = sim.values()
            readings = [values[Point(1, name)] for name in ("T_supply_secondary", "T_return_secondary")]
            missing, seen = missing + readings.count(None), seen + len(readings)
    assert 0.004 < missing / seen < 0.025
    assert all(np.isfinite(row).all() for row in map(np.array, town.city.works.loop_seen.values()))


def test_clocks_of_stations_are_off_by_seconds_and_drift(begun):
    ahead = np.array([clock.ahead_s(START) for clock in begun.clocks.values()])
    later = np.array([clock.ahead_s(START + 86_400.0) for clock in begun.clocks.values()])
    assert 1.0 < ahead.std() < 30.0
    assert (abs(later - ahead) < 5.0).all()
    assert (later != ahead).all()


def test_only_stations_with_sensors_show_an_indoor_temperature(town):
    sensors = town.city.works.field.city.stations.sensors
    for count, sim in zip(sensors, town.city.stations.values(), strict=True):
        shown = [sim.values()[Point(loop, "T_indoor_mean")] for loop in range(1, sim.n_loops + 1)]
        if count == 0:
            assert shown == [None] * sim.n_loops
        else:
            assert any(12.0 < T < 32.0 for T in shown if T is not None)


def test_counters_rise_by_what_flows(town):
    before, Q = town.shows("E_heat_primary", 0), []
    for _ in range(60):
        town.run(SCAN_S)
        Q.append(town.city.works.gauges.Q[0])
    assert town.shows("E_heat_primary", 0) - before == pytest.approx(np.mean(Q) / 6.0, rel=0.02)
    assert town.shows("V_makeup") > 0.0
    assert town.shows("E_pump_secondary") > 0.0


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("stations.csv", "S002", "S099", r"S099 1 \(not drawn\)[\s\S]*none for S002"),
        ("stations.csv", "H002", "H009", "H009"),
        ("simulation.toml", "seed = 3\nspread", "seed = 4\nspread", "loop"),
        ("simulation.toml", "stations = 6", "stations = 9000", r"1\.\.5000"),
        ("simulation.toml", "stations = 6", 'stations = "many"', r"\[simulation\.city\]"),
        ("network/pipes.csv", ",trunk,", ",canal,", r"pipes\.csv"),
    ],
)
def test_a_site_that_is_another_city_is_refused_with_what_differs(site, tmp_path, file, old, new, said):
    write_site(generate(STATIONS, SEED), tmp_path, base_port=20_000)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), "utf-8")
    with pytest.raises(SiteFileError, match=said):
        simulated_city(load_site(tmp_path), "physical", start=START)


def test_a_site_without_a_city_has_no_physical_plant(tmp_path):
    write_city(tmp_path, stations=2)
    assert plant_of(load_site(tmp_path), None) == "simple"
    with pytest.raises(SiteFileError, match="dhc city new"):
        plant_of(load_site(tmp_path), "physical")


def test_an_edited_network_is_the_one_that_is_served(site, tmp_path):
    write_site(generate(STATIONS, SEED), tmp_path, base_port=20_000)
    pipes = tmp_path / "network" / "pipes.csv"
    rows = pipes.read_text("utf-8").splitlines()
    head = rows[0].split(",")
    width, last = head.index("diameter_m"), head.index("end")
    for number, row in enumerate(rows[1:], start=1):
        cells = row.split(",")
        if cells[last] == "S001":
            cells[width] = f"{float(cells[width]) * 0.6:.4f}"
            rows[number] = ",".join(cells)
    pipes.write_text("\n".join(rows) + "\n", "utf-8")
    narrow, wide = (field_city(at, origin_of(at.folder)) for at in (load_site(tmp_path), site))
    assert (narrow.params.network.diameter < wide.params.network.diameter).sum() == 2


NOT_CONVERGED = (
    r"hydraulics did not converge in 2 iterations \(still falling, too slowly\); "
    r"last residual \d\S* kPa, on: [PSH]\d+"
)


def test_a_city_whose_hydraulics_find_no_end_is_neither_served_nor_judged_and_it_says_why(
    site, monkeypatch, capsys
):
    monkeypatch.setattr(iteration, "MAX_ITERATIONS", 2)
    assert simulators_main.main(["serve", str(site.folder)]) == 1
    assert re.search(rf"can go on no longer: NotConverged: {NOT_CONVERGED}", capsys.readouterr().err)
    judged = ["evaluate", "january", "--plant", "physical", "--stations", "2", "--strategy", "curve"]
    assert simulators_main.main(judged) == 1
    assert re.search(rf"^evaluate: {NOT_CONVERGED}", capsys.readouterr().err, re.MULTILINE)


def test_a_served_city_that_can_go_on_no_longer_says_why_in_a_line_and_ends_with_code_1(
    site, monkeypatch, capsys
):
    async def goes_on_until(*_):
        raise NotConverged("it oscillates without falling", 60, 0.0123, "P00011 supply")

    monkeypatch.setattr(simulators_main, "_until_told", goes_on_until)
    assert simulators_main.main(["serve", str(site.folder)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        f"simulators: {site.folder} can go on no longer: NotConverged: hydraulics did not converge in 60 "
        "iterations (it oscillates without falling); last residual 0.0123 kPa, on: P00011 supply"
    )
