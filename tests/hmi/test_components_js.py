"""The functions that place indicators, trends, map and diagram, in node's own test runner."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import program

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "hmi" / "components" / "assets"
FRAME = HERE.parents[1] / "hmi" / "assets"
"""What the frame and the style page draw with."""
DRAWINGS = ("sparkline", "indicators", "histogram", "trend", "city_map", "process_diagram")


def test_the_functions_that_place_things_in_drawings():
    done = subprocess.run(
        [program("node"), "--test", str(HERE / "js" / "components.test.mjs")],
        env={**os.environ, "DHC_ASSETS": str(ASSETS)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


FILES = sorted([*ASSETS.iterdir(), *FRAME.iterdir()])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_asset_takes_no_data_for_markup_asks_no_other_host_and_stays_short(path):
    source = path.read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in source
    foreign = source.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in foreign
    assert "https://" not in foreign
    assert len(source.splitlines()) <= 400


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_tells_its_sequence_and_keeps_its_state(name):
    source = (ASSETS / f"{name}.js").read_text("utf-8")
    assert "export default component(" in source
    assert '@import "./drawing.css"' in (ASSETS / f"{name}.css").read_text("utf-8")
