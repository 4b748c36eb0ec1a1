"""What the cycle makes of a station's image."""

import pytest

from controller.decisions import LoopKey, Mode, Season
from controller.image import StationImage
from controller.observe import LoopSituation, observe, primary_elsewhere
from controller.wiring import loop_traits
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.sites import site_config

NOW = 1_768_406_400.0
KEY = LoopKey("S001", 1)


def seen(tmp_path, **points):
    """The observation of loop 1 with these readings; plain numbers are GOOD and of now."""
    readings = {}
    for name, value in points.items():
        loop = 0 if name.endswith(("primary", "outdoor")) else 1
        readings[Point(loop, name)] = value if not isinstance(value, float) else good(value, NOW)
    image = StationImage(station="S001", readings=readings, polled_at=NOW)
    situation = LoopSituation(mode=Mode.AUTO, season=Season.HEATING, readmitted=True)
    return observe({"S001": image}, loop_traits(site_config(tmp_path)), {KEY: situation}, NOW)[KEY]


@pytest.mark.parametrize(
    ("points", "running"),
    [
        ({"y_pump_secondary": 0.6}, True),
        ({"y_pump_secondary": 0.0, "m_flow_secondary": 30.0}, False),
        ({"P_pump_secondary": 4.0}, True),
        ({"m_flow_secondary": 30.0}, True),
        ({"m_flow_secondary": 0.2}, False),
        ({"y_pump_secondary": bad(Reason.SENTINEL, NOW), "m_flow_secondary": 30.0}, True),
        ({"Q_flow_primary": 1500.0}, True),
        ({"Q_flow_primary": 20.0}, None),
        ({}, None),
    ],
    ids=[
        "speed",
        "speed wins",
        "power",
        "flow",
        "no flow",
        "next best",
        "heat drawn",
        "little heat",
        "nothing",
    ],
)
def test_whether_the_pump_runs_is_told_by_the_best_point_there_is(tmp_path, points, running):
    assert seen(tmp_path, **points).pump_running is running


@pytest.mark.parametrize(
    ("level", "remote"),
    [
        (1.0, True),
        (0.0, False),
        (good(0.0, NOW - 60.0), None),
        (good(1.0, NOW - 60.0), None),
        (bad(Reason.DEVICE_EXCEPTION, NOW), None),
    ],
    ids=["remote", "own curve", "older than the last poll", "also when remote", "unreadable"],
)
def test_who_decides_is_told_by_the_last_poll_only(tmp_path, level, remote):
    assert seen(tmp_path, remote_level=level).remote is remote


def test_a_move_starts_from_the_effective_setpoint_and_else_from_the_measured_value(tmp_path):
    effective = seen(tmp_path, T_supply_secondary=50.0, T_supply_secondary_set_effective=52.0)
    assert effective.T_supply_effective.value == 52.0
    without = seen(
        tmp_path, T_supply_secondary=50.0, T_supply_secondary_set_effective=bad(Reason.SENTINEL, NOW)
    )
    assert without.T_supply_effective.value == 50.0


def shows(*primaries):
    """Stations that show these primary supplies."""
    point = Point(0, "T_supply_primary")
    return {
        f"S{n:03}": StationImage(station=f"S{n:03}", readings={} if one is None else {point: one})
        for n, one in enumerate(primaries)
    }


def test_the_primary_supply_elsewhere_is_what_nine_in_ten_have_that_show_theirs_now():
    usual = [good(80.0 + n, NOW - 5.0) for n in range(18)]
    shut, old, broken = good(31.0, NOW - 5.0), good(20.0, NOW - 4000.0), bad(Reason.SENTINEL, NOW)
    assert primary_elsewhere(shows(*usual, shut, old, broken, None), NOW) == 80.0
    assert primary_elsewhere(shows(shut, shut, *usual), NOW) == 80.0
    assert primary_elsewhere(shows(old, broken, None), NOW) is None
