"""A generated city as a folder: the same bytes, read by controller and simulators, and what is refused."""

import csv
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from controller.config.loader import load_site as load_for_controller
from simulators.certificates import ensure_certificates
from simulators.citygen.generate import generate
from simulators.citygen.judgement import design_day_of
from simulators.citygen.model import BUILDING_TYPES
from simulators.citygen.network_files import NetworkFileError, network_of, read_network
from simulators.citygen.site_files import write_site
from simulators.plant.network.errors import (
    DemandNotServed,
    InvalidValue,
    NotConnected,
    UnknownPlace,
    WithoutPipe,
)
from simulators.sitefile import load_site
from simulators.station import SimulatedCity
from simulators.weather import read_csv, recurring
from stations.model.identity import Point

ROOT = Path(__file__).parents[2]
STATIONS, SEED = 40, 8


@pytest.fixture(scope="module")
def city():
    return generate(STATIONS, SEED)


@pytest.fixture(scope="module")
def site(city, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "site"
    write_site(city, folder, base_port=24_000)
    ensure_certificates(load_site(folder))
    return folder


def fingerprint(folder):
    """Return the hash of all files that the generator writes, with their names."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "pki" not in p.parts):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def test_stations_of_hospitals_and_schools_are_critical_users(city, site):
    critical = load_for_controller(site).planning.critical
    assert critical
    kinds = {row: set() for row in range(STATIONS)}
    for loop, kind in zip(city.buildings.loop, city.buildings.type, strict=True):
        kinds[int(city.loops.station[loop])].add(BUILDING_TYPES[kind])
    for row, name in enumerate(city.stations.id):
        if kinds[row] <= {"school", "hospital"}:
            assert name in critical
        if not kinds[row] & {"school", "hospital"}:
            assert name not in critical


def test_the_same_seed_gives_the_same_bytes_in_another_process(city, site, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from simulators.citygen.generate import generate\n"
        "from simulators.citygen.site_files import write_site\n"
        f"write_site(generate({STATIONS}, {SEED}), Path(sys.argv[1]), base_port=24_000)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    subprocess.run([sys.executable, "-c", code, tmp_path / "again"], cwd=ROOT, env=environment, check=True)
    assert fingerprint(tmp_path / "again") == fingerprint(site)


def test_another_seed_gives_another_city(site, tmp_path):
    write_site(generate(STATIONS, SEED + 1), tmp_path / "other", base_port=24_000)
    assert fingerprint(tmp_path / "other") != fingerprint(site)


def test_spread_moves_emitters_balance_and_curves_and_nothing_else(city):
    narrow, none, wide = (generate(STATIONS, SEED, spread) for spread in (1.0, 0.0, 2.5))
    for other in (narrow, none, wide):
        assert (other.loops.A_heated == city.loops.A_heated).all()
        assert (other.buildings.q_design == city.buildings.q_design).all()
        assert other.pipes.trenches == city.pipes.trenches
    assert np.ptp(none.loops.oversize) == np.ptp(none.loops.balance) == np.ptp(none.loops.curve_offset) == 0.0
    for column in ("oversize", "balance", "curve_offset"):
        spreads = [getattr(c.loops, column).std() for c in (narrow, city, wide)]
        assert spreads[0] < spreads[1] <= spreads[2]


def test_the_controller_reads_the_site_without_a_fault(city, site):
    config = load_for_controller(site)
    assert config.simulation
    assert len(config.stations) == STATIONS + 2
    assert len(config.pipes) == len(city.pipes.trenches)
    assert set(config.districts) == {district.key for district in city.districts}
    loops = [loop for station in config.stations for loop in station.loops]
    assert [loop.A_heated_m2 for loop in loops] == city.loops.A_heated.tolist()


def test_the_simulators_run_the_site_with_its_own_weather_and_sources(site):
    start = datetime(2031, 1, 20, 6, tzinfo=UTC).timestamp()
    simulated = SimulatedCity(load_site(site), start=start)
    simulated.step(start + 60.0)
    truth = simulated.truth()
    assert -25.0 < truth.T_outdoor < 15.0
    assert 15.0 < truth.indoor_mean < 28.0
    heat = {name: source.values()[Point(0, "Q_flow_source")] for name, source in simulated.sources.items()}
    assert sum(heat.values()) == pytest.approx(truth.Q_source)
    assert heat["H001"] / sum(heat.values()) == pytest.approx(0.65, abs=1e-6)


def test_a_year_of_weather_recurs_at_its_dates(site):
    table = read_csv(site / "weather.csv")
    for year in (2024, 2027, 2028):  # 2028 has a 29 February
        around = datetime(year, 2, 10, 3, tzinfo=UTC).timestamp()
        moved = recurring(table, around)
        assert (np.diff(moved.times) > 0.0).all()
        assert moved.times[0] <= around
        assert moved.times[-1] > around + 300 * 86_400.0
        first = datetime.fromtimestamp(moved.times[0], UTC)
        assert (first.month, first.day, first.hour) == (7, 1, 0)
        assert moved.at(around) == recurring(table, around + 5.0).at(around)
    leap_day = recurring(table, datetime(2028, 2, 29, tzinfo=UTC).timestamp())
    assert leap_day.times[0] == datetime(2027, 7, 1, tzinfo=UTC).timestamp()


def test_the_network_reads_back_as_it_was_laid(city, site):
    read, laid = read_network(site / "network"), network_of(city)
    assert [trench.name for trench in read.pipes.trenches] == [t.name for t in laid.pipes.trenches]
    assert read.pipes.network().diameter == pytest.approx(laid.pipes.network().diameter)
    assert read.base.tolist() == laid.base.tolist()
    again, first = design_day_of(read), design_day_of(laid)
    assert again.solution.dp_consumer == pytest.approx(first.solution.dp_consumer, abs=0.1)


def test_the_maps_hold_every_pipe_and_every_station(city, site):
    pipes = json.loads((site / "pipes.geojson").read_text("utf-8"))["features"]
    assert [feature["properties"]["name"] for feature in pipes] == [t.name for t in city.pipes.trenches]
    points = json.loads((site / "stations.geojson").read_text("utf-8"))["features"]
    kinds = [feature["properties"]["kind"] for feature in points]
    assert (kinds.count("station"), kinds.count("source")) == (STATIONS, 2)
    for feature in points:
        longitude, latitude = feature["geometry"]["coordinates"]
        assert abs(latitude - city.latitude) < 0.2
        assert abs(longitude - city.longitude) < 0.2
        assert feature["properties"]["name_zh"]


@pytest.mark.parametrize(
    ("stations", "seed", "spread"),
    [(0, 1, 2.3), (5001, 1, 2.3), (40, -1, 2.3), (40, 1, -0.1), (40, 1, 4.1), (40, 1, float("nan"))],
)
def test_cities_out_of_range_are_refused(stations, seed, spread):
    with pytest.raises(ValueError, match=r"0\.\.4\.0|1\.\.5000|2\^63"):
        generate(stations, seed, spread)


def test_ports_that_do_not_suffice_are_refused(city, tmp_path):
    with pytest.raises(ValueError, match="65535"):
        write_site(city, tmp_path / "site", base_port=65_500)
    assert not (tmp_path / "site").exists()


@pytest.fixture
def network(site, tmp_path):
    """A copy of the network's files that a test may spoil."""
    for file in (site / "network").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def spoil(path, row, column, value):
    """Write ``value`` into a cell of a CSV file; value None takes the row out. Returns the row as it was."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    was = dict(rows[row])
    if value is None:
        del rows[row]
    else:
        rows[row][column] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, was.keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return was


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("length_m", "-12.0", InvalidValue),
        ("length_m", "0", InvalidValue),
        ("diameter_m", "9", InvalidValue),
        ("roughness_m", "0.4", InvalidValue),
        ("start", "J9999", UnknownPlace),
    ],
)
def test_a_pipe_that_cannot_be_is_named(network, column, value, error):
    pipe = spoil(network / "pipes.csv", 5, column, value)["pipe"]
    with pytest.raises(error) as caught:
        design_day_of(read_network(network))
    assert pipe in str(caught.value) or value in str(caught.value)


def test_a_station_without_a_pipe_is_named(network, site):
    names = [station.id for station in load_site(site).stations]
    with (network / "pipes.csv").open(encoding="utf-8") as file:
        last = next(i for i, row in enumerate(csv.DictReader(file)) if row["end"] == names[3])
    spoil(network / "pipes.csv", last, "pipe", None)
    with pytest.raises(WithoutPipe, match=names[3]):
        design_day_of(read_network(network), names)


def test_a_station_that_the_network_does_not_know_is_named(network, site):
    names = [station.id for station in load_site(site).stations]
    spoil(network / "stations.csv", 7, "station", None)
    with pytest.raises(WithoutPipe, match=names[7]):
        design_day_of(read_network(network), names)


def test_a_network_in_two_parts_names_what_is_cut_off(network):
    with (network / "pipes.csv").open(encoding="utf-8") as file:
        cut = next(i for i, row in enumerate(csv.DictReader(file)) if row["kind"] == "branch")
    end = spoil(network / "pipes.csv", cut, "pipe", None)["end"]
    with pytest.raises(NotConnected, match=end):
        design_day_of(read_network(network))


def test_a_demand_that_cannot_be_served_names_the_worst_station(network):
    was = spoil(network / "stations.csv", 11, "m_flow_design_kg_per_s", "400")
    with pytest.raises(DemandNotServed, match=was["station"]) as caught:
        design_day_of(read_network(network))
    assert "kPa needed" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "column", "value", "said"),
    [
        ("pipes.csv", "length_m", "long", r"pipes\.csv:4: length_m: 'long' is not a number"),
        ("pipes.csv", "length_m", "nan", r"pipes\.csv:4: length_m: 'nan' is not a number"),
        ("pipes.csv", "kind", "canal", r"pipes\.csv:4: kind: 'canal'; allowed transmission, trunk"),
        ("pipes.csv", "end", "", r"pipes\.csv:4: end: blank"),
        ("places.csv", "z_m", "", r"places\.csv:4: z_m: blank"),
        ("stations.csv", "dp_min_kPa", "much", r"stations\.csv:4: dp_min_kPa: 'much'"),
    ],
)
def test_cells_that_cannot_be_read_are_named_with_their_line(network, file, column, value, said):
    spoil(network / file, 2, column, value)
    with pytest.raises(NetworkFileError, match=said):
        read_network(network)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("p_return_kPa =", "p_return =", "p_return_kPa"),
        ("[[sources]]", "[[works]]", "at least one"),
        ('role = "peak"', 'role = "spare"', "base, peak"),
        ('role = "base"', 'role = "peak"', "must be base"),
        ('place = "H001"', "place = 1", "id and place"),
        ("dp_design_kPa = ", 'dp_design_kPa = "x" # ', "dp_design_kPa"),
        ("[[sources]]", "[[sources", "network.toml"),
    ],
)
def test_settings_that_cannot_be_read_are_named(network, old, new, said):
    text = (network / "network.toml").read_text("utf-8")
    assert old in text
    (network / "network.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(NetworkFileError, match=said):
        read_network(network)


@pytest.mark.parametrize("name", ["network.toml", "pipes.csv", "places.csv", "stations.csv"])
def test_files_that_are_missing_or_no_text_are_named(network, name):
    (network / name).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NetworkFileError, match=name):
        read_network(network)
    (network / name).unlink()
    with pytest.raises(NetworkFileError, match=name):
        read_network(network)


def test_shares_of_sources_that_are_not_told_are_equal(site, tmp_path):
    told = load_site(site)
    for shares, expected in (({}, 0.5), ({"H001": 0.9}, 0.9), ({"H002": 0.9}, 0.1)):
        simulated = SimulatedCity(replace(told, source_shares=shares), start=1.8e9)
        most = {
            name: source.values()[Point(0, "Q_flow_source_max")] for name, source in simulated.sources.items()
        }
        assert most["H001"] / sum(most.values()) == pytest.approx(expected)
