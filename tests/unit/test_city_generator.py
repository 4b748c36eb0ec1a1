import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import Workbook

from controller.config.pipes import read_pipes
from simulators.city import COLUMNS, profile_sequence, write_city, write_one_station
from simulators.city_text import LAWS, CURVE_OUTDOOR_degC, own_curve
from simulators.sitefile import SiteFileError, load_site
from simulators.truth import OVERSIZE, draw_loop
from stations.profile import builtin_profile

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    write_city(folder)
    return folder


def _rows(folder):
    with (folder / "stations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["site.toml", "stations.csv", "simulation.toml", "pipes.geojson"])
def test_the_committed_demo_city_is_what_the_generator_writes(name, city):
    assert (EXAMPLES / "demo_city" / name).read_bytes() == (city / name).read_bytes()


def test_pipes_lead_from_the_source_to_every_station_and_grow_thicker_towards_it(city):
    places = {row["station"]: (float(row["latitude"]), float(row["longitude"])) for row in _rows(city)}
    faults = []
    pipes = read_pipes(city / "pipes.geojson", faults)
    assert faults == []
    ends = {pipe.positions[-1]: pipe for pipe in pipes}
    assert set(ends) == {place for station, place in places.items() if station != "H001"}
    for pipe in pipes:
        before = ends.get(pipe.positions[0])
        assert before is not None or pipe.positions[0] == places["H001"]
        assert before is None or before.diameter_m >= pipe.diameter_m


@pytest.mark.parametrize("name", ["site.toml", "stations.csv", "simulation.toml"])
def test_the_committed_examples_are_what_the_generator_writes(name, tmp_path):
    write_one_station(tmp_path)
    assert (EXAMPLES / "one_station" / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_demo_city_has_the_mix_that_it_promises(city):
    rows = [row for row in _rows(city) if row["kind"] == "station"]
    heads = list({row["station"]: row for row in rows}.values())
    assert Counter(row["profile"] for row in heads) == {
        "opcua-substation": 16,
        "plc-a": 9,
        "plc-d": 2,
        "plc-e": 1,
        "plc-b": 5,
        "trovis-5578": 4,
        "ecl-310": 2,
        "multical-603": 1,
    }
    loops = Counter(row["station"] for row in rows)
    two = [row for row in heads if loops[row["station"]] == 2]
    assert len(two) >= 5
    assert {row["profile"] for row in two} <= {"plc-a", "plc-d", "plc-e", "opcua-substation"}
    security = Counter((row["security"], row["allow_insecure"]) for row in heads if row["security"])
    assert security[("sign_and_encrypt", "")] >= 5
    assert set(security) == {("sign_and_encrypt", ""), ("none", "true")}
    assert len({row["district"] for row in heads}) in (4, 5)
    assert len({row["name_zh"] for row in heads}) == 40
    assert [row["kind"] for row in _rows(city)].count("source") == 1
    assert sorted(int(row["port"]) for row in heads) == list(range(20_000, 20_040))


def test_areas_and_flows_are_those_of_a_northern_city(city):
    rows = [row for row in _rows(city) if row["kind"] == "station"]
    areas = Counter()
    for row in rows:
        A, m = float(row["A_heated_m2"]), float(row["m_flow_design_kg_per_s"])
        areas[row["station"]] += A
        low, high = (2.0, 3.0) if row["emitter"] == "radiator" else (3.0, 4.5)
        assert low - 0.02 <= m * 3600.0 / A <= high + 0.02
    ordered = sorted(areas.values())
    assert ordered[0] >= 3_000.0
    assert ordered[-1] <= 150_000.0
    assert 40_000.0 <= ordered[20] <= 85_000.0


def test_emitters_are_over_sized_by_thirty_to_a_hundred_percent(city):
    site = load_site(city)
    sizes = [draw_loop(1, station, loop).oversize for station in site.stations for loop in station.loops]
    assert min(sizes) >= OVERSIZE[0]
    assert max(sizes) <= OVERSIZE[1]
    assert max(sizes) - min(sizes) > 0.5


@pytest.mark.parametrize("n", [1, 2, 3, 5, 10, 41, 150])
def test_cities_of_any_size_are_mixed_and_readable(n, tmp_path):
    write_city(tmp_path, stations=n, seed=4, base_port=30_000)
    site = load_site(tmp_path)
    assert len(site.stations) == n
    assert len(site.sources) == 1
    assert site.seed == 4
    protocols = {builtin_profile(station.profile).protocol for station in site.stations}
    assert len(protocols) == min(n, 2)
    for station in site.stations:
        assert len(station.loops) <= builtin_profile(station.profile).max_loops


def test_every_city_is_the_beginning_of_a_greater_one():
    assert profile_sequence(40)[:7] == profile_sequence(7)


@pytest.mark.parametrize(("stations", "base_port"), [(0, 20_000), (40, 65_500), (3, 0)])
def test_impossible_cities_are_refused(stations, base_port, tmp_path):
    with pytest.raises(ValueError, match=r"station|port"):
        write_city(tmp_path, stations=stations, base_port=base_port)


def test_seeds_make_cities(tmp_path):
    for name, seed in (("a", 2), ("b", 2), ("c", 3)):
        write_city(tmp_path / name, stations=12, seed=seed)
    a, b, c = ((tmp_path / name / "stations.csv").read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("emitter", ["radiator", "floor"])
def test_own_curves_stay_within_a_kelvin_and_a_half_of_the_regulation_law(emitter):
    for T_outdoor, T_supply in zip(CURVE_OUTDOOR_degC, own_curve(emitter), strict=True):
        assert -0.5 <= T_supply - LAWS[emitter].supply(T_outdoor) <= 1.5


@pytest.mark.parametrize(
    ("design", "exponent", "table"),
    [
        ((75.0, 50.0), 0.3, {5.0: 51.1, 0.0: 59.3, -5.0: 67.2, -10.1: 75.0}),
        ((45.0, 35.0), 0.1, {5.0: 33.1, 0.0: 37.1, -5.0: 41.0, -10.1: 45.0}),
    ],
)
def test_the_law_meets_the_textbook_values(design, exponent, table):
    law = type(LAWS["floor"])(T_supply_design=design[0], T_return_design=design[1], exponent=exponent)
    for T_outdoor, T_supply in table.items():
        assert law.supply(T_outdoor) == pytest.approx(T_supply, abs=0.06)


def test_a_workbook_reads_like_the_csv(city, tmp_path):
    book = Workbook()
    for row in csv.reader(io.StringIO((city / "stations.csv").read_text(encoding="utf-8"))):
        book.active.append([float(cell) if cell.replace(".", "", 1).isdigit() else cell for cell in row])
    book.save(tmp_path / "stations.xlsx")
    toml = (city / "site.toml").read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(toml.replace("stations.csv", "stations.xlsx"), encoding="utf-8")
    from_book = load_site(tmp_path).stations
    from_csv = load_site(city).stations
    assert [(s.id, s.port, s.loops) for s in from_book] == [(s.id, s.port, s.loops) for s in from_csv]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        (",radiator,", ",dhw,", "no physics"),
        (",plc-a,", ",plc-z,", "plc-a"),
        (",radiator_common,", ",no_such_curve,", "no_such_curve"),
        (",41.67,", ",a lot,", "a lot"),
    ],
)
def test_what_cannot_be_simulated_names_the_station(old, new, word, tmp_path):
    write_one_station(tmp_path)
    text = (tmp_path / "stations.csv").read_text(encoding="utf-8")
    (tmp_path / "stations.csv").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SiteFileError, match="S001") as caught:
        load_site(tmp_path)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("stations.csv", b""),
        ("stations.csv", b"station\n\xff\xfe\n"),
        ("site.toml", b"[site"),
        ("site.toml", b"[site]\ntitle_en = 'no name'"),
        ("simulation.toml", b"seed ="),
    ],
)
def test_unreadable_files_are_named(file, content, tmp_path):
    write_one_station(tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(SiteFileError, match=file):
        load_site(tmp_path)


def test_an_unreadable_workbook_is_named(tmp_path):
    write_one_station(tmp_path)
    toml = (tmp_path / "site.toml").read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(toml.replace("stations.csv", "stations.xlsx"), encoding="utf-8")
    (tmp_path / "stations.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(SiteFileError, match=r"stations\.xlsx"):
        load_site(tmp_path)


@pytest.mark.parametrize("missing", ["site.toml", "stations.csv"])
def test_missing_files_are_named(missing, tmp_path):
    write_one_station(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(SiteFileError, match=missing):
        load_site(tmp_path)


def test_columns_are_the_documented_ones(city):
    header = (city / "stations.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == list(COLUMNS)
