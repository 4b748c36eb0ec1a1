"""What keeps a plan within its limits whatever the solver did, and who gets what when there is not enough.

In a shortage the cheapest plan would heat well-insulated houses first, as a kelvin costs less there. Fair is
another rule: every loop gets the same share of what it would take if there were enough, so all rooms fall
by the same part of their lift over outdoors. Critical users come first, and so does whoever has borne more
than ``OWED_MAX_K_H`` of shortage above the mean; below that, those who have borne more than others get up to
``TURN`` more, those who have borne less that much less, so that over days it comes to the same for all.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.program import Program

Floats = NDArray[np.float64]
OWED_MAX_K_H = 100.0
"""K h of under-heating above the mean of all, three days at 1.4 K, after which a loop is spared. Counted from
nothing, in a long shortage all but a few would be spared, and these would bear it alone."""
TURN = 0.01
"""Largest part by which a share differs, so that shares of shortage stay within 2 % of each other."""
FITTINGS, HALVINGS = 25, 40
MOST_SHARE = 2.0
"""A loop gets at most so many times its need of a step, where a plan stores heat before a shortage."""
WIDTH_MIN = 1e-3
"""Narrowest band of heat, W/m2."""


def consistent(lower: Floats, upper: Floats, ramp: Floats, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Return bounds and ramps (k, n) that leave a way through: bounds are physics and win over ramps.

    Where a bound drops below what is given now, heat falls with it at once. ``lower`` and ``upper`` are
    (k, n), ``ramp`` and ``before`` (n,).
    """
    upper = np.maximum(upper, lower + WIDTH_MIN)
    lower = lower.copy()
    ramps = np.broadcast_to(ramp, lower.shape).copy()
    last = before
    for k in range(len(lower)):
        now = np.clip(last, lower[k], upper[k])
        np.maximum(ramps[k], np.abs(now - last) + WIDTH_MIN, out=ramps[k])
        last = now
    for k in range(len(lower) - 2, -1, -1):
        np.minimum(upper[k], upper[k + 1] + ramps[k + 1], out=upper[k])
        np.maximum(lower[k], lower[k + 1] - ramps[k + 1], out=lower[k])
    return lower, upper, ramps


def within_limits(program: Program, q: Floats) -> Floats:
    """Return ``q`` (k, n) within bounds and ramps, and under the plant's cap, step by step.

    Under the cap it is brought by giving up the same part of what is above the lower bounds; there the cap
    wins over the loops' ramps. Needs ``consistent`` limits and a cap above the sum of the lower bounds.
    """
    p = program
    q = np.clip(q, p.lower, p.upper)
    last = p.before
    for k in range(len(q)):
        least, most = np.maximum(p.lower[k], last - p.ramp[k]), np.minimum(p.upper[k], last + p.ramp[k])
        last = q[k] = np.clip(q[k], least, most)
    return under_cap(program, q)


def under_cap(program: Program, q: Floats) -> Floats:
    """Return ``q`` with the same part given up by all where their mean is above the cap."""
    p = program
    P, least = p.mean(q), p.mean(p.lower)
    over = p.P_max < P
    share = np.ones(len(P))
    share[over] = np.maximum(p.P_max[over] - least[over], 0.0) / (P[over] - least[over])
    return np.asarray(p.lower + share[:, np.newaxis] * (q - p.lower))


def spared_of(program: Program, first: NDArray[np.bool_], owed: Floats) -> NDArray[np.bool_]:
    """Return who gets all of its need (n,): who is ``first``, and who has borne too much beside the mean."""
    return first | (_above_mean(program, owed) > OWED_MAX_K_H)


def _above_mean(program: Program, owed: Floats) -> Floats:
    return np.asarray(owed - float(owed @ program.weights))


def shared_out(
    program: Program, P: Floats, needed: Floats, spared: NDArray[np.bool_], owed: Floats
) -> tuple[Floats, Floats]:
    """Share out the mean heat ``P`` (k,) by what loops would take if there were enough, ``needed`` (k, n).

    Every loop keeps the course of its own need, scaled by a factor of the step and one of the loop; the two
    are fitted in turns (iterative proportional fitting; Deming and Stephan, Ann. Math. Stat. 11 (1940),
    427-444) until each step has ``P`` and all loops have got the same share over the horizon. Returns heat
    (k, n) and the share of need given to those who are not ``spared``, (k,).
    """
    p = program
    turn = 1.0 + TURN * np.clip(_above_mean(p, owed) / OWED_MAX_K_H, -1.0, 1.0)
    floor = np.where(spared, np.clip(needed, p.lower, p.upper), p.lower)
    wanted, others = np.maximum(needed.sum(axis=0), 1e-6), p.weights * ~spared

    def given(by_step: Floats, by_loop: Floats) -> Floats:
        return np.clip(by_step[:, np.newaxis] * (by_loop * needed), floor, p.upper)

    by_step, by_loop = np.ones(len(P)), turn.copy()
    for _ in range(FITTINGS):
        by_step *= P / np.maximum(p.mean(given(by_step, by_loop)), 1e-6)
        np.clip(by_step, 1e-3, MOST_SHARE, out=by_step)
        got = given(by_step, by_loop).sum(axis=0)
        share = float(others @ got) / max(float(others @ wanted), 1e-6)
        by_loop *= np.clip(share * turn * wanted / np.maximum(got, 1e-6), 0.8, 1.25)
        np.clip(by_loop, 0.5, 2.0, out=by_loop)
    low, high = np.zeros(len(P)), np.full(len(P), MOST_SHARE)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        enough = p.mean(given(middle, by_loop)) >= P
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    q = under_cap(program, given(low, by_loop))
    share_of_step = (q @ others) / np.maximum(needed @ others, 1e-6)
    return q, share_of_step
