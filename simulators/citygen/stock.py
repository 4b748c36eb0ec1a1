"""The stations, loops and buildings of a city: sizes, ages, emitters, uses, heat need.

Old houses stand in the middle, new ones outside; estates of one station were built within a few years. Needs
in W/m2 at the design temperature follow the generations of the Chinese design codes (JGJ 26 of 1986, 1995,
2010, 2018; CJJ/T 34 gives 40..45 for energy-saving houses, 58..64 before); part of the oldest were insulated.
Radiators with one pipe are found in houses before 1998, floor heating is the rule since about 2008.
"""

import math
from dataclasses import dataclass

import numpy as np

from simulators.city import AREA_SPREAD, AREA_LIMITS_m2, AREA_MEDIAN_m2, FLOW_kg_per_h_m2, profile_sequence
from simulators.citygen.model import (
    BUILDING_TYPES,
    EMITTERS,
    SPREAD_K,
    BuildingTable,
    LoopTable,
)
from simulators.plant.arrays import Floats, Indices
from stations.profile import builtin_profile

SEVERAL_LOOPS_SHARE = 0.38
WITHOUT_SENSORS_SHARE = 0.30
SENSORS = (3, 10)

YEARS = (1978, 2024)
NEED_W_PER_m2 = ((1985, 56.0), (1996, 50.0), (2005, 44.0), (2012, 36.0), (2018, 30.0), (2024, 26.0))
"""By year of building, linear in between."""
RENOVATED_SHARE = 0.5
RENOVATED_W_PER_m2 = 44.0
RENOVATED_BEFORE = 2000
NEED_SPREAD = 0.06
NEED_FACTOR = {"residential": 1.0, "school": 1.05, "office": 1.05, "hospital": 1.2}

OVERSIZE_MIDDLE, OVERSIZE_HALF = 1.65, 0.35
BALANCE_SPREAD = 0.12
CURVE_SPREAD_K = 1.2

PUBLIC_SHARE = 0.12
PUBLIC_AREA_FACTOR = 0.35
PUBLIC_TYPES = (1, 1, 2, 2, 3)
"""Codes of ``BUILDING_TYPES``: as many schools as offices, fewer hospitals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What ``stock`` draws for stations in order; see the tables of ``model``."""

    profile: tuple[str, ...]
    year: Indices
    sensors: Indices
    loops: LoopTable
    buildings: BuildingTable


def stock(seed: int, remoteness: Floats, spread: float) -> Stock:
    """Return the stock; ``remoteness`` is 0 in the centre .. 1 at the edge, shape (n_stations,).

    ``spread`` moves only what makes stations unlike each other, so the houses are the same at any spread.
    """
    rng = np.random.default_rng([seed, 0x570C])
    n = len(remoteness)
    sequence = profile_sequence(n)
    order = rng.permutation(n)
    profile = tuple(sequence[i] for i in order)
    year = np.clip(np.round(1990.0 + 24.0 * remoteness + rng.normal(0.0, 7.0, n)), *YEARS).astype(np.intp)
    public = rng.random(n) < PUBLIC_SHARE
    A = AREA_MEDIAN_m2 * np.exp(rng.normal(0.0, AREA_SPREAD, n)) * np.where(public, PUBLIC_AREA_FACTOR, 1.0)
    A = np.asarray(np.round(np.clip(A, *AREA_LIMITS_m2), -2), dtype=np.float64)
    loops_of = _numbers_of_loops(rng, profile, A)
    drawn = [
        _loops(rng, int(loops_of[s]), float(A[s]), int(year[s]), bool(public[s])) for s in range(n)
    ]  # fmt: skip
    station = np.repeat(np.arange(n), loops_of)
    number = np.concatenate([np.arange(1, count + 1) for count in loops_of])
    zone, emitter, piping, area = (np.array([row[k] for rows in drawn for row in rows]) for k in range(4))
    use = np.where(public, rng.choice(PUBLIC_TYPES, n), 0)
    buildings = _buildings(rng, station, area, zone, year, use)
    q = np.bincount(buildings.loop, weights=buildings.share * buildings.q_design)
    loops = LoopTable(
        station=station.astype(np.intp),
        number=number.astype(np.intp),
        zone=zone.astype(np.intp),
        emitter=emitter.astype(np.intp),
        piping=piping.astype(np.intp),
        A_heated=area.astype(np.float64),
        q_design=np.asarray(q, dtype=np.float64),
        **_unlikeness(seed, len(station), spread),
        m_flow_design=_circulation(rng, emitter, area),
    )
    return Stock(
        profile=profile, year=year, sensors=_sensors(rng, n), loops=loops, buildings=buildings
    )  # fmt: skip


