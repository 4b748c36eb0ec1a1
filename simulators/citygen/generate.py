"""Draws a synthetic city from a seed: ground, houses, pipes and their sizes, sources, weather."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simulators.city import CENTRE_LATITUDE, CENTRE_LONGITUDE
from simulators.citygen.ground import ground
from simulators.citygen.laying import Layout, lay
from simulators.citygen.model import SPREAD_K, TRENCH_KINDS, GeneratedCity, Pipes, SourceTable, StationTable
from simulators.citygen.season import season
from simulators.citygen.sizing import (
    DN,
    BORE_m,
    ROUGHNESS_m,
    T_RETURN_degC,
    T_SUPPLY_degC,
    first_sizes,
    fitted,
)
from simulators.citygen.stock import Stock, stock
from simulators.citygen.words import source_name, split_into_districts, station_names
from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.graph import Consumer, Place, Source, Trench
from simulators.plant.network.solution import Solution
from simulators.plant.water import C_WATER

STATIONS_MAX = 5_000
SPREAD_MAX_K = 4.0

HEAT_MARGIN = 1.3
"""Stations and pipes were ordered for 1.3 times the heat that the houses need."""
INSTALLED_MARGIN = 1.15
"""All sources together over the need of the design day, with the pipes' loss."""
BASE_SHARE = 0.65
"""Of the design heat that base plants give; the rest is for some hundred hours a year."""

DP_SERVICE_MIN_kPa = 50.0
"""What a station needs at its design flow."""


