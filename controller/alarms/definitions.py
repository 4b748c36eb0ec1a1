"""What each alarm means: priority, delays, dead-band, texts; the data stands in ``definitions.toml``."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from controller.alarms.model import Param

Text = Annotated[str, Field(min_length=1, max_length=600)]
Seconds = Annotated[float, Field(ge=0.0, le=86_400.0)]


class Scope(StrEnum):
    """What the name in an alarm's key is the name of."""

    SITE = "site"
    GATEWAY = "gateway"
    DISTRICT = "district"
    SOURCE = "source"
    """A heat source; its alarms explain those of all stations."""
    STATION = "station"
    LOOP = "loop"
    POINT = "point"


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Definition:
    """One kind of alarm, as agreed with those who answer it (ISA-18.2: rationalised)."""

    priority: Annotated[int, Field(ge=1, le=4)]
    """1 critical, 2 high, 3 low, 4 diagnostic."""
    scope: Scope
    on_delay_s: Seconds
    """Scaled seconds for which the condition must hold before the alarm is raised."""
    off_delay_s: Seconds
    respond_min: Annotated[int, Field(ge=1, le=100_000)]
    """Minutes that an operator has before the consequence sets in."""
    limit: float | None = None
    """Threshold of the rule, in the unit inside of what it judges."""
    dead_band: float = 0.0
    """How far back behind the limit the value must come before the alarm ends."""
    season: Literal["heating", "any"] = "any"
    """``heating``: suppressed by design where the season state accepts no setpoints."""
    needs_link: bool = True
    """A silent station says nothing: False for rules that judge something else than its values."""
    needs_ack: bool = True
    suppressed_by: tuple[str, ...] = ()
    """Rules whose alarms at the same place, or above it, explain this one."""
    title_en: Text
    title_zh: Text
    text_en: Text
    """What is wrong now, with the finding's parameters in braces."""
    text_zh: Text
    cause_en: Text
    cause_zh: Text
    consequence_en: Text
    consequence_zh: Text
    action_en: Text
    action_zh: Text

    def threshold(self, *, standing: bool, rising: bool) -> float:
        """Return the limit to judge by: behind the dead-band while the alarm stands.

        ``rising`` tells that values above the limit are wrong.
        """
        assert self.limit is not None
        if not standing:
            return self.limit
        return self.limit - self.dead_band if rising else self.limit + self.dead_band


@cache
def definitions() -> Mapping[str, Definition]:
    """Return all rules by id, in the order of the file."""
    text = (files("controller.alarms") / "definitions.toml").read_text(encoding="utf-8")
    table = {rule: Definition(**fields) for rule, fields in tomllib.loads(text).items()}
    for rule, definition in table.items():
        unknown = set(definition.suppressed_by) - table.keys()
        if unknown or rule in definition.suppressed_by:
            raise ValueError(f"alarm {rule}: suppressed_by names {sorted(unknown) or 'itself'}")
    return table


def rendered(template: str, params: Mapping[str, Param]) -> str:
    """Fill a text; a parameter that is missing (an alarm stored by an older version) shows as a dash.

    ``why_zh`` stands for itself where there is one; what was told in one language only fills both texts.
    """
    return template.format_map(_Filling(params))


class _Missing:
    def __format__(self, spec: str) -> str:
        return "–"


class _Filling(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return self.get(key.removesuffix("_zh"), _Missing())
