"""The dwellings of each house as zones of five heat stores: air, furniture, slab, inner and outer wall.

A resistance-capacity network after EN ISO 52016-1 with the outer wall cut in two, so that a wall answers an
hour and a day differently. Arrays are (n_houses, n_zones): the zones of a house differ in exposure (ground
floor, middle, roof), in orientation and in who lives there; a vacant one draws heat through its party walls.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
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
    Q_sun: Floats | None
    """None at night."""
    T_outdoor: float
    wind: float
    """m/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """People for a while, as ``Zones.homes`` prepares them; shape of the zones."""

    Q: Floats
    """kW."""
    air: Floats
    furniture: Floats
    inner: Floats
    """kW into the air, and K in a step of furniture and inner wall by them alone."""
    G: Floats
    """Airing by habit, kW/K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFlows:
    """Heat to outdoors in kW over a step, shape (n_houses, n_zones)."""

    Q_lost: Floats
    Q_window: Floats
    """Of it, through windows that were opened because it was too warm."""


class Zones:
    """The zones with all that is constant for one length of step ``dt`` in s.

    The implicit equations of the five stores are eliminated by hand: each store but the air is what it would
    be without it plus a share of it, and what is left is one equation for the air. Inside, temperatures are
    taken above outdoors, where no term for outdoors is left.
    """

    def __init__(self, params: ZoneParams, dt: float) -> None:
        self.params, self.dt = params, dt
        p, rate = params, params.C / dt
        furniture = 1.0 / (rate[FURNITURE] + p.G_furniture)
        slab = 1.0 / (rate[SLAB] + p.G_slab)
        outer = 1.0 / (rate[OUTER] + p.G_through + p.G_outer)
        inner = 1.0 / (rate[INNER] + p.G_inner + p.G_through - p.G_through**2 * outer)
        reach = np.stack([furniture, slab, inner, outer])
        self._G = np.stack([p.G_furniture, p.G_slab, p.G_inner])
        self._by_air = self._G * reach[:3]
        """Of furniture, slab and inner wall."""
        self._rate_air = rate[AIR]
        self._air = rate[AIR] + p.G_window + (self._G * (1.0 - self._by_air)).sum(axis=0)
        held = rate[1:].copy()
        held[INNER - 1] -= p.G_party
        self._keep, emitted = held * reach, p.split[1:] * reach
        self._reached = 1 + int(np.flatnonzero(emitted.any(axis=(1, 2))).max(initial=-1))
        self._emitted = emitted[: self._reached]
        """What each store but the air keeps of itself, and K in a step for each kW from the emitter.

        The latter for the first ``_reached`` of them: behind them nothing of it goes.
        """
        self._people = PEOPLE_TO[1] * furniture, PEOPLE_TO[2] * inner
        self._sun = SUN_TO[1] * furniture, SUN_TO[2] * inner
        """The same for each kW of people and of sun, into furniture and inner wall."""
        self._neighbours = p.G_party / np.maximum(p.G_party.sum(axis=1, keepdims=True), 1e-12)
        self._party = p.G_party * inner
        self._outer_to_inner, self._inner_to_outer = p.G_through * inner, p.G_through * outer
        self._per_ach = AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m * p.A_heated / 1000.0
        leak = LEAKAGE_TO_ACH * p.n50 * self._per_ach
        self._stack = leak**2 * 0.5 / _dT_RULE_K
        self._wind = leak**2 * 0.5 * (p.shelter / _WIND_RULE) ** 2
        self._open_per_K, self._open_most = WINDOW_ACH_PER_K * self._per_ach, WINDOW_ACH_MAX * self._per_ach
        self._aperture = p.aperture / 1000.0
        # what a step works on and leaves to nobody: written over in the next one
        self._above, self._rest, self._product = np.empty_like(rate), np.empty_like(held), np.empty_like(held)
        self._sum = np.empty_like(self._per_ach)

    def homes(self, Q_people: Floats, ach_extra: Floats) -> Homes:
        """Return people's heat in kW and the air changes per hour by them and their fans, ready for steps."""
        return Homes(
            Q=Q_people,
            air=PEOPLE_TO[0] * Q_people,
            furniture=self._people[0] * Q_people,
            inner=self._people[1] * Q_people,
            G=self._per_ach * ach_extra,
        )

    def step(self, T: Floats, loads: ZoneLoads) -> tuple[Floats, ZoneFlows]:
        """Advance the stores ``T`` (5, n_houses, n_zones) in degC; implicit, stable for any ``dt``.

        Party walls are taken at the old temperatures; what one zone gives its neighbours get. So what enters
        equals what is stored plus what is lost, whatever the step.
        """
        p, homes, Q_sun, Q_emitter = self.params, loads.homes, loads.Q_sun, loads.Q_emitter
        G_air, G_open = self._air_change(T[AIR], loads)
        G_air += G_open
        work = self._sum
        above = np.subtract(T, loads.T_outdoor, out=self._above)
        # furniture, slab, inner and outer wall: first as they would be without the air
        rest = np.multiply(self._keep, above[1:], out=self._rest)
        reached = self._reached
        rest[:reached] += np.multiply(self._emitted, Q_emitter, out=self._product[:reached])
        furniture, inner, outer = rest[FURNITURE - 1], rest[INNER - 1], rest[OUTER - 1]
        furniture += homes.furniture
        inner += homes.inner
        if Q_sun is not None:
            furniture += np.multiply(self._sun[0], Q_sun, out=work)
            inner += np.multiply(self._sun[1], Q_sun, out=work)
        beside = np.einsum("hz,hz->h", self._neighbours, above[INNER])
        inner += np.multiply(self._party, beside[:, None], out=work)
        inner += np.multiply(self._outer_to_inner, outer, out=work)
        parts = np.multiply(self._G, rest[:3], out=self._product[:3])
        right = np.add(parts[0], parts[1], out=parts[0])
        right += parts[2]
        right += np.multiply(self._rate_air, above[AIR], out=work)
        right += np.multiply(p.split[AIR], Q_emitter, out=work)
        right += homes.air
        if Q_sun is not None:
            right += np.multiply(SUN_TO[0], Q_sun, out=work)
        following = np.empty_like(T)
        air = np.divide(right, np.add(self._air, G_air, out=work), out=following[AIR])
        rest[:3] += np.multiply(self._by_air, air, out=self._product[:3])
        outer += np.multiply(self._inner_to_outer, inner, out=work)
        np.add(rest, loads.T_outdoor, out=following[1:])
        G_air += p.G_window
        G_air *= air
        G_air += np.multiply(p.G_outer, outer, out=work)
        G_open *= air
        air += loads.T_outdoor
        return following, ZoneFlows(Q_lost=G_air, Q_window=G_open)

    def sun(self, sky: Sky, north: Floats, east: Floats) -> Floats | None:
        """Return the sun's heat in kW through the windows of fronts that look along (``north``, ``east``).

        None where there is none, at night: nothing of it need be added then.
        """
        if sky.sun_diffuse == 0.0 and sky.sun_direct == 0.0:
            return None
        Q_sun = irradiation(sky, north, east)
        Q_sun *= self._aperture
        return Q_sun

    def _air_change(self, T_air: Floats, loads: ZoneLoads) -> tuple[Floats, Floats]:
        """Return the conductances in kW/K of leaks with usual airing, and of windows opened for heat.

        Leaks: M. H. Sherman and D. T. Grimsrud, "Measurement of infiltration" (1980): the square root of the
        sum of stack and wind pressure, here scaled to n50/20 at 20 K and 2 m/s.
        """
        leak = T_air - loads.T_outdoor
        np.abs(leak, out=leak)
        leak *= self._stack
        leak += np.multiply(self._wind, loads.wind**2, out=self._sum)
        np.sqrt(leak, out=leak)
        leak += loads.homes.G
        opened = T_air - self.params.T_window
        opened *= self._open_per_K
        np.maximum(opened, 0.0, out=opened)
        np.minimum(opened, self._open_most, out=opened)
        return leak, opened


def indoor(T: Floats) -> Floats:
    """Return the operative temperature (EN ISO 7726): half air, half what surrounds, for each zone."""
    return np.asarray(0.5 * T[AIR] + 0.2 * T[FURNITURE] + 0.3 * T[INNER])


def stored_heat(T: Floats, params: ZoneParams) -> float:
    """Return the heat in all zones in kJ above 0 degC."""
    return float((params.C * T).sum())
