"""How a station keeps its primary flow below a cap: no valve opens further than a common limit."""

import math
from dataclasses import dataclass

CAP_INTEGRAL_S = 240.0
"""Stroke per share of the cap that is drawn too much: an equal-percentage valve of 30:1 gives 3.4 times its
stroke, so the flow settles in about a minute."""
Y_LEAST = 0.1
"""No cap closes a valve further: some water always passes, frost protection opens it again anyway."""
Y_AHEAD = 0.05
"""By how much the limit may stand above the valve that is open widest, so that it acts soon."""


@dataclass(slots=True)
class FlowLimiter:
    """Integral control of the primary flow by the largest valve opening; of one station."""

    y_max: float = 1.0

    def step(self, m_flow_max: float, m_flow: float, y_valve: float, dt: float) -> float:
        """Return the largest opening, 0..1, after ``dt`` s.

        ``m_flow_max`` is inf where there is no cap, ``m_flow`` kg/s what the station draws, ``y_valve`` the
        opening of the valve that is open widest.
        """
        if not math.isfinite(m_flow_max):
            self.y_max = 1.0
            return 1.0
        error = (m_flow_max - m_flow) / m_flow_max
        reached = min(self.y_max, y_valve + Y_AHEAD) + min(max(error, -1.0), 1.0) * dt / CAP_INTEGRAL_S
        self.y_max = min(max(reached, Y_LEAST), 1.0)
        return self.y_max
