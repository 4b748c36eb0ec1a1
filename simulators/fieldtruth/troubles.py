"""How the physical city carries the troubles of ``simulators.faults.plant_port``.

Here nothing is shown that does not flow: pressures, temperatures and heat follow from the water. Several
troubles may stand at one station; each is ended by what ``begin`` returned for it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, assert_never

import numpy as np

from simulators.faults.plant_port import (
    CurveMoved,
    ExchangerLeaks,
    Fouled,
    MainBurst,
    PipeBurst,
    PumpTripped,
    SourceLimited,
    SunOnSensor,
    Trouble,
    ValveStuck,
)
from simulators.fieldtruth.build import FieldCity
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import CityInputs
from simulators.plant.city_plant import CityPlant

DP_OF_HOLES_kPa = 100.0
"""Between both sides of an exchanger: at this a hole lifts the secondary pressure at the pace asked for."""

End = Callable[[], None]


class OwnControllers(Protocol):
    """What runs the stations, as far as people and the sun mislead it; both arrays are replaced as wholes."""

    curve_shift: Floats
    """K that somebody has moved each loop's curve by, shape (n_loops,)."""
    sun_gain: Floats
    """K that each loop's outdoor sensor is too warm per W/m2 of sun on the horizontal, shape (n_loops,)."""


class FieldTroubles:
    """The door of one physical city for faults of its plant; ``applied`` is what reaches it of all orders."""

    def __init__(self, field: FieldCity, plant: CityPlant, control: OwnControllers) -> None:
        self._field, self._plant, self._control = field, plant, control
        self._stations = {name: i for i, name in enumerate(field.city.stations.id)}
        self._sources = {name: i for i, name in enumerate(field.city.sources.id)}
        self._standing: dict[object, tuple[Trouble, int]] = {}

    def begin(self, station: str, trouble: Trouble) -> End:
        """Begin a trouble at a station (or source); the function returned ends it."""
        place = (self._sources if isinstance(trouble, SourceLimited) else self._stations)[station]
        key = object()
        self._standing[key] = trouble, place
        self._tell_controllers()

        def end() -> None:
            self._standing.pop(key, None)
            self._tell_controllers()

        return end

    def applied(self, inputs: CityInputs) -> CityInputs:
        """Return what reaches the city of what was commanded."""
        if not self._standing:
            return inputs
        broken = _Broken(inputs)
        for trouble, place in self._standing.values():
            self._break(broken, trouble, place)
        return broken.inputs()

    def _break(self, broken: "_Broken", trouble: Trouble, place: int) -> None:
        params, loops = self._field.params, self._loops(place)
        match trouble:
            case ValveStuck(position=position):
                if position is None:
                    broken.stuck[loops] = True
                else:
                    broken.valve[loops] = position
            case PumpTripped():
                broken.tripped[loops] = True
            case SourceLimited(share=share):
                broken.source_share[place] *= share
            case PipeBurst(share=share):
                broken.burst[loops] += share
            case ExchangerLeaks(dp_per_min=dp_per_min):
                pace = dp_per_min / 60.0 * self._plant.crossing.vessel[loops]
                broken.hole[loops] += pace / np.sqrt(DP_OF_HOLES_kPa)
            case Fouled(resistance=resistance):
                broken.fouling[loops] += resistance
            case MainBurst(m_flow=m_flow):
                network = params.network
                broken.leak[network.link_start[network.consumers][place]] += m_flow
            case CurveMoved() | SunOnSensor():
                pass  # the controllers know (_tell_controllers)
            case _:
                assert_never(trouble)

    def _tell_controllers(self) -> None:
        shift = np.zeros(len(self._field.params.station.UA))
        sun = np.zeros_like(shift)
        for trouble, place in self._standing.values():
            if isinstance(trouble, CurveMoved):
                shift[self._loops(place)] += trouble.dT
            elif isinstance(trouble, SunOnSensor):
                sun[self._loops(place)] += trouble.K_per_W_m2
        self._control.curve_shift, self._control.sun_gain = shift, sun

    def _loops(self, station: int) -> Indices:
        return np.flatnonzero(self._field.params.station.station == station)


class _Broken:
    """Inputs of a step that may be written to."""

    def __init__(self, inputs: CityInputs) -> None:
        self._inputs = inputs
        self.valve: Floats = inputs.valve.copy()
        self.stuck = inputs.stuck.copy()
        self.tripped = inputs.tripped.copy()
        self.source_share: Floats = inputs.source_share.copy()
        self.burst: Floats = inputs.burst.copy()
        self.hole: Floats = inputs.hole.copy()
        self.fouling: Floats = inputs.fouling.copy()
        self.leak: Floats = inputs.leak.copy()

    def inputs(self) -> CityInputs:
        """Return them as the plant takes them."""
        return replace(
            self._inputs,
            valve=self.valve,
            stuck=self.stuck,
            tripped=self.tripped,
            source_share=self.source_share,
            burst=self.burst,
            hole=self.hole,
            fouling=self.fouling,
            leak=self.leak,
        )
