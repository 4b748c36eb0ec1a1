"""Friction of water in pipes: Darcy-Weisbach with Colebrook's factor, its laminar branch, and viscosity."""

import math

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.compiled import compiled

RE_LAMINAR = 2000.0
RE_TURBULENT = 4000.0
"""Between them the factor passes linearly from 64/Re to Colebrook's, so that loss keeps growing with flow."""

_NEWTON_STEP_LAST = 1e-4
"""Every step squares the error, of which a fiftieth is left: after one of 1e-4 less than 1e-9 (tested)."""
_NEWTON_STEPS_MOST = 8
"""Swamee-Jain is within 3 %: two steps leave less than 1e-10."""

_TWO_OVER_LN10 = 2.0 / math.log(10.0)


def dynamic_viscosity(T: Floats) -> Floats:
    """Return the dynamic viscosity of water in Pa s at ``T`` degC (0..180, within 1.5 %).

    M. H. Sharqawy, J. H. Lienhard, S. M. Zubair, Desalination and Water Treatment 16 (2010) 354, equation 23.
    """
    return 4.2844e-5 + 1.0 / (0.157 * (T + 64.993) ** 2 - 91.296)


def factor(Re: Floats, roughness: Floats) -> Floats:
    """Return Darcy's friction factor at Reynolds number ``Re`` > 0 and relative ``roughness`` k/D."""
    return np.asarray(scaled_loss(Re, roughness)[0] / Re**2)


def scaled_loss(Re: Floats, roughness: Floats) -> tuple[Floats, Floats]:
    """Return phi = f Re^2 and d phi/d Re at ``Re`` >= 0; both finite at rest, where phi is 64 Re.

    The pressure loss of a pipe is L mu^2 / (2 rho D^3) phi. Turbulent: C. F. Colebrook, J. Inst. Civil Eng.
    11 (1939) 133: x = 1/sqrt(f) = -2 lg(k/(3.71 D) + 2.51 x/Re), Newton from P. K. Swamee, A. K. Jain,
    J. Hydraulics Div. ASCE 102 (1976) 657. Laminar: Hagen-Poiseuille.
    """
    Re_all, rough = np.broadcast_arrays(Re, roughness)
    phi, slope = _scaled_losses(Re_all.ravel(), rough.ravel() / 3.71)
    return phi.reshape(Re_all.shape), slope.reshape(Re_all.shape)


@compiled
def _scaled_losses(Re: Floats, rough: Floats) -> tuple[Floats, Floats]:
    phi, slope = np.empty_like(Re), np.empty_like(Re)
    for i in range(len(Re)):
        phi[i], slope[i], _ = scaled_loss_from(Re[i], rough[i], 0.0)
    return phi, slope


@compiled
def scaled_loss_from(Re: float, rough: float, x: float) -> tuple[float, float, float]:
    """Return phi, d phi/d Re and 1/sqrt(f) of one pipe; ``rough`` is k/(3.71 D).

    ``x`` is 1/sqrt(f) as it was found before, 0 if it was not: flows that are looked for move less and less,
    so a step of Newton's is enough for most.
    """
    turbulent = RE_LAMINAR if Re < RE_LAMINAR else Re  # in this order, so that NaN stays
    per_Re = 2.51 / turbulent
    if not x > 0.0:
        x = -2.0 * np.log10(rough + 5.74 / turbulent**0.9)
    for _ in range(_NEWTON_STEPS_MOST):
        u = rough + per_Re * x
        off = (x + _TWO_OVER_LN10 * np.log(u)) / (1.0 + _TWO_OVER_LN10 * per_Re / u)
        x -= off
        if abs(off) < _NEWTON_STEP_LAST:
            break
    gain = _TWO_OVER_LN10 * per_Re / (rough + per_Re * x)
    root = turbulent / x
    phi = root * root
    slope = 2.0 * root / x / (1.0 + gain)  # x grows by gain x / (1 + gain) with the logarithm of Re
    if Re < RE_TURBULENT:
        laminar = 64.0 * Re
        width = RE_TURBULENT - RE_LAMINAR
        share, d_share = (Re - RE_LAMINAR) / width, 1.0 / width
        if Re <= RE_LAMINAR:
            share, d_share = 0.0, 0.0
        slope = 64.0 + share * (slope - 64.0) + d_share * (phi - laminar)
        phi = laminar + share * (phi - laminar)
    return phi, slope, x
