"""Every phrase has two languages with the same gaps, every phrase is said somewhere, and nothing else is."""

import ast
import re
import string
from collections import defaultdict
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import controller
import optimizer
from controller.accounts.roles import Role
from controller.decisions import Mode, Season
from controller.historian.records import State as WriteState
from controller.modes import PlanChoice
from controller.orders.model import State
from controller.orders.season import CHECKLIST
from controller.strategies.registry import STRATEGIES as KNOWN_STRATEGIES
from controller.words.alarms import ALARMS
from controller.words.guard import GUARD
from controller.words.knowing import KNOWING
from controller.words.link import LINK
from controller.words.orders import ORDERS
from controller.words.phrase import PHRASES, Phrase, noted, restored, said, stored, verbatim, word
from controller.words.plan import reasoned
from controller.words.planning import PLANNING
from controller.words.service import SERVICE
from controller.words.sources import SOURCES
from controller.words.strategies import STRATEGIES
from controller.words.vocabulary import VOCABULARY
from controller.words.writes import WRITES
from optimizer.estimate.state import Doubt
from optimizer.forecast.weather import WeatherTable
from optimizer.plan.problem import PlanProblem, Weights
from optimizer.reach import NEEDED
from optimizer.reason import because
from stations.drivers.refusals import refuse_jump
from stations.model.quality import Reason
from stations.model.setpoint import CirculationChannel, HeatChannel, StationChannel

SOURCE = Path(controller.__file__).parent
PURE = Path(optimizer.__file__).parent
REASON = re.compile(r"(plan|identify|estimate|explain|shadow)\.[a-z_]+|(weather|load)_[a-z_]+")
SERIES = {field.name for field in fields(PlanProblem)} - {"start", "P_ramp", "weights", "dt_h"}
QUANTITIES = {field.name for field in fields(WeatherTable)} - {"source", "issued_at"}
GROUPS = {
    "mode": set(Mode),
    "season": set(Season),
    "order_state": set(State),
    "role": set(Role),
    "write_state": set(WriteState),
    "strategy": set(KNOWN_STRATEGIES),
    "point": {*HeatChannel, *CirculationChannel, *StationChannel},
    "emitter": {"radiator", "floor", "dhw", "source"},
    "quality": set(Reason),
    "checklist": {item.id for items in CHECKLIST.values() for item in items},
    "author": {"site_file", "controller", "strategy"},
    "subject": {"season", "mass_change"},
    "plan_choice": set(PlanChoice),
    "planned": SERIES | QUANTITIES | set(NEEDED) | {"indoor_K", "heat_share", "unknown"},
    "weight": {field.name for field in fields(Weights)},
    "cause": {name for name in {**PLANNING, **KNOWING} if f"cause.{name}" in PLANNING},
}


def gaps(text):
    return {gap: digits for _, gap, digits, _ in string.Formatter().parse(text) if gap is not None}


def said_in_source():
    """Return the gaps that are filled, by id, wherever the controller's source makes a phrase."""
    found = defaultdict(set)
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
                continue
            if node.func.id == "said":
                found[node.args[0].value].add(frozenset(keyword.arg for keyword in node.keywords))
            elif node.func.id == "Phrase":
                filled = [key.value for given in node.args[1:] for key in given.keys]
                found[node.args[0].value].add(frozenset(filled))
    return found


