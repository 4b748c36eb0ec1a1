"""What the site file says for plans: how often, how warm and when, at what price, and who comes first."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from controller.config.fields import STRICT, BuildingUse, Flag, Number, Text, between
from controller.config.sources import SourceRules

HOURS = 24
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _night(text: object) -> object:
    """Turn ``23:00-05:30`` into hours of the day; it may go over midnight."""
    if isinstance(text, tuple):
        return text
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise PydanticCustomError("range", f"no span of a night (got {text!r}); allowed e.g. 23:00-05:00")
    hour, minute, end_hour, end_minute = (int(part) for part in found.groups())
    return hour + minute / 60.0, end_hour + end_minute / 60.0


def _tariff(prices: object) -> object:
    """Take one price for all hours, or one for each."""
    if not isinstance(prices, list):
        return prices
    if len(prices) not in (1, HOURS):
        message = f"not one price or {HOURS}, one for each hour of the day (got {len(prices)})"
        raise PydanticCustomError("range", message)
    return tuple(prices * HOURS if len(prices) == 1 else prices)


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class PlanningConfig:
    """What strategy ``optimizer`` keeps to, beside ``[comfort]``."""

    interval_s: Annotated[Number, between(300.0, 2400.0)] = 900.0
    """Scaled seconds from plan to plan; a plan may be followed for 2700 s."""
    shadow: Flag = False
    """Plan also while no district follows plans: they are shown, and nothing is written."""
    night: Annotated[tuple[float, float], BeforeValidator(_night)] = (23.0, 5.0)
    """Hours of the local day."""
    night_setback_K: Annotated[Number, between(0.0, 3.0)] = 0.0
    """By which dwellings may be cooler at night."""
    closed_setback_K: Annotated[Number, between(0.0, 6.0)] = 2.0
    """By which schools and offices may be cooler while they are closed (``[calendars]``)."""
    warmer_K: Mapping[BuildingUse, Annotated[Number, between(-3.0, 6.0)]] = field(default_factory=dict)
    """By which rooms of buildings of a use shall be warmer than dwellings."""
    over_K: Annotated[Number, between(0.2, 0.7)] = 0.7
    """How far rooms may be above what is wanted before it counts as too warm. A wider band would let plans
    lay in more than 1 K before a cold wave."""
    tariff: Annotated[tuple[Annotated[Number, between(0.0, 1e5)], ...], BeforeValidator(_tariff)] = (
        1.0,
    ) * HOURS
    """Price of a kWh by hour of the local day, in any currency."""
    critical: tuple[Text, ...] = ()
    """Stations of hospitals and schools: served first in a shortage."""
    sources: Mapping[str, SourceRules] = field(default_factory=dict)
    """Heat sources by station: base or peak, price, start; those that do not stand here are for base load."""
    solver_limit_s: Annotated[Number, between(2.0, 300.0)] = 20.0
    """Wall seconds that one plan may take."""
    solver_memory_MB: Annotated[Number, between(300.0, 64_000.0)] = 3072.0
    """Memory that the solver may take."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        if self.night[0] == self.night[1]:
            faults.append("night: begins when it ends; set night_setback_K = 0.0 for none")
        if not sum(self.tariff) > 0.0:
            faults.append("tariff: all prices are 0; heat must cost something for a plan to save it")
        if len(set(self.critical)) != len(self.critical):
            faults.append(f"critical: a station stands twice (got {list(self.critical)})")
        if faults:
            raise ValueError("\n".join(faults))
        return self
