"""What loops would do on their heating curves: the course beside which a plan is told and its saving counted.

The same houses, weather and emitters as in the plan, so the two differ by nothing but who decides. An emitter
is a heat exchanger to a room of even temperature: with the conductance K = q / L, which grows as L^b, and the
capacity flow C of its water,

    q = C (1 - e^(-K / C)) (T_supply - T_indoor),  L = q / K.

L is found by turns; each brings it nearer by the exponent b at least, and it changes little from step to
step. It is ``inversion`` read the other way round.

That the source may have less to give than all curves together ask for is left out here: a curve does not
know of it.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.building import Buildings
from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.regulation import RegulationLaw, flow_fraction, supply_temperature

Floats = NDArray[np.float64]
TURNS = 12
"""With b = 0.3 the error left is 1e-6 of the first guess's, with b = 0.6 still 2e-3."""
LEAST_K = 1e-3
"""Where water is no warmer than the room an emitter gives nothing; this keeps the formula from 0 / 0."""


class Course(NamedTuple):
    """n loops over k steps; a loop of which anything is not known is NaN."""

    T_supply: Floats
    """(n, k) degC."""
    flow: Floats
    """(n, k) fraction of design."""
    q: Floats
    """(n, k) W/m2."""
    T_indoor: Floats
    """(n, k) degC at the end of each step."""


def filtered_ahead(T_filtered: float, T_outdoor: Floats, dt_h: float, filter_h: float) -> Floats:
    """Return the outdoor temperature (k,) that a curve goes by, from its present value on.

    ``T_outdoor`` (k,) is the forecast, ``filter_h`` the time constant; 0 takes the forecast as it is.
    """
    keeps = math.exp(-dt_h / filter_h) if filter_h > 0.0 else 0.0
    found, last = np.empty(len(T_outdoor)), T_filtered
    for step, T in enumerate(T_outdoor.tolist()):
        last = found[step] = T + keeps * (last - T)
    return found


def curve_ahead(law: RegulationLaw, T_filtered: Floats, T_supply_max: float) -> tuple[Floats, Floats]:
    """Return supply temperature (degC) and flow (fraction of design) of a curve, (k,) each."""
    flow = np.array([flow_fraction(law, T) for T in T_filtered.tolist()])
    pairs = zip(T_filtered.tolist(), flow.tolist(), strict=True)
    T_supply = np.array([supply_temperature(law, T, part) for T, part in pairs])
    return np.minimum(T_supply, T_supply_max), flow


def follow(
    A: Floats,
    B: Floats,
    x0: Floats,
    buildings: Buildings,
    *,
    T_supply: Floats,
    flow: Floats,
    T_outdoor: Floats,
    gains: Floats,
    law_error: Floats | float = 0.0,
) -> Course:
    """Return the course of n houses whose loops hold ``T_supply`` (n, k) degC at ``flow`` (n, k).

    ``A`` (n, 2, 2), ``B`` (n, 2, 3), ``x0`` (n, 2), ``T_outdoor`` (k,) and ``gains`` (n, k) are those of a
    ``PlanProblem``. ``law_error`` (n,) is by how much warmer than the rooms those are that the emitters were
    seen to heat (``EstimateState``), K.
    """
    b = buildings
    x, power = x0.copy(), b.exponent
    q, T_indoor = np.empty_like(T_supply), np.empty_like(T_supply)
    K_n = b.q_n / b.excess_n
    C = 1000.0 * CP_KJ_PER_KG_K * b.flow_design[:, np.newaxis] * flow
    L = b.excess_n.copy()
    with np.errstate(all="ignore"):
        for k in range(T_supply.shape[1]):
            rise = np.maximum(T_supply[:, k] - x[:, 0] - law_error, LEAST_K)
            for _ in range(TURNS):
                K = K_n * (L / b.excess_n) ** power
                q[:, k] = -C[:, k] * np.expm1(-K / C[:, k]) * rise
                L = q[:, k] / K
            outside = np.full(len(x), T_outdoor[k])
            u = np.stack([q[:, k], outside, gains[:, k]], axis=1)[:, :, np.newaxis]
            x = (A @ x[:, :, np.newaxis] + B @ u)[:, :, 0]
            T_indoor[:, k] = x[:, 0]
    unknown = ~(np.isfinite(q) & np.isfinite(T_indoor)).all(axis=1)
    q[unknown] = T_indoor[unknown] = np.nan
    return Course(T_supply, flow, q, T_indoor)
