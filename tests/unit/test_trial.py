"""A trial is as small as it can be, and stays inside every limit that the running controller keeps."""

from dataclasses import replace

import pytest

from controller.decisions import LoopKey
from controller.trial import before, choose, ramp_fault, refusal, steepest_ramp
from controller.wiring import loop_traits
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.sites import FLOOR_CURVE, loop_config, site_config, station_config


def traits_of(tmp_path, profile="plc-a", **loop):
    site = site_config(tmp_path, station_config(profile=profile, loops=(loop_config(**loop),)))
    return loop_traits(site)[LoopKey("S001", 1)]


def readings(T_outdoor=-5.0, T_effective=67.0, m_effective=35.0, **more):
    values = {
        "0/T_outdoor": T_outdoor,
        "1/T_supply_secondary": T_effective,
        "1/T_supply_secondary_set_readback": T_effective,
        "1/T_supply_secondary_set_effective": T_effective,
        "1/m_flow_secondary_set_effective": m_effective,
        "1/dT_supply_secondary_offset_readback": 0.0,
        "1/remote_level": 0.0,
        "1/y_pump_secondary": 0.8,
    } | {name.replace("__", "/"): value for name, value in more.items()}
    found = {}
    for name, value in values.items():
        loop, point = name.removeprefix("p").split("/")
        found[Point(int(loop), point)] = bad(Reason.SENTINEL, 0.0) if value is None else good(value, 0.0, 0.0)
    return found


@pytest.mark.parametrize(
    ("loop", "T_effective", "T_primary", "expected"),
    [
        ({}, 67.0, None, 68.0),
        ({"T_supply_max_degC": 67.5}, 67.0, None, 66.0),
        ({}, 67.0, 70.5, 66.0),
        ({}, 67.0, 71.0, 68.0),
        ({}, 75.5, None, 74.5),
        ({}, 59.0, None, 60.0),
        ({"own_curve": FLOOR_CURVE, "emitter": "floor", "T_supply_max_degC": 38.0}, 37.5, None, 36.5),
    ],
    ids=["warmer", "at the maximum", "source short", "source enough", "above band", "at band", "floor"],
)  # fmt: skip
def test_the_trial_is_one_kelvin_inside_all_limits(tmp_path, loop, T_effective, T_primary, expected):
    traits = traits_of(tmp_path, **loop)
    trial = choose(traits, before(traits, readings(T_effective=T_effective)), T_primary)
    assert trial.T_supply == pytest.approx(expected)
    assert trial.instruction.heat == pytest.approx(expected)


def test_no_room_for_a_trial_is_said(tmp_path):
    traits = replace(traits_of(tmp_path), T_supply_min_degC=66.9, T_supply_max_degC=67.1)
    assert choose(traits, before(traits, readings()), None) is None


@pytest.mark.parametrize(
    ("m_effective", "share"), [(35.0, 0.95), (12.25, 0.30), (12.0, 12.0 / 35.0 + 0.05), (40.0, 1.0)]
)
def test_circulation_moves_by_a_twentieth_and_stays_within_30_to_100_percent(tmp_path, m_effective, share):
    traits = traits_of(tmp_path)
    trial = choose(traits, before(traits, readings(m_effective=m_effective)), None)
    assert trial.instruction.circulation == pytest.approx(share * 35.0)


def test_class_b_is_tried_by_an_offset_and_without_circulation(tmp_path):
    traits = traits_of(tmp_path, profile="plc-b")
    trial = choose(traits, before(traits, readings()), None)
    assert (trial.instruction.heat, trial.instruction.circulation) == (pytest.approx(1.0), None)
    assert trial.T_supply == pytest.approx(68.0)


@pytest.mark.parametrize(
    ("profile", "more", "words"),
    [
        ("plc-a", {"p1__remote_level": 1.0}, "follows a centre already"),
        ("plc-a", {"p1__y_pump_secondary": 0.0}, "pump stands still"),
        ("plc-a", {"p1__T_supply_secondary": None}, "1/T_supply_secondary can not be read"),
        ("plc-a", {"p1__T_supply_secondary_set_readback": None}, "_readback can not be read"),
        ("plc-a", {"T_outdoor": None}, "no outdoor temperature"),
        ("plc-b", {"p1__dT_supply_secondary_offset_readback": -2.0}, "offset of -2.0 K is set already"),
        ("plc-a", {"p1__y_pump_secondary": None, "p1__m_flow_secondary": 0.1}, "pump stands still"),
    ],
)
def test_nothing_is_written_where_something_speaks_against_it(tmp_path, profile, more, words):
    more = {name.removeprefix("p"): value for name, value in more.items()}
    assert words in refusal(traits_of(tmp_path, profile=profile), readings(**more))


@pytest.mark.parametrize("profile", ["plc-a", "plc-b", "opcua-substation", "trovis-5578"])
def test_nothing_speaks_against_a_sound_loop(tmp_path, profile):
    assert refusal(traits_of(tmp_path, profile=profile), readings()) is None


def test_hot_water_is_never_tried(tmp_path):
    assert "read only" in refusal(traits_of(tmp_path, emitter="dhw"), readings())


def ramp(K_per_min, every_s, n=40):
    return [(i * every_s, 60.0 - K_per_min * i * every_s / 60.0) for i in range(n)]


@pytest.mark.parametrize(
    ("samples", "sound"),
    [
        ([], True),
        ([(0.0, 60.0)], True),
        (ramp(0.2, 10.0), True),
        (ramp(0.2, 61.0), True),
        (ramp(0.0, 10.0), True),
        (ramp(0.4, 10.0), False),
        (ramp(0.4, 60.0), False),
        ([(0.0, 60.0), (10.0, 59.0), (20.0, 59.0)], False),
    ],
    ids=["none", "one", "agreed", "agreed, slowly polled", "flat", "twice", "twice, slowly polled", "jump"],
)
def test_a_ramp_is_judged_by_near_and_by_distant_samples(samples, sound):
    assert (ramp_fault(samples, 0.01) is None) == sound


def test_the_steepest_slope_is_taken_over_a_minute():
    assert steepest_ramp(ramp(0.2, 10.0)) == pytest.approx(0.2)
    assert steepest_ramp([(0.0, 60.0), (10.0, 59.0)]) == 0.0