def generate(
    stations: int,
    seed: int,
    spread: float = SPREAD_K,
    progress: Callable[[str], None] = lambda _: None,
) -> GeneratedCity:
    """Return a city of 1..5,000 stations; the same arguments give the same city.

    ``spread`` in K: how far stations' mean indoor temperatures shall differ (standard deviation) when each
    runs on its own curve; it scales what makes stations unlike each other and moves neither houses nor pipes.
    Raises ValueError on arguments out of range.
    """
    if not 1 <= stations <= STATIONS_MAX:
        raise ValueError(f"a city has 1..{STATIONS_MAX} stations, not {stations}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"a seed is a whole number from 0 to 2^63 - 1, not {seed}")
    if not 0.0 <= spread <= SPREAD_MAX_K:
        raise ValueError(f"a spread is 0..{SPREAD_MAX_K} K, not {spread}")
    rng = np.random.default_rng([seed, 0x6E0])
    progress("streets and quarters")
    plan = ground(rng, stations)
    ids = tuple(f"S{number:0{max(3, len(str(stations)))}d}" for number in range(1, stations + 1))
    layout = lay(rng, plan, ids)
    row = {name: i for i, name in enumerate(layout.names)}
    x, y = np.array([layout.points[row[name]] for name in ids]).T
    far = np.hypot(x, y)
    progress("houses and loops")
    houses = stock(seed, far / max(float(far.max()), 1.0), spread)
    need = np.bincount(houses.loops.station, weights=houses.loops.A_heated * houses.loops.q_design) / 1000.0
    m_flow = HEAT_MARGIN * need / (C_WATER * (T_SUPPLY_degC - T_RETURN_degC))
    shares = _source_shares(layout, ids, need)
    base = np.arange(2 * layout.bases) < layout.bases
    progress("sizes of pipes")
    pipes, solution = fitted(_pipes(layout, ids), m_flow, shares * m_flow.sum(), base)
    pipes = replace(pipes, kind=_longer_ties(pipes))
    progress("weather")
    districts, district = split_into_districts(x, y)
    return GeneratedCity(
        seed=seed,
        spread=spread,
        latitude=CENTRE_LATITUDE,
        longitude=CENTRE_LONGITUDE,
        districts=districts,
        stations=_stations(seed, ids, (x, y, plan.height(x, y)), houses, m_flow, district),
        loops=houses.loops,
        buildings=houses.buildings,
        sources=_sources(layout, solution, shares * need.sum() * INSTALLED_MARGIN),
        pipes=pipes,
        weather=season(seed, CENTRE_LATITUDE, CENTRE_LONGITUDE),
    )


def _source_shares(layout: Layout, ids: tuple[str, ...], need: Floats) -> Floats:
    """Return each source's share of the design heat: base and peak plant together serve their region."""
    regions = np.array([layout.region[name] for name in ids])
    region = np.bincount(regions, weights=need, minlength=layout.bases) / need.sum()
    return np.concatenate([BASE_SHARE * region, (1.0 - BASE_SHARE) * region])


def _pipes(layout: Layout, ids: tuple[str, ...]) -> Pipes:
    """Return the laid pipes, all of a first size."""
    heights = layout.plan.height(*np.array(layout.points).T)
    kinds = np.array([run.kind for run in layout.runs], dtype=np.intp)
    sizes = first_sizes(kinds)
    trenches = []
    for number, (run, size) in enumerate(zip(layout.runs, sizes, strict=True), start=1):
        (x0, y0), (x1, y1) = layout.points[run.start], layout.points[run.end]
        metres = max(abs(x1 - x0) + abs(y1 - y0), 1.0)
        trenches.append(
            Trench(
                name=f"P{number:05d}",
                start=layout.names[run.start],
                end=layout.names[run.end],
                length=round(metres, 1),
                diameter=BORE_m[size],
                roughness=ROUGHNESS_m,
                zeta=round(1.0 + metres / 200.0, 2),  # valve and tee, a bend or compensator every 60 m
            )
        )
    return Pipes(
        places=tuple(
            Place(name=name, elevation=round(float(height), 2))
            for name, height in zip(layout.names, heights, strict=True)
        ),
        x=np.array([point[0] for point in layout.points]),
        y=np.array([point[1] for point in layout.points]),
        trenches=tuple(trenches),
        kind=kinds,
        DN=np.array(DN, dtype=np.intp)[sizes],
        consumers=tuple(Consumer(name=name, place=name, dp_min=DP_SERVICE_MIN_kPa) for name in ids),
        sources=tuple(Source(name=name, place=name) for name in layout.names[: 2 * layout.bases]),
        p_return=0.0,
        T_supply_design=T_SUPPLY_degC,
        T_return_design=T_RETURN_degC,
    )


def _longer_ties(pipes: Pipes) -> Indices:
    """Return the kinds with ties that go on through trunk pipes to the next branch: all close a ring only."""
    trunk, tie = TRENCH_KINDS.index("trunk"), TRENCH_KINDS.index("tie")
    kind = pipes.kind.copy()
    at: dict[str, list[int]] = {}
    for number, trench in enumerate(pipes.trenches):
        for end in (trench.start, trench.end):
            at.setdefault(end, []).append(number)
    waiting = np.flatnonzero(kind == tie).tolist()
    while waiting:
        trench = pipes.trenches[waiting.pop()]
        for beside in (at[trench.start], at[trench.end]):
            for other in beside if len(beside) == 2 else ():
                if kind[other] == trunk:
                    kind[other] = tie
                    waiting.append(other)
    return kind


def _stations(
    seed: int,
    ids: tuple[str, ...],
    place: tuple[Floats, Floats, Floats],
    houses: Stock,
    m_flow: Floats,
    district: Indices,
) -> StationTable:
    names = station_names(np.random.default_rng([seed, 0x3A3]), len(ids))
    return StationTable(
        id=ids,
        name_en=tuple(en for _, en in names),
        name_zh=tuple(zh for zh, _ in names),
        profile=houses.profile,
        x=place[0],
        y=place[1],
        z=place[2],
        district=district,
        year=houses.year,
        sensors=houses.sensors,
        m_flow_design=m_flow,
    )


def _sources(layout: Layout, solution: Solution, Q_max: Floats) -> SourceTable:
    count = 2 * layout.bases
    x, y = np.array(layout.points[:count]).T
    base = np.arange(count) < layout.bases
    names = [source_name(k % layout.bases + 1, base=bool(base[k])) for k in range(count)]
    p, n_places = solution.p, len(layout.points)
    return SourceTable(
        id=tuple(layout.names[:count]),
        name_en=tuple(en for _, en in names),
        name_zh=tuple(zh for zh, _ in names),
        base=base,
        x=x,
        y=y,
        z=layout.plan.height(x, y),
        Q_max=Q_max,
        m_flow_design=solution.m_flow[-count:],
        dp_design=p[:count] - p[n_places : n_places + count],
    )
