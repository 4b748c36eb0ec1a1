"""What is read from a recorded table, line by line, and what is refused."""

from datetime import UTC, datetime

import pytest

from simulators.replay.columns import ReplayError, load_format
from simulators.replay.table import read_table
from simulators.replay.weather import read_weather
from stations.model.identity import Point
from tests.support.recorded_table import BEGIN, ROWS, STEP_S, Defects, RecordedTable

T = Point(0, "T_supply_primary")
HOURLY = (
    'time = "at"\ninterval_s = 3600\n{more}\n[columns]\nT = {{point = "T_supply_primary", unit = "degC"}}\n'
)
BERLIN = 'timezone = "Europe/Berlin"'


def table(folder, lines, more=BERLIN, header="at,T"):
    (folder / "t.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    (folder / "t.toml").write_text(HOURLY.format(more=more), encoding="utf-8")
    return read_table(folder / "t.csv")


def rows(read):
    return {
        datetime.fromtimestamp(at, UTC).strftime("%dT%H:%M"): value
        for at, value in zip(read.times, read.values[T], strict=True)
    }


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        pytest.param(["2024-01-05T12:00,80"], {"05T11:00": 80.0}, id="winter is UTC+1"),
        pytest.param(["2024-07-05T12:00,80"], {"05T10:00": 80.0}, id="summer is UTC+2"),
        pytest.param(["2024-07-05T12:00+05:00,80"], {"05T07:00": 80.0}, id="an offset in the cell counts"),
        pytest.param(["2024-03-31T01:00,80", "2024-03-31T02:00,81", "2024-03-31T03:00,82"],
                     {"31T00:00": 80.0, "31T01:00": 82.0}, id="the hour that summer time leaves out is none"),
        pytest.param(["2024-10-27T02:00,80", "2024-10-27T02:00,81", "2024-10-27T03:00,82"],
                     {"27T00:00": 80.0, "27T01:00": 81.0, "27T02:00": 82.0}, id="one name, two hours"),
        pytest.param(["2024-10-27T02:00,80"] * 2 + ["2024-10-27T02:00,81"] * 2,
                     {"27T00:00": 80.0, "27T01:00": 81.0}, id="both hours of one name written twice"),
        pytest.param(["2024-10-27T02:00,80", "2024-10-27T02:00,81", "2024-10-27T02:00,82"],
                     {"27T00:00": 80.0, "27T01:00": 81.0}, id="a third hour of one name contradicts"),
        pytest.param(["2024-01-05T12:00,80", "2024-01-05T12:00,80"], {"05T11:00": 80.0}, id="written twice"),
        pytest.param(["2024-01-05T12:00,80", "2024-01-05T12:00,81"], {"05T11:00": 80.0}, id="first stays"),
        pytest.param(["2024-01-05T13:00,81", "2024-01-05T12:00,80"],
                     {"05T11:00": 80.0, "05T12:00": 81.0}, id="out of order"),
        pytest.param(["2024-01-05T12:00,", "2024-01-05T13:00,NaN", "2024-01-05T14:00,inf",
                      "2024-01-05T15:00,##", "2024-01-05T16:00, 80 "],
                     {"05T11:00": None, "05T12:00": None, "05T13:00": None, "05T14:00": None,
                      "05T15:00": 80.0}, id="cells without a number"),
        pytest.param(["yesterday,80", "2024-01-05T12:00,80", "2024-01-05T13:00,81,82", ""],
                     {"05T11:00": 80.0}, id="lines without a time or with too many cells"),
    ],
)  # fmt: skip
def test_rows_are_kept_once_at_their_utc_hour(tmp_path, lines, kept):
    assert rows(table(tmp_path, lines)) == kept


def test_a_fixed_offset_holds_in_summer_too(tmp_path):
    read = table(tmp_path, ["2024-01-05T12:00,80", "2024-07-05T12:00,70"], more='utc_offset = "+02:00"')
    assert rows(read) == {"05T10:00": 70.0}  # both at 10:00 UTC, half a year apart
    assert read.times[1] - read.times[0] == 182 * 86_400


