"""From the newest plan to plain values for JSON, in the shapes of ``controller.api.plan_schema``."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.api.learned import learned
from controller.api.plan_shortage import rationing_message
from controller.api.views import finite
from controller.decisions import Action, LoopKey, LoopTraits
from controller.knowing.belief import Belief
from controller.planning.flow_caps import FlowCap
from controller.planning.network_heat import excluded_heat
from controller.planning.port import PlannerState
from controller.planning.published import Published
from controller.planning.unrolled import Asked, unrolled
from controller.state import LoopStatus
from controller.words.phrase import Phrase, said
from controller.words.plan import reasoned
from optimizer.building import Floats
from optimizer.compliance import Compliance
from optimizer.estimate.state import Flag
from optimizer.explain import Foretold, curve_of, effect_of, foretell, source_of
from optimizer.forecast.accuracy import Score
from optimizer.forecast.weather import NoWeather, Outlook, Quality
from optimizer.identify.pump import PumpCurve
from optimizer.plan.status import Plan, PlanStatus
from optimizer.reason import Reason

STEP_S = 900.0
AUTHOR = "strategy:optimizer"
_EXPECTED = frozenset(("explain.effect", "explain.curve"))
"""Parts of a sentence that tell what is expected and not what bound it."""


def plan_message(
    published: Published | None,
    foretold: Foretold | None,
    past: Mapping[str, object],
    now: float,
    scores: Mapping[str, Score] | None = None,
    kept: Compliance | None = None,
    loops: Mapping[LoopKey, LoopStatus] | None = None,
    caps: Sequence[FlowCap] = (),
    pumps: Mapping[LoopKey, PumpCurve] | None = None,
) -> dict[str, object]:
    """Return ``PlanMessage`` but for its loops.

    ``scores`` tell how true forecasts were, ``kept`` how loops kept to their plans, ``loops`` what is
    decided, ``caps`` what stations shall draw at most, ``pumps`` which speed gives which flow.
    """
    if published is None:
        return _nothing(past, now)
    plan, problem = published.plan, published.problem
    excluded_kW = excluded_heat(published)
    return {
        "now": now,
        **_standing(plan, now),
        "made_at": published.made_at,
        "usable": published.usable(now),
        "gap_percent": finite(100.0 * plan.gap),
        "cost": None if plan.status is PlanStatus.NONE else _cost(plan),
        "binding": [reasoned(reason).to_json() for reason in published.binding()],
        "Q_flow_kW": series(plan.P + excluded_kW),
        "Q_flow_max_kW": [] if problem is None else series(problem.P_max[: len(plan.P)]),
        "price": series(plan.price),
        "T_outdoor": outdoors(published),
        "Q_flow_excluded_kW": excluded_kW,
        "saved": _saved(published, foretold),
        "obeyed": None if kept is None else _obeyed(published, kept),
        "rationing": rationing_message(published, caps),
        "past": past,
        "planner": None if published.planner is None else _planner(published.planner),
        "forecast": forecast_message(published.outlook, scores or {}),
        "excluded": [
            {
                "station": key.station,
                "loop": key.loop,
                "why": reasoned(why).to_json(),
                **_advised(None if loops is None else loops[key], why, (pumps or {}).get(key)),
            }
            for key, why in published.excluded.items()
        ],
    }


def _advised(status: LoopStatus | None, why: Reason, pump: PumpCurve | None) -> dict[str, object]:
    """Return what a loop that takes no setpoints would be asked for: its decision is advice."""
    if status is None or status.decision is None or why.id != "plan.loop_not_driven":
        return dict.fromkeys(("T_supply_advised", "m_flow_advised", "y_pump_advised", "advice"))
    decision, told = status.decision, _sentence(status)
    return {
        "T_supply_advised": finite(decision.T_supply),
        "m_flow_advised": finite(decision.m_flow),
        "y_pump_advised": None if pump is None or decision.m_flow is None else pump.speed(decision.m_flow),
        "advice": None if told is None else told.to_json(),
    }


def _nothing(past: Mapping[str, object], now: float) -> dict[str, object]:
    return {
        "now": now,
        "status": str(PlanStatus.NONE),
        "why": reasoned(Reason("plan.not_yet")).to_json(),
        **dict.fromkeys(("made_at", "age_s", "gap_percent", "cost", "start", "saved", "obeyed")),
        **dict.fromkeys(("planner", "forecast", "rationing")),
        "usable": False,
        "binding": [],
        "step_s": STEP_S,
        **{name: [] for name in ("Q_flow_kW", "Q_flow_max_kW", "price", "T_outdoor", "excluded")},
        "Q_flow_excluded_kW": 0.0,
        "past": past,
    }


def _standing(plan: Plan, now: float) -> dict[str, object]:
    return {
        "status": str(plan.status),
        "why": None if plan.why is None else reasoned(plan.why).to_json(),
        "age_s": finite(plan.age_s(now)),
        "start": plan.start,
        "step_s": 3600.0 * plan.dt_h,
    }


def _cost(plan: Plan) -> dict[str, float]:
    return {**asdict(plan.cost), "total": plan.cost.total}


def _planner(planner: PlannerState) -> dict[str, object]:
    failure = planner.last_failure
    return {
        "plans": planner.plans,
        "failures": planner.failures,
        "last_failure": None if failure is None else reasoned(failure).to_json(),
        "busy": planner.busy,
    }


def accuracy_messages(scores: Mapping[str, Score]) -> list[dict[str, object]]:
    """Return ``AccuracyMessage`` of each weather source and of the load, as far as something came."""
    return [
        {
            "what": name,
            "hours": one.hours,
            "mae": one.mae,
            "bias": one.bias,
            "wape": one.wape,
            "coverage": one.coverage,
        }
        for name, one in sorted(scores.items())
    ]


def forecast_message(outlook: Outlook | NoWeather, scores: Mapping[str, Score]) -> dict[str, object]:
    """Return ``ForecastMessage``: how well the weather of a plan is known, and how true forecasts were."""
    if isinstance(outlook, NoWeather):
        return {
            "age_s": None,
            "told_share": 0.0,
            "notes": [reasoned(outlook.reason).to_json()],
            "accuracy": accuracy_messages(scores),
        }
    told = outlook.series.quality <= Quality.OLD
    reasons = [*(hole.reason for hole in outlook.holes), *outlook.reasons]
    return {
        "age_s": None if outlook.age_s is None else finite(outlook.age_s),
        "told_share": float(told.mean()),
        "notes": [reasoned(reason).to_json() for reason in reasons],
        "accuracy": accuracy_messages(scores),
    }


def outdoors(published: Published) -> list[float | None]:
    """Return the forecast over the plan's steps."""
    plan, outlook = published.plan, published.outlook
    if isinstance(outlook, NoWeather) or not len(plan.P):
        return []
    times = plan.start + 3600.0 * plan.dt_h * np.arange(len(plan.P))
    return series(np.interp(times, outlook.series.times, outlook.series.T_outdoor))


