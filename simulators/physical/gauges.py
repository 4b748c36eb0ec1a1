"""The instruments of a served physical city: what PLCs measure, what is reported of it, what did not come.

Temperatures and flows err as ``fieldtruth.draw_sensors`` has drawn it. A PLC controls on the fine value of
its input card; what it reports is rounded, and of that some never comes.
"""

import numpy as np

from simulators.fieldtruth.build import FieldCity
from simulators.fieldtruth.draw_sensors import KINDS, draw_indoor, draw_meters
from simulators.fieldtruth.parameters import parameters
from simulators.plant import zone
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import CityState
from simulators.plant.network.graph import Flags
from simulators.plant.sensing import SensingParams
from simulators.plant.water import specific_heat
from simulators.sitefile import SimSite
from simulators.truth import draw_station

P_NOISE_kPa, P_QUANTUM_kPa, P_OFFSET_kPa = 0.4, 0.1, 2.0
OUTDOOR_NOISE_K, OUTDOOR_QUANTUM_K = 0.05, 0.1
Readings = dict[str, list[float | None]]
_LOOP = ("T_supply", "T_return", "m_flow")
_STATION = ("T_supply_primary", "T_return_primary", "m_flow_primary")


class Gauges:
    """All instruments of one city; ``observe`` reads them, the attributes show what was read."""

    def __init__(self, field: FieldCity, site: SimSite, state: CityState, seed: int) -> None:
        """Sensors in dwellings are hung when these are as warm as in ``state``."""
        tables = parameters()
        station = field.params.station.station
        self._rng = np.random.default_rng([seed, 0x3E7E])
        bank = draw_meters(field.city, station, tables)
        first = np.searchsorted(station, np.arange(len(site.stations)))
        self._loops = _Bank(bank, [KINDS.index(kind) for kind in _LOOP], np.arange(len(station)))
        self._stations = _Bank(bank, [KINDS.index(kind) for kind in _STATION], first)
        self.clock_offset, self.clock_drift = bank.clock_offset[first], bank.clock_drift[first]
        """s that each station's clock is fast at the start, and s that it gains in a day."""
        self._sensors = draw_indoor(field.city, field.params, field.occupied, zone.indoor(state.T), tables)
        self._loop_of_sensor = field.params.house.loop[self._sensors.house]
        n_sensors = np.bincount(self._loop_of_sensor, minlength=len(station))
        self.has_indoor: list[bool] = (n_sensors > 0).tolist()
        self._sensor_dropout = bank.dropout[self._loop_of_sensor]
        truths = [draw_station(site.seed, one) for one in site.stations]
        self._outdoor = [truth.outdoor_sensor for truth in truths]
        self._outdoor_offset = np.array([truth.outdoor_offset for truth in truths])
        self.hours_before = np.array([truth.hours_before for truth in truths])
        offsets = np.random.default_rng([field.city.seed, 0x9E6])
        self._p_loops = P_OFFSET_kPa * np.clip(offsets.standard_normal((2, len(station))), -2.0, 2.0)
        self._p_stations = P_OFFSET_kPa * np.clip(offsets.standard_normal((2, len(first))), -2.0, 2.0)
        self.seen: dict[str, list[float]] = {}
        self.loops: Readings = {}
        self.stations: Readings = {}
        self.Q: Floats = np.zeros(len(first))
        """kW of each station's heat meter."""
        self.Q_shown: list[float | None] = []
        self.m_flow_primary: Floats = np.zeros(len(first))
        """kg/s that it counts."""

    def observe(
        self,
        loops: Floats,
        p_loops: Floats,
        stations: Floats,
        p_stations: Floats,
        T_outdoor: Floats,
        T: Floats,
    ) -> None:
        """Read true values: temperatures (degC) and flow of loops and of stations' primary sides, pressures.

        ``T_outdoor`` at each station's sensor, ``T`` of the zones (n_houses, n_zones).
        """
        rng = self._rng
        fine, coarse, there = self._loops.read(loops, rng)
        self.seen = dict(zip(_LOOP, fine.tolist(), strict=True))
        p = _pressures(p_loops, self._p_loops, rng)
        self.loops = {
            **{kind: _told(row, came) for kind, row, came in zip(_LOOP, coarse, there, strict=True)},
            "p_supply": p[0], "p_return": p[1],
            "T_indoor": self._indoor(T, len(fine[0])),
        }  # fmt: skip
        _, coarse, there = self._stations.read(stations, rng)
        T_in, T_back, m = coarse
        self.m_flow_primary = np.maximum(m, 0.0)
        self.Q = np.maximum(self.m_flow_primary * specific_heat(0.5 * (T_in + T_back)) * (T_in - T_back), 0.0)
        self.Q_shown = _told(self.Q, np.logical_and.reduce(there))
        self.stations = _readings(coarse, there, _pressures(p_stations, self._p_stations, rng))
        outdoor = T_outdoor + self._outdoor_offset + OUTDOOR_NOISE_K * rng.standard_normal(len(m))
        outdoor = np.round(outdoor / OUTDOOR_QUANTUM_K) * OUTDOOR_QUANTUM_K
        self.stations["T_outdoor"] = outdoor.tolist()

    def outdoor(self, station: int) -> float | None:
        """Return what a station's own outdoor sensor shows in degC; None where there is none."""
        return self.stations["T_outdoor"][station] if self._outdoor[station] else None

    def _indoor(self, T: Floats, n_loops: int) -> list[float | None]:
        """Return the mean of each loop's sensors that came; None where none did."""
        came = self._rng.random(len(self._sensor_dropout)) >= self._sensor_dropout
        where = self._loop_of_sensor[came]
        count = np.bincount(where, minlength=n_loops)
        total = np.bincount(where, weights=self._sensors.show(T)[came], minlength=n_loops)
        return _told(total / np.maximum(count, 1), count > 0)


class _Bank:
    """Some kinds of a bank of meters at some places."""

    def __init__(self, bank: SensingParams, kinds: list[int], places: Indices) -> None:
        def part(values: Floats) -> Floats:
            return values[kinds][:, places]

        meters = bank.meters
        self._gain, self._offset = 1.0 + part(meters.gain), part(meters.offset)
        self._noise, self._quantum = part(meters.noise), part(meters.quantum)
        self._dropout = bank.dropout[places]

    def read(self, true: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Flags]:
        """Return (fine, rounded, whether it came), shape (n_kinds, n_places)."""
        fine = true * self._gain + self._offset + self._noise * rng.standard_normal(true.shape)
        there = rng.random(true.shape) >= self._dropout
        return fine, np.round(fine / self._quantum) * self._quantum, there


def _told(values: Floats, came: Flags) -> list[float | None]:
    told: list[float | None] = values.tolist()
    for place in np.flatnonzero(~came):
        told[place] = None
    return told


def _readings(shown: Floats, came: Flags, p: Floats) -> Readings:
    """Return rows by name; pressures always come."""
    rows = {kind: _told(row, there) for kind, row, there in zip(_LOOP, shown, came, strict=True)}
    return rows | {"p_supply": p[0].tolist(), "p_return": p[1].tolist()}


def _pressures(true: Floats, offset: Floats, rng: np.random.Generator) -> Floats:
    shown = true + offset + P_NOISE_kPa * rng.standard_normal(true.shape)
    return np.asarray(np.round(shown / P_QUANTUM_kPa) * P_QUANTUM_kPa)
