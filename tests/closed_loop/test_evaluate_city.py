"""The judge's quick city against the simulated city: the same laws, in longer steps and several copies."""

import copy
import random

import numpy as np
import pytest

from simulators.city import write_city
from simulators.evaluate.plc_bank import PlcBank
from simulators.evaluate.quick_city import QuickCity
from simulators.plc.limits import LoopInputs
from simulators.scenario import load_scenario
from simulators.sitefile import load_site
from simulators.station import SimulatedCity
from stations.model.setpoint import StationClass

JANUARY = load_scenario("january")
START = JANUARY.start


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(folder, stations=6, seed=3)
    return load_site(folder)


@pytest.fixture(scope="module")
def weather(site):
    return JANUARY.weather(site.seed)


@pytest.fixture(scope="module")
def doors(site, weather):
    """Doors of the stations at the start; to be copied before use."""
    city = SimulatedCity(site, start=START, weather=weather)
    return [sim.plc for sim in city.stations.values()]


def advance(city, seconds):
    outdoor = city.own_outdoor(city.observe()[0])
    city.run(seconds, outdoor)


def test_two_hours_on_own_curves_end_where_the_simulated_city_ends(site, weather):
    quick = QuickCity([site], start=START, weather=weather)
    city = SimulatedCity(site, start=START, weather=weather)
    delivered = [0.0, 0.0]
    for _ in range(24):
        advance(quick, 300.0)
        delivered[0] += quick.flows[0].Q_source
        city.step(city.now + 300.0)
        delivered[1] += city.truth().Q_source
    assert quick.now == city.now
    assert quick.T_indoor(0) == pytest.approx(city.works.indoor, abs=0.02)
    assert quick.state(0).T_supply == pytest.approx(city.works.loops.T_supply, abs=0.5)
    assert quick.state(0).beyond.T_building == pytest.approx(city.works.loops.beyond.T_building, abs=0.05)
    assert delivered[0] == pytest.approx(delivered[1], rel=0.01)


def test_copies_that_are_controlled_alike_stay_alike(site, weather):
    quick = QuickCity([site, site], start=START, weather=weather)
    for _ in range(6):
        advance(quick, 300.0)
    assert quick.T_indoor(0) == pytest.approx(quick.T_indoor(1), abs=1e-9)
    assert quick.flows[0].P_pump == pytest.approx(quick.flows[1].P_pump, abs=1e-9)
    first, second = quick.observe()
    assert first.stations == second.stations


def test_a_copy_that_is_told_more_gets_warmer_and_its_neighbour_does_not(site, weather):
    quick = QuickCity([site, site], start=START, weather=weather)
    for plc in quick.plcs[1]:
        for loop in plc.loops:
            plc.write_block(loop.number, 1, 1, loop.T_own + 5.0, loop.rating.m_flow_design, quick.now)
            plc.write_offset(loop.number, 5.0, quick.now)
    for _ in range(12):
        for plc in quick.plcs[1]:
            plc.heartbeat(1, round(quick.now - START) + 1, 600.0, quick.now)
        advance(quick, 300.0)
    answered = quick.flows[1].T_supply - quick.flows[0].T_supply
    classes = [plc.station_class for plc in quick.plcs[1] for _ in plc.loops]
    told = np.array([c in (StationClass.A, StationClass.B) for c in classes])
    assert np.median(answered[told]) > 3.0  # one may lack primary heat for more
    assert np.abs(answered[~told]).max() < 0.5


def test_heat_that_is_handed_over_is_stored_or_lost(site, weather):
    """Over a minute: what the exchangers hand over, less what is stored, is what leaves to the outdoors."""
    quick = QuickCity([site], start=START, weather=weather)
    advance(quick, 3600.0)
    quick.take_means()
    before = quick.stored_heat(0)
    advance(quick, 3 * 3600.0)
    handed_kW = float(quick.take_means()[0].Q_flow.sum())
    lost_kW = handed_kW - (quick.stored_heat(0) - before) / 3.0
    building = quick.params.secondary.building
    rise = quick.T_indoor(0) - weather.mean_outdoor(START + 3600.0, quick.now)
    expected = float(((building.G_window + building.G_wall_outdoor) * rise).sum())
    assert 0.8 * expected < lost_kW < 2.5 * expected  # and leaks, less sun and people


