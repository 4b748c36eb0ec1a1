"""One copy of the physical city under judgement: its plant, the dispatch of its sources, sums and balance."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.city import Flows, NetworkFlows
from simulators.fieldtruth.build import PARCELS, sky_at
from simulators.fieldtruth.control import as_ordered
from simulators.fieldtruth.profile import PressureProfile, pressure_profile
from simulators.fieldtruth.season import net_heat
from simulators.fieldtruth.troubles import FieldTroubles
from simulators.plant import plug, pump
from simulators.plant.city_plant import CityPlant, house_pipes
from simulators.plant.network import transport
from simulators.plant.riser import RiserState
from simulators.plant.water import C_WATER
from stations.model.identity import Point

if TYPE_CHECKING:
    from simulators.fieldtruth.build import FieldCity
    from simulators.fieldtruth.control import OwnControl
    from simulators.plant.arrays import Floats
    from simulators.plant.city_parts import CityOutputs, CityState
    from simulators.plant.facade import Sky
    from simulators.plc.source import OwnHold

STEP_S = 60.0
SETTLE_S = 12 * 3600.0
"""Sources need some hours to find their load, peak ones to start."""
T_FILLED_degC = 40.0
"""Of the sources and the primary supply before the first day of a season: filled, and run warm on trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A city at the start, to be gone on from by any number of copies."""

    state: CityState
    control: OwnControl
    out: CityOutputs | None
    """Of the minute before; None where nothing has flowed yet."""


def begun(field: FieldCity, start: float, cold_degC: float | None) -> Begun:
    """Return the city at UTC second ``start``: half a day on its own curves, or cold at ``cold_degC``."""
    if cold_degC is not None:
        state = _cold(field, field.begin(start, STEP_S), cold_degC)
        return Begun(state=state, control=field.control(start), out=None)
    first = start - SETTLE_S
    state, control, out = field.begin(first, STEP_S), field.control(first), None
    plant = CityPlant(field.params, STEP_S)
    for _ in range(round(SETTLE_S / STEP_S)):
        sky = sky_at(field.city.weather, state.time)
        state, out = plant.step(state, control.inputs(state, out, sky, STEP_S))
    return Begun(state=state, control=control, out=out)


def _cold(field: FieldCity, state: CityState, cold_degC: float) -> CityState:
    """Return the city with all houses and their water at ``cold_degC``, its sources just lit."""
    params, source = field.params, state.source
    warm = np.full_like(source.T_supply, max(T_FILLED_degC, cold_degC))
    pipes = house_pipes(params, STEP_S)
    return replace(
        state,
        T_return_primary=np.full_like(state.T_return_primary, cold_degC),
        T_supply=np.full_like(state.T_supply, cold_degC),
        network=transport.filled(params.transport, float(warm[0]), cold_degC, PARCELS),
        source=replace(source, T_supply=warm, T_wanted=warm, Q_firing=np.zeros_like(warm)),
        pipe=plug.filled(pipes, np.full_like(pipes.mass, cold_degC), STEP_S),
        riser=RiserState(
            T_in=np.full_like(state.riser.T_in, cold_degC), T_out=np.full_like(state.riser.T_out, cold_degC)
        ),
        T=np.full_like(state.T, cold_degC),
    )


@dataclass(slots=True, kw_only=True)
class Misled:
    """By what people and the sun mislead the PLCs of one copy; implements ``troubles.OwnControllers``."""

    curve_shift: Floats
    sun_gain: Floats


class PhysicalCopy:
    """State and plant of one copy. Owner: ``PhysicalCity``."""

    def __init__(self, field: FieldCity, begun: Begun) -> None:
        self.field, self.state = field, begun.state
        params = field.params
        self.plant = CityPlant(params, STEP_S)
        self._control = copy(begun.control)
        self.out = begun.out
        """Of the last minute."""
        self.source_orders: dict[int, tuple[float, float]] = {}
        """Supply (degC) and head (kPa) that sources, by row, are made to hold."""
        out, state = begun.out, begun.state
        self.m_flow = pump.mass_flow(state.y_pump, params.station.m_flow_max)
        """kg/s of circulation now."""
        self.T_return = state.T_supply.copy() if out is None else out.T_return
        """degC at the stations."""
        n = len(params.station.UA)
        self.misled = Misled(curve_shift=np.zeros(n), sun_gain=np.zeros(n))
        self.troubles = FieldTroubles(field, self.plant, self.misled)
        """The door for faults of the plant."""
        self._source_share = np.ones(params.network.n_sources)
        """Of the last minute."""
        self._heat = self._fired = 0.0
        self._stored = self.plant.stored_heat(state)
        self._least_kPa: float | None = None
        self._worst: tuple[Floats, Floats, float] | None = None
        self._loops, self._city = np.zeros((6, n)), np.zeros(8)
        self._dp, self._minutes = np.full(params.network.n_consumers, np.inf), 0
        self._last: tuple[Floats, Floats, Floats] = self._begin()
        """Sums of the last minute, of which ``flows`` are made where they are looked at."""

    def step(self, sky: Sky, valve: Floats, pump_speed: Floats) -> None:
        """Advance by a minute with these commands, 0..1."""
        told = self._control.of_sources(self.state, self.out, sky, STEP_S, valve, pump_speed)
        inputs = self.troubles.applied(as_ordered(told, self.source_orders))
        self._source_share = inputs.source_share
        self.state, out = self.plant.step(self.state, inputs)
        self.out, self.m_flow, self.T_return = out, out.m_flow, out.T_return
        self._heat += net_heat(out) * STEP_S
        self._fired += float(out.Q_source.sum()) * STEP_S
        self._note_worst(out)
        loops = np.stack([
            out.m_flow, out.m_flow * out.T_supply, out.Q_exchanger, out.m_flow_primary,
            out.m_flow_primary * self.state.T_return_primary, out.P_pump,
        ])  # fmt: skip
        city = self._city_sums(out)
        self._loops += loops
        self._city += city
        self._dp = np.minimum(self._dp, out.dp)
        self._minutes += 1
        self._last = loops, city, out.dp

    @property
    def flows(self) -> Flows:
        """Of the last minute."""
        return self._flows(*self._last)

    def take_means(self) -> Flows:
        """Return the means since the last call."""
        flows = self._flows(self._loops / self._minutes, self._city / self._minutes, self._dp)
        self._loops, self._city = np.zeros_like(self._loops), np.zeros_like(self._city)
        self._dp, self._minutes = np.full_like(self._dp, np.inf), 0
        return flows

    def stored_heat(self) -> float:
        """Return the heat in all water, metal and buildings in kJ above 0 degC."""
        return self.plant.stored_heat(self.state)

    def imbalance(self) -> float:
        """Return what came and neither stayed nor left since the start, over the heat fired."""
        return (self._heat - (self.stored_heat() - self._stored)) / max(self._fired, 1.0)

    def seek_worst(self) -> None:
        """Seek the moment with the least pressure from now on."""
        self._least_kPa, self._worst = np.inf, None

    def worst_profile(self) -> PressureProfile | None:
        """Return the heads of that moment."""
        if self._worst is None:
            return None
        p, m_flow, at = self._worst
        return pressure_profile(self.field.city, self.field.params.network, m_flow, p, at)

    def dp_secondary(self) -> Floats:
        """Return what the circulation pumps add in kPa."""
        station = self.field.params.station
        return pump.pressure_rise(self.m_flow, station.m_flow_max, station.dp_max)

    @property
    def m_flow_primary(self) -> Floats:
        """kg/s through each loop's valve in the last minute."""
        return np.asarray(self._last[0][3])

    def at_stations(self) -> Floats:
        """Return supply, return (degC), flow (kg/s), supply and return pressure (kPa) at each station."""
        network, station = self.field.params.network, self.field.params.station.station
        nodes = network.link_start[network.consumers], network.link_end[network.consumers]
        n = network.n_consumers
        if self.out is None:
            T_primary, m = self.state.network.T_node[nodes[0]], self.field.city.stations.m_flow_design
        else:
            first = np.searchsorted(station, np.arange(n))
            T_primary, m = self.out.T_supply_primary[first], self.out.m_flow_link[network.consumers]
        m_loop = self._last[0][3]
        back = np.bincount(station, weights=m_loop * self.state.T_return_primary, minlength=n)
        through = np.bincount(station, weights=m_loop, minlength=n)
        p = self.plant.primary.p
        return np.stack([T_primary, back / np.maximum(through, 1e-9), m, p[nodes[0]], p[nodes[1]]])

    def source_own(self) -> OwnHold:
        """Return what all sources hold by themselves now."""
        return self._control.own_hold()

    def source_shows(self, row: int, T_outdoor: float) -> dict[Point, float | None]:
        """Return what a source reports."""
        params, network = self.field.params, self.field.params.network
        link = network.sources.start + row
        p, out, state = self.plant.primary.p, self.out, self.state.source
        m = 0.0 if out is None else float(out.m_flow_link[link])
        T_back = float(state.T_supply[row]) if out is None else float(out.T_return_source[row])
        values = {
            "T_supply_source": float(state.T_supply[row]),
            "T_return_source": T_back,
            "m_flow_source": m,
            "p_supply_source": float(p[network.link_end[link]]),
            "p_return_source": float(p[network.link_start[link]]),
            "Q_flow_source": max(m * C_WATER * (float(state.T_supply[row]) - T_back), 0.0),
            "Q_flow_source_max": float(params.source.Q_max[row] * self._source_share[row]),
            "P_pump_source": 0.0 if out is None else float(out.P_source[row]),
            "T_outdoor": T_outdoor,
        }
        return {Point(0, name): value for name, value in values.items()}

    def _note_worst(self, out: CityOutputs) -> None:
        """Remember pressures and flows where a station has less than ever since ``seek_worst``."""
        least = float(out.dp.min())
        if self._least_kPa is not None and out.solved and least < self._least_kPa:
            self._least_kPa = least
            self._worst = self.plant.primary.p.copy(), out.m_flow_link.copy(), self.state.time

    def _city_sums(self, out: CityOutputs) -> Floats:
        """Return fired, pumps, return, losses of both networks, make-up, supply and what supplies lack."""
        source, m = self.state.source, np.maximum(out.m_flow_link[self.field.params.network.sources], 0.0)
        through = max(float(m.sum()), 1e-9)
        makeup = out.m_flow_makeup.sum() + max(out.m_flow_makeup_network, 0.0)
        pumps = out.P_source.sum() + out.P_network.sum()
        return np.array([
            out.Q_source.sum(), pumps, (m * out.T_return_source).sum() / through,
            out.Q_lost_network, out.Q_lost_house_pipes, makeup, (m * source.T_supply).sum() / through,
            (m * np.maximum(source.T_wanted - source.T_supply, 0.0)).sum() / through,
        ])  # fmt: skip

    def _flows(self, loops: Floats, city: Floats, dp: Floats) -> Flows:
        m, carried, Q, m_primary, carried_back, P_pump = loops
        fired, P_source, T_back, lost_network, lost_houses, makeup, T_out, short = city.tolist()
        return Flows(
            T_supply=carried / np.maximum(m, 1e-9),
            m_flow=m,
            m_flow_primary=m_primary,
            T_return_primary=carried_back / np.maximum(m_primary, 1e-9),
            Q_flow=Q,
            P_pump=P_pump,
            Q_source=fired,
            P_source=P_source,
            T_return_source=T_back,
            network=NetworkFlows(
                Q_lost_network=lost_network,
                Q_lost_house_pipes=lost_houses,
                m_flow_makeup=makeup,
                T_supply_source=T_out,
                T_short=short,
                dp=dp,
            ),
        )

    def _begin(self) -> tuple[Floats, Floats, Floats]:
        """Return the sums of what flows before the first minute; nothing has been delivered yet."""
        m, state = self.m_flow, self.state
        m_primary = self.field.params.station.m_flow_primary_design
        nothing = np.zeros_like(m)
        loops = np.stack(
            [m, m * state.T_supply, nothing, m_primary, m_primary * state.T_return_primary, nothing]
        )
        return loops, np.zeros(8), np.zeros(self.field.params.network.n_consumers)
