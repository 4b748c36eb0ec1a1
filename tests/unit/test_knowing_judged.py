"""The judged centre learns with the code of the service: cycles become record, nights come and tell."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from controller.image import ProcessImage, StationImage
from controller.knowing.known import first_known, heard
from controller.knowing.watch import heard_of
from controller.memory import ControlMemory
from controller.strategies.loop_record import Gathering, LoopRecord
from controller.weather.ahead import Ahead
from optimizer.balance import LoopModel
from simulators.evaluate.learning import Learning
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.guard_world import MONOTONIC, context, loop_traits, observation

TOWN = {one.key: one for one in (loop_traits(1), loop_traits(2))}
ONE, TWO = TOWN
NOON = 1_736_913_600.0
"""12:00 on 15 January 2025 in Shanghai."""


class Centre:
    """What a learning looks at, cycle after cycle of a quarter of an hour."""

    def __init__(self):
        self.memory = ControlMemory(TOWN, {})
        self.memory.known = first_known(TOWN, -3.0)
        self.state = SimpleNamespace(context=None, image=None)
        self.learning = Learning(self.memory.known, TOWN, NOON, "Asia/Shanghai")
        self.cycles = 0

    def ahead(self, now):
        return Ahead(sun=0.0, wind=2.0)

    def turn(self):
        now = NOON + 900.0 * self.cycles
        water = {"T_supply": good(50.0, now), "T_return": good(40.0, now), "m_flow": good(20.0, now)}
        seen = {key: replace(observation(), key=key, **water) for key in TOWN}
        readings = {Point(1, "T_indoor_mean"): good(21.0, now)}
        images = {key.station: StationImage(station=key.station, readings=readings) for key in TOWN}
        self.state.image = ProcessImage(images)
        self.state.context = context(
            list(TOWN.values()), list(seen.values()), now=now, monotonic=MONOTONIC + 900.0 * self.cycles
        )
        known = self.memory.revised()
        self.memory.known = replace(known, at=MONOTONIC + 900.0 * self.cycles)
        self.memory.known = heard(self.memory.known, heard_of(self).inputs, 0.0, 2.0)
        self.learning.turn(self)
        self.cycles += 1


def test_a_night_comes_at_two_in_the_morning_and_says_what_became_of_each_loop():
    centre = Centre()
    for _ in range(4 * 14):
        centre.turn()
    assert centre.learning.keeper.beliefs == {}
    for _ in range(2):
        centre.turn()
    beliefs = centre.learning.keeper.beliefs
    assert set(beliefs) == {ONE, TWO}
    assert {one.identified.reasons[0].id for one in beliefs.values()} == {"identify.too_few_days"}


def test_what_a_loop_told_of_itself_is_believed_in_the_next_cycle():
    centre = Centre()
    model = LoopModel(hours=12, K=0.2, T_indoor=20.0, T_outdoor=-3.0, T_supply=50.0, T_return=40.0, q=30.0)
    centre.memory.records = {ONE: LoopRecord(gathering=Gathering(began=0.0), model=model)}
    before = centre.memory.known.buildings.UA[0]
    centre.turn()
    centre.turn()
    assert centre.memory.known.buildings.UA[0] == pytest.approx((30.0 + 2.8 + 0.03 * 60.0) / 23.0)
    assert centre.memory.known.buildings.UA[1] == before


def test_before_the_first_cycle_there_is_nothing_to_learn_from():
    centre = Centre()
    assert heard_of(centre) is None
    centre.learning.turn(centre)
    assert centre.learning.keeper.beliefs == {}
