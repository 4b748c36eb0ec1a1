"""Emitters along the pipes of a house: side by side (two pipes) or one behind the other (one pipe).

Emitters by Q = Q_n (dT_lm / dT_lm,n)^(1+b) (EN 442-2, EN 1264-2), each with the water and metal inside. In
one-pipe houses part of the riser's water passes each radiator by, and the next one gets the mixture: what
the first floors take the last ones miss, the more so the less water flows.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.graph import Flags
from simulators.plant.water import C_WATER

ENTRAINED = 0.35
"""Share of a one-pipe riser's water that enters a radiator past its bypass (0.3..0.4 in practice)."""

SHARE_LIMITS = (0.25, 2.5)
"""However unbalanced, some water finds every way; and a wide open one is a pipe after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiserParams:
    """Constants of the emitters, shape (n_houses, n_zones) where not said otherwise."""

    Q_nominal: Floats
    """kW at ``dT_nominal``, covered and clogged as they are."""
    dT_nominal: Floats
    """Logarithmic mean excess in K at which they are rated, shape (n_houses, 1)."""
    b: Floats
    """Exponent, shape (n_houses, 1)."""
    C: Floats
    """Water and metal, kJ/K."""
    single: Flags
    """One pipe, shape (n_houses,)."""
    share: Floats
    """Fair share of the house's flow; rows add to 1."""
    deviation: Floats
    """Flow over the fair share at design flow; a shut radiator has almost nothing."""
    exponent: Floats
    """How fast deviations grow as flow falls, shape (n_houses, 1)."""


def shares(params: RiserParams, ratio: Floats) -> Floats:
    """Return how a house's flow divides, at ``ratio`` (n_houses,) of its design flow; rows add to 1."""
    parts = params.share * uneven(params.deviation, ratio[:, None], params.exponent)
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))


def uneven(deviation: Floats, ratio: Floats, exponent: Floats) -> Floats:
    """Return each way's flow over its fair share at ``ratio`` of design flow, before they are made to add up.

    ``deviation`` is that at design flow; how far it is from 1 grows as flow falls. At design flow the pipes'
    friction shares the water; with less, what does not fall with its square takes over (the weight of cooler
    water in risers, laminar branches): ~ ratio^-exponent. A shut way stays shut.
    """
    grown = 1.0 + (deviation - 1.0) * np.maximum(ratio, 0.05) ** -exponent
    low = np.minimum(SHARE_LIMITS[0], deviation)
    return np.minimum(np.maximum(grown, low), SHARE_LIMITS[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class RiserState:
    """Water in degC at the inlet and outlet of each emitter, shape (n_houses, n_zones)."""

    T_in: Floats
    """Of the last step; only a point to linearise about."""
    T_out: Floats


def step(
    state: RiserState,
    params: RiserParams,
    T_supply: Floats,
    m_flow: Floats,
    share: Floats,
    T_room: Floats,
    dt: float,
) -> tuple[RiserState, Floats, Floats]:
    """Advance by ``dt`` s; return (state, heat to the zones in kW, mixed return of each house in degC).

    ``T_supply`` and ``m_flow`` (kg/s) at the entrance of each house, shape (n_houses,); ``share`` as from
    ``shares``. One implicit step, linear about the last one: stable for any ``dt``; what rooms get is
    what the water lost, to the last digit, and no emitter cools its water below the room.
    """
    Q0, by_in, by_out = _linear(state, params, T_room)
    n_zones = share.shape[1]
    whole = np.maximum(m_flow * C_WATER, 1e-9)[:, None]
    part = np.minimum(np.where(params.single[:, None], ENTRAINED * n_zones * share, share), 1.0)
    carry = part * whole
    store = params.C / dt
    held = store * state.T_out
    # outlet = gain * inlet + rest, with the heat linear in both
    below = 1.0 / (store + carry + by_out)
    gain = (carry - by_in) * below
    rest = (held - Q0 + by_out * state.T_out + by_in * state.T_in) * below
    T_in = _inlets(params.single, T_supply, gain, rest, part)
    T_out = gain * T_in + rest
    Q = Q0 + by_out * (T_out - state.T_out) + by_in * (T_in - state.T_in)
    most = carry * (T_in - T_room) + held - store * T_room
    Q = np.minimum(np.maximum(Q, 0.0), np.maximum(most, 0.0))
    T_out = (held + carry * T_in - Q) / (store + carry)
    T_return = T_supply - (part * (T_in - T_out)).sum(axis=1)
    return RiserState(T_in=T_in, T_out=T_out), Q, T_return


def _inlets(single: Flags, T_supply: Floats, gain: Floats, rest: Floats, part: Floats) -> Floats:
    """Return the water's temperature at each inlet; on one pipe that mixed behind the one before."""
    T_in = np.repeat(T_supply[:, None], gain.shape[1], axis=1)
    rows = np.flatnonzero(single)
    if len(rows):
        gain, rest, part = gain[rows], rest[rows], part[rows]
        T = T_supply[rows]
        for k in range(gain.shape[1]):
            T_in[rows, k] = T
            T = T - part[:, k] * (T - gain[:, k] * T - rest[:, k])
    return T_in


def _linear(state: RiserState, params: RiserParams, T_room: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the emitters' heat in kW at the last water and its slopes by inlet and outlet in kW/K."""
    a = np.maximum(state.T_in - T_room, _LEAST_K)
    b = np.minimum(np.maximum(state.T_out - T_room, _LEAST_K), a)
    near = a - b < 1e-3 * a
    x = np.where(near, 1.0, np.log(a / np.where(near, 0.5 * b, b)))
    mean = np.where(near, 0.5 * (a + b), (a - b) / x)
    by_a = np.where(near, 0.5, (x - 1.0 + b / a) / x**2)
    by_b = np.where(near, 0.5, (a / b - 1.0 - x) / x**2)
    Q = params.Q_nominal * (mean / params.dT_nominal) ** (1.0 + params.b)
    slope = (1.0 + params.b) * Q / mean
    # never steeper than a mixed emitter: where the outlet is near the room the law is steep beyond use
    return Q, slope * by_a, slope * np.minimum(by_b, 4.0)


_LEAST_K = 0.1


def stored_heat(state: RiserState, params: RiserParams) -> float:
    """Return the heat in the emitters in kJ above 0 degC."""
    return float((params.C * state.T_out).sum())
