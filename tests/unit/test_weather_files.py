"""Forecasts and typical years from files: what is read, and what a bad file is told to be."""

import calendar
import os
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from controller.weather.csv_file import MOST_BYTES, CsvFile, read_forecast
from controller.weather.epw import read_epw
from controller.weather.outcome import Failure, Fault
from optimizer.forecast.climate import Climate, sun_above
from optimizer.forecast.weather import WeatherTable

NOW = datetime(2026, 1, 15, 2, tzinfo=UTC).timestamp()
HOUR = 3600.0
HEADER = "time,T_outdoor_degC,wind_m_per_s,sun_W_per_m2"


def rows(count=48, header=HEADER, begin=NOW - 2 * HOUR, cells="-5.0,2.0,0", **changed):
    lines = [header]
    for number in range(count):
        at = datetime.fromtimestamp(begin + number * HOUR, UTC).isoformat().replace("+00:00", "Z")
        lines.append(changed.get(f"line_{number + 2}", f"{at},{cells}"))
    return "\n".join(lines) + "\n"


def read(text, written_at=NOW - HOUR):
    return read_forecast(text, "forecast.csv", written_at, NOW)


# ------------------------------------------------------------------------------------------------ CSV


def test_a_file_tells_the_weather_and_its_own_age():
    table = read(rows())
    assert isinstance(table, WeatherTable)
    assert (table.source, table.issued_at) == ("file", NOW - HOUR)
    assert (table.T_outdoor.values == -5.0).all()
    assert (table.wind.values == 2.0).all()
    assert table.T_outdoor.times[0] == NOW - 2 * HOUR
    assert table.sun.times[0] == NOW - 2.5 * HOUR


def test_a_column_says_when_the_forecast_was_issued():
    table = read(rows(header=HEADER + ",issued", cells="-5.0,2.0,0,2026-01-15T06:00:00+08:00"))
    assert table.issued_at == datetime(2026, 1, 14, 22, tzinfo=UTC).timestamp()


def test_times_of_any_zone_are_understood_and_columns_may_stand_in_any_order():
    text = "T_outdoor_degC,time\n" + "".join(
        f"{n - 9.0},2026-01-{15 + n // 24:02d}T{n % 24:02d}:00+08:00\n" for n in range(40)
    )
    table = read(text)
    assert table.T_outdoor.times[0] == datetime(2026, 1, 14, 16, tzinfo=UTC).timestamp()
    assert list(table.T_outdoor.values[:2]) == [-9.0, -8.0]
    assert len(table.wind.times) == 0


def test_blank_cells_and_what_is_no_weather_are_not_there_and_doubled_hours_count_once():
    text = rows(
        line_5=f"{datetime.fromtimestamp(NOW, UTC).isoformat()},3.0,2.0,0", line_6="2026-01-15T03:00Z,,2.0,0"
    )
    text += "2026-01-15T05:00Z,80.0,-2.0,1e9\n2026-01-15T01:00Z,nan,1,1\n"
    table = read(text)
    by_time = dict(zip(table.T_outdoor.times, table.T_outdoor.values, strict=True))
    assert by_time[NOW] == -5.0  # line 4 stands before line 5
    assert NOW + HOUR not in by_time
    assert np.isfinite(table.T_outdoor.values).all()
    assert (np.diff(table.T_outdoor.times) > 0.0).all()


