"""The design day of a network, solved, and what a heating engineer looks at in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.citygen.model import TRENCH_KINDS, Pipes
from simulators.citygen.network_files import NetworkSite
from simulators.citygen.sizing import AMPLE_kPa, base_alone, design_day
from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.errors import WaterNotHeld, WithoutPipe
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.laws import GRAVITY
from simulators.plant.network.solution import Solution, rises
from simulators.plant.water import density


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDay:
    """A solved network; arrays in its order."""

    pipes: Pipes
    network: Network
    solution: Solution
    gradient: Floats
    """Pa/m along the supply pipe of each trench without the weight of the water, shape (n_trenches,)."""
    velocity: Floats
    """m/s there."""
    velocity_base: Floats
    """m/s there on a milder day, when base plants serve the city alone."""
    base_flow: float
    """Share of the design flow then."""
    dp_base: float
    """kPa that the first source must hold then, for what the worst station needs."""
    base: Flags
    """Which sources are base plants, shape (n_sources,)."""
    dp_served: Floats
    """kPa at each station with what its own pump adds, shape (n_stations,)."""

    @property
    def worst(self) -> int:
        """The station with the least differential pressure."""
        return int(np.argmin(self.dp_served))


def design_day_of(site: NetworkSite, stations: Sequence[str] = ()) -> DesignDay:
    """Solve the design day; ``stations`` are those that the network must have.

    Raises a NetworkError that names what is wrong: WithoutPipe also for a station that has no row at all.
    """
    known = {consumer.name for consumer in site.pipes.consumers}
    if missing := [name for name in stations if name not in known]:
        raise WithoutPipe("no row in network/stations.csv, so no pipe, for station", missing)
    network = site.pipes.network()
    now = design_day(site.pipes, network, site.m_flow_design, site.m_flow_source, site.dp_source)
    full, solution = now.pump_speed, Hydraulics(network).solve(now)
    alone = base_alone(site.m_flow_design, site.m_flow_source, site.base)
    milder = Hydraulics(network).solve(design_day(site.pipes, network, *alone, AMPLE_kPa))
    helped = milder.dp_consumer + rises(network, full, milder.m_flow)[network.consumers]
    added = rises(network, full, solution.m_flow)
    n = len(site.pipes.trenches)
    start, end = network.link_start[:n], network.link_end[:n]
    rho = density(np.array([site.pipes.T_supply_design]))[0]
    weight = GRAVITY / 1000.0 * rho * (network.elevation[end] - network.elevation[start])
    lost = np.abs(solution.p[start] - solution.p[end] - weight + added[:n])
    return DesignDay(
        pipes=site.pipes,
        network=network,
        solution=solution,
        gradient=1000.0 * lost / network.length[:n],
        velocity=np.abs(solution.velocity[:n]),
        velocity_base=np.abs(milder.velocity[:n]),
        base_flow=float(alone[0].sum() / site.m_flow_design.sum()),
        dp_base=AMPLE_kPa - float((helped - network.dp_min).min()),
        base=site.base,
        dp_served=solution.dp_consumer + added[network.consumers],
    )


def refuse_dry(day: DesignDay) -> None:
    """Raise WaterNotHeld where water would boil in the supply, or air be drawn into the return.

    Pressure of saturation by Buck (1981), within 1 % up to 130 degC; ambient pressure by standard atmosphere.
    """
    network, p = day.network, day.solution.p
    T, n = day.pipes.T_supply_design, len(p) // 2
    boils = 0.61121 * np.exp((18.678 - T / 234.5) * T / (257.14 + T))
    ambient = 101.325 * np.exp(-network.elevation / 8434.0)
    needed = np.where(np.arange(len(p)) < n, np.maximum(boils - ambient, 0.0), 0.0)
    short = p - needed
    if (short < 0.0).any():
        worst = int(np.argmin(short))
        raise WaterNotHeld(
            f"the pressure does not hold the water on the design day, worst at {network.node_names[worst]}: "
            f"{p[worst]:.0f} kPa, {needed[worst]:.0f} kPa needed at {T:g} degC; look at the elevation of",
            [network.node_names[int(node)] for node in np.flatnonzero(short < 0.0)],
        )


def summary(day: DesignDay) -> list[str]:
    """Return the lines that ``dhc city check`` prints."""
    pipes, solution = day.pipes, day.solution
    n, names = len(pipes.trenches), [consumer.name for consumer in pipes.consumers]
    length = day.network.length[:n]
    source = solution.m_flow[day.network.sources]
    low, high = int(np.argmin(solution.p)), int(np.argmax(solution.p))
    lines = [
        f"{len(names)} stations, {len(pipes.sources)} sources, {length.sum() / 1000.0:.1f} km of trench",
        f"flow on the design day {source.sum():.0f} kg/s",
        f"differential pressure at the worst station, {names[day.worst]}: "
        f"{day.dp_served[day.worst]:.0f} kPa, median {np.median(day.dp_served):.0f} kPa",
        *_pumps(day),
        f"base plants alone: {day.base_flow:.0%} of that flow, for which the first source holds "
        f"{day.dp_base:.0f} kPa",
        f"highest pressure {solution.p[high]:.0f} kPa at {day.network.node_names[high]}, "
        f"lowest {solution.p[low]:.0f} kPa at {day.network.node_names[low]}",
    ]
    for code, kind in enumerate(TRENCH_KINDS):
        chosen = pipes.kind == code
        if chosen.any():
            lines.append(
                f"{kind:12} {length[chosen].sum() / 1000.0:7.1f} km, DN {pipes.DN[chosen].min()}.."
                f"{pipes.DN[chosen].max()}, {_middle(day.velocity[chosen], length[chosen]):.2f} m/s "
                f"(at most {day.velocity[chosen].max():.2f}), "
                f"{_middle(day.gradient[chosen], length[chosen]):.0f} Pa/m"
            )
    return lines


def _pumps(day: DesignDay) -> list[str]:
    """Return what there is of pumps besides those of the sources."""
    m_flow = day.solution.m_flow
    added = rises(day.network, np.ones(len(day.network.pump_link)), m_flow)
    lines = [
        f"booster {booster.name} in {booster.trench}: {abs(m_flow[link]):.0f} kg/s, {added[link]:.0f} kPa"
        for booster, link in zip(day.pipes.boosters, day.network.pump_link.tolist(), strict=False)
    ]
    own = [consumer.pump is not None for consumer in day.pipes.consumers]
    if any(own):
        rise = added[day.network.consumers][own]
        lines.append(f"pumps in {len(rise)} stations: {rise.min():.0f}..{rise.max():.0f} kPa")
    return lines


def way_to(day: DesignDay, station: int) -> list[int]:
    """Return the places from a source to a station, along the greatest flow towards it."""
    n_trenches, n_places = len(day.pipes.trenches), len(day.pipes.places)
    m = day.solution.m_flow[:n_trenches]
    start, end = day.network.link_start[:n_trenches], day.network.link_end[:n_trenches]
    source, target = np.where(m >= 0.0, start, end), np.where(m >= 0.0, end, start)
    feeding = _greatest(target, np.abs(m), n_places)
    sources = set((day.network.link_end[day.network.sources]).tolist())
    here = int(day.network.link_start[day.network.consumers][station])
    way = [here]
    while here not in sources:
        here = int(source[feeding[here]])
        way.append(here)
    return way[::-1]


def _greatest(target: Indices, m: Floats, n_places: int) -> Indices:
    """Return for each place the trench that brings it most."""
    feeding = np.full(n_places, -1, dtype=np.intp)
    for trench in np.argsort(m, kind="stable"):
        feeding[target[trench]] = trench
    return feeding


def _middle(values: Floats, weights: Floats) -> float:
    """Return the median by length."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, 0.5 * reached[-1])])
