"""A head as the flow that it drives: so the guard's rules for flow hold for it as they stand.

dp = dp_design (m / m_design)^2, the square law of a network whose valves stand still. Heat sources are told a
head, and so are loops whose circulation channel is one. It is no forecast of the flow, which consumers'
valves decide; it is a scale, the same in both directions, on which limits, paces and dead times of flows are
meaningful for a head.
"""

import math

from controller.decisions import LoopTraits


def head_of(m_flow: float, traits: LoopTraits) -> float:
    """Return the head in kPa that stands for a flow in kg/s."""
    share = m_flow / traits.m_flow_design
    return traits.dp_design * share * share


def flow_of(dp: float, traits: LoopTraits) -> float:
    """Return the flow in kg/s that stands for a head in kPa."""
    return traits.m_flow_design * math.sqrt(max(dp, 0.0) / traits.dp_design)


def least_share(traits: LoopTraits) -> float:
    """Return the share of design flow that stands for the least head that a site lays down for a source."""
    return math.sqrt(traits.dp_min / traits.dp_design) if traits.is_source else 0.0
