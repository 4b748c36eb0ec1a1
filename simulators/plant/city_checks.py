"""Refuses what may not act upon the physical city: every number in its range, every fault with its place.

What is asked of a valve beyond its end, a share of capacity above 1 or an outdoor temperature that is no
number is a mistake of who asked. It is named here, before anything moves; nothing is cut to fit.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, every
from simulators.plant.city_parts import CityInputs, CityParams
from simulators.plant.network.errors import InvalidValue

SKY = {
    "T_outdoor": (-80.0, 60.0),
    "wind": (0.0, 80.0),
    "sun_direct": (0.0, 1500.0),
    "sun_diffuse": (0.0, 1500.0),
    "sun_elevation": (-90.0, 90.0),
    "sun_azimuth": (-720.0, 720.0),
}
"""Degrees C, m/s, W/m2 and degrees."""
SOURCE_DP_MAX_kPa = 1e5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One array of the inputs."""

    name: str
    what: str
    """It is given for."""
    places: tuple[str, ...]
    low: float
    high: float


class InputChecks:
    """The ranges of one city's inputs, laid out for one pass over all of them."""

    def __init__(self, params: CityParams) -> None:
        network, station = params.network, params.station.station
        stations = network.link_names[network.consumers]
        before = np.searchsorted(station, station)
        loops = tuple(
            f"{stations[row]}/{i - first + 1}"
            for i, (row, first) in enumerate(zip(station.tolist(), before.tolist(), strict=True))
        )
        sources = tuple(network.link_names[network.sources])
        nodes, pumps = tuple(network.node_names), tuple(network.pump_names)
        self._kinds = (
            _Kind(name="valve", what="loop", places=loops, low=0.0, high=1.0),
            _Kind(name="pump", what="loop", places=loops, low=0.0, high=1.0),
            _Kind(name="fouling", what="loop", places=loops, low=0.0, high=1e3),
            _Kind(name="burst", what="loop", places=loops, low=0.0, high=1.0),
            _Kind(name="hole", what="loop", places=loops, low=0.0, high=1e3),
            _Kind(name="source_T_set", what="source", places=sources, low=0.0, high=180.0),
            _Kind(name="source_m_flow", what="source", places=sources, low=0.0, high=1e6),
            _Kind(name="source_share", what="source", places=sources, low=0.0, high=1.0),
            _Kind(name="pump_speed", what="pump", places=pumps, low=0.0, high=1.5),
            _Kind(name="leak", what="node", places=nodes, low=0.0, high=1e6),
        )
        sizes = [len(kind.places) for kind in self._kinds]
        self._sizes = tuple(sizes)
        self._low = np.repeat([kind.low for kind in self._kinds], sizes)
        self._high = np.repeat([kind.high for kind in self._kinds], sizes)
        self._first_source = sources[network.reference]
        self._flags = (
            ("stuck", "loop", loops), ("tripped", "loop", loops), ("source_on", "source", sources),
        )  # fmt: skip

    def check(self, inputs: CityInputs) -> None:
        """Raise InvalidValue, with the key, the first value and all places, for what is out of its range."""
        values = (
            inputs.valve, inputs.pump, inputs.fouling, inputs.burst, inputs.hole, inputs.source_T_set,
            inputs.source_m_flow, inputs.source_share, inputs.pump_speed, inputs.leak,
        )  # fmt: skip
        if tuple(map(len, values)) != self._sizes:
            self._refuse_sizes(values)
        given = np.concatenate(values)
        if not every((given >= self._low) & (given <= self._high)):
            self._refuse(values)
        if not 0.0 <= inputs.source_dp <= SOURCE_DP_MAX_kPa:
            raise InvalidValue(
                f"source_dp {inputs.source_dp} is not within 0..{SOURCE_DP_MAX_kPa:g} kPa, source",
                [self._first_source],
            )
        for name, what, places in self._flags:
            if len(getattr(inputs, name)) != len(places):
                raise InvalidValue(
                    f"{name} has {len(getattr(inputs, name))} values for {len(places)} {what}s"
                )
        for name, (low, high) in SKY.items():
            value = getattr(inputs.sky, name)
            if not low <= value <= high:
                raise InvalidValue(f"{name} {value} of the weather is not within {low:g}..{high:g}")

    def _refuse_sizes(self, values: tuple[Floats, ...]) -> None:
        for kind, given in zip(self._kinds, values, strict=True):
            if len(given) != len(kind.places):
                raise InvalidValue(f"{kind.name} has {len(given)} values for {len(kind.places)} {kind.what}s")

    def _refuse(self, values: tuple[Floats, ...]) -> None:
        for kind, given in zip(self._kinds, values, strict=True):
            bad = np.flatnonzero(~((given >= kind.low) & (given <= kind.high)))
            if len(bad):
                raise InvalidValue(
                    f"{kind.name} {given[bad[0]]} is not within {kind.low:g}..{kind.high:g}, {kind.what}",
                    [kind.places[i] for i in bad],
                )
