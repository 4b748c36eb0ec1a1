"""How full the secondary side is: its pressure, make-up, safety valve, and a hole in the exchanger's plates.

One element per loop. A diaphragm vessel takes what comes and gives what goes; make-up holds the least
pressure as far as its pump can, a safety valve the greatest. Through a hole water runs to the side of less
pressure as through a sharp orifice: m = hole sign(dp) sqrt(|dp|), with hole = c A sqrt(2 rho) and c = 0.6
(I. E. Idelchik, Handbook of Hydraulic Resistance, diagram 4-18; ISO 5167-2).
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, some

HOLD_kPa = 300.0
"""Held by make-up: a house of ten storeys, full of water to its top."""
RELIEF_kPa = 400.0
"""At which the safety valve opens."""
VESSEL_PER_kPa = 1e-4
"""Of the loop's content: the 2 % by which water grows from cold to hot, over 200 kPa (EN 12828, annex D)."""
MAKEUP_MAX = 0.04
"""Of the design circulation: what a make-up pump gives in an emergency (CJJ 34, closed networks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Mean of a step, kg/s, shape (n_loops,)."""

    p: Floats
    """kPa over ambient at the end of the step."""
    through: Floats
    """Through the hole into the secondary side; negative where water leaves it there."""
    lost: Floats
    """Through leaks and bursts."""
    makeup: Floats
    spilt: Floats
    """By the safety valve."""

    @property
    def crosses(self) -> bool:
        """Whether water goes through any hole."""
        return some(self.through)

    @property
    def replaced(self) -> Floats:
        """Water from the primary side that takes the place of make-up in the circulation."""
        return np.maximum(self.through - self.passing, 0.0)

    @property
    def passing(self) -> Floats:
        """Water that enters the exchanger's secondary side and leaves it again at once.

        From the primary side to the safety valve or the vessel; or make-up that goes through the hole.
        """
        return np.where(self.through > 0.0, np.minimum(self._surplus, self.through), -self.through)

    @property
    def _surplus(self) -> Floats:
        """What does not stay in the circulation: all that comes less what was lost."""
        return np.maximum(self.through + self.makeup - self.lost, 0.0)


def orifice(hole: Floats, dp: Floats) -> Floats:
    """Return the flow in kg/s through a ``hole`` of so many kg/s at 1 kPa, at ``dp`` kPa of either sign."""
    return hole * np.copysign(np.sqrt(np.abs(dp)), dp)


def step(
    p: Floats,
    p_primary: Floats,
    hole: Floats,
    lost_held: Floats,
    makeup_max: Floats,
    vessel: Floats,
    dt: float,
) -> Filled:
    """Advance by ``dt`` s: pressures in kPa, ``lost_held`` kg/s at the pressure held, ``vessel`` kg/kPa.

    Losses fall with the root of the pressure. The hole's flow is taken implicitly while the pressure moves
    and at the pressure that is held where it is held, so that no step overshoots.
    """
    per = dt / vessel
    lost = lost_held * np.sqrt(np.maximum(p, 0.0) / HOLD_kPa)
    dp = p_primary - p
    now = orifice(hole, dp)
    soft = now / (1.0 + 0.5 * np.abs(now) / np.maximum(np.abs(dp), 1e-6) * per)
    free = p + (soft - lost) * per
    aim = np.minimum(np.maximum(free, HOLD_kPa), RELIEF_kPa)
    through = np.where(aim == free, soft, now)
    need = (aim - p) / per - through + lost
    makeup = np.minimum(np.maximum(need, 0.0), makeup_max)
    spilt = np.where(aim >= RELIEF_kPa, np.maximum(-need, 0.0), 0.0)
    following = p + (through - lost + makeup - spilt) * per
    return Filled(p=np.maximum(following, 0.0), through=through, lost=lost, makeup=makeup, spilt=spilt)
