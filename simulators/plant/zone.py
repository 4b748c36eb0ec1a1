"""The dwellings of each house as zones of five heat stores: air, furniture, slab, inner and outer wall.

A resistance-capacity network after EN ISO 52016-1 with the outer wall cut in two, so that a wall answers an
hour and a day differently. Arrays are (n_houses, n_zones): the zones of a house differ in exposure (ground
floor, middle, roof), in orientation and in who lives there; a vacant one draws heat through its party walls.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.compiled import compiled
from simulators.plant.facade import Sky, irradiation

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
    homes: "Homes"
    Q_sun: Floats
    T_outdoor: float
    wind: float
    """m/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """People for a while, shape of the zones."""

    Q: Floats
    """kW."""
    G: Floats
    """Airing by habit, kW/K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFlows:
    """Heat to outdoors in kW over a step, shape (n_houses, n_zones)."""

    Q_lost: Floats
    Q_window: Floats
    """Of it, through windows that were opened because it was too warm."""


class _Balance(NamedTuple):
    """The equations of the zones for one length of step, shape (n_houses, n_zones) where not said otherwise.

    The implicit equations of the five stores are eliminated by hand: each store but the air is what it would
    be without it plus a share of it, and what is left is one equation for the air.
    """

    keep: Floats
    """What furniture, slab, inner and outer wall keep of themselves, shape (4, n_houses, n_zones)."""
    emitted: Floats
    """K in a step of the same for each kW from the emitter."""
    people: Floats
    sun: Floats
    """The same of furniture and inner wall for each kW of people and of sun, shape (2, n_houses, n_zones)."""
    G: Floats
    by_air: Floats
    """Furniture, slab, inner wall: kW/K to the air, and K for each K of it; shape (3, n_houses, n_zones)."""
    air: Floats
    """What holds the air, but for its change, kW/K."""
    rate_air: Floats
    split_air: Floats
    neighbours: Floats
    """Share of each zone in what the others of its house see of inner walls."""
    party: Floats
    """K of the inner wall for each K of these."""
    outer_to_inner: Floats
    inner_to_outer: Floats
    G_outer: Floats
    G_window: Floats
    stack: Floats
    wind: Floats
    """Squares of the leaks' kW/K for each K between inside and outside, and for each (m/s)^2."""
    T_window: Floats
    open_per_K: Floats
    open_most: Floats
    """Windows that are opened for heat: degC, kW/K for each K above it, and kW/K at most."""


class Zones:
    """The zones with all that is constant for one length of step ``dt`` in s."""

    def __init__(self, params: ZoneParams, dt: float) -> None:
        self.params, self.dt = params, dt
        p, rate = params, params.C / dt
        furniture = 1.0 / (rate[FURNITURE] + p.G_furniture)
        slab = 1.0 / (rate[SLAB] + p.G_slab)
        outer = 1.0 / (rate[OUTER] + p.G_through + p.G_outer)
        inner = 1.0 / (rate[INNER] + p.G_inner + p.G_through - p.G_through**2 * outer)
        reach = np.stack([furniture, slab, inner, outer])
        G = np.stack([p.G_furniture, p.G_slab, p.G_inner])
        by_air = G * reach[:3]
        held = rate[1:].copy()
        held[INNER - 1] -= p.G_party
        self._per_ach = AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m * p.A_heated / 1000.0
        leak = LEAKAGE_TO_ACH * p.n50 * self._per_ach
        self._balance = _Balance(
            keep=held * reach,
            emitted=p.split[1:] * reach,
            people=np.stack([PEOPLE_TO[1] * furniture, PEOPLE_TO[2] * inner]),
            sun=np.stack([SUN_TO[1] * furniture, SUN_TO[2] * inner]),
            G=G,
            by_air=by_air,
            air=rate[AIR] + p.G_window + (G * (1.0 - by_air)).sum(axis=0),
            rate_air=rate[AIR],
            split_air=p.split[AIR],
            neighbours=p.G_party / np.maximum(p.G_party.sum(axis=1, keepdims=True), 1e-12),
            party=p.G_party * inner,
            outer_to_inner=p.G_through * inner,
            inner_to_outer=p.G_through * outer,
            G_outer=p.G_outer,
            G_window=p.G_window,
            stack=leak**2 * 0.5 / _dT_RULE_K,
            wind=leak**2 * 0.5 * (p.shelter / _WIND_RULE) ** 2,
            T_window=p.T_window,
            open_per_K=WINDOW_ACH_PER_K * self._per_ach,
            open_most=WINDOW_ACH_MAX * self._per_ach,
        )
        self._aperture = p.aperture / 1000.0
        self._dark = np.zeros_like(p.aperture)

    def homes(self, Q_people: Floats, ach_extra: Floats) -> Homes:
        """Return people's heat in kW and the air changes per hour by them and their fans, ready for steps."""
        return Homes(Q=Q_people, G=self._per_ach * ach_extra)

    def step(self, T: Floats, loads: ZoneLoads) -> tuple[Floats, ZoneFlows]:
        """Advance the stores ``T`` (5, n_houses, n_zones) in degC; implicit, stable for any ``dt``.

        Party walls are taken at the old temperatures; what one zone gives its neighbours get. So what enters
        equals what is stored plus what is lost, whatever the step.
        """
        homes = loads.homes
        T, Q_lost, Q_window = _stepped(
            self._balance, T, loads.Q_emitter, homes.Q, homes.G, loads.Q_sun, loads.T_outdoor, loads.wind
        )
        return T, ZoneFlows(Q_lost=Q_lost, Q_window=Q_window)

    def sun(self, sky: Sky, north: Floats, east: Floats) -> Floats:
        """Return the sun's heat in kW through the windows of fronts that look along (``north``, ``east``)."""
        if sky.sun_diffuse == 0.0 and sky.sun_direct == 0.0:
            return self._dark
        Q_sun = irradiation(sky, north, east)
        Q_sun *= self._aperture
        return Q_sun


