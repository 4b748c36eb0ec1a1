"""The page of faults shows every fault as it is, and its scenario can be used."""

import re
import tomllib
from pathlib import Path

import pytest

from simulators.faults.model import Facts, Family
from simulators.faults.registry import ALL, find
from simulators.faults.scenario import read_scenario
from simulators.link_profile import PROFILES
from stations.profile import builtin_profile

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "faults.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "break-things-on-purpose.md").read_text(encoding="utf-8")
ROWS = {f"{letter}{n}" for letter, last in (("L", 9), ("P", 16), ("D", 6)) for n in range(1, last + 1)}
NOT_AT_A_STATION = {"P15"}


def default(option):
    value = option.default
    shown = (
        ", ".join(value) if isinstance(value, tuple) else value if isinstance(value, str) else f"{value:g}"
    )
    allowed = "names of points" if option.key == "points" else option.allowed.replace("|", "\\|")
    return f"`{option.key}` = {shown}: {option.does} ({allowed})"


def rendered(family):
    """The table of one family, as the page must have it."""
    header = ("name", "row", "what it does", "options", "s", "what the controller should do")
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for fault in ALL:
        if fault.family is family:
            options = "<br>".join(map(default, fault.options)) or "-"
            name, rows = f"`{fault.name}`", " ".join(fault.rows) or "-"
            cells = (name, rows, fault.does, options, f"{fault.duration_s:g}", fault.expected)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


@pytest.mark.parametrize("family", list(Family))
def test_the_page_has_the_table_of_every_family(family):
    assert rendered(family) in PAGE


def test_every_row_of_the_failure_table_has_a_fault_or_a_reason_why_not():
    covered = {row for fault in ALL for row in fault.rows}
    assert covered | NOT_AT_A_STATION == ROWS
    assert not covered & NOT_AT_A_STATION
    assert all(re.search(rf"^\| {row} \|", PAGE, re.M) for row in NOT_AT_A_STATION)


def test_the_page_names_every_link_profile():
    assert all(f"`{name}`" in PAGE for name in PROFILES)


def test_the_scenarios_of_the_pages_can_be_used():
    city = {
        name: Facts(station=name, kind=kind, profile=builtin_profile(profile), n_loops=1, secured=False)
        for name, profile, kind in (
            ("S001", "plc-a", "station"),
            ("S002", "plc-a", "station"),
            ("S003", "opcua-substation", "station"),
            ("H001", "source-opcua", "source"),
        )
    }
    scenarios = re.findall(r"```toml\n(.*?)```", PAGE + HOW_TO, re.S)
    assert len(scenarios) >= 2
    for text in scenarios:
        assert read_scenario(tomllib.loads(text), city, seed=1)


def test_the_commands_of_the_how_to_name_faults_that_are_there():
    names = re.findall(r"fault on (\w+)", HOW_TO)
    assert len(names) >= 3
    for name in names:
        find(name)
