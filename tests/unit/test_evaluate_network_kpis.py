"""Key figures of a network, of several seeds, and faults that the judge can or cannot have."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from simulators.city import write_city
from simulators.evaluate import picture
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.record import NetworkRecord
from simulators.evaluate.several import together
from simulators.evaluate.troubles import Troubles, planned_faults
from simulators.faults.site import facts_of
from simulators.fieldtruth.profile import PressureProfile
from simulators.scenario import ScenarioError, load_scenario
from simulators.sitefile import load_site
from tests.support.plain_record import HOURS, dwellings, plain_record


def network(**changes):
    plain = {
        "Q_lost_network": np.full(HOURS, 6.0),
        "Q_lost_house_pipes": np.full(HOURS, 4.0),
        "m_flow_makeup": np.full(HOURS, 0.1),
        "m_flow_primary": np.full(HOURS, 2.0),
        "T_supply_source": np.full(HOURS, 80.0),
        "T_short": np.zeros(HOURS),
        "dp": np.full((HOURS, 2), 80.0),
        "imbalance": -1e-12,
        "worst": None,
    }
    return NetworkRecord(**(plain | changes))


def figures(T_dwelling=None, **changes):
    more = {} if T_dwelling is None else {"T_dwelling": T_dwelling}
    return key_figures(plain_record(network=network(**changes), **more))


def test_a_city_without_a_network_has_no_figures_of_one():
    assert "heat_lost_pipes_percent" not in key_figures(plain_record())


def test_pipes_lose_a_share_of_what_was_fired():
    told = figures()
    assert told["heat_lost_pipes_percent"] == pytest.approx(10.0)
    assert told["heat_lost_pipes_GJ_per_m2"] == pytest.approx(10.0 * HOURS * 3.6e-3 / 4000.0)
    assert told["balance_error"] == 1e-12


def test_make_up_is_told_in_tonnes_and_by_area_and_month():
    told = figures()
    assert told["makeup_t"] == pytest.approx(0.36 * HOURS)
    assert told["makeup_kg_per_m2_month"] == pytest.approx(360.0 * 720.0 / 4000.0)


def test_the_worst_station_is_sought_in_every_hour():
    dp = np.full((HOURS, 2), 80.0)
    dp[0, 1], dp[1:, 0] = 10.0, 50.0
    told = figures(dp=dp)
    assert told["dp_worst_station_min_kPa"] == 10.0
    assert told["dp_worst_station_p5_kPa"] == 50.0


def test_a_shortage_counts_only_while_the_sources_are_short():
    T_short = np.zeros(HOURS)
    T_short[:10] = 3.0
    told = figures(dwellings(17.0, 15.0), T_short=T_short)
    assert told["shortage_hours"] == 10
    assert told["shortage_spread_K_h"] == pytest.approx(20.0)
    assert told["shortage_sd_K_h"] == pytest.approx(10.0)
    assert figures(dwellings(17.0, 15.0))["shortage_spread_K_h"] == 0.0


def test_in_a_shortage_the_coldest_dwelling_and_critical_users_are_told():
    T_short, T = np.zeros(HOURS), dwellings(19.0, 16.0)
    T_short[:10] = 3.0
    T[5, 1, 3], T[20, 0, 0] = 11.0, 5.0  # the second is in an hour with enough
    record = plain_record(
        network=network(T_short=T_short),
        T_dwelling=T,
        critical=frozenset({"S1"}),
        driven=np.array([1.0, 0.0]),
    )
    told = key_figures(record)
    assert told["shortage_coldest_dwelling_degC"] == 11.0
    assert told["shortage_driven_coldest_dwelling_degC"] == 19.0
    assert told["shortage_critical_coldest_degC"] == pytest.approx(19.0)
    assert "shortage_critical_coldest_degC" not in figures(T, T_short=T_short)
    assert "shortage_coldest_dwelling_degC" not in figures(T)


def test_the_picture_of_a_city_with_a_network_has_supply_return_flow_and_pressure_of_both_sides(
    tmp_path, monkeypatch
):
    drawn = []

    class Kept(Figure):
        def savefig(self, *arguments, **fields):
            drawn.append(self)

    monkeypatch.setattr(picture, "Figure", Kept)
    far = np.array([0.0, 1.0, 2.0])
    worst = PressureProfile(
        station="S2", dp_kPa=70.0, at=0.0, far_km=far, ground=np.zeros(3),
        supply=120.0 - 5.0 * far, back=90.0 + 5.0 * far,
    )  # fmt: skip
    picture.draw([plain_record(network=network(worst=worst))], "A week", tmp_path / "week.png")
    (figure,) = drawn
    by_name = {axes.get_ylabel().partition(",")[0].replace("\n", " "): axes for axes in figure.axes}
    assert list(by_name) == [
        "outdoor", "heat at the source", "all pumps", "dwellings", "water", "flow", "least dp at a station",
        "m above sea",
    ]  # fmt: skip
    shown = {name: [float(line.get_ydata()[0]) for line in axes.lines] for name, axes in by_name.items()}
    assert shown["water"] == [50.0, 40.0, 80.0, 40.0]  # houses, back from there, sources, primary return
    assert shown["flow"] == pytest.approx([4.0 * 3600.0 / 4000.0, 2.0 * 3600.0 / 4000.0])
    assert shown["least dp at a station"] == [80.0]
    assert by_name["flow"].get_ylim()[0] == by_name["least dp at a station"].get_ylim()[0] == 0.0
    assert "station S2, which had 70 kPa" in by_name["m above sea"].get_xlabel()


def test_several_seeds_have_a_mean_and_the_worst_of_each_figure():
    def verdict(seed, share, heat):
        told = {"share_at_least_18_percent": share, "heat_GJ": heat, "counted_days": 7.0, "guard_cuts": {}}
        return {
            "scenario": "january", "plant": "physical", "calibrated": True, "commit": "abc", "city": "c",
            "spread_K": 2.3, "parameters": "x", "stations": 2, "seed": seed,
            "comparable": True, "strategies": {"curve": told}, "against": {"curve": {}},
            "sources_written": ["W001"],
        }  # fmt: skip

    both = together([verdict(1, 97.0, 10.0), verdict(2, 91.0, 20.0)])
    assert both["seeds"] == [1, 2]
    assert both["sources_written"] == ["W001"]
    assert both["mean"]["strategies"]["curve"] == {
        "share_at_least_18_percent": 94.0, "heat_GJ": 15.0, "counted_days": 7.0,
    }  # fmt: skip
    assert both["worst"]["strategies"]["curve"] == {"share_at_least_18_percent": 91.0, "heat_GJ": 20.0}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(folder, stations=12, seed=3)
    return load_site(folder)


def with_fault(**table):
    return replace(load_scenario("january"), faults={"fault": [table]})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"name": "meteor", "at_s": 0}, "no fault 'meteor'.*frozen_sensor"),
        ({"name": "half_open", "at_s": 0}, "the judge has no fault 'half_open'; known are: outage"),
        ({"name": "outage", "at_s": 0, "stations": ["S999"]}, "'S999' is not simulated here"),
        ({"name": "outage", "at_s": 0, "duration_s": 60.0, "again_every_s": 90}, "at least twice"),
    ],
    ids=["unknown", "not judged", "no station", "again too soon"],
)
def test_a_fault_that_cannot_be_had_is_refused_in_words(site, table, said):
    with pytest.raises(ScenarioError, match=said):
        planned_faults(with_fault(**table), facts_of(site), site.seed)


def test_a_fault_that_comes_again_has_a_phase_and_lengths_of_its_own_at_each_station(site):
    table = {"name": "outage", "at_s": 0, "duration_s": 600, "again_every_s": 7200, "stations": "25 %"}
    planned = planned_faults(with_fault(**table), facts_of(site), site.seed)
    by_station = {}
    for one in planned:
        by_station.setdefault(one.stations, []).append(one)
    assert len(by_station) == 4  # a quarter of 12 stations and a source
    assert len({times[0].at_s for times in by_station.values()}) == 4
    for times in by_station.values():
        assert [b.at_s - a.at_s for a, b in itertools.pairwise(times)] == pytest.approx(
            [7200.0] * (len(times) - 1)
        )
        assert all(300.0 <= one.duration_s <= 900.0 for one in times)


async def test_links_and_values_break_when_their_time_has_come(site):
    scenario = replace(
        load_scenario("january"),
        faults={
            "fault": [
                {"name": "outage", "at_s": 600, "duration_s": 600, "stations": ["S001"]},
                {"name": "missing_sensor", "at_s": 600, "duration_s": 600, "stations": ["S002"]},
            ]
        },
    )
    troubles = Troubles(site, scenario, None, lambda: scenario.start)
    seen = []
    for at in (0.0, 600.0, 1200.0):
        await troubles.advance(scenario.start + at)
        seen.append((troubles.links["S001"].up, troubles.devices["S002"].spoils))
    assert seen == [(True, False), (False, True), (True, False)]
