"""A two-pipe network as validated arrays: what the solvers of this package work on.

How the package is used:

- ``network(...)`` (here) takes named places, trenches, stations, sources and booster pumps and gives a
  ``Network`` of arrays, or an error that names what is wrong.
- ``operation.Operation`` holds what acts: valve (Kv) or prescribed flow of each station, differential
  pressure, pump speed or flow of each source, pump speeds, leaks, temperature of each pipe.
- ``hydraulics.Hydraulics(network).solve(operation)`` gives a ``Solution``: pressures, flows, the differential
  pressure at each station. It remembers the last flows: keep one object per network.
- ``transport.step(state, params, flows, dt)`` carries heat with these flows: source supply and station return
  temperatures go in, what arrives at stations and sources comes out, with loss and stored heat;
  ``transport.pipe_temperature`` is what the next operation takes.

Units: m, kg/s, kPa (over ambient), degC. The two pipes of a trench are called ``<trench> supply`` and
``<trench> return``; the return pipe runs the other way, so that both carry positive flow from a source.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.errors import (
    DuplicateName,
    InvalidValue,
    NotConnected,
    UnknownPlace,
    WithoutPipe,
)
from simulators.plant.network.pumps import PumpCurve

Flags = npt.NDArray[np.bool_]
ELEVATIONS_m = (-450.0, 6000.0)
"""Where people live: another one is a slip of the pen."""

_T = TypeVar("_T", str, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chamber, a branch or a building entry: a node of the supply and one of the return pipe."""

    name: str
    elevation: float = 0.0
    """m."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trench:
    """Pipes between two places, one of each side; with ``diameter_return`` where the return differs."""

    name: str
    start: str
    end: str
    length: float
    """m."""
    diameter: float
    """m, inner."""
    roughness: float = 0.0005
    """m; 0.5 mm is what CJJ/T 34 prescribes for hot-water networks."""
    zeta: float = 0.0
    """Sum of the fittings' loss coefficients."""
    diameter_return: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A station (or one of its loops) between supply and return of a place."""

    name: str
    place: str
    dp_min: float = 0.0
    """kPa that it needs at least when its flow is prescribed."""
    pump: PumpCurve | None = None
    """Its own pump in the primary, in series with the valve (distributed pumping)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A plant between return and supply of a place; its pump, where it is solved by its curve."""

    name: str
    place: str
    pump: PumpCurve | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booster:
    """A pump in one pipe of a trench, pushing from the source: ``side`` is ``supply`` or ``return``.

    The supply pump pushes from the trench's start to its end, the return pump from end to start. While it
    stands its bypass is open.
    """

    name: str
    trench: str
    side: str
    pump: PumpCurve


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Arrays of a validated network.

    Nodes: the supply nodes of all places, then their return nodes. Links: all supply pipes, all return
    pipes, all consumers (supply to return), all sources (return to supply).
    """

    node_names: tuple[str, ...]
    elevation: Floats
    """m, shape (n_nodes,)."""
    link_names: tuple[str, ...]
    link_start: Indices
    link_end: Indices
    """Nodes of each link, shape (n_links,)."""
    length: Floats
    diameter: Floats
    roughness: Floats
    zeta: Floats
    """Of each pipe, shape (n_pipes,)."""
    dp_min: Floats
    """kPa, shape (n_consumers,)."""
    n_sources: int
    reference: int
    """The source at whose return node the pressure is held."""
    pump_names: tuple[str, ...]
    pump_link: Indices
    pump_dp0: Floats
    pump_a: Floats
    """Head curves and the links that they act on, shape (n_pumps,)."""
    pump_curves: tuple[PumpCurve, ...] = ()
    """The same curves with what their efficiency needs, in this order."""

    n_nodes: int = field(init=False)
    n_pipes: int = field(init=False)
    """On both sides."""
    n_consumers: int = field(init=False)
    n_links: int = field(init=False)
    pipes: slice = field(init=False)
    consumers: slice = field(init=False)
    sources: slice = field(init=False)
    """Where they are among the links."""

    def __post_init__(self) -> None:
        """Count: asked for many times a step."""
        n_pipes, n_links = len(self.length), len(self.link_start)
        sources = slice(n_pipes + len(self.dp_min), n_links)
        for name, value in (
            ("n_nodes", len(self.elevation)),
            ("n_pipes", n_pipes),
            ("n_consumers", len(self.dp_min)),
            ("n_links", n_links),
            ("pipes", slice(0, n_pipes)),
            ("consumers", slice(n_pipes, sources.start)),
            ("sources", sources),
        ):
            object.__setattr__(self, name, value)


