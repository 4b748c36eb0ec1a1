"""``dhc user`` and the first account of a site."""

import io
import json
import sys
from pathlib import Path

import pytest

from controller.accounts import store
from controller.accounts.passwords import PasswordHashes
from controller.cli import main
from controller.commands import run, user
from controller.commands.exit_codes import FAILED, OK, WRONG_USE
from controller.config.loader import load_site
from tests.support.api_bench import QUICK
from tests.support.control_room import ControlRoomBench
from tests.support.sites import write_site

PASSWORD = "a winter of 6 months"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(user, "PasswordHashes", lambda: PasswordHashes(QUICK))
    return str(write_site(tmp_path / "site"))


def typed(monkeypatch, *lines, tty=False):
    """Let standard input hold these lines, as a pipe or as a person at a terminal."""
    stdin = io.StringIO("".join(f"{line}\n" for line in lines))
    stdin.isatty = lambda: tty
    monkeypatch.setattr(sys, "stdin", stdin)
    answers = iter(lines)
    monkeypatch.setattr(user.getpass, "getpass", lambda _prompt: next(answers))
    monkeypatch.setattr("builtins.input", lambda _prompt: next(answers))


def test_accounts_are_added_listed_shut_and_opened(site, monkeypatch, capsys):
    typed(monkeypatch, PASSWORD)
    assert main(["user", "add", site, "olga", "--role", "operator", "--district", "north"]) == OK
    assert main(["user", "disable", site, "olga"]) == OK
    capsys.readouterr()
    assert main(["user", "list", site, "--json"]) == OK
    expected = {"name": "olga", "role": "operator", "districts": ["north"], "disabled": True}
    assert json.loads(capsys.readouterr().out) == [expected]
    assert main(["user", "enable", site, "olga"]) == OK
    typed(monkeypatch, "another winter of 6 months")
    assert main(["user", "password", site, "olga"]) == OK
    assert main(["user", "list", site]) == OK
    assert "operator" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "lines", "text"),
    [
        (["add", "olga", "--role", "operator"], ["short"], "12 to 128 characters"),
        (["add", "olga", "--role", "operator"], [], "12 to 128 characters"),
        (["add", "Olga!", "--role", "operator"], [PASSWORD], "user name 'Olga!'"),
        (["add", "olga", "--role", "operator", "--district", "moon"], [PASSWORD], "known: north"),
        (["disable", "olga"], [], "there is no user 'olga'"),
        (["password", "olga"], [PASSWORD], "there is no user 'olga'"),
    ],
)
def test_what_is_not_possible_is_said(site, monkeypatch, capsys, arguments, lines, text):
    typed(monkeypatch, *lines)
    assert main(["user", arguments[0], site, *arguments[1:]]) == FAILED
    assert text in capsys.readouterr().err


def test_two_passwords_that_differ_are_none(site, monkeypatch, capsys):
    typed(monkeypatch, PASSWORD, PASSWORD + "!", tty=True)
    assert main(["user", "add", site, "olga", "--role", "operator"]) == FAILED
    assert "differ" in capsys.readouterr().err


def test_a_password_is_no_argument(site):
    with pytest.raises(SystemExit) as ended:
        main(["user", "add", site, "olga", "--role", "operator", "--password", PASSWORD])
    assert ended.value.code == WRONG_USE


def test_a_first_start_at_a_terminal_asks_until_there_is_an_administrator(site, monkeypatch, capsys):
    typed(monkeypatch, "Ada", "ada", "short", "short", "ada", PASSWORD, PASSWORD, tty=True)
    loaded = load_site(Path(site), None)
    user.first_account(loaded)
    with store.open_accounts(loaded.data).reading() as connection:
        (only,) = store.users(connection)
    assert (only.name, only.role.value) == ("ada", "admin")
    user.first_account(loaded)  # asks no more
    assert "The first one administers the others" in capsys.readouterr().err


def test_a_start_without_a_terminal_asks_nobody(site, monkeypatch):
    typed(monkeypatch)
    user.first_account(load_site(Path(site), None))


def test_a_run_asks_for_the_first_account_before_anything_is_served(site, monkeypatch, capsys):
    accounts = []

    async def served(loaded, _clock, **_options):
        with store.open_accounts(loaded.data).reading() as connection:
            accounts.append([(one.name, one.role.value) for one in store.users(connection)])

    monkeypatch.setattr(run, "run_service", served)
    monkeypatch.setattr(run, "configure_logs", lambda _: None)
    typed(monkeypatch, "ada", PASSWORD, PASSWORD, tty=True)
    assert main(["run", site]) == OK
    assert accounts == [[("ada", "admin")]]
    assert "no account yet" in capsys.readouterr().err
    typed(monkeypatch)
    assert main(["run", site]) == OK


async def test_without_an_account_the_api_tells_who_logs_in_how_one_is_made(tmp_path):
    bench = ControlRoomBench(tmp_path)
    async with bench.client() as anybody:
        answer = await anybody.post("login", json={"name": "ada", "password": PASSWORD})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["code"] == "no_account"
    assert "dhc user add SITE NAME --role admin" in error["message"]
    bench.close()
