"""What is known of a loop's houses before the first measurement: their use, age, emitters and area.

Heat need at design: CJJ/T 34 (urban heating network design), index of heat load per heated m2 by use, for
houses without and with energy-saving measures; the newest level is that of the 75 % codes (JGJ 26-2018).
The index counts free heat of 3.8 W/m2 as already deducted and holds from 18..20 degC indoors to about -10
degC outdoors, so UA = (index + 3.8) / 30 K. Detached houses of one family lose a third to a half more per
m2 than blocks (TABULA building typologies); a loop of several thousand m2 heats blocks.

Emitters are taken 1.5 times as large as that need (1.3 to 2 is common in radiators), and are told at the
temperatures of their standards: radiators 75/50/20 degC, floors 45/35/20 degC (EN 442-2, EN 1264-2).
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from optimizer.building import Buildings, Floats

_T = TypeVar("_T")

INDEX_W_PER_M2: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "residential": {"old": 61.0, "saving": 43.0, "new": 30.0},
        "school": {"old": 70.0, "saving": 58.0, "new": 35.0},
        "office": {"old": 70.0, "saving": 58.0, "new": 35.0},
        "hospital": {"old": 72.0, "saving": 62.0, "new": 40.0},
    }
)
"""By use and insulation: ``old`` before the saving codes, ``saving`` with them, ``new`` with the latest."""
GAIN_W_PER_M2: Mapping[str, float] = MappingProxyType(
    {"residential": 2.8, "school": 3.3, "office": 3.8, "hospital": 4.3}
)
"""People and appliances, less what pipes between station and rooms lose: 3 to 5 % of the heat, 1.2 W/m2."""
EXCESS_K: Mapping[str, float] = MappingProxyType(
    {"radiator": 25.0 / math.log(55.0 / 30.0), "floor": 10.0 / math.log(25.0 / 15.0)}
)
EXPONENT: Mapping[str, float] = MappingProxyType({"radiator": 0.30, "floor": 0.08})
FLOW_KG_PER_H_M2: Mapping[str, float] = MappingProxyType({"radiator": 2.5, "floor": 3.5})
"""Circulation of practice, up to twice what the design drop would take."""
C_ROOM_WH_PER_M2K: Mapping[str, float] = MappingProxyType({"radiator": 18.0, "floor": 30.0})
"""A heated floor's screed stands with the room: it is what the heat comes through."""
FREE_OF_INDEX_W_PER_M2, SPAN_K = 3.8, 30.0
OVERSIZE = 1.5
AREA_BLOCK_M2, AREA_DETACHED_M2, DETACHED = 2000.0, 150.0, 1.4

SPREAD: Mapping[str, float] = MappingProxyType(
    {
        "UA": 0.25,
        "share_direct": 0.30,
        "h_ie": 0.35,
        "C_i": 0.35,
        "C_e": 0.40,
        "gain": 0.40,
        "solar_aperture": 0.60,
        "wind": 0.70,
        "q_n": 0.30,
        "exponent": 0.07,
    }
)
"""By how much a prior may be off, as a part of it (standard deviation of the logarithm)."""


def prior(
    *,
    building_type: Sequence[str],
    emitter: Sequence[str],
    insulation: Sequence[str],
    area: Sequence[float] | Floats,
) -> Buildings:
    """Return what to begin with for loops of these uses, emitters, insulations and heated areas (m2).

    Raises ValueError for a word that no table here has.
    """
    size = np.asarray(area, dtype=np.float64)
    index = np.array([_of(INDEX_W_PER_M2, use)[level] for use, level in _checked(building_type, insulation)])
    # between a block and a detached house by the logarithm of the area
    small = np.interp(
        np.log(np.maximum(size, 1.0)), [math.log(AREA_DETACHED_M2), math.log(AREA_BLOCK_M2)], [DETACHED, 1.0]
    )
    UA = (index + FREE_OF_INDEX_W_PER_M2) / SPAN_K * small

    def by_emitter(table: Mapping[str, float]) -> Floats:
        return np.array([_of(table, kind) for kind in emitter])

    n = np.ones(len(size))
    return Buildings(
        area=size,
        UA=UA,
        share_direct=0.4 * n,
        h_ie=8.0 * n,
        C_i=by_emitter(C_ROOM_WH_PER_M2K),
        C_e=80.0 * n,
        gain=np.array([_of(GAIN_W_PER_M2, use) for use in building_type]),
        solar_aperture=0.03 * n,
        wind=0.02 * n,
        q_n=OVERSIZE * index * small,
        excess_n=by_emitter(EXCESS_K),
        exponent=by_emitter(EXPONENT),
        flow_design=by_emitter(FLOW_KG_PER_H_M2) / 3600.0,
    )


def _checked(uses: Sequence[str], levels: Sequence[str]) -> list[tuple[str, str]]:
    pairs = list(zip(uses, levels, strict=True))
    for use, level in pairs:
        if level not in _of(INDEX_W_PER_M2, use):
            raise ValueError(f"insulation {level!r} is not one of {', '.join(INDEX_W_PER_M2[use])}")
    return pairs


def _of(table: Mapping[str, _T], word: str) -> _T:
    if word not in table:
        raise ValueError(f"{word!r} is not one of {', '.join(table)}")
    return table[word]
