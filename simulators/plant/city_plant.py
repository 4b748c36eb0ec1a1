"""The physical city in one step: sources, network, stations, house pipes, emitters, dwellings.

``CityPlant.step(state, inputs, dt)`` returns the next state and what flowed; nothing else moves. Steps of
60 s are usual, up to 600 s are sound. Loops in parallel share their station's primary pipe; houses stand
behind loops, zones (dwellings) in houses. Whatever the step, the heat that sources, people and sun bring is
stored or lost: water leaves one part with the temperature at which the next one takes it.

What is richer here than anything a controller may assume: several houses a loop with zones of five stores,
flow shares that grow apart as flow falls, one-pipe risers, delays of both networks, opened windows, finite
authority and play of valves, ramps and start times of sources.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulators.plant import people, plants, plug, riser, zone
from simulators.plant.arrays import Floats, same, some
from simulators.plant.city_checks import InputChecks
from simulators.plant.city_parts import CityInputs, CityOutputs, CityParams, CityState
from simulators.plant.crossing import Crossing
from simulators.plant.facade import Sky
from simulators.plant.network import pumps, transport
from simulators.plant.network.errors import DemandNotServed, InvalidValue
from simulators.plant.network.operation import Operation, SourceMode, operation
from simulators.plant.network.transport import Inlets
from simulators.plant.plug import PlugParams
from simulators.plant.primary import Primary
from simulators.plant.riser import Risers
from simulators.plant.substation import Streams, driven, exchanged
from simulators.plant.water import C_WATER, density
from simulators.plant.zone import ZoneLoads, Zones

DT_MAX_S = 600.0
BACKWARDS_kPa = 0.1
"""With so much more pressure in its return than in its supply a station would run backwards."""
T_MAKEUP_degC = 12.0
"""Of softened water from the tank."""


class CityPlant:
    """The city for steps of one length; owns the network's solver and what is constant for ``dt``."""

    def __init__(self, params: CityParams, dt: float, primary: Primary | None = None) -> None:
        """Raise InvalidValue for a step of more than 600 s."""
        if not 0.0 < dt <= DT_MAX_S:
            raise InvalidValue(f"a step is 0 < dt <= {DT_MAX_S} s, not {dt}")
        self.params, self.dt = params, dt
        self.primary = primary or Primary(params.network, params.transport)
        loop, station = params.house.loop, params.station
        self._n_stations = params.network.n_consumers
        self._first_house = np.searchsorted(loop, np.arange(len(station.UA)))
        self._first_loop = np.searchsorted(station.station, np.arange(self._n_stations))
        self._zones, self._risers = Zones(params.zone, dt), Risers(params.riser, dt)
        # water that is handed over at its old temperature must last for a step
        least = 3.0 * station.m_flow_primary_design * C_WATER * dt
        self._C_primary = np.maximum(station.C_primary, least)
        self._m_primary_most = 2.0 * self._C_primary / (C_WATER * dt)
        self._pipe = house_pipes(params, dt)
        self._m_house_design = params.house.share * station.m_flow_design[loop]
        self._water = self._water_at(station.m_flow_design)
        held = params.house.pipe_mass * 2.0 + params.riser.C.sum(axis=1) / C_WATER
        self._none = np.zeros_like(station.UA)
        self.crossing = Crossing(params, self._mixed(held))
        self._hour, self._homes = -1.0, self._zones.homes(params.house.people, np.zeros(1))
        n = params.network.n_sources
        modes = (SourceMode.DP, *(SourceMode.FLOW,) * (n - 1))
        plain = operation(
            params.network,
            T_supply=80.0,
            T_return=50.0,
            Kv=np.ones(self._n_stations),
            p_return=params.p_return,
        )
        self._plain = replace(plain, source_mode=modes)
        self._checks = InputChecks(params)
        self._pumps = pumps.together(params.network.pump_curves)
        links = np.arange(params.network.n_links)[params.network.consumers]
        pumped = np.isin(links, params.network.pump_link)  # those draw their water themselves
        self._dp_least = np.where(pumped, -np.inf, -BACKWARDS_kPa)

    def step(self, state: CityState, inputs: CityInputs) -> tuple[CityState, CityOutputs]:
        """Advance by one step.

        Raises InvalidValue, with the loop, source, pump or node, for inputs out of their range;
        DemandNotServed where water would run backwards through stations; else as the network's solver does.
        """
        self._checks.check(inputs)
        p, dt, station = self.params, self.dt, self.params.station
        drive = driven(state, inputs, station, dt)
        m, Kv = drive.m_flow, drive.Kv
        if some(inputs.hole) and not self.primary.solutions:  # what crosses needs pressures
            self.primary.flows(self._operation(inputs, Kv, inputs.leak), state.network, state.time)
        filled = self.crossing.filled(state.p_secondary, self.primary.p, inputs, drive.Kv_valve, m, dt)
        drawn = self.crossing.drawn(filled, state.T_return_primary, inputs.leak)
        now = self._operation(inputs, Kv, drawn.net)
        flows = self.primary.flows(now, state.network, state.time)
        if some(flows.dp < self._dp_least):
            self._refuse_backwards(flows.dp)
        m_station = flows.m_flow[p.network.consumers]
        Kv_station = now.Kv
        m_primary = Kv * (m_station / Kv_station)[station.station]
        # loops of a station share its flow by their valves, and so they mix
        T_back = self._of_stations(Kv * state.T_return_primary) / Kv_station
        inlets = Inlets(
            T_source=state.source.T_supply,
            T_consumer=T_back,
            T_makeup=T_MAKEUP_degC,
            entering=drawn.entering,
            T_entering=drawn.T_entering,
        )
        network, carried = self.primary.carry(state.network, flows, drawn.leak, inlets, dt)
        T_primary = carried.T_consumer[station.station]

        if not same(m, self._water.m_flow):
            self._water = self._water_at(m)
        water, m_house = self._water, self._water.m_house
        left = plug.leaving(state.pipe, self._pipe, water.both, dt)
        T_mixed = self._mixed(water.share * left.T[len(m_house) :])
        # what is lost is replaced by cold water, or by primary water that came through a hole
        brought = filled.lost * (T_MAKEUP_degC - T_mixed)
        passing = back = T_passing = self._none
        if filled.crosses:
            T_across = network.T_node[self.crossing.returns]
            brought += filled.replaced * (T_across - T_MAKEUP_degC)
            passing, T_passing = filled.passing, np.where(filled.through > 0.0, T_across, T_MAKEUP_degC)
            back = np.maximum(-filled.through, 0.0)
        T_return = T_mixed + brought / np.maximum(m, 1e-9)
        self._refuse_fast(m_primary + back)
        streams = Streams(
            m_flow_primary=m_primary,
            T_primary=T_primary,
            m_flow=m,
            T_return=T_return,
            fouling=inputs.fouling,
            passing=passing,
            T_passing=T_passing,
            back=back,
        )
        given = exchanged(state, streams, station, self._C_primary, dt)
        T_supply = given.T_supply

        emitter, Q_emitter, T_house = self._risers.step(
            state.riser, water.streams, left.T[: len(m_house)], state.T[zone.AIR]
        )
        entering = np.concatenate([T_supply[p.house.loop], T_house])
        pipe, lost_pipes = plug.enter(state.pipe, self._pipe, left, entering, dt)
        T, Q_gains, lost = self._dwellings(state, inputs.sky, Q_emitter)
        m_source = flows.m_flow[p.network.sources]
        source = plants.step(
            state.source,
            p.source,
            inputs.source_on,
            inputs.source_T_set,
            m_source,
            carried.T_source,
            inputs.source_share,
            dt,
        )
        outputs = CityOutputs(
            m_flow_primary=m_primary,
            m_flow=m,
            T_supply_primary=T_primary,
            T_supply=T_supply,
            T_return=T_return,
            Q_primary=given.Q_primary,
            Q_exchanger=given.Q,
            P_pump=given.P_pump,
            dp=flows.dp,
            m_flow_link=flows.m_flow,
            T_return_source=carried.T_source,
            P_source=plants.pump_power(p.source, m_source, self._gate_dp(), carried.T_source),
            P_network=self._pump_power(inputs.pump_speed, flows.m_flow, network.T_node),
            Q_source=source.Q_firing,
            Q_lost_network=float(carried.Q_loss.sum()),
            Q_lost_house_pipes=lost_pipes,
            Q_makeup=self.crossing.heat_left(drawn, filled, network.T_node, T_mixed, T_supply, T_MAKEUP_degC),
            m_flow_makeup=filled.makeup,
            m_flow_makeup_network=float(drawn.net.sum()),
            m_flow_through=filled.through,
            Q_emitter=Q_emitter,
            Q_gains=Q_gains,
            Q_lost=lost.Q_lost,
            Q_window=lost.Q_window,
            solved=flows.solved,
        )
        following = CityState(
            time=state.time + dt,
            motor=drive.motor,
            stem=drive.stem,
            y_pump=drive.y_pump,
            T_return_primary=given.T_return_primary,
            T_supply=T_supply,
            p_secondary=filled.p,
            network=network,
            source=source,
            pipe=pipe,
            riser=emitter,
            T=T,
        )
        return following, outputs

    def stored_heat(self, state: CityState) -> float:
        """Return the heat held by all water, metal and buildings in kJ above 0 degC."""
        p = self.params
        return (
            transport.stored_heat(state.network)
            + float((p.source.capacity * state.source.T_supply).sum())
            + float((self._C_primary * state.T_return_primary).sum())
            + float((p.station.C_secondary * state.T_supply).sum())
            + plug.stored_heat(state.pipe, self._pipe)
            + riser.stored_heat(state.riser, p.riser)
            + zone.stored_heat(state.T, p.zone)
        )

    def _operation(self, inputs: CityInputs, Kv: Floats, leak: Floats) -> Operation:
        """Return what acts on the network, but for the temperatures."""
        return replace(
            self._plain,
            Kv=self._of_stations(Kv),
            source_dp=np.full(self.params.network.n_sources, inputs.source_dp),
            source_m_flow=inputs.source_m_flow,
            pump_speed=inputs.pump_speed,
            leak=leak,
        )

    def _of_stations(self, of_loop: Floats) -> Floats:
        """Return the sum over the loops of each station."""
        return np.add.reduceat(of_loop, self._first_loop)

    def _gate_dp(self) -> Floats:
        """Return supply less return pressure at each source's gate in kPa at the last solution."""
        network, p = self.params.network, self.primary.p
        return np.asarray(p[network.link_end[network.sources]] - p[network.link_start[network.sources]])

    def _pump_power(self, speed: Floats, m_flow: Floats, T_node: Floats) -> Floats:
        """Return the electric power in kW of boosters and of pumps in stations."""
        link = self.params.network.pump_link
        if not len(link):
            return np.zeros(0)
        rho = density(T_node[self.params.network.link_start[link]])
        return pumps.electric_power(self._pumps, speed, m_flow[link], rho)

    def _water_at(self, m: Floats) -> "_Water":
        """Return how the circulations ``m`` (n_loops,) divide among houses and emitters."""
        p, house, loop = self.params, self.params.house, self.params.house.loop
        ratio = (m / p.station.m_flow_design)[loop]
        parts = house.share * riser.uneven(house.deviation, ratio, house.exponent)
        part = parts / self._mixed(parts)[loop]
        m_house = part * m[loop]
        share = riser.shares(p.riser, m_house / self._m_house_design)
        return _Water(
            m_flow=m,
            share=part,
            m_house=m_house,
            both=np.concatenate([m_house, m_house]),
            streams=self._risers.streams(m_house, share),
        )

    def _mixed(self, of_house: Floats) -> Floats:
        """Return the sum over the houses of each loop."""
        return np.add.reduceat(of_house, self._first_house)

    def _dwellings(
        self, state: CityState, sky: Sky, Q_emitter: Floats
    ) -> tuple[Floats, Floats, zone.ZoneFlows]:
        house = self.params.house
        hour = state.time // 3600.0
        if hour != self._hour:  # people come and go by the hour
            present = people.present(state.time)
            airing = people.airing(present)[house.kind][:, None] * (house.people > 0.0)
            self._hour = hour
            self._homes = self._zones.homes(house.people * present[house.kind][:, None], airing)
        Q_sun = self._zones.sun(sky, house.front_north, house.front_east)
        loads = ZoneLoads(
            Q_emitter=Q_emitter,
            homes=self._homes,
            Q_sun=Q_sun,
            T_outdoor=sky.T_outdoor,
            wind=sky.wind,
        )
        T, flows = self._zones.step(state.T, loads)
        return T, self._homes.Q + Q_sun, flows

    def _refuse_backwards(self, dp: Floats) -> None:
        """Refuse a network that leaves stations without any pressure: its sources cannot serve them."""
        network = self.params.network
        where = np.flatnonzero(dp < self._dp_least)
        names = [network.link_names[network.consumers][i] for i in where]
        raise DemandNotServed(names, dp[where].tolist(), [0.0] * len(where))

    def _refuse_fast(self, m_primary: Floats) -> None:
        """Refuse flows at which the explicit balance of a station's primary water would swing."""
        fast = m_primary > self._m_primary_most
        if some(fast):
            stations = self.params.station.station[fast]
            names = [self.params.network.link_names[self.params.network.consumers][i] for i in stations]
            raise InvalidValue("more than six times the design flow through station", names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Water:
    """How the water of the loops divides: the same as long as no pump changes its speed."""

    m_flow: Floats
    """kg/s, shape (n_loops,)."""
    share: Floats
    """Of the loop's water to each house; known while it stands, too."""
    m_house: Floats
    both: Floats
    """kg/s to each house, and through the pipes there and back."""
    streams: riser.Streams


def house_pipes(params: CityParams, dt: float) -> PlugParams:
    """Return the pipes to the houses and back; each holds at least what a step of ``dt`` s moves.

    At 60 s that changes nothing for most; at 600 s near houses get their water some minutes late.
    """
    house, loop = params.house, params.house.loop
    # the shares in a loop add up to a little less than 1 before they are made to
    most = params.station.m_flow_max[loop] * house.share * np.maximum(house.deviation, 1.0) * 1.2
    mass = np.maximum(house.pipe_mass, most * dt)
    rate = house.pipe_rate * house.pipe_mass / mass
    return PlugParams(
        mass=np.concatenate([mass, mass]), rate=np.concatenate([rate, rate]), T_ground=params.T_ground
    )
