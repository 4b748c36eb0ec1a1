"""The judge's command: what it refuses, and what it prints."""

import argparse
import json
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from controller.commands import evaluate as dhc_evaluate
from simulators import __main__ as simulators_main
from simulators import scenario
from simulators.evaluate import calibration, command
from simulators.evaluate.case import Case
from simulators.evaluate.report import print_report
from simulators.scenario import ScenarioError, known_scenarios, load_scenario


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["midsummer"],
            ["'midsummer'", "autumn_start, cold_wave, flapping_links, january"],
        ),
        (["january", "--strategy", "magic"], ["'magic'", "curve", "staged_curve", "tuned_curve"]),
        (["january", "--days", "3"], ["--days 3", "do not count"]),
        (
            ["january", "--plant", "simple", "--stations", "7", "--seed", "77"],
            ["january/7/77", "--calibrate"],
        ),
        (["plant_70", "--plant", "simple"], ["'plant_70'", "--plant physical"]),
        (["january", "--plant", "simple", "--strategy", "warm_curve"], ["'warm_curve'", "simple plant"]),
        (["january", "--site", "nowhere", "--seed", "1"], ["--site", "without --seed"]),
        (["january", "--site", "nowhere"], ["nowhere/simulation.toml", "dhc city new"]),
        (["january", "--plant", "simple", "--spread", "2.0"], ["--spread", "--plant physical"]),
        (["january", "--site", "nowhere", "--spread", "2.0"], ["--spread", "without --site"]),
        (["january", "--calibrate"], ["--calibrate", "warm_curve and tuned_curve"]),
        (["january", "--plant", "simple", "--write-sources"], ["--write-sources", "--plant physical"]),
        (["january", "--site", "nowhere", "--write-sources"], ["--write-sources", "site.toml"]),
    ],
    ids=[
        "scenario",
        "strategy",
        "days",
        "not calibrated",
        "needs a network",
        "other plant's baseline",
        "site and seed",
        "no site",
        "spread of the simple plant",
        "spread of a site",
        "calibration of the physical city",
        "sources of the simple plant",
        "sources of a site",
    ],
)
def test_what_is_not_known_is_refused_in_words_and_with_code_2(arguments, said, capsys):
    assert simulators_main.main(["evaluate", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for words in said:
        assert words in err


def test_a_number_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        simulators_main.main(["evaluate", "january", "--stations", "many"])
    assert refused.value.code == 2
    assert "whole number 2..500" in capsys.readouterr().err


def test_several_seeds_in_one_call_are_judged_one_after_the_other(monkeypatch, capsys):
    judged = []

    def verdict(case, names, options, *, several):
        judged.append((case.seed, case.plant, several))
        told = {"strategies": {"curve": {"heat_GJ": float(case.seed)}}, "against": {"curve": {}}}
        return told | {"scenario": "january", "plant": case.plant, "parameters": "x", "stations": 40,
                       "seed": case.seed, "comparable": True, "calibrated": True, "commit": "abc",
                       "spread_K": case.spread_K, "city": f"city{case.seed}",
                       "sources_written": []}  # fmt: skip

    monkeypatch.setattr(command, "_verdict", verdict)
    given = ["evaluate", "january", "--seed", "4", "--seed", "8", "--spread", "1.5", "--json"]
    assert simulators_main.main(given) == 0
    assert judged == [(4, "physical", True), (8, "physical", True)]
    result = json.loads(capsys.readouterr().out)
    assert result["seeds"] == [4, 8]
    assert result["cities"] == ["city4", "city8"]
    assert result["spread_K"] == 1.5
    assert result["mean"]["strategies"]["curve"]["heat_GJ"] == 6.0
    assert result["worst"]["strategies"]["curve"]["heat_GJ"] == 8.0


def test_all_options_of_dhc_reach_the_judge(monkeypatch):
    from controller.cli import _parser

    called = []
    monkeypatch.setattr(dhc_evaluate.os, "execv", lambda path, arguments: called.append(arguments))
    given = ["january", "--strategy", "curve", "--strategy", "balance", "--spread", "1.5", "--stations", "5",
             "--days", "9", "--seed", "4", "--seed", "5", "--picture", "x.png", "--calibrate",
             "--write-sources", "--json"]  # fmt: skip
    dhc_evaluate.execute(_parser().parse_args(["evaluate", *given]))
    assert called == [[sys.executable, "-m", "simulators", "evaluate", *given]]


def options_of(parser):
    return {name for action in parser._actions for name in action.option_strings}


def test_dhc_takes_every_option_of_the_judge():
    from controller.cli import _parser

    judge = argparse.ArgumentParser()
    command.add_arguments(judge)
    commands = next(one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction))
    assert options_of(judge) == options_of(commands.choices["evaluate"])


@pytest.mark.slow
def test_a_run_prints_json_and_draws_its_week(tmp_path, monkeypatch, capsys):
    found = calibration.Calibration(
        commit="", hash="", days=4, reached_degC=18.0, city_K=3.0, staged_curve_K=0.0, tuned_curve_K={}
    )
    monkeypatch.setattr(command, "stored", lambda case: found)
    monkeypatch.setattr(command, "load_scenario", lambda name: _short(load_scenario(name)))
    picture = tmp_path / "week.png"
    given = ["evaluate", "january", "--plant", "simple", "--stations", "2", "--days", "1",
             "--strategy", "curve", "--picture", str(picture)]  # fmt: skip
    assert simulators_main.main([*given, "--json"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["strategies"]["curve"]["safety_breaks"] == 0
    assert result["offsets_K"]["city"] == {"radiator": 3.0, "floor": 3.0}
    assert result["comparable"] is False
    assert "100 %" in err
    assert picture.read_bytes().startswith(b"\x89PNG")
    screen = Console(record=True, width=140)
    print_report(result, screen)
    text = screen.export_text()
    assert "Too short to compare" in text
    assert "simple plant, NOT calibrated to field audits" in text
    assert f"city {result['city']}, commit {result['commit']}" in text
    assert (result["plant"], result["calibrated"], result["parameters"]) == ("simple", False, None)


def _short(full):
    return replace(full, uncounted_days=0)


@pytest.mark.slow
def test_calibration_finds_the_offset_that_97_percent_need(tmp_path):
    case = Case(
        scenario=load_scenario("january"),
        stations=2,
        seed=5,
        uncounted_days=1 / 8,
        counted_days=1 / 8,
        folder=tmp_path,
    )
    shares = []
    found = calibration.calibrate(case, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert -8.0 <= found.city_K <= 8.0
    assert set(found.tuned_curve_K) == {"S001", "S002"}
    assert abs(found.reached_degC - 18.0) < 0.5 or abs(found.city_K) == 8.0


@pytest.mark.parametrize("name", known_scenarios())
def test_every_scenario_counts_a_week_after_three_days(name):
    loaded = load_scenario(name)
    assert loaded.uncounted_days >= 3 or loaded.cold_start_degC is not None  # warming up is what counts
    assert loaded.counted_days >= 7
    assert loaded.season == "heating"


def test_a_cold_wave_falls_within_a_day_and_a_half_and_recovers():
    wave, plain = load_scenario("cold_wave"), load_scenario("january")
    day = 86_400.0
    moments = [plain.start + at * day for at in (4.0, 6.0, 10.0)]
    fall = [plain.weather(1).at(at).T_outdoor - wave.weather(1).at(at).T_outdoor for at in moments]
    assert fall[0] == 0.0
    assert fall[1] == pytest.approx(10.0, abs=0.5)
    assert 2.0 < fall[2] < 5.0


def test_a_broken_scenario_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(scenario, "FOLDER", tmp_path)
    (tmp_path / "odd.toml").write_text('title = "x"\nstart = "2026-01-01"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"odd\.toml"):
        load_scenario("odd")
