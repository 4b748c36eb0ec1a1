"""Key figures of records made by hand, where each figure can be told in the head."""

import json

import numpy as np
import pytest

from simulators.evaluate.calibration import Calibration, NotCalibrated, keep, stored
from simulators.evaluate.kpis import key_figures, station_means, worst_station
from simulators.evaluate.record import ControlRecord, weighted_quantiles
from simulators.evaluate.verdict import GOALS, against, goals, possible_saving, reasons
from simulators.recorder import ContractBreak
from tests.support.plain_record import HOURS, dwellings, plain_record


def test_heat_is_what_the_source_gave_less_what_is_stored():
    figures = key_figures(plain_record(stored_kWh=800.0))
    assert figures["heat_GJ"] == pytest.approx((100.0 * HOURS - 800.0) * 3.6e-3)
    assert figures["heat_uncorrected_GJ"] == pytest.approx(100.0 * HOURS * 3.6e-3)
    assert figures["heat_GJ_per_m2"] == pytest.approx(figures["heat_GJ"] / 4000.0)


def test_degree_days_count_below_18_only():
    T = np.concatenate([np.full(24, 8.0), np.full(24, 28.0)])
    figures = key_figures(plain_record(T_outdoor=T))
    assert figures["degree_days_K_d"] == pytest.approx(10.0)
    heat = figures["heat_GJ"] * 1e6 / 4000.0 / 10.0
    assert figures["heat_kJ_per_m2_degree_day"] == pytest.approx(heat)


def test_pumps_are_those_of_the_stations_and_of_the_source():
    figures = key_figures(plain_record())
    assert figures["pump_secondary_kWh_per_m2"] == pytest.approx(2 * 0.5 * HOURS / 4000.0)
    assert figures["pump_primary_kWh_per_m2"] == pytest.approx(0.2 * HOURS / 4000.0)
    both = figures["pump_secondary_kWh_per_m2"] + figures["pump_primary_kWh_per_m2"]
    assert figures["pump_kWh_per_m2"] == pytest.approx(both)


def test_the_peak_is_the_mean_of_the_ten_highest_hours():
    Q = np.full(HOURS, 100.0)
    Q[:5] = 300.0
    assert key_figures(plain_record(Q_source=Q))["peak_MW"] == pytest.approx(0.2)


def test_dwellings_weigh_with_the_area_behind_them():
    figures = key_figures(plain_record(T_dwelling=dwellings(17.0, 23.0)))
    assert figures["share_at_least_18_percent"] == pytest.approx(75.0)
    assert figures["share_18_24_percent"] == pytest.approx(75.0)
    assert figures["share_20_22_percent"] == 0.0
    assert figures["under_heating_K_h"] == pytest.approx(0.25 * HOURS)
    assert figures["over_heating_K_h"] == pytest.approx(0.75 * HOURS)
    assert figures["indoor_mean_degC"] == pytest.approx(21.5)
    assert figures["indoor_p10_degC"] == 17.0
    assert figures["indoor_p50_degC"] == figures["indoor_p90_degC"] == 23.0


@pytest.mark.parametrize(
    ("T", "share"), [(17.999, 0.0), (18.0, 100.0), (24.0, 100.0), (24.001, 0.0)], ids=str
)
def test_the_comfort_band_holds_its_ends(T, share):
    assert key_figures(plain_record(T_dwelling=dwellings(T, T)))["share_18_24_percent"] == share


def test_stations_differ_by_their_means_and_read_only_ones_can_be_left_out():
    all_driven = key_figures(plain_record(T_dwelling=dwellings(19.0, 23.0)))
    assert all_driven["indoor_sd_between_stations_K"] == pytest.approx(2.0)
    one = key_figures(plain_record(T_dwelling=dwellings(19.0, 23.0), driven=np.array([1.0, 0.0])))
    assert one["indoor_sd_between_driven_stations_K"] == 0.0


def test_the_worst_station_is_named():
    T = dwellings(20.0, 21.0)
    T[:, 1, :6] = 15.0
    assert worst_station(plain_record(T_dwelling=T)) == ("S2", 15.0)
    assert station_means(plain_record(T_dwelling=T)) == pytest.approx([20.0, 19.8])


def test_conduct_is_told_as_it_was():
    broken = ContractBreak(at=1.0, station="S1", loop=1, what="T_supply step", value=5.0, limit="<= 1")
    control = ControlRecord(
        dT_tracked=[0.1] * 95 + [-2.0] * 5,
        flow_tracked=[0.01, -0.02],
        setpoints_sent=8,
        guard_cuts={"wear": 3, "dead_band": 7},
        breaks=[broken, broken],
    )
    figures = key_figures(plain_record(control=control))
    assert 0.1 <= figures["tracking_T_supply_p95_K"] < 2.0
    assert figures["tracking_flow_p95_percent"] == pytest.approx(2.0, abs=0.1)
    assert figures["setpoint_moves_per_loop_day"] == pytest.approx(2.0)
    assert figures["guard_cuts"] == {"dead_band": 7, "wear": 3}
    assert figures["safety_breaks"] == 2
    assert figures["safety_breaks_by_kind"] == {"T_supply step": 2}


