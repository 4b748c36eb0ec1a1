"""What the judge tells: every figure in table and JSON, picture, calibration, and the sensors it draws."""

import itertools
import json
import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from optimizer.regulation import flow_fraction
from simulators import __main__ as simulators_main
from simulators.citygen.site_files import write_site
from simulators.evaluate import calibration, case, command, physical_town, picture, version
from simulators.evaluate.case import Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.dwellings import PER_LOOP, SENSED, Dwellings
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.physical_town import raised
from simulators.evaluate.record import ControlRecord
from simulators.evaluate.report import ROWS, print_report
from simulators.evaluate.town import make_town
from simulators.evaluate.verdict import comparable, verdict
from simulators.scenario import load_scenario
from tests.support.plain_record import HOURS, dwellings, plain_record

OF_THE_NETWORK = re.compile(r"heat_lost|dp_worst|shortage|makeup|balance_error")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town(tmp_path_factory.mktemp("town"), stations=2, seed=1)


def trial_of(town, *names, uncounted=3.0, counted=7.0):
    return SimpleNamespace(
        scenario=SimpleNamespace(name="january"),
        contestants=[Contestant(name=name, town=town) for name in names],
        uncounted_days=uncounted,
        counted_days=counted,
        cycle_s=300.0,
    )


def test_every_figure_is_a_row_of_the_table_and_a_number_in_the_json(town):
    names = ("curve", "balance")
    planned = ControlRecord(dT_intended=[0.5, -0.25])
    records = [plain_record(strategy=name, control=planned) for name in names]
    told = json.loads(json.dumps(result := verdict(trial_of(town, *names), records)))["strategies"]
    screen = Console(record=True, width=160)
    print_report(result, screen)
    table = screen.export_text()
    for label, unit, key, form in ROWS:
        if OF_THE_NETWORK.match(key):
            assert key not in told["curve"], "the simple plant has no network"
            continue
        cells = [form.format(told[name][key]) for name in names]
        row = re.compile(
            rf"{re.escape(label.strip())}\W+{re.escape(unit)}\W+" + r"\W+".join(map(re.escape, cells))
        )
        assert row.search(table), key


def test_the_narrow_band_holds_its_ends_and_counts_by_area():
    def share(T1, T2):
        return key_figures(plain_record(T_dwelling=dwellings(T1, T2)))["share_20_22_percent"]

    assert share(21.0, 21.0) == pytest.approx(100.0)
    assert share(21.0, 23.0) == pytest.approx(25.0)
    assert share(19.999, 20.0) == pytest.approx(75.0)
    assert share(22.0, 22.001) == pytest.approx(25.0)


def test_return_temperatures_are_those_of_the_water():
    figures = key_figures(plain_record())
    assert figures["T_return_primary_degC"] == pytest.approx(40.0)
    assert figures["T_return_secondary_degC"] == pytest.approx(40.0)


@pytest.mark.parametrize(
    ("uncounted", "counted", "is_so"),
    [(3.0, 7.0, True), (3.0, 6.9, False), (2.9, 7.0, False), (10.0, 90.0, True)],
)
def test_figures_are_compared_from_three_uncounted_and_seven_counted_days_on(town, uncounted, counted, is_so):
    trial = trial_of(town, "curve", uncounted=uncounted, counted=counted)
    assert comparable(trial) is is_so
    assert verdict(trial, [plain_record()])["comparable"] is is_so


def test_the_curve_has_constant_flow_and_the_staged_one_three_stages(town):
    for emitter in ("radiator", "floor"):
        curve, staged = (Contestant(name=n, town=town).laws()[emitter] for n in ("curve", "staged_curve"))
        assert [flow_fraction(curve, T) for T in (-20.0, 0.0, 15.0)] == [1.0, 1.0, 1.0]
        assert [flow_fraction(staged, T) for T in (-20.0, 0.0, 15.0)] == [1.0, 0.8, 0.6]
        assert (curve.T_supply_design, curve.exponent) == (staged.T_supply_design, staged.exponent)


