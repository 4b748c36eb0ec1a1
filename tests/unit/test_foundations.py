"""What the tree itself promises: import rules, file sizes, links, pinned requirements."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stations.model import points
from stations.model.quantity import Quantity

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("controller", "stations", "optimizer", "hmi", "simulators")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda page: page.as_posix(),
)
MAX_LINES = 400
UNIT_INSIDE = {
    Quantity.TEMPERATURE: "degC",
    Quantity.TEMPERATURE_DIFFERENCE: "K",
    Quantity.MASS_FLOW: "kg/s",
    Quantity.PRESSURE: "kPa",
    Quantity.PRESSURE_DIFFERENCE: "kPa",
    Quantity.HEAT_FLOW: "kW",
    Quantity.POWER: "kW",
    Quantity.ENERGY: "kWh",
    Quantity.VOLUME: "m3",
    Quantity.AREA: "m2",
    Quantity.DURATION: "s",
    Quantity.COUNT: "count",
}
# What may take part in a link target of Markdown: [text](target) and ![image](target "title").
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def imported_modules(text, own_package=""):
    """Full names of all modules that a source text imports, wherever in it; relative ones resolved."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = own_package.split(".")[: -(node.level - 1) or None] if node.level else []
            yield ".".join([*parents, *([node.module] if node.module else [])])


def foreign_to_the_shared_language(text):
    """Imports of a file of stations.model that are neither standard library nor stations.model itself."""
    return [
        module
        for module in imported_modules(text, own_package="stations.model")
        if module.split(".")[0] not in sys.stdlib_module_names
        and not (module + ".").startswith("stations.model.")
    ]


