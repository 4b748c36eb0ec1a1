"""Fault scenarios as text: what they plan, whom they choose, and all that can be wrong with them at once."""

import random

import pytest

from simulators.faults.model import Facts, Family
from simulators.faults.registry import ALL, FAULTS, UnknownFault, find
from simulators.faults.scenario import ScenarioFaults, load_scenario, read_fault, read_scenario
from stations.profile import builtin_profile


def facts(station, profile="plc-a", kind="station", **special):
    special = {"secured": False} | special
    return Facts(station=station, kind=kind, profile=builtin_profile(profile), n_loops=1, **special)


CITY = {
    fact.station: fact
    for fact in (
        *(facts(f"S{number:03}") for number in range(1, 9)),
        facts("S009", "opcua-substation"),
        facts("S010", "opcua-substation", secured=True),
        facts("S011", "ecl-310"),
        facts("H001", "source-opcua", kind="source"),
    )
}


def planned(**table):
    (one,) = read_scenario({"fault": [{"at_s": 60, **table}]}, CITY, seed=1)
    return one


def wrong(raw):
    with pytest.raises(ScenarioFaults) as caught:
        read_scenario(raw, CITY, seed=1)
    return caught.value.faults


def test_a_fault_has_its_time_its_options_and_those_who_can_have_it():
    one = planned(name="lost_sessions")
    assert (one.fault.name, one.at_s, one.duration_s) == ("lost_sessions", 60.0, 10.0)
    assert one.stations == ("S009", "S010", "H001")
    assert planned(name="certificate").stations == ("S010",)
    assert planned(name="source_limited").stations == ("H001",)
    latency = planned(name="latency", stations="S002", duration_s=5, one_way_ms=7)
    assert (latency.stations, latency.duration_s) == (("S002",), 5.0)
    assert latency.settings.as_dict() == {"one_way_ms": 7.0, "jitter_ms": 40.0}


@pytest.mark.parametrize("name", ["half_open", "L5_half_open"])
def test_a_name_may_have_its_row_before_it(name):
    assert find(name).name == "half_open"


def test_a_name_behind_another_row_is_unknown():
    with pytest.raises(UnknownFault, match="did you mean half_open"):
        find("P5_half_open")


def test_an_unknown_name_shows_near_ones_first_and_all_known_ones():
    with pytest.raises(UnknownFault) as caught:
        find("valve_stick")
    text = str(caught.value)
    assert "did you mean valve_stuck" in text
    assert all(name in text for name in FAULTS)


def test_a_share_is_drawn_by_the_seed_from_those_who_can_have_the_fault():
    def drawn(seed):
        raw = {"seed": seed, "fault": [{"name": "short_answer", "at_s": 0, "stations": "25 %"}]}
        return read_scenario(raw, CITY, seed=99)[0].stations

    assert drawn(1) == drawn(1)
    assert {len(drawn(seed)) for seed in range(10)} == {3}  # a quarter of 9 Modbus stations, rounded up
    assert len({drawn(seed) for seed in range(10)}) > 3
    assert all("S009" not in drawn(seed) for seed in range(20))


