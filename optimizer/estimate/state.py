"""What is known of n loops between two cycles, what a cycle measures, and what is trusted beforehand."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

import numpy as np

from optimizer.building import Buildings, Floats, steady_heat, steady_state
from optimizer.identify.parameters import SENSOR_BIAS_SD_K, WATER_WH_PER_M2K
from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

T_ROOM, T_ENVELOPE, DISTURBANCE, BIAS, LAW = range(5)
"""Places in the mean and covariance of a loop."""
N_STATES = 5
HEARD_INDOOR_S, HEARD_HEAT_S = 7200.0, 6 * 3600.0
"""For so long after its last good reading a loop counts as measured; as estimated."""
LOST_SD_K = 6.0
BIAS_USED_SD_K = 0.2
"""Of the sensors' bias, what a cycle may use to explain that law and house tell another room than they do.
Both were fitted to these sensors, so their voice is no second witness: with all of ``Trust.sensor_sd`` warm
rooms were taken for cooler and cold ones for warmer than their sensors rightly said. It stays as doubt."""
T_BEGIN_DEGC, T_BEGIN_SD_K = 21.0, 2.3
"""Indoor mean of loops before anything was heard, and its spread between stations on a common curve."""


class Flag(IntEnum):
    """Where a loop's indoor temperature comes from."""

    MEASURED = 0
    """From sensors, their bias estimated."""
    ESTIMATED = 1
    """From heat, water and weather."""
    LOST = 2
    """From nothing recent."""


