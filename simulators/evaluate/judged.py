"""One contestant during a run: its stations' doors, its controller, and the notes the judge takes of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.centre import Centre, CentreSettings
from simulators.evaluate.door import Door, SourceDoor, StationDoor
from simulators.evaluate.foresight import Foresight
from simulators.evaluate.instruments import T_INDOOR, T_OUTDOOR
from simulators.evaluate.intended import Intended
from simulators.evaluate.record import ControlRecord, NetworkRecord, Record
from simulators.evaluate.shortage import ShortageWatch
from simulators.evaluate.troubles import Troubles
from simulators.plc.station import StationPlc
from stations.model.setpoint import StationClass

if TYPE_CHECKING:
    from controller.decisions import LoopKey
    from controller.state import Counters
    from simulators.evaluate.city import City, Flows, Shown
    from simulators.evaluate.contestants import Contestant
    from simulators.evaluate.virtual_clock import VirtualClock
    from simulators.plant.arrays import Floats
    from simulators.scenario import Scenario

PLANNED = "optimizer"
"""The strategy that follows plans; for the others none is made."""
SETTLED_S = 600.0
"""A loop counts as settled when its instruction has been the same for so long: the valve needs 3 minutes."""


class Judged:
    """Everything of one contestant; made and driven by ``trial``."""

    def __init__(
        self,
        city: City,
        clock: VirtualClock,
        copy: int,
        contestant: Contestant,
        settings: CentreSettings,
        scenario: Scenario,
    ) -> None:
        """Raise ScenarioError for faults that cannot be had."""
        self._town = town = contestant.town
        self._city, self._clock, self._copy = city, clock, copy
        self._name = contestant.name
        self._stations = town.simulated.stations
        self.troubles = Troubles(town.simulated, scenario, city.port(copy), clock.now)
        devices = self.troubles.devices
        self._station_doors = {
            station.id: StationDoor(station, plc, clock, devices[station.id])
            for station, plc in zip(self._stations, city.plcs[copy], strict=True)
        }
        self.doors: dict[str, Door] = {**self._station_doors}
        for row, station in enumerate(self._stations):
            devices[station.id].clock = city.clock_of(row)
        for heat_source in town.simulated.sources:
            driven, device = city.source_driven(copy, heat_source.id), devices[heat_source.id]
            self.doors[heat_source.id] = (
                StationDoor(heat_source, StationPlc(StationClass.C, ()), clock, device)
                if driven is None
                else SourceDoor(heat_source, driven, clock, device)
            )
        self._of_primary = any(source.writes is not None for source in town.simulated.sources)
        plans = settings.strategy == PLANNED
        foresight = Foresight(city.air, town.simulated.seed) if plans else None
        self.centre = Centre(town.controlled, clock, self.doors, settings, self.troubles.links, foresight)
        self._keys = list(self.centre.traits)
        self._homes = city.homes(copy)
        self._intended = Intended(self._keys) if plans else None
        self._shortage = ShortageWatch(self._keys, city.A_heated)
        self._told: dict[int, tuple[float | None, float | None]] = {}
        self._told_at = np.full(len(self._keys), np.inf)
        self._hours: list[tuple[Flows, float, Floats, Floats]] = []
        self._control = ControlRecord()
        self._before: Counters | None = None
        self._begin = self._stored = 0.0
        self._mass_change_cycles = 0

    def show(self, shown: Shown, outdoor: list[float | None]) -> None:
        """Let the stations' doors show what the instruments show."""
        indoor = self._homes.shown()
        place = 0
        for i, station in enumerate(self._stations):
            row: list[float | None] = [*shown.stations[i]]
            row[T_OUTDOOR] = outdoor[i]
            rows: list[list[float | None]] = []
            first = place
            for _ in station.loops:
                loop: list[float | None] = [*shown.loops[place]]
                loop[T_INDOOR] = indoor[place]
                rows.append(loop)
                place += 1
            valves = shown.valves[first:place] if self._of_primary else ()
            self._station_doors[station.id].show(row, rows, valves)
        for heat_source in self._town.simulated.sources:
            self.doors[heat_source.id].show_points(self._city.source_shows(self._copy, heat_source.id))

    def note_tracking(self) -> None:
        """Compare what loops were told with what they reached, just before they may be told anew."""
        now, flows, control = self._clock.now(), self._city.flows[self._copy], self._control
        told = self.centre.instructed()
        for place, key in enumerate(self._keys):
            mine = told.get(key)
            if mine is None or mine != self._told.get(place):
                self._told_at[place] = now if mine is not None else np.inf
                self._told[place] = mine or (None, None)
                continue
            if now - self._told_at[place] < SETTLED_S or self._before is None:
                continue
            T_set, m_set = mine
            if T_set is not None:
                by_offset = self.centre.traits[key].station_class is StationClass.B
                errors = control.dT_tracked_offset if by_offset else control.dT_tracked
                errors.append(float(flows.T_supply[place]) - T_set)
            if m_set:
                control.flow_tracked.append(float(flows.m_flow[place]) / m_set - 1.0)
        if self._before is not None and self.centre.state.mass_change is not None:
            self._mass_change_cycles += 1

    def note_plan(self) -> None:
        """Look at the plan in force, just after the centre's turn."""
        self._shortage.turn(self.centre.state.published, self._clock.now())

    def begin(self) -> None:
        """From now on everything counts."""
        self._shortage.begin()
        counters = self.centre.state.counters
        self._before = _copy_of(counters)
        self._begin, self._stored = self._clock.now(), self._city.stored_heat(self._copy)
        self._control = ControlRecord(writes=sum(door.writes for door in self.doors.values()))
        self._hours.clear()

    def end_of_hour(self, flows: Flows, T_outdoor: float) -> None:
        """Take down the means of the past hour and how warm the dwellings are now."""
        self._homes.hour_passed(flows, T_outdoor)
        self._shortage.hour_passed(flows.Q_flow, self._clock.now())
        if self._intended is not None:
            A, T = self._homes.A_heated, self._homes.temperatures()
            mean = (A * T).sum(axis=1) / np.maximum(A.sum(axis=1), 1e-9)
            mean[[not self._driven(key) for key in self._keys]] = np.nan  # nobody acts on what is planned
            off = self._intended.look(self.centre.state.published, self._clock.now(), mean)
            if self._before is not None:
                self._control.dT_intended += off.tolist()
        if self._before is not None:
            T_return = self._city.T_return(self._copy)
            self._hours.append((flows, T_outdoor, self._homes.temperatures(), T_return))

    def record(self) -> Record:
        """Return what was taken down since ``begin``."""
        assert self._before is not None
        flows = [hour[0] for hour in self._hours]
        back = [float((f.m_flow_primary * f.T_return_primary).sum() / f.m_flow_primary.sum()) for f in flows]
        return Record(
            strategy=self._name,
            stations=tuple(station.id for station in self._stations),
            station_classes=tuple(str(plc.station_class) for plc in self._city.plcs[self._copy]),
            station_of_loop=self._city.station_of_loop,
            A_heated=self._city.A_heated,
            A_dwelling=self._homes.A_heated,
            driven=np.array([self._driven(key) for key in self._keys], dtype=np.float64),
            critical=frozenset(self._town.controlled.planning.critical),
            begin=self._begin,
            T_outdoor=np.array([hour[1] for hour in self._hours]),
            Q_source=np.array([f.Q_source for f in flows]),
            P_source=np.array([f.P_source for f in flows]),
            T_return_primary=np.array(back),
            P_pump=np.stack([f.P_pump for f in flows]),
            m_flow=np.stack([f.m_flow for f in flows]),
            T_supply=np.stack([f.T_supply for f in flows]),
            T_return=np.stack([hour[3] for hour in self._hours]),
            T_dwelling=np.stack([hour[2] for hour in self._hours]),
            stored_kWh=self._city.stored_heat(self._copy) - self._stored,
            control=self._finished_control(self._before),
            network=self._network(),
        )

    def _network(self) -> NetworkRecord | None:
        every = [hour[0].network for hour in self._hours]
        there = [flows for flows in every if flows is not None]
        if not there:
            return None
        return NetworkRecord(
            Q_lost_network=np.array([flows.Q_lost_network for flows in there]),
            Q_lost_house_pipes=np.array([flows.Q_lost_house_pipes for flows in there]),
            m_flow_makeup=np.array([flows.m_flow_makeup for flows in there]),
            m_flow_primary=np.array([hour[0].m_flow_primary.sum() for hour in self._hours]),
            T_supply_source=np.array([flows.T_supply_source for flows in there]),
            T_short=np.array([flows.T_short for flows in there]),
            dp=np.stack([flows.dp for flows in there]),
            imbalance=self._city.imbalance(self._copy) or 0.0,
            worst=self._city.worst_profile(self._copy),
        )

    def _driven(self, key: LoopKey) -> bool:
        traits = self.centre.traits[key]
        return traits.proven and traits.station_class.driven

    def _finished_control(self, before: Counters) -> ControlRecord:
        counters, control = self.centre.state.counters, self._control
        for name in ("sent", "confirmed", "limited", "rejected", "expired"):
            field = f"setpoints_{name}"
            setattr(control, field, getattr(counters, field) - getattr(before, field))
        cuts = Counter(counters.guard_cuts)
        cuts.subtract(before.guard_cuts)
        control.guard_cuts = {str(rule): count for rule, count in cuts.items() if count}
        control.cycles = counters.cycles - before.cycles
        control.shared = self._shortage.heat
        control.mass_change_cycles = self._mass_change_cycles
        control.writes = sum(door.writes for door in self.doors.values()) - control.writes
        control.breaks = sorted((b for door in self.doors.values() for b in door.breaks), key=lambda b: b.at)
        return control


def _copy_of(counters: Counters) -> Counters:
    return replace(counters, guard_cuts=dict(counters.guard_cuts))
