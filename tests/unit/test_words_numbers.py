"""Every number that a sentence of the optimizer is given stands in it, in both languages, and no other."""

import re
from string import Formatter

import pytest

from controller.words.knowing import KNOWING
from controller.words.phrase import PHRASES, Phrase, verbatim
from controller.words.planning import PLANNING
from controller.words.sources import SOURCES

TELLS = {**PLANNING, **KNOWING, **SOURCES}
NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?")
DIGITS = re.compile(r"[+]?\.(\d)(?:f|g)")


def given(name):
    """A value for each gap with a format of its own: no two alike, none that a template holds itself."""
    gaps = {gap: spec for text in PHRASES[name] for _, gap, spec, _ in Formatter().parse(text) if gap}
    return {
        gap: verbatim("x") if not spec or spec == "span" else 411.0 + 37.25 * place
        for place, (gap, spec) in enumerate(sorted(gaps.items()))
    }


def spans(name):
    return {
        gap: 7200.0 for text in PHRASES[name] for _, gap, spec, _ in Formatter().parse(text) if spec == "span"
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences_quote_the_numbers_that_they_are_given_and_no_others(language):
    for name in TELLS:
        quotes_its_numbers(name, language)


def quotes_its_numbers(name, language):
    values = given(name) | spans(name)
    told = Phrase(name, values).text(language)
    bare = PHRASES[name][("en", "zh").index(language)]
    own = NUMBER.findall(re.sub(r"\{[^}]*\}", " ", bare))
    left = NUMBER.findall(told)
    for number in own:
        left.remove(number)
    for gap in spans(name):
        left.remove("2.0")
        assert gap
    numbers = {
        gap: value for gap, value in values.items() if isinstance(value, float) and gap not in spans(name)
    }
    uses = [(gap, spec) for _, gap, spec, _ in Formatter().parse(bare) if gap in numbers]
    for gap, spec in uses:
        shown = format(numbers[gap], spec)
        assert shown in left, (told, gap)
        left.remove(shown)
        digits = DIGITS.fullmatch(spec)
        assert digits, f"{gap} of {name} has no digits of its own: {spec!r}"
    assert left == [], told
    assert {gap for gap, _ in uses} == set(numbers)