def _saved(published: Published, foretold: Foretold | None) -> float | None:
    """Return the whole city's saving: heat by area, of loops whose curve is known."""
    if foretold is None:
        return None
    known = np.isfinite(foretold.saved)
    area = published.known.buildings.area[known]
    curve = float(area @ foretold.curve_q[known])
    return None if curve <= 0.0 else finite(1.0 - float(area @ foretold.q[known]) / curve)


def _obeyed(published: Published, kept: Compliance) -> float | None:
    """Return the part of instructions that were obeyed, by area."""
    known = np.isfinite(kept.obeyed)
    area = published.known.buildings.area[known]
    return finite(float(area @ kept.obeyed[known]) / float(area.sum())) if known.any() else None


def expected(published: Published | None, now: float) -> Foretold | None:
    """Return what the plan expects of its loops from now on; None where there is nothing to expect."""
    if published is None or published.problem is None or published.curve is None:
        return None
    T_now = published.known.state.T_indoor
    return foretell(published.plan, now, T_now, published.curve, published.problem, published.reach)


def loop_plans(
    published: Published,
    foretold: Foretold,
    loops: Mapping[LoopKey, LoopStatus],
    kept: Compliance | None = None,
    asked: Mapping[LoopKey, Asked] | None = None,
) -> Iterator[dict[str, object]]:
    """Yield ``LoopPlan`` of every loop that is planned for.

    ``kept`` tells how they kept to their plans, ``asked`` what these ask for now.
    """
    wishes = asked or {}
    f, area = foretold, published.known.buildings.area
    rooms, saved = _Rooms.of(published), f.saved
    for place in planned_places(published):
        key = published.keys[place]
        status = loops[key]
        yield {
            "station": key.station,
            "loop": key.loop,
            "followed": follows(status),
            "T_supply_set": finite(status.T_supply_set),
            "m_flow_set": finite(status.m_flow_set),
            "T_supply_asked": finite(wishes[key].T_supply) if key in wishes else None,
            "m_flow_asked": finite(wishes[key].m_flow) if key in wishes else None,
            **rooms.told(place),
            "T_indoor_end": finite(float(f.T_end[place])),
            "curve_T_indoor_end": finite(float(f.curve_T_end[place])),
            "hours": f.hours,
            "E_heat_kWh": finite(float(f.q[place]) * float(area[place]) * f.hours / 1000.0),
            "saved": finite(float(saved[place])),
            "limits": [phrase.to_json() for phrase in _limits(place, foretold, status)],
            "obeyed": None if kept is None else finite(float(kept.obeyed[place])),
            "heat_off": None if kept is None else finite(float(kept.heat[place])),
            "room_off_K": None if kept is None else finite(float(kept.room_K[place])),
        }


