"""Cities that were judged are kept by commit, and one that fails takes no other with it."""

from functools import partial

import pytest

from benchmarks import kept as module
from benchmarks.isolated import Crashed, in_own_processes
from benchmarks.kept import kept

COMMIT = "0123456789abcdef"


@pytest.fixture
def at(monkeypatch):
    """Let the work tree be in a state of the code."""
    return lambda state: monkeypatch.setattr(module, "commit", lambda: state)


def judge(verdicts):
    return lambda: {"safety_breaks": verdicts.pop()}


def test_what_a_commit_has_judged_is_not_judged_again(tmp_path, at, capsys):
    at(COMMIT)
    verdicts = [2, 1]
    assert kept("january-60x14d-101", judge(verdicts), tmp_path) == {"safety_breaks": 1}
    assert kept("january-60x14d-101", judge(verdicts), tmp_path) == {"safety_breaks": 1}
    assert kept("january-60x14d-102", judge(verdicts), tmp_path) == {"safety_breaks": 2}
    assert "january-60x14d-101: as judged before" in capsys.readouterr().err


@pytest.mark.parametrize("state", [f"{COMMIT}-dirty", "unknown", "another"])
def test_another_state_of_the_code_is_judged_anew(tmp_path, at, state):
    at(COMMIT)
    verdicts = [2, 1]
    kept("january", judge(verdicts), tmp_path)
    at(state)
    assert kept("january", judge(verdicts), tmp_path) == {"safety_breaks": 2}


@pytest.mark.parametrize("state", [f"{COMMIT}-dirty", "unknown"])
def test_a_state_that_no_commit_names_keeps_nothing(tmp_path, at, state):
    at(state)
    kept("january", judge([1]), tmp_path)
    assert not list(tmp_path.iterdir())


def test_half_of_a_verdict_is_none(tmp_path, at):
    at(COMMIT)
    with pytest.raises(ValueError, match="JSON"):
        kept("january", lambda: {"heat_GJ": float("nan")}, tmp_path)
    assert kept("january", judge([1]), tmp_path) == {"safety_breaks": 1}


def city(folder, seed):
    if seed == "101":
        raise ValueError("no city")
    (folder / seed).touch()
    return seed


def test_one_that_fails_lets_the_others_finish(tmp_path):
    with pytest.raises(Crashed, match="no city"):
        in_own_processes([partial(city, tmp_path, seed) for seed in ("101", "102", "103")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["102", "103"]
