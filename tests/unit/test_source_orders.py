"""Orders to heat sources as they stand: issued, acknowledged, changed, frozen, executed; over restarts."""

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.config.sources import SourceRules
from controller.planning.source_book import (
    LEAD_S,
    Measured,
    SourceBook,
    Standing,
    acknowledged,
    frozen,
    judged,
    renewed,
)
from controller.planning.source_orders import REASONS, SourceOrders, day_to_freeze, told_reasons
from tests.support.api_bench import NOW, FixedClock
from tests.support.published import outlook, published
from tests.support.sites import SITE_TOML, SOURCE_ROW, station_row, write_site
from tests.support.source_city import BASE, HOUR, PEAK, city, look_again, order, state_of

ZONE = "Asia/Shanghai"


def measured(**changes):
    return Measured(**({"Q_flow": 5000.0, "T_supply": 90.0, "Q_flow_max": 9000.0, "minutes": 60} | changes))


# ------------------------------------------------------------------------------------------------ one order


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"Q_flow": 5090.0}, False),
        ({"Q_flow": 5200.0}, True),
        ({"T_supply": 90.9, "T_return": 52.0}, False),
        ({"T_supply": 91.5}, True),
        ({"dp": 395.0}, True),
        ({"m_flow": 27.5}, False),
        ({"m_flow": 29.0}, True),
        ({"T_supply": None}, True),
        ({"phase": "off"}, True),
    ],
)
def test_an_order_changes_only_where_it_matters_and_is_then_to_be_acknowledged_anew(changes, moved):
    first = acknowledged(renewed(None, order(), NOW), "olga", NOW, NOW)
    assert first.state == "acknowledged"
    again = renewed(first, order(**changes), NOW + 900.0)
    assert (again is first) is not moved
    assert again.state == ("issued" if moved else "acknowledged")
    assert again.revision == (2 if moved else 1)


def test_an_order_whose_hour_is_near_stands():
    first = renewed(None, order(), NOW)
    assert renewed(first, order(Q_flow=8000.0), first.order.hour - LEAD_S + 1.0) is first
    assert renewed(first, order(Q_flow=8000.0), first.order.hour - LEAD_S).revision == 2


def test_only_what_somebody_has_seen_is_acknowledged_and_only_before_its_hour_is_over():
    first = renewed(None, order(), NOW)
    assert acknowledged(first, "olga", NOW - 1.0, NOW + 60.0) is first
    told = acknowledged(first, "olga", NOW, NOW + 60.0)
    assert (told.acknowledged_by, told.acknowledged_at) == ("olga", NOW + 60.0)
    assert acknowledged(told, "piotr", NOW + 90.0, NOW + 90.0) is told
    assert acknowledged(first, "olga", NOW, first.order.hour + HOUR) is first


def test_the_plan_of_the_day_before_keeps_its_numbers_while_the_order_goes_on():
    day = frozen(renewed(None, order(), NOW), NOW)
    later = renewed(day, order(Q_flow=7000.0), NOW + 900.0)
    assert (later.order.Q_flow, later.day_ahead.Q_flow, later.frozen_at) == (7000.0, 5000.0, NOW)
    assert frozen(later, NOW + 1800.0) is later


@pytest.mark.parametrize(
    ("did", "outcome"),
    [
        (measured(), "executed"),
        (measured(Q_flow=5240.0, T_supply=91.9), "executed"),
        (measured(Q_flow=5260.0), "deviated"),
        (measured(T_supply=92.1), "deviated"),
        (measured(T_supply=None), "executed"),
        (measured(minutes=29), "unmeasured"),
        (None, "unmeasured"),
    ],
)
def test_an_hour_is_judged_by_the_source_s_own_readings(did, outcome):
    told = judged(renewed(None, order(), NOW), did)
    assert (told.outcome, told.measured) == (outcome, did)
    assert judged(told, measured(Q_flow=0.0)) is told


def test_a_source_that_shall_be_off_may_leak_a_little():
    off = renewed(None, order(phase="off", Q_flow=0.0, T_supply=None, m_flow=None, dp=None), NOW)
    assert judged(off, measured(Q_flow=100.0)).outcome == "executed"
    assert judged(off, measured(Q_flow=400.0)).outcome == "deviated"


# -------------------------------------------------------------------------------------------------- the file


def test_orders_come_back_from_their_file_as_they_were(tmp_path):
    book = SourceBook(tmp_path)
    assert book.issue([order(), order(source=PEAK, phase="off")], NOW) == 2
    assert book.issue([order()], NOW + 900.0) == 0
    book.freeze(NOW, NOW + 24 * HOUR, NOW + 900.0)
    (told,) = book.acknowledge(BASE, "olga", NOW + 900.0, NOW + 960.0)
    assert book.judge({(BASE, NOW + 2 * HOUR): measured()}, NOW + 3 * HOUR - 1.0) == 0
    assert book.judge({(BASE, NOW + 2 * HOUR): measured()}, NOW + 3 * HOUR) == 2
    base, peak = SourceBook(tmp_path).between(NOW, NOW + 24 * HOUR)
    assert base == replace(told, outcome="executed", measured=measured())
    assert (peak.outcome, peak.acknowledged_by) == ("unmeasured", None)


def test_old_orders_are_forgotten(tmp_path):
    book = SourceBook(tmp_path)
    book.issue([order(hour=NOW)], NOW)
    book.issue([order(hour=NOW + 40 * 24 * HOUR)], NOW + 40 * 24 * HOUR)
    assert [one.order.hour for one in book.between(0.0, 1e11)] == [NOW + 40 * 24 * HOUR]


# -------------------------------------------------------------------------------------------------- the task


@pytest.fixture
def bench(tmp_path):
    return _Bench(tmp_path)


