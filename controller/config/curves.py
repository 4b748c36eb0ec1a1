"""Heating curves as commissioned: what a station or a heat source holds by itself."""

from bisect import bisect_right
from itertools import pairwise
from typing import Annotated, Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from controller.config.fields import STRICT, Number, Temperature, between


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class CurveTable:
    """A station's own heating curve as commissioned: supply temperature by outdoor temperature, degC.

    Linear between the points and level outside them, as station controllers do it.
    """

    T_outdoor_degC: tuple[Temperature, ...]
    T_supply_degC: tuple[Annotated[Number, between(10.0, 110.0)], ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        outdoor, supply = self.T_outdoor_degC, self.T_supply_degC
        if not 2 <= len(outdoor) <= 8 or len(outdoor) != len(supply):
            raise ValueError(
                f"T_outdoor_degC, T_supply_degC: not of one length (got {len(outdoor)} and {len(supply)}); "
                "allowed 2..8 points each"
            )
        if any(a >= b for a, b in pairwise(outdoor)):
            raise ValueError(f"T_outdoor_degC: does not rise from point to point (got {list(outdoor)})")
        if any(a < b for a, b in pairwise(supply)):
            raise ValueError(f"T_supply_degC: rises while it gets warmer outside (got {list(supply)})")
        return self

    def __call__(self, T_outdoor: float) -> float:
        """Return the supply temperature in degC at an outdoor temperature in degC."""
        outdoor, supply = self.T_outdoor_degC, self.T_supply_degC
        if T_outdoor <= outdoor[0]:
            return supply[0]
        if T_outdoor >= outdoor[-1]:
            return supply[-1]
        i = bisect_right(outdoor, T_outdoor) - 1
        share = (T_outdoor - outdoor[i]) / (outdoor[i + 1] - outdoor[i])
        return supply[i] + share * (supply[i + 1] - supply[i])


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class SourceCurve(CurveTable):
    """The same of a heat source, whose water is hotter."""

    T_supply_degC: tuple[Annotated[Number, between(30.0, 150.0)], ...]
