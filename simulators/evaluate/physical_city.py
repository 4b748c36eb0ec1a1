"""The physical city in virtual time: several copies side by side, in steps of a minute.

The plant is ``simulators.plant.city_plant`` as ``fieldtruth`` draws it; a bank of the stations' PLCs
(``plc_bank``) decides on valves and pumps, the dispatch of the sources is the field's own. The plant's step
is longer than a scan of a PLC, so the valves' controllers are set slower: they settle in some minutes, as
those do that run the field's season.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.instruments import T_OUTDOOR
from simulators.evaluate.physical_copy import STEP_S, PhysicalCopy, begun
from simulators.evaluate.physical_instruments import Instruments
from simulators.evaluate.plc_bank import PlcBank, Tuning
from simulators.evaluate.zone_homes import Housing, ZoneHomes
from simulators.fieldtruth.build import sky_at
from simulators.fieldtruth.parameters import parameters
from simulators.foretold import Air
from simulators.plant.facade import horizontal
from simulators.plc.loop import LoopPlc
from simulators.plc.outdoor import FIXED_degC
from simulators.plc.station import StationPlc
from simulators.source_face import DrivenSource
from stations.profile import builtin_profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulators.evaluate.city import Flows, Shown
    from simulators.fieldtruth.build import FieldCity
    from simulators.fieldtruth.profile import PressureProfile
    from simulators.fieldtruth.troubles import FieldTroubles
    from simulators.plant.arrays import Floats, Indices
    from simulators.plant.city_parts import CityState
    from simulators.plant.facade import Sky
    from simulators.plc.source import OwnHold
    from simulators.servers.misbehaviour import DeviceClock
    from simulators.sitefile import SimSite, SimStation
    from stations.model.identity import Point

VALVE_PER_K, VALVE_INTEGRAL_S = 0.008, 60.0
"""Stroke per K at once, and as much again in each step of a minute: a stroke gives 15 to 40 K."""
_NOISE_K = 0.03
"""Of the temperatures that the PLCs control on."""


class PhysicalCity:
    """Copies of one physical city under different control; implements ``city.City``."""

    def __init__(
        self,
        sites: Sequence[SimSite],
        fields: Sequence[FieldCity],
        *,
        start: float,
        cold_degC: float | None = None,
    ) -> None:
        """Begin at UTC second ``start``, a copy for each site; they may differ in their curves only.

        ``cold_degC``: houses and their water stand at this temperature; None: as the days before left them.
        """
        self.now = start
        unlike = {id(field): field for field in fields}
        starts = {key: begun(field, start, cold_degC) for key, field in unlike.items()}
        self._copies = [PhysicalCopy(field, starts[id(field)]) for field in fields]
        field, state = fields[0], self._copies[0].state
        self._weather, self._params = field.city.weather, field.params
        self._A = field.city.loops.A_heated
        self._first_loop = np.searchsorted(self._params.station.station, np.arange(len(sites[0].stations)))
        self._source_row = {name: row for row, name in enumerate(field.city.sources.id)}
        self._instruments = Instruments(field, sites[0], start)
        self._housing = Housing(field, self._instruments.indoor(field, state), self._instruments.dropout)
        T_outdoor = self.T_outdoor(start)
        self._driven = [
            {
                source.id: DrivenSource(JudgedSource(self, k, source))
                for source in site.sources
                if source.writes is not None
            }
            for k, site in enumerate(sites)
        ]
        # whoever has no sensor goes by a fixed value until a centre tells the weather, if it ever does
        believed = [T_outdoor if has else FIXED_degC for has in self._instruments.has_outdoor]
        self.plcs = [
            _plcs(site, copy.state, believed) for site, copy in zip(sites, self._copies, strict=True)
        ]
        own = [T_outdoor if has else None for has in self._instruments.has_outdoor]
        for plcs in self.plcs:
            for plc, T in zip(plcs, own, strict=True):
                plc.outdoor.choose(T, start)  # a centre may write before the first minute has passed
        self._bank = PlcBank(
            [plc for plcs in self.plcs for plc in plcs],
            np.concatenate([copy.state.motor for copy in self._copies]),
            np.concatenate([copy.state.y_pump for copy in self._copies]),
            Tuning(
                proportional_per_K=VALVE_PER_K,
                integral_s=VALVE_INTEGRAL_S,
                outdoor_filter_s=3600.0 * parameters()["own_curve"]["outdoor_filter_h"],
            ),
            np.tile(believed, len(self._copies)),
        )
        meters, copies = self._instruments.of_loops, len(self._copies)
        self._offset, self._gain = np.tile(meters.offset[:2], (1, copies)), np.tile(meters.gain[2], copies)
        self._wobble = np.tile(meters.noise[2], copies)
        """Of the meters that all PLCs look at."""
        self._rng = np.random.default_rng([sites[0].seed, 0x5CA9])

    @property
    def flows(self) -> list[Flows]:
        """Of the last minute, by copy."""
        return [copy.flows for copy in self._copies]

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        return self._params.station.station

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        return self._A

    def observe(self) -> list[Shown]:
        """Let every instrument show its value now, by copy."""
        return [self._shown(copy) for copy in self._copies]

    def own_outdoor(self, shown: Shown) -> list[float | None]:
        """Return what each station's own outdoor sensor shows in degC; None where there is none."""
        there = self._instruments.has_outdoor
        return [row[T_OUTDOOR] if has else None for row, has in zip(shown.stations, there, strict=True)]

    def clock_of(self, station: int) -> DeviceClock:
        """Return the clock of a station's device, by row; nobody sets it during a run."""
        return self._instruments.clocks[station]

    def run(self, seconds: float, outdoor: list[float | None]) -> None:
        """Look up what the centres wrote, then advance by whole minutes."""
        self._bank.curve_shift = np.concatenate([copy.misled.curve_shift for copy in self._copies])
        self._bank.learn(outdoor * len(self._copies), self.now)
        for _ in range(round(seconds / STEP_S)):
            self._minute()
        self._bank.tell()

    def take_means(self) -> list[Flows]:
        """Return the means since the last call (at least a minute ago), by copy."""
        return [copy.take_means() for copy in self._copies]

    def T_outdoor(self, at: float) -> float:  # noqa: N802 - a field symbol
        """Return the outdoor temperature in degC at UTC second ``at``."""
        return self._sky(at).T_outdoor

    def air(self, at: float) -> Air:
        """Return the true weather at UTC second ``at``; at the ends of the table, that of the ends."""
        times = self._weather.time
        sky = self._sky(min(max(at, float(times[0])), float(times[-1])))
        return Air(sky.T_outdoor, sky.wind, horizontal(sky))

    def T_return(self, k: int) -> Floats:  # noqa: N802 - a field symbol
        """Return the secondary return of each loop of copy ``k`` in degC."""
        return self._copies[k].T_return

    def homes(self, k: int) -> ZoneHomes:
        """Return the dwellings of copy ``k``."""
        return ZoneHomes(self._housing, lambda: self._copies[k].state)

    def stored_heat(self, k: int) -> float:
        """Return the heat in all water, metal and buildings of copy ``k`` in kWh above 0 degC."""
        return self._copies[k].stored_heat() / 3600.0

    def source_shows(self, k: int, source: str) -> dict[Point, float | None]:
        """Return what a source of copy ``k`` reports."""
        return self._copies[k].source_shows(self._source_row[source], self.T_outdoor(self.now))

    def source_driven(self, k: int, source: str) -> DrivenSource | None:
        """Return the device of a source of copy ``k`` that takes setpoints; None where it takes none."""
        return self._driven[k].get(source)

    def source_own(self, k: int) -> OwnHold:
        """Return what the sources of copy ``k`` hold by themselves now."""
        return self._copies[k].source_own()

    def order_source(self, k: int, source: str, T_supply: float, dp: float) -> None:
        """Let a source of copy ``k`` hold this supply temperature (degC) and head (kPa) from now on."""
        self._copies[k].source_orders[self._source_row[source]] = (T_supply, dp)

    def imbalance(self, k: int) -> float:
        """Return heat that came to copy ``k`` and neither stayed nor left, over the heat fired."""
        return self._copies[k].imbalance()

    def worst_profile(self, k: int) -> PressureProfile | None:
        """Return the heads of the moment in which a station of copy ``k`` had the least pressure."""
        return self._copies[k].worst_profile()

    def begin_counting(self) -> None:
        """From now on the worst moment is sought."""
        for copy in self._copies:
            copy.seek_worst()

    def port(self, k: int) -> FieldTroubles:
        """Return the door for faults of the plant of copy ``k``."""
        return self._copies[k].troubles

    def _sky(self, at: float) -> Sky:
        return sky_at(self._weather, at)

    def _shown(self, copy: PhysicalCopy) -> Shown:
        sky = self._sky(self.now)
        sun = sky.sun_diffuse + sky.sun_direct * max(float(np.sin(np.radians(sky.sun_elevation))), 0.0)
        state = copy.state
        return self._instruments.show(
            self.now,
            sky.T_outdoor + copy.misled.sun_gain[self._first_loop] * sun,
            np.stack([state.T_supply, copy.T_return, copy.m_flow]),
            copy.at_stations(),
            np.stack([state.p_secondary + copy.dp_secondary(), state.p_secondary]),
            np.stack([state.y_pump, copy.flows.P_pump]),
            state.motor,
        )

    def _minute(self) -> None:
        """Let the PLCs look and act, and the plants follow."""
        copies, offset = self._copies, self._offset
        n = len(self._A)
        drawn = self._rng.standard_normal((3, n))
        noise = drawn if len(copies) == 1 else np.tile(drawn, (1, len(copies)))
        m = np.concatenate([copy.m_flow for copy in copies])
        valve, pump = self._bank.scan(
            np.concatenate([copy.state.T_supply for copy in copies]) + offset[0] + _NOISE_K * noise[0],
            np.concatenate([copy.T_return for copy in copies]) + offset[1] + _NOISE_K * noise[1],
            np.concatenate([copy.state.T_return_primary for copy in copies]),
            m * (1.0 + self._gain) + self._wobble * noise[2],
            np.concatenate([copy.state.motor for copy in copies]),
            STEP_S,
            np.concatenate([copy.m_flow_primary for copy in copies]),
        )
        sky = self._sky(self.now)
        for every in self._driven:
            for source in every.values():
                source.scan(self.now, STEP_S)
        for k, copy in enumerate(copies):
            mine = slice(k * n, (k + 1) * n)
            copy.step(sky, valve[mine], pump[mine])
        self.now += STEP_S


