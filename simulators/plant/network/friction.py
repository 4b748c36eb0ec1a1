"""Friction of water in pipes: Darcy-Weisbach with Colebrook's factor, its laminar branch, and viscosity."""

import numpy as np

from simulators.plant.arrays import Floats

RE_LAMINAR = 2000.0
RE_TURBULENT = 4000.0
"""Between them the factor passes linearly from 64/Re to Colebrook's, so that loss keeps growing with flow."""

_NEWTON_STEPS = 2
"""Swamee-Jain is within 3 %; every step squares the error, two leave less than 1e-10 (tested)."""

_TWO_OVER_LN10 = 2.0 / np.log(10.0)


def dynamic_viscosity(T: Floats) -> Floats:
    """Return the dynamic viscosity of water in Pa s at ``T`` degC (0..180, within 1.5 %).

    M. H. Sharqawy, J. H. Lienhard, S. M. Zubair, Desalination and Water Treatment 16 (2010) 354, equation 23.
    """
    return np.asarray(4.2844e-5 + 1.0 / (0.157 * (T + 64.993) ** 2 - 91.296))


def factor(Re: Floats, roughness: Floats) -> Floats:
    """Return Darcy's friction factor at Reynolds number ``Re`` > 0 and relative ``roughness`` k/D."""
    return np.asarray(scaled_loss(Re, roughness)[0] / Re**2)


def scaled_loss(Re: Floats, roughness: Floats) -> tuple[Floats, Floats]:
    """Return phi = f Re^2 and d phi/d Re at ``Re`` >= 0; both finite at rest, where phi is 64 Re.

    The pressure loss of a pipe is L mu^2 / (2 rho D^3) phi. Turbulent: C. F. Colebrook, J. Inst. Civil Eng.
    11 (1939) 133: x = 1/sqrt(f) = -2 lg(k/(3.71 D) + 2.51 x/Re), Newton from P. K. Swamee, A. K. Jain,
    J. Hydraulics Div. ASCE 102 (1976) 657. Laminar: Hagen-Poiseuille.
    """
    Re_turbulent = np.maximum(Re, RE_LAMINAR)
    rough = roughness / 3.71
    x = -2.0 * np.log10(rough + 5.74 / Re_turbulent**0.9)
    per_Re = 2.51 / Re_turbulent
    for _ in range(_NEWTON_STEPS):
        u = rough + per_Re * x
        x = x - (x + _TWO_OVER_LN10 * np.log(u)) / (1.0 + _TWO_OVER_LN10 * per_Re / u)
    gain = _TWO_OVER_LN10 * per_Re / (rough + per_Re * x)
    dx = gain * x / Re_turbulent / (1.0 + gain)
    root = Re_turbulent / x
    phi = root**2
    slope = 2.0 * root * (1.0 - root * dx) / x
    # share of the turbulent law: 0 up to RE_LAMINAR, 1 from RE_TURBULENT
    width = RE_TURBULENT - RE_LAMINAR
    share = np.clip((Re - RE_LAMINAR) / width, 0.0, 1.0)
    d_share = np.where((Re > RE_LAMINAR) & (Re < RE_TURBULENT), 1.0 / width, 0.0)
    laminar = 64.0 * Re
    return (
        laminar + share * (phi - laminar),
        64.0 + share * (slope - 64.0) + d_share * (phi - laminar),
    )
