"""A served site with several sources: each has its own limit, and what it lacks the others give."""

from dataclasses import replace

import pytest

from simulators.citygen.generate import generate
from simulators.citygen.site_files import write_site
from simulators.faults.plant_port import SourceLimited
from simulators.faults.scenario import read_scenario
from simulators.faults.site import facts_of
from simulators.plant_troubles import CityTroubles
from simulators.sitefile import SiteFileError, load_site
from simulators.station import SimulatedCity
from simulators.weather import steady
from stations.model.identity import Point

START = 1_736_899_200.0
SHARES = {"H001": 0.65, "H002": 0.35}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("city")
    write_site(generate(12, 1), found)
    return found


@pytest.fixture
def city(folder):
    site = load_site(folder)
    assert set(site.source_shares) == set(SHARES)
    return SimulatedCity(replace(site, source_shares=SHARES), start=START, weather=steady(-8.0))


def shown(city, name, point):
    return city.sources[name].values()[Point(0, point)]


@pytest.mark.parametrize(
    ("limited", "left"),
    [
        ({"H001": 0.5}, {"H001": 0.325, "H002": 0.35}),
        ({"H002": 0.5}, {"H001": 0.65, "H002": 0.175}),
        ({"H001": 0.5, "H002": 0.5}, {"H001": 0.325, "H002": 0.175}),
        ({"H001": 0.1, "H002": 0.8}, {"H001": 0.065, "H002": 0.28}),
    ],
    ids=["the large one", "the small one", "both at half", "each its own"],
)
def test_a_limit_takes_its_share_of_its_source_and_the_city_has_the_sum(city, limited, left):
    whole = city.works.source_params.Q_max
    door = CityTroubles(city)
    ends = [door.begin(name, SourceLimited(share=share)) for name, share in limited.items()]
    assert city.works.source_params.Q_max == pytest.approx(sum(left.values()) * whole, rel=1e-12)
    for name, share in left.items():
        assert shown(city, name, "Q_flow_source_max") == pytest.approx(share * whole, rel=1e-12)
    for end in ends:
        end()
        end()
    assert city.works.source_params.Q_max == pytest.approx(whole, rel=1e-12)


def test_the_fault_at_all_sources_leaves_the_city_what_it_says(city):
    facts = facts_of(city.site)
    (planned,) = read_scenario(
        {"fault": [{"name": "source_limited", "at_s": 0, "share_pct": 50}]}, facts, seed=1
    )
    assert set(planned.stations) == set(SHARES)
    whole, door = city.works.source_params.Q_max, CityTroubles(city)
    for name in planned.stations:
        door.begin(name, SourceLimited(share=planned.settings.number("share_pct") / 100.0))
    assert city.works.source_params.Q_max == pytest.approx(0.5 * whole, rel=1e-12)


def test_two_limits_of_one_source_multiply_and_each_ends_alone(city):
    whole, door = city.works.source_params.Q_max, CityTroubles(city)
    half = door.begin("H001", SourceLimited(share=0.5))
    third = door.begin("H001", SourceLimited(share=0.3))
    assert shown(city, "H001", "Q_flow_source_max") == pytest.approx(0.15 * 0.65 * whole)
    half()
    assert shown(city, "H001", "Q_flow_source_max") == pytest.approx(0.3 * 0.65 * whole)
    third()
    assert city.works.source_params.Q_max == pytest.approx(whole)


def test_a_limited_source_gives_all_it_has_and_tells_so_the_other_takes_the_rest(city):
    city.step(START + 3600.0)
    fired = city.works.source.Q_firing
    mine = city.capacities
    assert mine.given("H001", fired) == pytest.approx(0.65 * fired, rel=1e-12)
    assert shown(city, "H001", "alarm_word") == shown(city, "H002", "alarm_word") == 0.0
    CityTroubles(city).begin("H001", SourceLimited(share=0.3))
    city.step(START + 3600.0 + 4 * 3600.0)
    fired, most = city.works.source.Q_firing, mine.of("H001")
    assert mine.given("H001", fired) == pytest.approx(most, rel=1e-12)
    assert mine.given("H001", fired) + mine.given("H002", fired) == pytest.approx(fired, rel=1e-12)
    assert shown(city, "H001", "alarm_word") == 1.0
    flows = [shown(city, name, "m_flow_source") for name in SHARES]
    assert sum(flows) == pytest.approx(city.works.source.m_flow_smooth, rel=1e-12)
    assert flows[0] / flows[1] == pytest.approx(most / mine.given("H002", fired), rel=1e-12)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("H001 = 0.9\nH002 = 0.3", "add up to 1.2"),
        ("H001 = 0.4\nH002 = 0.3", "add up to 0.7"),
        ("H001 = -0.1", "H001 = -0.1: must be a number in 0..1"),
        ("H001 = nan", "H001 = nan: must be a number in 0..1"),
        ("H009 = 0.2", "H009: is no source of this site; there are H001, H002"),
    ],
)
def test_shares_that_cannot_be_are_refused_with_file_source_and_value(folder, tmp_path, lines, said):
    site = tmp_path / "site"
    site.mkdir()
    for name in ("site.toml", "stations.csv"):
        (site / name).write_bytes((folder / name).read_bytes())
    (site / "simulation.toml").write_text(f"[simulation]\n[simulation.source_shares]\n{lines}\n")
    with pytest.raises(SiteFileError, match=said) as refused:
        load_site(site)
    assert "simulation.toml" in str(refused.value)
