"""What the planning loop takes from the running controller: source, modes, what arrives at the stations."""

from collections.abc import Mapping

from controller.decisions import LoopKey, LoopTraits
from controller.guard_limits import may_go_far_down
from controller.image import StationImage
from controller.planning.question import Scene
from controller.planning.reached import SETTLED_S, bound_by, warmer
from controller.planning.rules import SourceSeen
from controller.state import ControllerState
from stations.model.identity import PRIMARY, Point
from stations.model.reading import Reading
from stations.model.setpoint import StationClass

WATER = ("T_supply_secondary", "T_return_secondary")
AGE_S = 600.0
"""Oldest reading of source and primary side that counts for a plan."""
SILENT_S = 600.0
"""The longest that stations hold what they were told without hearing anything."""


def source_seen(images: Mapping[str, StationImage], now: float) -> SourceSeen:
    """Return all sources together. A source that does not tell what it can give makes the sum unknown."""
    told = []
    for image in images.values():
        if Point(PRIMARY, "Q_flow_source_max") not in image.readings:
            continue
        values = [
            _value(image.readings.get(Point(PRIMARY, name)), now)
            for name in ("T_supply_source", "Q_flow_source", "Q_flow_source_max")
        ]
        told.append(values)
    if not told:
        return SourceSeen()
    T, Q, most = ([row[i] for row in told] for i in range(3))
    Q_max = None if None in most else sum(value for value in most if value is not None)
    weighed = [(t, m) for t, m in zip(T, most, strict=True) if t is not None and m is not None and m > 0.0]
    return SourceSeen(
        T_supply=sum(t * m for t, m in weighed) / sum(m for _, m in weighed) if weighed else None,
        Q_flow=None if None in Q else sum(value for value in Q if value is not None),
        Q_flow_max=Q_max,
    )


def scene_of(
    state: ControllerState,
    traits: Mapping[LoopKey, LoopTraits],
    T_outdoor_filtered: Mapping[str, float | None],
    owed: Mapping[LoopKey, float],
    now: float,
    monotonic: float,
) -> Scene:
    """Return what is seen of the loops now: UTC second ``now``, scaled monotonic second ``monotonic``."""
    images = state.image.freeze()
    arriving = {
        key: _value(images[key.station].readings.get(Point(PRIMARY, "T_supply_primary")), now)
        for key in traits
    }
    return Scene(
        modes={key: status.mode for key, status in state.loops.items()},
        T_primary={key: T for key, T in arriving.items() if T is not None},
        T_reached=_reached(state, traits, images, now, monotonic),
        T_outdoor_filtered=T_outdoor_filtered,
        owed=owed,
        drifted=state.drifted,
        lost=lost_loops(images, traits, now),
        blind=_blind(images, traits, now),
        far_down=_far_down(state, traits),
    )


def _far_down(state: ControllerState, traits: Mapping[LoopKey, LoopTraits]) -> frozenset[LoopKey]:
    context = state.context
    if context is None:  # no cycle has judged yet
        return frozenset()
    return frozenset(
        key
        for key, loop in traits.items()
        if loop.station_class is StationClass.B and may_go_far_down(context, key.station)
    )


def _blind(
    images: Mapping[str, StationImage], traits: Mapping[LoopKey, LoopTraits], now: float
) -> frozenset[LoopKey]:
    """Return the loops of which one of the two temperatures is missing that show their water to the guard."""
    return frozenset(
        key
        for key in traits
        for read in [images[key.station].readings.get]
        if any(_value(read(Point(key.loop, name)), now) is None for name in WATER)
    )


def _reached(
    state: ControllerState,
    traits: Mapping[LoopKey, LoopTraits],
    images: Mapping[str, StationImage],
    now: float,
    monotonic: float,
) -> dict[LoopKey, float]:
    """Return what loops can be asked for that have had time to reach what they act on, and do not."""
    found = {}
    for key in traits:
        status, read = state.loops[key], images[key.station].readings.get
        if status.written_at is not None and monotonic - status.written_at < SETTLED_S:
            continue
        names = ("T_supply_secondary", "T_supply_secondary_set_effective")
        reached, acts_on = (_value(read(Point(key.loop, name)), now) for name in names)
        absolute = status.held and traits[key].station_class is not StationClass.B
        bound = bound_by(reached, warmer(acts_on, status.T_supply_set if absolute else None))
        if bound is not None:
            found[key] = bound
    return found


def lost_loops(
    images: Mapping[str, StationImage], traits: Mapping[LoopKey, LoopTraits], now: float
) -> frozenset[LoopKey]:
    """Return the loops whose station has not answered for longer than its lease lasts."""
    silent = {
        station
        for station, image in images.items()
        if image.polled_at is None or now - image.polled_at > SILENT_S
    }
    return frozenset(key for key in traits if key.station in silent)


def _value(reading: Reading | None, now: float) -> float | None:
    return reading.value if reading is not None and reading.usable(now, AGE_S) else None
