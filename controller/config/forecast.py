"""What the site file says for forecasts: who tells the weather, and when schools and offices are open."""

import re
from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from controller.config.fields import STRICT, Number, Text, between, server_url

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOLIDAYS_MAX_DAYS = 120
"""A longer span is a typing error; summer holidays lie outside the heating season."""
_HOURS = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class WeatherConfig:
    """Sources of weather forecasts. Without the section nobody is asked, and weather is what is usual."""

    sources: tuple[Literal["open_meteo", "file"], ...] = ()
    """In order of preference: each tells what those before it do not."""
    url: Annotated[Text, AfterValidator(server_url)] = "https://api.open-meteo.com/v1/forecast"
    """Of Open-Meteo, of a customer's own address there, or of a server of one's own."""
    latitude: Annotated[Number, between(-90.0, 90.0)] | None = None
    longitude: Annotated[Number, between(-180.0, 180.0)] | None = None
    """Where the weather is asked for; None: in the middle of the stations."""
    token_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")] = "DHC_WEATHER_TOKEN"
    """Environment variable that holds Open-Meteo's key; not set: none is sent."""
    token_file: Text | None = None
    """File that holds the key instead, relative to the site folder."""
    ca_file: Text | None = None
    """Certificate authority of the server, PEM, relative to the site folder; None: those of the system."""
    file: Text | None = None
    """CSV of a forecast, relative to the site folder, for source ``file``."""
    typical_year: Text | None = None
    """EPW file of the place, relative to the site folder: what is usual where nobody tells."""
    refresh_s: Annotated[Number, between(300.0, 21_600.0)] = 3600.0
    """Wall seconds between two questions."""
    timeout_s: Annotated[Number, between(1.0, 60.0)] = 10.0
    """Wall seconds for one answer."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = []
        if len(set(self.sources)) != len(self.sources):
            faults.append(f"sources: one stands twice (got {list(self.sources)})")
        if "file" in self.sources and self.file is None:
            faults.append('file: missing; source "file" reads it')
        if self.file is not None and not self.file.lower().endswith(".csv"):
            faults.append(f"file: not a CSV file (got {self.file!r}); allowed .csv")
        if self.typical_year is not None and not self.typical_year.lower().endswith(".epw"):
            faults.append(f"typical_year: not an EPW file (got {self.typical_year!r}); allowed .epw")
        if (self.latitude is None) != (self.longitude is None):
            faults.append(
                "latitude: a position needs longitude as well; leave both out for the stations' middle"
            )
        if faults:
            raise ValueError("\n".join(faults))
        return self


def _opening_hours(text: object) -> object:
    """Turn ``07:30-17:00`` into hours of the day."""
    if isinstance(text, tuple):
        return text
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    if found is not None:
        numbers = [int(part) for part in found.groups()]
        begin, end = numbers[0] + numbers[1] / 60.0, numbers[2] + numbers[3] / 60.0
        if begin < end <= 24.0:
            return begin, end
    raise PydanticCustomError("range", f"no opening hours (got {text!r}); allowed e.g. 07:30-17:00")


def _days(texts: object) -> object:
    """Turn ``2026-10-01`` and ``2026-02-16..2026-02-22`` into days."""
    if not isinstance(texts, list):
        return texts
    days: list[date] = []
    for text in texts:
        if isinstance(text, date):  # TOML knows dates
            days.append(text)
            continue
        first, _, last = text.partition("..") if isinstance(text, str) else ("", "", "")
        try:
            begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            begin, end = date.max, date.min
        if not 0 <= (end - begin).days < HOLIDAYS_MAX_DAYS:
            message = f"no day or days (got {text!r}); allowed e.g. 2026-10-01 or 2026-02-16..2026-02-22"
            raise PydanticCustomError("range", message)
        days += [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    return tuple(sorted(set(days)))


OpeningHours = Annotated[tuple[float, float], BeforeValidator(_opening_hours)]


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class CalendarConfig:
    """When schools or offices are open: hours of the local day, None on days off."""

    monday: OpeningHours | None = None
    tuesday: OpeningHours | None = None
    wednesday: OpeningHours | None = None
    thursday: OpeningHours | None = None
    friday: OpeningHours | None = None
    saturday: OpeningHours | None = None
    sunday: OpeningHours | None = None
    holidays: Annotated[tuple[date, ...], BeforeValidator(_days)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if all(hours is None for hours in self.week()):
            raise ValueError(
                'monday: missing, like every other day; a calendar has opening hours, e.g. "07:30-17:00"'
            )
        return self

    def week(self) -> tuple[tuple[float, float] | None, ...]:
        """Return the opening hours from Monday to Sunday."""
        return tuple(getattr(self, day) for day in WEEK)
