"""``python -m simulators replay`` as its user runs it: a process, a port, one line that says it is ready."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from simulators.__main__ import main
from tests.support.raw_modbus import RawModbus
from tests.support.recorded_table import BEGIN, RecordedTable


@contextmanager
def replay_process(*arguments):
    command = [sys.executable, "-m", "simulators", "replay", *map(str, arguments), "--die-with-parent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


async def test_a_table_is_served_at_the_time_asked_for_and_ends_on_sigterm(tmp_path):
    table = RecordedTable(seed=1)
    path, row = table.write(tmp_path), 20
    with replay_process(path, "--profile", "plc-a", "--begin", table.local(row)) as (process, ready):
        assert ready["ready"] is True
        assert ready["protocol"] == "modbus"
        assert ready["tables"][0]["doubled"] == len(table.defects.doubled)
        client = await RawModbus.connect(ready["port"])
        words = await client.registers(3, 0, 2)
        T_supply_secondary = (await client.registers(3, 40, 1))[0]
        await client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    says = {point.name: value for point, value in table.says(BEGIN + row * 600.0).items()}
    assert [word / 100.0 for word in words] == [says["T_supply_primary"], says["T_return_primary"]]
    assert T_supply_secondary / 100.0 == says["T_supply_secondary"]


async def test_a_table_can_be_moved_to_the_time_of_a_given_clock(tmp_path):
    """The clock of a demo in another year shows the recorded evening."""
    table = RecordedTable(seed=1)
    clock = f"1893456000.0:{time.monotonic()!r}:1"
    arguments = [table.write(tmp_path), "--profile", "plc-a", "--clock", clock, "--begin", table.local(3)]
    with replay_process(*arguments) as (_, ready):
        assert ready["now"].startswith("2030-01-01T00:0")
        client = await RawModbus.connect(ready["port"])
        words = await client.registers(3, 0, 1)
        await client.close()
    assert words[0] / 100.0 in {
        value
        for row in (3, 4)
        for point, value in table.truth[row].items()
        if point.name == "T_supply_primary"
    }


def test_check_prints_what_is_odd_and_serves_nothing(tmp_path, capsys):
    path = RecordedTable(seed=1).write(tmp_path)
    assert main(["replay", str(path), "--profile", "plc-a", "--check"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["conflicts"] == 1
    assert report["counters_flagged"] == {"0/E_heat_primary": 19}
    assert len(report["flagged"]) == 19
    assert report["gaps_h"] == pytest.approx(7 / 6)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--profile", "plc-z"], "known are: ecl-310"),
        (["--profile", "plc-a", "--begin", "noon"], "--begin: Invalid isoformat string: 'noon'"),
        (["--profile", "plc-a", "--begin", "2024-03-31T02:30"], "does not exist in Europe/Berlin"),
        (["--profile", "plc-a", "--speed", "0"], "--speed: 0.0 must be > 0"),
        (["--profile", "multical-603"], "profile multical-603 has no 0/E_heat_primary"),
        (["--profile", "plc-a", "--columns", "a.toml", "--columns", "b.toml"], "2 files for 1 tables"),
        (["--profile", "plc-a", "--columns", "absent.toml"], "absent.toml: No such file"),
        (["--profile", "plc-a", "--port", "1", "--host", "203.0.113.1"], "nothing was started"),
    ],
)
def test_wrong_use_is_refused_in_words(tmp_path, capsys, more, says):
    path = RecordedTable(seed=1).write(tmp_path)
    assert main(["replay", str(path), *more]) == 2
    assert says in capsys.readouterr().err


def test_all_tables_that_can_not_be_read_are_named_at_once(tmp_path, capsys):
    assert main(["replay", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--profile", "plc-a"]) == 2
    said = capsys.readouterr().err
    assert "a.toml" in said
    assert "b.toml" in said
