"""At which pace loops may move together so that nobody has to be asked. Pure.

The guard asks a person before the network is moved too far at once. A strategy that ran into that would stand
still; so it keeps to a little less by itself, against what was in force half an hour and an hour ago, and net
of what the stations' own curves were moved by weather, as the guard judges it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from controller.decisions import LoopTraits, Proposal, Sent
from controller.strategies.holding import at_present_curve
from controller.strategies.inputs import StrategyInputs
from stations.model.setpoint import StationClass

HALF_HOUR_S, HOUR_S = 1800.0, 3600.0
PACE: Mapping[float, tuple[float, float]] = {HALF_HOUR_S: (1.3, 0.05), HOUR_S: (2.3, 0.09)}
"""Largest move of the supply within that time: K, and as a part of what it is above the rooms. The guard's
limits are 3 K in an hour for a fifth of the city, and a tenth of the network's heat in half an hour."""
SHORT_S, SHORT_K = 900.0, 2.8
"""In a declared shortage the supply may go down by so much in that time: what near stations take too much far
ones lack. The guard's limit is wider, the usual one 3 K."""
FLOW_PACE = 0.05
"""Of design, in half an hour: what the flow gives up, the temperature must make up for at its own pace."""
ROOM_DEGC = 20.0


def at_pace(wish: Proposal, traits: LoopTraits, inputs: StrategyInputs) -> Proposal:
    """Return the wish, no further from what was in force than the pace allows.

    As it is, where nothing was sent yet or no outdoor temperature tells where the own curve stands.
    """
    if inputs.T_outdoor is None:
        return wish
    T_low, T_high, m_low, m_high = reach_of(traits, inputs, traits.own_curve(inputs.T_outdoor))
    return replace(
        wish,
        T_supply=min(max(wish.T_supply, T_low), T_high),
        m_flow=min(max(wish.m_flow, m_low * traits.m_flow_design), m_high * traits.m_flow_design),
    )


def reach_of(traits: LoopTraits, inputs: StrategyInputs, T_own: float) -> tuple[float, float, float, float]:
    """Return least and most supply (degC) and flow (fraction of design) that the pace allows now."""
    T_low = m_low = -np.inf
    T_high = m_high = np.inf
    if inputs.shortage and (sent := _in_force(inputs.sent.get(traits.key, ()), inputs.monotonic - SHORT_S)):
        T_low = at_present_curve(traits, sent, T_own) - SHORT_K
    for window_s, (most_K, most_share) in PACE.items():
        sent = _in_force(inputs.sent.get(traits.key, ()), inputs.monotonic - window_s)
        if sent is None:
            return T_low, T_high, m_low, m_high
        T = at_present_curve(traits, sent, T_own)
        by_curve = _by_curve(traits, inputs, sent, T_own, window_s)
        step = min(most_K, most_share * max(T - ROOM_DEGC, 5.0))
        if not inputs.shortage:
            T_low = max(T_low, T + min(by_curve, 0.0) - step)
        T_high = min(T_high, T + max(by_curve, 0.0) + step)
        if window_s == HALF_HOUR_S:
            flow = sent.m_flow / traits.m_flow_design
            m_low, m_high = flow - FLOW_PACE, flow + FLOW_PACE
    return T_low, max(T_high, T_low), m_low, m_high


def _in_force(history: Sequence[Sent], then: float) -> Sent | None:
    """Return what a loop held at scaled monotonic second ``then``, or was taken over with after that."""
    for sent in reversed(history):
        if sent.at <= then:
            return sent
    return history[0] if history else None


def _by_curve(traits: LoopTraits, inputs: StrategyInputs, sent: Sent, T_own: float, window_s: float) -> float:
    """Return what weather moved the own curve since then, K; a class B station moves with it by itself."""
    past = inputs.T_outdoor_past.get(round(window_s / 60.0))
    if past is None or traits.station_class is StationClass.B:
        return 0.0
    age_s = max(inputs.monotonic - sent.at, 0.0)
    return (T_own - traits.own_curve(past)) * min(age_s / window_s, 1.0)
