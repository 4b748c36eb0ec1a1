"""A house with two stores, integrated minute by minute from its equations, and what its meters would record.

Nothing of `optimizer` is used: it is the other side of its tests.
"""

from dataclasses import dataclass

import numpy as np

CP = 4180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Per heated m2; units as in `optimizer.building`."""

    UA: float = 1.5
    share: float = 0.4
    h_ie: float = 9.0
    C_i: float = 22.0
    C_e: float = 90.0
    gain: float = 3.0
    aperture: float = 0.05
    K: float = 55.0 / 41.24**1.3
    b: float = 0.3
    flow: float = 2.6 / 3600.0
    """kg/(s m2)."""
    water: float = 1.5
    """Wh/(m2 K)."""


def sized(UA, oversize=1.0):
    """A house whose emitters are as large as its loss, so that its rooms stand at 20 degC or so."""
    return House(UA=UA, K=oversize * UA / 1.2 * 55.0 / 41.24**1.3)


def weather(days, seed=1, middle=-2.0):
    """Outdoor temperature and sun by the minute: days, slow weather, clouds."""
    rng = np.random.default_rng(seed)
    minute = np.arange(round(days * 1440))
    knots = np.arange(0, days + 4, 3)
    slow = np.interp(minute / 1440, knots, rng.normal(0.0, 6.0, len(knots)))
    cloud = np.interp(minute / 1440, knots, rng.uniform(0.2, 1.0, len(knots)))
    hour = minute / 60.0 % 24.0
    T = middle + slow + 3.5 * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
    sun = 450.0 * cloud * np.clip(np.sin(np.pi * (hour - 7.0) / 10.0), 0.0, None) * (hour > 7) * (hour < 17)
    return T, sun


def recorded(house=None, days=16, seed=1, row_min=15, noise=True, moves=1.0, middle=-2.0):
    """Means of rows of `row_min` minutes: dict of times, q, T_outdoor, sun, T_indoor, T_supply, T_return.

    The supply follows a curve, with a swing of `moves` K every few hours; `T_true` is the room.
    """
    house = house or House()
    T_o, sun = weather(days, seed, middle)
    rng = np.random.default_rng([seed, 7])
    swing = moves * np.repeat(rng.uniform(-1.0, 1.0, days * 4 + 1), 360)[: len(T_o)]
    U_e = (1.0 - house.share) * house.UA
    K_v, K_eo = house.share * house.UA, 1.0 / (1.0 / U_e - 1.0 / house.h_ie)
    T_i, T_e, T_filtered, T_w = 20.5, 15.0, float(T_o[:1440].mean()), 38.0
    c = CP * house.flow
    out = np.empty((5, len(T_o)))
    for k in range(len(T_o)):
        T_filtered += (T_o[k] - T_filtered) / 360.0
        # the mean of the water stores, supply is held, the return follows: T_return = 2 T_w - T_supply
        T_supply = 40.0 - 0.95 * T_filtered + swing[k]
        T_w = min(T_w, T_supply - 0.2)
        T_return = max(2.0 * T_w - T_supply, T_i + 0.2)
        hot, cold = T_supply - T_i, T_return - T_i
        L = (hot - cold) / np.log(hot / cold)
        emitted, q = house.K * L ** (1.0 + house.b), c * (T_supply - T_return)
        T_w += (q - emitted) / house.water / 60.0
        gains = house.gain + house.aperture * sun[k]
        d_i = emitted + gains + house.h_ie * (T_e - T_i) + K_v * (T_o[k] - T_i)
        d_e = house.h_ie * (T_i - T_e) + K_eo * (T_o[k] - T_e)
        out[:, k] = q, T_i, T_supply, T_return, emitted
        T_i += d_i / house.C_i / 60.0
        T_e += d_e / house.C_e / 60.0
    rows = np.vstack([out, T_o, sun]).reshape(7, -1, row_min).mean(axis=2)
    q, T_true, T_supply, T_return, _, T_outdoor, sun = rows
    n = len(q)
    scatter = rng.normal(0.0, 1.0, (4, n)) if noise else np.zeros((4, n))
    return {
        "times": 1_764_547_200.0 + 60.0 * row_min * np.arange(n),
        "q": q * (1.0 + 0.01 * scatter[0]),
        "T_outdoor": T_outdoor,
        "sun": sun,
        "T_indoor": T_true + 0.05 * scatter[1],
        "T_supply": T_supply + 0.03 * scatter[2],
        "T_return": T_return + 0.03 * scatter[3],
    }, T_true
