"""Quantities, their one unit inside the system, and the wire units that a profile may declare.

Inside: degC, K, kg/s, kPa (gauge), kW, kWh, m3, m2, s, fraction 0..1. A codec converts once, here.
"""

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a number measures; decides the unit inside and which wire units are allowed."""

    TEMPERATURE = "temperature"
    TEMPERATURE_DIFFERENCE = "temperature_difference"
    MASS_FLOW = "mass_flow"
    PRESSURE = "pressure"
    PRESSURE_DIFFERENCE = "pressure_difference"
    FRACTION = "fraction"
    HEAT_FLOW = "heat_flow"
    POWER = "power"
    ENERGY = "energy"
    VOLUME = "volume"
    AREA = "area"
    LEVEL = "level"
    DURATION = "duration"
    COUNT = "count"


DENSITY_NOMINAL_KG_PER_M3 = 988.0
"""Water at 50 degC (IAPWS-IF97), used where a volume flow has no density of its own.

Between 30 and 80 degC the error is below 1.7 %, within the accuracy class of a heat meter's flow part.
"""


@dataclass(frozen=True, slots=True)
class WireUnit:
    """Linear conversion: inside = wire * factor, times the water density where ``volumetric``."""

    factor: float
    volumetric: bool = False

    def to_inside(self, density_kg_per_m3: float) -> float:
        """Return the factor from the wire unit to the unit inside; density in kg/m3."""
        return self.factor * density_kg_per_m3 if self.volumetric else self.factor


_PRESSURE = {"kPa": WireUnit(1.0), "Pa": WireUnit(1e-3), "bar": WireUnit(100.0), "MPa": WireUnit(1000.0)}
_POWER = {"kW": WireUnit(1.0), "W": WireUnit(1e-3), "MW": WireUnit(1000.0)}

WIRE_UNITS: dict[Quantity, dict[str, WireUnit]] = {
    Quantity.TEMPERATURE: {"degC": WireUnit(1.0)},
    Quantity.TEMPERATURE_DIFFERENCE: {"K": WireUnit(1.0)},
    Quantity.MASS_FLOW: {
        "kg/s": WireUnit(1.0),
        "kg/h": WireUnit(1.0 / 3600.0),
        "t/h": WireUnit(1.0 / 3.6),
        "m3/h": WireUnit(1.0 / 3600.0, volumetric=True),
        "l/h": WireUnit(1e-3 / 3600.0, volumetric=True),
        "l/s": WireUnit(1e-3, volumetric=True),
    },
    Quantity.PRESSURE: _PRESSURE,
    Quantity.PRESSURE_DIFFERENCE: _PRESSURE,
    Quantity.FRACTION: {"1": WireUnit(1.0), "%": WireUnit(0.01)},
    Quantity.HEAT_FLOW: _POWER,
    Quantity.POWER: _POWER,
    Quantity.ENERGY: {
        "kWh": WireUnit(1.0),
        "MWh": WireUnit(1000.0),
        "MJ": WireUnit(1.0 / 3.6),
        "GJ": WireUnit(1000.0 / 3.6),
    },
    Quantity.VOLUME: {"m3": WireUnit(1.0), "l": WireUnit(1e-3)},
    Quantity.AREA: {"m2": WireUnit(1.0)},
    Quantity.LEVEL: {"1": WireUnit(1.0), "%": WireUnit(0.01)},
    Quantity.DURATION: {"s": WireUnit(1.0), "min": WireUnit(60.0), "h": WireUnit(3600.0)},
    Quantity.COUNT: {"1": WireUnit(1.0)},
}
