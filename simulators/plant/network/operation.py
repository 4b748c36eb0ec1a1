"""What acts on a network at one moment, checked against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.errors import InvalidValue
from simulators.plant.network.graph import Flags, Network


class SourceMode(Enum):
    """How a source meets the network."""

    DP = "dp"
    """Its pump control holds a differential pressure; the flow follows."""
    PUMP = "pump"
    """Its pump runs at a given speed on its curve."""
    FLOW = "flow"
    """It gives a prescribed flow: a peak plant, or 0 where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Boundary conditions; shapes as of the network."""

    prescribed: Flags
    """Consumers whose flow is given instead of their valve, shape (n_consumers,)."""
    m_flow: Floats
    """Flow of those in kg/s (0: shut off), shape (n_consumers,)."""
    Kv: Floats
    """Flow coefficient of the whole station for the others, m3/h at 1 bar (see ``plant.valve``)."""
    source_mode: tuple[SourceMode, ...]
    source_dp: Floats
    """kPa between supply and return of sources of mode DP, shape (n_sources,)."""
    source_m_flow: Floats
    """kg/s of sources of mode FLOW, shape (n_sources,)."""
    pump_speed: Floats
    """Share of full speed, shape (n_pumps,); a source's pump counts in mode PUMP only."""
    p_return: float
    """kPa over ambient held at the return node of the reference source."""
    leak: Floats
    """kg/s lost at each node (below 0: coming in), made up at the reference's return, shape (n_nodes,)."""
    T_pipe: Floats
    """degC of the water in each pipe, for density and viscosity, shape (n_pipes,)."""
    T_consumer: Floats
    """degC at each station's valve, shape (n_consumers,)."""


def operation(
    network: Network,
    *,
    T_supply: float,
    T_return: float,
    Kv: Floats | None = None,
    m_flow: Floats | None = None,
    source_dp: Sequence[float] | float = 100.0,
    p_return: float = 300.0,
) -> Operation:
    """Return a plain operation: all consumers by ``Kv`` or by ``m_flow``, all sources holding ``source_dp``.

    Pumps stand, nothing leaks, each side has one temperature (degC); ``dataclasses.replace`` makes others.
    """
    if (Kv is None) == (m_flow is None):
        raise InvalidValue("give either Kv or m_flow of all stations")
    n, half = network.n_consumers, network.n_pipes // 2
    return Operation(
        prescribed=np.full(n, Kv is None),
        m_flow=np.zeros(n) if m_flow is None else np.asarray(m_flow, dtype=np.float64),
        Kv=np.ones(n) if Kv is None else np.asarray(Kv, dtype=np.float64),
        source_mode=(SourceMode.DP,) * network.n_sources,
        source_dp=np.broadcast_to(np.asarray(source_dp, dtype=np.float64), network.n_sources).copy(),
        source_m_flow=np.zeros(network.n_sources),
        pump_speed=np.zeros(len(network.pump_link)),
        p_return=p_return,
        leak=np.zeros(network.n_nodes),
        T_pipe=np.repeat([T_supply, T_return], half),
        T_consumer=np.full(n, T_supply),
    )


def check(network: Network, now: Operation) -> None:
    """Raise InvalidValue, with the name of the thing, where an operation does not fit the network."""
    stations, sources = network.link_names[network.consumers], network.link_names[network.sources]
    pipes, nodes, pumps = network.link_names[network.pipes], network.node_names, network.pump_names
    modes, valves = np.array(now.source_mode, dtype=object), ~now.prescribed
    for what, values, names, applies, low, high in (
        ("m_flow", now.m_flow, stations, now.prescribed, 0.0, 1e6),
        ("Kv", now.Kv, stations, valves, 1e-9, 1e9),
        ("source_dp", now.source_dp, sources, modes == SourceMode.DP, 0.0, 1e5),
        ("source_m_flow", now.source_m_flow, sources, modes == SourceMode.FLOW, 0.0, 1e6),
        ("pump_speed", now.pump_speed, pumps, True, 0.0, 1.5),
        ("leak", now.leak, nodes, True, -1e6, 1e6),
        ("T_pipe", now.T_pipe, pipes, True, 0.0, 180.0),
        ("T_consumer", now.T_consumer, stations, True, 0.0, 180.0),
    ):
        if len(values) != len(names):
            raise InvalidValue(f"{what} has {len(values)} values for {len(names)}")
        if not len(values) or (values.min() >= low and values.max() <= high):
            continue
        bad = applies & ~((values >= low) & (values <= high))
        if bad.any():
            first = int(np.argmax(bad))
            wrong = [names[i] for i in np.flatnonzero(bad)]
            raise InvalidValue(f"{what} {values[first]} is not within {low} .. {high}", wrong)
    if len(now.source_mode) != len(sources):
        raise InvalidValue(f"source_mode has {len(now.source_mode)} values for {len(sources)}")
    if not -1e5 < now.p_return < 1e5:
        raise InvalidValue(f"p_return {now.p_return} kPa, source", [sources[network.reference]])
    _check_sources(network, now, sources)


def _check_sources(network: Network, now: Operation, sources: Sequence[str]) -> None:
    if all(mode is SourceMode.FLOW for mode in now.source_mode):
        raise InvalidValue("all sources prescribe their flow, none holds the pressure", sources)
    speed = dict(zip(network.pump_link.tolist(), now.pump_speed.tolist(), strict=True))
    first = network.sources.start
    standing = [
        name
        for i, (name, mode) in enumerate(zip(sources, now.source_mode, strict=True))
        if mode is SourceMode.PUMP and speed.get(first + i, 0.0) <= 0.0
    ]
    if standing:
        raise InvalidValue(
            "no running pump (use mode FLOW with 0 for a source that stands), source", standing
        )
