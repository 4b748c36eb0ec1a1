"""Faults of the plant under judgement: what breaks at one copy of the city changes its water and heat, and
the figures told are the plant's own. A copy without a fault stands beside it, with the same noise.
"""

from dataclasses import replace

import numpy as np
import pytest

from simulators.evaluate import physical_copy
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.physical_city import PhysicalCity
from simulators.evaluate.physical_copy import STEP_S
from simulators.evaluate.physical_town import make_town
from simulators.evaluate.troubles import OF_THE_PLANT
from simulators.faults.plant_port import (
    CurveMoved,
    ExchangerLeaks,
    Fouled,
    MainBurst,
    PipeBurst,
    PumpTripped,
    SourceLimited,
    SunOnSensor,
    ValveStuck,
)
from simulators.faults.registry import FAULTS
from simulators.fieldtruth.build import season_start
from simulators.plant import filling
from simulators.plant.facade import horizontal
from simulators.scenario import load_scenario
from tests.support.field_cities import field_city
from tests.support.physical_judge import SmallJudge

STATION, SOURCE = "S003", "H001"
TURN_S = 300.0
SECONDARY_PRESSURES = slice(3, 5)
"""Of what a loop shows."""


class Pair:
    """Two copies of one small city on their own curves at noon in winter; the first one can be broken."""

    def __init__(self, folder):
        field = field_city()
        town = make_town(folder, field)
        start = season_start(field.city.weather) + 60.5 * 86_400.0
        self.city = PhysicalCity([town.simulated] * 2, [field] * 2, start=start)
        self.broken, self.well = self.city._copies
        place = field.city.stations.id.index(STATION)
        self.loops = field.params.station.station == place
        self.place, self.outs = place, []
        step = self.broken.plant.step

        def noted(state, inputs):
            state, out = step(state, inputs)
            self.outs.append((inputs, out, state))
            return state, out

        self.broken.plant.step = noted

    def begin(self, trouble):
        where = SOURCE if isinstance(trouble, SourceLimited) else STATION
        return self.city.port(0).begin(where, trouble)

    def turns(self, count):
        for _ in range(count):
            outdoor = self.city.own_outdoor(self.city.observe()[0])
            self.city.run(TURN_S, outdoor)

    def states(self):
        """Dwellings, primary returns, supplies, secondary pressures and water of the sources."""
        return [
            np.concatenate([
                s.T.ravel(), s.T_return_primary, s.T_supply, s.p_secondary, s.source.T_supply,
                s.source.Q_firing, s.motor,
            ])
            for s in (self.broken.state, self.well.state)
        ]  # fmt: skip


@pytest.fixture
def pair(tmp_path, monkeypatch):
    monkeypatch.setattr(physical_copy, "SETTLE_S", 1800.0)
    return Pair(tmp_path / "site")


BEGUN = {
    "valve_stuck": ValveStuck(position=None),
    "valve_stuck_open": ValveStuck(position=0.2),
    "pump_trip": PumpTripped(),
    "source_limited": SourceLimited(share=0.5),
    "pipe_burst": PipeBurst(share=0.10, dp_per_min=10.0),
    "main_burst": MainBurst(m_flow=3.0),
    "exchanger_leak": ExchangerLeaks(dp_per_min=5.0),
    "fouling": Fouled(resistance=1.0),
    "curve_moved": CurveMoved(dT=-8.0),
    "sun_on_sensor": SunOnSensor(K_per_W_m2=0.05),
}


def test_every_fault_of_the_plant_that_the_library_has_can_be_judged():
    assert set(OF_THE_PLANT) == set(BEGUN) == {n for n, f in FAULTS.items() if f.family == "plant"}


@pytest.mark.parametrize("name", [name for name in BEGUN if name != "sun_on_sensor"])
def test_what_breaks_moves_the_state_of_its_copy_alone_and_the_heat_balance_closes(pair, name):
    pair.turns(1)
    ours, theirs = pair.states()
    np.testing.assert_array_equal(ours, theirs)
    end = pair.begin(BEGUN[name])
    if name == "valve_stuck":  # seen where the others move
        for k in (0, 1):
            pair.city.port(k).begin(STATION, CurveMoved(dT=-8.0))
    pair.turns(4)
    ours, theirs = pair.states()
    assert np.abs(ours - theirs).max() > 0.02
    end()
    pair.turns(1)
    assert abs(pair.broken.imbalance()) < 1e-9
    assert abs(pair.well.imbalance()) < 1e-9


