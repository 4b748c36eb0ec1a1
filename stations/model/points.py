"""The vocabulary: every point name of the system with its quantity and its physically possible range.

The range is what nature and plant allow, not what is good; outside it a value is bad, not extreme.
``docs/glossary.md`` explains each name in English and Chinese.
"""

from dataclasses import dataclass
from enum import StrEnum

from stations.model.quantity import Quantity


class Side(StrEnum):
    """Where a point belongs; only ``LOOP`` points repeat per secondary loop."""

    STATION = "station"
    LOOP = "loop"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class PointSpec:
    """Meaning of a point name: its quantity, where it lives and the range it can physically have."""

    quantity: Quantity
    side: Side
    minimum: float
    """Lowest possible value in the unit inside."""
    maximum: float
    """Highest possible value in the unit inside."""
    counter: bool = False
    """True for counters: they only rise and are never averaged."""
    max_rate_per_min: float | None = None
    """Fastest change that water and metal allow, unit inside per minute; None where jumps are normal."""


_Q = Quantity
_STATION, _LOOP, _SOURCE = Side.STATION, Side.LOOP, Side.SOURCE


def _temperature(side: Side, maximum: float = 160.0, rate: float | None = 20.0) -> PointSpec:
    return PointSpec(_Q.TEMPERATURE, side, -5.0, maximum, max_rate_per_min=rate)


def _pressure(side: Side) -> PointSpec:
    return PointSpec(_Q.PRESSURE, side, -100.0, 2500.0)


def _flow(side: Side, maximum: float = 2000.0) -> PointSpec:
    return PointSpec(_Q.MASS_FLOW, side, 0.0, maximum)


def _fraction(side: Side) -> PointSpec:
    return PointSpec(_Q.FRACTION, side, 0.0, 1.0)


def _count(side: Side, maximum: float = 4294967295.0) -> PointSpec:
    return PointSpec(_Q.COUNT, side, 0.0, maximum)


def _counter(quantity: Quantity, side: Side) -> PointSpec:
    return PointSpec(quantity, side, 0.0, 1e10, counter=True)


MEASUREMENTS: dict[str, PointSpec] = {
    # primary side and station (loop 0)
    "T_supply_primary": _temperature(_STATION),
    "T_return_primary": _temperature(_STATION),
    "m_flow_primary": _flow(_STATION),
    "p_supply_primary": _pressure(_STATION),
    "p_return_primary": _pressure(_STATION),
    "y_valve_primary": _fraction(_STATION),
    "Q_flow_primary": PointSpec(_Q.HEAT_FLOW, _STATION, 0.0, 200_000.0),
    "E_heat_primary": _counter(_Q.ENERGY, _STATION),
    "V_primary": _counter(_Q.VOLUME, _STATION),
    "T_outdoor": PointSpec(_Q.TEMPERATURE, _STATION, -50.0, 50.0, max_rate_per_min=2.0),
    "alarm_word": _count(_STATION),
    "A_heated": PointSpec(_Q.AREA, _STATION, 1.0, 5_000_000.0),
    # secondary loops (loop 1..4)
    "T_supply_secondary": _temperature(_LOOP, 110.0),
    "T_return_secondary": _temperature(_LOOP, 110.0),
    "m_flow_secondary": _flow(_LOOP),
    "p_supply_secondary": _pressure(_LOOP),
    "p_return_secondary": _pressure(_LOOP),
    "y_valve_loop": _fraction(_LOOP),
    "y_pump_secondary": _fraction(_LOOP),
    "P_pump_secondary": PointSpec(_Q.POWER, _LOOP, 0.0, 2000.0),
    "E_pump_secondary": _counter(_Q.ENERGY, _LOOP),
    "V_secondary": _counter(_Q.VOLUME, _LOOP),
    "m_flow_makeup": _flow(_LOOP, 200.0),
    "V_makeup": _counter(_Q.VOLUME, _LOOP),
    "level_makeup": PointSpec(_Q.LEVEL, _LOOP, 0.0, 1.0),
    "T_indoor_mean": PointSpec(_Q.TEMPERATURE, _LOOP, -10.0, 45.0, max_rate_per_min=1.0),
    # heat source
    "T_supply_source": _temperature(_SOURCE),
    "T_return_source": _temperature(_SOURCE),
    "m_flow_source": _flow(_SOURCE, 20_000.0),
    "p_supply_source": _pressure(_SOURCE),
    "p_return_source": _pressure(_SOURCE),
    "Q_flow_source": PointSpec(_Q.HEAT_FLOW, _SOURCE, 0.0, 5_000_000.0),
    "Q_flow_source_max": PointSpec(_Q.HEAT_FLOW, _SOURCE, 0.0, 5_000_000.0),
    "P_pump_source": PointSpec(_Q.POWER, _SOURCE, 0.0, 50_000.0),
}

SETPOINTS: dict[str, PointSpec] = {
    "T_supply_secondary_set": _temperature(_LOOP, 110.0, None),
    "m_flow_primary_set": _flow(_LOOP),
    "Q_flow_set": PointSpec(_Q.HEAT_FLOW, _LOOP, 0.0, 200_000.0),
    "y_valve_primary_set": _fraction(_LOOP),
    "dT_supply_secondary_offset": PointSpec(_Q.TEMPERATURE_DIFFERENCE, _LOOP, -15.0, 15.0),
    "m_flow_secondary_set": _flow(_LOOP),
    "dp_secondary_set": PointSpec(_Q.PRESSURE_DIFFERENCE, _LOOP, 0.0, 1000.0),
    "y_pump_secondary_set": _fraction(_LOOP),
    "m_flow_primary_max": _flow(_STATION),
    "T_supply_source_set": _temperature(_LOOP, 160.0, None),
    "dp_source_set": PointSpec(_Q.PRESSURE_DIFFERENCE, _LOOP, 0.0, 2500.0),
    "T_outdoor_centre": PointSpec(_Q.TEMPERATURE, _STATION, -50.0, 50.0),
}
"""Points that a centre may ask a station to hold; all other names are read only by construction.

A heat source that takes setpoints has one controller for them, which stands where a station has loop 1.
"""

PROTOCOL: dict[str, PointSpec] = {
    "lease_token": _count(_LOOP),
    "lease_sequence": _count(_LOOP),
    "lease_valid_for": PointSpec(_Q.DURATION, _STATION, 0.0, 65_535.0),
    "heartbeat": _count(_STATION),
    "remote_level": _count(_LOOP, 255.0),
    "limit_word": _count(_LOOP, 65_535.0),
    "deadman_remaining": PointSpec(_Q.DURATION, _STATION, 0.0, 65_535.0 * 60.0),
    "device_id": _count(_STATION),
    "firmware": _count(_STATION),
}
"""Points of the lease protocol itself: only the lease code of a driver writes them.

``remote_level`` is 1 while the station follows the centre and 0 while it follows its own curve.
"""


def _with_mirrors(setpoints: dict[str, PointSpec]) -> dict[str, PointSpec]:
    mirrors: dict[str, PointSpec] = {}
    for name, spec in setpoints.items():
        mirrors[f"{name}_readback"] = spec
        mirrors[f"{name}_effective"] = spec
    return mirrors


POINTS: dict[str, PointSpec] = {**MEASUREMENTS, **SETPOINTS, **_with_mirrors(SETPOINTS), **PROTOCOL}
"""All point names. ``<setpoint>_readback`` is what the register holds, ``<setpoint>_effective`` what acts."""
