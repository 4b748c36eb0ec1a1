"""Heat carried through the pipes: plug flow of parcels, loss to the ground, the steel's capacity.

Each pipe is a file of parcels. A step takes from one end what flows out, mixes at the nodes what arrives
there, and puts the mixture in at the other ends; all pipes at once. Water that stays
tau seconds in a pipe leaves with T_g + (T_in - T_g) exp(-U' tau / (rho c A)) (plug flow with loss: B. van der
Heijde et al., Energy Conversion and Management 151 (2017) 158, equation 9).

The steel wall takes part in each parcel: it follows the water within seconds, so a front moves slower than
the water by 1 + C_steel/C_water, while the loss of steady flow stays that of the water alone.

A full file makes room by joining the two neighbours that differ least, which keeps their heat: the balance of
sources, stations, loss and stored heat closes whatever the step.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, same, some
from simulators.plant.network.errors import InvalidValue
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.parcels import Brought, mean_temperature, mixed, put_in, taken_out
from simulators.plant.network.ways import order, ways
from simulators.plant.water import C_WATER, density

T_REFERENCE = 70.0
"""degC at which the water in the pipes is weighed; what they hold is constant."""

C_STEEL, RHO_STEEL = 0.48, 7850.0
"""kJ/(kg K) and kg/m3 of carbon steel."""

PARCELS = 32

_NOTHING: Floats = np.zeros(0)

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
    """Parcels of each pipe, shape (n_pipes, n_parcels); some may be empty.

    The first of a pipe is next to leave it, the last has just entered.
    """

    mass: Floats
    """kg, water-equivalent."""
    T: Floats
    """degC."""
    forward: Flags
    """Pipes whose water ran from start to end in the last step, shape (n_pipes,)."""
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
    entering: Floats | None = None
    T_entering: Floats | None = None
    """kg/s that come in besides, and their degC, shape (n_nodes,); they count as negative leaks in flows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a step brought; mean of the step."""

    T_consumer: Floats
    """degC arriving at each station, shape (n_consumers,)."""
    T_source: Floats
    """degC returning to each source, shape (n_sources,)."""
    Q_loss: Floats
    """kW that each pipe lost to the ground, shape (n_pipes,)."""


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
    T = np.repeat(T_side[:, None], parcels, axis=1)
    return TransportState(mass=mass, T=T, forward=np.ones(n, dtype=np.bool_), T_node=T_node)


def stored_heat(state: TransportState) -> float:
    """Return the heat in water and steel in kJ above 0 degC."""
    return float((state.mass * state.T).sum()) * C_WATER


def pipe_temperature(state: TransportState) -> Floats:
    """Return the mean temperature of each pipe in degC (``Operation.T_pipe``), shape (n_pipes,)."""
    return mean_temperature(state.mass, state.T)


def step(
    state: TransportState, params: TransportParams, m_flow: Floats, leak: Floats, inlets: Inlets, dt: float
) -> tuple[TransportState, Carried]:
    """Advance by ``dt`` s with the flows of all links (``Solution.m_flow``) and the leaks of all nodes."""
    return Carrier(params).step(state, m_flow, leak, inlets, dt)


class Carrier:
    """Carries the heat of one network; keeps what is the same while all water runs the same way."""

    def __init__(self, params: TransportParams) -> None:
        self.params = params
        self._ways = ways(params.network, np.ones(params.network.n_links, dtype=np.bool_))
        self._order = order(params.network, self._ways)
        self._dt, self._cooled = 0.0, params.rate
        """Share of the excess that is lost in a step, and its length."""

    def step(
        self, state: TransportState, m_flow: Floats, leak: Floats, inlets: Inlets, dt: float
    ) -> tuple[TransportState, Carried]:
        """Advance by ``dt`` s, as ``step``."""
        params, n_pipes = self.params, self.params.network.n_pipes
        forward = m_flow >= 0.0
        if not same(forward, self._ways.forward):
            self._ways = ways(params.network, forward)
        now = self._ways
        mass, T, given, heat, through = taken_out(state.mass, state.T, state.forward, m_flow, params.mass, dt)
        turned = self._order.forward != forward[:n_pipes]
        if some(turned) and some(through[turned]):  # other pipes may have turned since it was found
            self._order = order(params.network, now)
        makeup, entering, heat_entering = float(leak.sum()), _NOTHING, _NOTHING
        if inlets.entering is not None and inlets.T_entering is not None:
            entering, heat_entering = inlets.entering, inlets.entering * inlets.T_entering
            makeup = max(float((leak - entering).sum()), 0.0)
        brought = Brought(
            given=given,
            heat=heat,
            through=through,
            m_flow=m_flow,
            T_consumer=inlets.T_consumer,
            T_source=inlets.T_source,
            makeup=makeup,
            T_makeup=inlets.T_makeup,
            entering=entering,
            heat_entering=heat_entering,
        )
        T_node = mixed(
            brought, now.into, now.upstream, state.T_node, self._order.pipes, self._order.round, dt
        )
        if dt != self._dt:
            self._dt, self._cooled = dt, -np.expm1(-params.rate * dt)
        lost = put_in(mass, T, given, T_node, now.upstream, self._cooled, params.T_ground, params.mass)
        arriving = T_node[now.upstream[n_pipes:]]
        n = params.network.n_consumers
        carried = Carried(T_consumer=arriving[:n], T_source=arriving[n:], Q_loss=lost * C_WATER / dt)
        following = TransportState(mass=mass, T=T, forward=forward[:n_pipes], T_node=T_node)
        return following, carried


def heat_in(
    state: TransportState, params: TransportParams, m_flow: Floats, leak: Floats, inlets: Inlets
) -> float:
    """Return the heat in kW that sources and make-up brought in the step that led to ``state``.

    Less what stations and leaks took. It equals what the pipes lost plus the change of ``stored_heat``.
    """
    network = params.network
    upstream = ways(network, m_flow >= 0.0).upstream[network.n_pipes :]
    flow = np.abs(m_flow[network.n_pipes :])
    T = np.concatenate([inlets.T_consumer, inlets.T_source])
    brought = flow @ T + leak.sum() * inlets.T_makeup
    return C_WATER * float(brought - flow @ state.T_node[upstream] - leak @ state.T_node)