def test_a_burst_takes_the_pressure_and_what_is_told_as_make_up_is_what_the_plant_took(pair):
    pair.begin(PipeBurst(share=0.10, dp_per_min=10.0))
    before = pair.broken.state.p_secondary.copy()
    pair.turns(3)
    told, healthy = (flows.network.m_flow_makeup for flows in pair.city.take_means())
    taken = np.array([out.m_flow_makeup.sum() for _, out, _ in pair.outs])
    assert told == pytest.approx(taken.mean(), rel=1e-12)
    assert told > 2.0 * healthy
    # kg of water: what came less what ran out is what the vessels took
    leak = pair.broken.field.params.station.leak
    lost, p = 0.0, before
    for inputs, out, state in pair.outs:
        lost += (leak + inputs.burst) * out.m_flow * np.sqrt(p / filling.HOLD_kPa) * STEP_S
        p = state.p_secondary
    came = sum(out.m_flow_makeup for _, out, _ in pair.outs) * STEP_S
    held = pair.broken.plant.crossing.vessel * (p - before)
    np.testing.assert_allclose(came - lost, held, atol=1e-9 * came.sum())
    assert (p[pair.loops] < filling.HOLD_kPa - 10.0).all()
    assert (p[~pair.loops] == filling.HOLD_kPa).all()
    ours, theirs = pair.city.observe()
    fallen = np.array(theirs.loops)[:, SECONDARY_PRESSURES] - np.array(ours.loops)[:, SECONDARY_PRESSURES]
    assert (fallen[pair.loops] > 10.0).all()
    assert fallen[~pair.loops] == pytest.approx(0.0, abs=1e-6)


def test_a_burst_main_is_made_up_by_the_source_and_takes_pressure_from_its_station(pair):
    pair.begin(MainBurst(m_flow=3.0))
    pair.turns(1)
    ours, theirs = pair.city.take_means()
    assert ours.network.m_flow_makeup - theirs.network.m_flow_makeup == pytest.approx(3.0, rel=1e-6)
    assert ours.network.dp[pair.place] < theirs.network.dp[pair.place] - 0.5
    assert pair.city.stored_heat(0) < pair.city.stored_heat(1) - 20.0  # kWh: 250 kg of hot water


def test_water_through_an_exchanger_is_made_up_on_the_side_that_lost_it(pair):
    pair.begin(ExchangerLeaks(dp_per_min=50.0))
    pair.turns(2)
    ours, theirs = pair.city.take_means()
    through = np.array([out.m_flow_through.sum() for _, out, _ in pair.outs])
    assert np.abs(through).max() > 0.1  # kg/s, this way or that, as pressures stand
    loops = np.array([out.m_flow_makeup.sum() for _, out, _ in pair.outs])
    assert ours.network.m_flow_makeup == pytest.approx((loops + np.maximum(through, 0.0)).mean(), rel=1e-9)
    assert ours.network.m_flow_makeup > theirs.network.m_flow_makeup + 0.05


def test_the_sun_warms_the_outdoor_sensor_of_its_station_alone(pair):
    end = pair.begin(SunOnSensor(K_per_W_m2=0.05))
    ours, theirs = (np.array(pair.city.own_outdoor(shown)) for shown in pair.city.observe())
    sun = horizontal(pair.city._sky(pair.city.now))
    assert ours[pair.place] - theirs[pair.place] == pytest.approx(0.05 * sun, abs=0.11)  # quantum 0.1
    assert sun > 200.0
    assert np.delete(ours - theirs, pair.place) == pytest.approx(0.0)
    end()
    ours, theirs = pair.city.observe()
    assert ours.stations == theirs.stations


def test_a_tripped_pump_moves_no_water_and_no_heat_until_it_is_mended(pair):
    end = pair.begin(PumpTripped())
    pair.turns(1)
    _, out, _ = pair.outs[-1]
    assert (out.m_flow[pair.loops] == 0.0).all()
    assert (out.Q_exchanger[pair.loops] == 0.0).all()
    assert (out.m_flow[~pair.loops] > 0.0).all()
    end()
    pair.turns(1)
    assert (pair.outs[-1][1].m_flow[pair.loops] > 0.0).all()


def test_a_limited_source_tells_what_it_has_left(pair):
    before = pair.city.source_shows(0, SOURCE)
    pair.begin(SourceLimited(share=0.5))
    pair.turns(1)
    after = pair.city.source_shows(0, SOURCE)
    point = next(point for point in after if point.name == "Q_flow_source_max")
    assert after[point] == pytest.approx(0.5 * before[point])
    assert pair.city.source_shows(1, SOURCE)[point] == before[point]


def test_a_fault_of_a_scenario_reaches_the_plant_and_the_key_figures(tmp_path, monkeypatch):
    judge = SmallJudge(tmp_path, monkeypatch)
    monkeypatch.setattr(physical_copy, "SETTLE_S", 1800.0)
    faults = [
        {"name": "pipe_burst", "at_s": 0.0, "share_pct": 10.0, "stations": ["S003"]},
        {"name": "main_burst", "at_s": 0.0, "kg_per_s": 1.0, "stations": ["S002"]},
        {"name": "pump_trip", "at_s": 0.0, "stations": ["S005"]},
        {"name": "exchanger_leak", "at_s": 0.0, "stations": ["S006"]},
    ]
    scenario = replace(load_scenario("autumn_start"), faults={"fault": faults})
    _, (record,) = judge.run(scenario, "curve", hours=1.0, uncounted_hours=0.0)
    figures = key_figures(record)
    assert figures["makeup_t"] > 3.6  # of the main alone
    assert figures["balance_error"] < 1e-6
    tripped = record.station_of_loop == record.stations.index("S005")
    assert (record.m_flow[:, tripped] == 0.0).all()
    assert (record.m_flow[:, ~tripped] > 0.0).all()
