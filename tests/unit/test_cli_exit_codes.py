"""``dhc`` as scripts meet it: exit codes 0, 1 and 2, and nothing begun where something is wrong."""

import os
import socket
import sys

import pytest

from controller import cli
from tests.support.sites import write_site


@pytest.fixture
def faulty(tmp_path):
    """A site with a key that nobody knows."""
    folder = write_site(tmp_path)
    file = folder / "site.toml"
    file.write_text(file.read_text("utf-8").replace("[site]\n", '[site]\ncolour = "red"\n'), "utf-8")
    return folder


def dhc(capsys, *arguments):
    code = cli.main([str(argument) for argument in arguments])
    return code, capsys.readouterr().err


@pytest.mark.parametrize("command", [("run",), ("check",), ("check", "--online")])
def test_a_faulty_site_is_exit_2_with_the_fault_and_no_data_folder(faulty, capsys, command):
    code, told = dhc(capsys, command[0], faulty, *command[1:])

    assert code == 2
    assert "nothing was started" in told
    assert "colour" in told
    assert not (faulty / "data").exists()


def test_a_port_that_is_taken_is_exit_2_and_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("controller.commands.run.configure_logs", lambda _: None)
    folder = write_site(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = dhc(capsys, "run", folder, "--api-port", port)

    assert code == 2
    assert str(port) in told


def test_a_check_of_a_sound_site_is_0_and_of_a_silent_station_1(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("controller.commands.check.configure_logs", lambda _: None)
    folder = write_site(tmp_path)
    assert dhc(capsys, "check", folder)[0] == 0
    assert dhc(capsys, "check", folder, "--online")[0] == 1
    assert dhc(capsys, "check", folder, "--online", "--station", "S999")[0] == 2


def test_the_doctor_is_0_where_nothing_fails_and_1_where_something_does(tmp_path, capsys):
    folder = write_site(tmp_path)
    assert dhc(capsys, "doctor", folder)[0] == 0
    assert dhc(capsys, "doctor", tmp_path / "nowhere")[0] == 1


def test_simulate_becomes_the_simulators_with_what_was_asked(tmp_path, monkeypatch):
    became = []

    def become(path, arguments):
        became.append((path, arguments))
        raise SystemExit(0)  # as a process that is replaced: nothing of it goes on

    monkeypatch.setattr(os, "execv", become)

    given = ["--link", "good", "--plant", "simple", "--scenario", "night.toml", "--dial", "127.0.0.1:90"]
    with pytest.raises(SystemExit):
        cli.main(["simulate", str(tmp_path), "--speed", "10", *given])

    ((path, arguments),) = became
    assert path == sys.executable
    assert arguments[1:5] == ["-m", "simulators", "serve", str(tmp_path)]
    asked = {"--link": "good", "--plant": "simple", "--scenario": "night.toml", "--dial": "127.0.0.1:90"}
    assert {name: arguments[arguments.index(name) + 1] for name in asked} == asked


@pytest.mark.parametrize("arguments", [(), ("fly",), ("simulate", "x", "--speed", "0"), ("run",)])
def test_wrong_use_is_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: dhc" in capsys.readouterr().err


def test_an_old_python_is_exit_2_and_says_which_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    assert dhc(capsys, "doctor") == (2, "dhc needs Python 3.11 or newer\n")
