"""Friction of water in pipes: Darcy-Weisbach with Colebrook's factor, its laminar branch, and viscosity."""

import numpy as np

from simulators.plant.arrays import Floats

RE_LAMINAR = 2000.0
RE_TURBULENT = 4000.0
"""Between them the factor passes linearly from 64/Re to Colebrook's, so that loss keeps growing with flow."""

_NEWTON_STEP_LAST = 1e-4
"""Every step squares the error, of which a fiftieth is left: after one of 1e-4 less than 1e-9 (tested)."""
_NEWTON_STEPS_MOST = 8
"""Swamee-Jain is within 3 %: two steps leave less than 1e-10."""

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
    phi, slope = Colebrook(roughness).scaled_loss(np.atleast_1d(Re))
    return phi.reshape(Re.shape), slope.reshape(Re.shape)


class Colebrook:
    """The law of pipes of one relative ``roughness`` k/D each; begins where it ended the last time.

    Flows that are looked for move less and less, so a step of Newton's is enough for most of them.
    """

    def __init__(self, roughness: Floats) -> None:
        self._rough = roughness / 3.71
        self._x: Floats | None = None
        """1/sqrt(f) of the last time."""

    def scaled_loss(self, Re: Floats) -> tuple[Floats, Floats]:
        """Return what ``scaled_loss`` does; both arrays are the caller's."""
        slow = np.flatnonzero(Re < RE_TURBULENT)
        turbulent = np.maximum(Re, RE_LAMINAR) if len(slow) else Re
        per_Re = 2.51 / turbulent
        x = self._x = self._solved(turbulent, per_Re)
        gain = _TWO_OVER_LN10 * per_Re / (self._rough + per_Re * x)
        root = turbulent / x
        phi = root * root
        slope = 2.0 * root / x
        slope /= 1.0 + gain  # x grows by gain x / (1 + gain) with the logarithm of Re
        if len(slow):
            phi[slow], slope[slow] = _slow(Re[slow], phi[slow], slope[slow])
        return phi, slope

    def _solved(self, Re: Floats, per_Re: Floats) -> Floats:
        x = self._x
        if x is None:
            x = -2.0 * np.log10(self._rough + 5.74 / Re**0.9)
        for _ in range(_NEWTON_STEPS_MOST):
            u = per_Re * x
            u += self._rough
            off = _TWO_OVER_LN10 * np.log(u)
            off += x
            off /= 1.0 + _TWO_OVER_LN10 * per_Re / u
            x = x - off
            if np.abs(off).max(initial=0.0) < _NEWTON_STEP_LAST:
                break
        return x


def _slow(Re: Floats, phi: Floats, slope: Floats) -> tuple[Floats, Floats]:
    """Return the turbulent law's values mixed with the laminar ones, of which all is up to RE_LAMINAR."""
    width = RE_TURBULENT - RE_LAMINAR
    share = np.clip((Re - RE_LAMINAR) / width, 0.0, 1.0)
    d_share = np.where(Re > RE_LAMINAR, 1.0 / width, 0.0)
    laminar = 64.0 * Re
    return (
        laminar + share * (phi - laminar),
        64.0 + share * (slope - 64.0) + d_share * (phi - laminar),
    )
