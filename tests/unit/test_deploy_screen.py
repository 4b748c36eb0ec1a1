"""The screen's unit file: understood by systemd, gives away little, and calls what there is."""

import configparser
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "dhc-hmi.service"


def analyse(*arguments):
    command = ["systemd-analyze", *arguments, str(UNIT)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_understands_every_line_and_the_unit_exposes_no_more_than_2_points():
    told = analyse("verify").stderr.splitlines()
    assert [line for line in told if "dhc-hmi.service" in line and "not executable" not in line] == []
    told = analyse("security", "--offline=true", "--threshold=20")
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_unit_calls_the_screen_with_options_that_it_knows():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    program, command, *rest = unit["Service"]["ExecStart"].split()
    assert (program, command) == ("/opt/dhc/.venv/bin/dhc", "hmi")
    told = subprocess.run(
        [sys.executable, "-m", "controller.cli", command, "--help"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert all(option in told.stdout for option in rest if option.startswith("--"))
