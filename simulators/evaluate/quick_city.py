"""The simulated city in virtual time: several copies of one city at once, in steps as long as may be.

The laws, truths and instruments of ``simulators.station.SimulatedCity``, arranged for speed: controllers,
valves and exchangers (time constants from 20 s) are stepped every 10 s, source and network every 20 s, pipes,
emitters and buildings (from 180 s, implicit) every minute with the mean of what reached them. What is handed
over carries the same heat on both sides, so the balance closes. Copies stand one behind the other in the
same arrays, since most of the time goes into calling numpy and not into its arithmetic; weather, truths and
instruments with their noise are the same in all copies.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from simulators import warmup
from simulators.evaluate.city import Flows, Shown
from simulators.evaluate.dwellings import DrawnHomes
from simulators.evaluate.instruments import T_OUTDOOR, Instruments
from simulators.evaluate.plc_bank import PlcBank
from simulators.evaluate.source_bank import SourceBank
from simulators.foretold import Air
from simulators.plant import building, loops, pump, secondary, valve
from simulators.plant.water import C_WATER, density
from simulators.servers.misbehaviour import DeviceClock
from simulators.station import SimulatedCity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from _typeshed import DataclassInstance

    from simulators.plant.arrays import Floats, Indices
    from simulators.plant.loops import LoopParams, LoopState
    from simulators.plc.station import StationPlc
    from simulators.sitefile import SimSite
    from simulators.weather import Weather
    from stations.model.identity import Point

SCAN_S = 10.0
SOURCE_S = 20.0
BLOCK_S = 60.0
"""Steps of controllers and exchangers, of source and network, and of all that holds much water or wall."""
_SCANS = round(BLOCK_S / SCAN_S)
_SCANS_TO_SOURCE = round(SOURCE_S / SCAN_S)
_NOISE_K = 0.03
"""Of the temperatures that the PLCs control on, as in ``simulators.assembly``."""


class QuickCity:
    """Copies of one city under different control; the only thing that moves their time."""

    def __init__(self, sites: Sequence[SimSite], *, start: float, weather: Weather) -> None:
        """Begin at UTC second ``start``, one copy for each site; they may differ in their curves only."""
        settled = {id(site): SimulatedCity(site, start=start, weather=weather) for site in sites}
        cities = [settled[id(site)] for site in sites]
        site, copies, works = sites[0], len(sites), cities[0].simple_works
        self.weather = weather
        self._sites = list(sites)
        self.now = start
        """UTC second that all copies have reached."""
        self.params = works.params
        """Constants of the loops of one copy."""
        self.n_loops = self.params.n_loops
        self.copies = copies
        self._all: LoopParams = _joined([self.params] * copies)
        self._state: LoopState = _joined([city.simple_works.loops for city in cities])
        states = [city.simple_works.source for city in cities]
        self._sources = SourceBank(works.source_params, states, self.params.station)
        self.plcs: list[list[StationPlc]] = [
            [copy.deepcopy(sim.plc) for sim in city.stations.values()] for city in cities
        ]
        """The doors of the stations, by copy."""
        every = [plc for plcs in self.plcs for plc in plcs]
        self._bank = PlcBank(every, self._state.y_valve, self._state.y_pump)
        self._instruments = Instruments(site, self.params)
        self._rng = np.random.default_rng([site.seed, 0x5CA9])
        meters = self._instruments.loop_meters
        self._offset = np.tile(meters.offset[:2], (1, copies))
        self._gain_m, self._noise_m = np.tile(meters.gain[2], copies), np.tile(meters.noise[2], copies)
        self._m = pump.mass_flow(self._state.y_pump, self._all.m_flow_max)
        """kg/s of circulation now, all copies."""
        self.flows = self._flows_at_start()
        """Of the last minute, by copy."""
        self._begin_means()

    def observe(self) -> list[Shown]:
        """Let every instrument show its value now, by copy."""
        T_outdoor = self.weather.at(self.now).T_outdoor
        return [
            self._instruments.show(
                self.now, T_outdoor, self.state(k), self.flows[k], source, self._sources.params
            )
            for k, source in enumerate(self._sources.states)
        ]

    def run(self, seconds: float, outdoor: list[float | None]) -> None:
        """Look up what the centres wrote, then advance by whole minutes.

        ``outdoor`` is what each station's own outdoor sensor shows, None where there is none.
        """
        self._bank.learn(outdoor * self.copies, self.now)
        for _ in range(round(seconds / BLOCK_S)):
            self._minute()
        self._bank.tell()

    def source_shows(self, k: int, source: str) -> dict[Point, float | None]:
        """Return what the source of copy ``k`` reports; there is one only, whatever its name."""
        del source
        return self._sources.shows(k, self.weather.at(self.now).T_outdoor)

    def source_driven(self, k: int, source: str) -> None:
        """Return None: the source of this city is on its own curve."""
        del k, source

    def take_means(self) -> list[Flows]:
        """Return the means since the last call (at least a minute ago), by copy."""
        n = self._minutes
        means = self._flows(self._sums / n, self._P_sum / n, self._source_sum / n)
        self._begin_means()
        return means

    def own_outdoor(self, shown: Shown) -> list[float | None]:
        """Return what each station's own outdoor sensor shows in degC; None where there is none."""
        there = self._instruments.has_outdoor
        return [row[T_OUTDOOR] if has else None for row, has in zip(shown.stations, there, strict=True)]

    def state(self, k: int) -> LoopState:
        """Return the true state of copy ``k``."""
        return _part(self._state, self._of(k))

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        return self.params.station

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        return self.params.secondary.building.A_heated

    def T_outdoor(self, at: float) -> float:  # noqa: N802 - a field symbol
        """Return the outdoor temperature in degC at UTC second ``at``."""
        return self.weather.at(at).T_outdoor

    def air(self, at: float) -> Air:
        """Return the true weather at UTC second ``at``."""
        sky = self.weather.at(at)
        return Air(sky.T_outdoor, sky.wind, sky.irradiation)

    def T_return(self, k: int) -> Floats:  # noqa: N802 - a field symbol
        """Return the secondary return of each loop of copy ``k`` in degC."""
        return self.state(k).T_return

    def homes(self, k: int) -> DrawnHomes:
        """Return the dwellings of copy ``k``, settled as if the day before had been like now."""
        return DrawnHomes(self, k, self._sites[k])

    def clock_of(self, station: int) -> DeviceClock:
        """Return a clock that is right: this city's meters and clocks never fail."""
        del station
        return DeviceClock()

    def port(self, k: int) -> None:
        """Return None: faults of the plant need the physical city."""
        del k

    def imbalance(self, k: int) -> None:
        """Return None: this city keeps no balance of its own."""
        del k

    def worst_profile(self, k: int) -> None:
        """Return None: there is no network."""
        del k

    def begin_counting(self) -> None:
        """Do nothing: no worst moment is sought."""

    def T_indoor(self, k: int) -> Floats:  # noqa: N802 - a field symbol
        """Return the true mean indoor temperature of each loop of copy ``k`` in degC."""
        return building.indoor_mean(self._state.beyond.T_building[self._of(k)])

    def stored_heat(self, k: int) -> float:
        """Return the heat held on the secondary sides of copy ``k`` in kWh above 0 degC.

        That is in water, pipes, emitters, air, furniture, walls and slabs.
        """
        return float(loops.stored_heat(self._state, self._all)[self._of(k)].sum()) / 3600.0

    def follows(self, k: int) -> npt.NDArray[np.bool_]:
        """Tell which loops of copy ``k`` follow the centre."""
        return np.asarray(self._bank.remote[self._of(k)])

    def _of(self, k: int) -> slice:
        return slice(k * self.n_loops, (k + 1) * self.n_loops)

    def _minute(self) -> None:
        """Scans of the fast parts; then pipes, emitters and buildings with the mean of what reached them."""
        state, params = self._state, self._all
        noise = np.tile(self._rng.standard_normal((_SCANS, 3, self.n_loops)), (1, 1, self.copies))
        T_primary, dp, rho = self._sources.at_entrances()
        T_outdoor = self.weather.at(self.now).T_outdoor
        y_valve, y_pump, T_return = state.y_valve, state.y_pump, state.T_return
        T_supply, T_return_primary, m = state.T_supply, state.T_return_primary, self._m
        m_primary = valve.mass_flow(y_valve, params.Kvs, params.K_fixed, dp, rho)
        sums = np.zeros((5, len(m)))
        at_source = np.zeros((3, self.copies))
        for scan in range(_SCANS):
            valve_command, pump_command = self._bank.scan(
                T_supply + self._offset[0] + _NOISE_K * noise[scan, 0],
                T_return + self._offset[1] + _NOISE_K * noise[scan, 1],
                T_return_primary,
                m * (1.0 + self._gain_m) + self._noise_m * noise[scan, 2],
                y_valve,
                SCAN_S,
                m_primary,
            )
            y_valve = valve.move(y_valve, valve_command, params.stroke_s, SCAN_S)
            most = pump.SPEED_UP_PER_S * SCAN_S
            y_pump = y_pump + np.clip(pump_command - y_pump, -most, most)
            m_primary = valve.mass_flow(y_valve, params.Kvs, params.K_fixed, dp, rho)
            m = pump.mass_flow(y_pump, params.m_flow_max)
            Q = loops.exchanger_heat(params, m_primary, m, T_primary, T_return)
            carry, store = m_primary * C_WATER, params.C_primary / SCAN_S
            T_return_primary = (store * T_return_primary + carry * T_primary - Q) / (store + carry)
            carry, store = m * C_WATER, params.C_secondary / SCAN_S
            T_supply = (store * T_supply + carry * T_return + Q) / (store + carry)
            sums += (m, m * T_supply, Q, m_primary, m_primary * T_return_primary)
            if scan % _SCANS_TO_SOURCE == _SCANS_TO_SOURCE - 1:
                at_source += self._sources.step(m_primary, T_return_primary, T_outdoor, SOURCE_S)
                T_primary, dp, rho = self._sources.at_entrances()
        self.now += BLOCK_S
        self._m = m
        m_mean, T_mean = sums[0] / _SCANS, sums[1] / sums[0]
        sky = warmup.surroundings(self.weather, self.now)
        beyond, flows = secondary.step(state.beyond, params.secondary, T_mean, m_mean, sky, BLOCK_S)
        self._state = loops.LoopState(
            y_valve=y_valve,
            y_pump=y_pump,
            T_return_primary=T_return_primary,
            T_supply=T_supply,
            T_return=self._return_pipe(T_return, m_mean, flows.T_mixed),
            beyond=beyond,
        )
        sums /= _SCANS
        at_source *= SOURCE_S / BLOCK_S
        P_pump = self._pump_power(m_mean)
        self._sums += sums
        self._P_sum += P_pump
        self._source_sum += at_source
        self._minutes += 1
        self.flows = self._flows(sums, P_pump, at_source)

    def _begin_means(self) -> None:
        self._sums, self._P_sum = np.zeros((5, len(self._m))), np.zeros(len(self._m))
        self._source_sum, self._minutes = np.zeros((3, self.copies)), 0

    def _return_pipe(self, T_return: Floats, m_flow: Floats, T_mixed: Floats) -> Floats:
        """Advance the return pipes; what flows out has the old temperature, as the exchangers saw it."""
        pipe = self._all.secondary
        lost = pipe.G_pipe * (T_return - secondary.T_GROUND_degC)
        gained = m_flow * C_WATER * (T_mixed - T_return) - lost
        return np.asarray(T_return + gained * BLOCK_S / pipe.C_pipe)

    def _pump_power(self, m_flow: Floats) -> Floats:
        params = self._all
        dp = pump.pressure_rise(m_flow, params.m_flow_max, params.dp_max)
        return pump.electric_power(m_flow, dp, density(self._state.T_return), params.pump_efficiency)

    def _flows(self, means: Floats, P_pump: Floats, at_source: Floats) -> list[Flows]:
        """Return the flows of each copy; ``means`` of m, m T_supply, Q, m_primary, m_primary T_return."""
        m, carried, Q, m_primary, carried_back = means
        T_supply, T_back = carried / m, carried_back / np.maximum(m_primary, 1e-9)
        return [
            Flows(
                T_supply=T_supply[mine],
                m_flow=m[mine],
                m_flow_primary=m_primary[mine],
                T_return_primary=T_back[mine],
                Q_flow=Q[mine],
                P_pump=P_pump[mine],
                Q_source=float(at_source[0, k]),
                P_source=float(at_source[1, k]),
                T_return_source=float(at_source[2, k]),
            )
            for k, mine in enumerate(map(self._of, range(self.copies)))
        ]

    def _flows_at_start(self) -> list[Flows]:
        """Return what flows before the first minute; nothing has been delivered yet."""
        state, params = self._state, self._all
        _, dp, rho = self._sources.at_entrances()
        m_primary = valve.mass_flow(state.y_valve, params.Kvs, params.K_fixed, dp, rho)
        m, nothing = self._m, np.zeros(len(self._m))
        means = np.stack([m, m * state.T_supply, nothing, m_primary, m_primary * state.T_return_primary])
        return self._flows(means, self._pump_power(m), np.zeros((3, self.copies)))


_Tree = TypeVar("_Tree", bound="DataclassInstance")


def _joined(trees: Sequence[_Tree]) -> _Tree:
    """Return one dataclass with the arrays of all, one copy behind the other."""
    first = trees[0]
    changes: dict[str, object] = {}
    for item in _given(first):
        parts = [getattr(tree, item.name) for tree in trees]
        if isinstance(parts[0], np.ndarray):
            changes[item.name] = np.concatenate(parts)
        elif dataclasses.is_dataclass(parts[0]):
            changes[item.name] = _joined(parts)
    return dataclasses.replace(first, **changes)


def _part(tree: _Tree, mine: slice) -> _Tree:
    """Return one copy of what was joined."""
    changes: dict[str, object] = {}
    for item in _given(tree):
        part = getattr(tree, item.name)
        if isinstance(part, np.ndarray):
            changes[item.name] = part[mine]
        elif dataclasses.is_dataclass(part) and not isinstance(part, type):
            changes[item.name] = _part(part, mine)
    return dataclasses.replace(tree, **changes)


def _given(tree: DataclassInstance) -> list[dataclasses.Field[object]]:
    """Return the fields of a dataclass that it is made of; the others it works out from these."""
    return [item for item in dataclasses.fields(tree) if item.init]
