"""The figures of the closed loop: their arithmetic, on verdicts and runs made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import __main__ as bench
from benchmarks import control
from benchmarks.control_city import C_OFF, FULL, UA_OFF, judged_case, troubles, wrong_houses
from benchmarks.control_figures import AUTUMN, JANUARY, MISMATCH, breaks_of, figures_of
from benchmarks.report import load_targets
from controller.decisions import LoopKey
from controller.knowing.known import Known
from controller.planning.published import Published
from optimizer.building_prior import prior
from optimizer.estimate.state import begin, trust_before
from optimizer.forecast.weather import NoWeather
from optimizer.plan.status import PlanStatus, no_plan
from optimizer.reason import because
from simulators.evaluate.hindsight import APART_K
from simulators.evaluate.intended import AHEAD_S, Intended
from simulators.scenario import load_scenario

KEYS = (LoopKey("S001", 1), LoopKey("S002", 1))
CURVE = {
    "heat_GJ": 1000.0,
    "pump_kWh_per_m2": 0.5,
    "indoor_sd_between_stations_K": 2.0,
    "over_heating_K_h": 40.0,
    "under_heating_K_h": 10.0,
    "share_at_least_18_percent": 90.0,
    "worst_station_p10_degC": 16.0,
    "peak_MW": 20.0,
    "tracking_T_supply_p95_K": 0.4,
    "tracking_flow_p95_percent": 2.0,
    "safety_breaks": 0,
}


def verdict(seed=101, **ours):
    mine = {**CURVE, "intended_vs_true_indoor_p90_K": 0.6, **ours}
    warm = {**CURVE, "heat_GJ": 1250.0, "share_at_least_18_percent": 96.0}
    strategies = {"curve": CURVE, "staged_curve": CURVE, "warm_curve": warm, "tuned_curve": CURVE,
                  "optimizer": mine}  # fmt: skip
    return {
        "scenario": "january", "plant": "physical", "stations": 60, "seed": seed, "counted_days": 14.0,
        "uncounted_days": 3.0, "sources_written": ["H001"], "parameters": "abc",
        "city": f"city{seed}", "strategies": strategies,
        "offsets_K": {"city": {"radiator": 0.5, "floor": 0.5}, "warm_curve": {"radiator": 5.5, "floor": 5.5}},
    }  # fmt: skip


def of(verdicts):
    return {result.name: result for result in figures_of(JANUARY, verdicts)}


@pytest.mark.parametrize(
    ("kpi", "value", "name", "percent"),
    [
        ("heat_GJ", 920.0, "control.heat_saving_vs_curve_percent", 8.0),
        ("heat_GJ", 1050.0, "control.heat_saving_vs_tuned_curve_percent", -5.0),
        ("pump_kWh_per_m2", 0.3, "control.pump_saving_vs_staged_curve_percent", 40.0),
        ("indoor_sd_between_stations_K", 0.9, "control.indoor_sd_reduction_percent", 55.0),
        ("over_heating_K_h", 10.0, "control.overheating_reduction_percent", 75.0),
        ("under_heating_K_h", 5.0, "control.underheating_change_percent", -50.0),
        ("under_heating_K_h", 15.0, "control.underheating_change_percent", 50.0),
        ("share_at_least_18_percent", 97.5, "control.comfort_share_percent", 97.5),
        ("peak_MW", 18.0, "control.peak_reduction_percent", 10.0),
        ("heat_GJ", 1000.0, "control.january.heat_saving_vs_warm_curve_percent", 20.0),
        ("heat_GJ", 1000.0, "control.january.comfort_share_of_warm_curve_percent", 96.0),
        ("heat_GJ", 1000.0, "control.january.offset_of_warm_curve_K", 5.0),
    ],
)
def test_a_saving_is_what_is_less_than_the_baselines_and_a_change_what_is_more(kpi, value, name, percent):
    assert of([verdict(**{kpi: value})])[name].value == pytest.approx(percent)


def test_a_figure_is_the_mean_of_the_cities_and_tells_the_worst():
    heat = of([verdict(101, heat_GJ=900.0), verdict(102, heat_GJ=940.0)])
    saved = heat["control.heat_saving_vs_curve_percent"]
    assert (saved.value, saved.runs) == (pytest.approx(8.0), 2)
    assert saved.spread == (pytest.approx(6.0), pytest.approx(10.0))
    assert "worst 6;" in saved.note
    assert "city101, city102" in saved.note
    colder = of([verdict(101, under_heating_K_h=9.0), verdict(102, under_heating_K_h=12.0)])
    assert "worst 20;" in colder["control.underheating_change_percent"].note


def test_breaks_are_summed_over_cities_and_strategies():
    assert breaks_of("control.safety_breaks", [verdict(), verdict(102, safety_breaks=2)]).value == 2.0


def test_every_figure_that_has_a_target_is_brought_by_a_measurement_in_its_unit():
    targets = load_targets()["control"]
    for measurements in (control.MEASUREMENTS, control.FULL_MEASUREMENTS):
        assert {name for each in measurements for name in each.names} == targets.keys()
    units = {name: unit for what in (JANUARY, AUTUMN, MISMATCH) for name, (unit, _) in what.items()}
    assert all(name.count(".") == 2 for name in units.keys() - targets.keys())
    assert all(targets[name].unit == unit for name, unit in units.items() if name in targets)


def test_an_area_of_hours_runs_only_when_it_is_named(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(bench, "write_json", lambda area, figures: ran.append(area) or tmp_path)
    assert bench.main([], {"cycle": [], "control": [], "control_full": []}) == 0
    assert ran == ["cycle"]
    assert bench.main(["control_full"], {"cycle": [], "control": [], "control_full": []}) == 0
    assert ran == ["cycle", "control_full"]


def test_houses_are_believed_wrong_by_the_sizes_that_are_told():
    n = 40
    houses = prior(
        building_type=["residential"] * n,
        emitter=["radiator"] * n,
        insulation=["saving"] * n,
        area=[5e4] * n,
    )
    known = Known(
        keys=tuple(LoopKey(f"S{i:03d}", 1) for i in range(n)),
        buildings=houses,
        trust=trust_before(n),
        state=begin(houses, trust_before(n), 0.0),
    )
    wrong = wrong_houses(known, 101).buildings
    assert set(np.round(wrong.UA / houses.UA, 6)) == {1.0 - UA_OFF, 1.0 + UA_OFF}
    stores = wrong.C_e / houses.C_e
    assert 1.0 / C_OFF <= stores.min() < 0.7 < 1.5 < stores.max() <= C_OFF
    assert np.array_equal(wrong_houses(known, 101).buildings.C_i, wrong.C_i)


def test_the_troubles_last_as_long_as_the_run_and_take_half_of_links_and_sensors():
    tables = troubles(17.0)["fault"]
    assert [table["stations"] for table in tables] == ["25 %", "25 %", "50 %"]
    assert tables[0]["duration_s"] == 17 * 86_400


def published(now, T_end):
    """Return a plan of a day that ends at these rooms; the second loop is left out."""
    plan = replace(
        no_plan(2, now, 0.25, because("plan.not_yet")),
        status=PlanStatus.OPTIMAL,
        q=np.full((2, 96), 30.0),
        T_indoor=np.linspace(20.0, T_end, 96) * np.ones((2, 1)),
    )
    return Published(
        made_at=now,
        keys=KEYS,
        plan=plan,
        excluded={KEYS[1]: because("plan.loop_lost")},
        outlook=NoWeather(quantity="T_outdoor", begin=now),
        known=None,
    )


def test_rooms_are_held_against_what_the_plan_of_the_day_before_said_of_them():
    intended, rooms = Intended(KEYS), np.array([21.5, 19.0])
    assert intended.look(published(0.0, 21.0), 0.0, rooms).size == 0
    assert intended.look(None, 3600.0, rooms).size == 0
    off = intended.look(None, AHEAD_S, rooms)
    assert off == pytest.approx([0.5])


@pytest.mark.parametrize("seed", FULL.seeds)
def test_every_city_of_the_long_form_has_a_site_that_the_centre_takes(seed, tmp_path):
    case = judged_case(FULL, seed, load_scenario("january"), tmp_path)
    for offset_K in APART_K:
        assert len(case.town(offset_K).controlled.stations) >= FULL.stations
