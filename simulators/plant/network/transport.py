"""Heat carried through the pipes: plug flow of parcels, loss to the ground, the steel's capacity.

Each pipe is a row of parcels from its start to its end. A step takes from one end what flows out, mixes at
the nodes what arrives there, and puts the mixture in at the other ends; all pipes at once. Water that stays
tau seconds in a pipe leaves with T_g + (T_in - T_g) exp(-U' tau / (rho c A)) (plug flow with loss: B. van der
Heijde et al., Energy Conversion and Management 151 (2017) 158, equation 9).

The steel wall takes part in each parcel: it follows the water within seconds, so a front moves slower than
the water by 1 + C_steel/C_water, while the loss of steady flow stays that of the water alone.

A full row makes room by joining the two neighbours that differ least, which keeps their heat: the balance of
sources, stations, loss and stored heat closes whatever the step.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.errors import InvalidValue
from simulators.plant.network.graph import Flags, Network
from simulators.plant.water import C_WATER, density

T_REFERENCE = 70.0
"""degC at which the water in the pipes is weighed; what they hold is constant."""

C_STEEL, RHO_STEEL = 0.48, 7850.0
"""kJ/(kg K) and kg/m3 of carbon steel."""

PARCELS = 32

_AT_REST_kg = 1e-12
"""Less than this in a step is no flow: the parcels' masses are not known any better."""

