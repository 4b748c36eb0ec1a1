"""Sizes of a city's pipes: the smallest of the series that keep gradient and velocity on the design day.

Sizes decide where the water of a ring flows, and flows decide the sizes: both are found in turns, the flows
by the same hydraulics that the plant uses.
"""

from dataclasses import replace

import numpy as np

from simulators.citygen.model import TRENCH_KINDS, Pipes
from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.friction import dynamic_viscosity
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import Operation, SourceMode, operation
from simulators.plant.network.solution import Solution
from simulators.plant.water import density

DN = (
    50, 65, 80, 100, 125, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700,
    800, 900, 1000, 1200, 1400, 1600,
)  # fmt: skip
BORE_m = (
    0.0533, 0.068, 0.081, 0.100, 0.124, 0.150, 0.207, 0.261, 0.311, 0.363, 0.412, 0.464, 0.513, 0.614, 0.702,
    0.800, 0.896, 0.994, 1.192, 1.388, 1.584,
)  # fmt: skip
"""Inner diameters of pre-insulated steel pipes (GB/T 29047)."""

ROUGHNESS_m = 0.0005

GRADIENT_MAX_Pa_per_m = {"transmission": 55.0, "trunk": 55.0, "tie": 55.0, "branch": 110.0, "service": 200.0}
"""CJJ/T 34: 30..70 Pa/m in trunks; up to 300 in branches, of which designers use half."""
VELOCITY_MAX_m_per_s = {"transmission": 2.3, "trunk": 2.3, "tie": 2.3, "branch": 2.3, "service": 2.3}
DN_MIN = {"transmission": 100, "trunk": 100, "tie": 150, "branch": 65, "service": 50}

TIE_SHARE = 0.7
"""Of the smaller of the pipes that a tie joins: it shall carry a good part when one of them is shut."""

TURNS, WIDENING_TURNS = 6, 3
WIDENED_ABOVE = 1.05
"""In the last turns a pipe is widened only if it misses its limits by so much."""

DP_STATION_MIN_kPa = 70.0
"""At the worst station on the design day; it needs 50: an exchanger 30, valve and pipes the rest."""

T_SUPPLY_degC, T_RETURN_degC = 110.0, 60.0
AMPLE_kPa = 5e4
"""Enough for any sizes; it only shifts the pressures."""

HEAD_ROOM_kPa = 100.0
"""Above the highest place at rest: 51 of steam pressure at 110 degC and a reserve of some 5 m of water."""
P_RETURN_MIN_kPa = 250.0


def design_day(
    pipes: Pipes, network: Network, m_flow: Floats, m_flow_source: Floats, dp: float
) -> Operation:  # fmt: skip
    """Return stations at their design flow, the first source holding ``dp``, the others at their share.

    ``network`` is that of ``pipes``; flows in kg/s. Boosters and pumps in stations run at full speed.
    """
    now = operation(
        network,
        T_supply=pipes.T_supply_design,
        T_return=pipes.T_return_design,
        m_flow=m_flow,
        source_dp=dp,
        p_return=pipes.p_return,
    )
    modes = (SourceMode.DP, *(SourceMode.FLOW for _ in m_flow_source[1:]))
    full = np.ones(len(network.pump_link))
    return replace(now, source_mode=modes, source_m_flow=m_flow_source, pump_speed=full)


def base_alone(m_flow: Floats, m_flow_source: Floats, base: Flags) -> tuple[Floats, Floats]:
    """Return the flows of stations and sources on a milder day, when base plants serve the city alone."""
    alone = np.where(base, m_flow_source, 0.0)
    return m_flow * float(alone.sum() / m_flow_source.sum()), alone


