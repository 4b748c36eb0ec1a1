"""A winter of a real substation and its weather (Tartu, 2019), replayed as a station of ours.

The hours are told apart by the meter's own counter of hours, which knows no summer time and nothing of how
the replay reads local time. The coldest week, with -19.5 degC, goes through a Modbus socket minute by minute.
"""

import csv
from datetime import datetime
from itertools import pairwise

import pytest
import pytest_asyncio

from simulators.replay.table import read_table
from simulators.replay.weather import read_weather
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from tests.support.replayed import rows_between, stored, tables_of

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("replayed_substation"),  # one worker polls the cold week once
]

HOUR_S = 3600.0
E, V = Point(0, "E_heat_primary"), Point(0, "V_primary")
Q, T_OUTDOOR = Point(0, "Q_flow_primary"), Point(0, "T_outdoor")
COLUMNS = {
    E: ("E_heat_MWh", 1000.0, 0.01 / 3.6 * 1000.0),
    V: ("V_primary_m3", 1.0, 0.1),
    Q: ("Q_flow_primary_kW", 1.0, 0.0),
    Point(0, "m_flow_primary"): ("V_flow_primary_l_per_h", 988.0 / 3.6e6, 0.0),
    Point(0, "T_supply_primary"): ("T_supply_primary_degC", 1.0, 0.01),
    Point(0, "T_return_primary"): ("T_return_primary_degC", 1.0, 0.01),
    Point(1, "T_supply_secondary"): ("T_supply_secondary_degC", 1.0, 0.01),
    Point(1, "T_return_secondary"): ("T_return_secondary_degC", 1.0, 0.01),
}
"""Column, units inside for one of its own, and the wire step of plc-a in units inside (0: float32)."""
LOST = [f"2019-01-24T{hour:02}:00" for hour in (3, 4, 5, 6, 7)]
"""Hours that the test takes out of the cold week: in the meter's own January none is missing."""


def utc(text):
    return datetime.fromisoformat(text + "+02:00").timestamp()


COLD_WEEK = (utc("2019-01-19T00:00"), utc("2019-01-26T00:00"))
DOUBLED_DAY = (utc("2019-01-30T12:00"), utc("2019-02-01T12:00"))


@pytest.fixture(scope="module")
def folder(realdata_folder):
    return realdata_folder / "tartu_2019"


@pytest.fixture(scope="module")
def formats(request):
    return request.path.parent


