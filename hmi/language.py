"""Words in the language of the person at the screen. Keys are English sentences; nothing is global.

A language that was installed for the process would leak from one person to all; so each run has its own
``Words``. Catalogues are read once: ``locale/zh_CN/*.po`` together make one.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_datetime, get_month_names
from babel.messages.pofile import read_po

from controller.api.schema import Sentence, StationList, Traits
from hmi import formats

Language = Literal["zh", "en"]
DEFAULT_LANGUAGE: Language = "zh"
LOCALES: Mapping[Language, str] = {"zh": "zh_CN", "en": "en_GB"}
CATALOGUES = Path(__file__).with_name("locale") / "zh_CN"


_HYPHEN = re.compile(r"(?<![\w.])-(?=\d)")
"""A number's sign as programs write it."""


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a sentence for the catalogue where it is not yet said."""
    return text


@cache
def catalogue(folder: Path = CATALOGUES) -> Mapping[str, str]:
    """Return the Chinese of every English sentence."""
    return dict(_entries(sorted(folder.glob("*.po"))))


def _entries(files: Iterable[Path]) -> Iterable[tuple[str, str]]:
    for file in files:
        with file.open("rb") as stream:
            for message in read_po(stream, locale="zh_CN", charset="utf-8"):
                if isinstance(message.id, str) and message.id and isinstance(message.string, str):
                    yield message.id, message.string


@dataclass(frozen=True, slots=True)
class Words:
    """One language and the time zone of the site."""

    language: Language
    zone: str = "UTC"

    def __call__(self, text: str, /, **params: object) -> str:
        """Return a sentence with its parameters filled in; English where the catalogue lacks it."""
        said = catalogue().get(text) or text if self.language == "zh" else text
        return said.format(**params) if params else said

    def sentence(self, sentence: Sentence) -> str:
        """Return a sentence that the controller said."""
        return _HYPHEN.sub(formats.MINUS, sentence.zh if self.language == "zh" else sentence.en)

    def name(self, traits: Traits) -> str:
        """Return the name of a station; its id where it has none."""
        return (traits.name_zh if self.language == "zh" else traits.name_en) or traits.id

    def either(self, zh: str, en: str) -> str:
        """Return one of two texts that come in both languages."""
        return zh if self.language == "zh" else en

    def site_title(self, site: StationList) -> str:
        """Return the name of the city."""
        return self.either(site.title_zh, site.title_en) or site.site

    def district(self, site: StationList, district: str) -> str:
        """Return the name of a district; its id where it has none."""
        known = site.districts.get(district)
        return district if known is None else self.either(known.title_zh, known.title_en) or district

    def quoted(self, text: str) -> str:
        """Return what a person wrote as a quote: it stays in the language in which it was written."""
        return f"“{text}”" if text else ""

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a number with a true minus and thin spaces between thousands."""
        return formats.number(value, decimals)

    def quantity(self, value: float, unit_id: str, decimals: int | None = None) -> tuple[str, str]:
        """Return (number, unit) of a value in a unit inside (a key of ``formats.SHOWN``)."""
        return formats.quantity(value, unit_id, decimals)

    def measured(self, value: float, unit_id: str, decimals: int | None = None) -> str:
        """Return number and unit as one text."""
        text, unit = self.quantity(value, unit_id, decimals)
        return f"{text} {unit}".rstrip()

    def loops(self, count: int) -> str:
        """Return how many loops."""
        return self(N_("1 loop")) if count == 1 else self(N_("{n} loops"), n=count)

    def span(self, seconds: float) -> str:
        """Return a span of time in its largest unit that fits: s, min, h or d."""
        for size, unit, decimals in ((86_400.0, "d", 1), (3600.0, "h", 1), (60.0, "min", 0)):
            if seconds >= (2.0 if unit == "min" else 1.0) * size:
                return f"{self.number(seconds / size, decimals)} {unit}"
        return f"{self.number(seconds)} s"

    def time(self, ts: float, seconds: bool = False) -> str:
        """Return the time of day at the site."""
        return self.local(ts).strftime("%H:%M:%S" if seconds else "%H:%M")

    def date(self, ts: float) -> str:
        """Return day, month and day of the week at the site."""
        pattern = "MM-dd EEE" if self.language == "zh" else "EEE d MMM"
        return format_datetime(self.local(ts), pattern, locale=_locale(self.language))

    def day(self, ts: float) -> str:
        """Return day and month at the site."""
        pattern = "MM-dd" if self.language == "zh" else "d MMM"
        return format_datetime(self.local(ts), pattern, locale=_locale(self.language))

    def months(self) -> tuple[str, ...]:
        """Return the short names of the months; empty where days are written in digits."""
        if self.language == "zh":
            return ()
        return tuple(get_month_names("abbreviated", locale=LOCALES["en"]).values())

    def datetime(self, ts: float) -> str:
        """Return date and time at the site."""
        pattern = "yyyy-MM-dd HH:mm:ss" if self.language == "zh" else "d MMM yyyy HH:mm:ss"
        return format_datetime(self.local(ts), pattern, locale=_locale(self.language))

    def local(self, ts: float) -> dt.datetime:
        """Return a UTC second as time at the site."""
        return dt.datetime.fromtimestamp(ts, _zone(self.zone))


@cache
def _locale(language: Language) -> Locale:
    """Return a locale, made once: by its name Babel looks for its file at each use."""
    return Locale.parse(LOCALES[language])


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
