"""Strategy `balance` against the common curve on a small simulated city, side by side in virtual time."""

import numpy as np
import pytest

from simulators.evaluate.contestants import Contestant
from simulators.evaluate.kpis import key_figures, station_means
from simulators.evaluate.town import make_town
from simulators.evaluate.trial import Trial, run_trial
from simulators.scenario import load_scenario
from stations.model.setpoint import StationClass

OFFSET_K = 4.0
"""By about so much operators turn all curves of this city up until dwellings are warm enough."""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_balance_brings_houses_together_with_less_heat_and_less_pumping(tmp_path, capsys):
    town = make_town(tmp_path, stations=8, seed=5, offset_K=OFFSET_K)
    trial = Trial(
        scenario=load_scenario("january"),
        contestants=[
            Contestant(name="curve", town=town),
            Contestant(name="balance", town=town),
        ],
        uncounted_days=5.0,
        counted_days=1.0,
    )
    records = run_trial(trial, lambda share: None)
    curve, balance = (key_figures(record) for record in records)
    classes = {station.id: station.profile.station_class for station in town.controlled.stations}
    free = np.array([classes[name] is StationClass.A for name in records[0].stations])
    sd_curve, sd_balance = (station_means(record)[free].std() for record in records)
    with capsys.disabled():
        print("\n8 stations, january, the sixth day, curve and balance:")
        print(f"  sd between class A stations {sd_curve:.2f} and {sd_balance:.2f} K")
        for name in (
            "heat_GJ_per_m2", "indoor_mean_degC", "share_at_least_18_percent", "over_heating_K_h",
            "pump_secondary_kWh_per_m2", "tracking_T_supply_p95_K", "tracking_flow_p95_percent",
            "setpoint_moves_per_loop_day",
        ):  # fmt: skip
            print(f"  {name} {curve[name]:.4g} and {balance[name]:.4g}")
    assert sd_balance <= 0.65 * sd_curve
    assert balance["heat_GJ_per_m2"] < 0.98 * curve["heat_GJ_per_m2"]
    assert balance["over_heating_K_h"] < 0.6 * curve["over_heating_K_h"]
    assert balance["pump_secondary_kWh_per_m2"] < 0.6 * curve["pump_secondary_kWh_per_m2"]
    assert balance["share_at_least_18_percent"] >= curve["share_at_least_18_percent"]
    assert balance["tracking_T_supply_p95_K"] <= 1.0
    assert balance["tracking_flow_p95_percent"] <= 5.0
    assert balance["mass_change_cycles"] == 0
    assert balance["safety_breaks"] == 0
