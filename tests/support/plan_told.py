"""What the controller tells of a plan of four stations, by its own encoders: for view models and screens."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from controller.api.plan_schema import PlanMessage, StationPlan
from controller.api.plan_views import expected, loop_plans, plan_message, station_plan
from controller.api.shadow_schema import ShadowReport
from controller.api.source_schema import SourceHour, SourceMessage, SourcesMessage
from controller.decisions import LoopKey
from controller.planning.unrolled import asked_now
from controller.wiring import loop_traits
from controller.words.plan import instruction, reasoned
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
    asked = asked_now(loop_traits(site()), known, NOW)
    loops = list(loop_plans(known, foretold, state.loops, asked=asked))
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


def source_hour(hour, **changes):
    """One order to a heat source, that nobody has acknowledged yet."""
    full = {
        "hour": hour,
        "state": "issued",
        "phase": "on",
        "ahead": "plan",
        "Q_flow": 52_340.0,
        "T_supply": 92.4,
        "T_return": 45.0,
        "m_flow": 264.0,
        "dp": 412.0,
        "issued_at": NOW,
        "revision": 1,
        **dict.fromkeys(("acknowledged_at", "acknowledged_by", "day_Q_flow", "day_T_supply")),
        **dict.fromkeys(("measured_Q_flow", "measured_T_supply")),
    }
    return SourceHour(**(full | changes))


def sources(**changes):
    """A base source that ran as it should, and a peak source that is to be started."""
    known = {"acknowledged_at": NOW - 5000.0, "acknowledged_by": "olga"}
    done = {"measured_Q_flow": 51_900.0, "measured_T_supply": 92.0, "day_Q_flow": 50_000.0}
    base = [
        source_hour(NOW - 3600.0, state="executed", **known, **done),
        source_hour(NOW, state="acknowledged", **known),
        source_hour(NOW + 3600.0, revision=3, day_Q_flow=50_000.0),
        source_hour(NOW + 30 * 3600.0, ahead="weather"),
    ]
    nothing = dict.fromkeys(("T_supply", "T_return", "m_flow", "dp"))
    peak = [
        source_hour(NOW, phase="off", Q_flow=0.0, **nothing),
        source_hour(NOW + 3600.0, phase="starting", Q_flow=0.0, **nothing),
    ]
    full = {
        "now": NOW,
        "advised_at": NOW - AGE_S,
        "frozen_day": "2025-01-16",
        "reasons": [reasoned(because("dispatch.weather_only", hours=16)).to_json()],
        "sources": [
            SourceMessage(source="H001", role="base", open=2, hours=base, **known),
            SourceMessage(source="H002", role="peak", open=2, hours=peak, **dict.fromkeys(known)),
        ],
    }
    return SourcesMessage.model_validate(full | changes)


def shadow_of(**changes):
    """What is told of one loop or district: proposed, sure enough."""
    full = {
        "proposed": True,
        "saved": 0.082,
        "low": 0.031,
        "high": 0.133,
        "days": 21,
        "days_on_plan": 0,
        "actual": 35.4,
        "plan": 32.1,
        "curve": 36.0,
        "drift": None,
    }
    return full | changes


def shadow(**changes):
    """A district with three loops: one sound, one of which too little is known, one that drifted."""
    drift = reasoned(because("shadow.drifted_up", sum=9.1, limit=8.0, days=14)).to_json()
    few = reasoned(because("shadow.few_days_to_check", days=3, needed=7)).to_json()
    nothing = dict.fromkeys(("saved", "low", "high", "actual", "plan", "curve"))
    loops = [
        {"station": "S001", "loop": 1, "lacking": [], **shadow_of()},
        {"station": "S001", "loop": 2, "lacking": [few], **shadow_of(days=3, **nothing)},
        {
            "station": "S002",
            "loop": 1,
            "lacking": [drift],
            **shadow_of(drift=drift, proposed=False, saved=-0.21, low=-0.29, high=-0.13, days_on_plan=14),
        },
    ]
    districts = [
        {"district": "north", "why": None, **shadow_of(saved=0.051, low=-0.004, high=0.106)},
        {"district": "south", "why": few, **shadow_of(days=3, **nothing)},
    ]
    return ShadowReport.model_validate({"now": NOW, "districts": districts, "loops": loops} | changes)
