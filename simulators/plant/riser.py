"""Emitters along the pipes of a house: side by side (two pipes) or one behind the other (one pipe).

Emitters by Q = Q_n (dT_lm / dT_lm,n)^(1+b) (EN 442-2, EN 1264-2), each with the water and metal inside. In
one-pipe houses part of the riser's water passes each radiator by, and the next one gets the mixture: what
the first floors take the last ones miss, the more so the less water flows.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, some
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """How much water passes each emitter and what it carries, shape (n_houses, n_zones); see ``Risers``."""

    part: Floats
    """Share of the house's water that enters the emitter."""
    mixing: Floats
    """The same on one pipe, where what leaves is mixed into what the next one gets; 0 on two pipes."""
    carry: Floats
    """kW/K."""
    hold: Floats
    """``carry`` and what the emitter's own content takes up in a step, kW/K."""
    per_hold: Floats


class Risers:
    """The emitters with all that is constant for one length of step ``dt`` in s."""

    def __init__(self, params: RiserParams, dt: float) -> None:
        self.params = params
        self._store = params.C / dt
        self._exponent = np.broadcast_to(1.0 + params.b, params.C.shape).copy()
        self._scale = params.Q_nominal / params.dT_nominal**self._exponent

    def streams(self, m_flow: Floats, share: Floats) -> Streams:
        """Return the water past each emitter: ``m_flow`` kg/s into each house, divided as from ``shares``."""
        single, n_zones = self.params.single[:, None], share.shape[1]
        whole = np.maximum(m_flow * C_WATER, 1e-9)[:, None]
        part = np.minimum(np.where(single, ENTRAINED * n_zones * share, share), 1.0)
        carry = part * whole
        hold = self._store + carry
        return Streams(
            part=part, mixing=np.where(single, part, 0.0), carry=carry, hold=hold, per_hold=1.0 / hold
        )

    def step(
        self, state: RiserState, streams: Streams, T_supply: Floats, T_room: Floats
    ) -> tuple[RiserState, Floats, Floats]:
        """Advance by a step; return (state, heat to the zones in kW, mixed return of each house in degC).

        ``T_supply`` at the entrance of each house, shape (n_houses,). One implicit step, linear about the
        last one: stable for any ``dt``; what rooms get is what the water lost, to the last digit, and no
        emitter cools its water below the room.
        """
        Q0, by_in, by_out = self._linear(state, T_room)
        held = self._store * state.T_out
        # outlet = gain * inlet + rest, with the heat linear in both
        below = 1.0 / (streams.hold + by_out)
        rest = held - Q0
        rest += np.multiply(by_out, state.T_out, out=by_out)
        rest += np.multiply(by_in, state.T_in, out=Q0)
        rest *= below
        gain = np.subtract(streams.carry, by_in, out=by_in)
        gain *= below
        T_in = _inlets(streams.mixing, T_supply, gain, rest)
        # what is there to give, and the outlet between the room and an emitter that gives nothing
        offered = streams.carry * T_in
        offered += held
        T_out = np.multiply(gain, T_in, out=gain)
        T_out += rest
        np.maximum(T_out, T_room, out=T_out)
        np.minimum(T_out, np.multiply(offered, streams.per_hold, out=rest), out=T_out)
        T_return = T_supply - np.einsum("hz,hz->h", streams.part, np.subtract(T_in, T_out, out=rest))
        offered -= np.multiply(streams.hold, T_out, out=held)
        return RiserState(T_in=T_in, T_out=T_out), offered, T_return

    def _linear(self, state: RiserState, T_room: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the emitters' heat in kW at the last water and its slopes by inlet and outlet in kW/K."""
        a = state.T_in - T_room
        np.maximum(a, _LEAST_K, out=a)
        b = state.T_out - T_room
        np.maximum(b, _LEAST_K, out=b)
        np.minimum(b, a, out=b)
        ratio = b / a
        near = ratio > 1.0 - 1e-3
        some_near = some(near)
        if some_near:
            ratio[near] = 0.5
        x = np.log(ratio)
        per_x = 1.0 / x
        mean = b - a
        a /= b
        mean *= per_x
        per_x *= per_x
        ratio -= 1.0
        by_a = ratio - x
        by_a *= per_x
        ratio *= a
        by_b = np.subtract(x, ratio, out=x)
        by_b *= per_x
        if some_near:
            mean[near] = 0.5 * (a[near] + 1.0) * b[near]  # of a over b by now
            by_a[near] = by_b[near] = 0.5
        Q = mean**self._exponent
        Q *= self._scale
        slope = np.divide(Q, mean, out=mean)
        slope *= self._exponent
        by_a *= slope
        # never steeper than a mixed emitter: where the outlet is near the room the law is steep beyond use
        np.minimum(by_b, 4.0, out=by_b)
        by_b *= slope
        return Q, by_a, by_b


def _inlets(mixing: Floats, T_supply: Floats, gain: Floats, rest: Floats) -> Floats:
    """Return the water's temperature at each inlet; on one pipe that mixed behind the one before."""
    T_in = np.empty_like(gain)
    passed = mixing * gain
    passed -= mixing
    passed += 1.0
    added = mixing * rest
    T_in[:, 0] = T = T_supply
    for k in range(gain.shape[1] - 1):
        T = T * passed[:, k]
        T += added[:, k]
        T_in[:, k + 1] = T
    return T_in


_LEAST_K = 0.1


def stored_heat(state: RiserState, params: RiserParams) -> float:
    """Return the heat in the emitters in kJ above 0 degC."""
    return float((params.C * state.T_out).sum())
