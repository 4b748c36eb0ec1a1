"""Emitters along the pipes of a house: side by side (two pipes) or one behind the other (one pipe).

Emitters by Q = Q_n (dT_lm / dT_lm,n)^(1+b) (EN 442-2, EN 1264-2), each with the water and metal inside. In
one-pipe houses part of the riser's water passes each radiator by, and the next one gets the mixture: what
the first floors take the last ones miss, the more so the less water flows.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.compiled import compiled
from simulators.plant.network.graph import Flags
from simulators.plant.water import C_WATER

ENTRAINED = 0.35
"""Share of a one-pipe riser's water that enters a radiator past its bypass (0.3..0.4 in practice)."""

SHARE_LIMITS = (0.25, 2.5)
"""However unbalanced, some water finds every way; and a wide open one is a pipe after all. Part of the law:
at 60 % of design flow it binds no way that is open, at 30 % one in fifty (``bounded`` tells which)."""
RATIO_MIN = 0.05
"""Below this share of design flow ways grow no further apart: what is left is weight and leaks."""


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
    low = np.minimum(SHARE_LIMITS[0], deviation)
    return np.minimum(np.maximum(_grown(deviation, ratio, exponent), low), SHARE_LIMITS[1])


def bounded(deviation: Floats, ratio: Floats, exponent: Floats) -> Flags:
    """Tell which open ways (a tenth of their fair share at least) ``SHARE_LIMITS`` keep from going on."""
    grown, (low, high) = _grown(deviation, ratio, exponent), SHARE_LIMITS
    return np.asarray((deviation > 0.1) & ((grown < np.minimum(low, deviation)) | (grown > high)))


def _grown(deviation: Floats, ratio: Floats, exponent: Floats) -> Floats:
    return 1.0 + (deviation - 1.0) * np.maximum(ratio, RATIO_MIN) ** -exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class RiserState:
    """Water in degC at the inlet and outlet of each emitter, shape (n_houses, n_zones)."""

    T_in: Floats
    """Of the last step; only a point to linearise about."""
    T_out: Floats


class Streams(NamedTuple):
    """How much water passes each emitter and what it carries, shape (n_houses, n_zones); see ``Risers``."""

    part: Floats
    """Share of the house's water that enters the emitter."""
    mixing: Floats
    """The same on one pipe, where what leaves is mixed into what the next one gets; 0 on two pipes."""
    carry: Floats
    """kW/K."""
    hold: Floats
    """``carry`` and what the emitter's own content takes up in a step, kW/K."""


class Risers:
    """The emitters with all that is constant for one length of step ``dt`` in s."""

    def __init__(self, params: RiserParams, dt: float) -> None:
        self.params = params
        exponent = np.broadcast_to(1.0 + params.b, params.C.shape).copy()
        scale = params.Q_nominal / params.dT_nominal**exponent
        self._law = _Law(store=params.C / dt, exponent=exponent, scale=scale)

    def streams(self, m_flow: Floats, share: Floats) -> Streams:
        """Return the water past each emitter: ``m_flow`` kg/s into each house, divided as from ``shares``."""
        single, n_zones = self.params.single[:, None], share.shape[1]
        whole = np.maximum(m_flow * C_WATER, 1e-9)[:, None]
        part = np.minimum(np.where(single, ENTRAINED * n_zones * share, share), 1.0)
        carry = part * whole
        return Streams(
            part=part, mixing=np.where(single, part, 0.0), carry=carry, hold=self._law.store + carry
        )

    def step(
        self, state: RiserState, streams: Streams, T_supply: Floats, T_room: Floats
    ) -> tuple[RiserState, Floats, Floats]:
        """Advance by a step; return (state, heat to the zones in kW, mixed return of each house in degC).

        ``T_supply`` at the entrance of each house, shape (n_houses,). One implicit step, linear about the
        last one: stable for any ``dt``; what rooms get is what the water lost, to the last digit, and no
        emitter cools its water below the room.
        """
        # logarithm and power of all emitters at once, as numpy has them for several numbers at a time
        inlet, outlet, ratio = _excesses(state.T_in, state.T_out, T_room)
        mean, by_in, by_out = _means(inlet, outlet, np.log(ratio, out=ratio))
        Q = np.power(mean, self._law.exponent)
        T_in, T_out, Q, T_return = _stepped(
            self._law, streams, state.T_in, state.T_out, T_supply, T_room, mean, Q, by_in, by_out
        )
        return RiserState(T_in=T_in, T_out=T_out), Q, T_return


