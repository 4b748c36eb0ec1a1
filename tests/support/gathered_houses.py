"""A record as the centre gathers it, of houses that `tests.support.houses` integrates."""

import numpy as np

from controller.decisions import LoopKey
from controller.knowing.gathered import SERIES, SHARED, MemoryRecord, Quarter
from tests.support.houses import recorded, sized


def keys(count):
    return tuple(LoopKey(f"S{number:03d}", 1) for number in range(1, count + 1))


def gathered(houses, record=None, days=15, seed=1, *, sensors=True):
    """Fill a record (a new one in memory) with quarters of `houses` by key; returns it with its last end."""
    record = MemoryRecord() if record is None else record
    tables = {key: recorded(house, days=days, seed=seed)[0] for key, house in houses.items()}
    first = next(iter(tables.values()))
    loops = np.full((len(first["times"]), len(tables), len(SERIES)), np.nan)
    for place, rows in enumerate(tables.values()):
        for name in ("q", "T_supply", "T_return", *(("T_indoor",) if sensors else ())):
            loops[:, place, SERIES.index(name)] = rows[name]
    shared = np.full((len(first["times"]), len(SHARED)), np.nan)
    shared[:, 0], shared[:, 1] = first["T_outdoor"], first["sun"]
    quarters = zip(first["times"], loops.astype(np.float16), shared.astype(np.float16), strict=True)
    record.add(tuple(houses), *(Quarter(int(at), *values) for at, *values in quarters))
    return record, float(first["times"][-1]) + 900.0


def two_houses(UA=(1.9, 1.5)):
    return {key: sized(one) for key, one in zip(keys(len(UA)), UA, strict=True)}
