"""What the judge needs of a city, whichever plant stands behind it: the protocol and what passes through it.

Two cities have it: ``QuickCity`` (the simple plant of the demo) and ``PhysicalCity`` (a generated city with
its network). Copies of one city stand side by side, one for each contestant; all have the same weather and
the same instruments with the same noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulators.faults.plant_port import PlantPort
    from simulators.fieldtruth.profile import PressureProfile
    from simulators.foretold import Air
    from simulators.plant.arrays import Floats, Indices
    from simulators.plc.station import StationPlc
    from simulators.servers.misbehaviour import DeviceClock
    from simulators.source_face import DrivenSource
    from stations.model.identity import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFlows:
    """What a network of pipes did in the same time; cities without one have none."""

    Q_lost_network: float
    """kW lost to the ground by the primary pipes."""
    Q_lost_house_pipes: float
    """kW, by the pipes between stations and houses."""
    m_flow_makeup: float
    """kg/s put into all networks for what leaked."""
    T_supply_source: float
    """degC of the water that left the sources, mean by flow."""
    T_short: float
    """K by which the water that left the sources was colder than they were told, mean by flow."""
    dp: Floats
    """kPa between supply and return at each station, least of the time, shape (n_stations,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Means over a minute or more of one copy, temperatures weighted by flow; shape (n_loops,)."""

    T_supply: Floats
    """degC of the water that left the exchangers."""
    m_flow: Floats
    """kg/s of circulation."""
    m_flow_primary: Floats
    T_return_primary: Floats
    Q_flow: Floats
    """kW handed to the secondary sides."""
    P_pump: Floats
    """kW electric."""
    Q_source: float
    """kW that the water carried away from the source, or that all sources fired where there is a network."""
    P_source: float
    """kW electric of the sources' circulation pumps, and of pumps in the network if there are any."""
    T_return_source: float
    network: NetworkFlows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one copy's instruments show at one moment, one list for each place; None for what did not come."""

    loops: list[list[float | None]]
    stations: list[list[float | None]]
    valves: list[float] = field(default_factory=list)
    """How far that of each loop stands open, 0..1; empty where nobody asks."""


class Homes(Protocol):
    """The dwellings of one copy: what they are truly like, and what their sensors say."""

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 behind each dwelling, shape (n_loops, n_dwellings); 0 where nobody lives."""
        ...

    def temperatures(self) -> Floats:
        """Return how warm they are now in degC, shape (n_loops, n_dwellings)."""
        ...

    def shown(self) -> list[float | None]:
        """Return the mean of each loop's sensors in degC; None where there are none."""
        ...

    def hour_passed(self, flows: Flows, T_outdoor: float) -> None:
        """Let an hour pass with these mean flows and outdoor temperature (degC)."""
        ...


class City(Protocol):
    """Copies of one city under different control; the only thing that moves their time."""

    now: float
    """UTC second that all copies have reached."""
    plcs: list[list[StationPlc]]
    """The doors of the stations, by copy."""

    @property
    def flows(self) -> list[Flows]:
        """Of the last minute, by copy."""
        ...

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        ...

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        ...

    def observe(self) -> list[Shown]:
        """Let every instrument show its value now, by copy."""
        ...

    def own_outdoor(self, shown: Shown) -> list[float | None]:
        """Return what each station's own outdoor sensor shows in degC; None where there is none."""
        ...

    def clock_of(self, station: int) -> DeviceClock:
        """Return the clock of a station's device, by row."""
        ...

    def run(self, seconds: float, outdoor: list[float | None]) -> None:
        """Look up what the centres wrote, then advance by whole minutes."""
        ...

    def take_means(self) -> list[Flows]:
        """Return the means since the last call (at least a minute ago), by copy."""
        ...

    def T_outdoor(self, at: float) -> float:  # noqa: N802 - a field symbol
        """Return the true outdoor temperature in degC at UTC second ``at``."""
        ...

    def air(self, at: float) -> Air:
        """Return the true weather at UTC second ``at``; at the ends of what is known, that of the ends."""
        ...

    def T_return(self, k: int) -> Floats:  # noqa: N802 - a field symbol
        """Return the secondary return of each loop of copy ``k`` in degC."""
        ...

    def homes(self, k: int) -> Homes:
        """Return the dwellings of copy ``k``; each call makes them anew."""
        ...

    def stored_heat(self, k: int) -> float:
        """Return the heat that copy ``k`` holds in kWh above 0 degC."""
        ...

    def source_shows(self, k: int, source: str) -> dict[Point, float | None]:
        """Return what a source of copy ``k`` reports."""
        ...

    def source_driven(self, k: int, source: str) -> DrivenSource | None:
        """Return the device of a source of copy ``k`` that takes setpoints; None where it takes none."""
        ...

    def port(self, k: int) -> PlantPort | None:
        """Return the door for faults of the plant of copy ``k``; None where it takes none."""
        ...

    def imbalance(self, k: int) -> float | None:
        """Return heat that came to copy ``k`` and neither stayed nor left, over the heat fired.

        None where the balance is not kept.
        """
        ...

    def worst_profile(self, k: int) -> PressureProfile | None:
        """Return the heads of the moment in which a station of copy ``k`` had the least pressure."""
        ...

    def begin_counting(self) -> None:
        """From now on the worst moment is sought."""
        ...
