"""A recorded table with all that loggers do wrong: served on real sockets, polled, validated, stored."""

import pytest
import pytest_asyncio

from simulators.replay.columns import ReplayError
from simulators.replay.station import ReplayStation
from simulators.replay.table import read_table
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.profile import builtin_profile
from tests.support.recorded_table import BEGIN, POINTS, STEP_S, Defects, RecordedTable
from tests.support.replayed import PollClock, driver_for, stored

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("replay_sockets")]

BAD = Defects()
WIRE = {
    "E_heat_primary": 0.01 / 3.6 * 1000.0,  # plc-a shows 0.01 GJ
    "T_supply_primary": 0.01,
    "T_return_primary": 0.01,
    "T_supply_secondary": 0.01,
}
"""Wire steps in units inside; the others travel as float32."""
E, T1, T3 = Point(0, "E_heat_primary"), Point(0, "T_supply_primary"), Point(1, "T_supply_secondary")


def moments(rows):
    return [BEGIN + row * STEP_S for row in rows]


def rows_of(samples):
    return {int((sample.measured_at - BEGIN) // STEP_S) for sample in samples}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(tmp_path_factory):
    """The whole table through a Modbus socket, polled every minute, from an hour before it to one after."""
    folder = tmp_path_factory.mktemp("replay")
    table = RecordedTable(seed=7)
    read = [read_table(table.write(folder))]
    async with stored(folder, read, profile="plc-a", begin=BEGIN - 3600.0, end=table.end + 3600.0) as journal:
        yield table, journal


@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_every_stored_value_is_in_the_table_and_every_gap_of_it_is_a_gap(replay, point):
    table, journal = replay
    samples = journal.samples(point)
    assert len(samples) == (journal.end - journal.begin) / 60.0
    for sample in samples:
        said = table.says(sample.measured_at)[point]
        if said is None:
            assert sample.value is None, sample
            assert sample.reason in (Reason.SENTINEL, Reason.NOT_A_NUMBER)
        else:
            assert sample.value == pytest.approx(said, rel=1e-6, abs=0.501 * WIRE.get(point.name, 0.0)), (
                sample
            )


async def test_hours_without_rows_have_polls_and_no_values(replay):
    _, journal = replay
    empty = rows_of(sample for sample in journal.samples(T1) if sample.value is None)
    assert empty == {*range(-6, 0), *BAD.missing, *range(216, 222)}


async def test_cells_without_a_number_are_gaps_of_their_point_alone(replay):
    _, journal = replay
    empty = rows_of(sample for sample in journal.samples(T3) if sample.value is None)
    assert {*BAD.empty, BAD.garbage} <= empty
    assert all(
        sample.value is not None
        for sample in journal.samples(T1)
        if int((sample.measured_at - BEGIN) // STEP_S) in (*BAD.empty, BAD.garbage)
    )


async def test_points_that_the_table_does_not_hold_are_never_given_a_value(replay):
    _, journal = replay
    for name in ("p_supply_primary", "V_primary", "A_heated", "T_outdoor"):
        assert all(sample.value is None for sample in journal.samples(Point(0, name))), name


async def test_a_counter_that_stands_still_under_load_is_flagged_and_only_then(replay):
    _, journal = replay
    doubted = [sample for sample in journal.samples(E) if sample.quality is Quality.UNCERTAIN]
    assert {sample.reason for sample in doubted} == {Reason.COUNTER_RESET}
    assert rows_of(doubted) <= set(BAD.stuck)
    first = min(sample.measured_at for sample in doubted)
    assert first - moments(BAD.stuck)[0] <= 3600.0


async def test_a_swapped_pair_is_flagged_within_fifteen_minutes_and_let_go_behind_it(replay):
    _, journal = replay
    for name in ("T_supply_primary", "T_return_primary"):
        flagged = [s.measured_at for s in journal.samples(Point(0, name)) if s.reason is Reason.SWAPPED]
        begin, end = BEGIN + BAD.swapped.start * STEP_S, BEGIN + BAD.swapped.stop * STEP_S
        assert begin < min(flagged) <= begin + 900.0
        assert max(flagged) == end - 60.0


async def test_a_sound_stretch_of_the_table_raises_no_doubt(replay):
    """Before the first defect, and for the points that have none."""
    _, journal = replay
    until = BEGIN + BAD.missing.start * STEP_S
    for point in POINTS:
        doubted = [s for s in journal.samples(point) if s.quality is Quality.UNCERTAIN]
        assert not [s for s in doubted if s.measured_at < until], point
    assert journal.doubted(Point(0, "Q_flow_primary")) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "profile", ["ecl-310", "multical-603", "opcua-substation", "plc-b", "source-opcua", "trovis-5578"]
)
async def test_any_profile_replays_what_it_has_points_for(tmp_path, profile):
    name = "T_supply_source" if profile == "source-opcua" else "T_supply_secondary"
    if profile == "multical-603":
        name = "T_supply_primary"
    point = Point(1 if "secondary" in name else 0, name)
    (tmp_path / "t.csv").write_text(
        "at,T\n2024-01-01T00:00Z,61.3\n2024-01-01T02:00Z,\n2024-01-01T03:00Z,60.0\n"
    )
    (tmp_path / "t.toml").write_text(
        f'time = "at"\ninterval_s = 3600\n[columns]\nT = {{point = "{name}", unit = "degC"}}\n'
    )
    clock = PollClock(start_utc=1_704_067_200.0)
    station = ReplayStation(builtin_profile(profile), [read_table(tmp_path / "t.csv")], clock)
    seen = []
    async with driver_for(station, profile, clock) as driver:
        for _ in range(8):
            reading = (await driver.read())[point]
            seen.append(None if reading.value is None else round(reading.value, 2))
            clock.advance(1800.0)
    assert seen == [61.3, 61.3, None, None, None, None, 60.0, 60.0]


@pytest.mark.slow
async def test_a_memory_driver_stores_the_same_as_the_socket(replay, tmp_path):
    table, over_socket = replay
    read = [read_table(table.write(tmp_path))]
    begin, end = over_socket.begin, over_socket.end
    async with stored(tmp_path, read, profile="plc-a", begin=begin, end=end, memory=True) as in_memory:
        for point in POINTS:
            ours, theirs = in_memory.samples(point), over_socket.samples(point)
            assert [s.quality for s in ours] == [s.quality for s in theirs]
            values = [(a.value, b.value) for a, b in zip(ours, theirs, strict=True) if a.value is not None]
            assert [a for a, _ in values] == pytest.approx([b for _, b in values], rel=1e-6)


def station_of(tmp_path, profile, columns, cells):
    """A replay station of one row with these columns (format lines) and cells."""
    names = [line.split(" ")[0] for line in columns]
    (tmp_path / "t.csv").write_text(f"at,{','.join(names)}\n2024-01-01T00:00Z,{','.join(cells)}\n")
    (tmp_path / "t.toml").write_text("\n".join(['time = "at"', "interval_s = 3600", "[columns]", *columns]))
    clock = PollClock(start_utc=1_704_067_200.0)
    return ReplayStation(builtin_profile(profile), [read_table(tmp_path / "t.csv")], clock)


async def test_what_the_wire_can_not_show_is_missing_and_counted_not_cut_to_fit(tmp_path):
    columns = [
        'a = {point = "T_supply_primary", unit = "degC"}',
        'b = {point = "E_heat_primary", unit = "MWh"}',
        'c = {point = "T_return_primary", unit = "degC"}',
    ]
    station = station_of(tmp_path, "plc-a", columns, ["400.0", "-1.0", "41.0"])
    values = station.values()
    assert values[Point(0, "T_supply_primary")] is None  # int16 of 0.01 degC ends at 327.67
    assert values[Point(0, "E_heat_primary")] is None  # a counter without a sign
    assert values[Point(0, "T_return_primary")] == 41.0
    assert sum(station.unfit.values()) == 2


async def test_a_recording_says_that_nobody_drives_it_and_takes_no_write(tmp_path):
    column = ['a = {point = "T_supply_secondary", unit = "degC"}']
    station = station_of(tmp_path, "trovis-5578", column, ["55"])
    values = station.values()
    assert values[Point(1, "remote_level")] == 0.0
    assert values[Point(0, "device_id")] == 5578.0
    assert values[Point(0, "alarm_word")] == 0.0
    now = 1_704_067_200.0
    assert not station.write_block(1, 1, 1, 50.0, 2.0, now)
    assert not station.heartbeat(1, 1, 180.0, now)
    assert not station.write_offset(1, 1.0, now)
    assert not station.write_absolute(1, 50.0, now)
    station.write_level(1, True, now)
    station.write_deadman(600.0, now)
    station.write_outdoor_centre(-5.0, now)
    station.hand_back(1, now)
    assert station.values() == values


@pytest.mark.parametrize(
    ("profile", "column", "says"),
    [
        ("multical-603", 'a = {point = "E_heat_primary", unit = "MWh"}', "has no 0/E_heat_primary"),
        ("plc-b", 'a = {point = "alarm_word", unit = "1"}', "can not show a missing 0/alarm_word"),
        ("plc-a", 'a = {point = "T_supply_source", unit = "degC"}', "has no 0/T_supply_source"),
        (
            "ecl-310",
            'a = {point = "T_supply_secondary", loop = 4, unit = "degC"}',
            "has no 4/T_supply_second",
        ),
    ],
)
async def test_a_table_that_the_profile_can_not_show_is_refused(tmp_path, profile, column, says):
    with pytest.raises(ReplayError, match=says):
        station_of(tmp_path, profile, [column], ["1"])