def planned_places(published: Published) -> list[int]:
    """Return where in the plan those loops stand that it says something of."""
    return [place for place, key in enumerate(published.keys) if key not in published.excluded]


def follows(status: LoopStatus) -> bool:
    """Tell whether a loop's present instruction comes from a plan; advice to a loop is a proposal."""
    decision = status.decision
    driven = decision is not None and decision.action in (Action.SET, Action.RENEW)
    return driven and _sentence(status) is not None


def _sentence(status: LoopStatus) -> Phrase | None:
    """Return what the strategy said of the loop in the last cycle, if that came from a plan."""
    decision = status.decision
    if decision is None or decision.author != AUTHOR:
        return None
    return next((phrase for phrase in decision.why if phrase.id == "plan.instruction"), None)


def _limits(place: int, foretold: Foretold, status: LoopStatus) -> Sequence[Phrase]:
    told = _sentence(status)
    parts = None if told is None else told.params["parts"]
    if isinstance(parts, tuple):
        return [part for part in parts if part.id not in _EXPECTED]
    return [reasoned(reason) for reason in foretold.bounds[place]]


class _Rooms(NamedTuple):
    """How warm rooms are and how that is known; worked out for all loops at once."""

    T: Floats
    sd: Floats
    flags: NDArray[np.int64]

    @classmethod
    def of(cls, published: Published) -> "_Rooms":
        state = published.known.state
        return cls(state.T_indoor, state.T_indoor_sd, state.flags)

    def told(self, place: int) -> dict[str, object]:
        """Return the room's part of ``LoopPlan`` and ``LoopAhead``."""
        return {
            "T_indoor": finite(float(self.T[place])),
            "T_indoor_sd": finite(float(self.sd[place])),
            "room_from": Flag(int(self.flags[place])).name.lower(),
        }


