"""The dwellings of each house as zones of five heat stores: air, furniture, slab, inner and outer wall.

A resistance-capacity network after EN ISO 52016-1 with the outer wall cut in two, so that a wall answers an
hour and a day differently. Arrays are (n_houses, n_zones): the zones of a house differ in exposure (ground
floor, middle, roof), in orientation and in who lives there; a vacant one draws heat through its party walls.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats

AIR, FURNITURE, SLAB, INNER, OUTER = range(5)
N_STORES = 5

AIR_HEAT_Wh_PER_m3K = 0.34
"""Volumetric heat capacity of air at 20 degC (EN ISO 52016-1)."""
ROOM_HEIGHT_m = 2.7

LEAKAGE_TO_ACH = 1.0 / 20.0
"""Air change over that at 50 Pa, at 20 K and 2 m/s (rule of Kronvall and Persily)."""
_dT_RULE_K, _WIND_RULE = 20.0, 2.0

WINDOW_ACH_PER_K = 0.12
WINDOW_ACH_MAX = 1.0
"""People open windows when it is too warm: extra air changes per hour and K above their threshold."""

SUN_TO = (0.25, 0.35, 0.40)
PEOPLE_TO = (0.5, 0.3, 0.2)
"""Shares of sun and of people's heat into air, furniture and inner wall; they add to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneParams:
    """Constants of each zone, shape (n_houses, n_zones) where not said otherwise."""

    A_heated: Floats
    """m2."""
    C: Floats
    """Heat capacities in kJ/K, shape (5, n_houses, n_zones)."""
    G_furniture: Floats
    G_slab: Floats
    G_inner: Floats
    """Air to furniture, slab and inner wall, kW/K."""
    G_through: Floats
    """Inner to outer half of the wall, kW/K."""
    G_outer: Floats
    """Outer half of the wall to outdoors, kW/K."""
    G_window: Floats
    """Air to outdoors past the walls (panes, bridges), kW/K."""
    G_party: Floats
    """Inner wall to the mean of the house's inner walls, kW/K: party walls and ceilings."""
    n50: Floats
    """Air changes per hour at 50 Pa."""
    shelter: Floats
    """Wind at the house over that at the weather station."""
    T_window: Floats
    """degC above which people open windows."""
    aperture: Floats
    """m2 of window that let the sun in, past frames, curtains and dirt."""
    split: Floats
    """Shares of the emitter's heat into the five stores, shape (5, n_houses, n_zones); they add to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLoads:
    """What acts on the zones during a step, kW, shape (n_houses, n_zones) or broadcastable."""

    Q_emitter: Floats
    Q_people: Floats
    Q_sun: Floats
    ach_extra: Floats
    """Air changes per hour by people and fans while they are there."""
    T_outdoor: float
    wind: float
    """m/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFlows:
    """Heat to outdoors in kW over a step, shape (n_houses, n_zones)."""

    Q_lost: Floats
    Q_window: Floats
    """Of it, through windows that were opened because it was too warm."""


class Zones:
    """The zones with all that is constant for one length of step ``dt`` in s."""

    def __init__(self, params: ZoneParams, dt: float) -> None:
        self.params, self.dt = params, dt
        air, furniture, slab, inner, outer = params.C / dt
        self._rate = params.C / dt
        self._furniture = 1.0 / (furniture + params.G_furniture)
        self._slab = 1.0 / (slab + params.G_slab)
        self._outer = 1.0 / (outer + params.G_through + params.G_outer)
        self._inner = 1.0 / (inner + params.G_inner + params.G_through - params.G_through**2 * self._outer)
        self._air = (
            air
            + params.G_furniture
            - params.G_furniture**2 * self._furniture
            + params.G_slab
            - params.G_slab**2 * self._slab
            + params.G_inner
            - params.G_inner**2 * self._inner
            + params.G_window
        )
        self._per_ach = AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m * params.A_heated / 1000.0
        self._to_outer = params.G_through * self._outer
        self._party = params.G_party / np.maximum(params.G_party.sum(axis=1, keepdims=True), 1e-12)

    def step(self, T: Floats, loads: ZoneLoads) -> tuple[Floats, ZoneFlows]:
        """Advance the stores ``T`` (5, n_houses, n_zones) in degC; implicit, stable for any ``dt``.

        Party walls are taken at the old temperatures; what one zone gives its neighbours get. So what enters
        equals what is stored plus what is lost, whatever the step.
        """
        p, T_out = self.params, loads.T_outdoor
        G_leak, G_open = self._air_change(T[AIR], loads)
        G_air = G_leak + G_open
        stored = self._rate * T + p.split * loads.Q_emitter
        party = p.G_party * ((self._party * T[INNER]).sum(axis=1, keepdims=True) - T[INNER])
        furniture = (stored[FURNITURE] + PEOPLE_TO[1] * loads.Q_people + SUN_TO[1] * loads.Q_sun) * (
            self._furniture
        )
        slab = stored[SLAB] * self._slab
        outer = stored[OUTER] + p.G_outer * T_out
        inner = stored[INNER] + party + PEOPLE_TO[2] * loads.Q_people + SUN_TO[2] * loads.Q_sun
        inner = (inner + self._to_outer * outer) * self._inner
        right = stored[AIR] + (p.G_window + G_air) * T_out
        right += PEOPLE_TO[0] * loads.Q_people + SUN_TO[0] * loads.Q_sun
        right += p.G_furniture * furniture + p.G_slab * slab + p.G_inner * inner
        following = np.empty_like(T)
        air = right / (self._air + G_air)
        following[AIR] = air
        following[FURNITURE] = furniture + p.G_furniture * self._furniture * air
        following[SLAB] = slab + p.G_slab * self._slab * air
        following[INNER] = inner + p.G_inner * self._inner * air
        following[OUTER] = outer * self._outer + self._to_outer * following[INNER]
        above = air - T_out
        lost = (p.G_window + G_air) * above + p.G_outer * (following[OUTER] - T_out)
        return following, ZoneFlows(Q_lost=lost, Q_window=G_open * above)

    def _air_change(self, T_air: Floats, loads: ZoneLoads) -> tuple[Floats, Floats]:
        """Return the conductances in kW/K of leaks with usual airing, and of windows opened for heat.

        Leaks: M. H. Sherman and D. T. Grimsrud, "Measurement of infiltration" (1980): the square root of the
        sum of stack and wind pressure, here scaled to n50/20 at 20 K and 2 m/s.
        """
        p = self.params
        stack = 0.5 / _dT_RULE_K * np.abs(T_air - loads.T_outdoor)
        drive = np.sqrt(stack + 0.5 * (p.shelter * (loads.wind / _WIND_RULE)) ** 2)
        leak = LEAKAGE_TO_ACH * p.n50 * drive + loads.ach_extra
        opened = np.minimum(np.maximum(T_air - p.T_window, 0.0) * WINDOW_ACH_PER_K, WINDOW_ACH_MAX)
        return leak * self._per_ach, opened * self._per_ach


def indoor(T: Floats) -> Floats:
    """Return the operative temperature (EN ISO 7726): half air, half what surrounds, for each zone."""
    return np.asarray(0.5 * T[AIR] + 0.2 * T[FURNITURE] + 0.3 * T[INNER])


def stored_heat(T: Floats, params: ZoneParams) -> float:
    """Return the heat in all zones in kJ above 0 degC."""
    return float((params.C * T).sum())
