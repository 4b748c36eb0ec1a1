"""``dhc city new`` and ``dhc city check``: what they print, what they refuse and how that is told."""

import os
import signal
import subprocess
import sys

import pytest

from controller.cli import _parser
from controller.commands import city as dhc_city
from simulators import __main__ as simulators_main
from simulators.citygen import command


def told(capsys, *arguments):
    """Run a command in this process; return its exit code, what it printed and its errors."""
    try:
        code = simulators_main.main(["city", *map(str, arguments)])
    except SystemExit as leaving:  # argparse
        code = leaving.code
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command") / "town"
    assert (
        simulators_main.main(["city", "new", str(folder), "--stations", "9", "--seed", "3", "--quiet"]) == 0
    )
    return folder


def test_new_writes_a_site_tells_its_steps_and_judges_it(tmp_path, capsys):
    code, out, err = told(
        capsys, "new", tmp_path / "town", "--stations", "5", "--picture", tmp_path / "x.png"
    )
    assert code == 0
    for file in ("site.toml", "stations.csv", "simulation.toml", "weather.csv", "pipes.geojson",
                 "stations.geojson", "README.md", "network/pipes.csv", "pki"):  # fmt: skip
        assert (tmp_path / "town" / file).exists()
    for step in ("streets", "houses", "sizes of pipes", "weather", "certificates"):
        assert step in err
    assert "5 stations, 2 sources" in out
    assert "differential pressure at the worst station, S00" in out
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_new_puts_pumps_into_the_network_when_asked_and_says_where(tmp_path, capsys):
    town = tmp_path / "town"
    code, out, err = told(capsys, "new", town, "--stations", "12", "--seed", "3", "--boosters")
    assert code == 0
    assert "pumps in the network" in err
    assert "booster B1 in P00023: 73 kg/s, 93 kPa" in out
    assert (town / "network" / "pumps.csv").read_text(encoding="utf-8").count("\n") == 2
    code, checked, _ = told(capsys, "check", town)
    assert (code, checked) == (0, out)
    code, out, err = told(capsys, "new", tmp_path / "flat", "--stations", "6", "--seed", "3", "--boosters")
    assert (code, out) == (2, "")
    assert "no booster: there is no pipe" in err
    assert not (tmp_path / "flat").exists()
    code, _, err = told(capsys, "new", tmp_path / "x", "--boosters", "--station-pumps")
    assert code == 2
    assert "not allowed with" in err


