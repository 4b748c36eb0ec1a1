"""Strategy `optimizer` against the common curve on a small simulated city, as `dhc evaluate` judges it."""

import pytest

from simulators.evaluate.contestants import Contestant
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.town import make_town
from simulators.evaluate.trial import Trial, run_trial
from simulators.scenario import load_scenario

OFFSET_K = 4.0
"""By about so much operators turn all curves of this city up."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_houses_with_sensors_come_together_within_the_day_on_which_they_tell_of_themselves(tmp_path):
    town = make_town(tmp_path, stations=3, seed=5, offset_K=OFFSET_K)
    trial = Trial(
        scenario=load_scenario("january"),
        contestants=[Contestant(name=name, town=town) for name in ("curve", "optimizer")],
        uncounted_days=0.75,  # sensors tell of a house after half a day
        counted_days=0.25,
    )
    curve, plans = (key_figures(record) for record in run_trial(trial, lambda _: None))
    assert plans["indoor_sd_between_stations_K"] < 0.7 * curve["indoor_sd_between_stations_K"]
    assert plans["under_heating_K_h"] < 0.9 * curve["under_heating_K_h"]
    assert plans["over_heating_K_h"] < 0.9 * curve["over_heating_K_h"]
    assert plans["share_at_least_18_percent"] > curve["share_at_least_18_percent"]
    assert plans["tracking_T_supply_p95_K"] <= 1.0
    assert plans["setpoint_moves"] > curve["setpoint_moves"], "plans are followed"
    assert (plans["mass_change_cycles"], plans["safety_breaks"], plans["setpoints_rejected"]) == (0, 0, 0)
