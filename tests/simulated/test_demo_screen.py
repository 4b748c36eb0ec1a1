"""The demo with its screen: one login for a person, nothing but the report for a program."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from controller.accounts import store
from controller.demo_hmi import ACCOUNTS, USER, Login, make_accounts, no_chinese_font
from controller.demo_table import DemoScreen

START_S = 150.0


def test_the_demo_has_an_account_for_each_duty_with_a_password_of_its_own_run(tmp_path):
    first, second = make_accounts(tmp_path / "a"), make_accounts(tmp_path / "b")
    assert first != second
    with store.open_accounts(tmp_path / "a").reading() as connection:
        assert {user.name: user.role for user in store.users(connection)} == dict(ACCOUNTS)


def test_the_address_the_user_and_the_password_are_printed_for_a_person_and_not_for_a_program(
    tmp_path, capsys
):
    login = Login(url="http://127.0.0.1:8641", name=USER, password="abcde-fghjk-mnpqr")
    for quiet in (False, True):
        DemoScreen(quiet=quiet).running("http://127.0.0.1:8640", "token", tmp_path, 1, login)
        said = capsys.readouterr().err
        assert (f"screen  {login.url}   user {USER}   password {login.password}" in said) is not quiet
        assert (login.password in said) is not quiet


@pytest.mark.parametrize(
    ("listed", "missing"), [("/fonts/a.ttc: Noto Sans CJK SC", False), ("", True), (None, False)]
)
def test_a_machine_without_a_chinese_font_is_known(tmp_path, monkeypatch, listed, missing):
    monkeypatch.setenv("PATH", str(tmp_path))
    if listed is not None:
        program = tmp_path / "fc-list"
        program.write_text(f"#!/bin/sh\nprintf '%s' '{listed}'\n")
        program.chmod(0o755)
    assert no_chinese_font() is missing


@pytest.mark.slow(minutes=1)
@pytest.mark.timeout(300)
def test_a_demo_that_plans_shows_its_screen_outlives_its_controller_and_prints_the_report_alone(tmp_path):
    command = [sys.executable, "-m", "controller.cli", "demo", "--stations", "2", "--speed", "30", "--json"]
    options = ["--data", str(tmp_path), "--hmi-port", "0", "--strategy", "optimizer"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        try:
            login_file = waited_for(lambda: next(tmp_path.glob("run-*/login.json"), None), demo)
            assert stat.S_IMODE(login_file.stat().st_mode) == 0o600
            login = waited_for(lambda: json.loads(login_file.read_text() or "null"), demo)
            assert login["name"] == USER
            with httpx.Client(base_url=login["url"], trust_env=False, timeout=20.0) as browser:
                form = {"name": login["name"], "password": login["password"]}
                assert browser.post("/login", data=form).headers["location"] == "/"
                assert browser.get("/").is_success
            killed(demo.pid, "controller.cli run")
            log = next(tmp_path.glob("run-*/logs/controller.log"))
            waited_for(lambda: log.read_text().count("controller_started") == 2, demo)
            waited_for(lambda: '"event": "plan"' in log.read_text(), demo)
        finally:
            demo.send_signal(signal.SIGINT)
            out, errors = demo.communicate(timeout=90)
    assert demo.returncode in (0, 1), errors
    if demo.returncode == 0:
        assert json.loads(out)["stations"] == 2
    assert login["password"] not in out + errors


def killed(parent, words):
    """Kill the child of a process whose command line has these words."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) != parent:
                continue
            if words in (folder / "cmdline").read_text().replace("\0", " "):
                os.kill(int(folder.name), signal.SIGKILL)
                return
        except (FileNotFoundError, ProcessLookupError):
            continue
    raise AssertionError(f"no child {words!r}")


def waited_for(look, demo):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert demo.poll() is None, demo.stderr.read()
        found = look()
        if found:
            return found
        time.sleep(0.2)  # between two looks: the demo needs the processor
    raise AssertionError("the demo's screen did not open")
