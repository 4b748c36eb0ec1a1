"""The online check reads every station once, compares, and writes nothing."""

import asyncio
import json

import pytest

from controller.check import AT_ONCE, Verdict, check_online, remarks_on
from stations.driver import NoAnswer, SecurityRefused
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.sites import loop_config, site_config, station_config

NOW = 1_736_899_200.0
AREA = Point(0, "A_heated")


class OneAnswer:
    """A driver that gives one answer or one fault, and has no method that writes."""

    open_now = 0
    most_open = 0

    def __init__(self, readings=None, refuses=None, silent=None):
        self.readings = readings or {}
        self.refuses = refuses
        self.silent = silent
        self.closed = False

    async def connect(self):
        OneAnswer.open_now += 1
        OneAnswer.most_open = max(OneAnswer.most_open, OneAnswer.open_now)
        await asyncio.sleep(0)
        if self.refuses:
            raise self.refuses

    async def read(self):
        if self.silent:
            raise self.silent
        return self.readings

    async def close(self):
        OneAnswer.open_now -= 1
        self.closed = True


def sound(at=NOW):
    return {
        AREA: good(50_000.0, at),
        Point(0, "T_supply_primary"): good(95.0, at),
        Point(0, "T_return_primary"): good(50.0, at),
        Point(1, "T_supply_secondary"): good(60.0, at),
        Point(1, "T_return_secondary"): good(45.0, at),
    }


async def test_every_station_is_asked_once_and_reported_in_the_order_of_the_list(tmp_path):
    drivers = {
        "S001": OneAnswer(sound(SystemClock().now())),
        "S002": OneAnswer(refuses=SecurityRefused("S002", "the pin differs")),
        "S003": OneAnswer(silent=NoAnswer("S003", "silent for 3 s")),
    }
    site = site_config(tmp_path, *(station_config(s, port=20000 + i) for i, s in enumerate(drivers)))
    done = []
    report = await check_online(site, SystemClock(), lambda station: drivers[station.id], done.append)

    assert [station.station for station in report.stations] == ["S001", "S002", "S003"]
    assert [station.verdict for station in report.stations] == [Verdict.OK, Verdict.FAIL, Verdict.FAIL]
    assert report.stations[1].remarks[0].text == "SecurityRefused: the pin differs"
    assert report.stations[1].connect_ms is None
    assert report.stations[2].connect_ms is not None
    assert report.stations[2].read_ms is None
    assert not report.ok
    assert len(done) == 3
    assert all(driver.closed for driver in drivers.values())
    plain = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert plain["ok"] is False
    assert plain["verdicts"] == {"ok": 1, "warn": 0, "fail": 2}
    assert plain["stations"][0]["points"]["0/A_heated"]["value"] == 50_000.0


async def test_a_city_is_not_asked_all_at_once(tmp_path):
    OneAnswer.most_open = 0
    stations = [station_config(f"S{i}", port=20000 + i) for i in range(4 * AT_ONCE)]
    await check_online(site_config(tmp_path, *stations), SystemClock(), lambda _: OneAnswer())
    assert OneAnswer.most_open == AT_ONCE


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        ({}, None, ""),
        ({AREA: good(50_499.0, NOW)}, None, ""),
        ({AREA: good(50_501.0, NOW)}, Verdict.WARN, "the station says 50501 m2, the station list 50000 m2"),
        ({AREA: bad(Reason.SENTINEL, NOW)}, Verdict.WARN, "bad: sentinel"),
        ({AREA: bad(Reason.UNKNOWN_POINT, NOW)}, Verdict.FAIL, "bad: unknown_point"),
        ({AREA: bad(Reason.MALFORMED_ANSWER, NOW)}, Verdict.FAIL, "bad: malformed_answer"),
        (
            {Point(1, "T_supply_secondary"): uncertain(60.0, Reason.SPIKE, NOW)},
            Verdict.WARN,
            "uncertain: spike",
        ),
        ({Point(1, "T_return_secondary"): good(62.0, NOW)}, None, ""),
        ({Point(1, "T_return_secondary"): good(62.1, NOW)}, Verdict.WARN, "swapped?"),
        ({Point(0, "T_return_primary"): good(98.0, NOW)}, Verdict.WARN, "swapped?"),
        ({Point(0, "T_supply_primary"): good(95.0, NOW + 6)}, Verdict.WARN, "clock is 6 s ahead"),
    ],
)
def test_what_is_odd_about_an_answer_is_remarked(changes, verdict, text):
    remarks = remarks_on(station_config(), sound() | changes, NOW)
    assert [remark.verdict for remark in remarks] == ([] if verdict is None else [verdict])
    assert all(text in remark.text for remark in remarks)


def test_the_areas_of_all_loops_count_together():
    station = station_config(
        loops=(loop_config(1, A_heated_m2=20_000.0), loop_config(2, A_heated_m2=30_000.0))
    )
    assert remarks_on(station, sound(), NOW) == []


def test_a_source_has_no_area_to_compare():
    station = station_config(profile="source-opcua")
    answer = {Point(0, "T_supply_source"): good(50.0, NOW), Point(0, "T_return_source"): good(90.0, NOW)}
    (remark,) = remarks_on(station, answer, NOW)
    assert "T_return_source 90.0 is above T_supply_source 50.0 degC" in remark.text
