"""What acts on a network at one moment, checked against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, every
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


class Checks:
    """The ranges of what may act upon one network, laid out for one pass over all of it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        names = network.link_names
        stations, sources, pipes = names[network.consumers], names[network.sources], names[network.pipes]
        self._kinds = (
            _Kind("m_flow", stations, 0.0, 1e6),
            _Kind("Kv", stations, 1e-9, 1e9),
            _Kind("source_dp", sources, 0.0, 1e5),
            _Kind("source_m_flow", sources, 0.0, 1e6),
            _Kind("pump_speed", network.pump_names, 0.0, 1.5),
            _Kind("leak", network.node_names, -1e6, 1e6),
            _Kind("T_pipe", pipes, 0.0, 180.0),
            _Kind("T_consumer", stations, 0.0, 180.0),
        )
        sizes = [len(kind.names) for kind in self._kinds]
        self._low = np.repeat([kind.low for kind in self._kinds], sizes)
        self._high = np.repeat([kind.high for kind in self._kinds], sizes)
        self._sources = sources

    def __call__(self, now: Operation) -> None:
        """Raise InvalidValue, with the name of the thing, where an operation does not fit the network."""
        values = (
            now.m_flow, now.Kv, now.source_dp, now.source_m_flow, now.pump_speed, now.leak, now.T_pipe,
            now.T_consumer,
        )  # fmt: skip
        for kind, given in zip(self._kinds, values, strict=True):
            if len(given) != len(kind.names):
                raise InvalidValue(f"{kind.name} has {len(given)} values for {len(kind.names)}")
        given = np.concatenate(values)
        if not every((given >= self._low) & (given <= self._high)):
            self._refuse(now, values)
        if len(now.source_mode) != len(self._sources):
            raise InvalidValue(f"source_mode has {len(now.source_mode)} values for {len(self._sources)}")
        if not -1e5 < now.p_return < 1e5:
            name = self._sources[self._network.reference]
            raise InvalidValue(f"p_return {now.p_return} kPa, source", [name])
        _check_sources(self._network, now, self._sources)

    def _refuse(self, now: Operation, values: Sequence[Floats]) -> None:
        """Refuse what is out of its range and counts in this operation."""
        modes = np.array(now.source_mode, dtype=object)
        applies = {
            "m_flow": now.prescribed,
            "Kv": ~now.prescribed,
            "source_dp": modes == SourceMode.DP,
            "source_m_flow": modes == SourceMode.FLOW,
        }
        for kind, given in zip(self._kinds, values, strict=True):
            bad = applies.get(kind.name, True) & ~((given >= kind.low) & (given <= kind.high))
            if bad.any():
                first = given[int(np.argmax(bad))]
                wrong = [kind.names[int(i)] for i in np.flatnonzero(bad)]
                raise InvalidValue(f"{kind.name} {first} is not within {kind.low} .. {kind.high}", wrong)


class _Kind(NamedTuple):
    """One array of an operation."""

    name: str
    names: Sequence[str]
    """Of its places."""
    low: float
    high: float


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
