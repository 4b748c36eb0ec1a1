"""What was learned of a loop is told with its own numbers, or with why it is not known, in both languages."""

from dataclasses import replace

import pytest

from controller.api.learned import learned
from controller.api.plan_views import station_plan
from controller.knowing.belief import Introduced, first_belief
from optimizer.building_prior import prior
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.identify.pump import PumpCurve
from optimizer.reason import because
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import published

ONE = loop_traits(1)
HOUSE = prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[5_000.0])
NOTHING = first_belief(ONE.key, Introduced(NOW, HOUSE, True))
TREND = ExchangerTrend(
    UA_kW_per_K=212.4, change_30_days=-0.12, change_low=-0.17, change_high=-0.06, days=30, fouls=True
)
PUMP = PumpCurve(at_zero=0.0, slope=20.0, speed_min=0.5, speed_max=0.9, points=4, misfit=0.01)
FOUND = replace(
    NOTHING,
    source="night",
    exchanger=TREND,
    delay=Delay(seconds=1980.0, correlation=0.9),
    to_rooms=Delay(seconds=540.0, correlation=0.8),
    pump=PUMP,
)


def told(belief, language="en"):
    return [part.text(language) for part in learned(belief)]


@pytest.mark.parametrize("source", ["prior", "asked", "night"])
def test_where_the_numbers_of_houses_come_from_is_said_first_and_then_why(source):
    house, why = learned(replace(NOTHING, source=source))
    assert house.id == f"learned.{source}"
    assert f"{HOUSE.UA[0]:.2f} W/(m²·K)" in house.en
    assert f"{HOUSE.q_n[0]:.0f} W/m²" in house.zh
    assert why.en == "nothing was identified yet"


def test_exchanger_way_and_pump_are_told_with_their_numbers():
    exchanger, delay, to_rooms, pump = told(FOUND)[2:]
    assert exchanger == (
        "the exchanger FOULS: it carries 212.4 kW/K, -12 % in 30 days (between -17 and -6 %)"
    )
    assert delay == "water takes 33 min from the source"
    assert to_rooms == "water takes 9 min from the station to the rooms; the supply moves that much earlier"
    assert pump == "the pump gives 36.0 t/h at 50 % and 64.8 t/h at 90 % of its speed (4 steady points)"
    assert told(FOUND, "zh")[2].startswith("换热器正在结垢：传热能力 212.4 kW/K")
    both = replace(TREND, loops=2)
    assert told(replace(FOUND, exchanger=both))[2].startswith(
        "the station's 2 exchangers FOUL, one of them or all: together they carry 212.4 kW/K"
    )
    sound = replace(TREND, fouls=False)
    assert told(replace(FOUND, exchanger=replace(both, fouls=False)))[2].startswith(
        "the station's 2 exchangers together carry 212.4 kW/K"
    )
    apart = because("identify.exchanger_balance", apart=-0.17, allowed=0.1)
    assert told(replace(FOUND, exchanger=apart))[2].startswith(
        "the exchanger is not judged: the heat of its loops is -17 % off that of the station's meter (10 % is"
    )
    assert told(replace(FOUND, exchanger=sound))[2].startswith("the exchanger carries 212.4 kW/K")


def test_what_could_not_be_found_out_says_why():
    why = because("identify.pump_points", points=1.0, needed=3.0)
    exchanger, delay, to_rooms, pump = told(
        replace(NOTHING, exchanger=why, delay=why, to_rooms=why, pump=why)
    )[2:]
    assert exchanger == "the exchanger is not judged: 1 steady points of the pump, 3 are needed"
    assert delay.startswith("how long water takes is not known: ")
    assert to_rooms.startswith("how long water takes to the rooms is not known: ")
    assert pump.startswith("the pump's curve is not known: ")


def test_a_station_s_plan_tells_what_was_learned_of_its_loops():
    town = {ONE.key: ONE}
    whole = published(town)
    nobody = station_plan("S001", whole, None, [ONE], {ONE.key: Status()}, NOW)
    assert nobody["loops"][0]["learned"] == []
    told = station_plan("S001", whole, None, [ONE], {ONE.key: Status()}, NOW, {ONE.key: FOUND})
    assert [one["id"] for one in told["loops"][0]["learned"]][2] == "learned.fouls"


class Status:
    """A loop for which nothing was decided yet."""

    decision = None