@compiled
def _stepped(
    of: _Balance,
    T: Floats,
    Q_emitter: Floats,
    Q_people: Floats,
    G_airing: Floats,
    Q_sun: Floats,
    T_outdoor: float,
    wind: float,
) -> tuple[Floats, Floats, Floats]:
    """Return the stores after a step, and the heat to outdoors in kW: all of it, and by opened windows.

    Inside, temperatures are taken above outdoors, where no term for outdoors is left. Leaks: M. H. Sherman
    and D. T. Grimsrud, "Measurement of infiltration" (1980): the square root of the sum of stack and wind
    pressure, here scaled to n50/20 at 20 K and 2 m/s.
    """
    of_neighbours = of.neighbours
    of_stack = of.stack
    of_wind = of.wind
    of_T_window = of.T_window
    of_open_per_K = of.open_per_K
    of_open_most = of.open_most
    of_keep = of.keep
    of_emitted = of.emitted
    of_people = of.people
    of_sun = of.sun
    of_party = of.party
    of_outer_to_inner = of.outer_to_inner
    of_G = of.G
    of_rate_air = of.rate_air
    of_split_air = of.split_air
    of_air = of.air
    of_by_air = of.by_air
    of_inner_to_outer = of.inner_to_outer
    of_G_window = of.G_window
    of_G_outer = of.G_outer
    _, n_houses, n_zones = T.shape
    following, Q_lost, Q_window = np.empty_like(T), np.empty_like(Q_emitter), np.empty_like(Q_emitter)
    for h in range(n_houses):
        beside = 0.0
        for z in range(n_zones):
            beside += of_neighbours[h, z] * (T[INNER, h, z] - T_outdoor)
        for z in range(n_zones):
            T_air, Q, people, sun = T[AIR, h, z], Q_emitter[h, z], Q_people[h, z], Q_sun[h, z]
            air = T_air - T_outdoor
            leak = np.sqrt(of_stack[h, z] * abs(air) + of_wind[h, z] * wind**2) + G_airing[h, z]
            opened = (T_air - of_T_window[h, z]) * of_open_per_K[h, z]
            opened = min(max(opened, 0.0), of_open_most[h, z])
            # furniture, slab, inner and outer wall: first as they would be without the air
            furniture = of_keep[0, h, z] * (T[FURNITURE, h, z] - T_outdoor) + of_emitted[0, h, z] * Q
            furniture += of_people[0, h, z] * people + of_sun[0, h, z] * sun
            slab = of_keep[1, h, z] * (T[SLAB, h, z] - T_outdoor) + of_emitted[1, h, z] * Q
            outer = of_keep[3, h, z] * (T[OUTER, h, z] - T_outdoor) + of_emitted[3, h, z] * Q
            inner = of_keep[2, h, z] * (T[INNER, h, z] - T_outdoor) + of_emitted[2, h, z] * Q
            inner += of_people[1, h, z] * people + of_sun[1, h, z] * sun
            inner += of_party[h, z] * beside + of_outer_to_inner[h, z] * outer
            right = of_G[0, h, z] * furniture + of_G[1, h, z] * slab + of_G[2, h, z] * inner
            right += of_rate_air[h, z] * air + of_split_air[h, z] * Q
            right += PEOPLE_TO[0] * people + SUN_TO[0] * sun
            air = right / (of_air[h, z] + leak + opened)
            inner += of_by_air[2, h, z] * air
            outer += of_inner_to_outer[h, z] * inner
            following[AIR, h, z] = air + T_outdoor
            following[FURNITURE, h, z] = furniture + of_by_air[0, h, z] * air + T_outdoor
            following[SLAB, h, z] = slab + of_by_air[1, h, z] * air + T_outdoor
            following[INNER, h, z] = inner + T_outdoor
            following[OUTER, h, z] = outer + T_outdoor
            Q_lost[h, z] = (leak + opened + of_G_window[h, z]) * air + of_G_outer[h, z] * outer
            Q_window[h, z] = opened * air
    return following, Q_lost, Q_window


def indoor(T: Floats) -> Floats:
    """Return the operative temperature (EN ISO 7726): half air, half what surrounds, for each zone."""
    return np.asarray(0.5 * T[AIR] + 0.2 * T[FURNITURE] + 0.3 * T[INNER])


def stored_heat(T: Floats, params: ZoneParams) -> float:
    """Return the heat in all zones in kJ above 0 degC."""
    return float((params.C * T).sum())
