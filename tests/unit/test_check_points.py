"""The online report shows each point as the wire has it, as we read it and as it was designed."""

import json
from dataclasses import replace

import pytest

from controller.check import Verdict, check_online
from controller.check_points import point_views
from controller.cli import main
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.sites import loop_config, site_config, station_config, write_site

NOW = 1_736_899_200.0


@pytest.mark.parametrize(
    ("point", "value", "wire", "unit", "design"),
    [
        (Point(1, "T_supply_secondary"), 60.0, 6000.0, "degC", 75.0),
        (Point(1, "T_return_secondary"), 45.0, 4500.0, "degC", 50.0),
        (Point(1, "T_supply_secondary_set_readback"), 61.25, 6125.0, "degC", 75.0),
        (Point(1, "m_flow_secondary_set_effective"), 35.0, 126.0, "t/h", 35.0),
        (Point(0, "A_heated"), 50_000.0, 50_000.0, "m2", 50_000.0),
        (Point(1, "remote_level"), 1.0, 1.0, "1", None),
    ],
)
def test_a_point_is_shown_raw_scaled_and_as_designed(point, value, wire, unit, design):
    view = point_views(station_config(), {point: good(value, NOW)})[point]
    assert view.value == value
    assert view.wire == pytest.approx(wire)
    assert (view.wire_unit, view.design) == (unit, design)
    assert view.low <= value <= view.high


def test_a_point_without_a_value_has_no_number_on_the_wire_either():
    point = Point(1, "T_supply_secondary")
    view = point_views(station_config(), {point: bad(Reason.SENTINEL, NOW)})[point]
    assert (view.value, view.wire, view.quality, view.reason) == (None, None, "bad", "sentinel")
    assert json.dumps(view.to_json(), allow_nan=False)


class Answers:
    def __init__(self, readings):
        self.readings = readings

    async def connect(self):
        pass

    async def read(self):
        return self.readings

    async def close(self):
        pass


async def test_a_station_whose_proof_is_gone_fails_the_check(tmp_path):
    station = station_config(loops=(loop_config(proof="proofs/gone.json"),))
    readings = {Point(0, "A_heated"): good(50_000.0, SystemClock().now())}
    report = await check_online(site_config(tmp_path, station), SystemClock(), lambda _: Answers(readings))
    assert report.stations[0].verdict is Verdict.FAIL
    assert "gone.json" in report.stations[0].remarks[0].text
    paper = replace(station, loops=(loop_config(proof="paper, page 3"),))
    report = await check_online(site_config(tmp_path, paper), SystemClock(), lambda _: Answers(readings))
    assert report.stations[0].verdict is Verdict.OK


@pytest.mark.parametrize(("simulation", "expected"), [(False, [Verdict.WARN]), (True, [])])
async def test_a_station_whose_clock_is_behind_is_remarked_once(tmp_path, simulation, expected):
    now = SystemClock().now()
    points = ("T_supply_primary", "T_return_primary", "m_flow_primary")
    readings = {Point(0, name): good(50.0, now - 3600.0, now) for name in points}
    site = site_config(tmp_path, station_config(), simulation=simulation)
    (checked,) = (await check_online(site, SystemClock(), lambda _: Answers(readings))).stations
    assert [remark.verdict for remark in checked.remarks] == expected
    assert all("3600 s behind" in remark.text for remark in checked.remarks)
    assert {view.quality for view in checked.points.values()} == {"good"}


def test_a_station_that_is_not_in_the_list_is_a_wrong_use(tmp_path, capsys):
    site = write_site(tmp_path)
    assert main(["check", str(site), "--online", "--station", "S999"]) == 2
    assert "'S999' is not in the station list" in capsys.readouterr().err
