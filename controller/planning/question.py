"""From what is known of loops, weather and source to the question that a plan answers. Pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey, LoopTraits, Mode
from controller.knowing.known import Known
from controller.planning.bounds import HeatBounds, heat_bounds
from controller.planning.breathing import breathing
from controller.planning.reaching import Waters, reaching
from controller.planning.rules import PlanRules, SourceSeen
from controller.weather.site import utc_offset_s
from optimizer.balance import indoor_wanted
from optimizer.building import Floats, free_heat, transition
from optimizer.estimate.cycle import BACK_H
from optimizer.estimate.state import DISTURBANCE, LAW, Flag
from optimizer.forecast.calendar import LocalTime, local_time, share_open
from optimizer.forecast.weather import WeatherSeries
from optimizer.on_curve import Course, curve_ahead, filtered_ahead, follow
from optimizer.plan.problem import PlanProblem
from optimizer.reach import Reach
from optimizer.reason import Reason, because

STEPS, STEP_S = 96, 900.0
STEP_H = STEP_S / 3600.0
KNOWN_SD_K = 2.2
"""A loop whose rooms are known worse than this stays on the curve: a plan would warm it without need. Loops
of which nothing was heard are known within 2.3 K; those that were asked are known better (1.3 to 2.1 K), and
would go to and fro if the limit lay among them."""
TOLD_SD_MIN_K = 0.4
APART_AT_DEGC, ROOM_DEGC = -2.0, 20.0
"""Outdoors where dwellings are as far apart as the rules say, the mean of the seasons in which that was
audited, and the rooms of then. Corner flats lose more, and risers with little water give less, in proportion
to what is heated against: in mild weather they come together. In colder weather the rules are not widened."""
P_RAMP_SHARE = 0.04
"""Of the present heat, from step to step: the guard asks a person where it would be 10 % in half an hour."""
SHORT_SHARE, FULL_SHARE = 0.6, 0.95
"""Of what the source can give: what all least heats together may take in a shortage, so that there is
something to share out by need; and what loops take, or must be told at least, from which on there is one."""
P_MARGIN = 0.995
"""Of what the source can give: loops do not follow to the watt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What else is seen of the loops at the moment of the question."""

    modes: Mapping[LoopKey, Mode] = field(default_factory=dict)
    """Loops that are not there count as in auto."""
    T_primary: Mapping[LoopKey, float] = field(default_factory=dict)
    """degC of the source's water at the station, where it is measured."""
    T_reached: Mapping[LoopKey, float] = field(default_factory=dict)
    """degC that loops can be asked for at most which stay short of what they were told (``reached``)."""
    waters: Waters | None = None
    """What tells how the source's water reaches the stations; None binds no loop by it."""
    T_outdoor_filtered: Mapping[str, float | None] = field(default_factory=dict)
    """By emitter type, for the curve."""
    owed: Mapping[LoopKey, float] = field(default_factory=dict)
    """K h of under-heating in shortages so far."""
    drifted: Mapping[LoopKey, Reason] = field(default_factory=dict)
    """Loops that no longer do what their model says."""
    lost: frozenset[LoopKey] = frozenset()
    """Loops whose stations do not answer: they are on their own curves, or will be."""
    blind: frozenset[LoopKey] = frozenset()
    """Loops of which supply or return is not told now."""
    far_down: frozenset[LoopKey] = frozenset()
    """Loops of class B whose offset the guard lets go all the way down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question, with what its answer is judged by."""

    problem: PlanProblem
    """Rows as ``known.keys``; loops that shall not be planned for carry a hole."""
    excluded: Mapping[LoopKey, Reason]
    """Those loops."""
    curve: Course
    """What the loops would do on the curve."""
    UA: Floats
    """(n,) heat loss of their houses, W/(m2 K)."""
    reach: Reach | None = None
    """What can reach the loops, where that was asked."""
    advisory: PlanProblem | None = None
    """The same of the loops that take no setpoints, all others left out; None where there are none."""


def times_of(now: float) -> Floats:
    """Return when the steps of a plan begin that is made at UTC second ``now``."""
    return np.asarray(now + STEP_S * np.arange(STEPS, dtype=np.float64))


