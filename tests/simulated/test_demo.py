"""The demo as a user runs it: one command, a city of 40 stations, one JSON object at the end."""

import json
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.serial, pytest.mark.slow, pytest.mark.soak]

POLL_S = 10.0
SPEED = 20.0


def demo(tmp_path, *arguments, wall_s):
    command = [sys.executable, "-m", "controller.cli", "demo", "--data", str(tmp_path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=wall_s + 110, check=False)


@pytest.mark.timeout(240)
def test_forty_stations_are_polled_stored_decided_written_and_verified(tmp_path, soak):
    wall_s = soak.pick(reduced=30, full=90)
    arguments = ("--stations", "40", "--speed", f"{SPEED:g}", "--duration", str(wall_s), "--no-hmi", "--json")
    run = demo(tmp_path, *arguments, wall_s=wall_s)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    soak.record(**report)
    assert (report["stations"], report["stations_fresh"]) == (40, 40)
    assert report["polls"] >= 0.98 * report["stations"] * report["sim_s"] / POLL_S
    assert report["polls_ok"] / report["polls"] >= 0.999
    assert report["loops_confirmed"] == report["loops_driven"] == 43
    assert report["frames_out_of_contract"] == 0
    assert report["frames"] > report["polls"]
    assert report["setpoints_rejected"] == 0
    assert report["readings_stored"] > 15 * report["polls_ok"]
    assert report["sim_s"] == pytest.approx(SPEED * report["wall_s"], rel=0.02)
    assert 18.0 < report["indoor_mean"] < 24.0
    assert 1.5 < report["indoor_sd"] < 3.5
    assert 20.0 < report["heat_W_per_m2_mean"] < 60.0


def test_a_demo_over_a_poor_link_at_high_speed_is_refused_with_what_to_do(tmp_path):
    run = demo(tmp_path, "--link", "cell_edge", "--speed", "30", wall_s=0)
    assert run.returncode == 2
    assert "--link good" in run.stderr
    assert not list(tmp_path.iterdir())
