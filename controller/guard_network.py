"""Mass-change guard: no plan, operator or bug moves the whole network at once without a person's word.

Judged over all loops, on what is wanted and not on what the rates would let through, or a bad plan would
pass in slices; and against what was in force 60 (30) min ago, or it would pass as a creep. What weather
itself moves along the stations' own curves is no mass change and is taken off.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from controller.decisions import Action, GuardContext, MassChange, Rule, Sent
from controller.guard_case import Case, Room, recent
from controller.words.phrase import Phrase
from stations.model.setpoint import StationClass

AREA_SHARE = 0.20
AREA_CAP = 10.0
"""No loop counts with more than so many times the median area: one wrong area must not blind the rule."""
MOVE_K = 3.0
MOVE_WINDOW_MIN = 60
Q_FLOW_SHARE = 0.10
Q_FLOW_WINDOW_MIN = 30
SMALL_K = 0.3
"""Loops that move by less with the crowd are not held back."""
T_INDOOR_DEGC = 20.0
EFFECTIVENESS = 0.4
"""(T_supply - T_return) / (T_supply - T_indoor) where it is not measured; 75/50 at 20 degC has 0.45."""
CP_KJ_PER_KG_K = 4.18


class Movement(NamedTuple):
    """What one loop moves, net of weather."""

    dT_held: float
    """K that it has moved already, against 60 min ago."""
    dT: float
    """K that it would have moved with what is wanted."""
    Q_flow: float
    """kW that it gave off 30 min ago."""
    dQ_flow: float
    """kW by which what is wanted would change that."""


def mass_change(case: Case, room: Room) -> Room:
    """Hold a loop that would move with the crowd."""
    return room.hold(case, Rule.MASS_CHANGE, room.held_back) if room.held_back is not None else room


def judge(
    cases: Sequence[Case], rooms: Sequence[Room], context: GuardContext
) -> tuple[MassChange | None, set[int]]:
    """Return the mass change, if there is one, and the indices of the loops that take part in it."""
    if len({case.traits.key.station for case in cases if not case.traits.is_source}) < 2:
        return None, set()  # a site of one station is no network: the limits and rates of its loops suffice
    movements = [_movement(case, room) for case, room in zip(cases, rooms, strict=True)]
    share_of_area = _area_share(cases, movements)
    load = sum(movement.Q_flow for movement in movements)
    change = sum(movement.dQ_flow for movement in movements) / load if load > 0.0 else 0.0
    crowd: set[int] = set()
    for sign in (1.0, -1.0):
        exempt = context.mass_change_confirmed or (context.shortage_declared and sign < 0.0)
        if not exempt and (share_of_area[sign] > AREA_SHARE or sign * change > Q_FLOW_SHARE):
            crowd |= {i for i, m in enumerate(movements) if sign * m.dT > SMALL_K or sign * m.dQ_flow > 0.0}
    if not crowd:
        return None, crowd
    direction = max(share_of_area, key=lambda sign: share_of_area[sign])
    return (
        MassChange(
            share_of_area=share_of_area[direction],
            Q_flow_change_share=change,
            detail=Phrase(
                "guard.mass_change",
                {"area": 100 * share_of_area[direction], "dT": MOVE_K, "heat": 100 * change},
            ),
        ),
        crowd,
    )


def _movement(case: Case, room: Room) -> Movement:
    """What this loop moves; nothing while it is taken over, which begins with what it holds."""
    effectiveness = _effectiveness(case)
    lately = _in_force(case, Q_FLOW_WINDOW_MIN)
    Q_flow = _heat(case, effectiveness, lately.T_supply, lately.m_flow, lately.m_flow)
    if not case.held:
        return Movement(0.0, 0.0, Q_flow, 0.0)
    before = _in_force(case, MOVE_WINDOW_MIN)
    by_curve = _by_curve(case, before, MOVE_WINDOW_MIN)
    dT_held = _net(case.T_start - before.T_supply, by_curve)
    if room.action is not Action.SET:
        return Movement(dT_held, dT_held, Q_flow, 0.0)
    supply = room.supply
    net = _net(supply - lately.T_supply, _by_curve(case, lately, Q_FLOW_WINDOW_MIN))
    m_flow = room.flow if case.flow_driven else lately.m_flow
    return Movement(
        dT_held,
        _net(supply - before.T_supply, by_curve),
        Q_flow,
        _heat(case, effectiveness, lately.T_supply + net, m_flow, lately.m_flow) - Q_flow,
    )


def _in_force(case: Case, minutes: int) -> Sent:
    """What the loop held ``minutes`` ago; what it was taken over with, if that is later."""
    then = case.context.monotonic - 60.0 * minutes
    history = case.history
    for sent in reversed(history):
        if sent.at <= then:
            return sent
    if history:
        return history[0]
    return Sent(at=case.context.monotonic, T_supply=case.T_start, m_flow=case.m_start)


def _by_curve(case: Case, before: Sent, minutes: int) -> float:
    """What the own curve itself moved by weather since then, K."""
    past = case.context.T_outdoor_past.get(minutes)
    if past is None or case.own is None or case.traits.station_class is StationClass.B:
        return 0.0  # class B: the history is already told relative to the curve
    age = max(0.0, case.context.monotonic - before.at)
    return (case.own - case.traits.own_curve(past)) * min(1.0, age / (60.0 * minutes))


def _net(dT: float, by_curve: float) -> float:
    """The part of ``dT`` that the curve did not ask for; a curve that moved the other way excuses nothing."""
    if dT > 0.0:
        return dT - min(by_curve, dT) if by_curve > 0.0 else dT
    return dT - max(by_curve, dT) if by_curve < 0.0 else dT


def _area_share(cases: Sequence[Case], movements: Sequence[Movement]) -> dict[float, float]:
    """Share of the heated area that moved or would move up (1.0) and down (-1.0) by more than 3 K.

    What has moved counts although it is wanted elsewhere by now: one crowd after the other is a crowd.
    """
    areas = [0.0 if case.traits.emitter == "dhw" else case.traits.A_heated_m2 for case in cases]
    loops = [area for area, case in zip(areas, cases, strict=True) if not case.traits.is_source]
    cap = AREA_CAP * median(loops) if loops else 0.0
    areas = [min(area, cap) for area in areas]
    total = sum(areas)
    if total <= 0.0:
        return {1.0: 0.0, -1.0: 0.0}
    both = list(zip(areas, movements, strict=True))
    up = sum([area for area, m in both if m.dT > MOVE_K or m.dT_held > MOVE_K])
    down = sum([area for area, m in both if m.dT < -MOVE_K or m.dT_held < -MOVE_K])
    return {1.0: up / total, -1.0: down / total}


def _heat(case: Case, effectiveness: float, T_supply: float, m_flow: float, m_flow_known: float) -> float:
    """Heat that a loop gives off with these values once its return has settled, kW.

    An emitter with constant UA against a room of 20 degC: Q = c m e (T_supply - T_indoor) with
    e = 1 - exp(-UA / (c m)), the closed form of the logarithmic mean. ``effectiveness`` is e at
    ``m_flow_known``.
    """
    rise = T_supply - T_INDOOR_DEGC
    if case.traits.emitter in ("dhw", "source") or rise <= 0.0 or not 0.0 < m_flow < math.inf:
        return 0.0
    remaining = 1.0 - effectiveness
    if m_flow != m_flow_known:
        remaining = math.pow(remaining, max(m_flow_known, 0.0) / m_flow)
    return CP_KJ_PER_KG_K * m_flow * (1.0 - remaining) * rise


def _effectiveness(case: Case) -> float:
    if case.seen is None:
        return EFFECTIVENESS
    supply, return_ = case.seen.T_supply, case.seen.T_return
    now = case.context.now
    if supply.value is None or return_.value is None or not recent(supply, now) or not recent(return_, now):
        return EFFECTIVENESS
    rise = supply.value - T_INDOOR_DEGC
    if rise < 1.0:
        return EFFECTIVENESS
    return min(max((supply.value - return_.value) / rise, 0.1), 0.9)