def test_all_that_is_wrong_is_told_at_once_with_key_value_and_range():
    told = wrong(
        {
            "titel": "x",
            "seed": "one",
            "fault": [
                {"name": "latencyy", "at_s": 0},
                {"name": "latency", "at_s": -1, "one_way_ms": "fast", "sped": 1, "duration_s": 0},
                {"name": "modbus_exception", "code": 7, "on": "reads", "at_s": 0},
                {"name": "frozen_sensor", "points": ["T_suply"], "at_s": 0},
                {"name": "lost_sessions", "at_s": 0, "stations": ["S001", "S999"]},
                {"name": "outage", "stations": "120 %", "at_s": 0},
                {"name": "outage"},
                {"at_s": 3},
                "outage",
            ],
        }
    )
    expected = [
        ("titel: no such key; known: fault, seed, title",),
        ("seed = 'one': must be a whole number",),
        ("fault 1 (latencyy): there is no fault 'latencyy', did you mean latency",),
        ("fault 2 (latency): one_way_ms = 'fast': must be a number 1..20000",),
        ("fault 2 (latency): sped = 1: latency has no such option; known: one_way_ms, jitter_ms",),
        ("fault 2 (latency): at_s = -1: must be 0..",),
        ("fault 2 (latency): duration_s = 0: must be 0.1..",),
        ("fault 3 (modbus_exception): code = 7: must be 1 | 2 | 3 | 4 | 5 | 6 | 8 | 10 | 11",),
        ("fault 4 (frozen_sensor): points = 'T_suply': must be of T_",),
        ("fault 5 (lost_sessions): stations: S001 cannot have lost_sessions: plc-a does not speak OPC UA",),
        ("fault 5 (lost_sessions): stations: 'S999' is not simulated here",),
        ("fault 6 (outage): stations = '120 %': must be above 0 % and at most 100 %",),
        ("fault 7 (outage): at_s: is missing",),
        ("fault 8: name = None: must be the name of a fault",),
        ("fault 9: must be a table [[fault]]",),
    ]
    assert len(told) == len(expected), told
    for line, (begin,) in zip(told, expected, strict=True):
        assert line.startswith(begin)


@pytest.mark.parametrize("raw", [{}, {"fault": []}, {"fault": "outage"}])
def test_a_scenario_without_a_fault_is_none(raw):
    assert wrong(raw) == ("fault: a scenario has at least one table [[fault]]",)


@pytest.mark.parametrize("stations", [[], 5, ["S001", 5]])
def test_stations_that_are_none_are_refused(stations):
    assert wrong({"fault": [{"name": "outage", "at_s": 0, "stations": stations}]})


def test_a_fault_that_nobody_can_have_is_refused():
    only_modbus = {name: fact for name, fact in CITY.items() if fact.profile.protocol == "modbus"}
    for stations in ("all", "10 %"):
        with pytest.raises(ScenarioFaults, match="none here can have lost_sessions"):
            read_fault(
                {"name": "lost_sessions", "at_s": 0, "stations": stations}, only_modbus, random.Random(1)
            )


@pytest.mark.parametrize(("text", "says"), [("[[fault", "fault"), (None, "No such file")])
def test_a_file_that_is_no_scenario_is_named(tmp_path, text, says):
    path = tmp_path / "night.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ScenarioFaults, match=r"night\.toml.*"):
        load_scenario(path, CITY, 1)


def test_a_file_is_read_and_its_faults_carry_its_name(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text('title = "a bad night"\n[[fault]]\nname = "outage"\nat_s = 5\nstations = ["S001"]\n')
    (one,) = load_scenario(path, CITY, 1)
    assert (one.fault.name, one.stations) == ("outage", ("S001",))
    path.write_text('[[fault]]\nname = "outag"\nat_s = 5\n')
    with pytest.raises(ScenarioFaults, match=r"^night.toml: fault 1 \(outag\): there is no fault"):
        load_scenario(path, CITY, 1)


def test_a_burst_main_is_refused_where_no_network_of_pipes_stands_behind_the_stations():
    with pytest.raises(ScenarioFaults, match="cannot have main_burst: the plant behind it has no network"):
        read_scenario({"fault": [{"name": "main_burst", "at_s": 0, "stations": ["S001"]}]}, CITY, 1)


def test_names_are_unique_and_every_fault_says_what_it_does_and_expects():
    assert len({fault.name for fault in ALL}) == len(ALL)
    for fault in ALL:
        assert fault.does
        assert fault.expected
        assert fault.name == fault.name.lower()
        assert bool(fault.rows) == (fault.family is not Family.PLANT)
        settings, _ = fault.settings({})
        apart = facts("D001", dials=True), facts("N001", pipes=True), facts("V001", centre=True)
        kinds = (*CITY.values(), *apart)
        assert any(fault.fits(fact, settings) is None for fact in kinds)
        for option in fault.options:
            assert option.read(option.default) == option.default
