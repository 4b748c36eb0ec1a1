"""The unit file and the container file say what the controller needs, and the unit gives away little."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from controller.notify import CYCLES_OVERDUE
from controller.runtime import HAND_BACK_S

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "deploy" / "dhc.service"
EXPOSURE_MAX = 2.0
CYCLE_S = 60.0
RENEWAL_LICENCE_S = 150.0


class _Many(dict):
    """Keys of a unit file may repeat; their values are joined by spaces."""

    def __setitem__(self, key, value):
        if isinstance(value, list) and isinstance(self.get(key), list):
            self[key].extend(value)
        else:
            super().__setitem__(key, value)


@pytest.fixture(scope="module")
def unit():
    parser = configparser.RawConfigParser(strict=False, dict_type=_Many, empty_lines_in_values=False)
    parser.optionxform = str
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def analyse(*arguments):
    command = ["systemd-analyze", *arguments, str(UNIT)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_unit_exposes_no_more_than_2_points():
    told = analyse("security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}")
    assert told.returncode == 0, told.stdout + told.stderr


def test_systemd_understands_every_line_of_the_unit():
    told = analyse("verify").stderr.splitlines()
    # the program stands where the how-to puts it, not here; nothing else may be found
    assert [line for line in told if "dhc.service" in line and "not executable" not in line] == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("Unit", "StartLimitIntervalSec", "300"),
        ("Unit", "StartLimitBurst", "10"),
        ("Service", "Type", "notify"),
        ("Service", "NotifyAccess", "main"),
        ("Service", "WatchdogSec", "30"),
        ("Service", "Restart", "always"),
        ("Service", "RestartSec", "2"),
        ("Service", "TimeoutStopSec", "20"),
        ("Service", "DynamicUser", "yes"),
        ("Service", "StateDirectory", "dhc"),
        ("Service", "CapabilityBoundingSet", ""),
        ("Service", "ProtectSystem", "strict"),
        ("Service", "MemoryDenyWriteExecute", "yes"),
    ],
)
def test_the_unit_keeps_what_the_safety_of_the_stations_rests_on(unit, section, key, value):
    assert unit[section][key] == value


def test_a_hung_cycle_is_restarted_no_later_than_its_leases_would_run_out(unit):
    assert CYCLES_OVERDUE * CYCLE_S + float(unit["Service"]["WatchdogSec"]) <= RENEWAL_LICENCE_S


def test_a_stop_leaves_time_to_hand_the_stations_back(unit):
    assert float(unit["Service"]["TimeoutStopSec"]) >= HAND_BACK_S + 10.0
    assert float(unit["Service"]["TimeoutStartSec"]) >= 2 * CYCLE_S


def test_the_command_of_the_unit_is_one_that_dhc_knows(unit):
    for key in ("ExecStart", "ExecStartPre"):
        program, command, *rest = unit["Service"][key].split()
        assert program == "/opt/dhc/.venv/bin/dhc"
        told = subprocess.run(
            [sys.executable, "-m", "controller.cli", command, "--help"],
            cwd=ROOT, capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        for option in (word for word in rest if word.startswith("--")):
            assert option in told.stdout


def test_what_the_controller_computes_with_runs_without_writable_code():
    """MemoryDenyWriteExecute forbids memory that is written and then run; the kernel can be asked to."""
    program = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "# PR_SET_MDWE (65), PR_MDWE_REFUSE_EXEC_GAIN (1): Linux 6.3 and newer; older ones answer EINVAL\n"
        "denied = libc.prctl(65, 1, 0, 0, 0)\n"
        "import numpy, scipy.optimize, uvloop, httptools, cryptography.hazmat.primitives.asymmetric.rsa\n"
        "import controller.service\n"
        "x = numpy.linalg.solve(numpy.eye(50) + 1, numpy.ones(50))\n"
        "print(denied, float(x.sum()) > 0)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout.split()[-1:] == ["True"], told.stderr


def test_the_container_runs_as_nobody_in_particular_and_installs_pinned_wheels_only():
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert "--only-binary" in text
    assert "STOPSIGNAL SIGTERM" in text
    for source in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        for path in source.split()[:-1]:
            assert (ROOT / path).exists(), path