class _Law(NamedTuple):
    """The emitters for one length of step, shape (n_houses, n_zones)."""

    store: Floats
    """kW/K that a step of the content takes."""
    exponent: Floats
    scale: Floats
    """kW at a mean excess of 1 K."""


@compiled
def _excesses(T_in: Floats, T_out: Floats, T_room: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the K over the room of water at inlets and outlets, and their ratio, which is never 1."""
    a, b, ratio = np.empty_like(T_in), np.empty_like(T_in), np.empty_like(T_in)
    for h in range(a.shape[0]):
        for z in range(a.shape[1]):
            inlet = max(T_in[h, z] - T_room[h, z], _LEAST_K)
            outlet = min(max(T_out[h, z] - T_room[h, z], _LEAST_K), inlet)
            a[h, z], b[h, z], ratio[h, z] = inlet, outlet, min(outlet / inlet, _NEARLY_1)
    return a, b, ratio


@compiled
def _means(a: Floats, b: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the logarithmic means of two excesses in K, and their slopes by both; ``x`` = ln(b/a).

    The slope by the outlet is never steeper than a mixed emitter's: where the outlet is near the room the law
    is steep beyond use.
    """
    mean, by_in, by_out = np.empty_like(a), np.empty_like(a), np.empty_like(a)
    for h in range(a.shape[0]):
        for z in range(a.shape[1]):
            inlet, outlet, per_x = a[h, z], b[h, z], 1.0 / x[h, z]
            less = outlet / inlet - 1.0
            near = less > _NEARLY_1 - 1.0
            steep = min((x[h, z] - less * inlet / outlet) * per_x * per_x, 4.0)
            mean[h, z] = 0.5 * (inlet + outlet) if near else (outlet - inlet) * per_x
            by_in[h, z] = 0.5 if near else (less - x[h, z]) * per_x * per_x
            by_out[h, z] = 0.5 if near else steep
    return mean, by_in, by_out


@compiled
def _stepped(
    law: _Law,
    streams: Streams,
    T_in: Floats,
    T_out: Floats,
    T_supply: Floats,
    T_room: Floats,
    mean: Floats,
    powered: Floats,
    mean_by_in: Floats,
    mean_by_out: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return water at inlets and outlets, heat to the zones and each house's return, as ``Risers.step``.

    ``mean`` excess in K, the same to the power of the law's exponent, and its slopes.
    """
    carry_of, hold_of, part, mixing_of = streams.carry, streams.hold, streams.part, streams.mixing
    exponent, scale, store = law.exponent, law.scale, law.store
    n_houses, n_zones = T_in.shape
    T_in_next, T_out_next, Q = np.empty_like(T_in), np.empty_like(T_in), np.empty_like(T_in)
    T_return = np.empty_like(T_supply)
    for h in range(n_houses):
        T = back = T_supply[h]
        for z in range(n_zones):
            # the heat at the last water and its slopes by inlet and outlet
            T_out_0, carry, Q_0 = T_out[h, z], carry_of[h, z], powered[h, z] * scale[h, z]
            slope = Q_0 / mean[h, z] * exponent[h, z]
            by_in, by_out = mean_by_in[h, z] * slope, mean_by_out[h, z] * slope
            # outlet = gain * inlet + rest, with the heat linear in both
            hold, held = hold_of[h, z], store[h, z] * T_out_0
            below = 1.0 / (hold + by_out)
            gain = (carry - by_in) * below
            rest = (held - Q_0 + by_out * T_out_0 + by_in * T_in[h, z]) * below
            # what is there to give, and the outlet between the room and an emitter that gives nothing
            offered = carry * T + held
            outlet = min(max(gain * T + rest, T_room[h, z]), offered / hold)
            T_in_next[h, z], T_out_next[h, z], Q[h, z] = T, outlet, offered - hold * outlet
            back -= part[h, z] * (T - outlet)
            mixing = mixing_of[h, z]
            T = T * (1.0 + mixing * gain - mixing) + mixing * rest
        T_return[h] = back
    return T_in_next, T_out_next, Q, T_return


_NEARLY_1 = 1.0 - 1e-3
"""Ratio of two excesses above which their means are all the same."""
_LEAST_K = 0.1


def stored_heat(state: RiserState, params: RiserParams) -> float:
    """Return the heat in the emitters in kJ above 0 degC."""
    return float((params.C * state.T_out).sum())
