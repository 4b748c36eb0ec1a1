"""Numbers, units and spans as they stand on screens: true minus, thin spaces, units of the glossary."""

from dataclasses import dataclass

from stations.model.points import POINTS
from stations.model.quantity import Quantity

MINUS = "\u2212"
THIN_SPACE = "\u2009"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a unit inside appears: screen value = inside * factor."""

    unit: str
    factor: float
    decimals: int


SHOWN: dict[str, Shown] = {
    "degC": Shown("°C", 1.0, 1),
    "K": Shown("K", 1.0, 1),
    "kg/s": Shown("t/h", 3.6, 1),
    "kPa": Shown("MPa", 1e-3, 2),
    "kPa_difference": Shown("kPa", 1.0, 0),
    "kW": Shown("MW", 1e-3, 2),
    "kW_electric": Shown("kW", 1.0, 1),
    "kWh": Shown("GJ", 0.0036, 1),
    "kWh_electric": Shown("kWh", 1.0, 0),
    "m3": Shown("m³", 1.0, 0),
    "m2": Shown("m²", 1.0, 0),
    "1": Shown("%", 100.0, 0),
    "s": Shown("s", 1.0, 0),
    "W/m2": Shown("W/m²", 1.0, 1),
    "MW": Shown("MW", 1.0, 1),
    "GJ": Shown("GJ", 1.0, 1),
    "count": Shown("", 1.0, 0),
}
"""By unit inside; pressure differences and electricity are told apart, since screens show them otherwise."""

_OF_QUANTITY = {
    Quantity.TEMPERATURE: "degC",
    Quantity.TEMPERATURE_DIFFERENCE: "K",
    Quantity.MASS_FLOW: "kg/s",
    Quantity.PRESSURE: "kPa",
    Quantity.PRESSURE_DIFFERENCE: "kPa_difference",
    Quantity.FRACTION: "1",
    Quantity.HEAT_FLOW: "kW",
    Quantity.POWER: "kW_electric",
    Quantity.ENERGY: "kWh",
    Quantity.VOLUME: "m3",
    Quantity.AREA: "m2",
    Quantity.LEVEL: "1",
    Quantity.DURATION: "s",
    Quantity.COUNT: "count",
}


def unit_of_point(name: str) -> str:
    """Return the key of ``SHOWN`` for a point name without loop, e.g. ``T_supply_secondary``."""
    if name == "E_pump_secondary":
        return "kWh_electric"
    return _OF_QUANTITY[POINTS[name].quantity]


def number(value: float, decimals: int) -> str:
    """Return a number with a true minus and thin spaces between thousands; never ``−0``."""
    text = f"{value:,.{decimals}f}".replace(",", THIN_SPACE)
    if not text.startswith("-"):
        return text
    return text[1:] if not text.strip("-0.") else MINUS + text[1:]


def quantity(value: float, unit: str, decimals: int | None = None) -> tuple[str, str]:
    """Return (number, unit) of a value in a unit inside, as the glossary has it on screens."""
    shown = SHOWN[unit]
    return number(value * shown.factor, shown.decimals if decimals is None else decimals), shown.unit
