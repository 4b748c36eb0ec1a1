"""Shadow mode: plans beside what was done, gathered by day; savings with their doubt, and drift, by loop."""

import json
from dataclasses import replace
from datetime import date, timedelta

import httpx
import numpy as np
import pytest

from controller.api import shadow_schema as schema
from controller.decisions import LoopKey
from controller.knowing.known import first_known
from controller.planning.question import Scene, question
from controller.planning.rules import NO_SOURCE, PlanRules
from controller.planning.seen import scene_of
from controller.planning.shadow_days import Day, ShadowBook, ShadowDays, drifts, judged, together
from controller.wiring import loop_traits
from controller.words.phrase import said
from optimizer.reason import Reason, because
from optimizer.shadow import Saving
from tests.support.api_bench import BEARER, NOW, ApiBench
from tests.support.control_room import ControlRoomBench
from tests.support.published import outlook, published
from tests.support.sites import site_config, station_config

S1, S2, S3 = LoopKey("S001", 1), LoopKey("S002", 1), LoopKey("S003", 1)


FIRST = date(2025, 1, 1)


def days(n, followed=0.0, plan=0.9, drift=0.0, first=0):
    """Days from 1 January and ``first`` on; the curve's model is 2 % off by chance, plans take a share."""
    noise = 0.02 * np.sin(7.3 * np.arange(n))
    curve = 30.0 + 4.0 * np.cos(np.arange(n))
    took = curve * (plan if followed else 1.0) * (1.0 + noise) + drift * np.arange(n)
    dates = [(FIRST + timedelta(days=first + i)).isoformat() for i in range(n)]
    columns = zip(took.tolist(), curve.tolist(), dates, strict=True)
    return [Day(a, plan * c, c, followed, on) for a, c, on in columns]


def test_what_was_only_proposed_is_told_as_such_with_its_doubt():
    told = judged(days(20))
    assert told.proposed
    assert told.saving.share == pytest.approx(0.10, abs=0.01)
    assert told.saving.low < 0.10 < told.saving.high


def test_what_plans_saved_is_held_against_the_curve_of_the_days_before():
    told = judged([*days(20), *days(14, followed=1.0)])
    assert not told.proposed
    assert isinstance(told.saving, Saving)
    assert told.saving.share == pytest.approx(0.10, abs=0.015)


def test_a_loop_that_takes_more_and_more_than_planned_has_drifted():
    sound = [*days(20), *days(20, followed=1.0)]
    found = drifts({S1: [*days(20), *days(20, followed=1.0, drift=0.4)], S2: sound, S3: days(5)})
    assert {key: why.id for key, why in found.items()} == {S1: "shadow.drifted_up"}
    assert drifts({}) == {}


@pytest.mark.parametrize("some", [[], days(3), [Day(0.0, 0.0, 0.0, 0.0, "")] * 9])
def test_too_few_days_tell_nothing_and_say_why(some):
    told = judged(some)
    assert isinstance(told.saving, Reason)
    assert told.saving.id == "shadow.few_days_to_check"


def test_many_loops_together_are_weighed_by_area_date_by_date():
    """S2 began three days later and missed a day: dates are held against each other, not places in a list."""
    a, b = days(12), days(9, plan=0.8, first=3)
    missed = b.pop(4)
    found = together({S1: a, S2: b, S3: []}, {S1: 30_000.0, S2: 20_000.0, S3: 90_000.0})
    assert [one.date for one in found] == [one.date for one in b]
    assert missed.date not in [one.date for one in found]
    for one, own in zip(found, b, strict=True):
        other = next(each for each in a if each.date == own.date)
        assert one.plan == pytest.approx(0.6 * other.plan + 0.4 * own.plan)
    assert together({}, {}) == []


def test_a_date_counts_while_three_quarters_of_the_area_have_it():
    found = together({S1: days(9), S2: days(2)}, {S1: 30_000.0, S2: 10_000.0})
    assert [one.plan for one in found[2:]] == [one.plan for one in days(9)[2:]]


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path, n_stations=3)
    yield bench
    bench.close()


async def a_day(bench, shadow, quarters=97):
    """Plans, one every quarter of an hour; the same one with other times, as only its numbers count."""
    made = published(bench.site, NOW)
    for _ in range(quarters):
        at = bench.clock.time
        plan = replace(made.plan, start=at, made_from=at)
        bench.state.published = replace(made, plan=plan, problem=replace(made.problem, start=at))
        await shadow.look()
        bench.clock.time = at + 900.0
    return made


