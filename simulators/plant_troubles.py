"""How the plant of ``SimulatedCity`` carries the troubles of ``simulators.faults.plant_port``."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

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
from simulators.station import SimulatedCity
from simulators.troubles import Seepage

BURST_MAX_kPa = 250.0
"""Then the water stands at the height of the leak."""
EXCHANGER_MAX_kPa = 60.0
EXCHANGER_PRIMARY_SHARE = 0.5

End = Callable[[], None]


class CityTroubles:
    """The door of one simulated city for faults of its plant."""

    def __init__(self, city: SimulatedCity) -> None:
        self._city, self._works = city, city.simple_works
        self._troubles = self._works.troubles
        self._places: dict[str, tuple[int, tuple[int, ...]]] = {}
        first = 0
        for index, (name, sim) in enumerate(city.stations.items()):
            self._places[name] = index, tuple(range(first, first + sim.n_loops))
            first += sim.n_loops

    def begin(self, station: str, trouble: Trouble) -> End:
        """Begin a trouble at a station (or source); the function returned ends it."""
        if isinstance(trouble, SourceLimited):
            return self._city.capacities.limit(station, trouble.share)
        index, loops = self._places[station]
        match trouble:
            case ValveStuck(position=position):
                return self._hold_valves(loops, position)
            case PumpTripped():
                self._troubles.tripped_pumps.update(loops)
                return partial(self._troubles.tripped_pumps.difference_update, loops)
            case PipeBurst(share=share, dp_per_min=dp_per_min):
                return self._seep(index, loops, share, -dp_per_min, BURST_MAX_kPa, 0.0)
            case ExchangerLeaks(dp_per_min=dp_per_min):
                return self._seep(index, loops, 0.0, dp_per_min, EXCHANGER_MAX_kPa, EXCHANGER_PRIMARY_SHARE)
            case Fouled(resistance=resistance):
                self._foul(loops, resistance)
                return partial(self._foul, loops, -resistance)
            case CurveMoved(dT=dT):
                move = self._city.stations[station].move_curves
                move(dT)
                return partial(move, -dT)
            case SunOnSensor(K_per_W_m2=K_per_W_m2):
                self._shine(index, K_per_W_m2)
                return partial(self._shine, index, -K_per_W_m2)
            case MainBurst():
                raise AssertionError("this plant has no mains: Facts.pipes is false")
            case _:
                assert_never(trouble)

    def _hold_valves(self, loops: tuple[int, ...], position: float | None) -> End:
        held, at = self._troubles.held_valves, self._works.loops.y_valve
        for loop in loops:
            held[loop] = float(at[loop]) if position is None else position

        def end() -> None:
            for loop in loops:
                held.pop(loop, None)

        return end

    def _seep(
        self, index: int, loops: tuple[int, ...], share: float, per_min: float, most: float, primary: float
    ) -> End:
        seepage = Seepage(
            loops=loops,
            station=index,
            makeup_share=share,
            kPa_per_s=per_min / 60.0,
            most_kPa=most,
            primary_share=primary,
        )
        self._troubles.seepages.append(seepage)
        return partial(self._mend, seepage)

    def _mend(self, seepage: Seepage) -> None:
        """Repaired and filled again: the pressure is what it was."""
        self._troubles.seepages[:] = [other for other in self._troubles.seepages if other is not seepage]

    def _foul(self, loops: tuple[int, ...], resistance: float) -> None:
        works = self._works
        fouling = works.params.fouling.copy()
        fouling[list(loops)] += resistance
        works.params = replace(works.params, fouling=fouling)

    def _shine(self, index: int, gain: float) -> None:
        self._troubles.sun_gain[index] += gain
