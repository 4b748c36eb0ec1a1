"""A reading as it stands on a screen: number, unit, quality, reason and age. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from controller.api.schema import CompactReading, StationState, Traits
from hmi import terms
from hmi.city import City
from hmi.components.indicators import Quality
from hmi.formats import SHOWN
from hmi.language import Words
from stations.model.quality import Quality as Trust
from stations.model.quality import Reason

MISSED_POLLS = 3.0
"""Periods after which a reading is drawn as aged: two polls were missed."""
STREAM_S = 2.0
"""Wall seconds that a reading may be on its way to the screen."""
METER = "0/Q_flow_primary"
"""The heat meter of a station."""
_WORKED_OUT = (Reason.ESTIMATED, Reason.SUBSTITUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One reading on a screen."""

    text: str
    """The number; empty where there is none."""
    unit: str
    value: float | None
    """In the unit of the screen."""
    quality: Quality
    reason: str
    """Why it is missing, doubted or aged; empty where it is good."""
    age: str

    @property
    def whole(self) -> str:
        """Number and unit, or why there is none."""
        return f"{self.text} {self.unit}".rstrip() if self.text else self.reason

    @property
    def told(self) -> str:
        """The same with why it is doubted, worked out or old, and its age: for a line of text."""
        doubt = self.reason if self.text and self.reason != self.age else ""
        return " · ".join(part for part in (self.whole, doubt, self.age) if part)


def shown(words: Words, city: City, reading: CompactReading | None, unit: str) -> Shown:
    """Return how a reading appears; ``unit`` is a key of ``formats.SHOWN``."""
    if reading is None:
        reason = words("not measured here")
        return Shown(text="", unit="", value=None, quality="none", reason=reason, age="")
    age = words("{age} old", age=words.span(city.age_s(reading)))
    why = terms.term(words, terms.QUALITY_REASON, reading.reason.value)
    if reading.value is None:
        return Shown(text="", unit=SHOWN[unit].unit, value=None, quality="none", reason=why, age=age)
    text, unit_text = words.quantity(reading.value, unit)
    quality: Quality = "good"
    reason = ""
    if reading.reason in _WORKED_OUT:
        quality, reason = "estimated", why
    elif reading.quality is not Trust.GOOD:
        quality, reason = "bad", why
    elif is_aged(city, reading):
        quality, reason = "aged", age
    value = reading.value * SHOWN[unit].factor
    return Shown(text=text, unit=unit_text, value=value, quality=quality, reason=reason, age=age)


def whole(words: Words, reading: CompactReading | None, unit: str) -> str:
    """Return ``Shown.whole`` of a reading, without working out all else."""
    if reading is None:
        return words("not measured here")
    if reading.value is None:
        return terms.term(words, terms.QUALITY_REASON, reading.reason.value)
    return words.measured(reading.value, unit)


def is_aged(city: City, reading: CompactReading, late_s: float = 0.0) -> bool:
    """Tell whether two polls were missed since a reading was taken; ``late_s`` allows for so much more."""
    return reading.measured_at < fresh_from(city) - late_s


def fresh_from(city: City) -> float:
    """Return the UTC second before which a reading is aged now; who reads a whole city asks once."""
    poll_s = max(city.site.poll_s, city.site.slowest_poll_s)
    return city.clock() - (MISSED_POLLS * poll_s + STREAM_S * city.speed)


def good_reading(city: City, station: str, point: str, since: float | None = None) -> CompactReading | None:
    """Return a reading that may enter a sum or mean: good and fresh, by a known ``fresh_from`` or now."""
    reading = city.reading(station, point)
    if reading is None or reading.quality is not Trust.GOOD:
        return None
    return None if reading.measured_at < (fresh_from(city) if since is None else since) else reading


def good_value(city: City, station: str, point: str, since: float | None = None) -> float | None:
    """Return a value that may enter a sum or mean; unit inside."""
    reading = good_reading(city, station, point, since)
    return None if reading is None else reading.value


def oldest(words: Words, city: City, used: Iterable[CompactReading]) -> str:
    """Return the age of the oldest reading of a sum or mean; empty where there is none."""
    first = min(used, key=_MEASURED_AT, default=None)
    return "" if first is None else words("oldest value {age} old", age=words.span(city.age_s(first)))


_MEASURED_AT = attrgetter("measured_at")


def heat_per_m2(city: City, traits: Traits, since: float | None = None) -> float | None:
    """Return a station's present heat per heated area, W/m2, by its heat meter."""
    heat = good_value(city, traits.id, METER, since)
    return None if heat is None or traits.A_heated_m2 <= 0.0 else heat * 1000.0 / traits.A_heated_m2


def age_text(words: Words, city: City, state: StationState) -> str:
    """Return how long ago a station last answered."""
    if state.polled_at is None:
        return words("never")
    return words.span(max(0.0, city.clock() - state.polled_at))


def folded(text: str) -> str:
    """Return a sentence of many parts with each of them on a line of its own; a short one as it is."""
    if text.count("; ") + text.count("；") < 2:
        return text
    return text.replace("; ", ";\n").replace("；", "；\n")


def circulation_channel(state: StationState | None, loop: int) -> tuple[str, str]:
    """Return by which setpoint a loop is told its circulation, and its unit: the one its device shows."""
    for channel, unit in (("dp_secondary_set", "kPa_difference"), ("y_pump_secondary_set", "1")):
        if state is not None and f"{loop}/{channel}_readback" in state.readings:
            return channel, unit
    return "m_flow_secondary_set", "kg/s"