def network(
    *,
    places: Sequence[Place],
    trenches: Sequence[Trench],
    consumers: Sequence[Consumer],
    sources: Sequence[Source],
    boosters: Sequence[Booster] = (),
    reference: str | None = None,
) -> Network:
    """Return the arrays of a network; ``reference`` names the source that holds the return pressure (first).

    Raises a NetworkError that names what is wrong: DuplicateName, UnknownPlace, InvalidValue, WithoutPipe,
    NotConnected.
    """
    for kind, things in (
        ("places", places),
        ("trenches", trenches),
        ("stations", consumers),
        ("sources", sources),
        ("pumps", boosters),
    ):
        _refuse_doubles(kind, [thing.name for thing in things])
    if not sources:
        raise InvalidValue("a network needs a source")
    if doubled := _doubles([source.place for source in sources]):
        raise DuplicateName("two sources at one place, join them into one plant", doubled)
    _refuse_values(places, trenches, consumers)
    index = {place.name: i for i, place in enumerate(places)}
    for trench in trenches:
        _refuse_unknown(f"trench {trench.name}", (trench.start, trench.end), index)
    for thing in _attached(consumers, sources):
        _refuse_unknown(thing.name, (thing.place,), index)
    start = _indices(index[trench.start] for trench in trenches)
    end = _indices(index[trench.end] for trench in trenches)
    _refuse_gaps(places, start, end, consumers, sources, index)
    return _arrays(places, trenches, start, end, consumers, sources, boosters, index, reference)


def _arrays(
    places: Sequence[Place],
    trenches: Sequence[Trench],
    start: Indices,
    end: Indices,
    consumers: Sequence[Consumer],
    sources: Sequence[Source],
    boosters: Sequence[Booster],
    index: dict[str, int],
    reference: str | None,
) -> Network:
    n, consumer = len(places), _indices(index[consumer.place] for consumer in consumers)
    source = _indices(index[source.place] for source in sources)
    pumps = _pumps(trenches, consumers, sources, boosters)
    names = [source.name for source in sources]
    if reference is not None and reference not in names:
        raise UnknownPlace("no source of the name of the reference", [reference])
    returns = [trench.diameter_return or trench.diameter for trench in trenches]
    twice = [*trenches, *trenches]
    return Network(
        node_names=tuple(f"{place.name} {side}" for side in ("supply", "return") for place in places),
        elevation=_floats([place.elevation for place in places] * 2),
        link_names=(
            *(f"{trench.name} {side}" for side in ("supply", "return") for trench in trenches),
            *(consumer.name for consumer in consumers),
            *names,
        ),
        link_start=np.concatenate([start, end + n, consumer, source + n]),
        link_end=np.concatenate([end, start + n, consumer + n, source]),
        length=_floats(trench.length for trench in twice),
        diameter=_floats([*(trench.diameter for trench in trenches), *returns]),
        roughness=_floats(trench.roughness for trench in twice),
        zeta=_floats(trench.zeta for trench in twice),
        dp_min=_floats(consumer.dp_min for consumer in consumers),
        n_sources=len(sources),
        reference=0 if reference is None else names.index(reference),
        pump_names=tuple(name for name, _, _ in pumps),
        pump_link=_indices(link for _, link, _ in pumps),
        pump_dp0=_floats(curve.dp0 for _, _, curve in pumps),
        pump_a=_floats(curve.a for _, _, curve in pumps),
        pump_curves=tuple(curve for _, _, curve in pumps),
    )