def test_three_stations_in_ten_have_no_sensors_and_the_others_three_to_ten_a_loop():
    stations = [SimpleNamespace(id=f"S{i:04}", loops=[None] * (1 + i % 2)) for i in range(1000)]
    drawn = Dwellings(SimpleNamespace(seed=1, stations=stations))
    of_station = np.repeat(np.arange(1000), [len(station.loops) for station in stations])
    without = [not any(np.array(drawn.has_sensors)[of_station == i]) for i in range(1000)]
    assert sum(without) == pytest.approx(300, abs=45)  # three standard deviations
    counts = (drawn._sensed > 0.0).sum(axis=1)
    assert set(counts) == set(range(SENSED[0], SENSED[1] + 1))
    assert np.bincount(counts)[3:].min() > 0.5 * len(counts) / 8
    assert drawn._sensed.sum(axis=1) == pytest.approx(np.ones(len(counts)))
    # a sensor is 0.5 K off, so the mean of n is 0.5 / sqrt(n)
    assert (drawn._bias * np.sqrt(counts)).std() == pytest.approx(0.5, rel=0.1)
    apart = drawn.apart()
    assert apart.shape == (len(counts), PER_LOOP)
    assert apart.mean(axis=1) == pytest.approx(np.zeros(len(counts)), abs=1e-9)


def test_the_picture_shows_outdoors_heat_pumps_and_dwellings_of_each_strategy(tmp_path, monkeypatch):
    drawn = []

    class Kept(Figure):
        def savefig(self, *arguments, **fields):
            drawn.append(self)
            super().savefig(*arguments, **fields)

    monkeypatch.setattr(picture, "Figure", Kept)
    records = [plain_record(strategy=name) for name in ("curve", "balance")]
    picture.draw(records, "A week in January", tmp_path / "week.png")
    (figure,) = drawn
    outdoors, heat, pumps, homes = figure.axes
    labels = [axes.get_ylabel().partition(",")[0] for axes in figure.axes]
    assert labels == ["outdoor", "heat at the source", "all pumps", "dwellings"]
    assert figure.get_suptitle() == "A week in January"
    assert [text.get_text() for text in heat.get_legend().get_texts()] == ["curve", "balance"]
    assert len(outdoors.lines) == 1
    for axes, value in ((heat, 0.1), (pumps, 1000.0 * (2 * 0.5 + 0.2) / 4000.0), (homes, 20.0)):
        for line in axes.lines[:2]:
            x, y = line.get_data()
            assert (len(x), x[-1]) == (HOURS, HOURS / 24.0)
            assert y == pytest.approx(np.full(HOURS, value))
    assert len(homes.collections) == 2, "a shade from p10 to p90 for each"
    assert (tmp_path / "week.png").read_bytes().startswith(b"\x89PNG")


# ------------------------------------------------------------------ calibration through the command


FOUND = calibration.Calibration(
    commit="abc1234", hash="", days=4.0, reached_degC=18.0, city_K=3.0, staged_curve_K=0.0, tuned_curve_K={}
)


def finds(found):
    """A double of ``calibrate`` that finds this for any case."""
    return lambda case, progress: replace(found, hash=case.hash)


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """The command with a store of its own; what would take long is done by doubles."""
    store = tmp_path / "calibration.json"
    monkeypatch.setattr(command, "keep", partial(calibration.keep, store=store))
    monkeypatch.setattr(command, "stored", partial(calibration.stored, store=store))
    monkeypatch.setattr(command, "calibrate", finds(FOUND))
    monkeypatch.setattr(command, "run_trial", lambda trial, progress: [plain_record()])

    def run(*more):
        given = ["evaluate", "january", "--plant", "simple", "--stations", "2", "--strategy", "curve",
                 "--picture", "-", "--json"]  # fmt: skip
        return simulators_main.main([*given, *more])

    return run, store


def test_a_calibration_is_stored_under_scenario_stations_and_seed_with_its_commit(judge, capsys):
    run, store = judge
    assert run("--seed", "7") == 2
    assert "january/2/7" in capsys.readouterr().err
    assert run("--seed", "7", "--calibrate") == 0
    (key, kept), *others = json.loads(store.read_text()).items()
    assert others == []
    assert (key, kept["commit"], kept["city_K"]) == ("january/2/7", "abc1234", 3.0)
    assert json.loads(capsys.readouterr().out)["offsets_K"]["city"] == {"radiator": 3.0, "floor": 3.0}
    assert run("--seed", "7") == 0