_WALL_AT = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
_WALL = (0.003, 0.004, 0.006, 0.007, 0.008, 0.009, 0.012)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportParams:
    """Constants of the pipes, shape (n_pipes,), and where links and nodes meet."""

    mass: Floats
    """kg of water whose heat capacity is that of water and steel together."""
    rate: Floats
    """1/s by which the excess over the ground falls in a pipe at rest."""
    T_ground: float
    """degC."""
    network: Network


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportState:
    """Parcels of each pipe from its start to its end, shape (n_pipes, n_parcels); some may be empty."""

    mass: Floats
    """kg, water-equivalent."""
    T: Floats
    """degC."""
    T_node: Floats
    """degC of what flowed into each node last, shape (n_nodes,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inlets:
    """Temperatures in degC of the water that enters the network."""

    T_source: Floats
    """Leaving each source, shape (n_sources,)."""
    T_consumer: Floats
    """Leaving each station, shape (n_consumers,)."""
    T_makeup: float = 15.0
    """Of what replaces leaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a step brought; mean of the step."""

    T_consumer: Floats
    """degC arriving at each station, shape (n_consumers,)."""
    T_source: Floats
    """degC returning to each source, shape (n_sources,)."""
    Q_loss: Floats
    """kW that each pipe lost to the ground, shape (n_pipes,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What leaves each pipe in a step: kg that were in it, their heat in kg degC, and kg that pass it."""

    mass: Floats
    heat: Floats
    through: Floats


def wall_thickness(diameter: Floats) -> Floats:
    """Return the usual wall of buried steel pipes in m: 3 mm at DN 50 to 12 mm at DN 1000."""
    return np.interp(diameter, _WALL_AT, _WALL)


def transport_params(
    network: Network, U: Floats | float, T_ground: float, wall: Floats | None = None
) -> TransportParams:
    """Return the constants for a heat loss of ``U`` W/(m K) of each pipe and steel walls of ``wall`` m.

    Walls are of ``wall_thickness`` unless given. Raises InvalidValue, naming the pipe, for a negative ``U``.
    """
    U_pipe = np.broadcast_to(np.asarray(U, dtype=np.float64), network.n_pipes)
    bad = ~((U_pipe >= 0.0) & np.isfinite(U_pipe))
    if bad.any():
        raise InvalidValue("U is no heat loss, pipe", [network.link_names[i] for i in np.flatnonzero(bad)])
    D = network.diameter
    thick = wall_thickness(D) if wall is None else wall
    water = density(np.full(network.n_pipes, T_REFERENCE)) * np.pi / 4.0 * D**2 * network.length
    steel = RHO_STEEL * np.pi * (D + thick) * thick * network.length
    mass = water + steel * C_STEEL / C_WATER
    return TransportParams(
        mass=mass,
        rate=U_pipe / 1000.0 * network.length / (mass * C_WATER),
        T_ground=T_ground,
        network=network,
    )


def filled(
    params: TransportParams, T_supply: float, T_return: float, parcels: int = PARCELS
) -> TransportState:
    """Return pipes filled with water of one temperature on each side."""
    n = len(params.mass)
    mass = np.zeros((n, parcels))
    mass[:, 0] = params.mass
    T_side = np.repeat([T_supply, T_return], n // 2)
    T_node = np.repeat([T_supply, T_return], params.network.n_nodes // 2)
    return TransportState(mass=mass, T=np.repeat(T_side[:, None], parcels, axis=1), T_node=T_node)


def stored_heat(state: TransportState) -> float:
    """Return the heat in water and steel in kJ above 0 degC."""
    return float((state.mass * state.T).sum()) * C_WATER


def pipe_temperature(state: TransportState) -> Floats:
    """Return the mean temperature of each pipe in degC (``Operation.T_pipe``), shape (n_pipes,)."""
    return np.asarray((state.mass * state.T).sum(axis=1) / state.mass.sum(axis=1))


def step(
    state: TransportState, params: TransportParams, m_flow: Floats, leak: Floats, inlets: Inlets, dt: float
) -> tuple[TransportState, Carried]:
    """Advance by ``dt`` s with the flows of all links (``Solution.m_flow``) and the leaks of all nodes."""
    network = params.network
    m = m_flow[network.pipes]
    moved, forward = np.abs(m) * dt, m >= 0.0
    moved[moved < _AT_REST_kg] = 0.0
    mass, taken = _take(state.mass, moved, forward)
    given, heat = taken.sum(axis=1), (taken * state.T).sum(axis=1)
    through = np.maximum(moved - params.mass, 0.0)
    T_node = _mixed(state, params, m_flow, leak, inlets, _Leaving(mass=given, heat=heat, through=through), dt)
    T_in = T_node[_upstream(network, m_flow, network.pipes)]
    mass, T = _put(mass, state.T, given, T_in, forward)
    kept = np.exp(-params.rate * dt)
    excess = (mass * (T - params.T_ground)).sum(axis=1)
    T = params.T_ground + (T - params.T_ground) * kept[:, None]
    carried = Carried(
        T_consumer=T_node[_upstream(network, m_flow, network.consumers)],
        T_source=T_node[_upstream(network, m_flow, network.sources)],
        Q_loss=excess * (1.0 - kept) * C_WATER / dt,
    )
    return TransportState(mass=mass, T=T, T_node=T_node), carried


def heat_in(
    state: TransportState, params: TransportParams, m_flow: Floats, leak: Floats, inlets: Inlets
) -> float:
    """Return the heat in kW that sources and make-up brought in the step that led to ``state``.

    Less what stations and leaks took. It equals what the pipes lost plus the change of ``stored_heat``.
    """
    network = params.network
    _, flow, T = _entering(network, m_flow, leak, inlets)
    links = slice(network.n_pipes, network.n_links)
    brought = flow @ T
    drawn = np.abs(m_flow[links]) @ state.T_node[_upstream(network, m_flow, links)]
    return C_WATER * float(brought - drawn - leak @ state.T_node)


def _upstream(network: Network, m_flow: Floats, links: slice) -> Indices:
    """Return the node that each of these links takes its water from."""
    return np.where(m_flow[links] >= 0.0, network.link_start[links], network.link_end[links])


def _take(mass: Floats, moved: Floats, forward: Flags) -> tuple[Floats, Floats]:
    """Return what stays and what leaves of each parcel when ``moved`` kg flow out at the leading end."""
    upto = mass.cumsum(axis=1)
    ahead = np.where(forward[:, None], upto[:, -1:] - upto, upto - mass)
    taken = np.minimum(np.maximum(moved[:, None] - ahead, 0.0), mass)
    return mass - taken, taken


def _mixed(
    state: TransportState,
    params: TransportParams,
    m_flow: Floats,
    leak: Floats,
    inlets: Inlets,
    pipes: _Leaving,
    dt: float,
) -> Floats:
    """Return the temperature of each node: the mean of what flows in; the last one where nothing does.

    A pipe that holds less than flows through it in a step passes on what enters it in the same step. Such
    pipes follow one another in the direction of flow, so repeating the mixture settles it exactly.
    """
    network, n = params.network, params.network.n_nodes
    upstream = _upstream(network, m_flow, network.pipes)
    downstream = (network.link_start + network.link_end)[network.pipes] - upstream
    node, flow, T = _entering(network, m_flow, leak, inlets)
    inflow = np.bincount(downstream, weights=pipes.mass + pipes.through, minlength=n) + np.bincount(
        node, weights=flow * dt, minlength=n
    )
    settled = np.bincount(downstream, weights=pipes.heat, minlength=n) + np.bincount(
        node, weights=flow * dt * T, minlength=n
    )
    fed = inflow > _AT_REST_kg
    share = np.where(fed, 1.0 / np.where(fed, inflow, 1.0), 0.0)
    passing = np.flatnonzero(pipes.through > 0.0)
    T_node = np.where(fed, settled * share, state.T_node)
    for _ in range(n + 1):
        arriving = pipes.through[passing] * T_node[upstream[passing]]
        mixed = (settled + np.bincount(downstream[passing], weights=arriving, minlength=n)) * share
        following = np.where(fed, mixed, state.T_node)
        if np.abs(following - T_node).max() <= 1e-12:
            return following
        T_node = following
    return T_node


def _entering(
    network: Network, m_flow: Floats, leak: Floats, inlets: Inlets
) -> tuple[Indices, Floats, Floats]:
    """Return node, kg/s and degC of the water that sources, stations and make-up put in."""
    links = slice(network.n_pipes, network.n_links)
    m = m_flow[links]
    node = np.where(m >= 0.0, network.link_end[links], network.link_start[links])
    held = network.link_start[network.sources][network.reference]
    T = np.concatenate([inlets.T_consumer, inlets.T_source, [inlets.T_makeup]])
    return np.append(node, held), np.append(np.abs(m), leak.sum()), T


def _put(mass: Floats, T: Floats, put: Floats, T_in: Floats, forward: Flags) -> tuple[Floats, Floats]:
    """Return the parcels after joining the two most alike and putting a new one in at the trailing end."""
    m_a, m_b = mass[:, :-1], mass[:, 1:]
    apart = T[:, :-1] - T[:, 1:]
    alike = m_a * m_b * apart * apart / np.maximum(m_a + m_b, _AT_REST_kg)
    join = alike.argmin(axis=1)
    n, width = mass.shape
    first = np.arange(0, n * width, width)
    at = first + join
    m_a, m_b, T_a = mass.take(at), mass.take(at + 1), T.take(at)
    m_joined = m_a + m_b
    weight = np.where(m_joined > 0.0, m_b / np.where(m_joined > 0.0, m_joined, 1.0), 0.5)
    T_joined = T_a + (T.take(at + 1) - T_a) * weight
    # forward: parcels up to the joined pair move up by one; backward: those after it move down by one
    place, edge = np.arange(width), forward[:, None]
    beyond = place > join[:, None] + edge
    source = place + beyond
    source -= edge
    np.clip(source, 0, width - 1, out=source)
    source += first[:, None]
    mass, T = mass.take(source), T.take(source)
    joined = first + join + forward
    mass.put(joined, m_joined)
    T.put(joined, T_joined)
    new = first + np.where(forward, 0, width - 1)
    mass.put(new, put)
    T.put(new, T_in)
    return mass, T
