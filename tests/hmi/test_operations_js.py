"""The drawing functions of tables, figures, sheets and the plane, in node's own test runner."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import program

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "hmi" / "components" / "assets"
OURS = ("rows.js", "tiles.js", "sheet.js", "scatter.js")


def test_the_drawing_functions_of_operations():
    done = subprocess.run(
        [program("node"), "--test", str(HERE / "operations.test.mjs")],
        env={**os.environ, "DHC_ASSETS": str(ASSETS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", OURS)
def test_no_data_is_ever_taken_for_markup(name):
    source = (ASSETS / name).read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source
    assert len(source.splitlines()) <= 400