async def test_a_day_is_gathered_of_each_loop_with_who_decided(bench):
    bench.clock.time = NOW - 8 * 3600.0  # midnight there
    status = bench.state.loops[S2]
    told = (said("plan.on_curve", why=said("stopping"), wish=said("stopping")),)
    status.decision = replace(status.decision, author="strategy:optimizer", why=told)
    status = bench.state.loops[S1]
    told = (said("plan.instruction", asked=said("stopping"), source=said("stopping"), parts=()),)
    status.decision = replace(status.decision, author="strategy:optimizer", why=told)
    shadow = ShadowDays(ShadowBook(bench.site.data), bench.state, bench.clock, bench.site.timezone)
    made = await a_day(bench, shadow)
    found = ShadowBook(bench.site.data).days("2025-01-16")
    assert {key: one[0].followed for key, one in found.items()} == {S1: 1.0, S2: 0.0, LoopKey("S003", 1): 0.0}
    (one,) = found[S1]
    assert one.actual == pytest.approx(float(made.known.state.q[0]))
    assert one.curve == pytest.approx(float(made.curve.q[0, 1]), rel=0.02)
    assert one.plan == pytest.approx(float(made.plan.q[0, 1]), rel=0.02)


async def test_a_restart_goes_on_with_the_day_and_half_a_day_does_not_count(bench):
    bench.clock.time = NOW - 8 * 3600.0
    book = ShadowBook(bench.site.data)
    await a_day(bench, ShadowDays(book, bench.state, bench.clock, bench.site.timezone), 49)
    assert book.days("2025-01-16") == {}
    await a_day(bench, ShadowDays(book, bench.state, bench.clock, bench.site.timezone), 48)
    assert len(book.days("2025-01-16")[S1]) == 1


async def test_the_report_tells_loops_and_districts_over_the_api(bench):
    book = ShadowBook(bench.site.data)
    for n, one in enumerate(days(20)):
        row = [96 * one.actual, 96 * one.plan, 96 * one.curve, 0.0, 96.0]
        book.put(f"2024-12-{n + 1:02}", {S1: row, S2: row})
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=BEARER) as api:
        answer = await api.get("/api/v1/plan/shadow")
    assert set(json.loads(answer.content)) == set(schema.ShadowReport.model_fields)
    told = schema.ShadowReport.model_validate_json(answer.content)
    assert [(one.station, one.days, one.proposed) for one in told.loops] == [
        ("S001", 20, True),
        ("S002", 20, True),
    ]
    assert told.loops[0].saved == pytest.approx(0.10, abs=0.01)
    assert [reason.id for reason in told.loops[0].lacking] == ["shadow.rooms_unknown"]
    (north,) = told.districts
    assert north.low < north.saved < north.high
    assert north.why is None


def with_days(book, key, found):
    """Lay whole days down, the newest on 14 January 2025."""
    last = date(2025, 1, 14)
    for back, one in enumerate(reversed(found)):
        row = [96 * one.actual, 96 * one.plan, 96 * one.curve, 96 * one.followed, 96.0]
        book.put((last - timedelta(days=back)).isoformat(), {key: row})


async def test_a_loop_that_drifted_is_left_out_of_plans_until_a_lead_promotes_it(tmp_path):
    bench = ControlRoomBench(tmp_path)
    await bench.add_people()
    book = ShadowBook(bench.site.data)
    with_days(book, S1, [*days(20), *days(20, followed=1.0, drift=0.4)])
    shadow = ShadowDays(book, bench.state, bench.clock, bench.site.timezone)
    assert {key: why.id for key, why in bench.state.drifted.items()} == {S1: "shadow.drifted_up"}
    scene = scene_of(bench.state, bench.traits, {}, {}, NOW, 0.0)
    assert scene.drifted == bench.state.drifted
    statuses = []
    for who, path in (("olga", "S001/1"), ("lei", "S099/1"), ("lei", "S001/1")):
        async with bench.as_person(who) as client:
            body = {"reason": "valve was mended"}
            answer = await client.post(f"plan/shadow/{path}/promote", json=body)
            statuses.append(answer.status_code)
    assert statuses == [403, 404, 200]
    async with bench.as_person("lei") as client:
        assert (await client.post("plan/shadow/S001/1/promote", json={})).status_code == 422
    await bench.room.round()
    await bench.room.audit.append([])
    told = [entry.event for entry in bench.room.audit.newest(100) if entry.event.kind == "loop_promoted"]
    assert [(event.actor, event.data) for event in told] == [
        ("lei", {"loop": "S001/1", "reason": "valve was mended"})
    ]
    await a_day(bench, shadow, 6)
    assert bench.state.drifted == {}
    bench.close()


def test_a_question_leaves_a_drifted_loop_out_with_the_reason(tmp_path):
    site = site_config(tmp_path, station_config("S001"), station_config("S002", port=20002))
    traits = loop_traits(site)
    why = because("shadow.drifted_up", sum=9.0, limit=8.0, days=20)
    scene = Scene(drifted={S1: why})
    series = outlook(NOW).series
    asked = question(first_known(traits, -4.0), traits, series, NO_SOURCE, PlanRules(), NOW, scene)
    assert asked.excluded[S1] is why
