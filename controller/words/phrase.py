"""What the controller says to people, as data: an id, what stands in its gaps, and two languages.

A phrase is made where something is decided and put into words only where somebody reads it. The words stand
in one table for each area beside this file; a number's digits and unit stand there, in the template.
"""

import json
import math
from collections.abc import Mapping
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Literal, NamedTuple, SupportsFloat, Union

from controller.words.alarms import ALARMS
from controller.words.guard import GUARD
from controller.words.knowing import KNOWING
from controller.words.link import LINK
from controller.words.orders import ORDERS
from controller.words.planning import PLANNING
from controller.words.service import SERVICE
from controller.words.sources import SOURCES
from controller.words.strategies import STRATEGIES
from controller.words.vocabulary import VOCABULARY
from controller.words.writes import WRITES

Language = Literal["en", "zh"]
Param = Union[float, int, str, "Phrase", tuple["Phrase", ...]]
"""What stands in a gap: a number in the unit of its template, text as somebody wrote it, or other phrases."""

PHRASES: Mapping[str, tuple[str, str]] = {
    **VOCABULARY,
    **GUARD,
    **STRATEGIES,
    **LINK,
    **WRITES,
    **SERVICE,
    **ORDERS,
    **ALARMS,
    **PLANNING,
    **KNOWING,
    **SOURCES,
}
"""Templates by id: English and Chinese, with the same gaps."""

_COLUMN: Mapping[Language, int] = {"en": 0, "zh": 1}
SPAN = "span"
"""Format of a gap that holds seconds: told in s, min, h or d, in the words of the language."""
_BETWEEN: Mapping[Language, str] = {"en": "; ", "zh": "；"}
_NOTHING: Mapping[str, Param] = MappingProxyType({})


class Phrase(NamedTuple):
    """One sentence or part of one: its id and what stands in its gaps. Making it costs as much as a tuple."""

    id: str
    params: Mapping[str, Param] = _NOTHING

    def text(self, language: Language) -> str:
        """Return the phrase in words."""
        told = []
        for literal, gap, digits in _parts(self.id, language):
            told.append(literal)
            if gap is not None:
                told.append(_shown(self.params[gap], digits, language))
        return "".join(told)

    @property
    def en(self) -> str:
        """The phrase in English, for logs too."""
        return self.text("en")

    @property
    def zh(self) -> str:
        """The phrase in Chinese."""
        return self.text("zh")

    def to_json(self) -> dict[str, object]:
        """Return what the API says of it (``schema.Sentence``); gaps as they read in English."""
        parts = _parts(self.id, "en")
        shown = {gap: _shown(self.params[gap], digits, "en") for _, gap, digits in parts if gap is not None}
        return {"id": self.id, "params": shown, "en": self.en, "zh": self.zh}


def said(name: str, /, **params: Param) -> Phrase:
    """Return a phrase with its gaps given by name."""
    return Phrase(name, params)


def word(group: str, value: str) -> Phrase:
    """Return a value of the API in words, e.g. season state ``heating``; one without a word as it is."""
    name = f"{group}.{value}"
    return Phrase(name) if name in PHRASES else verbatim(value)


def verbatim(text: str) -> Phrase:
    """Return text that a person or a device wrote; it is in the language that it is in."""
    return Phrase("verbatim", {"text": text})


def together(phrases: tuple[Phrase, ...], language: Language) -> str:
    """Return several phrases as one line."""
    return _BETWEEN[language].join(phrase.text(language) for phrase in phrases)


def stored(phrase: Phrase) -> str:
    """Return a phrase as text for a record that outlives this version."""
    return json.dumps(_plain(phrase), ensure_ascii=False)


def noted(phrase: Phrase) -> str:
    """Return a phrase as ``stored``, its numbers to six digits: for records of which there are very many.

    A thousand instructions may be noted in one cycle, so this is one walk and no tree in between.
    """
    return _noted(phrase)


def _noted(value: object) -> str:
    if isinstance(value, Phrase):
        filled = ",".join(f'"{gap}":{_noted(each)}' for gap, each in value.params.items())
        return f'["{value.id}",{{{filled}}}]'
    if isinstance(value, tuple):
        return f"[{','.join(map(_noted, value))}]"
    if isinstance(value, float | int) and math.isfinite(value):
        return f"{value:.6g}"
    if not isinstance(value, str | float | int) and isinstance(value, SupportsFloat):
        return _noted(float(value))  # numbers of other kinds come with sentences about arrays
    # text, and numbers that are none: a record is never what ends a cycle
    return json.dumps(str(value))


def restored(text: str) -> Phrase:
    """Return what was ``stored``; words of another version, or in plain English, as they are."""
    try:
        phrase = _param(json.loads(text))
        if isinstance(phrase, Phrase) and phrase.en:
            return phrase
    except (ValueError, KeyError, TypeError):
        pass
    return verbatim(text)


def _plain(value: Param) -> object:
    if isinstance(value, Phrase):
        return [value.id, {gap: _plain(filled) for gap, filled in value.params.items()}]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # a device may say half a surrogate pair
    return [_plain(phrase) for phrase in value] if isinstance(value, tuple) else value


def _param(value: object) -> Param:
    match value:
        case [str(name), dict(params)]:
            return Phrase(name, {gap: _param(filled) for gap, filled in params.items()})
        case list():
            return tuple(phrase for item in value if isinstance(phrase := _param(item), Phrase))
        case str() | float() | int():
            return value
        case _:
            raise TypeError(f"{value!r} stands in no gap")


@cache
def _parts(name: str, language: Language) -> tuple[tuple[str, str | None, str], ...]:
    """Return a template as (literal text, gap after it or None, format of the gap)."""
    template = PHRASES[name][_COLUMN[language]]
    return tuple((literal, gap, digits or "") for literal, gap, digits, _ in Formatter().parse(template))


def _shown(value: Param, digits: str, language: Language) -> str:
    if isinstance(value, Phrase):
        return value.text(language)
    if isinstance(value, tuple):
        return together(value, language)
    if isinstance(value, str):
        return value  # also a number that an earlier version stored as text
    if digits == SPAN:
        return span(float(value), language)
    return format(value, digits or (".4g" if isinstance(value, float) else ""))


def span(seconds: float, language: Language) -> str:
    """Return a span of time in the largest unit of which it has two."""
    for size, en, zh in ((86_400.0, "d", "天"), (3600.0, "h", "小时"), (60.0, "min", "分钟")):
        if seconds >= 2.0 * size:
            decimals = 0 if size == 60.0 else 1
            return f"{seconds / size:.{decimals}f} {zh if language == 'zh' else en}"
    return f"{seconds:.0f} {'秒' if language == 'zh' else 's'}"
