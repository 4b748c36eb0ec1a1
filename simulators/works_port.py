"""What stands behind the stations of a simulated city, whichever plant it is: the PLCs and faces look here.

``simulators.works`` is the simple plant, ``simulators.physical.works`` the physical one.
"""

from dataclasses import dataclass
from typing import Protocol

from simulators.plant.arrays import Floats, Indices

Seen = dict[str, list[float]]
"""What controllers see, by row name; one number per place, as Python floats for cheap single access."""
Shown = dict[str, list[float | None]] | Seen
"""What is reported of it; None where a reading did not come."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """Totals since the season began; shape (n_stations,) or (n_loops,)."""

    E_heat: Floats
    """kWh of each station."""
    V_primary: Floats
    """m3 of each station."""
    E_pump: Floats
    """kWh of each loop."""
    V_secondary: Floats
    V_makeup: Floats
    """m3 of each loop."""

    def count(
        self, Q: Floats, m_primary: Floats, P_pump: Floats, m_flow: Floats, m_makeup: Floats, dt: float
    ) -> None:
        """Add ``dt`` s of stations' heat (kW) and primary flow, loops' pump power, circulation, make-up."""
        hours = dt / 3600.0
        self.E_heat += Q * hours
        self.V_primary += m_primary * dt / 985.0
        self.E_pump += P_pump * hours
        self.V_secondary += m_flow * dt / 988.0
        self.V_makeup += m_makeup * dt / 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopsNow:
    """The truth of all loops, shape (n_loops,); degC, kW, 0..1."""

    y_valve: Floats
    y_pump: Floats
    T_supply: Floats
    T_return: Floats
    T_return_primary: Floats
    m_flow_primary: Floats
    """kg/s."""
    Q_exchanger: Floats


class Works(Protocol):
    """Plant, instruments and counters of all stations, advanced one scan at a time."""

    now: float
    """UTC second."""
    counters: Counters
    has_indoor: list[bool]
    """Loops with indoor sensors."""

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        ...

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        ...

    @property
    def T_outdoor(self) -> float:  # noqa: N802 - a field symbol
        """True outdoor temperature in degC."""
        ...

    @property
    def Q_source(self) -> float:  # noqa: N802 - a field symbol
        """Heat in kW that leaves all sources."""
        ...

    @property
    def loop_seen(self) -> Seen:
        """T_supply, T_return, m_flow as the PLCs measure them."""
        ...

    @property
    def loop_shown(self) -> Shown:
        """T_supply, T_return, m_flow, p_supply, p_return, T_indoor of each loop."""
        ...

    @property
    def station_shown(self) -> Shown:
        """T_supply, T_return, m_flow, p_supply, p_return, T_outdoor of each station's primary side."""
        ...

    @property
    def Q_shown(self) -> list[float | None] | list[float]:  # noqa: N802 - a field symbol
        """What each station's heat meter shows in kW."""
        ...

    @property
    def loop_told(self) -> Seen:
        """Positions, power and counters of each loop, as the PLC tells them without an instrument's error."""
        ...

    @property
    def indoor(self) -> Floats:
        """True mean indoor temperature of each loop in degC."""
        ...

    def loops_now(self) -> LoopsNow:
        """Return the truth of all loops."""
        ...

    def outdoor_sensor(self, station: int) -> float | None:
        """Return what a station's own outdoor sensor shows in degC; None where there is none."""
        ...

    def step(self, valve: Floats, pump: Floats, now: float, dt: float) -> None:
        """Advance by ``dt`` s to UTC second ``now`` with these commands (0..1, shape (n_loops,))."""
        ...