def _numbers_of_loops(rng: np.random.Generator, profile: tuple[str, ...], A: Floats) -> Indices:
    """Return how many loops each station has; several at the larger of those whose controller can."""
    counts = np.ones(len(A), dtype=np.intp)
    able = [i for i, name in enumerate(profile) if builtin_profile(name).max_loops > 1 and A[i] >= 12_000.0]
    keys = A[able] * np.exp(rng.normal(0.0, 0.7, len(able)))
    wanted = math.ceil(SEVERAL_LOOPS_SHARE * len(A))
    for k in np.argsort(-keys)[:wanted]:
        counts[able[int(k)]] = rng.choice((2, 3, 4), p=(0.72, 0.22, 0.06))
    return counts


def _loops(
    rng: np.random.Generator, count: int, A: float, year: int, public: bool
) -> list[tuple[int, int, int, float]]:
    """Return zone, emitter, piping and area of the loops of one station."""
    floor = 0.05 if year < 2000 or public else 0.75 if year >= 2008 else 0.4
    first = int(rng.random() < floor)
    mixed = count > 1 and rng.random() < 0.4
    zones = [0] if count == 1 else [1, 3] if count == 2 else [1, 2, 3, 3][:count]
    if mixed and count == 2:
        zones = [0, 0]
    emitters = [first if k % 2 == 0 or not mixed else 1 - first for k in range(count)]
    shares = rng.dirichlet(np.full(count, 12.0))
    areas = np.round(A * shares, -2)
    areas[-1] = A - areas[:-1].sum()
    return [
        (
            zones[k],
            emitters[k],
            int(emitters[k] == 0 and year < 1998 and rng.random() < 0.6),
            max(500.0, float(areas[k])),
        )
        for k in range(count)
    ]


def _buildings(
    rng: np.random.Generator, station: Indices, A: Floats, zone: Indices, year: Indices, use: Indices
) -> BuildingTable:
    columns: list[list[float]] = [[] for _ in range(8)]
    for loop, s in enumerate(station):
        count = int(np.clip(round(A[loop] / 7_000.0 * rng.uniform(0.7, 1.3)), 1, 8))
        shares = rng.dirichlet(np.full(count, 6.0))
        farthest = rng.uniform(150.0, 450.0)
        for k in range(count):
            built = int(np.clip(year[s] + rng.integers(-3, 3, endpoint=True), *YEARS))
            kind = int(use[s]) or (int(rng.choice(PUBLIC_TYPES)) if k == 0 and rng.random() < 0.10 else 0)
            front = rng.normal(180.0, 12.0) if rng.random() < 0.85 else rng.choice((90.0, 270.0))
            tall = 18 if zone[loop] >= 2 else 11 if built > 2008 else 6
            row = (
                loop, kind, shares[k], built, _need(rng, built, kind), float(front) % 360.0,
                tall + int(rng.integers(-2, 8 if tall > 6 else 1, endpoint=True)),
                30.0 + farthest * (k + rng.uniform(0.3, 1.0)) / count,
            )  # fmt: skip
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    loop_of, kind_of, share, built_in, q, azimuth, storeys, distance = (np.array(c) for c in columns)
    return BuildingTable(
        loop=loop_of.astype(np.intp),
        type=kind_of.astype(np.intp),
        share=share,
        year=built_in.astype(np.intp),
        q_design=np.asarray(q, dtype=np.float64),
        azimuth=azimuth,
        storeys=storeys.astype(np.intp),
        distance=distance,
    )


def _need(rng: np.random.Generator, year: int, kind: int) -> float:
    years, needs = zip(*NEED_W_PER_m2, strict=True)
    need = float(np.interp(year, years, needs))
    if year < RENOVATED_BEFORE and rng.random() < RENOVATED_SHARE:
        need = min(need, RENOVATED_W_PER_m2)
    return need * NEED_FACTOR[BUILDING_TYPES[kind]] * float(np.exp(rng.normal(0.0, NEED_SPREAD)))


def _unlikeness(seed: int, n: int, spread: float) -> dict[str, Floats]:
    """Return what differs between loops beyond their houses; at no spread all are alike."""
    rng = np.random.default_rng([seed, 0x59D])
    scale = spread / SPREAD_K
    return {
        "oversize": OVERSIZE_MIDDLE + scale * OVERSIZE_HALF * rng.uniform(-1.0, 1.0, n),
        "balance": np.exp(scale * BALANCE_SPREAD * np.clip(rng.normal(0.0, 1.0, n), -2.5, 2.5)),
        "curve_offset": np.round(scale * CURVE_SPREAD_K * np.clip(rng.normal(0.0, 1.0, n), -2.5, 2.5)),
    }


def _circulation(rng: np.random.Generator, emitter: Indices, A: Floats) -> Floats:
    low, high = np.array([FLOW_kg_per_h_m2[name] for name in EMITTERS])[emitter].T
    return np.asarray(rng.uniform(low, high) * A / 3600.0, dtype=np.float64)


def _sensors(rng: np.random.Generator, n: int) -> Indices:
    """Return the dwellings with a sensor; exactly the share of stations has none."""
    counts = rng.integers(*SENSORS, n, endpoint=True)
    counts[rng.permutation(n)[: round(WITHOUT_SENSORS_SHARE * n)]] = 0
    return counts.astype(np.intp)
