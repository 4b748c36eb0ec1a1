"""How a recorded table is to be read: which column is which point, in which unit, and what its times mean.

Stands in a small TOML file beside the table (``table.csv`` has ``table.toml``), because a logger's columns
are named by whoever set the logger up. ``docs/how-to/replay-measured-data.md`` describes every key.
"""

import re
import tomllib
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stations.model.identity import MAX_LOOPS, PRIMARY, Point
from stations.model.points import POINTS, PROTOCOL, SETPOINTS, Side
from stations.model.quantity import DENSITY_NOMINAL_KG_PER_M3, WIRE_UNITS
from stations.profile import validation_faults

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


class ReplayError(Exception):
    """A table that can not be replayed; ``faults`` holds every fault, each with file and line or key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Strict):
    """One column of the table: the point it holds, and its unit there."""

    point: str
    loop: Annotated[int, Field(ge=1, le=MAX_LOOPS)] = 1
    """Which secondary loop; means nothing for points of the primary side."""
    unit: str
    density_kg_per_m3: Annotated[float, Field(ge=900, le=1001)] = DENSITY_NOMINAL_KG_PER_M3
    """Of the metered water, where the unit is a volume flow."""

    @property
    def identity(self) -> Point:
        """The point with the loop it belongs to."""
        return Point(self.loop if POINTS[self.point].side is Side.LOOP else PRIMARY, self.point)

    @property
    def factor(self) -> float:
        """Units inside for one unit of the table."""
        return WIRE_UNITS[POINTS[self.point].quantity][self.unit].to_inside(self.density_kg_per_m3)


class WeatherColumns(_Strict):
    """Names of the columns that make weather: degC, m/s and W/m2 on the horizontal."""

    T_outdoor: str
    wind: str
    irradiation: str


class TableFormat(_Strict):
    """Everything that must be known to read a table; see the how-to for the keys."""

    time: str
    """Column with ISO 8601 times."""
    timezone: str | None = None
    """Zone of times without an offset, with its summer time, e.g. ``Europe/Tallinn``."""
    utc_offset: str | None = None
    """Offset of times without one, the same all year, e.g. ``+02:00``."""
    interval_s: Annotated[float, Field(gt=0, le=86_400)]
    """A row is true from its time on for so many seconds at most; after that nothing is known."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: dict[str, Column] = {}
    weather: WeatherColumns | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = self._time_faults()
        owners: dict[Point, str] = {}
        for name, column in self.columns.items():
            if column.point not in POINTS or column.point in SETPOINTS or column.point in PROTOCOL:
                faults.append(f"columns.{name}.point: {column.point!r} is not a point that is measured")
                continue
            units = WIRE_UNITS[POINTS[column.point].quantity]
            if column.unit not in units:
                faults.append(f"columns.{name}.unit: {column.unit!r} is not one of {', '.join(units)}")
            if (other := owners.setdefault(column.identity, name)) != name:
                faults.append(f"columns.{name}: {column.identity} is already column {other}")
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _time_faults(self) -> list[str]:
        if self.timezone is not None and self.utc_offset is not None:
            return ["timezone, utc_offset: times have one or the other"]
        try:
            _ = self.zone
        except (ValueError, OSError, LookupError) as error:  # ZoneInfo raises all three
            return [f"timezone, utc_offset: {error}"]
        return []

    @property
    def zone(self) -> tzinfo | None:
        """What times without an offset mean; None where the file says nothing of it."""
        if self.timezone is not None:
            return ZoneInfo(self.timezone)
        if self.utc_offset is None:
            return None
        found = _OFFSET.fullmatch(self.utc_offset)
        if found is None:
            raise ValueError(f"{self.utc_offset!r} is not an offset like +02:00")
        away = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-away if found[1] == "-" else away)

    def moments(self, text: str) -> tuple[float, ...]:
        """Return the UTC seconds that a time of the table can mean, rising.

        None in the hour that summer time leaves out, two in the hour that its end repeats, else one. Raises
        ValueError where it is no time, or where neither it nor this format says from where it counts.
        """
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return (moment.timestamp(),)
        zone = self.zone
        if zone is None:
            raise ValueError(f"{text} has no offset; name timezone or utc_offset")
        meant = {moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
        # a time that does not exist comes back from UTC as another one
        there_and_back = {at: datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in sorted(meant)}
        return tuple(at for at, again in there_and_back.items() if again == moment)


def load_format(path: Path) -> TableFormat:
    """Read the TOML file of a table; raises ReplayError with all faults at once."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReplayError([f"{path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ReplayError([f"{path}: not a TOML file in UTF-8: {error}"]) from error
    try:
        return TableFormat.model_validate(raw)
    except ValidationError as error:
        raise ReplayError(validation_faults(path.name, raw, error)) from error
