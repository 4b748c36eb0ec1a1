"""The synthetic city on its own curves: how far apart its stations are before anybody balances them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from simulators.city import write_city
from simulators.sitefile import load_site
from simulators.station import SimulatedCity
from simulators.weather import steady

DEMO = Path(__file__).parents[2] / "examples" / "demo_city"
START = datetime(2025, 1, 15, tzinfo=UTC).timestamp()
JANUARY_degC = -5.5


@pytest.mark.slow
@pytest.mark.soak
def test_on_one_common_curve_stations_differ_by_two_point_three_kelvin(soak, capsys):
    hours = soak.pick(reduced=4, full=12)
    city = SimulatedCity(load_site(DEMO), start=START, weather=steady(JANUARY_degC), scan_s=10.0)
    at_start = city.truth()
    city.step(START + hours * 3600.0)
    now = city.truth()
    with capsys.disabled():
        print(f"\ndemo_city, steady {JANUARY_degC} degC, own curves, after {hours} h:")
        print(f"  indoor mean {now.indoor_mean:.2f} degC, sd between stations {now.indoor_sd:.2f} K")
        print(f"  heat {now.heat_W_per_m2_mean:.1f} W/m2, source {now.Q_source / 1000.0:.1f} MW")
        _print_stations(city)
    soak.record(hours=hours, indoor_sd=now.indoor_sd, indoor_mean=now.indoor_mean)
    assert now.indoor_sd == pytest.approx(2.3, abs=0.4)
    assert 20.0 <= now.indoor_mean <= 22.5
    assert 25.0 <= now.heat_W_per_m2_mean <= 50.0
    assert now.indoor_mean == pytest.approx(at_start.indoor_mean, abs=0.3)
    assert now.indoor_sd == pytest.approx(at_start.indoor_sd, abs=0.2)
    assert now.Q_source < city.works.source_params.Q_max


def test_other_seeds_make_cities_of_the_same_kind(tmp_path):
    spreads, means = [], []
    for seed in range(2, 14):
        write_city(tmp_path / str(seed), seed=seed)
        city = SimulatedCity(load_site(tmp_path / str(seed)), start=START, weather=steady(JANUARY_degC))
        spreads.append(city.truth().indoor_sd)
        means.append(city.truth().indoor_mean)
    assert np.mean(spreads) == pytest.approx(2.3, abs=0.25)
    assert 20.5 <= np.mean(means) <= 22.0


def _print_stations(city):
    print("  station  supply  return  primary    valve  flow kg/(h m2)  W/m2  indoor")
    works = city.works
    A = works.params.secondary.building.A_heated
    for place in range(0, len(A), 6):
        station = list(city.stations)[works.params.station[place]]
        print(
            f"  {station:7s}  {works.loops.T_supply[place]:6.1f}  {works.loops.T_return[place]:6.1f}"
            f"  {works.source.T_station[works.params.station[place]]:5.1f}/"
            f"{works.loops.T_return_primary[place]:4.1f}  {works.loops.y_valve[place]:4.2f}"
            f"  {works.flows.m_flow[place] * 3600.0 / A[place]:14.2f}"
            f"  {works.flows.Q_exchanger[place] / A[place] * 1000.0:4.1f}  {works.indoor[place]:6.1f}"
        )
