"""The page about forecasts: its example runs, and it names what there is."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.optimizer_forecast import NAMES, measure
from controller.weather.outcome import Fault
from optimizer.forecast.weather import Quality

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "forecast.md").read_text(encoding="utf-8")


def test_the_example_runs_and_forecasts_the_day_that_it_is_about():
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names = {}
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(example, "forecast.md", "exec"), names)
    assert "[" in said.getvalue()
    came = 1.4 * (17.0 - names["T_outdoor"][names["past"] :])
    assert np.abs(names["forecast"].load - came).sum() / came.sum() < 0.05


@pytest.mark.parametrize("quality", Quality)
def test_the_page_names_every_quality_of_a_step(quality):
    assert f"| {quality.name.lower()} |" in PAGE


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.STATUS])
def test_the_page_names_every_fault_of_a_source(fault):
    words = {"refused": "a refusal"}.get(fault.value, fault.value.replace("_", " "))
    assert words in " ".join(PAGE.split())


def test_without_measured_data_the_benchmark_says_what_it_needs(monkeypatch):
    monkeypatch.delenv("DHC_REALDATA", raising=False)
    figures = measure()
    assert figures.results == []
    assert figures.missing == dict.fromkeys(NAMES, "needs measured data: DHC_REALDATA is not set")
