"""What was believed of the rooms when the controller stopped, for the next start: walls remember for days.

Kept once an hour as one text. After a stop the first cycle takes the time that passed for one long step, so
the estimate goes on with the doubt that a gap leaves.
"""

import base64
import io
import json
from dataclasses import fields, replace
from zipfile import BadZipFile

import numpy as np

from controller.decisions import LoopKey
from controller.knowing.known import Known
from optimizer.estimate.state import EstimateState

AGE_MAX_S = 24 * 3600.0
"""Older, and houses begin anew: the weather of days is not known."""
_ARRAYS = tuple(field.name for field in fields(EstimateState) if field.name != "trust")
_LAST_AXIS = frozenset(("slow",))
"""Arrays whose loops lie along the last axis; of all others they lie along the first."""


def kept(known: Known, now: float) -> str:
    """Return the state of all loops at UTC second ``now`` as text."""
    body = io.BytesIO()
    np.savez_compressed(body, **{name: getattr(known.state, name) for name in _ARRAYS})
    return json.dumps(
        {
            "at": now,
            "loops": [list(key) for key in known.keys],
            "body": base64.b64encode(body.getvalue()).decode(),
        }
    )


def resumed(known: Known, text: str | None, now: float, monotonic: float) -> Known:
    """Return ``known`` with the rooms of ``text`` where it has them and is not too old; else as it is.

    ``now`` is the UTC second, ``monotonic`` the scaled monotonic second of the same moment.
    """
    if text is None:
        return known
    try:
        told = json.loads(text)
        age_s = now - float(told["at"])
        then = {LoopKey(*pair): place for place, pair in enumerate(told["loops"])}
        with np.load(io.BytesIO(base64.b64decode(told["body"])), allow_pickle=False) as arrays:
            old = {name: arrays[name] for name in _ARRAYS}
    except (ValueError, KeyError, TypeError, OSError, BadZipFile):
        return known  # of another version of the program: houses begin anew
    if not 0.0 <= age_s <= AGE_MAX_S:
        return known
    pairs = [(place, then[key]) for place, key in enumerate(known.keys) if key in then]
    mine, theirs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    values = {}
    for name in _ARRAYS:
        array = getattr(known.state, name).copy()
        if name in _LAST_AXIS:
            array[..., mine] = old[name][..., theirs]
        else:
            array[mine] = old[name][theirs]
        values[name] = array
    if not all(np.isfinite(array).all() for array in values.values()):
        return known
    at = monotonic - age_s if pairs else None
    return replace(known, state=replace(known.state, **values), at=at)
