"""Which points of a device tell of one loop: those of a station's loop, or those of a whole heat source."""

from functools import cache
from typing import NamedTuple

from controller.decisions import LoopTraits
from stations.model.identity import PRIMARY, Point
from stations.model.setpoint import CirculationChannel


class LoopPoints(NamedTuple):
    """What is looked at of one loop, by what it means to control."""

    T_supply: Point
    T_return: Point
    m_flow: Point
    level: Point
    T_supply_effective: Point
    T_supply_readback: Point
    circulation_effective: Point
    """In the unit of the channel (``controller/circulation.py``)."""
    circulation_readback: Point
    p_return: Point
    dT_held: Point
    y_pump: Point
    P_pump: Point


def points_of(traits: LoopTraits) -> LoopPoints:
    """Return the points of a loop; of a heat source, with its setpoints in its loop, those of its water."""
    return _points_of(traits.key.loop, traits.is_source, traits.circulation or CirculationChannel.M_FLOW)


@cache
def _points_of(loop: int, is_source: bool, circulation: CirculationChannel) -> LoopPoints:
    side, what = (PRIMARY, "source") if is_source else (loop, "secondary")
    return LoopPoints(
        T_supply=Point(side, f"T_supply_{what}"),
        T_return=Point(side, f"T_return_{what}"),
        m_flow=Point(side, f"m_flow_{what}"),
        level=Point(loop, "remote_level"),
        T_supply_effective=Point(loop, f"T_supply_{what}_set_effective"),
        T_supply_readback=Point(loop, f"T_supply_{what}_set_readback"),
        circulation_effective=Point(loop, f"{circulation.value}_effective"),
        circulation_readback=Point(loop, f"{circulation.value}_readback"),
        p_return=Point(side, f"p_return_{what}"),
        dT_held=Point(loop, "dT_supply_secondary_offset_readback"),
        y_pump=Point(side, f"y_pump_{what}"),
        P_pump=Point(side, f"P_pump_{what}"),
    )
