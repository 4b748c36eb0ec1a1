"""The judge's ``curve`` against the field: what was audited on the stations' own curves is where it starts.

The audit is of a season on own curves, which ``tests/validation/test_field_truth.py`` holds the city to.
Under ``curve`` the same city is run by PLCs and a centre with one law for each emitter. Here a week of it
stands beside the same week on own curves, and beside those audited figures that a week can be held to. The
rest cannot: over-heating and the spreads are means of a season, in which stations are less far apart than in
its coldest week.
"""

import time
from datetime import datetime

import pytest

from simulators.evaluate.case import Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.trial import run_trial
from simulators.fieldtruth.season import DEGREE_DAYS, HOURS_PER_MONTH, run_season
from simulators.scenario import load_scenario

PIPES, AUDITED_kJ_per_m2_K_d = (5.0, 10.0), 0.355e6 / 2836.0


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_week_under_curve_is_the_audited_week(tmp_path, soak):
    scenario = load_scenario("january")
    case = Case(
        scenario=scenario, stations=40, seed=1, uncounted_days=3.0, counted_days=7.0,
        folder=tmp_path, plant="physical",
    )  # fmt: skip
    town = case.town(0.0)
    began = time.process_time()
    (record,) = run_trial(case.trial([Contestant(name="curve", town=town)]), lambda share: None)
    spent = time.process_time() - began
    judged, days = key_figures(record), 7.0
    own = run_season(town.field, days=days, begin=scenario.start + 3 * 86_400.0)
    heat = own.heat_GJ_per_m2 * own.degree_days / DEGREE_DAYS
    pumps = {
        name: judged[f"pump_{name}_kWh_per_m2"] * HOURS_PER_MONTH / (24.0 * days)
        for name in ("secondary", "primary")
    }
    told = {
        "heat_at_stations_GJ_per_m2": (
            judged["heat_GJ_per_m2"] * (1.0 - own.primary_pipe_loss), heat, 0.04 * heat
        ),
        "station_sd_K": (judged["indoor_sd_between_stations_K"], own.station_sd_K, 0.3),
        "indoor_mean_degC": (judged["indoor_mean_degC"], own.T_indoor_degC, 0.6),
        "secondary_kWh_per_m2_month": (pumps["secondary"], own.secondary_kWh_per_m2_month, 0.03),
        "primary_kWh_per_m2_month": (pumps["primary"], own.primary_kWh_per_m2_month, 0.06),
        "pipe_loss_percent": (judged["heat_lost_pipes_percent"], 100.0 * own.pipe_loss, 0.6),
    }  # fmt: skip
    soak.record(
        cpu_s=round(spent, 1),
        begin=datetime.fromtimestamp(scenario.start).isoformat(),
        heat_kJ_per_m2_K_d=round(judged["heat_kJ_per_m2_degree_day"], 1),
        **{name: [round(value, 4) for value in values] for name, values in told.items()},
    )
    for name, (here, there, most) in told.items():
        assert here == pytest.approx(there, abs=most), name
    assert judged["heat_kJ_per_m2_degree_day"] == pytest.approx(AUDITED_kJ_per_m2_K_d, rel=0.10)
    assert pumps["secondary"] == pytest.approx(0.285, rel=0.10)
    assert PIPES[0] <= judged["heat_lost_pipes_percent"] <= PIPES[1]
    assert judged["safety_breaks"] == 0
