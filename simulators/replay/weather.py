"""Recorded weather as the simulated city uses it: read from any table whose TOML file names its columns."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from simulators.plant.arrays import Floats
from simulators.replay.columns import ReplayError, WeatherColumns, load_format
from simulators.replay.reading import Recording, read_recording, utc_text
from simulators.weather import Weather

GAP_MAX_S = 6 * 3600.0
"""A physical city needs weather at all times; over a longer gap a straight line would be invented weather."""


def read_weather(path: Path, format_path: Path | None = None) -> Weather:
    """Read weather from a table by its TOML file (beside it unless named), joined by straight lines.

    Raises ReplayError, also where one of the three columns has no value for longer than ``GAP_MAX_S``.
    """
    beside = format_path or path.with_suffix(".toml")
    layout = load_format(beside)
    names = layout.weather
    if names is None:
        raise ReplayError([f"{beside.name}: weather: missing; it names the columns of weather"])
    recording = read_recording(path, layout, [names.T_outdoor, names.wind, names.irradiation])
    faults = _gap_faults(path, recording, names)
    if faults:
        raise ReplayError(faults)
    times = np.array(recording.times)
    return Weather(
        times=times,
        T_outdoor=_joined(times, recording.cells[names.T_outdoor]),
        wind=np.clip(_joined(times, recording.cells[names.wind]), 0.0, None),
        irradiation=np.clip(_joined(times, recording.cells[names.irradiation]), 0.0, None),
    )


def _gap_faults(path: Path, recording: Recording, names: WeatherColumns) -> list[str]:
    faults = []
    for name in dict.fromkeys((names.T_outdoor, names.wind, names.irradiation)):
        known = [
            at for at, cell in zip(recording.times, recording.cells[name], strict=True) if cell is not None
        ]
        if len(known) < 2:
            faults.append(f"{path.name}: {name} needs at least two values")
        faults += [
            f"{path.name}: {name} has no value from {utc_text(a)} to {utc_text(b)}"
            for a, b in pairwise(known)
            if b - a > GAP_MAX_S
        ]
    return faults


def _joined(times: Floats, cells: tuple[float | None, ...]) -> Floats:
    known = np.array([cell is not None for cell in cells])
    values = np.array([0.0 if cell is None else cell for cell in cells])
    return np.asarray(np.interp(times, times[known], values[known]), dtype=np.float64)