def test_the_report_counts_what_was_odd(tmp_path):
    table_ = RecordedTable(seed=3)
    read, bad = read_table(table_.write(tmp_path)), Defects()
    report = read.report
    assert report.rows == len(table_.lines) - 1
    assert report.kept == ROWS - len(bad.missing)
    assert report.doubled == len(bad.doubled)
    assert report.gaps == [(BEGIN + bad.missing.start * STEP_S, BEGIN + bad.missing.stop * STEP_S)]
    assert [line.split(": ")[1] for line in report.conflicts] == [
        f"another row for {table_.local(bad.contradicted)}; the first stays"
    ]
    assert report.empty == {"T3": len(bad.empty)}
    assert [text.split(": ")[1] for text in report.unreadable] == ["T3 = 'broken' is no number"]
    assert report.not_served == ("operator",)
    assert report.impossible_times == []
    assert report.out_of_order == 0


def test_a_row_is_true_for_one_interval_and_not_a_second_longer(tmp_path):
    read = table(tmp_path, ["2024-01-05T12:00,80", "2024-01-05T15:00,81"])
    first = read.times[0]
    says = {seconds: read.at(first + seconds)[T] for seconds in (-1, 0, 3599, 3600, 10_799, 10_800, 14_400)}
    assert says == {-1: None, 0: 80.0, 3599: 80.0, 3600: None, 10_799: None, 10_800: 81.0, 14_400: None}


def test_counter_and_flow_agree_except_where_the_counter_stood_and_where_it_caught_up(tmp_path):
    bad = Defects()
    flagged = read_table(RecordedTable(seed=5).write(tmp_path)).disagreements()
    assert {found.counter for found in flagged} == {Point(0, "E_heat_primary")}
    stood = {int((found.begin - BEGIN) // STEP_S) for found in flagged}
    # the row before the first stuck one still shows its true count
    assert stood == set(range(bad.stuck.start - 1, bad.stuck.stop))


@pytest.mark.parametrize(
    ("cells", "flagged"),
    [
        pytest.param([(10.00, 50), (10.05, 50)], False, id="as much as the power says"),
        pytest.param([(10.00, 50), (10.06, 50)], False, id="one step of the counter more"),
        pytest.param([(10.00, 50), (10.04, 50)], False, id="one step of the counter less"),
        pytest.param([(10.00, 50), (10.07, 50)], True, id="two steps more"),
        pytest.param([(10.00, 50), (10.00, 50)], True, id="stood still"),
        pytest.param([(10.00, 0), (10.00, 0)], False, id="stood still without load"),
        pytest.param([(10.00, 20), (10.08, 90)], False, id="between two readings of the power"),
        pytest.param([(10.00, 50), (9.00, 50)], True, id="fell"),
        pytest.param([(10.00, 50), (10.50, "")], False, id="power not known afterwards"),
        pytest.param([(10.00, 50), (9.00, "")], True, id="fell, power not known"),
        pytest.param([(10.00, 50), ("", 50)], False, id="counter not known afterwards"),
    ],
)
def test_a_counter_is_compared_with_its_power_within_what_the_table_resolves(tmp_path, cells, flagged):
    lines = [f"2024-01-05T{12 + row}:00Z,{energy},{power}" for row, (energy, power) in enumerate(cells)]
    # a row that is far away and complete tells that the counter resolves 0.01 MWh
    (tmp_path / "t.csv").write_text("\n".join(["at,E,Q", *lines, "2023-01-01T00:00Z,0.01,1"]))
    (tmp_path / "t.toml").write_text(
        'time = "at"\ninterval_s = 3600\n[columns]\n'
        'E = {point = "E_heat_primary", unit = "MWh"}\nQ = {point = "Q_flow_primary", unit = "kW"}\n'
    )
    assert bool(read_table(tmp_path / "t.csv").disagreements()) is flagged


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("interval_s = 3600", "time: missing"),
        ('time = "at"', "interval_s: missing"),
        ('time = "at"\ninterval_s = 0', "interval_s: Input should be greater than 0"),
        ('time = "at"\ninterval_s = 60\nspeed = 2', "speed: unknown key"),
        ('time = "at"\ninterval_s = 60\ntimezone = "Mars/Base"', "timezone, utc_offset: .*Mars/Base"),
        ('time = "at"\ninterval_s = 60\nutc_offset = "2"', "'2' is not an offset like"),
        ('time = "at"\ninterval_s = 60\ntimezone = "UTC"\nutc_offset = "+01:00"', "one or the other"),
        (
            'time = "at"\ninterval_s = 60\n[columns]\na = {point = "T_hot", unit = "degC"}',
            "columns.a.point: 'T_h",
        ),
        (
            'time = "at"\ninterval_s = 60\n[columns]\na = {point = "lease_token", unit = "1"}',
            "is not a point tha",
        ),
        (
            'time = "at"\ninterval_s = 60\n[columns]\na = {point = "T_outdoor", unit = "F"}',
            "'F' is not one of degC",
        ),
        (
            'time = "at"\ninterval_s = 60\n[columns]\na = {point = "T_outdoor", unit = "degC"}\n'
            'b = {point = "T_outdoor", loop = 2, unit = "degC"}',
            "columns.b: 0/T_outdoor is already column a",
        ),
        ("time = ", "not a TOML file"),
    ],
)
def test_a_format_that_can_not_be_used_is_refused_by_key(tmp_path, text, fault):
    (tmp_path / "t.toml").write_text(text)
    with pytest.raises(ReplayError, match=fault):
        load_format(tmp_path / "t.toml")


