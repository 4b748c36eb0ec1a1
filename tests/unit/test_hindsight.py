"""What hindsight finds of a city, and in which runs: on records made by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from simulators import __main__ as simulators_main
from simulators.evaluate import command, hindsight
from simulators.evaluate.hindsight import best_offset, common, copies, side_by_side, tuned
from simulators.evaluate.report import print_report
from tests.support.plain_record import plain_record


def record(*reached_degC, driven=1.0):
    """Return five hours of one loop in each station, with one dwelling as warm as is said."""
    n = len(reached_degC)
    return SimpleNamespace(
        stations=tuple(f"S{i}" for i in range(n)), station_of_loop=np.arange(n), driven=np.full(n, driven),
        T_dwelling=np.full((5, n, 1), np.array(reached_degC)[:, None]), A_dwelling=np.ones((n, 1)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reached", "offset"),
    [
        ((15.0, 17.0, 19.0), 2.55),
        ((18.5, 19.0, 20.0), -5.0),  # warm enough as low as it was tried
        ((12.0, 14.0, 16.0), 5.0),  # never warm enough
        ((16.00, 16.05, 16.10), 0.0),  # does not answer
    ],
)
def test_hindsight_gives_each_station_the_lowest_offset_that_is_warm_enough(reached, offset):
    assert best_offset(reached) == pytest.approx(offset, abs=0.06)
    runs = [record(T, 18.0) for T in reached]
    assert tuned(runs).by_station_K == {"S0": best_offset(reached), "S1": 0.0}


def test_a_station_that_is_read_only_keeps_its_own_curve_whatever_would_be_best():
    assert tuned([record(T, driven=0.0) for T in (15.0, 17.0, 19.0)]).by_station_K == {"S0": 0.0}


@pytest.mark.parametrize(
    ("reached", "offset"),
    [
        ((15.0, 17.0, 19.0), 2.5),
        ((17.0, 19.0, 21.0), -2.5),  # the audited curve was warmer than it has to be
        ((14.0, 15.5, 17.0), 8.0),  # beyond what was tried, and beyond what a site takes
        ((14.6, 16.1, 17.6), 6.4),  # beyond what was tried: 0.3 K a K on
    ],
)
def test_the_warm_curve_is_the_lowest_one_with_which_97_percent_of_all_are_warm_enough(reached, offset):
    runs = [record(T, T, T + 3.0) for T in reached]
    assert common(runs) == pytest.approx(offset)


@pytest.fixture
def trials(monkeypatch):
    """A city whose coldest dwellings are at 17 degC, 0.4 K more for each K; gives the trials that ran."""
    ran = []

    def run_trial(trial, progress):
        ran.append([(each.name, each.town, dict(each.offsets.by_station_K)) for each in trial])
        progress(1.0)
        return [record(17.0 + 0.4 * each.town) for each in trial]

    monkeypatch.setattr(hindsight, "run_trial", run_trial)
    return ran


CASE = SimpleNamespace(town=lambda K: K, trial=lambda contestants: contestants)


def test_hindsight_is_judged_behind_the_runs_that_it_was_found_in(trials):
    said = []
    names = ["tuned_curve", "balance", "warm_curve"]
    trial, records = side_by_side(CASE, names, lambda what: said.append(what) or said.append)
    searched, judged = trials
    assert [(name, K) for name, K, _ in searched] == [
        ("curve", -5),
        ("curve", 5),
        ("balance", 0),
        ("curve", 0),
    ]
    assert judged == [("tuned_curve", 0.0, {"S0": 2.5}), ("warm_curve", 2.5, {})]
    assert [each.name for each in trial] == names
    assert records[2].T_dwelling[0, 0, 0] == pytest.approx(18.0)
    assert said == ["balance, curve, and curve 5 K lower and 5 K higher", 1.0, "tuned_curve, warm_curve", 1.0]
    assert copies(names) == len(searched) + len(judged)


def test_what_needs_no_hindsight_is_judged_in_one_run(trials):
    trial, _ = side_by_side(CASE, ["curve", "balance"], lambda what: lambda share: None)
    assert [[name for name, _, _ in ran] for ran in trials] == [["curve", "balance"]]
    assert [each.name for each in trial] == ["curve", "balance"]
    assert copies(["curve", "balance"]) == 2


def test_the_command_tells_what_hindsight_takes_and_what_the_warm_curve_reached(monkeypatch, capsys):
    """Through the command, on any city and spread, without anything that was stored before."""

    def run_trial(trial, progress):
        return [plain_record(strategy=each.name) for each in trial.contestants]

    monkeypatch.setattr(hindsight, "run_trial", run_trial)
    told = {}
    monkeypatch.setattr(command, "print_report", lambda verdict, console: told.update(verdict))
    given = ["evaluate", "january", "--plant", "physical", "--stations", "2", "--spread", "1.5",
             "--strategy", "warm_curve", "--strategy", "tuned_curve", "--picture", "-"]  # fmt: skip
    assert simulators_main.main(given) == 0
    assert "two runs with 5 copies of the city, in place of one with 2" in capsys.readouterr().err
    assert told["spread_K"] == 1.5
    assert set(told["offsets_K"]["tuned_curve"].values()) == {0.0}
    screen = Console(record=True, width=160)
    print_report(told, screen)
    share = told["strategies"]["warm_curve"]["share_at_least_18_percent"]
    assert f"all curves set by +0.0 K, with which {share:.1f} % of the dwelling-hours" in screen.export_text()
