"""A site folder that people have worked on: what is taken from it, and all that is wrong with it at once."""

import re

import numpy as np
import pytest

from simulators.citygen.generate import generate
from simulators.citygen.site_files import write_site
from simulators.citygen.site_ranges import SiteFaults
from simulators.citygen.taken import taken
from simulators.evaluate.physical_town import NotGenerated, Origin, field_city
from simulators.plant.network.errors import WithoutPipe
from simulators.scenario import load_scenario


@pytest.fixture(scope="module")
def city():
    return generate(6, 3)


@pytest.fixture
def site(city, tmp_path):
    write_site(city, tmp_path / "site")
    return tmp_path / "site"


def edit(file, pattern, new):
    """Replaces what one regular expression finds once."""
    text, count = re.subn(pattern, new, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    file.write_text(text, encoding="utf-8")


def cell(file, row, column, value):
    """Writes a cell; `row` counts lines, the header is 1."""
    lines = file.read_text(encoding="utf-8").splitlines()
    cells = lines[row - 1].split(",")
    cells[lines[0].split(",").index(column)] = value
    lines[row - 1] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_folder_that_nobody_touched_gives_the_drawn_city_with_all_digits(city, site):
    again = taken(city, site)
    for part in ("loops", "weather", "sources", "stations"):
        for name in getattr(city, part).__slots__:
            np.testing.assert_array_equal(
                getattr(getattr(again, part), name), getattr(getattr(city, part), name)
            )
    assert again.pipes.trenches == city.pipes.trenches
    assert again.pipes.places == city.pipes.places


def test_pipes_areas_flows_sources_and_weather_are_taken_as_they_stand(city, site):
    cell(site / "network" / "pipes.csv", 2, "length_m", "777.7")
    cell(site / "network" / "stations.csv", 3, "m_flow_design_kg_per_s", "9.5")
    cell(site / "stations.csv", 2, "A_heated_m2", str(1.5 * city.loops.A_heated[0]))
    cell(site / "stations.csv", 2, "m_flow_design_kg_per_s", "33.00")
    cell(site / "weather.csv", 5, "T_outdoor_degC", "-11.25")
    edit(site / "network" / "network.toml", r"^Q_max_kW = .*", "Q_max_kW = 54321")
    again = taken(city, site)
    assert again.pipes.trenches[0].length == 777.7
    assert again.pipes.network().length[0] == 777.7
    assert again.stations.m_flow_design[1] == 9.5
    assert again.loops.A_heated[0] == 1.5 * city.loops.A_heated[0]
    assert again.loops.m_flow_design[0] == 33.0
    assert again.weather.T_outdoor[3] == -11.25
    assert again.sources.Q_max[0] == 54321.0
    assert (again.loops.A_heated[1:] == city.loops.A_heated[1:]).all()


def test_a_station_whose_pipe_was_taken_away_is_named(city, site):
    edit(site / "network" / "pipes.csv", r"^P\d+,service,.*\n", "")
    with pytest.raises(WithoutPipe, match="S001"):
        taken(city, site)


def test_all_that_cannot_be_taken_is_told_at_once_with_file_key_value_and_range(city, site):
    A = float(city.loops.A_heated[0])
    cell(site / "network" / "pipes.csv", 2, "length_m", "-12")
    cell(site / "network" / "places.csv", 4, "z_m", "high")
    edit(site / "network" / "network.toml", r"^p_return_kPa = .*", "p_return_kPa = 9999.0")
    cell(site / "stations.csv", 2, "A_heated_m2", str(3.0 * A))
    cell(site / "stations.csv", 3, "station", "S999")
    cell(site / "weather.csv", 5, "T_outdoor_degC", "-80")
    with pytest.raises(SiteFaults) as refused:
        taken(city, site)
    told = refused.value.faults
    for words in (
        "network/pipes.csv:2: length_m: got -12; allowed 0.1..50000",
        "network/places.csv:4: z_m: got high; allowed -500..6000",
        "network/network.toml: p_return_kPa: got 9999.0; allowed 100..2500",
        f"stations.csv:2: A_heated_m2: got {3.0 * A}; allowed {0.5 * A:g}..{2.0 * A:g}",
        "weather.csv:5: T_outdoor_degC: got -80; allowed -50..50",
    ):
        assert words in told
    assert any(line.startswith("stations.csv:3: station, loop: got S999") for line in told)
    assert any("station, loop: got none for S00" in line for line in told)


@pytest.mark.parametrize(
    ("file", "pattern", "new", "said"),
    [
        (
            "stations.csv",
            r"^(S001,.*),radiator,",
            r"\1,stove,",
            "emitter: got stove; allowed radiator, floor",
        ),
        ("stations.csv", r"^(S002,.*\n)", r"\1\1", "(twice)"),
        ("weather.csv", r"^2025-07-01T02:00:00Z", "2025-07-01T02:30:00Z", "allowed 2025-07-01T02:00:00Z"),
        ("weather.csv", "^time,T_outdoor_degC", "time,T", "got none of T_outdoor_degC"),
        ("network/stations.csv", r"^S003,", "S033,", "got S003, S033"),
        ("network/network.toml", r'^id = "H002"', 'id = "H009"', "got H001, H009; allowed H001, H002"),
        (
            "network/network.toml",
            r"^Q_max_kW = .*",
            "",
            "sources H001: Q_max_kW: got None; allowed 10..5e+06",
        ),
    ],
)
def test_what_was_not_drawn_or_is_no_table_of_this_city_is_refused_by_name(
    city, site, file, pattern, new, said
):
    edit(site / file, pattern, new)
    with pytest.raises(SiteFaults) as refused:
        taken(city, site)
    assert said in str(refused.value)


def test_the_judge_tells_faults_of_the_controllers_files_with_those_of_the_city(site):
    cell(site / "network" / "pipes.csv", 2, "length_m", "-12")
    edit(site / "site.toml", r"^T_indoor_degC = 20.0", "T_indoor_degC = 200.0")
    with pytest.raises(NotGenerated) as refused:
        field_city(Origin(stations=6, seed=3), load_scenario("january"), site)
    assert "2 faults" in str(refused.value)
    assert "network/pipes.csv:2: length_m: got -12" in str(refused.value)
    assert "regulation.radiator.T_indoor_degC" in str(refused.value)
