"""The buildings behind a loop as four heat stores: air, furniture, walls and (with floor heating) the slab.

A resistance-capacity network after EN ISO 52016-1, lumped; all quantities belong to the whole loop.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from simulators.plant.arrays import Floats

AIR, FURNITURE, WALL, SLAB = range(4)

AIR_HEAT_Wh_PER_m3K = 0.34
"""Volumetric heat capacity of air at 20 degC (EN ISO 52016-1)."""

ROOM_HEIGHT_m = 2.7

WINDOW_OPENS_ABOVE_degC = 24.5
WINDOW_ACH_PER_K = 0.08
WINDOW_ACH_MAX = 0.8
"""People open windows when it is too warm: extra air changes per hour and K above the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingParams:
    """Constants of the buildings of each loop, shape (n_loops,) where not said otherwise."""

    A_heated: Floats
    """Heated floor area in m2."""
    C: Floats
    """Heat capacities in kJ/K, shape (n_loops, 4)."""
    G_window: Floats
    """Air to outdoor past the walls (windows, doors, bridges), kW/K."""
    G_air_furniture: Floats
    G_air_wall: Floats
    G_wall_outdoor: Floats
    G_slab_air: Floats
    """Conductances between the stores in kW/K."""
    ach: Floats
    """Air changes per hour at 2 m/s wind with windows shut."""
    gains: Floats
    """Mean heat of people and appliances in kW."""
    aperture: Floats
    """Sun-collecting area in m2 on the horizontal irradiation."""
    split: Floats
    """Shares of the emitter's heat into the four stores, shape (n_loops, 4), rows add to 1."""
    exchange: npt.NDArray[np.float64] = field(init=False)
    """Matrices (n_loops, 4, 4) in kW/K of what the stores exchange with each other and the wall loses."""

    def __post_init__(self) -> None:
        """Work out once what does not change from step to step."""
        object.__setattr__(self, "exchange", _exchange(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the sky does to all buildings at one moment."""

    T_outdoor: float
    """degC."""
    wind: float
    """m/s."""
    irradiation: float
    """W/m2 on the horizontal."""
    gains_share: float = 1.0
    """Heat of people now over its mean of the day."""


def ventilation(params: BuildingParams, T_air: Floats, wind: float) -> Floats:
    """Return the air-change conductance in kW/K: wind through the leaks plus opened windows."""
    leak = params.ach * (0.6 + 0.2 * wind)
    window = np.clip((T_air - WINDOW_OPENS_ABOVE_degC) * WINDOW_ACH_PER_K, 0.0, WINDOW_ACH_MAX)
    return (leak + window) * AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m * params.A_heated / 1000.0


def step(
    T: Floats, Q_emitter: Floats, params: BuildingParams, now: Surroundings, dt: float
) -> tuple[Floats, Floats]:
    """Advance the stores ``T`` (n_loops, 4) by ``dt`` s; return (new T, heat lost to outdoors in kW).

    Implicit Euler: stable for any ``dt``, and what enters equals what is stored plus what is lost.
    """
    G_out = params.G_window + ventilation(params, T[:, AIR], now.wind)
    system = _system(params, G_out, dt)
    solar = params.aperture * now.irradiation / 1000.0
    people = params.gains * now.gains_share
    right = params.C / dt * T + params.split * Q_emitter[:, None]
    right[:, AIR] += G_out * now.T_outdoor + 0.5 * people + 0.3 * solar
    right[:, FURNITURE] += 0.5 * people + 0.7 * solar
    right[:, WALL] += params.G_wall_outdoor * now.T_outdoor
    T_next = np.linalg.solve(system, right[:, :, None])[:, :, 0]
    lost = G_out * (T_next[:, AIR] - now.T_outdoor)
    lost = lost + params.G_wall_outdoor * (T_next[:, WALL] - now.T_outdoor)
    return np.asarray(T_next), np.asarray(lost)


def _system(params: BuildingParams, G_out: Floats, dt: float) -> npt.NDArray[np.float64]:
    """Return the matrices (n_loops, 4, 4) of the implicit step in kW/K."""
    system = params.exchange.copy()
    system[:, AIR, AIR] += G_out
    diagonal = system.reshape(-1, 16)[:, ::5]
    diagonal += params.C / dt
    return system


def _exchange(params: BuildingParams) -> npt.NDArray[np.float64]:
    system = np.zeros((len(params.A_heated), 4, 4))
    pairs = (
        (AIR, FURNITURE, params.G_air_furniture),
        (AIR, WALL, params.G_air_wall),
        (AIR, SLAB, params.G_slab_air),
    )
    for first, second, G in pairs:
        system[:, first, first] += G
        system[:, second, second] += G
        system[:, first, second] -= G
        system[:, second, first] -= G
    system[:, WALL, WALL] += params.G_wall_outdoor
    return system


def indoor_mean(T: Floats) -> Floats:
    """Return the operative temperature (EN ISO 7726): half air, half surfaces, for which furniture stands."""
    return 0.5 * T[:, AIR] + 0.5 * T[:, FURNITURE]