@pytest.mark.parametrize(
    ("text", "fault", "detail"),
    [
        ("", Fault.NOT_READABLE, "no column time, or no rows"),
        (HEADER + "\n", Fault.NOT_READABLE, "no rows"),
        (rows(header="when,T_outdoor_degC,wind_m_per_s,sun_W_per_m2"), Fault.NOT_READABLE, "no column time"),
        (rows(header="time,T,wind_m_per_s,sun_W_per_m2"), Fault.NOT_READABLE, "no column T_outdoor_degC"),
        (rows(line_4="2026-01-15T02:00,1,2,3"), Fault.NOT_READABLE, "line 4: time: no time with Z"),
        (rows(line_4="tomorrow,1,2,3"), Fault.NOT_READABLE, "line 4: time: no time"),
        (rows(line_7="2026-01-15T05:00Z,warm,2,3"), Fault.NOT_READABLE, "line 7: T_outdoor_degC: not"),
        (rows(line_7="2026-01-15T05:00Z,1,2"), Fault.NOT_READABLE, "line 7: not one cell"),
        (rows(line_7="2026-01-15T05:00Z,1,2,3,4"), Fault.NOT_READABLE, "line 7: not one cell"),
        (rows(line_7='"2026'), Fault.NOT_READABLE, "forecast.csv: "),
        (rows(header=HEADER + ",issued", cells="1,2,3,yesterday"), Fault.NOT_READABLE, "issued: no time"),
        (rows(count=13), Fault.TOO_LITTLE, "ends 10.0 h from now"),
        (rows(cells=",,"), Fault.TOO_LITTLE, "no outdoor temperature"),
        (rows(begin=NOW - 300 * 86_400.0), Fault.WRONG_TIME, "300 days from now"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) and "\n" not in value else None,
)  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(text, fault, detail):
    failure = read(text)
    assert isinstance(failure, Failure), failure
    assert failure.fault is fault
    assert detail in failure.detail


async def test_the_file_is_read_anew_each_time_and_its_own_time_is_its_age(tmp_path):
    path = tmp_path / "forecast.csv"
    source = CsvFile(path=path)
    assert (await source.fetch(NOW)).fault is Fault.NO_ANSWER
    path.write_text("\ufeff" + rows(), encoding="utf-8")
    os.utime(path, (NOW - 7200.0, NOW - 7200.0))
    assert (await source.fetch(NOW)).issued_at == NOW - 7200.0
    path.write_bytes(b"time\xff\n")
    assert (await source.fetch(NOW)).detail == "forecast.csv: not UTF-8"
    path.write_bytes(b" " * (MOST_BYTES + 1))
    assert (await source.fetch(NOW)).fault is Fault.NOT_READABLE


# ------------------------------------------------------------------------------------------------ EPW


LOCATION = "LOCATION,Made Up,-,CHN,by rule,0,37.87,112.55,8.0,788.0"


@cache
def hours_of_a_year():
    """Month, day, hour and the three values of each row: waves, half of the sun above the atmosphere."""
    begin = datetime(2019, 1, 1, tzinfo=UTC).timestamp() - 8 * HOUR
    ends = begin + HOUR * np.arange(1, 8761)
    sun = 0.5 * sun_above(ends - 1800.0, 37.87, 112.55)
    days = [(m, d) for m in range(1, 13) for d in range(1, calendar.monthrange(2019, m)[1] + 1)]
    dates = [(m, d, h) for m, d in days for h in range(1, 25)]
    return list(zip(dates, rule(ends), sun, strict=True))


def epw(path, location=LOCATION, T=None, lines=None):
    """A typical year by rule; ``T`` in place of every temperature, ``lines`` in place of lines."""
    text = [location, *["HEADER"] * 7]
    for (month, day, hour), outdoor, sun in hours_of_a_year():
        row = f"{2003 if month % 2 else 1998},{month},{day},{hour},60,?9,{outdoor if T is None else T:.2f}"
        text.append(f"{row}{',0' * 6},{sun:.1f}{',0' * 7},3.0{',0' * 13}")
    for at, line in (lines or {}).items():
        text[at - 1] = line
    path.write_text("\r\n".join(text) + "\r\n", encoding="latin-1")
    return path


def rule(at):
    return (
        9.5 - 14.0 * np.cos(2 * np.pi * (at - 1.5e6) / 31_556_952.0) - 4.0 * np.cos(2 * np.pi * at / 86_400.0)
    )


def test_a_typical_year_tells_what_is_usual(tmp_path):
    usual = read_epw(epw(tmp_path / "year.epw"))
    assert isinstance(usual, Climate)
    winter = NOW + HOUR * np.arange(48)
    assert usual.outdoor(winter) == pytest.approx(rule(winter), abs=0.4)
    summer = winter + 180 * 86_400.0
    assert usual.outdoor(summer) == pytest.approx(rule(summer), abs=0.4)
    assert usual.clearness == pytest.approx(0.5, abs=0.01)
    assert (usual.wind, usual.latitude, usual.longitude) == (3.0, 37.87, 112.55)


def test_missing_hours_of_a_typical_year_are_left_out(tmp_path):
    row = ["2003", "1", "1", "5", "60", "?9", "99.9", *["0"] * 6, "9999", *["0"] * 7, "999", *["0"] * 13]
    usual = read_epw(epw(tmp_path / "year.epw", lines={13: ",".join(row)}))
    assert usual.T_mean == pytest.approx(9.5, abs=0.05)
    assert usual.wind == 3.0


@pytest.mark.parametrize(
    ("changes", "fault", "detail"),
    [
        ({"location": "PLACE,x"}, Fault.NOT_READABLE, "line 1: no LOCATION"),
        ({"location": LOCATION.replace("37.87", "north")}, Fault.NOT_READABLE, "line 1: no LOCATION"),
        ({"location": LOCATION.replace("37.87", "137.87")}, Fault.NOT_READABLE, "line 1: no LOCATION"),
        ({"lines": {100: "2003,1,5,zero"}}, Fault.NOT_READABLE, "line 100: no hour of weather"),
        ({"lines": {100: "2003,13,5,1,60,?," + ",".join(["0"] * 30)}}, Fault.NOT_READABLE, "line 100"),
        ({"T": 99.9}, Fault.TOO_LITTLE, "0 hours with a temperature"),
    ],
)
def test_a_bad_typical_year_is_refused_with_its_line(tmp_path, changes, fault, detail):
    failure = read_epw(epw(tmp_path / "year.epw", **changes))
    assert isinstance(failure, Failure)
    assert failure.fault is fault
    assert detail in failure.detail


def test_half_a_typical_year_or_none_is_refused(tmp_path):
    whole = epw(tmp_path / "year.epw").read_text(encoding="latin-1").splitlines()
    (tmp_path / "half.epw").write_text("\n".join(whole[:4000]), encoding="latin-1")
    (tmp_path / "empty.epw").write_text("")
    assert read_epw(tmp_path / "half.epw").fault is Fault.TOO_LITTLE
    assert read_epw(tmp_path / "empty.epw").fault is Fault.NOT_READABLE
    assert read_epw(tmp_path / "none.epw").fault is Fault.NO_ANSWER
