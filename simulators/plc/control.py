"""The two controllers of a loop: supply temperature by the primary valve, circulation by the pump's speed."""

from dataclasses import dataclass

PROPORTIONAL_PER_K = 0.03
INTEGRAL_S = 45.0
"""Valve stroke per K and reset time. An equal-percentage valve gives 14 (floor) to 40 K (radiator) per full
stroke here and the exchanger answers in about 20 s: loop gain 0.4..1.2. Step responses at scans of 2, 5 and
10 s settle within 3 minutes without overshoot; a third of this gain took 10 minutes."""

PUMP_INTEGRAL_S = 20.0


@dataclass(slots=True)
class ValveController:
    """PI in velocity form: bumpless by construction, no wind-up beyond the ends of the stroke."""

    command: float
    """0..1."""
    _last_error: float = 0.0

    def step(self, T_set: float, T_supply: float, dt: float, most: float = 1.0) -> float:
        """Return the valve command after ``dt`` s, ``most`` at most; temperatures in degC."""
        error = T_set - T_supply
        change = PROPORTIONAL_PER_K * (error - self._last_error + error * dt / INTEGRAL_S)
        self._last_error = error
        self.command = min(max(self.command + change, 0.0), most)
        return self.command

    def force(self, command: float) -> float:
        """Put the valve where an interlock wants it; control resumes from there."""
        self.command = command
        return command


@dataclass(slots=True)
class PumpController:
    """Integral control of circulation through the pump's speed."""

    command: float
    """0..1 of full speed."""

    def step(self, m_flow_set: float, m_flow: float, m_flow_design: float, dt: float) -> float:
        """Return the speed command after ``dt`` s; flows in kg/s."""
        error = (m_flow_set - m_flow) / m_flow_design
        self.command = min(max(self.command + error * min(dt / PUMP_INTEGRAL_S, 1.0), 0.0), 1.0)
        return self.command
