"""Which points of a device tell of one loop: those of a station's loop, or those of a whole heat source."""

from functools import cache
from typing import NamedTuple

from stations.model.identity import PRIMARY, Point


class LoopPoints(NamedTuple):
    """What is looked at of one loop, by what it means to control."""

    T_supply: Point
    T_return: Point
    m_flow: Point
    level: Point
    T_supply_effective: Point
    T_supply_readback: Point
    circulation_effective: Point
    """Of a station's loop a flow in kg/s, of a heat source a head in kPa."""
    circulation_readback: Point
    p_return: Point
    dT_held: Point
    y_pump: Point
    P_pump: Point


@cache
def points_of(loop: int, *, is_source: bool = False) -> LoopPoints:
    """Return the points of a loop; of a heat source, with its setpoints in ``loop``, those of its water."""
    side, what = (PRIMARY, "source") if is_source else (loop, "secondary")
    circulation = "dp_source" if is_source else "m_flow_secondary"
    return LoopPoints(
        T_supply=Point(side, f"T_supply_{what}"),
        T_return=Point(side, f"T_return_{what}"),
        m_flow=Point(side, f"m_flow_{what}"),
        level=Point(loop, "remote_level"),
        T_supply_effective=Point(loop, f"T_supply_{what}_set_effective"),
        T_supply_readback=Point(loop, f"T_supply_{what}_set_readback"),
        circulation_effective=Point(loop, f"{circulation}_set_effective"),
        circulation_readback=Point(loop, f"{circulation}_set_readback"),
        p_return=Point(side, f"p_return_{what}"),
        dT_held=Point(loop, "dT_supply_secondary_offset_readback"),
        y_pump=Point(side, f"y_pump_{what}"),
        P_pump=Point(side, f"P_pump_{what}"),
    )
