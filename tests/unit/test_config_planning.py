"""The section [planning] of a site file: what it means when it is left out, and how it refuses."""

import pytest

from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.decisions import LoopKey
from controller.wiring import plan_rules, regulation_laws
from tests.support.sites import SITE_TOML, station_row, write_site


def site_with(tmp_path, lines):
    write_site(tmp_path, [station_row(), station_row("S002", "20002")])
    (tmp_path / "site.toml").write_text(f"{SITE_TOML}\n[planning]\n{lines}\n", encoding="utf-8")
    return load_site(tmp_path)


def faults_of(tmp_path, lines):
    with pytest.raises(SiteError) as refusal:
        site_with(tmp_path, lines)
    return refusal.value.faults


def test_without_the_section_plans_come_every_quarter_of_an_hour_at_one_price(tmp_path):
    planning = load_site(write_site(tmp_path)).planning
    assert (planning.interval_s, planning.shadow, planning.critical) == (900.0, False, ())
    assert planning.tariff == (1.0,) * 24


def test_one_price_stands_for_all_hours_and_the_night_goes_over_midnight(tmp_path):
    planning = site_with(tmp_path, 'tariff = [0.3]\nnight = "22:30-06:15"').planning
    assert planning.tariff == (0.3,) * 24
    assert planning.night == (22.5, 6.25)


def test_rules_of_plans_follow_from_the_site(tmp_path):
    site = site_with(tmp_path, 'critical = ["S002"]\nnight_setback_K = 1.0\ninterval_s = 600.0')
    rules = plan_rules(site, regulation_laws(site), {"radiator": 43_200.0})
    assert rules.critical == {LoopKey("S002", 1)}
    assert (rules.night_setback_K, rules.interval_s, rules.timezone) == (1.0, 600.0, site.timezone)
    assert rules.laws == regulation_laws(site)


def test_buildings_of_a_use_are_kept_warmer_where_the_list_says_what_they_are_for(tmp_path):
    rows = [station_row(building="hospital"), station_row("S002", "20002"), station_row("S003", "20003")]
    write_site(tmp_path, [*rows, station_row("S004", "20004", building="office")])
    more = "[planning]\nwarmer_K = { hospital = 2.0, office = -1.0 }\n"
    (tmp_path / "site.toml").write_text(f"{SITE_TOML}\n{more}", encoding="utf-8")
    site = load_site(tmp_path)
    warmer = plan_rules(site, regulation_laws(site), {}).warmer_K
    assert warmer == {LoopKey("S001", 1): 2.0, LoopKey("S004", 1): -1.0}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("interval_s = 60.0", "planning.interval_s: out of range (got 60); allowed 300..2400"),
        ("tariff = [1.0, 2.0]", "not one price or 24, one for each hour of the day (got 2)"),
        ("tariff = [-1.0]", "out of range (got -1); allowed 0..100000"),
        ("tariff = [0.0]", "all prices are 0"),
        ("tariff = [nan]", "not a finite number"),
        ('night = "25:00-05:00"', "no span of a night (got '25:00-05:00'); allowed e.g. 23:00-05:00"),
        ('night = "05:00-05:00"', "begins when it ends"),
        ('critical = ["S001", "S001"]', "a station stands twice"),
        ('critical = ["S099"]', "planning.critical: no such station (got 'S099')"),
        ("warmer_K = { castle = 1.0 }", "planning.warmer_K"),
        ("warmer_K = { hospital = 9.0 }", "planning.warmer_K.hospital: out of range (got 9); allowed -3..6"),
        ("over_K = 0.0", "planning.over_K: out of range (got 0); allowed 0.2..0.7"),
        ("over_K = 1.0", "planning.over_K: out of range (got 1); allowed 0.2..0.7"),
        ("solver_limit_s = 0.1", "planning.solver_limit_s: out of range"),
        ("horizon_h = 24.0", "planning: horizon_h: unknown"),
    ],
)
def test_a_fault_is_named_with_key_value_and_range(tmp_path, lines, expected):
    assert any(expected in fault for fault in faults_of(tmp_path, lines))
