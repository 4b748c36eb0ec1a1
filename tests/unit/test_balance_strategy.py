"""Strategy `balance` over simulated hours: what it proposes, in what order, and why it sometimes does not."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from controller.decisions import Mode
from controller.strategies import curve
from controller.strategies.balance import propose
from controller.strategies.balance_inputs import measure
from controller.strategies.inputs import StrategyInputs
from controller.strategies.loop_record import Sample
from controller.words.phrase import Phrase
from optimizer.questioning import HOURS_MIN, WAVE_K
from optimizer.regulation import RegulationLaw, supply_temperature
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from stations.model.setpoint import StationClass
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation, own_curve

B = 0.3
LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=B
)
LAWS = {"radiator": LAW, "floor": replace(LAW, T_supply_design=45.0, T_return_design=35.0)}
T_OUTDOOR = -3.0
T_CURVE = supply_temperature(LAW, T_OUTDOOR)
CYCLE_S = 300.0
A = 60_000.0


class House:
    """Houses of one loop that are always at rest: their own arithmetic, a fixed point.

    With ``still`` (degC) their rooms are heavy and follow the water by 3 % of what it moves.
    """

    def __init__(self, K, U=1.3, *, sensor=True, still=None):
        self.K, self.U, self.sensor, self.still = K, U, sensor, still
        self._known = {}

    def at(self, T_supply, m_flow):
        if (T_supply, m_flow) not in self._known:
            self._known[T_supply, m_flow] = self._at_rest(T_supply, m_flow)
        return self._known[T_supply, m_flow]

    def _at_rest(self, T_supply, m_flow):
        T = 20.0 if self.still is None else self.still + 0.03 * (T_supply - T_CURVE)
        T_return = T_supply - 10.0
        for _ in range(150):
            low = max(T_return - T, 0.1)
            excess = (T_supply - T_return) / math.log(max(T_supply - T, low + 0.1) / low)
            q = self.K * excess ** (1 + B)
            T_return += 0.2 * (T_supply - q * A / (4180.0 * m_flow) - T_return)
            if self.still is None:
                T += 0.2 * (T_OUTDOOR + 3.0 + q / self.U - T)
        return T, T_return


class Town:
    """Loops that do what they are told, one cycle after another."""

    def __init__(self, houses, **changes):
        self.houses = houses
        self.traits = [loop_traits(number, **changes) for number in range(1, len(houses) + 1)]
        self.held = {t.key: (T_CURVE, t.m_flow_design) for t in self.traits}
        self.cycles = 0
        self.records = {}
        self.wishes = {}
        self.missing = {}
        self.more = {}

    def inputs(self):
        now = NOW + self.cycles * CYCLE_S
        observations, readings = {}, {**self.more}
        for house, traits in zip(self.houses, self.traits, strict=True):
            key, (T_supply, m_flow) = traits.key, self.held[traits.key]
            T_indoor, T_return = house.at(T_supply, m_flow)
            seen = {
                "T_supply": good(T_supply, now),
                "T_return": good(T_return, now),
                "m_flow": good(m_flow, now),
                "T_supply_effective": good(T_supply, now),
                "m_flow_effective": good(m_flow, now),
            }
            observations[key] = replace(observation(), key=key, **(seen | self.missing.get(key, {})))
            indoor = good(T_indoor, now) if house.sensor else bad(Reason.SENTINEL, now)
            readings[key.station] = {Point(key.loop, "T_indoor_mean"): indoor}
        return StrategyInputs(
            now=now,
            monotonic=MONOTONIC + self.cycles * CYCLE_S,
            laws=LAWS,
            T_outdoor=T_OUTDOOR,
            T_outdoor_filtered={"radiator": T_OUTDOOR, "floor": T_OUTDOOR},
            observations=observations,
            readings=readings,
            sent={},
            records=self.records,
        )

    def run(self, hours, loops=None):
        for _ in range(round(hours * 3600.0 / CYCLE_S)):
            answer = propose(self.traits if loops is None else loops, self.inputs())
            self.records = answer.records
            self.wishes = {wish.key: wish for wish in answer.proposals}
            for key, wish in self.wishes.items():
                self.held[key] = (wish.T_supply, wish.m_flow)
            self.cycles += 1
        return list(self.wishes.values())

    def indoor(self):
        return [
            house.at(*self.held[traits.key])[0]
            for house, traits in zip(self.houses, self.traits, strict=True)
        ]


def test_a_town_with_sensors_comes_together_at_the_wanted_temperature():
    town = Town([House(0.19), House(0.22), House(0.27)])
    before = town.indoor()
    assert max(before) - min(before) > 3.0
    town.run(168)
    assert town.indoor() == pytest.approx([20.8, 20.8, 20.8], abs=0.3)
    wish = town.wishes[town.traits[2].key]
    assert wish.author == "strategy:balance"
    assert "°C indoors (measured), 20.8 wanted" in wish.reason.en


def test_flow_falls_to_the_least_of_its_piping_and_the_house_stays_warm():
    town = Town([House(0.22)])
    town.run(72)
    (wish,) = town.wishes.values()
    assert wish.m_flow == pytest.approx(0.60 * 40.0)
    assert town.indoor() == pytest.approx([20.8], abs=0.3)
    single = Town([House(0.22)], piping="single")
    single.run(48)
    (wish,) = single.wishes.values()
    assert wish.m_flow == pytest.approx(0.75 * 40.0)


def test_a_loop_without_a_circulation_channel_keeps_design_flow():
    town = Town([House(0.27)], circulation=None)
    (wish,) = town.run(30)
    assert wish.m_flow == 40.0
    assert wish.T_supply < T_CURVE - 1.0


def test_a_return_below_freezing_costs_its_own_loop_a_measurement_and_no_other():
    town = Town([House(0.22), House(0.22)])
    frozen, sound = town.traits
    town.missing[frozen.key] = {"T_supply": good(1.0, NOW), "T_return": good(-4.0, NOW)}
    inputs = town.inputs()
    assert measure(frozen, inputs, alone=False) == Phrase("balance.no_return")
    assert isinstance(measure(sound, inputs, alone=False), Sample)
    assert len(town.run(CYCLE_S / 3600.0)) == 2


def test_a_cold_house_gets_all_the_flow_before_it_is_given_up():
    town = Town([House(0.13)])
    (wish,) = town.run(60)
    assert wish.m_flow == 40.0
    assert wish.T_supply == pytest.approx(own_curve(T_OUTDOOR) + 12.0)


def test_no_loop_moves_more_than_half_a_kelvin_an_hour_at_equal_flow():
    town = Town([House(0.27)], circulation=None)
    (wish,) = town.run(12)
    supplies = [wish.T_supply]
    for _ in range(12):
        (wish,) = town.run(1)
        supplies.append(wish.T_supply)
    steps = [abs(b - a) for a, b in pairwise(supplies)]
    assert max(steps) <= 0.5 + 1e-9
    assert sum(step > 0.0 for step in steps) >= 3


def test_a_loop_moves_once_an_hour_with_its_flow_whenever_one_looks():
    town = Town([House(0.45)])
    at, places = [], [town.run(CYCLE_S / 3600.0)[0]]
    for _ in range(round(24 * 3600.0 / CYCLE_S)):
        (wish,) = town.run(CYCLE_S / 3600.0)
        if (wish.T_supply, wish.m_flow) != (places[-1].T_supply, places[-1].m_flow):
            at.append(town.cycles * CYCLE_S)
            assert abs(wish.m_flow - places[-1].m_flow) <= 0.05 * town.traits[0].m_flow_design + 1e-9
            places.append(wish)
    assert len(at) >= 8, "it does move"
    assert len({wish.m_flow for wish in places}) >= 5, "and its flow does"
    assert min(after - before for before, after in pairwise(at)) >= 3600.0


def test_it_begins_with_what_the_loops_hold_and_learns_before_it_moves():
    town = Town([House(0.27)])
    key = town.traits[0].key
    town.held[key] = (T_CURVE - 4.0, 32.0)
    for hours in (0.1, 6, 4):
        (wish,) = town.run(hours)
        assert wish.T_supply == pytest.approx(T_CURVE - 4.0)
        assert wish.m_flow == pytest.approx(32.0)
    assert "follows the curve while it learns" in wish.reason.en


def test_the_most_over_supplied_move_first_and_not_all_at_once():
    town = Town([House(0.25 + 0.005 * i) for i in range(12)], circulation=None)
    town.run(12)
    shifts = {key: record.shift_K for key, record in town.records.items()}
    moved = []
    for _ in range(12):
        town.run(CYCLE_S / 3600.0)
        now = {key.station for key, record in town.records.items() if record.shift_K != shifts[key]}
        moved += sorted(now - set(moved), reverse=True)
    assert len(moved) == 12
    assert moved == sorted(moved, reverse=True)


def test_nobody_moves_up_while_the_source_gives_all_it_has():
    town = Town([House(0.19), House(0.27)], circulation=None)
    town.more = {
        "H001": {
            Point(0, "Q_flow_source"): good(99.0, NOW + 1e5),
            Point(0, "Q_flow_source_max"): good(100.0, NOW + 1e5),
        }
    }
    cold, warm = town.run(24)
    assert cold.T_supply == pytest.approx(T_CURVE)
    assert warm.T_supply < T_CURVE - 1.0
    town.more = {}
    cold, _ = town.run(6)
    assert cold.T_supply > T_CURVE + 1.0


def test_a_loop_without_sensors_is_asked_and_then_balanced():
    town = Town([House(0.19), House(0.22, sensor=False, still=24.0)], circulation=None)
    wish = town.run(20)[1]
    assert "no indoor sensor, asked by a wave" in wish.reason.en
    assert abs(wish.T_supply - T_CURVE) <= max(WAVE_K)
    wish = town.run(HOURS_MIN - 10)[1]
    assert town.records[wish.key].model.T_indoor == pytest.approx(24.0, abs=0.5)
    assert "°C indoors (estimated within" in wish.reason.en
    assert wish.T_supply < T_CURVE - 3.0


def test_a_loop_that_is_found_throttled_is_asked_at_design_flow():
    town = Town([House(0.22, sensor=False)])
    town.held[town.traits[0].key] = (T_CURVE + 3.0, 32.0)
    (wish,) = town.run(3)
    assert 32.0 < wish.m_flow < 40.0
    assert T_CURVE < wish.T_supply < T_CURVE + 3.0
    assert "follows the curve while it learns" in wish.reason.en
    (wish,) = town.run(4)
    assert wish.m_flow == pytest.approx(40.0)
    assert "asked by a wave" in wish.reason.en
    assert town.records[wish.key].model.hours <= 4


MISSING = [
    ({"T_return": bad(Reason.NO_ANSWER, NOW)}, "no return temperature"),
    ({"T_supply": bad(Reason.NO_ANSWER, NOW)}, "no supply temperature"),
    ({"m_flow": bad(Reason.NO_ANSWER, NOW)}, "neither circulation nor heat is measured"),
    ({"T_return": good(40.0, NOW - 86_400.0)}, "no return temperature"),
    ({"pump_running": False}, "the loop pump stands still"),
    ({"T_return": good(90.0, NOW + 1e6)}, "the loop gives no heat that could be measured"),
]


@pytest.mark.parametrize(("missing", "why"), MISSING)
def test_without_its_inputs_a_loop_stays_on_the_curve_and_says_why(missing, why):
    town = Town([House(0.27), House(0.27)])
    town.missing = {town.traits[0].key: missing}
    blind, sees = town.run(16)
    assert blind.T_supply == T_CURVE
    assert blind.m_flow == 40.0
    assert f"stays on the curve, {why}" in blind.reason.en
    assert sees.T_supply < T_CURVE


def test_a_class_that_takes_no_setpoints_is_advised_the_curve():
    town = Town([House(0.27)], station_class=StationClass.C)
    (wish,) = town.run(20)
    assert wish.T_supply == T_CURVE
    assert "stays on the curve, it takes no setpoints" in wish.reason.en


def test_a_loop_that_was_away_keeps_what_was_learned_and_begins_where_it_is_found():
    town = Town([House(0.19), House(0.27)], circulation=None)
    town.run(24)
    key = town.traits[1].key
    town.run(3, loops=town.traits[:1])
    assert town.records[key].shift_K is None
    assert town.records[key].model.known
    town.held[key] = (T_CURVE + 2.0, 40.0)
    wish = town.run(CYCLE_S / 3600.0)[1]
    assert wish.T_supply == pytest.approx(T_CURVE + 2.0)


def test_without_an_outdoor_temperature_nothing_is_proposed():
    town = Town([House(0.27)])
    inputs = replace(town.inputs(), T_outdoor=None, T_outdoor_filtered={"radiator": None})
    assert propose(town.traits, inputs).proposals == []


def test_the_curve_is_untouched_by_anything_that_balance_remembers():
    """Strategies off: setpoints equal the curve bit for bit."""
    town = Town([House(0.19), House(0.22), House(0.27)])
    town.run(20)
    inputs = town.inputs()
    assert all(seen.mode is Mode.AUTO for seen in inputs.observations.values())
    for records in ({}, town.records):
        answer = curve.propose_all(town.traits, replace(inputs, records=records))
        assert [wish.T_supply for wish in answer.proposals] == [T_CURVE] * 3
        assert [wish.m_flow for wish in answer.proposals] == [40.0] * 3
        assert answer.records == {}
