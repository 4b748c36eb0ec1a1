"""What the instruments of the physical city show at a poll; all copies have the same, with the same noise.

Meters are those of ``fieldtruth.draw_sensors``: one set on each loop, and one on each station's primary side.
As much is lost of a poll as in service, so as many cycles have to do without a value; but here it stays away
until the next poll, five minutes and not ten seconds later. Pressures and outdoor temperatures always come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.city import Shown
from simulators.fieldtruth.draw_sensors import KINDS, draw_indoor, draw_meters
from simulators.fieldtruth.parameters import parameters
from simulators.plant import zone
from simulators.plant.meter import Meters, measure
from simulators.plant.water import specific_heat
from simulators.servers.misbehaviour import DeviceClock
from simulators.truth import draw_station

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.fieldtruth.build import FieldCity
    from simulators.plant.arrays import Floats, Indices
    from simulators.plant.city_parts import CityState
    from simulators.plant.network.graph import Flags
    from simulators.plant.sensing import IndoorSensors
    from simulators.sitefile import SimSite

_OF_LOOP = [KINDS.index(kind) for kind in ("T_supply", "T_return", "m_flow")]
_OF_STATION = [KINDS.index(kind) for kind in ("T_supply_primary", "T_return_primary", "m_flow_primary")]
OUTDOOR_NOISE_K, OUTDOOR_QUANTUM_K = 0.05, 0.1


class Instruments:
    """The meters of one city."""

    def __init__(self, field: FieldCity, site: SimSite, start: float) -> None:
        """The stations' clocks were set at UTC second ``start``, as well as people set them."""
        station = field.params.station.station
        drawn = draw_meters(field.city, station, parameters())
        bank = drawn.meters
        self._seed = site.seed
        self._n_stations = len(site.stations)
        first = np.searchsorted(station, np.arange(self._n_stations))
        self.of_loops = _rows(bank, _OF_LOOP)
        """Supply, return, circulation of each loop."""
        self.dropout = drawn.dropout
        """Share of the readings of each loop's meters, and of its sensors in dwellings, that never come."""
        self._station_dropout = drawn.dropout[first]
        off = zip(drawn.clock_offset[first].tolist(), drawn.clock_drift[first].tolist(), strict=True)
        self.clocks = [DeviceClock(offset, drift, start) for offset, drift in off]
        """Of each station."""
        self._of_stations = _rows(bank, _OF_STATION, first)
        truths = [draw_station(site.seed, one) for one in site.stations]
        self.has_outdoor = [truth.outdoor_sensor for truth in truths]
        self._outdoor_offset = np.array([truth.outdoor_offset for truth in truths])

    def indoor(self, field: FieldCity, state: CityState) -> IndoorSensors:
        """Return the sensors in dwellings, hung when these were as warm as in ``state``."""
        return draw_indoor(field.city, field.params, field.occupied, zone.indoor(state.T), parameters())

    def show(
        self,
        now: float,
        T_outdoor: Floats,
        loops: Floats,
        stations: Floats,
        p: Floats,
        pumps: Floats,
        valves: Floats,
    ) -> Shown:
        """Return what one copy shows at UTC second ``now``; noise depends on seed and moment alone.

        True values: ``T_outdoor`` at each station's sensor; ``loops`` and ``stations`` in the order of the
        meters, for stations with supply and return pressure (kPa) behind them; ``p`` kPa in
        the secondary supplies and returns; ``pumps`` rows of speed and kW; ``valves`` 0..1.
        """
        rng = np.random.default_rng([self._seed, 0x3E7E, int(now)])
        T_in, T_back, m = measure(stations[:3], self._of_stations, rng)
        m = np.maximum(m, 0.0)
        supply, back, circulation = measure(loops, self.of_loops, rng)
        outdoor = T_outdoor + self._outdoor_offset + OUTDOOR_NOISE_K * rng.standard_normal(self._n_stations)
        outdoor = np.round(outdoor / OUTDOOR_QUANTUM_K) * OUTDOOR_QUANTUM_K
        Q = np.maximum(m * specific_heat(0.5 * (T_in + T_back)) * (T_in - T_back), 0.0)
        indoor = np.zeros_like(supply)  # the homes know it
        of_loops = np.stack([supply, back, np.maximum(circulation, 0.0), *p, indoor, *pumps])
        of_stations = np.stack([T_in, T_back, m, *stations[3:], outdoor, Q])
        chance = np.random.default_rng([self._seed, 0xD209, int(now)])
        lost_loops = chance.random((3, len(supply))) < self.dropout
        lost_stations = chance.random((3, self._n_stations)) < self._station_dropout
        lost_heat = lost_stations.any(axis=0)  # its meter has it from these three
        return Shown(
            loops=_without(of_loops, lost_loops),
            stations=_without(of_stations, np.vstack([lost_stations, [lost_heat]]), [0, 1, 2, -1]),
            valves=valves.tolist(),
        )


def _without(shown: Floats, lost: Flags, kinds: Sequence[int] = (0, 1, 2)) -> list[list[float | None]]:
    """Return what is shown place by place, None for what is lost of these kinds."""
    places: list[list[float | None]] = shown.T.tolist()
    for row, place in zip(*np.nonzero(lost), strict=True):
        places[place][kinds[row]] = None
    return places


def _rows(bank: Meters, rows: list[int], columns: Indices | None = None) -> Meters:
    """Return some kinds of a bank, of all places or some."""

    def part(values: Floats) -> Floats:
        return values[rows] if columns is None else values[rows][:, columns]

    return Meters(
        offset=part(bank.offset), gain=part(bank.gain), noise=part(bank.noise), quantum=part(bank.quantum)
    )