def station_plan(
    station: str,
    published: Published | None,
    foretold: Foretold | None,
    traits: Iterable[LoopTraits],
    loops: Mapping[LoopKey, LoopStatus],
    now: float,
    beliefs: Mapping[LoopKey, Belief] | None = None,
) -> dict[str, object]:
    """Return ``StationPlan``; ``traits`` are the loops of the station, ``beliefs`` what was learned."""
    known = beliefs or {}
    if published is None:
        empty = _nothing({}, now)
        kept = ("now", "status", "why", "age_s", "start", "step_s", "T_outdoor")
        return {**{name: empty[name] for name in kept}, "station": station, "loops": []}
    places = {key: place for place, key in enumerate(published.keys)}
    return {
        "now": now,
        "station": station,
        **_standing(published.plan, now),
        "T_outdoor": outdoors(published),
        "loops": [
            {
                **_loop_ahead(
                    one, places[one.key], published, foretold, loops[one.key], now, published.plan.start
                ),
                "learned": [part.to_json() for part in learned(known[one.key])] if one.key in known else [],
            }
            for one in traits
            if one.key in places
        ],
    }


def _loop_ahead(
    traits: LoopTraits,
    place: int,
    published: Published,
    foretold: Foretold | None,
    status: LoopStatus,
    now: float,
    start: float,
) -> dict[str, object]:
    """Return ``LoopAhead`` but for what was learned; its series begin at UTC second ``start``."""
    why, told = published.excluded.get(traits.key), _sentence(status)
    if published.advised(traits.key) and published.advice is not None:
        published, foretold = published.advice, expected(published.advice, now)
    plan = published.plan
    planned = traits.key not in published.excluded and bool(np.isfinite(plan.q[place]).all())
    if told is None and planned and foretold is not None:
        told = _proposal(place, published, foretold, now)
    head = {
        "loop": traits.key.loop,
        "followed": follows(status),
        "excluded": None if why is None else reasoned(why).to_json(),
        "explanation": None if told is None else told.to_json(),
        "doubts": [reasoned(reason).to_json() for reason in published.known.state.reasons(place)],
        **_Rooms.of(published).told(place),
    }
    names = ("q", "T_room", "T_room_min", "T_supply", "m_flow", "curve_T_supply", "curve_T_room")
    if not planned or abs(plan.start - start) > 1.0:
        return {**head, **{name: [] for name in names}}
    course = unrolled(traits, place, published)
    theirs = _theirs(published)
    band = None if published.problem is None else published.problem.T_min[place, theirs]
    curve = published.curve
    values = (
        plan.q[place],
        plan.T_indoor[place],
        band,
        course.T_supply,
        course.flow * traits.m_flow_design,
        None if curve is None else curve.T_supply[place, theirs],
        None if curve is None else curve.T_indoor[place, theirs],
    )
    return {**head, **{name: series(value) for name, value in zip(names, values, strict=True)}}


def _theirs(published: Published) -> slice:
    """Return the steps of the question that are those of the plan: it may be an earlier one, moved on."""
    plan, problem = published.plan, published.problem
    lag = 0 if problem is None else round((plan.start - problem.start) / (3600.0 * plan.dt_h))
    return slice(max(0, lag), max(0, lag) + plan.q.shape[1])


def _proposal(place: int, published: Published, foretold: Foretold, now: float) -> Phrase | None:
    """Say what the plan would do with a loop that somebody else decides for."""
    if not np.isfinite(foretold.q[place]):
        return None
    curve = curve_of(place, foretold)
    parts = (*foretold.bounds[place], effect_of(place, foretold), *(() if curve is None else (curve,)))
    return said(
        "plan.proposal",
        source=reasoned(source_of(published.plan, now)),
        parts=tuple(reasoned(part) for part in parts),
    )


def series(values: Floats | None) -> list[float | None]:
    """Return values for a message, three decimals; null where there is none."""
    if values is None:
        return []
    return [round(value, 3) if np.isfinite(value) else None for value in values.tolist()]