def test_figures_can_be_written_as_json():
    assert json.loads(json.dumps(key_figures(plain_record())))["heat_GJ"] > 0.0


@pytest.mark.parametrize(
    ("share", "value"), [(0.1, 1.0), (0.25, 1.0), (0.26, 2.0), (0.5, 2.0), (0.9, 3.0), (1.0, 3.0)]
)
def test_quantiles_go_by_weight(share, value):
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([2.0, 1.0, 1.0])
    assert weighted_quantiles(values, weights, (share,)) == (value,)


def test_savings_are_told_against_each_baseline_that_took_part():
    curve = key_figures(plain_record())
    better = key_figures(plain_record(strategy="balance", Q_source=np.full(HOURS, 90.0)))
    saved = against("balance", {"curve": curve, "balance": better})
    assert saved["heat_saving_vs_curve_percent"] == pytest.approx(10.0)
    assert saved["peak_reduction_vs_curve_percent"] == pytest.approx(10.0)
    assert not any("staged" in name for name in saved)
    assert against("curve", {"curve": curve}) == {}


def test_goals_are_met_or_missed_by_their_own_measure():
    figures = {
        "curve": key_figures(plain_record(T_dwelling=dwellings(18.5, 25.0))),
        "balance": key_figures(plain_record(strategy="balance", T_dwelling=dwellings(20.0, 21.0))),
    }
    result = goals("balance", figures)
    assert result["indoor_sd_percent_of_curve"]["met"]
    assert result["safety_breaks"]["met"]
    assert not result["heat_saving_vs_curve_percent"]["met"]
    assert "pump_saving_vs_staged_curve_percent" not in result  # no staged_curve to be compared with
    assert {goal.name for goal in GOALS} >= set(result) - {"heat_saving_vs_curve_percent"}


@pytest.mark.parametrize(
    ("sd", "percent"), [(0.0, 0.0), (0.8, 1.5), (2.0, 7.5), (2.3, 9.1), (2.6, 10.7), (4.0, 10.7)]
)
def test_what_balance_can_save_depends_on_the_spread(sd, percent):
    assert possible_saving(sd) == pytest.approx(percent, abs=0.01)


def test_each_class_of_station_is_told_apart():
    one = plain_record(T_dwelling=dwellings(19.0, 23.0), station_classes=("A", "C"))
    assert key_figures(one)["indoor_by_station_class"] == {
        "A": {"stations": 1, "mean_degC": 19.0, "sd_K": 0.0},
        "C": {"stations": 1, "mean_degC": 23.0, "sd_K": 0.0},
    }
    assert any("A 19.0 ± 0.00 (1), C 23.0 ± 0.00 (1)" in line for line in reasons(one))


def test_what_stands_in_the_way_is_said_in_sentences():
    control = ControlRecord(guard_cuts={"own_curve": 12, "dead_band": 400}, cycles=50)
    lines = reasons(
        plain_record(driven=np.array([0.0, 1.0]), T_dwelling=dwellings(16.0, 21.0), control=control)
    )
    assert "1 of 2 stations are read only" in lines[0]
    assert "S1 16.0" in lines[0]
    assert lines[1].startswith("worst is station S1 (read only)")
    assert lines[2:] == [
        "the band of 8 K around the own curves, which carry the common offset, bound 12 % of the time, over "
        "all loops"
    ]


class Case:
    key = "january/2/1"
    hash = "f00d"
    plant = "simple"


def test_a_calibration_is_kept_beside_those_of_other_cases(tmp_path):
    store = tmp_path / "calibration.json"
    found = Calibration(
        commit="abc", hash="f00d", days=10, reached_degC=18.0, city_K=3.2, staged_curve_K=0.4,
        tuned_curve_K={"S1": -1.0},
    )  # fmt: skip
    store.write_text(json.dumps({"other/1/1": {}}), encoding="utf-8")
    keep(Case(), found, store)
    assert stored(Case(), store) == found
    assert "other/1/1" in json.loads(store.read_text(encoding="utf-8"))
    assert found.offsets("tuned_curve").by_station_K == {"S1": -1.0}
    assert found.offsets("staged_curve").common_K == 0.4
    assert found.offsets("curve").common_K == found.offsets("balance").common_K == 0.0


def test_an_unknown_case_says_what_to_do(tmp_path):
    with pytest.raises(NotCalibrated, match=r"january/2/1.*--calibrate"):
        stored(Case(), tmp_path / "none.json")
