"""The physical city against field audits: a heating season of 40 stations on their own curves.

Targets: heat 0.355 GJ/m2 +- 10 % at the degree-days of a normal season, over-heating 20 +- 2 %, stations
2.3 +- 0.2 K apart, dwellings 1.2 +- 0.2 K within a station, pumps 0.285 and 0.28 kWh/m2 and month (+- 10 %),
pipe loss 5..10 % of the heat fired. So that a strategy can be judged on it, no more than a quarter of the
control valves stands wide open on the coldest day, and supplies then lack at most 1 K of what their curves
ask. In a soak: three seeds, then 200 stations. The season shall take at most 60 s of a core of its own; half
as much again is allowed for one that is shared.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulators.fieldtruth.build import season_start
from simulators.fieldtruth.commission import station_mean
from simulators.fieldtruth.fingerprint import city_hash, fingerprint
from simulators.fieldtruth.parameters import parameter_hash
from simulators.fieldtruth.season import SEASON_STEP_S, Figures, run_season, season_plant
from simulators.plant import zone
from simulators.plant.city_plant import CityPlant
from simulators.plant.primary import Primary
from tests.support.field_cities import field_city
from tests.support.soak import soaking

FROZEN = "8afd9ea7a374"
"""Of the parameters with which the published figures were found; a change of it is a new calibration."""
DRAWN = "ea2c22834c1c"
"""Of what is drawn from them for 6 stations and seed 3: constants of the code count there too."""
FIRST_DAY = {
    "heat_GJ_per_m2": 0.340016,
    "overheating": 0.354835,
    "station_sd_K": 1.903779,
    "dwelling_sd_K": 1.435622,
    "T_indoor_degC": 22.918912,
    "primary_kWh_per_m2_month": 0.130134,
    "pipe_loss": 0.122607,
}
"""Of that city, 1 November: what parameters and drawing make of it changes with any law of the plant."""

TARGETS = {
    "heat_GJ_per_m2": (0.355, 0.0355),
    "overheating": (0.20, 0.02),
    "station_sd_K": (2.3, 0.2),
    "dwelling_sd_K": (1.2, 0.2),
    "secondary_kWh_per_m2_month": (0.285, 0.0285),
    "primary_kWh_per_m2_month": (0.28, 0.028),
    "pipe_loss": (0.075, 0.025),
    "valves_open_coldest_day": (0.125, 0.125),
    "supply_short_coldest_day_K": (0.5, 0.5),
}
TOLD = {"m_flow_kg_per_h_m2": (3.0, 0.4), "m_flow_primary_kg_per_h_m2": (0.9, 0.2)}
"""Of which, with the head, the electricity of the pumps is made; the audit's mean is 3.0 and 1.0."""
CPU_S = 60.0


def table(figures):
    """The figures beside their targets, and those that miss."""
    lines = [f"parameters {parameter_hash()}, {figures.days:.0f} days, {figures.degree_days:.0f} K d"]
    for name, (middle, apart) in {**TARGETS, **TOLD}.items():
        value = getattr(figures, name)
        inside = abs(value - middle) <= apart
        lines.append(f"{name:28} {value:7.3f}  {middle} +- {apart} {'' if inside else ' MISSED'}")
    for name in Figures.__slots__:
        if name not in TARGETS and name not in TOLD:
            lines.append(f"{name:28} {getattr(figures, name):9.4g}")
    return "\n".join(lines)


def test_the_parameters_are_those_that_were_frozen():
    assert parameter_hash() == FROZEN


def test_what_is_drawn_from_them_and_how_it_behaves_is_frozen_with_them():
    field = field_city()
    assert city_hash(field) == DRAWN
    day = run_season(field, days=1.0)
    assert {name: getattr(day, name) for name in FIRST_DAY} == pytest.approx(FIRST_DAY, rel=1e-5)


def test_another_curve_is_another_city_and_another_place_of_its_files_is_not():
    field = field_city()
    curves = replace(field.curves, T_supply=field.curves.T_supply + 0.1)
    assert city_hash(replace(field, curves=curves)) != city_hash(field)
    assert fingerprint(Path("here"), 1.0) == fingerprint(Path("there"), 1.0 + 1e-9)
    with pytest.raises(TypeError, match="object has no fingerprint"):
        fingerprint(object())


def test_a_seasons_lazier_hydraulics_give_the_figures_of_every_step_solving():
    """Single stations may be 2 % of flow off meanwhile, which the judge's are not; no figure shows it."""
    field = field_city()
    params, begin = field.params, season_start(field.city.weather) + 75 * 86_400.0
    every = CityPlant(params, SEASON_STEP_S, Primary(params.network, params.transport, -1.0, 0.0))
    lazy = season_plant(field)
    figures = [run_season(field, days=2.0, begin=begin, plant=plant) for plant in (lazy, every)]
    assert every.primary.solutions == 3 * 144
    assert lazy.primary.solutions < 0.5 * every.primary.solutions
    for name in (*list(TARGETS)[:7], *TOLD):
        quick, exact = (getattr(one, name) for one in figures)
        assert quick == pytest.approx(exact, rel=1e-3), name
    assert figures[0].supply_short_K == pytest.approx(figures[1].supply_short_K, abs=0.02)


@pytest.mark.slow(minutes=1)
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("stations", "seed"),
    [(40, 1), *([(40, 2), (40, 3), (200, 4)] if soaking() else [])],
)
def test_a_season_on_the_stations_own_curves_is_what_audits_measured(stations, seed, soak, capsys):
    field = field_city(stations, seed)
    before = time.process_time()
    figures = run_season(field)
    cpu_s = time.process_time() - before
    with capsys.disabled():
        print(f"\n{stations} stations, seed {seed}, {cpu_s:.0f} s CPU\n{table(figures)}")
    soak.record(stations=stations, seed=seed, **{name: float(getattr(figures, name)) for name in TARGETS})
    assert "MISSED" not in table(figures), table(figures)
    assert abs(figures.imbalance) < 1e-6
    assert cpu_s < CPU_S or stations > 40


@pytest.mark.parametrize("spread", [1.0, 1.5, 2.0, 2.5])
def test_a_spread_makes_stations_so_unlike_each_other_and_leaves_their_houses_alone(spread):
    usual, field = field_city(40, 1), field_city(40, 1, spread)
    np.testing.assert_array_equal(usual.params.zone.C, field.params.zone.C)
    state = field.begin(1_767_225_600.0, 60.0)
    occupied = np.where(field.occupied, field.params.zone.A_heated, 0.0)
    T = zone.indoor(state.T)
    assert station_mean(T, occupied, field.station_of_house).std() == pytest.approx(spread, rel=0.15)
