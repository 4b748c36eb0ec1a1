"""The screen as a process: refuses in words what can not work, and opens beside a controller that is down."""

import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from hmi.__main__ import main
from tests.support.api_bench import TOKEN

NOWHERE = "http://127.0.0.1:9"
END_S = 60


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