def anchors(page):
    """The anchors of a Markdown page's headings, as the common viewers form them."""
    headings = re.findall(r"^#+ +(.+?) *#*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page):
    """Relative links of a page that lead nowhere, as text."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        found = there.exists() and there.is_relative_to(ROOT)
        if not found or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
            yield target


def ids(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import math, dataclasses\nfrom stations.model import quality\nfrom . import quality", []),
        ("from stations.model.quality import Quality\nimport stations.model.reading", []),
        ("def late():\n    import numpy", ["numpy"]),
        ("from stations.thermal import cp", ["stations.thermal"]),
        ("from stations import driver", ["stations"]),
        ("from ..profile import Profile", ["stations.profile"]),
        ("from stations.modelling import x", ["stations.modelling"]),
    ],
)
def test_the_check_of_the_shared_language_finds_what_is_foreign(text, found):
    assert foreign_to_the_shared_language(text) == found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "stations" / "model").rglob("*.py")), ids=lambda path: path.stem
)
def test_the_shared_language_needs_only_the_standard_library(path):
    assert foreign_to_the_shared_language(path.read_text(encoding="utf-8")) == []


def test_package_init_files_are_empty_and_there():
    folders = {path.parent for path in SOURCES}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []
    assert [str(path) for path in SOURCES if path.name == "__init__.py" and path.read_bytes()] == []


def test_no_file_tells_more_than_one_story():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES
    }
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_every_relative_link_resolves(page):
    assert list(dead_links(page)) == []


def test_the_link_check_finds_dead_files_and_anchors(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# Quality, reason\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# Top\n[a](other.md) [b](other.md#quality-reason) [c](#top) [d](https://example.org/x)\n"
        "[e](gone.md) [f](other.md#gone) ![g](gone.png) [h](../outside.md)\n```\n[i](sample.md)\n```\n",
        encoding="utf-8",
    )
    assert list(dead_links(page)) == ["gone.md", "other.md#gone", "gone.png", "../outside.md"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_with_hashes_and_name_no_index(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert blocks
    assert [block for block in blocks if not re.match(r"[a-z0-9.-]+==\S+ \\\n +--hash=sha256:", block)] == []
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


def test_requirements_pin_what_the_project_names():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    run, dev = (
        set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    named = {re.match(r"[A-Za-z0-9.-]+", line)[0].lower() for line in project["dependencies"]}
    named_dev = {
        re.match(r"[A-Za-z0-9.-]+", line)[0].lower() for line in project["optional-dependencies"]["dev"]
    }
    assert named <= run
    assert named_dev | run <= dev


def test_the_wheel_would_hold_the_five_packages_and_no_tests():
    find = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "packages"
    ]["find"]
    assert find["include"] == [pattern for package in PACKAGES for pattern in (package, f"{package}.*")]


def test_the_glossary_names_every_point_and_no_other():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    kind = r"(?:(?:heat|circulation|cap|advice) \| )?"
    chinese = r"[^|]*[\u4e00-\u9fff][^|]*"
    rows = re.findall(rf"^\| `(\w+)` \| {kind}([\w/]+) \| [^|]+ \| {chinese} \|$", text, flags=re.MULTILINE)
    assert len(rows) == len(dict(rows))
    named = {**points.MEASUREMENTS, **points.SETPOINTS, **points.PROTOCOL}
    assert {name for name, _ in rows} == set(named)
    wrong = {name: unit for name, unit in rows if unit != UNIT_INSIDE.get(named[name].quantity, "1")}
    assert wrong == {}


BREAKS = {
    "optimizer-pure": ("optimizer/planted.py", "import asyncio"),
    "layers": ("optimizer/planted.py", "import controller"),
    "simulators-outside": ("controller/planted.py", "import simulators"),
    "simulators-own-laws": ("simulators/planted.py", "import stations.planted"),
    "hmi-behind-the-api": ("hmi/planted.py", "import stations.planted"),
    "screen-outside": ("controller/planted.py", "import hmi"),
    "modbus-in-its-driver": ("stations/planted.py", "import pymodbus.client"),
    "opcua-in-its-driver": ("controller/planted.py", "from asyncua import Client"),
    "influxdb-in-the-forwarder": ("controller/historian/planted.py", "import influxdb_client"),
    "streamlit-in-the-screen": ("controller/planted.py", "import streamlit"),
    "numba-in-the-plant": ("simulators/planted.py", "import numba"),
    "historian-apart": ("controller/historian/planted.py", "import controller.planted"),
}


def test_each_import_contract_finds_the_break_it_is_for(tmp_path):
    """A contract that cannot break is worse than none: a skeleton with one planted break for each."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in (*PACKAGES, "controller/historian"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for package in ("stations", "controller"):
        (tmp_path / package / "planted.py").touch()
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert {contract["id"] for contract in contracts} == set(BREAKS)

    def broken():
        run = subprocess.run(
            [Path(sys.executable).parent / "lint-imports", "--no-cache"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return {contract["id"] for contract in contracts if f"{contract['name']} BROKEN" in run.stdout}, run

    assert broken()[0] == set()
    for path, text in BREAKS.values():
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(text + "\n")
    found, run = broken()
    assert found == set(BREAKS), run.stdout


def test_the_oracle_shares_no_code_with_the_guard():
    parts = {f"tests.support.{name}" for name in ("guard_oracle", "guard_crowd", "guard_terms")}
    for part in parts:
        text = (ROOT / f"{part.replace('.', '/')}.py").read_text(encoding="utf-8")
        ours = {name for name in imported_modules(text) if name.split(".")[0] in (*PACKAGES, "tests")}
        assert ours - parts <= {"controller.decisions"}, part  # what a decision is, not how it is made


def test_make_refuses_an_old_python_and_makes_nothing(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$2" in *version_info*) exit 1 ;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    for name in ("requirements-dev.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    shutil.copy(ROOT / "Makefile", tmp_path)
    make = ["make", "--no-print-directory", f"PYTHON={old}", "demo"]
    run = subprocess.run(make, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "Python 3.11 or newer is needed" in run.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["Makefile", old.name, "requirements-dev.txt", "pyproject.toml"]
    )