@cache
def reasons_in_source():
    """Return the numbers told, by id, wherever a reason is made; {None} where its id alone stands there."""
    found = defaultdict(set)
    for path in (*PURE.rglob("*.py"), *SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "because" in text or PURE in path.parents else ():
            named = isinstance(node, ast.Constant) and REASON.fullmatch(str(node.value))
            if named and PURE in path.parents:
                found[node.value].add(None)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "because":
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    found[name.value].add(frozenset(keyword.arg for keyword in node.keywords))
    for doubt in Doubt:
        found[f"estimate.{doubt.name.lower()}"].add(None)
    for verdict in ("accepted", "kept"):
        found[f"identify.{verdict}"].add(None)
    return found


def test_every_reason_of_the_optimizer_has_words_that_quote_only_what_it_tells():
    for name, told in reasons_in_source().items():
        assert name in PHRASES, name
        for numbers in told - {None}:
            quoted = {
                gap.removesuffix("_percent") if gap not in numbers else gap for gap in gaps(PHRASES[name][0])
            }
            assert quoted <= numbers, name


def test_both_languages_have_the_same_gaps_with_the_same_digits():
    for name, (en, zh) in PHRASES.items():
        technical = {"detail": ""} if name in LINK else {}
        assert gaps(en) in (gaps(zh), gaps(zh) | technical), name


def test_chinese_has_no_english_word():
    for name, (_, zh) in PHRASES.items():
        literal = "".join(text for text, *_ in string.Formatter().parse(zh))
        for unit in ("°C", "kg/s", "t/h", "W/(m²·K)", "W/m²", "m²", "kPa", "kW", "K", "PLC", "A/T/B/C", "C"):
            literal = literal.replace(unit, "")
        assert not any(c.isascii() and c.isalpha() for c in literal), (name, zh)


def test_no_id_stands_in_two_tables():
    tables = (
        VOCABULARY,
        GUARD,
        STRATEGIES,
        LINK,
        SERVICE,
        ORDERS,
        WRITES,
        ALARMS,
        PLANNING,
        KNOWING,
        SOURCES,
    )
    assert len(PHRASES) == sum(len(table) for table in tables)


@pytest.mark.parametrize(("group", "values"), GROUPS.items())
def test_every_value_has_a_word_and_every_word_a_value(group, values):
    words = {name.partition(".")[2] for name in PHRASES if name.startswith(f"{group}.")}
    assert words == {str(value) for value in values}


def test_what_is_said_fills_the_gaps_and_everything_is_said_somewhere():
    found = said_in_source()
    for name, filled in found.items():
        assert filled == {frozenset(gaps(PHRASES[name][0]))}, name
    by_value = {name for name in PHRASES if "." in name and name.partition(".")[0] in GROUPS}
    by_value.remove("author.strategy")
    assert PHRASES.keys() - by_value == found.keys() | reasons_in_source().keys()


def test_a_phrase_reads_in_both_languages_with_its_parts():
    phrase = said("guard.no_supply", quality=word("quality", Reason.STALE))
    assert phrase.en == "no supply temperature (stale): no new setpoint"
    assert phrase.zh == "没有供水温度（过期）：不下发新设定值"
    both = said("needs_second", why=(said("bulk", count=60, limit=50), said("large_flow", **large())))
    assert both.en.endswith("60 loops at once (more than 50); S1/1: flow changes by +31 % (more than 30 %).")
    assert "；" in both.zh


def large():
    return {"loop": "S1/1", "change": 31.4, "limit": 30.0}


def test_numbers_that_an_earlier_version_stored_as_text_still_read():
    stored = Phrase("large_flow", {"loop": "S1/1", "change": "+31", "limit": "30"})
    assert stored.to_json() == said("large_flow", **large()).to_json()


def test_text_of_people_and_devices_stays_as_it_is_and_is_no_template():
    assert verbatim("{x} 100 %").en == verbatim("{x} 100 %").zh == "{x} 100 %"


def test_a_reason_is_told_with_its_numbers_and_a_newer_one_as_it_is():
    told = reasoned(because("plan.loop_hole", what="gains"))
    assert (told.en, told.zh) == ("the free heat is not known", "自由得热未知")
    left = reasoned(because("plan.no_loop_left", loops=3, first="plan.loop_model"))
    assert left.en == "all 3 loops are left out, the first because its model is no house"
    misfit = reasoned(because("identify.pump_misfit", misfit=0.31, allowed=0.1))
    assert "31 % off, 10 % is allowed" in misfit.en
    assert reasoned(because("plan.of_tomorrow", n=2.0)).en == "plan.of_tomorrow: n 2.0"
    assert reasoned(because("plan.loop_hole")).en == "plan.loop_hole"


def test_how_far_a_plan_is_from_the_best_may_be_unknown():
    near = reasoned(because("plan.not_solved", gap=0.0712, iterations=30))
    assert near.en == "not solved within 30 steps (distance to the best: 7.1 %)"
    assert (
        "distance to the best: unknown"
        in reasoned(because("plan.not_solved", gap="unknown", iterations=3)).en
    )


def test_a_value_without_a_word_stands_for_itself():
    assert word("strategy", "of_tomorrow").zh == "of_tomorrow"


@pytest.mark.parametrize(
    "phrase",
    [
        said("guard.own_curve", T_own=60.25),
        said(
            "guard.given_back", why=(said("guard.local"), said("guard.season", season=word("season", "off")))
        ),
        said("guard.given_back", why=()),
        said("guard.class", station_class="C"),
        said("guard.not_a_number", T_supply=float("inf"), m_flow=1),
        verbatim('["no phrase"]'),
    ],
)
def test_a_phrase_comes_back_from_its_stored_text(phrase):
    assert restored(stored(phrase)) == phrase


@pytest.mark.parametrize(
    "text",
    [
        *("answer lost", "", "12", "[]", "[1]", '["of_tomorrow", {}]'),
        *('["guard.own_curve", {}]', '["verbatim", {"text": null}]'),
    ],
)
def test_other_text_is_told_as_it_is(text):
    assert restored(text) == verbatim(text)


def test_why_a_loop_was_not_taken_over_is_chinese_to_the_last_word():
    jump = refuse_jump(61.2, 59.0).jump
    elsewhere = said("write.held_elsewhere", T_held=jump[0], T_asked=jump[1])
    phrase = restored(stored(said("write.refused", detail=elsewhere)))
    assert phrase.zh == "被拒绝：回路按自身曲线当前为 59.0 °C，而非 61.2 °C；未写入"


def test_half_a_surrogate_pair_of_a_device_can_be_stored_and_shown():
    phrase = restored(stored(said("write.refused", detail="\ud800")))
    assert phrase.zh.encode() == "被拒绝：\\ud800".encode()


@pytest.mark.parametrize(
    ("seconds", "en", "zh"),
    [
        (0.0, "0 s", "0 秒"),
        (119.0, "119 s", "119 秒"),
        (7386.0, "2.1 h", "2.1 小时"),
        (1800.0, "30 min", "30 分钟"),
        (200_000.0, "2.3 d", "2.3 天"),
    ],
)
def test_a_span_is_told_in_a_unit_in_which_it_can_be_grasped(seconds, en, zh):
    silent = said("guard.silent", age_s=seconds)
    assert silent.en == f"the station has been silent for {en}"
    assert silent.zh == f"换热站已 {zh}无应答"


def test_what_somebody_wrote_stands_as_a_quote():
    ordered = said("operator.ordered", author="olga", T_supply=52.5, order=1, reason="居民反映偏冷")
    assert ordered.en == "olga ordered 52.5 °C (order 1): “居民反映偏冷”"


def test_a_sentence_is_noted_with_six_digits_and_reads_as_it_read():
    parts = (said("explain.flow_min", flow_percent=np.float64(60.0)), said("plan.loop_model"))
    whole = said(
        "plan.instruction",
        asked=said("explain.asks", T_supply=52.34567891, flow_percent=np.int64(60), q=np.float32(31.25)),
        source=said("explain.planned", age_s=240.0),
        parts=parts,
    )
    text = noted(whole)
    assert "52.3457" in text
    assert "52.34567" not in text
    assert (restored(text).en, restored(text).zh) == (whole.en, whole.zh)
