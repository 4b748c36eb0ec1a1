"""What loops have borne of shortages is counted by the hour, forgotten slowly, and kept over restarts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controller.api.plan_views import plan_message
from controller.knowing.store import KnowingStore
from controller.planning.borne import FORGOTTEN_S, GAP_S, NOTE, Borne
from optimizer.reason import because
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import RULES, published

ONE, TWO = loop_traits(1), loop_traits(2)
TOWN = {one.key: one for one in (ONE, TWO)}
RATIONED = because("plan.rationed", share_percent=80.0, hours=24.0, cold_K=1.0, horizon_h=24.0)


@pytest.fixture(scope="module")
def plan():
    return published(TOWN)


def short(plan, cold_K, at=NOW):
    """The plan of a shortage in which the first loop is colder than wanted by so much."""
    T_min = plan.known.state.T_indoor[:, None] + np.array([[cold_K], [-1.0]]) + np.zeros((1, 96))
    return replace(
        plan,
        made_at=at,
        plan=replace(plan.plan, why=RATIONED),
        problem=replace(plan.problem, T_min=T_min),
    )


def test_kelvins_below_what_is_wanted_are_counted_by_the_time_that_has_passed(plan):
    borne = Borne()
    assert borne.after(None, plan.known, NOW) == {}
    assert borne.after(short(plan, 2.0), plan.known, NOW + 900.0) == {ONE.key: pytest.approx(0.5)}
    soon = borne.after(short(plan, 2.0, NOW + 900.0), plan.known, NOW + 1200.0)
    assert soon[ONE.key] == pytest.approx(0.5 + 2.0 / 12.0, rel=1e-3), "an early plan counts for its minutes"


def test_where_there_is_enough_nothing_is_added_and_a_third_is_left_after_two_weeks(plan):
    borne = Borne()
    borne.after(None, plan.known, NOW)
    begun = borne.after(short(plan, 2.0), plan.known, NOW + 900.0)[ONE.key]
    later = borne.after(replace(plan, made_at=NOW + FORGOTTEN_S), plan.known, NOW + 900.0 + FORGOTTEN_S)
    assert later == {ONE.key: pytest.approx(begun * math.exp(-1.0))}


def test_of_a_long_gap_no_more_counts_than_a_plan_holds(plan):
    borne = Borne()
    borne.after(None, plan.known, NOW)
    assert borne.after(short(plan, 2.0), plan.known, NOW + 86_400.0)[ONE.key] == pytest.approx(
        2.0 * GAP_S / 3600
    )


def test_a_restart_goes_on_with_what_was_borne(plan, tmp_path):
    store = KnowingStore(tmp_path)
    first = Borne(store)
    assert not first.unkept
    first.after(None, plan.known, NOW)
    sums = dict(first.after(short(plan, 2.0), plan.known, NOW + 900.0))
    assert first.unkept
    first.keep()
    again = Borne(KnowingStore(tmp_path)).after(None, plan.known, NOW + 900.0)
    assert again == sums


@pytest.mark.parametrize("text", ["", "[]", '{"at": 1}', '{"at": 1, "K_h": [["S001", 1, "much"]]}', "{"])
def test_a_spoilt_note_begins_anew(plan, tmp_path, text):
    store = KnowingStore(tmp_path)
    store.note(NOTE, text)
    assert Borne(store).after(None, plan.known, NOW) == {}


def test_the_plan_tells_who_has_borne_most_and_who_is_served_first(plan):
    assert plan_message(plan, None, {}, NOW)["rationing"] is None
    rules = replace(RULES, critical=frozenset({TWO.key}))
    told = plan_message(replace(plan, rules=rules, owed={ONE.key: 3.0, TWO.key: 7.5}), None, {}, NOW)
    rationing = told["rationing"]
    assert rationing["first"] == ["S002"]
    assert [(one["station"], one["K_h"]) for one in rationing["borne"]] == [("S002", 7.5), ("S001", 3.0)]
    assert (rationing["loops"], rationing["turn_percent"], rationing["spared_K_h"]) == (2, 1.0, 100.0)
    assert plan_message(short(plan, 1.0), None, {}, NOW)["rationing"]["borne"] == []
