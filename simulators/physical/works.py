"""The physical city behind the stations' PLCs: what ``simulators.works`` is for the simple plant.

PLCs take the place of the stations' own control; the sources keep the dispatch of ``fieldtruth.control``.
Plant and PLCs go in the same steps.
"""

import copy
from typing import Any, Self

import numpy as np

from simulators.fieldtruth.build import FieldCity
from simulators.fieldtruth.control import Curves, as_ordered
from simulators.fieldtruth.troubles import FieldTroubles
from simulators.physical.gauges import Gauges
from simulators.physical.sky import Skies
from simulators.physical.start import started
from simulators.plant import pump, zone
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_plant import CityPlant
from simulators.plant.facade import horizontal
from simulators.plant.water import C_WATER
from simulators.plc.source import OwnHold
from simulators.sitefile import SimSite
from simulators.works_port import Counters, LoopsNow, Seen, Shown

SCAN_S = 10.0
"""Step of PLCs and plant: valves' controllers settle as at 5 s, and water is followed half an hour back."""
DT_PRIMARY_K = 30.0
"""Mean fall of the primary water over the season so far, for what counters show at the start."""
SEASON_MEAN_W_PER_m2 = 27.0
MAKEUP_TANK_m3 = 4.0


class PhysicalWorks:
    """Plant, instruments and counters of all stations; implements ``works_port.Works``."""

    def __init__(
        self, field: FieldCity, site: SimSite, curves: Curves, skies: Skies, *, start: float, seed: int
    ) -> None:
        """Begin at UTC second ``start`` as the days before left the city; ``seed`` is that of the noise."""
        self.field, self.now = field, start
        self.skies = skies
        m_flow = np.array([loop.m_flow_design for station in site.stations for loop in station.loops])
        begun = started(field, curves, m_flow, skies, start, SCAN_S)
        self.plant, self.control = begun.plant, begun.control
        self.state, self.out, self.inputs = begun.state, begun.out, begun.inputs
        self.troubles = FieldTroubles(field, self.plant, self.control)
        self.source_orders: dict[int, tuple[float, float]] = {}
        """Supply (degC) and head (kPa) that sources are ordered to hold, by their row in the city's table."""
        self.sun_gain = np.zeros(len(site.stations))
        """K per W/m2 by which stations' outdoor sensors are too warm."""
        params = field.params
        self._first_loop = np.searchsorted(params.station.station, np.arange(len(site.stations)))
        homes = np.where(field.occupied, params.zone.A_heated, 0.0)
        of_loop = np.bincount(params.house.loop, weights=homes.sum(axis=1))
        self._homes = homes / of_loop[params.house.loop][:, None]
        """Share of each occupied zone in its loop."""
        self.gauges = Gauges(field, site, self.state, seed)
        self.has_indoor = self.gauges.has_indoor
        self._observe()
        self.counters = self._counters_at_start(self.gauges.hours_before)
        self._told: Seen = {}
        self._told_at = -np.inf

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a city that goes on by itself from the same moment; only before the first trouble."""
        twin = copy.copy(self)
        twin.plant = CityPlant(self.field.params, self.plant.dt)
        twin.control = copy.copy(self.control)
        twin.troubles = FieldTroubles(self.field, twin.plant, twin.control)
        twin.state = copy.deepcopy(self.state, memo)  # its record of the pipes is written to
        for name in ("gauges", "counters", "sun_gain", "skies", "source_orders"):
            setattr(twin, name, copy.deepcopy(getattr(self, name), memo))
        return twin

    def step(self, valve: Floats, pump: Floats, now: float, dt: float) -> None:
        """Advance by ``dt`` s, which is ``SCAN_S``, to UTC second ``now``; raises a NetworkError."""
        sky = self.skies.at(self.state.time)
        told = self.control.of_sources(self.state, self.out, sky, dt, valve, pump)
        self.inputs = self.troubles.applied(as_ordered(told, self.source_orders))
        self.state, self.out = self.plant.step(self.state, self.inputs)
        self.now = now
        self._observe()
        out, gauges = self.out, self.gauges
        self.counters.count(gauges.Q, gauges.m_flow_primary, out.P_pump, out.m_flow, out.m_flow_makeup, dt)

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        return self.field.params.station.station

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        return self.field.city.loops.A_heated

    @property
    def T_outdoor(self) -> float:  # noqa: N802 - a field symbol
        """True outdoor temperature in degC."""
        return self.skies.at(self.now).T_outdoor

    @property
    def Q_source(self) -> float:  # noqa: N802 - a field symbol
        """Heat in kW that leaves all sources."""
        m = self.out.m_flow_link[self.field.params.network.sources]
        return float(C_WATER * (m @ (self.state.source.T_supply - self.out.T_return_source)))

    @property
    def loop_seen(self) -> Seen:
        """What the PLCs measure."""
        return self.gauges.seen

    @property
    def loop_shown(self) -> Shown:
        """What is reported of the loops."""
        return self.gauges.loops

    @property
    def station_shown(self) -> Shown:
        """What is reported of the stations' primary sides."""
        return self.gauges.stations

    @property
    def Q_shown(self) -> list[float | None]:  # noqa: N802 - a field symbol
        """What each station's heat meter shows in kW."""
        return self.gauges.Q_shown

    @property
    def loop_told(self) -> Seen:
        """Positions, power and counters of each loop; gathered once a step."""
        if self._told_at != self.now:
            counters = self.counters
            level = 0.85 - 0.4 * (counters.V_makeup % MAKEUP_TANK_m3) / MAKEUP_TANK_m3
            self._told_at = self.now
            self._told = {
                "y_valve": self.state.motor.tolist(),
                "y_pump": self.state.y_pump.tolist(),
                "P_pump": self.out.P_pump.tolist(),
                "E_pump": counters.E_pump.tolist(),
                "V_secondary": counters.V_secondary.tolist(),
                "m_flow_makeup": self.out.m_flow_makeup.tolist(),
                "V_makeup": counters.V_makeup.tolist(),
                "level_makeup": level.tolist(),
            }
        return self._told

    @property
    def indoor(self) -> Floats:
        """True mean temperature of each loop's occupied dwellings in degC."""
        of_house = (zone.indoor(self.state.T) * self._homes).sum(axis=1)
        return np.asarray(np.bincount(self.field.params.house.loop, weights=of_house), dtype=np.float64)

    def loops_now(self) -> LoopsNow:
        """Return the truth of all loops."""
        state, out = self.state, self.out
        return LoopsNow(
            y_valve=state.motor,
            y_pump=state.y_pump,
            T_supply=state.T_supply,
            T_return=out.T_return,
            T_return_primary=state.T_return_primary,
            m_flow_primary=out.m_flow_primary,
            Q_exchanger=out.Q_exchanger,
        )

    def outdoor_sensor(self, station: int) -> float | None:
        """Return what a station's own outdoor sensor shows in degC; None where there is none."""
        return self.gauges.outdoor(station)

    def source_shows(self, row: int) -> dict[str, float | None]:
        """Return what the source in a row of the city's table reports."""
        params, network, out = self.field.params, self.field.params.network, self.out
        link = network.sources.start + row
        p, source = self.plant.primary.p, self.state.source
        m, T, T_back = (
            float(out.m_flow_link[link]),
            float(source.T_supply[row]),
            float(out.T_return_source[row]),
        )
        Q_max = float(params.source.Q_max[row] * self.inputs.source_share[row])
        return {
            "T_supply_source": T,
            "T_return_source": T_back,
            "m_flow_source": m,
            "p_supply_source": float(p[network.link_end[link]]),
            "p_return_source": float(p[network.link_start[link]]),
            "Q_flow_source": max(m * C_WATER * (T - T_back), 0.0),
            "Q_flow_source_max": Q_max,
            "P_pump_source": float(out.P_source[row]),
            "T_outdoor": self.T_outdoor,
            "alarm_word": 1.0 if source.Q_firing[row] >= 0.999 * Q_max else 0.0,
        }

    def source_own(self) -> OwnHold:
        """Return what all sources hold by themselves now; their head is that of the city's own control."""
        return self.control.own_hold()

    def _observe(self) -> None:
        """Let every instrument show its value."""
        params, state, out = self.field.params, self.state, self.out
        network, station = params.network, params.station
        lift = pump.pressure_rise(out.m_flow, station.m_flow_max, station.dp_max)
        back = self._per_station(out.m_flow_primary * state.T_return_primary)
        through = self._per_station(out.m_flow_primary)
        p, sky = self.plant.primary.p, self.skies.at(self.now)
        self.gauges.observe(
            np.stack([state.T_supply, out.T_return, out.m_flow]),
            np.stack([state.p_secondary + lift, state.p_secondary]),
            np.stack([
                out.T_supply_primary[self._first_loop],
                back / np.maximum(through, 1e-9),
                out.m_flow_link[network.consumers],
            ]),
            p[[network.link_start[network.consumers], network.link_end[network.consumers]]],
            sky.T_outdoor + self.sun_gain * horizontal(sky),
            zone.indoor(state.T),
        )  # fmt: skip

    def _per_station(self, by_loop: Floats) -> Floats:
        return np.add.reduceat(by_loop, self._first_loop)

    def _counters_at_start(self, hours: Floats) -> Counters:
        station = self.field.params.station
        E_heat = SEASON_MEAN_W_PER_m2 / 1000.0 * self._per_station(self.A_heated) * hours
        of_loop = hours[station.station]
        circulated = station.m_flow_design * of_loop * 3600.0
        return Counters(
            E_heat=E_heat,
            V_primary=E_heat * 3600.0 / (C_WATER * DT_PRIMARY_K) / 985.0,
            E_pump=self.out.P_pump * of_loop,
            V_secondary=circulated / 988.0,
            V_makeup=circulated * station.leak / 1000.0,
        )
