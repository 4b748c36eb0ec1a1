"""The benchmark harness: what it writes, when it fails, and that both sides of a ratio do the same work."""

import json
import os
import time
from functools import partial

import pytest
from rich.console import Console

from benchmarks import __main__ as bench
from benchmarks import cycle, device, field, hmi_city, modbus_server, report
from benchmarks.city_writes import NotAcknowledged, Writes
from benchmarks.isolated import Crashed, in_own_process, server
from benchmarks.measurement import Measurement
from benchmarks.reads import compare, in_process
from benchmarks.report import Figures, Result, Target, complete, load_targets, median_of
from controller.historian.records import State
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.modbus.plan import plan_reads
from stations.model.clock import SystemClock
from stations.model.identity import Point
from tests.support.field_world import intent

LAG = "cycle.loop_lag.p99_ms"


def result(name=LAG, value=20.0, unit="ms"):
    return Result(name=name, value=value, unit=unit, runs=5, spread=(value, value))


# Functions of light modules: another process imports no more than these.
measured = partial(Figures, [result()])
breaking = partial(int, "no number")
dying = partial(os._exit, 3)


@pytest.fixture
def output(monkeypatch, tmp_path):
    """Where this test's figures go."""
    monkeypatch.setattr(bench, "write_json", lambda area, figures: report.write_json(area, figures, tmp_path))
    return tmp_path


def area(*runs):
    return {"cycle": [Measurement(title="a test", names=(LAG,), run=run) for run in runs]}


def test_every_official_name_of_an_area_is_either_measured_or_missing_with_a_reason(output):
    assert bench.main(["cycle"], area(measured)) == 0
    document = json.loads((output / "cycle.json").read_text())
    assert document.keys() == {"commit", "machine", "date", "results", "missing"}
    assert document["results"] == [
        {"name": LAG, "value": 20.0, "unit": "ms", "runs": 5, "spread": [20.0, 20.0], "note": ""}
    ]
    names = {entry["name"] for entry in document["results"]} | document["missing"].keys()
    assert names == load_targets()["cycle"].keys()
    assert all(document["missing"].values())


def test_a_missed_target_is_no_failure_and_stands_in_the_table(output, capsys):
    slow = Figures([result(value=1e6)])
    assert bench.complete(slow, load_targets()["cycle"]).results == slow.results
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        report.print_table("cycle", slow, load_targets()["cycle"], console)
    (row,) = [line for line in console.export_text().splitlines() if LAG in line]
    assert "1000000" in row
    assert "<= 50" in row
    assert " no " in row


@pytest.mark.parametrize(("run", "why"), [(breaking, "ValueError: invalid literal"), (dying, "process died")])
def test_a_crashed_benchmark_is_reported_stops_no_other_and_fails_the_run(output, capfd, run, why):
    other = partial(Figures, [result("cycle.other")])
    assert bench.main(["cycle"], {"cycle": [*area(run)["cycle"], *area(other)["cycle"]]}) == 1
    document = json.loads((output / "cycle.json").read_text())
    missing = document["missing"]
    assert [entry["name"] for entry in document["results"]] == ["cycle.other"]
    assert missing[LAG].startswith("crashed")
    assert why in missing[LAG]


def test_an_unknown_area_is_wrong_use_and_names_the_known_ones(capsys):
    assert bench.main(["hydraulics"]) == 2
    assert "known: field, cycle" in capsys.readouterr().err


def test_the_list_shows_every_target_and_measures_nothing(capsys):
    assert bench.main(["--list"]) == 0
    printed = capsys.readouterr().out
    for targets in load_targets().values():
        for name in targets:
            assert name in printed


def test_what_the_areas_promise_are_official_names():
    targets = load_targets()
    for name, measurements in (("field", field.MEASUREMENTS), ("cycle", cycle.MEASUREMENTS)):
        promised = [figure for measurement in measurements for figure in measurement.names]
        assert sorted(promised) == sorted(targets[name])


@pytest.mark.parametrize(
    ("better", "value", "met"),
    [("lower", 0.8, True), ("lower", 0.81, False), ("higher", 60.0, True), ("higher", 59.9, False)],
)
def test_a_target_is_met_on_its_own_side(better, value, met):
    target = Target(unit="x", better=better, target=0.8 if better == "lower" else 60.0, what="")
    assert target.met(value) is met