@pytest.fixture(scope="module")
def hours(folder):
    """{UTC second: row} of the substation, by the meter's counter of hours."""
    with (folder / "substation_jan_oct.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = float(rows[0]["hours_counter_h"])
    begin = utc(rows[0]["time_local"][:16])
    return {begin + (float(row["hours_counter_h"]) - first) * HOUR_S: row for row in rows}


@pytest.fixture(scope="module")
def outdoor(folder):
    """{UTC second: outdoor temperature}."""
    with (folder / "weather.csv").open(newline="") as file:
        return {
            utc(row["time_local"][:16]): float(row["T_outdoor_degC"])
            for row in csv.DictReader(file)
            if row["T_outdoor_degC"]
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cold_week(folder, formats, tmp_path_factory):
    """The week through a socket, every minute, with five hours taken out."""
    place = tmp_path_factory.mktemp("cold_week")
    cut = rows_between(
        folder / "substation_jan_oct.csv", place, "2019-01-19", "2019-01-26", without=frozenset(LOST)
    )
    tables = tables_of((cut, formats / "substation.toml"), (folder / "weather.csv", formats / "weather.toml"))
    begin, end = COLD_WEEK
    async with stored(place, tables, profile="plc-a", begin=begin, end=end) as journal:
        yield tables[0], journal


def assert_nothing_invented(journal, point, hours, lost=()):
    """Every stored value is in its hour's row within the wire's resolution; None where there is no row."""
    column, factor, step = COLUMNS[point]
    for sample in journal.samples(point):
        row = hours.get(sample.measured_at // HOUR_S * HOUR_S)
        if row is None or row["time_local"][:16] in lost:
            assert sample.value is None, sample
        else:
            expected = float(row[column]) * factor
            assert sample.value == pytest.approx(expected, rel=1e-6, abs=0.501 * step), sample


@pytest.mark.parametrize("point", COLUMNS, ids=str)
async def test_nothing_is_invented_and_lost_hours_are_gaps_in_the_cold_week(cold_week, hours, point):
    _, journal = cold_week
    samples = journal.samples(point)
    assert len(samples) == 7 * 24 * 60
    assert sum(sample.value is None for sample in samples) == len(LOST) * 60
    assert_nothing_invented(journal, point, hours, LOST)


async def test_the_coldest_hour_arrives_as_it_was_measured(cold_week, outdoor):
    _, journal = cold_week
    samples = journal.samples(T_OUTDOOR)
    assert min(sample.value for sample in samples) == pytest.approx(-19.5)
    for sample in samples:
        expected = outdoor[sample.measured_at // HOUR_S * HOUR_S]
        assert sample.value == pytest.approx(expected, abs=0.0501)


async def test_a_counter_and_its_power_agree_or_the_hour_is_flagged(cold_week, hours):
    """What is stored is compared, hour by hour; the report of the table has to know each hour that is off.

    Two steps may lie between a counter of 1 kWh and its stored value: the meter's and the wire's.
    """
    table, journal = cold_week
    flagged = {found.begin for found in table.disagreements() if found.counter == E}
    stored_at = {point: {s.measured_at: s.value for s in journal.samples(point)} for point in (E, Q)}
    begin, end = COLD_WEEK
    resolution = 1.0 + COLUMNS[E][2]
    compared = off = 0
    for hour in range(int(begin), int(end - HOUR_S), int(HOUR_S)):
        E0, E1 = stored_at[E][hour], stored_at[E][hour + HOUR_S]
        Q0, Q1 = stored_at[Q][hour], stored_at[Q][hour + HOUR_S]
        if None in (E0, E1, Q0, Q1):
            continue
        compared += 1
        if not min(Q0, Q1) - resolution - 0.1 <= E1 - E0 <= max(Q0, Q1) + resolution + 0.1:
            off += 1
            assert hour in flagged
    assert compared == 7 * 24 - 1 - len(LOST) - 1
    # the power is a sample on the hour and hot water is drawn in between: about a third of the hours is off
    assert 0 < off <= len(flagged) < 0.5 * compared


async def test_the_real_counters_raise_no_alarm_in_the_cold_week(cold_week):
    _, journal = cold_week
    assert journal.doubted(E) == {}
    assert journal.doubted(V) == {}


async def test_few_values_of_the_cold_week_are_doubted(cold_week):
    """Rows that hold for an hour step and stand; that costs some doubts, but no value."""
    _, journal = cold_week
    doubted = sum(sum(journal.doubted(point).values()) for point in COLUMNS)
    assert doubted < 0.001 * len(COLUMNS) * 7 * 24 * 60


async def test_the_hours_of_a_doubled_day_are_kept_once(folder, formats, hours, tmp_path):
    tables = tables_of((folder / "substation_jan_oct.csv", formats / "substation.toml"))
    begin, end = DOUBLED_DAY
    in_file = rows_between(folder / "substation_jan_oct.csv", tmp_path, "2019-01-31", "2019-02-01")
    assert len(in_file.read_text().splitlines()) == 1 + 2 * 24
    async with stored(tmp_path, tables, profile="plc-a", begin=begin, end=end) as journal:
        for point in COLUMNS:
            assert len(journal.samples(point)) == 48 * 60
            assert_nothing_invented(journal, point, hours)
        steps = {sample.value for sample in journal.samples(E)}
        assert len(steps) == 48


async def test_the_whole_table_is_read_hour_by_hour_over_both_changes_of_summer_time(folder, formats, hours):
    table = read_table(folder / "substation_jan_oct.csv", formats / "substation.toml")
    assert set(table.times) == set(hours)
    assert (table.report.rows, table.report.kept, table.report.doubled) == (7535, 7296, 239)
    assert table.report.conflicts == table.report.impossible_times == table.report.unreadable == []
    assert table.report.gaps == []  # the one hour that local time misses never was
    energies = [float(hours[at]["E_heat_MWh"]) * 1000.0 for at in table.times]
    assert list(table.values[E]) == pytest.approx(energies)


async def test_over_ten_months_power_and_counter_tell_the_same_heat(folder, formats):
    table = read_table(folder / "substation_jan_oct.csv", formats / "substation.toml")
    powers, counts = table.values[Q], table.values[E]
    integrated = sum(0.5 * (a + b) for a, b in pairwise(powers))
    assert integrated == pytest.approx(counts[-1] - counts[0], rel=0.005)


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_the_whole_table_in_memory_loses_and_invents_nothing(folder, formats, hours, tmp_path, soak):
    poll_s = soak.pick(reduced=1800.0, full=600.0)
    tables = tables_of(
        (folder / "substation_jan_oct.csv", formats / "substation.toml"),
        (folder / "weather.csv", formats / "weather.toml"),
    )
    begin, end = tables[0].times[0] - 6 * HOUR_S, tables[0].times[-1] + 6 * HOUR_S
    async with stored(
        tmp_path, tables, profile="plc-a", begin=begin, end=end, poll_s=poll_s, slot_s=21_600.0, memory=True
    ) as journal:
        for point in COLUMNS:
            samples = journal.samples(point)
            assert len(samples) == (end - begin) / poll_s
            assert sum(sample.value is None for sample in samples) == (6 + 5) * HOUR_S / poll_s
            assert_nothing_invented(journal, point, hours)
        # an hour's peak of power, held for the hour, can make its counter look late: flagged, never changed
        for counter in (E, V):
            late = journal.doubted(counter)
            assert set(late) <= {Reason.COUNTER_RESET}
            assert sum(late.values()) < 0.01 * len(journal.samples(counter))
        assert all(s.quality is Quality.GOOD for s in journal.samples(Q) if s.value is not None)
        assert not journal.station.unfit
        soak.record(poll_s=poll_s, polls=len(journal.samples(E)), doubted_counters=journal.doubted(E))


async def test_the_recorded_weather_can_drive_a_simulated_city(folder, formats, outdoor):
    weather = read_weather(folder / "weather.csv", formats / "weather.toml")
    assert len(weather.times) == 8760
    assert weather.T_outdoor.min() == pytest.approx(-19.514)
    cold = utc("2019-01-22T08:00")
    assert weather.at(cold).T_outdoor == pytest.approx(outdoor[cold])
    assert weather.irradiation.min() >= 0.0
