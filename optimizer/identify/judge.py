"""Whether a new set of numbers may take over: within a box, by a tenth a day, and only if it foretold better.

The last day of a record is not fitted. The set in charge (champion) and the fitted one (challenger,
already held to a tenth of change) both run from the days before into that day, driven by its heat and
weather. What is compared was measured: indoor temperature where sensors hang, else the heat that the
emitters would give at the day's water in a room as warm as the run says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from optimizer.building import Buildings, Floats
from optimizer.identify.parameters import NAMES, Candidates, boxed

if TYPE_CHECKING:
    from optimizer.identify.record import Record

REPLAY_H = 24.0
CHANGE_A_DAY = 0.10
GAIN_STEP_W_PER_M2 = 0.5
BIAS_STEP_K = 0.2
"""Change a day of what can be 0, and so has no tenth."""
ROWS_MIN = 12.0
"""Hours of the replayed day in which something must have been measured."""

Kind = Literal["indoor_K", "heat_share"]


def limited(champion: Candidates, challenger: Candidates, days: float = 1.0) -> Candidates:
    """Return the challenger as far as ``days`` allow it to go from the champion, within the box."""
    factor = (1.0 + CHANGE_A_DAY) ** days
    old, new = champion.buildings, boxed(challenger.buildings)
    values = {
        name: np.clip(getattr(new, name), getattr(old, name) / factor, getattr(old, name) * factor)
        for name in NAMES
        if name != "gain"
    }
    step = GAIN_STEP_W_PER_M2 * days
    values["gain"] = np.clip(new.gain, old.gain - step, old.gain + step)
    # the path into the walls must stay wider than what leaves through them
    values["h_ie"] = np.maximum(values["h_ie"], 1.02 * (1.0 - values["share_direct"]) * values["UA"])
    bias = BIAS_STEP_K * days
    return Candidates(
        replace(old, **values),
        np.clip(challenger.water, champion.water / factor, champion.water * factor),
        np.clip(challenger.sensor_bias, champion.sensor_bias - bias, champion.sensor_bias + bias),
    )


def scores(record: Record, candidates: Candidates, begin: int) -> tuple[Kind, list[float]] | None:
    """Return each candidate's root mean square error from step ``begin`` on; None if little was measured."""
    sensed: list[Floats] = []
    given: list[Floats] = []
    for one in record.compare(candidates, until=begin):
        later = np.arange(one.spell.start, one.spell.stop) >= begin
        sensor, heat = record.off(one, candidates)
        sensed.append(sensor[:, later[record.sensor[one.spell]]])
        given.append(heat[:, later[record.law[one.spell]]])
    kinds: list[tuple[Kind, list[Floats]]] = [("indoor_K", sensed), ("heat_share", given)]
    for kind, errors in kinds:
        joined = np.concatenate(errors, axis=1) if errors else np.zeros((1, 0))
        if joined.shape[1] * record.grid.dt_h >= ROWS_MIN:
            return kind, np.sqrt((joined**2).mean(axis=1)).tolist()
    return None


def beside(champion: Candidates, challenger: Candidates) -> Candidates:
    """Return both as candidates, the champion first."""
    both = {
        name: np.concatenate([getattr(champion.buildings, name), getattr(challenger.buildings, name)])
        for name in Buildings.__slots__
    }
    return Candidates(
        Buildings(**both),
        np.concatenate([champion.water, challenger.water]),
        np.concatenate([champion.sensor_bias, challenger.sensor_bias]),
    )