def test_a_figure_in_another_unit_than_its_target_is_a_bug():
    with pytest.raises(ValueError, match="is in ms, measured in s"):
        complete(Figures([result(unit="s")]), load_targets()["cycle"])


def test_a_figure_can_not_be_both_measured_and_missing():
    with pytest.raises(ValueError, match="measured and missing"):
        complete(Figures([result()], {LAG: "no time"}), load_targets()["cycle"])


def test_the_median_of_runs_keeps_lowest_and_highest():
    found = median_of("x", "ms", [3.0, 1.0, 2.0, 9.0, 2.5])
    assert (found.value, found.runs, found.spread) == (2.5, 5, (1.0, 9.0))


def test_what_breaks_in_another_process_comes_back_as_text():
    with pytest.raises(Crashed, match="no number") as crash:
        in_own_process(breaking)
    assert "Traceback" in crash.value.traceback


async def test_both_sides_are_measured_in_turn_and_only_by_their_cpu_time():
    order = []

    def side(name, cpu_s):
        async def run(total):
            order.append(name)
            return cpu_s * total

        return run

    compared = await compare(side("ours", 2e-6), side("theirs", 8e-6), 100, runs=4)
    assert order == ["ours", "theirs", "theirs", "ours"] * 2
    assert compared.ratio("x", "").value == pytest.approx(0.25)


async def test_cpu_time_of_a_side_counts_all_its_reads_and_no_waiting():
    reads = []

    async def read():
        reads.append(sum(range(100_000)))  # long beside the step of any processor clock

    cpu_s = await in_process([read] * 3)(10)
    assert len(reads) == 9
    assert 0.0 < cpu_s < 1.0


def test_one_request_of_forty_registers_reads_the_modbus_device():
    (block,) = plan_reads(device.modbus_profile(), 1)
    assert (block.start, block.count, len(block.slots)) == (0, 40, 20)
    assert len(device.opcua_profile().polled(1)) == 20


async def test_the_cheap_modbus_server_answers_our_driver_with_the_devices_values():
    with server(modbus_server.serve, 100) as port:
        driver = ModbusDriver("S", device.modbus_profile(), 1, device.modbus_address(port), SystemClock())
        await driver.connect()
        try:
            readings = await driver.read()
        finally:
            await driver.close()
    assert len(readings) == 20
    assert readings[Point(0, "T_supply_primary")].value == 95.5
    assert readings[Point(1, "T_indoor_mean")].value == 21.375
    assert readings[Point(1, "y_pump_secondary")].value == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("000100000006010300000001", "00010000000501030242bf"),
        ("000200000006010300280001", "000200000003018302"),
        ("000300000006010600000001", "000300000003018601"),
    ],
    ids=["first register", "beyond the last", "a write"],
)
def test_the_cheap_modbus_server_keeps_the_protocol(request_hex, answer_hex):
    assert modbus_server.answer(bytes.fromhex(request_hex)).hex() == answer_hex


def writes(taken, lost):
    found = Writes()
    for number in range(taken + lost):
        found.posted[number], found.profile_of[number] = time.monotonic() - 0.1, "plc-a"
        state = State.ACKNOWLEDGED if number < taken else State.REJECTED
        found.record(intent(number), state, "refused")
    return found


def test_a_few_lost_writes_are_told_and_many_are_no_latency():
    found = writes(taken=995, lost=5).result("x", "here")
    assert 100.0 <= found.value < 10_000.0
    assert "5 not acknowledged" in found.note
    with pytest.raises(NotAcknowledged, match=r"20 of 100 writes .* first: S001 rejected"):
        writes(taken=80, lost=20).result("x", "here")


@pytest.mark.parametrize("age_s", [0.0, 1.5, 14.0, 60.0])
@pytest.mark.parametrize("now", [1e9, 1e9 + 199.0, 1e9 + 390.0])
def test_a_temperature_that_tells_the_time_is_read_back_to_the_second(now, age_s):
    shown = round(hmi_city.told(now - age_s), 1)
    assert hmi_city.measured_when(shown, now) == pytest.approx(now - age_s, abs=0.6)