def test_the_picture_is_the_same_each_time(site, tmp_path, capsys):
    for name in ("a.png", "b.png"):
        assert told(capsys, "check", site, "--picture", tmp_path / name)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_quiet_says_nothing_but_the_judgement(tmp_path, capsys):
    code, out, err = told(capsys, "new", tmp_path / "town", "--stations", "1", "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith(str(tmp_path / "town"))


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious", "utf-8")
    code, out, err = told(capsys, "new", tmp_path)
    assert (code, out) == (2, "")
    assert "is not empty; name a new folder" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert told(capsys, "new", tmp_path / "mine.txt")[0] == 2
    assert told(capsys, "new", tmp_path / "mine.txt" / "below")[0] == 2


def test_an_empty_folder_is_filled(tmp_path, capsys):
    assert told(capsys, "new", tmp_path, "--stations", "2", "--quiet")[0] == 0
    assert (tmp_path / "site.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stations", "0"), "1..5000"),
        (("--stations", "5001"), "1..5000"),
        (("--stations", "many"), "'many' is not a number of stations, 1..5000"),
        (("--seed", "-1"), "0.."),
        (("--spread", "9"), "0..4 K"),
        (("--spread", "wide"), "'wide' is not a spread"),
        (("--base-port", "0"), "is not a port"),
        (("--base-port", "64990", "--stations", "40"), "--base-port may be up to 64960"),
    ],
)
def test_wrong_numbers_are_refused_with_what_is_allowed(arguments, said, tmp_path, capsys):
    code, out, err = told(capsys, "new", tmp_path / "town", *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert not (tmp_path / "town").exists()


def test_check_needs_a_network(tmp_path, capsys):
    code, out, err = told(capsys, "check", tmp_path)
    assert (code, out) == (2, "")
    assert "`dhc city new` writes one" in err


def copied(site, folder):
    (folder / "network").mkdir()
    for name in ("site.toml", "stations.csv", "simulation.toml", *(site / "network").iterdir()):
        (folder / (site / name).relative_to(site)).write_bytes((site / name).read_bytes())


def test_a_place_too_high_for_the_pressure_is_named_behind_the_figures(site, tmp_path, capsys):
    copied(site, tmp_path)
    places = tmp_path / "network" / "places.csv"
    lines = places.read_text("utf-8").splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("S004,"))
    lines[row] = lines[row].rpartition(",")[0] + ",840.0"
    places.write_text("\n".join(lines), "utf-8")
    code, out, err = told(capsys, "check", tmp_path)
    assert code == 1
    assert "at S004 return" in out
    assert "WaterNotHeld: the pressure does not hold the water on the design day, worst at S004 return" in err


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "said"),
    [
        ("network/pipes.csv", ",branch,T", ",branch,Q", 1, "UnknownPlace"),
        ("network/stations.csv", "S004,", "S994,", 1, "WithoutPipe"),
        ("network/network.toml", "dp_design_kPa = ", "dp_design_kPa = 0.1 # ", 1, "DemandNotServed"),
        ("network/network.toml", "p_return_kPa", "p_return_bar", 2, "p_return_kPa"),
        ("stations.csv", "plc-", "plx-", 2, "plx-"),
    ],
)
def test_what_is_wrong_with_a_network_is_named(site, tmp_path, capsys, file, old, new, code, said):
    copied(site, tmp_path)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new), "utf-8")
    found, out, err = told(capsys, "check", tmp_path)
    assert (found, out) == (code, "")
    assert said in err


def test_without_matplotlib_the_picture_is_refused_and_all_else_done(site, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "simulators.citygen.picture", None)
    code, out, err = told(capsys, "check", site, "--picture", tmp_path / "x.png")
    assert code == 2
    assert "worst station" in out
    assert "make deps" in err


def test_a_picture_that_cannot_be_written_is_told(site, tmp_path, capsys):
    (tmp_path / "file").write_text("", "utf-8")
    code, _, err = told(capsys, "check", site, "--picture", tmp_path / "file" / "x.png")
    assert code == 2
    assert "x.png" in err or "file" in err


def test_help_names_both_actions(capsys):
    code, out, _ = told(capsys, "--help")
    assert code == 0
    assert "new" in out
    assert "check" in out


@pytest.mark.parametrize(
    "given",
    [
        ["new", "there", "--stations", "7", "--seed", "2", "--spread", "1.5", "--base-port", "30000",
         "--picture", "x.png", "--quiet"],
        ["new", "there"],
        ["new", "there", "--boosters", "--quiet"],
        ["new", "there", "--station-pumps"],
        ["check", "there", "--picture", "x.png"],
    ],
)  # fmt: skip
def test_all_options_of_dhc_reach_the_generator(given, monkeypatch):
    called = []
    monkeypatch.setattr(dhc_city.os, "execv", lambda path, arguments: called.append(arguments))
    dhc_city.execute(_parser().parse_args(["city", *given]))
    assert called == [[sys.executable, "-m", "simulators", "city", *given]]
    command._parser().parse_args(given)


@pytest.mark.parametrize("command", ["city check", "check"])
def test_where_nobody_reads_any_more_a_command_ends_without_a_word(site, command):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "controller.cli", *command.split(), str(site)],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.stderr == ""
    assert done.returncode in (-signal.SIGPIPE, 128 + signal.SIGPIPE)
