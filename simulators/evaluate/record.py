"""What happened under one strategy, hour by hour: the material that the key figures are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.shortage import SharedHeat

if TYPE_CHECKING:
    from simulators.fieldtruth.profile import PressureProfile
    from simulators.plant.arrays import Floats, Indices
    from simulators.recorder import ContractBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Counted hours of one strategy on one city. True values, not what instruments showed."""

    strategy: str
    stations: tuple[str, ...]
    station_classes: tuple[str, ...]
    """A, T, B or C: how far each station lets itself be driven."""
    station_of_loop: Indices
    A_heated: Floats
    """m2, shape (n_loops,)."""
    A_dwelling: Floats
    """m2 that each dwelling's temperature stands for, shape (n_loops, n_dwellings); 0 where nobody lives."""
    driven: Floats
    """1 for loops that the controller writes to, 0 for advice only; shape (n_loops,)."""
    critical: frozenset[str] = frozenset()
    """Stations of critical users."""
    begin: float
    """UTC second at which the first counted hour begins."""
    T_outdoor: Floats
    """degC, mean of each hour, shape (n_hours,)."""
    Q_source: Floats
    """kW, mean of each hour."""
    P_source: Floats
    """kW electric, pumps of the sources and of the network."""
    T_return_primary: Floats
    """degC of the water that comes back from all stations, mean of each hour by flow."""
    P_pump: Floats
    """kW electric of the secondary pumps, shape (n_hours, n_loops)."""
    m_flow: Floats
    """kg/s of circulation."""
    T_supply: Floats
    T_return: Floats
    """degC, secondary, means of each hour by flow."""
    T_dwelling: Floats
    """degC at the end of each hour, shape (n_hours, n_loops, n_dwellings)."""
    stored_kWh: float
    """Heat stored at the end less that at the beginning, on the secondary sides; in all pipes too where there
    is a network."""
    control: ControlRecord
    network: NetworkRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecord:
    """What the pipes did in the counted hours; shape (n_hours,) where not said otherwise."""

    Q_lost_network: Floats
    Q_lost_house_pipes: Floats
    """kW lost to the ground: primary pipes, pipes to houses."""
    m_flow_makeup: Floats
    """kg/s, all networks."""
    m_flow_primary: Floats
    """kg/s through all stations."""
    T_supply_source: Floats
    """degC of the water that left the sources, mean by flow."""
    T_short: Floats
    """K by which the sources' water was colder than they were told."""
    dp: Floats
    """kPa at each station, least of the hour, shape (n_hours, n_stations)."""
    imbalance: float
    """Of the heat of the whole run, over the heat fired."""
    worst: PressureProfile | None
    """The moment with the least pressure at a station."""


@dataclass(slots=True, kw_only=True)
class ControlRecord:
    """What the controller did in the counted time."""

    dT_tracked: list[float] = field(default_factory=list)
    """K between instructed and reached supply, settled loops with an absolute setpoint."""
    dT_tracked_offset: list[float] = field(default_factory=list)
    """The same of class B, which holds an offset to a curve of its own outdoor sensor."""
    flow_tracked: list[float] = field(default_factory=list)
    """Share of the instructed flow between instructed and reached, settled loops."""
    dT_intended: list[float] = field(default_factory=list)
    """K by which a loop's mean dwelling was warmer than the plan of the day before had said, each hour."""
    shared: SharedHeat = field(default_factory=SharedHeat)
    """How plans shared a shortage out, and what came of it."""
    setpoints_sent: int = 0
    setpoints_confirmed: int = 0
    setpoints_limited: int = 0
    setpoints_rejected: int = 0
    setpoints_expired: int = 0
    writes: int = 0
    """Everything that reached a station: setpoints, heartbeats, outdoor temperatures."""
    guard_cuts: dict[str, int] = field(default_factory=dict)
    """Loops times cycles in which each rule took something away."""
    cycles: int = 0
    mass_change_cycles: int = 0
    """Cycles in which the network as a whole was held."""
    breaks: list[ContractBreak] = field(default_factory=list)
    """Of the whole run, uncounted days included."""


def weighted_quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> tuple[float, ...]:
    """Return the values below which these shares (0..1) of the weight lie."""
    order = np.argsort(values, axis=None, kind="stable")
    ordered, heaped = values.ravel()[order], np.cumsum(weights.ravel()[order])
    places = np.searchsorted(heaped, np.array(shares) * heaped[-1])
    return tuple(float(ordered[min(place, len(ordered) - 1)]) for place in places)
