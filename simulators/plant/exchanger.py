"""Plate heat exchanger in counter flow: effectiveness by number of transfer units.

VDI Heat Atlas (2010) C1, table 3; Incropera, Fundamentals of Heat and Mass Transfer, equation 11.29.
"""

import numpy as np

from simulators.plant.arrays import Floats, either
from simulators.plant.water import C_WATER

SHARE_PRIMARY = 0.45
SHARE_WALL = 0.10
SHARE_SECONDARY = 0.45
"""Shares of the design heat resistance: film, plate, film; they add to 1."""

FILM_EXPONENT = 0.7
"""Film coefficient against flow in plate channels: h ~ m^0.7 (VDI Heat Atlas N6; 0.65 .. 0.72)."""

_FLOW_MINIMUM = 1e-6


def conductance(UA0: Floats, ratio_primary: Floats, ratio_secondary: Floats, fouling: Floats) -> Floats:
    """Return UA in kW/K at flows given as ratios to design.

    1/UA = (1/UA0) [r_p (m_p/m_p0)^-0.7 + r_w + fouling + r_s (m_s/m_s0)^-0.7]; ``fouling`` is a share of the
    design resistance, 0 when clean.
    """
    primary = SHARE_PRIMARY * np.maximum(ratio_primary, _FLOW_MINIMUM) ** -FILM_EXPONENT
    secondary = SHARE_SECONDARY * np.maximum(ratio_secondary, _FLOW_MINIMUM) ** -FILM_EXPONENT
    return UA0 / (primary + SHARE_WALL + fouling + secondary)


def effectiveness(NTU: Floats, Cr: Floats) -> Floats:
    """Return eps in counter flow for NTU = UA/Cmin and Cr = Cmin/Cmax, both >= 0.

    eps = (1 - e^(-NTU(1-Cr))) / (1 - Cr e^(-NTU(1-Cr))); at Cr = 1 its limit NTU/(1+NTU).
    """
    balanced = Cr > 1.0 - 1e-6
    Cr_safe = either(balanced, 0.5, Cr)
    decay = np.exp(NTU * (Cr_safe - 1.0))
    return either(balanced, NTU / (1.0 + NTU), (1.0 - decay) / (1.0 - Cr_safe * decay))


def heat_flow(
    UA: Floats, m_flow_primary: Floats, m_flow_secondary: Floats, T_primary_in: Floats, T_secondary_in: Floats
) -> Floats:
    """Return the heat in kW from primary to secondary; never backwards (a check valve stops circulation)."""
    C_primary = m_flow_primary * C_WATER
    C_secondary = m_flow_secondary * C_WATER
    C_min = np.minimum(C_primary, C_secondary)
    C_max = np.maximum(C_primary, C_secondary)
    flowing = C_min > _FLOW_MINIMUM
    C_min, C_max = either(flowing, C_min, 1.0), either(flowing, C_max, 1.0)
    eps = effectiveness(UA / C_min, C_min / C_max)
    return either(flowing, eps * C_min * np.maximum(T_primary_in - T_secondary_in, 0.0), 0.0)
