"""What the site file says of one heat source: `[planning.sources.ID]`, and `.writes` to write its orders."""

from typing import Annotated, Literal, Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from controller.config.curves import SourceCurve
from controller.config.fields import STRICT, Number, Text, between

BASE_START_H, PEAK_START_H = 8.0, 1.5
BASE_PRICE, PEAK_PRICE = 1.0, 1.6


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class SourceWrites:
    """The order of the hour is written to the source; without this section it is advice."""

    own_curve: SourceCurve
    """What the source holds by itself: the fallback, and the middle of what the guard allows."""
    m_flow_design_kg_per_s: Annotated[Number, between(0.1, 20_000.0)]
    dp_min_kPa: Annotated[Number, between(20.0, 2500.0)]
    """Less head never: stations at the end of the network need it."""
    dp_max_kPa: Annotated[Number, between(20.0, 2500.0)]
    """The head that drives the design flow; more never."""
    own_band_K: Annotated[Number, between(1.0, 20.0)] = 8.0
    """How far a supply setpoint may be from the own curve: bounds the step of every fallback."""
    mode: Literal["auto", "local"] = "auto"
    proof: Text | None = None
    """Reference of the commissioning record; without one nothing is written."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.dp_min_kPa >= self.dp_max_kPa:
            message = "dp_min_kPa: not below dp_max_kPa"
            raise ValueError(f"{message} (got {self.dp_min_kPa:g} and {self.dp_max_kPa:g})")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class SourceRules:
    """One heat source; a source without a section is one for base load with these defaults."""

    role: Literal["base", "peak"] = "base"
    price: Annotated[Number, between(0.0, 1e5)] | None = None
    """Of a kWh of its heat, in any currency that is the same for all; by default peak is dearer than base."""
    price_electricity: Annotated[Number, between(0.0, 1e6)] = 5.0
    """Of a kWh for its pumps, in the currency of ``price``; heat for base load costs 1 by default."""
    start_h: Annotated[Number, between(0.0, 72.0)] | None = None
    """Hours from the order to start until it gives heat; by default 8 for base and 1.5 for peak."""
    least_share: Annotated[Number, between(0.0, 0.95)] = 0.35
    """Least load as a fraction of what it can give."""
    T_supply_min_degC: Annotated[Number, between(30.0, 150.0)] = 60.0
    T_supply_max_degC: Annotated[Number, between(40.0, 180.0)] = 120.0
    change_K_per_h: Annotated[Number, between(1.0, 60.0)] = 15.0
    """By which its supply may change."""
    writes: SourceWrites | None = None
    """Whether, and within which limits, its orders are written to it."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.T_supply_min_degC >= self.T_supply_max_degC:
            message = "T_supply_min_degC: not below T_supply_max_degC"
            raise ValueError(f"{message} (got {self.T_supply_min_degC:g} and {self.T_supply_max_degC:g})")
        return self

    @property
    def starts_in_h(self) -> float:
        """Hours from the order to start until it gives heat."""
        return self.start_h if self.start_h is not None else _of(self.role, BASE_START_H, PEAK_START_H)

    @property
    def costs(self) -> float:
        """Price of a kWh."""
        return self.price if self.price is not None else _of(self.role, BASE_PRICE, PEAK_PRICE)


def _of(role: str, base: float, peak: float) -> float:
    return base if role == "base" else peak
