"""The numbers of the simulated city: plant state, instruments and counters, advanced one scan at a time.

It knows nothing of PLCs or wires. Owned by ``SimulatedCity``; everyone else only reads.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simulators import assembly, warmup
from simulators.plant import building, loops, source
from simulators.plant.arrays import Floats, Indices
from simulators.plant.building import Surroundings
from simulators.plant.loops import LoopState
from simulators.plant.meter import measure
from simulators.plant.source import SourceState
from simulators.plant.water import C_WATER, specific_heat
from simulators.troubles import Troubles
from simulators.truth import LoopTruth, StationTruth
from simulators.warmup import SupplyLaw
from simulators.weather import Weather
from simulators.works_port import Counters, LoopsNow, Seen

MAKEUP_TANK_m3 = 4.0
"""Between refills the make-up tank gives so much."""

SEASON_MEAN_W_PER_m2 = 27.0
"""What counters show at the start: so much heat for each hour of the season so far."""


class CityWorks:
    """Plant, instruments and counters of all stations at UTC second ``now``; see ``works_port.Works``."""

    def __init__(
        self,
        *,
        loop_truths: Sequence[LoopTruth],
        station_truths: Sequence[StationTruth],
        station_of_loop: Sequence[int],
        law: SupplyLaw,
        weather: Weather,
        start: float,
        seed: int,
    ) -> None:
        self.now = start
        self.weather = weather
        self.params = assembly.loop_params(loop_truths, station_of_loop)
        self._n_stations = len(station_truths)
        Q_needed = sum(truth.q_needed * truth.A_heated / 1000.0 for truth in loop_truths)
        self.source_params = assembly.source_params(station_truths, self.params, Q_needed)
        self._T_source_set: float | None = None
        """What somebody orders the sources to send out, degC; None: their curve."""
        self.loops, self.source = self._settled(law, start)
        self.has_indoor = [truth.indoor_sensors for truth in loop_truths]
        self._outdoor_sensor = [truth.outdoor_sensor for truth in station_truths]
        self._p_static = np.array([truth.p_static for truth in loop_truths])
        self._leak = np.array([truth.leak for truth in loop_truths])
        self._loop_meters = assembly.loop_meters(loop_truths, self.params)
        by_station = self._per_station(self.params.m_flow_primary_design)
        self._station_meters = assembly.station_meters(station_truths, by_station)
        self._rng = np.random.default_rng([seed, 0x3E7E])
        self.troubles = Troubles(len(loop_truths), self._n_stations)
        """What faults have broken."""
        self._loop_told: Seen = {}
        self._loop_told_at = -np.inf
        self.counters = self._counters_at_start(station_truths)
        idle = loops.LoopInputs(
            valve=self.loops.y_valve,
            pump=self.loops.y_pump,
            T_supply_primary=self._at_loops(self.source.T_station),
            dp_primary=self._at_loops(self._dp_stations()),
            sky=self._sky(),
        )
        _, self.flows = loops.step(self.loops, idle, self.params, 1e-3)
        self._observe(idle.sky)

    def step(self, valve: Floats, pump: Floats, now: float, dt: float) -> None:
        """Advance by ``dt`` s to UTC second ``now`` with these commands (0..1, shape (n_loops,))."""
        self.now = now
        self.troubles.advance(dt)
        valve, pump = self.troubles.commands(valve, pump)
        inputs = loops.LoopInputs(
            valve=valve,
            pump=pump,
            T_supply_primary=self._at_loops(self.source.T_station),
            dp_primary=self._at_loops(self._dp_stations()),
            sky=self._sky(),
        )
        self.loops, self.flows = loops.step(self.loops, inputs, self.params, dt)
        self.source = source.step(
            self.source,
            self.source_params,
            self.flows.m_flow_primary,
            self.loops.T_return_primary,
            inputs.sky.T_outdoor,
            dt,
            self._T_source_set,
        )
        self._observe(inputs.sky)
        self._count(dt)

    def limit_source(self, Q_max: float) -> None:
        """Let all sources together give no more than so many kW."""
        self.source_params = replace(self.source_params, Q_max=Q_max)

    def order_source(self, T_supply: float, dp: float) -> None:
        """Let all sources together send out so many degC at a head of so many kPa."""
        self._T_source_set = T_supply
        self.source_params = replace(self.source_params, dp=dp)

    @property
    def indoor(self) -> Floats:
        """True mean indoor temperature of each loop in degC."""
        return building.indoor_mean(self.loops.beyond.T_building)

    @property
    def station_of_loop(self) -> Indices:
        """Row of each loop's station."""
        return self.params.station

    @property
    def A_heated(self) -> Floats:  # noqa: N802 - a field symbol
        """Heated m2 of each loop."""
        return self.params.secondary.building.A_heated

    @property
    def T_outdoor(self) -> float:  # noqa: N802 - a field symbol
        """True outdoor temperature in degC."""
        return self.weather.at(self.now).T_outdoor

    @property
    def Q_source(self) -> float:  # noqa: N802 - a field symbol
        """Heat in kW that leaves the source."""
        return source.heat_delivered(self.source)

    @property
    def loop_seen(self) -> Seen:
        """What the PLCs measure: here all that is shown comes."""
        return self.loop_shown

    @property
    def Q_shown(self) -> list[float]:  # noqa: N802 - a field symbol
        """What each station's heat meter shows in kW."""
        return self._Q_shown

    def loops_now(self) -> LoopsNow:
        """Return the truth of all loops."""
        return LoopsNow(
            y_valve=self.loops.y_valve,
            y_pump=self.loops.y_pump,
            T_supply=self.loops.T_supply,
            T_return=self.loops.T_return,
            T_return_primary=self.loops.T_return_primary,
            m_flow_primary=self.flows.m_flow_primary,
            Q_exchanger=self.flows.Q_exchanger,
        )

    @property
    def m_flow_makeup(self) -> Floats:
        """True make-up of each loop in kg/s."""
        return self.troubles.makeup_share(self._leak) * self.flows.m_flow

    def outdoor_sensor(self, station: int) -> float | None:
        """Return what a station's own outdoor sensor shows in degC; None where there is none."""
        return self.station_shown["T_outdoor"][station] if self._outdoor_sensor[station] else None

    @property
    def loop_told(self) -> Seen:
        """Positions, power and counters of each loop, as the PLC tells them without an instrument's error.

        Gathered once a step: a city's servers ask for every loop's, one by one.
        """
        if self._loop_told_at != self.now:
            counters = self.counters
            # the make-up tank is refilled when it has given 4 m3
            level = 0.85 - 0.4 * (counters.V_makeup % MAKEUP_TANK_m3) / MAKEUP_TANK_m3
            self._loop_told_at = self.now
            self._loop_told = {
                "y_valve": self.loops.y_valve.tolist(),
                "y_pump": self.loops.y_pump.tolist(),
                "P_pump": self.flows.P_pump.tolist(),
                "E_pump": counters.E_pump.tolist(),
                "V_secondary": counters.V_secondary.tolist(),
                "m_flow_makeup": self.m_flow_makeup.tolist(),
                "V_makeup": counters.V_makeup.tolist(),
                "level_makeup": level.tolist(),
            }
        return self._loop_told

    def p_supply_source(self) -> tuple[float, float]:
        """Return supply and return pressure at the source in kPa."""
        return self.source_params.p_return + self.source_params.dp, self.source_params.p_return

    def _settled(self, law: SupplyLaw, start: float) -> tuple[LoopState, SourceState]:
        params, network = self.params, self.source_params
        beyond = warmup.settled_secondary(params, law, self.weather, start)
        upstream = warmup.settled_source(network, self.weather, start)
        T_supply = law(self.weather.at(start).T_outdoor)
        for _ in range(4):  # valves depend on what is left of the pressure, which depends on the valves
            T_primary = self._at_loops(upstream.T_station)
            dp = self._at_loops(network.dp - source.path_loss(upstream, network))
            state = warmup.settled_loops(params, beyond, T_supply, T_primary, dp)
            m_primary = loops.primary_flow(params, state.y_valve, T_primary, dp)
            upstream = warmup.settled_network(network, upstream, state, m_primary)
        return state, upstream

    def _sky(self) -> Surroundings:
        return warmup.surroundings(self.weather, self.now)

    def _at_loops(self, by_station: Floats) -> Floats:
        return np.asarray(by_station[self.params.station])

    def _per_station(self, by_loop: Floats) -> Floats:
        return np.asarray(
            np.bincount(self.params.station, weights=by_loop, minlength=self._n_stations), dtype=np.float64
        )

    def _dp_stations(self) -> Floats:
        return self.source_params.dp - source.path_loss(self.source, self.source_params)

    def _observe(self, sky: Surroundings) -> None:
        """Let every instrument show its value under this sky."""
        state, flows = self.loops, self.flows
        p_static = self._p_static + self.troubles.secondary_shift()
        true = np.array((
            state.T_supply, state.T_return, flows.m_flow,
            p_static + flows.dp_secondary, p_static, self.indoor,
        ))  # fmt: skip
        self.loop_shown: Seen = _rows(assembly.LOOP_METERS, measure(true, self._loop_meters, self._rng))
        m = self._per_station(flows.m_flow_primary)
        heat = self._per_station(flows.m_flow_primary * state.T_return_primary)
        T_return = heat / np.maximum(m, 1e-9)
        lost = 0.5 * source.path_loss(self.source, self.source_params)
        p_supply, p_return = self.p_supply_source()
        moved = self.troubles.primary_shift()
        outdoor = sky.T_outdoor + self.troubles.sun_gain * sky.irradiation
        p_entrance, p_exit = p_supply - lost + moved, p_return + lost + moved
        true = np.array((self.source.T_station, T_return, m, p_entrance, p_exit, outdoor))
        shown = measure(true, self._station_meters, self._rng)
        self.station_shown: Seen = _rows(assembly.STATION_METERS, shown)
        dT = shown[0] - shown[1]
        self.Q_meter = np.maximum(shown[2] * specific_heat(0.5 * (shown[0] + shown[1])) * dT, 0.0)
        """kW that each station's heat meter shows; shape (n_stations,)."""
        self._Q_shown: list[float] = self.Q_meter.tolist()
        self._m_meter = np.maximum(shown[2], 0.0)

    def _count(self, dt: float) -> None:
        flows = self.flows
        self.counters.count(self.Q_meter, self._m_meter, flows.P_pump, flows.m_flow, self.m_flow_makeup, dt)

    def _counters_at_start(self, stations: Sequence[StationTruth]) -> Counters:
        hours = np.array([truth.hours_before for truth in stations])
        E_loop = SEASON_MEAN_W_PER_m2 * self.params.secondary.building.A_heated / 1000.0
        E_heat = self._per_station(E_loop) * hours
        hours_loop = self._at_loops(hours)
        circulated = self.params.m_flow_design * hours_loop * 3600.0
        return Counters(
            E_heat=E_heat,
            V_primary=E_heat * 3600.0 / (C_WATER * assembly.DT_PRIMARY_DESIGN_K) / 985.0,
            E_pump=circulated / 988.0 * self.params.dp_max / 3600.0,
            V_secondary=circulated / 988.0,
            V_makeup=circulated * self._leak / 1000.0,
        )


def _rows(names: Sequence[str], shown: Floats) -> Seen:
    return dict(zip(names, shown.tolist(), strict=True))
