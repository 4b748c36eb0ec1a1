"""Faults under judgement: those of ``simulators.faults`` by their names, on links, values and the plant.

Each contestant has the same ones at the same stations and times. Links are judged by the poll, so of their
faults those can be had that cut one; values are spoilt where they are shown to the centre, the stations' own
controllers see the truth; of the plant's faults those can be had that the physical city carries.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.faults.engine import FaultEngine
from simulators.faults.model import Facts, Target
from simulators.faults.scenario import Planned, ScenarioFaults, read_scenario
from simulators.faults.site import facts_of
from simulators.scenario import ScenarioError
from simulators.servers.misbehaviour import Misbehaviour

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.faults.plant_port import PlantPort
    from simulators.link_connection import Piece
    from simulators.link_profile import LinkProfile
    from simulators.scenario import Scenario
    from simulators.sitefile import SimSite

OF_LINKS = ("outage", "reconnect_storm")
OF_VALUES = (
    "not_a_number", "missing_sensor", "spikes", "frozen_sensor", "drifting_sensor", "swapped_sensors",
    "wrong_unit", "counter", "clock_skew",
)  # fmt: skip
OF_THE_PLANT = (
    "valve_stuck", "valve_stuck_open", "pump_trip", "source_limited", "pipe_burst", "main_burst",
    "exchanger_leak", "fouling", "curve_moved", "sun_on_sensor",
)  # fmt: skip
JUDGED = (*OF_LINKS, *OF_VALUES, *OF_THE_PLANT)
EVERY = "again_every_s"
"""Key of a fault that comes again: each station has its own phase, and lengths between half and 1.5 of the
given duration."""


class JudgedLink:
    """A link that is up or down; implements ``faults.model.LinkDoor`` for the faults in ``OF_LINKS``."""

    def __init__(self) -> None:
        self._cut: set[object] = set()
        self._refused = False

    @property
    def up(self) -> bool:
        """Whether polls and writes get through."""
        return not self._cut and not self._refused

    def hold(self, key: object, on: bool) -> None:
        """Swallow every byte while any ``key`` holds."""
        if on:
            self._cut.add(key)
        else:
            self._cut.discard(key)

    async def refuse(self, on: bool) -> None:
        """Refuse connections while on."""
        self._refused = on

    def drop(self) -> None:
        """Do nothing: what is refused is down anyway."""

    def rebind(self) -> None:
        """Do nothing: a dead connection is found between two polls of the judge."""

    def override(self, key: object, change: Callable[[LinkProfile], LinkProfile] | None) -> None:
        """Do nothing: delays are shorter than the judge's polls are apart."""

    def edit(self, key: object, edit: Callable[[bytes], list[Piece]] | None) -> None:
        """Do nothing: there are no bytes."""


class _NoServer:
    """Implements ``faults.model.ServerDoor``; no fault that is judged comes here."""

    async def take_off(self) -> None:
        """Do nothing."""

    async def put_back(self) -> None:
        """Do nothing."""

    async def lose_sessions(self) -> None:
        """Do nothing."""

    def show_certificate(self, kind: str | None) -> None:
        """Do nothing."""


class Troubles:
    """The faults of one contestant: links and devices of its stations, and what is planned for them."""

    def __init__(
        self, site: SimSite, scenario: Scenario, port: PlantPort | None, now: Callable[[], float]
    ) -> None:
        """Raise ScenarioError for faults that cannot be had."""
        facts = facts_of(site, pipes=port is not None)
        self.links = {name: JudgedLink() for name in facts}
        self.devices = {name: Misbehaviour() for name in facts}
        targets = {
            name: Target(
                facts=fact,
                link=self.links[name],
                server=_NoServer(),
                device=self.devices[name],
                plant=port,
                rng=random.Random(f"{site.seed}:{name}"),
                now=now,
            )
            for name, fact in facts.items()
        }
        self._engine = FaultEngine(targets)
        self._engine.schedule(planned_faults(scenario, facts, site.seed), scenario.start)

    async def advance(self, now: float) -> None:
        """Begin and end what is due at UTC second ``now``."""
        await self._engine.advance(now)


def planned_faults(scenario: Scenario, facts: Mapping[str, Facts], seed: int) -> list[Planned]:
    """Return the faults of a scenario at the stations of a site; raises ScenarioError."""
    if not scenario.faults:
        return []
    tables = scenario.faults.get("fault")
    assert isinstance(tables, list)
    often = [table.get(EVERY) for table in tables]
    plain = [{key: value for key, value in table.items() if key != EVERY} for table in tables]
    try:
        planned = read_scenario({**scenario.faults, "fault": plain}, facts, seed)
    except ScenarioFaults as wrong:
        raise ScenarioError(f"scenario {scenario.name!r} cannot be used:\n{wrong}") from wrong
    strange = [one.fault.name for one in planned if one.fault.name not in JUDGED]
    if strange:
        raise ScenarioError(
            f"scenario {scenario.name!r}: the judge has no fault {strange[0]!r}; "
            f"known are: {', '.join(JUDGED)}"
        )
    end_s = 86_400.0 * (scenario.uncounted_days + scenario.counted_days)
    every: list[Planned] = []
    for one, period_s in zip(planned, often, strict=True):
        if period_s is None:
            every.append(one)
        elif isinstance(period_s, int | float) and period_s >= 2.0 * (one.duration_s or 0.0) > 0.0:
            every += _repeated(one, float(period_s), end_s, seed)
        else:
            raise ScenarioError(
                f"scenario {scenario.name!r}: {EVERY} = {period_s!r}: must be a number of at least twice "
                f"duration_s of {one.fault.name}"
            )
    return every


def _repeated(one: Planned, period_s: float, end_s: float, seed: int) -> list[Planned]:
    """Return a fault again and again until the end, at each of its stations by its own clock."""
    result = []
    for station in one.stations:
        rng = random.Random(f"{seed}:{one.fault.name}:{station}")
        at_s = one.at_s + rng.uniform(0.0, period_s)
        while at_s < end_s:
            length_s = (one.duration_s or 0.0) * rng.uniform(0.5, 1.5)
            result.append(replace(one, at_s=at_s, duration_s=length_s, stations=(station,)))
            at_s += period_s
    return result
