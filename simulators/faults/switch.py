"""The live switch: the control channel's ``fault`` request, for demonstrations and tests."""

import random
from collections.abc import Mapping
from typing import Any

from simulators.control import ControlError
from simulators.faults.engine import FaultEngine
from simulators.faults.model import Target
from simulators.faults.registry import FAULTS, UnknownFault, find
from simulators.faults.scenario import ScenarioFaults, read_fault


class FaultSwitch:
    """Reads requests and hands them to the engine."""

    def __init__(self, engine: FaultEngine, targets: Mapping[str, Target]) -> None:
        self._engine = engine
        self._targets = targets
        self._rng = random.Random("switch")

    async def handle(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Return the answer to one request; raises ControlError with everything that is wrong."""
        match request.get("action"):
            case "on":
                return await self._on(request, now)
            case "off":
                return {"ended": await self._off(request)}
            case "list":
                return {"on": self._engine.active(), "planned": self._engine.planned()}
            case "known":
                return {"faults": {name: fault.does for name, fault in FAULTS.items()}}
            case other:
                raise ControlError(f"action {other!r} is not known; known are on, off, list, known")

    async def _on(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        options = request.get("options", {})
        if not isinstance(options, dict):
            raise ControlError(f"options = {options!r}: must be an object")
        table = {key: request[key] for key in ("name", "stations", "duration_s") if key in request} | options
        facts = {name: target.facts for name, target in self._targets.items()}
        try:
            planned = read_fault(table, facts, self._rng, at_once=True)
        except ScenarioFaults as wrong:
            raise ControlError("\n".join(wrong.faults)) from None
        await self._engine.begin(planned, now)
        return {"name": planned.fault.name, "stations": list(planned.stations)}

    async def _off(self, request: Mapping[str, Any]) -> int:
        name, stations = request.get("name"), request.get("stations")
        if name is not None:
            try:
                name = find(str(name)).name
            except UnknownFault as error:
                raise ControlError(str(error)) from None
        if isinstance(stations, str):
            stations = None if stations == "all" else [stations]
        for station in stations or ():
            if station not in self._targets:
                raise ControlError(f"stations: {station!r} is not simulated here")
        return await self._engine.end(name, stations)