@pytest.mark.parametrize(
    ("lines", "header", "more", "fault"),
    [
        (["2024-01-05T12:00,80"], "at,temperature", BERLIN, "has no column 'T'; it has: at, temperature"),
        (["2024-01-05T12:00,80"], "at,T,T", BERLIN, "column 'T' is there twice"),
        ([], "at,T", BERLIN, "not one row with a usable time"),
        (["2024-01-05T12:00,80"], "at,T", "", "has no offset; name timezone or utc_offset"),
        (["2024-03-31T02:30,80"], "at,T", BERLIN, "line 2: 2024-03-31T02:30 does not exist in Europe/Berlin"),
        (['2024-01-05T12:00,"80'], "at,T", BERLIN, "not a CSV file"),
    ],
)
def test_a_table_that_can_not_be_read_is_refused(tmp_path, lines, header, more, fault):
    with pytest.raises(ReplayError, match=fault):
        table(tmp_path, lines, more, header)


def test_a_table_that_is_not_text_or_not_there_is_refused(tmp_path):
    table(tmp_path, ["2024-01-05T12:00,80"])
    (tmp_path / "t.csv").write_bytes(b"at,T\n2024-01-05T12:00,8\xb0\n")
    with pytest.raises(ReplayError, match="UTF-8"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").unlink()
    with pytest.raises(ReplayError, match="No such file"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(ReplayError, match="No such file"):
        read_table(tmp_path / "other.csv")


WEATHER = 'time = "at"\ninterval_s = 3600\n[weather]\nT_outdoor = "T"\nwind = "w"\nirradiation = "g"\n'


def weather(folder, lines):
    (folder / "w.csv").write_text("\n".join(["at,T,w,g", *lines]))
    (folder / "w.toml").write_text(WEATHER)
    return read_weather(folder / "w.csv")


def test_weather_is_joined_over_short_gaps_of_one_column(tmp_path):
    read = weather(tmp_path, ["2024-01-01T00Z,-4,2,0", "2024-01-01T01Z,,3,", "2024-01-01T02Z,-8,4,-1"])
    sky = read.at(read.times[0] + 3600.0)
    assert (sky.T_outdoor, sky.wind, sky.irradiation) == (-6.0, 3.0, 0.0)
    assert read.irradiation.min() == 0.0  # a sensor's offset at night is no sun


def test_weather_with_a_long_gap_is_refused_by_column(tmp_path):
    with pytest.raises(ReplayError) as refused:
        weather(tmp_path, ["2024-01-01T00Z,-4,2,0", "2024-01-01T05Z,-5,,0", "2024-01-01T10Z,-6,4,"])
    assert refused.value.faults == [
        "w.csv: w has no value from 2024-01-01T00:00:00+00:00 to 2024-01-01T10:00:00+00:00"
    ]


def test_a_format_without_what_is_asked_of_it_is_refused(tmp_path):
    weather(tmp_path, ["2024-01-01T00Z,-4,2,0", "2024-01-01T01Z,-4,2,0"])
    with pytest.raises(ReplayError, match="names no column"):
        read_table(tmp_path / "w.csv")
    table(tmp_path, ["2024-01-05T12:00,80"])
    with pytest.raises(ReplayError, match="weather: missing"):
        read_weather(tmp_path / "t.csv")