def _pumps(
    trenches: Sequence[Trench],
    consumers: Sequence[Consumer],
    sources: Sequence[Source],
    boosters: Sequence[Booster],
) -> list[tuple[str, int, PumpCurve]]:
    """Return name, link and curve of each pump: boosters, then those of consumers, then of sources."""
    trench = {trench.name: i for i, trench in enumerate(trenches)}
    pumps = []
    for booster in boosters:
        if booster.trench not in trench or booster.side not in ("supply", "return"):
            raise UnknownPlace(f"pump {booster.name}: no pipe", [f"{booster.trench} {booster.side}"])
        link = trench[booster.trench] + (len(trenches) if booster.side == "return" else 0)
        pumps.append((booster.name, link, booster.pump))
    if doubled := _doubles([link for _, link, _ in pumps]):
        raise DuplicateName(
            "two pumps in one pipe", [trenches[link % len(trenches)].name for link in doubled]
        )
    for i, thing in enumerate(_attached(consumers, sources), 2 * len(trenches)):
        if thing.pump is not None:
            pumps.append((thing.name, i, thing.pump))
    for name, _, curve in pumps:
        if not (0.0 < curve.dp0 < inf and 0.0 < curve.a < inf):
            raise InvalidValue(
                f"head curve {curve.dp0} kPa - {curve.a} m^2 is no falling curve, pump", [name]
            )
    return pumps


def _refuse_values(
    places: Sequence[Place], trenches: Sequence[Trench], consumers: Sequence[Consumer]
) -> None:
    for place in places:
        low, high = ELEVATIONS_m
        if not low <= place.elevation <= high:
            raise InvalidValue(
                f"elevation {place.elevation} m is not within {low:g} .. {high:g}, node", [place.name]
            )
    for trench in trenches:
        wide = trench.diameter_return or trench.diameter
        for what, value, low, high in (
            ("length", trench.length, 0.0, 1e6),
            ("diameter", trench.diameter, 0.0, 5.0),
            ("diameter_return", wide, 0.0, 5.0),
            ("roughness", trench.roughness, -1e-12, 0.05 * min(trench.diameter, wide)),
            ("zeta", trench.zeta, -1e-12, 1e6),
        ):
            if not low < value < high:
                least = "above 0" if low == 0.0 else "at least 0"
                raise InvalidValue(f"{what} {value} is not {least} and below {high:.7g}, pipe", [trench.name])
        if trench.start == trench.end:
            raise InvalidValue("both ends at one node, pipe", [trench.name])
    for consumer in consumers:
        if not 0.0 <= consumer.dp_min < inf:
            raise InvalidValue(f"dp_min {consumer.dp_min} kPa, station", [consumer.name])


def _refuse_gaps(
    places: Sequence[Place],
    start: Indices,
    end: Indices,
    consumers: Sequence[Consumer],
    sources: Sequence[Source],
    index: dict[str, int],
) -> None:
    """Refuse stations and sources without a pipe, then places that no source reaches."""
    piped = set(start.tolist()) | set(end.tolist())
    if bare := [thing.name for thing in _attached(consumers, sources) if index[thing.place] not in piped]:
        raise WithoutPipe("no pipe ends at the node of", bare)
    n = len(places)
    _, part = connected_components(
        coo_array((np.ones(len(start)), (start, end)), shape=(n, n)), directed=False
    )
    reached = part[index[sources[0].place]]
    if apart := [place.name for i, place in enumerate(places) if part[i] != reached]:
        raise NotConnected(f"no pipes lead from source {sources[0].name} to node", apart)


def _attached(consumers: Sequence[Consumer], sources: Sequence[Source]) -> list[Consumer | Source]:
    return [*consumers, *sources]


def _refuse_doubles(kind: str, names: Sequence[str]) -> None:
    if doubled := _doubles(names):
        raise DuplicateName(f"{kind} of the same name", doubled)


def _doubles(items: Sequence[_T]) -> list[_T]:
    return [item for item, count in Counter(items).items() if count > 1]


def _refuse_unknown(what: str, names: Iterable[str], index: dict[str, int]) -> None:
    if unknown := [name for name in names if name not in index]:
        raise UnknownPlace(f"{what}: no node", unknown)


def _indices(values: Iterable[int]) -> Indices:
    return np.fromiter(values, dtype=np.intp)


def _floats(values: Iterable[float]) -> Floats:
    return np.fromiter(values, dtype=np.float64)