CASES = {
    "own curve": lambda plc, now: None,
    "the centre's setpoint and flow": lambda plc, now: plc.write_block(
        1, 1, int(now), 48.0 + now % 7, 20.0, now
    ),
    "an offset": lambda plc, now: plc.write_offset(1, (now % 5) - 2.0, now),
    "an absolute setpoint with a dead-man": lambda plc, now: (
        plc.write_deadman(600.0, now),
        plc.write_absolute(1, 45.0 + now % 9, now),
    ),
    "a cap on primary flow": lambda plc, now: (
        plc.write_block(1, 1, int(now), 80.0, 20.0, now),
        plc.write_cap(1, int(now), 6.0 + now % 7, now),
    ),
    "a hand-back": lambda plc, now: plc.hand_back(1, now),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("trouble", ["none", "hot return", "no primary heat", "frost", "over-temperature"])
def test_the_bank_of_controllers_does_what_the_simulated_plc_does(doors, case, trouble):
    plcs = copy.deepcopy(doors)
    valve = np.array([0.5 for plc in plcs for _ in plc.loops])
    one_by_one = copy.deepcopy(plcs)
    for plc in one_by_one:
        for loop in plc.loops:
            loop._valve.command = loop._pump.command = 0.5
    bank = PlcBank(plcs, valve, valve.copy())
    rng = random.Random(f"{case} {trouble}")
    now = START
    for turn in range(8):
        for mine, theirs in zip(plcs, one_by_one, strict=True):
            if turn in (1, 3, 4):
                CASES[case](mine, now)
                CASES[case](theirs, now)
            if turn:
                mine.heartbeat(1, turn, 600.0, now)
                theirs.heartbeat(1, turn, 600.0, now)
        outdoor = [None if i % 3 == 0 else -6.0 + turn for i in range(len(plcs))]
        bank.learn(outdoor, now)
        for _ in range(30):
            now = _scan(bank, one_by_one, outdoor, now, rng, trouble, turn)
        bank.tell()
        for mine, theirs in zip(plcs, one_by_one, strict=True):
            for a, b in zip(mine.loops, theirs.loops, strict=True):
                assert a.remote == b.remote
                assert a.T_effective == pytest.approx(b.T_effective, abs=1e-9)
                assert a.m_flow_effective == pytest.approx(b.m_flow_effective, abs=1e-9)
                assert a.T_own == pytest.approx(b.T_own, abs=1e-9)


def _scan(bank, plcs, outdoor, now, rng, trouble, turn):
    """One scan of both with the same measurements; the bank knows authority from its last look-up."""
    n = sum(len(plc.loops) for plc in plcs)
    T_supply = np.array([rng.uniform(35.0, 50.0) for _ in range(n)])
    T_return = np.array([rng.uniform(30.0, 35.0) for _ in range(n)])
    back, y_valve = np.full(n, 45.0), np.full(n, 0.5)
    if turn >= 4:
        match trouble:
            case "hot return":
                back[:] = 71.0
            case "no primary heat":
                y_valve[:], T_supply[:] = 0.99, 30.0
            case "frost":
                T_return[:] = 4.0
            case "over-temperature":
                T_supply[:] = 95.0
    m = np.array([rng.uniform(10.0, 30.0) for _ in range(n)])
    m_primary = np.array([rng.uniform(2.0, 8.0) for _ in range(n)])
    valve, pump = bank.scan(T_supply, T_return, back, m, y_valve, 10.0, m_primary)
    place = 0
    for plc, T_outdoor in zip(plcs, outdoor, strict=True):
        seen = [
            LoopInputs(
                T_supply=T_supply[i], T_return=T_return[i], T_return_primary=back[i], m_flow=m[i],
                y_valve=y_valve[i], m_flow_primary=m_primary[i],
            )
            for i in range(place, place + len(plc.loops))
        ]  # fmt: skip
        for outputs in plc.step(seen, T_outdoor, now, 10.0):
            assert valve[place] == pytest.approx(outputs.valve, abs=1e-9)
            assert pump[place] == pytest.approx(outputs.pump, abs=1e-9)
            place += 1
    return now + 10.0