def fitted(pipes: Pipes, m_flow: Floats, m_flow_source: Floats, base: Flags) -> tuple[Pipes, Solution]:
    """Return the pipes with their sizes and return pressure, and the design day at the least pressure.

    Pipes suffice for the design day and for the base plants alone, who must reach where peak plants stand.
    ``m_flow`` of each station and ``m_flow_source`` of each source in kg/s; raises a NetworkError.
    """
    days = ((m_flow, m_flow_source), base_alone(m_flow, m_flow_source, base))
    z = np.array([place.elevation for place in pipes.places])
    first = next(i for i, place in enumerate(pipes.places) if place.name == pipes.sources[0].place)
    rest = density(np.array([T_RETURN_degC]))[0] * 9.81e-3 * (z.max() - z[first]) + HEAD_ROOM_kPa
    pipes = replace(pipes, p_return=float(np.ceil(max(rest, P_RETURN_MIN_kPa) / 10.0) * 10.0))
    bare = pipes.network()
    sizes = np.searchsorted(DN, pipes.DN)
    flows = np.zeros((2, len(pipes.trenches)))
    for turn in range(TURNS + WIDENING_TURNS):
        network = _with_sizes(bare, sizes)
        found = np.abs([_solve(pipes, network, *day).m_flow[: len(pipes.trenches)] for day in days])
        if turn < TURNS:  # half the way, or the two arms of a ring would take turns
            flows = found if turn == 0 else 0.5 * (flows + found)
            sizes = np.maximum(*(_sizes(pipes, bare, m, 1.0) for m in flows))
        else:  # widening moves the flows little; narrowing again would never end
            wanted = [_sizes(pipes, bare, m, WIDENED_ABOVE) for m in found]
            sizes = np.maximum.reduce([*wanted, sizes])
    network = _with_sizes(bare, sizes)
    solution = _solve(pipes, network, m_flow, m_flow_source)
    lack = HEAD_ROOM_kPa - float(solution.p.min())  # where a distant source draws the return pressure down
    trenches = zip(pipes.trenches, sizes, strict=True)
    pipes = replace(
        pipes,
        p_return=pipes.p_return + max(0.0, float(np.ceil(lack / 10.0) * 10.0)),
        trenches=tuple(replace(trench, diameter=BORE_m[size]) for trench, size in trenches),
        DN=np.array(DN, dtype=np.intp)[sizes],
    )
    dp = float(np.ceil(AMPLE_kPa - solution.dp_consumer.min() + DP_STATION_MIN_kPa))
    now = design_day(pipes, network, m_flow, m_flow_source, dp)
    return pipes, Hydraulics(network).solve(now)


def first_sizes(kinds: Indices) -> Indices:
    """Return rows of ``DN`` to begin with: as if every pipe of a kind carried the same."""
    return np.array([(14, 14, 12, 6, 4)[kind] for kind in kinds], dtype=np.intp)


def _solve(pipes: Pipes, network: Network, m_flow: Floats, m_flow_source: Floats) -> Solution:
    return Hydraulics(network).solve(design_day(pipes, network, m_flow, m_flow_source, AMPLE_kPa))


def _with_sizes(network: Network, sizes: Indices) -> Network:
    return replace(network, diameter=np.tile(np.array(BORE_m)[sizes], 2))


def _sizes(pipes: Pipes, network: Network, m: Floats, margin: float) -> Indices:
    """Return the row of ``DN`` of each trench for its flow, with the limits times ``margin``."""
    bores = np.array(BORE_m)
    rho = float(density(np.array([T_RETURN_degC]))[0])  # colder water is denser and thicker: the safe side
    velocity = m[:, None] / (rho * np.pi / 4.0 * bores**2)
    gradient = _gradient(velocity, bores, rho)
    kinds = [TRENCH_KINDS[kind] for kind in pipes.kind]
    fits = (gradient <= margin * np.array([[GRADIENT_MAX_Pa_per_m[kind]] for kind in kinds])) & (
        velocity <= margin * np.array([[VELOCITY_MAX_m_per_s[kind]] for kind in kinds])
    )
    fits[:, -1] = True
    least = np.searchsorted(DN, [DN_MIN[kind] for kind in kinds])
    sizes = np.maximum(np.argmax(fits, axis=1), least)
    return _with_ties(pipes, network, sizes)


def _gradient(velocity: Floats, bore: Floats, rho: float) -> Floats:
    """Return friction in Pa/m; P. K. Swamee and A. K. Jain, J. Hydraulics Div. ASCE 102 (1976) 657."""
    Re = np.maximum(velocity * bore * rho / float(dynamic_viscosity(np.array([T_RETURN_degC]))[0]), 4000.0)
    f = 0.25 / np.log10(ROUGHNESS_m / bore / 3.7 + 5.74 / Re**0.9) ** 2
    return np.asarray(f / bore * rho * velocity**2 / 2.0, dtype=np.float64)


def _with_ties(pipes: Pipes, network: Network, sizes: Indices) -> Indices:
    """Return the sizes with each tie at least its share of the smaller of what it joins."""
    n, tie = len(pipes.trenches), TRENCH_KINDS.index("tie")
    start, end = network.link_start[:n], network.link_end[:n]
    main, ties = pipes.kind < tie, pipes.kind == tie
    widest = np.zeros(network.n_nodes)
    bore = np.array(BORE_m)[sizes]
    for ends in (start, end):
        np.maximum.at(widest, ends[main], bore[main])
    joined = np.stack([widest[start[ties]], widest[end[ties]]])
    smaller = np.where(joined.min(axis=0) > 0.0, joined.min(axis=0), joined.max(axis=0))
    sizes = sizes.copy()
    sizes[ties] = np.maximum(sizes[ties], np.searchsorted(BORE_m, TIE_SHARE * smaller))
    return sizes
