"""Log lines tell transitions once, can not be forged by what a station says, and never stop the writer."""

import io
import json
import logging

import pytest
import structlog

from controller.logs import MAX_TEXT, REPEAT_S, RateLimit, StdlibHandler, configure_logs, escape


class Time:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def lines(time):
    """Set up JSON logs into memory; call it for the lines so far. Everything is put back afterwards."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs("json", stream, monotonic=time)
    yield lambda: [json.loads(line, parse_constant=pytest.fail) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(False)
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_an_event_is_one_json_line_with_its_fields_in_utc(lines):
    structlog.get_logger("field").warning("link_down", station="S001", why="换热站 no answer", down_s=1.5)
    (line,) = lines()
    assert line["event"] == "link_down"
    assert line["station"] == "S001"
    assert line["why"] == "换热站 no answer"
    assert line["down_s"] == 1.5
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("Z")


def test_a_repeated_event_is_written_once_a_minute_and_then_counts_what_was_left_out(lines, time):
    log = structlog.get_logger()
    for _ in range(50):
        log.warning("link_down", station="S001")
    log.warning("link_down", station="S002")
    log.warning("link_up", station="S001")
    assert len(lines()) == 3
    time.now += REPEAT_S
    log.warning("link_down", station="S001")
    assert lines()[-1]["repeated"] == 49


def test_two_loops_of_a_station_do_not_hide_each_other(lines):
    for loop in (1, 2, 1):
        structlog.get_logger().info("setpoint_confirmed", station="S001", loop=loop)
    assert [line["loop"] for line in lines()] == [1, 2]


def test_the_memory_of_the_rate_limit_is_bounded(time, monkeypatch):
    monkeypatch.setattr("controller.logs.MAX_KEYS", 100)
    limit = RateLimit(time)
    for i in range(1000):
        limit(None, "info", {"event": "link_down", "station": f"S{i}"})
    assert len(limit._last) <= 100


@pytest.mark.parametrize(
    "payload",
    ["x\n2026-01-01 [error] forged", "\x1b[2Jgone", "a\u202eb", "a\u2028b", "\x00", "a\rb", "\x9b31m"],
)
def test_what_a_station_says_can_not_forge_a_line(lines, payload):
    structlog.get_logger().info("link_down", why=payload, station=payload)
    (line,) = lines()
    assert line["why"].isprintable()
    assert escape(payload) == line["why"]


def test_a_flood_of_text_is_cut(lines):
    structlog.get_logger().info("x", why="a" * 100_000)
    assert len(lines()[0]["why"]) == MAX_TEXT + 1


def test_secrets_and_numbers_that_are_none_do_not_reach_the_log(lines):
    structlog.get_logger().info("x", api_token="s3cret", OpcUaPassword="s3cret", ratio=float("nan"), token=7)
    (line,) = lines()
    assert "s3cret" not in json.dumps(line)
    assert line["ratio"] == "nan"
    assert line["token"] == 7


def test_libraries_speak_through_the_same_lines_from_warning_on(lines):
    # not uvicorn's: importing Streamlit, as another test may have done, takes that logger for itself
    library = logging.getLogger("a.library")
    for i in range(20):
        library.info("chatter %s", i)
        library.warning("lost %s\nforged", i)
    (line,) = lines()
    assert line["event"] == "lost 0\\nforged"
    assert line["logger"] == "a.library"


def test_a_wrongly_formatted_message_of_a_library_is_kept_as_it_is(lines):
    record = logging.makeLogRecord({"name": "pymodbus", "msg": "%d frames", "args": ("many",), "levelno": 40})
    StdlibHandler().emit(record)
    assert lines()[0]["event"] == "%d frames"


def test_a_bug_is_logged_with_its_traceback_in_one_line(lines):
    try:
        raise ValueError("bad\nthing")
    except ValueError:
        structlog.get_logger().exception("station_quarantined", station="S001")
    (line,) = lines()
    assert "ValueError: bad" in line["exception"]
    assert line["level"] == "error"


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def test_a_log_reader_that_went_away_does_not_stop_the_writer(lines):
    configure_logs("json", Broken())
    structlog.get_logger().error("still here")


def test_people_get_text(lines):
    stream = io.StringIO()
    configure_logs("console", stream)
    structlog.get_logger().info("link_up", station="S001", down_s=12)
    assert "link_up" in stream.getvalue()
    assert "station=S001" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
