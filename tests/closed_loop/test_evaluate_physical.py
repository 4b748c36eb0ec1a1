"""The judge on the physical city: its network, its faults, and the controller's own code in the loop."""

import json

import numpy as np
import pytest

from simulators.evaluate.kpis import key_figures
from simulators.evaluate.verdict import verdict
from simulators.fieldtruth.parameters import parameter_hash
from simulators.scenario import known_scenarios
from tests.support.physical_judge import SmallJudge


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield SmallJudge(tmp_path_factory.mktemp("cities"), monkeypatch)


@pytest.fixture(scope="module")
def january(judge):
    return judge.run("january", "curve", "balance")


def test_the_same_seed_gives_the_same_json_twice(judge, january):
    again = verdict(*judge.run("january", "curve", "balance"))
    assert json.dumps(again) == json.dumps(verdict(*january))
    assert again["parameters"] == parameter_hash()


def test_every_driven_loop_is_driven_and_inside_the_contract(january):
    for record in january[1]:
        figures = key_figures(record)
        assert record.control.breaks == []
        assert figures["setpoints_rejected"] == figures["setpoints_expired"] == 0
        assert figures["setpoint_moves"] > 0


def test_heat_is_stored_or_lost_and_pipes_lose_their_share_of_it(january):
    for record in january[1]:
        figures = key_figures(record)
        assert figures["balance_error"] < 1e-6
        assert 3.0 < figures["heat_lost_pipes_percent"] < 15.0
        assert 20.0 < figures["dp_worst_station_min_kPa"] <= figures["dp_worst_station_p5_kPa"]
        assert 0.1 < figures["makeup_kg_per_m2_month"] < 10.0
        assert record.network.worst.dp_kPa > 0.0


def test_a_plant_that_gives_70_percent_is_short_and_stations_bear_it_unequally(judge, january):
    _, (short,) = judge.run("plant_70", "curve", hours=8.0)
    figures = key_figures(short)
    assert figures["shortage_hours"] >= 5
    assert figures["shortage_spread_K_h"] > figures["shortage_sd_K_h"] > 0.0


@pytest.mark.parametrize("name", [name for name in known_scenarios() if name not in ("january", "plant_70")])
def test_every_scenario_runs_and_keeps_the_contract(judge, name):
    _, (record,) = judge.run(name, "curve", hours=2.0, uncounted_hours=0.0)
    assert record.control.breaks == []
    assert key_figures(record)["balance_error"] < 1e-6
    assert np.isfinite(record.T_dwelling).all()