def question(
    known: Known,
    traits: Mapping[LoopKey, LoopTraits],
    weather: WeatherSeries,
    source: SourceSeen,
    rules: PlanRules,
    now: float,
    scene: Scene,
) -> Asked:
    """Return what a plan is asked for at UTC second ``now``; ``weather`` begins there, in steps of 15 min.

    Nothing is repaired here: a number that is none makes its loop be left out, or the plan, with the reason.
    """
    loops, buildings, state = [traits[key] for key in known.keys], known.buildings, known.state
    hours = STEP_H * (np.arange(len(weather.times)) + 0.5)
    A, B = transition(buildings, STEP_H, float(weather.wind.mean()))
    lasting = state.disturbance[:, None] * np.exp(-hours / BACK_H[DISTURBANCE])
    # the room by which emitters give their heat is the one that they were seen to heat
    rooms = state.T_indoor + state.mean[:, LAW]
    T_primary, T_reached = (
        np.array([told.get(key, np.nan) for key in known.keys]) for told in (scene.T_primary, scene.T_reached)
    )
    reach = None if scene.waters is None else reaching(known, loops, scene.waters, rules, weather.times)
    q_reach = np.full((len(loops), len(weather.times)), np.inf) if reach is None else reach.q
    blind = _rows(known, scene.blind)
    bounds = heat_bounds(
        loops, buildings, rooms, weather.T_outdoor, T_primary, T_reached, q_reach, blind, scene.far_down
    )
    T_wanted = wanted(known, weather, rules)
    gains = free_heat(buildings, weather.sun[:, None]).T + lasting
    breath = breathing(A, B, weather.T_outdoor, gains - lasting, rules.comfort.sd_hours)
    excluded, advised = _excluded(known, traits, scene)
    T_band = T_wanted + breath
    T_min = np.where(_rows(known, excluded)[:, None], np.nan, T_band)
    q_before = np.clip(state.q, 0.0, None)
    heat_now = float(buildings.area @ np.maximum(q_before, 1.0)) / 1000.0
    most = _most(source, heat_now)
    problem = PlanProblem(
        start=now,
        A=A,
        B=B,
        x0=state.x,
        area=buildings.area,
        T_outdoor=weather.T_outdoor,
        gains=gains,
        T_min=T_min,
        T_max=T_wanted.max(axis=1, keepdims=True) + rules.over_K + breath,
        q_min=_least(bounds, buildings.area, most, heat_now),
        q_max=bounds.high,
        ramp=bounds.ramp,
        q_before=q_before,
        tariff=_tariff(weather.times, rules),
        P_max=np.full(len(weather.times), most),
        P_ramp=P_RAMP_SHARE * heat_now,
        critical=np.array([key in rules.critical for key in known.keys], dtype=np.bool_),
        owed=np.array([scene.owed.get(key, 0.0) for key in known.keys]),
        weights=rules.weights,
        dt_h=STEP_H,
    )
    curve = _on_curve(loops, known, problem, rules, scene)
    return Asked(
        problem=replace(problem, q_before=_going_on(problem, curve, _rows(known, excluded))),
        excluded=excluded,
        curve=curve,
        reach=reach,
        UA=buildings.UA,
        advisory=replace(problem, T_min=np.where(_rows(known, advised)[:, None], T_band, np.nan))
        if advised
        else None,
    )


def _going_on(problem: PlanProblem, curve: Course, outside: NDArray[np.bool_]) -> Floats:
    """Return the heat (n,) given now; of loops ``outside`` of the plan what they go on taking, W/m2.

    Where the source cannot give what all would take on the curve, they count with their share of it at most:
    its water is cooler then for them too. Taken to keep all their heat they would leave the others with
    hardly any, however short.
    """
    area, q, most = problem.area, problem.q_before, float(problem.P_max.min())
    means = curve.q.mean(axis=1)
    need = np.where(np.isfinite(means), means, q)
    total = float(area @ need) / 1000.0
    if not 0.0 <= most < total:
        return q
    return np.where(outside, np.minimum(q, most / total * need), q)


def _rows(known: Known, keys: Container[LoopKey]) -> NDArray[np.bool_]:
    return np.array([key in keys for key in known.keys], dtype=np.bool_)


def wanted(known: Known, weather: WeatherSeries, rules: PlanRules) -> Floats:
    """Return the indoor temperatures (n, k) in degC to keep at least, by time of day, use and weather.

    The mean at which the wanted share of dwelling-hours reaches the minimum: who is known badly is kept
    warmer (``optimizer.balance``), and the less dwellings are apart, the nearer to the minimum.
    """
    local = _local(weather.times, rules)
    night = _at_night(local.hour, rules.night)
    apart = _apart(float(weather.T_outdoor.mean()))
    comfort = replace(rules.comfort, sd_dwellings=apart * rules.comfort.sd_dwellings)
    told_sd = np.maximum(known.state.T_indoor_sd, TOLD_SD_MIN_K)
    level = [
        indoor_wanted(comfort, float(sd)) + rules.warmer_K.get(key, 0.0)
        for key, sd in zip(known.keys, told_sd, strict=True)
    ]
    T = np.array(level)[:, None] - rules.night_setback_K * night
    for place, key in enumerate(known.keys):
        if key in rules.calendars:
            closed = 1.0 - share_open(rules.calendars[key], local, STEP_H)
            T[place] = level[place] - rules.closed_setback_K * closed
    return np.asarray(T)


def _apart(T_outdoor: float) -> float:
    """Return what part of the rules' spread dwellings have in a day of this mean, degC; 1 if that is none."""
    share = (ROOM_DEGC - T_outdoor) / (ROOM_DEGC - APART_AT_DEGC)
    return min(max(share, 0.0), 1.0) if np.isfinite(share) else 1.0


