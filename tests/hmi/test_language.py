"""Both languages are complete, and numbers, units and times stand as a dispatcher writes them."""

import re
import string
from pathlib import Path

import pytest

from controller.api.schema import Sentence
from hmi.formats import SHOWN, unit_of_point
from hmi.language import Words
from hmi.terms import POINT, point
from stations.model.points import POINTS
from tests.support.catalogue import catalogues, sentences

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SIGNS = {"English"}
"""Said as they are in both languages."""

SAID = sentences()
PARTS = catalogues()
MERGED = {key: text for part in PARTS.values() for key, text in part.items()}


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_every_sentence_of_the_screen_has_its_chinese():
    missing = {text: places for text, places in SAID.items() if not MERGED.get(text)}
    assert not missing


def test_no_catalogue_keeps_a_sentence_that_nobody_says():
    unused = {name: sorted(set(part) - set(SAID)) for name, part in PARTS.items() if set(part) - set(SAID)}
    assert not unused


def test_two_catalogues_never_disagree():
    for name, part in PARTS.items():
        for other, rival in PARTS.items():
            differing = {key for key in part.keys() & rival.keys() if part[key] != rival[key]}
            assert not differing, f"{name} and {other}"


def test_parameters_are_the_same_in_both_languages():
    wrong = {key: text for key, text in MERGED.items() if fields(key) != fields(text)}
    assert not wrong


def test_the_chinese_is_chinese():
    latin_only = {
        key: text
        for key, text in MERGED.items()
        if re.search(r"[a-z]{3}", key) and not CHINESE.search(text) and key not in SIGNS
    }
    assert not latin_only


def test_every_point_of_the_vocabulary_has_a_name_and_a_unit_on_the_screen():
    words = Words("zh")
    for name in POINTS:
        assert CHINESE.search(point(words, name)), name
        assert unit_of_point(name) in SHOWN
    assert set(POINT) <= set(POINTS)


@pytest.mark.parametrize(
    ("value", "decimals", "said"),
    [
        (1234567.891, 1, "1\u2009234\u2009567.9"),
        (-6.25, 1, "\u22126.2"),
        (-0.04, 1, "0.0"),
        (0.0, 0, "0"),
        (-1000.0, 0, "\u22121\u2009000"),
    ],
    ids=["thousands", "true minus", "no minus zero", "zero", "minus thousands"],
)
def test_numbers_stand_as_on_a_control_room_screen(value, decimals, said):
    assert Words("zh").number(value, decimals) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (51.55, "degC", ("51.5", "°C")),
        (10.0, "kg/s", ("36.0", "t/h")),
        (620.0, "kPa", ("0.62", "MPa")),
        (86.4, "kPa_difference", ("86", "kPa")),
        (2950.0, "kW", ("2.95", "MW")),
        (1000.0, "kWh", ("3.6", "GJ")),
        (0.46, "1", ("46", "%")),
    ],
)
def test_units_inside_become_units_of_the_screen(value, unit, said):
    assert Words("en").quantity(value, unit) == said


def test_times_stand_in_the_zone_of_the_site():
    moment = 1_768_406_400.0  # 2026-01-14 16:00 UTC
    assert Words("zh", "Asia/Shanghai").datetime(moment) == "2026-01-15 00:00:00"
    assert Words("en", "Asia/Shanghai").datetime(moment) == "15 Jan 2026 00:00:00"
    assert Words("zh", "Asia/Shanghai").date(moment) == "01-15 周四"
    assert Words("zh", "No/Such_Place").time(moment) == "16:00"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(4.0, "4 s"), (119.0, "119 s"), (120.0, "2 min"), (5400.0, "1.5 h"), (172_800.0, "2.0 d")],
)
def test_spans_stand_in_the_largest_unit_that_fits(seconds, said):
    assert Words("en").span(seconds) == said


def test_a_language_belongs_to_a_run_and_not_to_the_process():
    chinese, english = Words("zh"), Words("en")
    assert (chinese("Audit"), english("Audit"), chinese("Audit")) == ("审计", "Audit", "审计")


def test_a_number_that_the_controller_says_has_a_true_minus_and_ids_keep_their_hyphens():
    said = Sentence(id="x", params={}, en="58.8 °C at -13.0 °C on plc-2, 10-20", zh="室外 -13.0 °C")
    assert Words("en").sentence(said) == "58.8 °C at −13.0 °C on plc-2, 10-20"
    assert Words("zh").sentence(said) == "室外 −13.0 °C"


def test_points_are_called_as_in_the_glossary():
    text = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    told = {row[0].strip("`"): row[-1] for row in rows}
    words = Words("zh")
    assert {name: words(said) for name, said in POINT.items()} == {name: told.get(name) for name in POINT}
