"""What the controller tells of a plan of four stations, by its own encoders: for view models and screens."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from controller.api.plan_schema import PlanMessage, StationPlan
from controller.api.plan_views import expected, loop_plans, plan_message, station_plan
from controller.decisions import LoopKey
from controller.wiring import loop_traits
from controller.words.plan import instruction
from optimizer.explain import Explanation
from optimizer.reason import because
from tests.support.api_bench import NOW, live_state
from tests.support.published import published
from tests.support.sites import loop_config, site_config, station_config

LEFT_OUT = LoopKey("S004", 1)
FOLLOWED = LoopKey("S002", 1)
AGE_S = 240.0


@cache
def site():
    """S001 to S004 with a radiator loop each, a second one of floors in S001."""
    floor = loop_config(loop=2, emitter="floor", T_supply_max_degC=55.0)
    return site_config(
        Path("nowhere"),
        *(
            station_config(
                f"S{i:03}",
                port=20000 + i,
                name_en=f"Station {i}",
                name_zh=f"第{i}站",
                loops=(loop_config(), floor) if i == 1 else (loop_config(),),
            )
            for i in range(1, 5)
        ),
    )


@cache
def made():
    """The plan, and the state in which one loop follows it and one is in local."""
    state = live_state(site())
    status = state.loops[FOLLOWED]
    told = Explanation(
        asked=because("explain.asks", T_supply=52.3, flow_percent=60.0, q=31.0),
        source=because("explain.planned", age_s=AGE_S),
        limits=(because("explain.flow_min", flow_percent=60.0),),
        effect=because("explain.effect", T_now=20.0, soon_h=3.0, T_soon=20.1, hours=24.0, T_end=20.2, q=30.0),
        curve=None,
    )
    status.decision = replace(status.decision, author="strategy:optimizer", why=(instruction(told),), cuts=())
    return published(site(), NOW - AGE_S, without={LEFT_OUT}), state


def plan(**changes):
    """The network's plan; ``changes`` are of the message."""
    known, state = made()
    foretold = expected(known, NOW)
    past = {
        "start": NOW - 86_400.0,
        "step_s": 900.0,
        "actual": [4000.0] * 96,
        "planned": [None, *[3900.0] * 95],
    }
    loops = list(loop_plans(known, foretold, state.loops))
    whole = {**plan_message(known, foretold, past, NOW), "loops": loops}
    return PlanMessage.model_validate(whole).model_copy(update=changes)


def no_plan():
    """What is told before the first plan."""
    past = {"start": None, "step_s": 900.0, "actual": [], "planned": []}
    return PlanMessage.model_validate({**plan_message(None, None, past, NOW), "loops": []})


def station(name, **changes):
    """The plan of one station."""
    known, state = made()
    traits = [one for key, one in loop_traits(site()).items() if key.station == name]
    told = station_plan(name, known, expected(known, NOW), traits, state.loops, NOW)
    return StationPlan.model_validate(told).model_copy(update=changes)