def _on_curve(
    loops: Sequence[LoopTraits], known: Known, problem: PlanProblem, rules: PlanRules, scene: Scene
) -> Course:
    """Return what the loops would do on the centre's curve; NaN for those that it has none for."""
    n, k = problem.size
    T_supply, flow = np.full((n, k), np.nan), np.full((n, k), np.nan)
    for emitter, law in rules.laws.items():
        T_filtered = scene.T_outdoor_filtered.get(emitter)
        if T_filtered is None:
            continue
        filter_h = rules.outdoor_filter_s.get(emitter, 0.0) / 3600.0
        path = filtered_ahead(T_filtered, problem.T_outdoor, STEP_H, filter_h)
        asked, share = curve_ahead(law, path, np.inf)
        for i, loop in enumerate(loops):
            if loop.emitter == emitter:
                T_supply[i] = np.minimum(asked, loop.T_supply_max_degC)
                flow[i] = 1.0 if loop.circulation is None else share
    return follow(
        problem.A,
        problem.B,
        problem.x0,
        known.buildings,
        T_supply=T_supply,
        flow=flow,
        T_outdoor=problem.T_outdoor,
        gains=problem.gains,
        law_error=known.state.mean[:, LAW],
    )


def _excluded(
    known: Known, traits: Mapping[LoopKey, LoopTraits], scene: Scene
) -> tuple[dict[LoopKey, Reason], set[LoopKey]]:
    """Return who is left out and why; of those, the loops that can be advised what they can not be told."""
    excluded: dict[LoopKey, Reason] = {}
    advised: set[LoopKey] = set()
    for place, key in enumerate(known.keys):
        why = _doubt(place, known, scene)
        if not (traits[key].station_class.driven and traits[key].proven):
            excluded[key] = because("plan.loop_not_driven")
            if why is None:
                advised.add(key)
        elif why is not None:
            excluded[key] = why
    return excluded, advised


def _doubt(place: int, known: Known, scene: Scene) -> Reason | None:
    """Return why a loop can not be planned for, whether it takes setpoints or not; None where it can."""
    key, sd = known.keys[place], float(known.state.T_indoor_sd[place])
    mode = scene.modes.get(key, Mode.AUTO)
    if mode is not Mode.AUTO:
        return because("plan.loop_mode", mode=str(mode))
    if key in scene.lost:
        return because("plan.loop_no_link")
    if key in scene.drifted:
        return scene.drifted[key]
    if known.state.flags[place] == Flag.LOST:
        return because("plan.loop_lost")
    return because("plan.loop_unknown", sd_K=sd, most_K=KNOWN_SD_K) if sd > KNOWN_SD_K else None


def _most(source: SourceSeen, heat_now: float) -> float:
    """Return the kW that the source can give to the loops, what the pipes lose taken off."""
    if source.Q_flow_max is None:
        return np.inf
    lost = 0.0 if source.Q_flow is None else min(max(source.Q_flow - heat_now, 0.0), 0.3 * source.Q_flow)
    return P_MARGIN * max(source.Q_flow_max - lost, 0.0)


def _least(bounds: HeatBounds, area: Floats, most: float, heat_now: float) -> Floats:
    """Return the least heats (n, k) of the question, W/m2: in a shortage no more than can be shared out.

    What keeps frost away stays in them: where the source can not give that there is no plan, and it is said.
    """
    least = np.maximum(bounds.low * _possible(bounds.low, area, most, heat_now), bounds.frost)
    return bounds.frost if float((area @ least).max()) / 1000.0 > most else least


def _possible(low: Floats, area: Floats, most: float, heat_now: float) -> float:
    """Return by which part the least heats hold: what the source cannot give all loops do not get.

    The least of a loop is what the guard lets it be told; in a shortage it gets less whatever it is told, and
    a plan has to share that out. While there is enough, loops get what they are told: a plan that went below
    it would promise rooms that do not come.
    """
    needed = float((area @ low).max()) / 1000.0
    # written so that a source which is no number leaves all as it is: the plan is refused for that
    short = max(needed, heat_now) > FULL_SHARE * most and needed > SHORT_SHARE * most
    return SHORT_SHARE * most / needed if short else 1.0


def _tariff(times: Floats, rules: PlanRules) -> Floats:
    return np.array(rules.tariff)[_local(times, rules).hour.astype(np.intp) % len(rules.tariff)]


def _local(times: Floats, rules: PlanRules) -> LocalTime:
    return local_time(times, utc_offset_s(times, rules.timezone))


def _at_night(hour: Floats, night: tuple[float, float]) -> Floats:
    begin, end = night
    inside = (hour >= begin) & (hour < end) if begin <= end else (hour >= begin) | (hour < end)
    return inside.astype(np.float64)