class _Bench:
    def __init__(self, folder):
        self.site = city(folder)
        self.site.data.mkdir(parents=True)
        self.clock, self.state = FixedClock(), state_of(self.site)
        self.book = SourceBook(self.site.data)
        self.state.published = published(self.site, NOW)
        self.orders = self.made()

    def made(self):
        return SourceOrders(
            self.site,
            self.clock,
            self.state,
            self.book,
            beliefs=dict,
            forecast=lambda times: outlook(float(times[0]), len(times)),
        )

    async def minutes(self, n, **sources):
        """Let minutes pass."""
        for _ in range(n):
            look_again(self.state, self.site, self.clock.time, **sources)
            await self.orders.look()
            self.clock.time += 60.0

    def standing(self, source=BASE) -> list[Standing]:
        return [one for one in self.book.between(NOW, NOW + 60 * HOUR) if one.order.source == source]


async def test_a_new_plan_issues_orders_once(bench):
    await bench.minutes(3)
    told = bench.standing()
    assert len(told) == 40
    assert {one.issued_at for one in told} == {NOW}
    assert {one.state for one in told} == {"issued"}
    assert bench.standing(PEAK)[0].order.phase == "off"


async def test_hours_that_are_over_are_judged_by_what_the_source_did(bench):
    await bench.minutes(1)
    asked = bench.standing()[0].order
    await bench.minutes(61, H001={"Q": asked.Q_flow, "T": asked.T_supply})
    assert bench.standing()[0].state == "executed"
    await bench.minutes(60, H001={"Q": 0.5 * asked.Q_flow})
    assert bench.standing()[1].state == "deviated"
    assert bench.standing()[1].measured.Q_flow == pytest.approx(0.5 * asked.Q_flow, rel=0.05)


async def test_what_a_stopped_controller_did_not_measure_is_not_judged(bench):
    await bench.minutes(1)
    bench.orders = bench.made()
    bench.clock.time += 3 * HOUR
    await bench.minutes(61)
    assert [one.state for one in bench.standing()[:3]] == ["unmeasured"] * 3


async def test_the_next_day_is_frozen_in_the_afternoon_and_not_again(bench):
    at_half_past_three = NOW + 7.5 * HOUR  # local time is eight at NOW
    bench.clock.time = at_half_past_three - 900.0
    bench.state.published = published(bench.site, bench.clock.time)
    await bench.minutes(1)
    assert all(one.day_ahead is None for one in bench.standing())
    bench.clock.time = at_half_past_three
    bench.state.published = published(bench.site, at_half_past_three)
    await bench.minutes(1)
    days = {
        datetime.fromtimestamp(one.order.hour, ZoneInfo(ZONE)).date().isoformat()
        for one in bench.standing()
        if one.day_ahead is not None
    }
    assert days == {"2025-01-16"}
    assert sum(one.day_ahead is not None for one in bench.standing()) == 24
    bench.state.published = published(bench.site, bench.clock.time + 900.0)
    bench.clock.time += 900.0
    await bench.minutes(1)
    assert {one.frozen_at for one in bench.standing()} - {None} == {at_half_past_three}


async def test_a_bug_in_the_advice_costs_orders_only_and_is_told(bench, monkeypatch):
    monkeypatch.setattr("controller.planning.source_orders.advised", lambda *_: 1 // 0)
    await bench.minutes(1)
    _, (why,) = told_reasons(bench.book.noted(REASONS))
    assert why.id == "dispatch.bug"
    assert bench.standing() == []


async def test_a_site_without_a_source_has_no_task(tmp_path):
    bench = _Bench(tmp_path)
    bench.site = replace(bench.site, stations=bench.site.stations[:3])
    await asyncio.wait_for(bench.made().run(), 5.0)


def test_a_day_is_frozen_from_half_past_three_local_on():
    assert day_to_freeze(NOW + 7.4 * HOUR, ZONE) is None
    name, begin, end = day_to_freeze(NOW + 7.5 * HOUR, ZONE)
    assert (name, (end - begin) / HOUR) == ("2025-01-16", 24.0)


# ---------------------------------------------------------------------------------------------- the site file


def site_with(tmp_path, lines):
    write_site(tmp_path, [station_row()])
    (tmp_path / "site.toml").write_text(f"{SITE_TOML}\n{lines}\n", encoding="utf-8")
    return load_site(tmp_path)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("[planning.sources.S001]", "planning.sources.S001: no heat source of that name"),
        ('[planning.sources.H1]\nrole = "middle"', "planning"),
        ("[planning.sources.H1]\nT_supply_max_degC = 55.0", "not below T_supply_max_degC"),
        ("[planning.sources.H1]\nprize = 1.0", "prize"),
    ],
)
def test_a_wrong_section_of_a_source_is_refused(tmp_path, lines, expected):
    with pytest.raises(SiteError) as refusal:
        site_with(tmp_path, lines)
    assert any(expected in fault for fault in refusal.value.faults), refusal.value.faults


def test_the_section_that_the_documentation_shows_is_a_sound_one_and_says_the_defaults(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "reference" / "site-file.md").read_text(encoding="utf-8")
    shown = page.partition("# [planning.sources.H001]")[1:]
    lines = "".join(shown).partition("\n\n")[0].replace("# ", "", 1).replace("\n# ", "\n")
    write_site(tmp_path, [station_row(), SOURCE_ROW | {"station": "H001"}])
    (tmp_path / "site.toml").write_text(f"{SITE_TOML}\n{lines}\n", encoding="utf-8")
    rules = load_site(tmp_path).planning.sources["H001"]
    assert (rules.costs, rules.starts_in_h) == (SourceRules().costs, SourceRules().starts_in_h)
    assert replace(rules, price=None, start_h=None) == SourceRules()