class Doubt(IntFlag):
    """What made an estimate worse in its last cycle."""

    HEAT_DISAGREES = 1
    """Heat meter, and flow with temperatures, tell different heats; both are doubted."""
    NO_HEAT = 2
    """Neither told a heat: the last one is held, ever less surely."""
    SWAPPED = 4
    """The return is warmer than the supply."""
    IMPLAUSIBLE = 8
    """A value that no loop has; it was left out."""
    NO_OUTDOOR = 16
    NO_SUN = 32
    INDOOR_JUMPED = 64
    """Sensors are far off what can have happened; they count little until that lasts."""
    LAW_JUMPED = 128
    """The same of the room that the water tells of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """One cycle of n loops, shape (n,) each; NaN where there is no good and recent reading."""

    T_indoor: Floats
    """Mean of sensors, degC."""
    T_supply: Floats
    T_return: Floats
    """Secondary, degC."""
    m_flow: Floats
    """Circulation, kg/s."""
    Q_meter: Floats
    """Of a heat meter of this loop alone, kW."""
    T_outdoor: Floats
    """degC."""
    sun: Floats
    """On the horizontal, W/m2."""
    wind: Floats
    """m/s."""


def measured(loops: int, **values: Floats | float) -> Measurements:
    """Return a cycle of ``loops`` loops by the names of ``Measurements``; what is not named is absent."""
    series = {name: np.full(loops, np.nan) for name in Measurements.__slots__}
    unknown = sorted(set(values) - set(series))
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: nothing of that name is measured; known: {', '.join(series)}"
        )
    for name, value in values.items():
        series[name] = np.array(np.broadcast_to(value, (loops,)), dtype=np.float64)
    return Measurements(**series)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is known of n loops' errors beforehand, shape (n,) each."""

    sensor_bias: Floats
    sensor_sd: Floats
    """What a loop's sensors show above its mean dwelling, as identified, and its doubt, K."""
    disturbance_sd: Floats
    """Of heat that no input explains, W/m2."""
    level_sd: Floats
    """By which the room of a loop without sensors may be off altogether, K: what identification told."""
    water: Floats
    """What the loop's water stores, Wh/(m2 K)."""

    def take(self, index: slice | Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> Trust:
        """Return some of the loops."""
        chosen = index if isinstance(index, slice) else np.asarray(index)
        return Trust(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def trust_before(n: int) -> Trust:
    """Return what to trust of loops that nobody has identified: little."""
    return Trust(
        sensor_bias=np.zeros(n),
        sensor_sd=np.full(n, SENSOR_BIAS_SD_K),
        disturbance_sd=np.full(n, 6.0),
        level_sd=np.full(n, T_BEGIN_SD_K),
        water=np.full(n, WATER_WH_PER_M2K),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateState:
    """n loops; finite, always."""

    mean: Floats
    """Room and envelope in degC, disturbance in W/m2, sensors' bias and error of the radiator law in K,
    shape (n, 5)."""
    covariance: Floats
    """Shape (n, 5, 5)."""
    trust: Trust
    q: Floats
    q_sd: Floats
    """Heat delivered and its doubt, W/m2."""
    q_meter: Floats
    q_water: Floats
    """As the meter and as flow and temperatures told it last, W/m2; 0 before."""
    T_outdoor: Floats
    T_outdoor_sd: Floats
    slow: Floats
    """Running means of supply, return (degC) and heat (W/m2), shape (3, n)."""
    since_indoor_s: Floats
    since_heat_s: Floats
    since_water_s: Floats
    """Since the last good reading."""
    doubts: NDArray[np.int64]
    """Sums of ``Doubt``."""

    def __len__(self) -> int:
        return len(self.q)

    @property
    def T_indoor(self) -> Floats:  # noqa: N802 - a field symbol
        """Mean of the dwellings, degC, shape (n,)."""
        return self.mean[:, T_ROOM]

    @property
    def T_indoor_sd(self) -> Floats:  # noqa: N802 - a field symbol
        """Its doubt, K.

        All that a filter hears of a loop rests on the same model, so what that may be off altogether stays,
        however often it is heard. With sensors it is their bias, all of it: house and emitters were fitted to
        them, and are no second witness.
        """
        own, level = np.sqrt(self.covariance[:, T_ROOM, T_ROOM]), self.trust.level_sd
        measured = np.maximum(own, self.trust.sensor_sd)
        return np.where(self.since_indoor_s <= HEARD_INDOOR_S, measured, np.hypot(own, level))

    @property
    def x(self) -> Floats:
        """[T_i, T_e] in degC, shape (n, 2), where a plan begins."""
        return self.mean[:, : T_ENVELOPE + 1]

    @property
    def disturbance(self) -> Floats:
        """Heat that no input explains, W/m2, shape (n,)."""
        return self.mean[:, DISTURBANCE]

    @property
    def flags(self) -> NDArray[np.int64]:
        """``Flag`` of each loop."""
        lost = (self.since_heat_s > HEARD_HEAT_S) | (self.T_indoor_sd > LOST_SD_K)
        unmeasured = np.where(lost, Flag.LOST, Flag.ESTIMATED)
        return np.where(self.since_indoor_s <= HEARD_INDOOR_S, np.int64(Flag.MEASURED), unmeasured)

    def reasons(self, i: int) -> tuple[Reason, ...]:
        """Return what worsened the estimate of loop ``i`` in the last cycle."""
        found = Doubt(int(self.doubts[i]))
        told = []
        for doubt in found:
            name = f"estimate.{str(doubt.name).lower()}"
            match doubt:
                case Doubt.HEAT_DISAGREES:
                    told.append(because(name, meter=float(self.q_meter[i]), water=float(self.q_water[i])))
                case Doubt.NO_HEAT:
                    told.append(because(name, held_s=float(self.since_heat_s[i]), q=float(self.q[i])))
                case _:
                    told.append(because(name))
        return tuple(told)


def begin(buildings: Buildings, trust: Trust, T_outdoor: float) -> EstimateState:
    """Return loops of which nothing was heard yet, ``T_outdoor`` degC outside (the mean of the last days)."""
    n = len(buildings)
    q = steady_heat(buildings, T_BEGIN_DEGC, T_outdoor, buildings.gain)
    mean = np.zeros((n, N_STATES))
    mean[:, : T_ENVELOPE + 1] = steady_state(buildings, q, T_outdoor, buildings.gain)
    mean[:, BIAS] = trust.sensor_bias
    covariance = np.zeros((n, N_STATES, N_STATES))
    # a house that is warmer than thought has warmer walls
    covariance[:, T_ROOM, T_ROOM] = covariance[:, T_ENVELOPE, T_ENVELOPE] = T_BEGIN_SD_K**2
    covariance[:, T_ROOM, T_ENVELOPE] = covariance[:, T_ENVELOPE, T_ROOM] = 0.9 * T_BEGIN_SD_K**2
    covariance[:, DISTURBANCE, DISTURBANCE] = trust.disturbance_sd**2
    covariance[:, BIAS, BIAS] = np.minimum(trust.sensor_sd, BIAS_USED_SD_K) ** 2
    covariance[:, LAW, LAW] = LAW_SD_K**2 + trust.level_sd**2
    long_ago = np.full(n, 1e7)
    return EstimateState(
        mean=mean,
        covariance=covariance,
        trust=trust,
        q=q,
        q_sd=0.5 * q + 5.0,
        q_meter=np.zeros(n),
        q_water=np.zeros(n),
        T_outdoor=np.full(n, T_outdoor),
        T_outdoor_sd=np.full(n, 5.0),
        slow=np.stack([np.full(n, T_BEGIN_DEGC), np.full(n, T_BEGIN_DEGC), q]),
        since_indoor_s=long_ago,
        since_heat_s=long_ago.copy(),
        since_water_s=long_ago.copy(),
        doubts=np.zeros(n, dtype=np.int64),
    )


LAW_SD_K = 0.7
"""By which the radiator law wanders off the room over days: habits, valves, uneven flows. What it is off
altogether is ``Trust.level_sd``."""