class JudgedSource:
    """A heat source of one copy; implements ``source_face.SourceOfPlant``."""

    def __init__(self, city: PhysicalCity, k: int, source: SimStation) -> None:
        self.id, self.profile = source.id, source.profile
        self._city, self._k = city, k

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside."""
        return self._city.source_shows(self._k, self.id)

    def own(self) -> OwnHold:
        """Return what the source holds by itself now."""
        return self._city.source_own(self._k)

    def obey(self, T_supply: float, dp: float) -> None:
        """Hold this supply temperature (degC) and head (kPa) from now on; only the first holds a head."""
        self._city.order_source(self._k, self.id, T_supply, dp)


def _plcs(site: SimSite, state: CityState, believed: Sequence[float]) -> list[StationPlc]:
    """Return the PLCs of all stations as they stand at the start.

    ``believed`` is the outdoor temperature in degC that each of them goes by.
    """
    plcs, place = [], 0
    for station, T_outdoor in zip(site.stations, believed, strict=True):
        station_class = builtin_profile(station.profile).station_class
        loops = []
        for loop in station.loops:
            loops.append(
                LoopPlc(
                    number=loop.number,
                    station_class=station_class,
                    curve=loop.curve,
                    rating=loop.rating,
                    T_outdoor=T_outdoor,
                    valve=float(state.motor[place]),
                    pump=float(state.y_pump[place]),
                )
            )
            place += 1
        plcs.append(StationPlc(station_class, loops))
    return plcs
