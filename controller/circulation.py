"""A flow in the channel by which a device is told its circulation, and back.

Inside everything is a flow in kg/s, and so are the guard's limits and paces. A device may be told that flow,
the head that drives it (``controller/head.py``), or the speed at which its pump gives it, by the points that
were read when the loop was commissioned: between them a line, and below them in proportion, which in a closed
loop flow and speed are (affinity laws; Karassik, Pump Handbook, 2.3).
"""

import numpy as np

from controller.decisions import LoopTraits
from controller.head import flow_of, head_of
from stations.model.setpoint import CirculationChannel


def told_of(m_flow: float, traits: LoopTraits) -> float:
    """Return what a flow in kg/s is in the channel: kg/s, a head in kPa or a speed as a fraction."""
    if traits.by_head:
        return head_of(m_flow, traits)
    if traits.circulation is CirculationChannel.Y_PUMP:
        speeds, flows = _points(traits)
        return float(np.interp(m_flow, flows, speeds))
    return m_flow


def flow_told(value: float, traits: LoopTraits) -> float:
    """Return the flow in kg/s that a value of the channel stands for."""
    if traits.by_head:
        return flow_of(value, traits)
    if traits.circulation is CirculationChannel.Y_PUMP:
        speeds, flows = _points(traits)
        return float(np.interp(value, speeds, flows))
    return value


def _points(traits: LoopTraits) -> tuple[list[float], list[float]]:
    """Return speeds and flows from standstill on; where none were read, full speed counts as design flow."""
    points = ((0.0, 0.0), *(traits.pump_points or ((1.0, traits.m_flow_design),)))
    return [speed for speed, _ in points], [flow for _, flow in points]
