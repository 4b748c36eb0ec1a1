"""The screen as a process: refuses in words what can not work, and opens beside a controller that is down."""

import asyncio
import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from hmi import errors, server
from hmi.__main__ import main
from hmi.server import settings
from tests.support.api_bench import TOKEN

NOWHERE = "http://127.0.0.1:9"
END_S = 60
FAULTY = """
from hmi import errors
from hmi.language import Words

errors.words_of_this_run = lambda: Words("zh")
try:
    {}["secret of the inside"]
except KeyError as error:
    errors.told(error)
"""
"""What the server does with a screen that raises (``on_script_error``), in a run of a page."""


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "api_token"
    path.write_text(TOKEN)
    return path


def command(*arguments):
    return [sys.executable, "-m", "hmi", *map(str, arguments)]


def run(*arguments):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=END_S, check=False)


@pytest.mark.parametrize(
    ("url", "file", "words"),
    [
        ("127.0.0.1:8640", None, "http://127.0.0.1:8640"),
        ("ftp://x", None, "not an address"),
        ("http://127.0.0.1:8640/api", None, "not an address"),
        (NOWHERE, "missing", "No such file"),
        (NOWHERE, "empty", "empty"),
    ],
    ids=["no scheme", "wrong scheme", "with a path", "no token file", "empty token file"],
)
def test_wrong_options_are_refused_with_what_is_wrong(
    tmp_path, token_file, monkeypatch, capsys, url, file, words
):
    (tmp_path / "empty").write_text("")
    token = tmp_path / file if file else token_file
    monkeypatch.setattr(sys, "argv", ["hmi", "--api", url, "--token-file", str(token), "--port", "0"])
    assert main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err


def test_a_run_that_ends_while_it_fails_tells_nobody_and_shows_nothing(monkeypatch):
    def left():
        raise StopException

    monkeypatch.setattr(errors, "words_of_this_run", left)
    assert errors.told(errors.SessionOver()) is True, "else Streamlit shows the fault as it is, and logs it"


def test_a_port_in_use_is_told_with_what_to_do(token_file):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("--api", NOWHERE, "--token-file", token_file, "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_dhc_hmi_without_a_site_or_an_address_says_what_is_missing():
    done = subprocess.run(
        [sys.executable, "-m", "controller.cli", "hmi"],
        capture_output=True, text=True, timeout=END_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--api" in done.stderr


def test_the_screen_opens_beside_a_controller_that_is_down_and_ends_when_told(tmp_path, token_file):
    arguments = command("--api", NOWHERE, "--token-file", token_file, "--port", 0)
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["hmi"]
            with httpx.Client(base_url=url, trust_env=False, timeout=20.0) as browser:
                assert browser.get("/_stcore/health").is_success
                assert browser.get("/").headers["location"] == "/login"
                assert "<form" in browser.get("/login").text
                form = {"name": "lei", "password": "whatever it is"}
                assert "没有应答" in browser.post("/login", data=form).text
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(END_S) == 0
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert TOKEN not in said


def test_the_screen_never_collects_garbage_in_a_run_nor_tells_a_traceback():
    told = settings("127.0.0.1", 0)
    assert told["runner.postScriptGC"] is False, "90 % of a core at 20 sessions"
    assert (told["client.showErrorDetails"], told["client.showErrorLinks"]) == ("none", "false")
    assert told["browser.gatherUsageStats"] is False
    assert (told["server.fileWatcherType"], told["server.runOnSave"]) == ("none", False)


async def test_what_is_imported_at_the_start_is_frozen_and_a_timer_collects(monkeypatch):
    done, twice = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def collect():
        done.append("collect")
        if done[3:] == ["collect", "collect"]:
            loop.call_soon_threadsafe(twice.set)

    monkeypatch.setattr(server, "_warm_up", lambda: done.append("imports"))
    monkeypatch.setattr(server.gc, "freeze", lambda: done.append("freeze"))
    monkeypatch.setattr(server.gc, "collect", collect)
    monkeypatch.setattr(server, "COLLECT_EVERY_S", 0.01)
    async with server._alive(None):
        assert done[:3] == ["imports", "collect", "freeze"]
        await asyncio.wait_for(twice.wait(), 10.0)


def test_a_fault_of_ours_is_one_sentence_on_the_page_and_whole_in_the_log(capsys):
    page = AppTest.from_string(FAULTY, default_timeout=20).run()
    assert not page.exception
    assert [error.value for error in page.error] == ["本页这一部分因软件故障未能显示；控制不受影响。"]
    assert "secret of the inside" in capsys.readouterr().out