def test_offsets_that_were_found_for_another_city_are_refused_with_both_hashes(judge, capsys):
    run, store = judge
    assert run("--calibrate") == 0
    every = json.loads(store.read_text())
    now = every["january/2/1"]["hash"]
    for other in ("0123456789ab", None):  # of another city; of before hashes were kept
        every["january/2/1"]["hash"] = other
        store.write_text(json.dumps(every))
        capsys.readouterr()
        assert run() == 2
        told = capsys.readouterr().err
        assert "were found for another city, other curves or another scenario" in told
        assert f"hash {other}, commit abc1234; now hash {now}" in told
        assert "--calibrate" in told


def test_the_hash_of_a_case_is_of_what_offsets_hang_on_and_of_nothing_else(tmp_path, monkeypatch):
    january = load_scenario("january")
    count = itertools.count()

    def hash_of(**changes):
        given = {"scenario": january, "stations": 2, "seed": 1, "uncounted_days": 3, "counted_days": 7}
        return Case(**given | {"folder": tmp_path / str(next(count))} | changes).hash

    first = hash_of()
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert hash_of() == hash_of(counted_days=9, scenario=replace(january, title="x", counted_days=9)) == first
    different = {
        hash_of(seed=2),
        hash_of(stations=3),
        hash_of(scenario=replace(january, shift_K=1.0)),
        hash_of(scenario=load_scenario("plant_70")),
        (physical := hash_of(plant="physical")),
        hash_of(plant="physical", spread_K=1.5),
    }
    monkeypatch.setattr(case, "parameter_hash", lambda: "another")
    assert hash_of(plant="physical") != physical
    write_site(
        physical_town.field_city(physical_town.Origin(stations=2, seed=1), january).city, tmp_path / "s"
    )
    monkeypatch.undo()
    of_site = hash_of(plant="physical", site=tmp_path / "s")
    text = (tmp_path / "s" / "site.toml").read_text()
    (tmp_path / "s" / "site.toml").write_text(raised(text, 1.0, {}))
    assert hash_of(plant="physical", site=tmp_path / "s") != of_site
    assert len(different | {first}) == 7


@pytest.mark.parametrize(("days", "warned"), [("4", False), ("10", True)])
def test_offsets_that_were_found_over_another_time_are_told_of(judge, capsys, days, warned):
    run, _ = judge
    assert run("--calibrate", "--days", "4") == 0
    capsys.readouterr()
    assert run("--days", days) == 0
    assert ("are of 4 days, this run has 10" in capsys.readouterr().err) is warned


def test_a_comfort_that_no_curve_gives_is_told(judge, capsys, monkeypatch):
    run, _ = judge
    cold = replace(FOUND, city_K=8.0, reached_degC=16.84)
    monkeypatch.setattr(command, "calibrate", finds(cold))
    assert run("--calibrate", "--days", "4") == 0
    told = capsys.readouterr().err
    assert "with 8 K, the most that a site takes, 97 % of the dwelling-hours of january/2/1" in told
    assert "reach 16.8 degC only" in told


@pytest.mark.parametrize(("changed", "told"), [("", "abc1234"), (" M simulators/judge.py", "abc1234+")])
def test_the_commit_is_that_of_the_code_and_says_whether_files_were_changed(monkeypatch, changed, told):
    def git(arguments, **fields):
        assert arguments[0] == "git"
        assert fields["cwd"].name == "evaluate"
        return SimpleNamespace(stdout="abc1234\n" if "rev-parse" in arguments else changed)

    monkeypatch.setattr(version.subprocess, "run", git)
    assert version.commit.__wrapped__() == told


def test_outside_a_clone_the_commit_is_unknown(monkeypatch):
    def no_git(*_arguments, **_fields):
        raise FileNotFoundError("git")

    monkeypatch.setattr(version.subprocess, "run", no_git)
    assert version.commit.__wrapped__() == "unknown"
