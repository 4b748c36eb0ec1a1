"""A healthy substation as its meters would show it: seeded, noisy, quantised, with everything that plants do.

Written apart from the rules that it is to satisfy: days and nights, a loop that swings after each step
of its setpoint, staged pumps, counters, a primary side that drifts.
"""

import math
import random
from dataclasses import dataclass

from stations.model.identity import Point
from stations.model.reading import Reading, good

START = 1_736_899_200.0
C_WATER = 4.19


def point(name):
    """Primary points belong to loop 0, secondary ones to loop 1."""
    return Point(1 if "secondary" in name else 0, name)


@dataclass
class StationWeek:
    """Yields one poll after the other; ``faults`` change what is shown, not what is."""

    seed: int
    dt: float = 60.0
    T_step: float = 0.1
    E_step: float = 1.0
    irregular: bool = False

    def polls(self, duration_s):
        """Yield (received_at, values by point name)."""
        rng = random.Random(self.seed)
        t, stepped_at, setpoint, offset = 0.0, -1e9, 50.0, 0.0
        T_supply, T_return, m_factor, swing = 50.0, 40.0, 1.0, 0.0
        E, V, E_pump, V_secondary, before = 41_000.0, 90_000.0, 3_000.0, 250_000.0, 0.0
        drift = 0.0
        next_step = rng.uniform(3600, 5 * 3600)
        while t < duration_s:
            dt, before = max(t - before, 1e-9), t
            hour = t / 3600.0
            drift = 0.995 * drift + rng.gauss(0.0, 0.03) * math.sqrt(self.dt / 60.0)
            T_outdoor = -5.0 + 5.0 * math.sin((hour - 9.0) * math.pi / 12.0) + drift
            if t > next_step:
                next_step = t + rng.uniform(3600, 6 * 3600)
                offset = rng.uniform(-4.0, 4.0)
                stepped_at = t
                if rng.random() < 0.4:
                    m_factor = rng.choice((0.6, 0.8, 1.0))
            wanted = 62.0 - 1.0 * (T_outdoor + 10.0) + offset
            setpoint += max(-0.2 * dt / 60, min(0.2 * dt / 60, wanted - setpoint)) * 5
            age = t - stepped_at
            swing = 2.5 * math.exp(-age / 900.0) * math.sin(2.0 * math.pi * age / 360.0)
            T_supply += (setpoint - T_supply) * (1 - math.exp(-dt / 180.0))
            shown_supply = T_supply + swing
            T_return += (T_supply - 10.0 / m_factor - T_return) * (1 - math.exp(-dt / 900.0))
            m_secondary = 6.0 * m_factor * (1 + rng.gauss(0, 0.01))
            Q = max(0.0, C_WATER * 6.0 * m_factor * (shown_supply - T_return))
            T_supply_primary = 92.0 + 6.0 * math.sin(hour * math.pi / 31.0) + rng.gauss(0, 0.15)
            T_return_primary = T_return + 4.0 + rng.gauss(0, 0.15)
            m_primary = Q / (C_WATER * (T_supply_primary - T_return_primary))
            speed = 0.9 * m_factor
            E += Q * dt / 3600
            V += m_primary * dt / 1000
            E_pump += 2.5 * speed**3 * dt / 3600
            V_secondary += 6.0 * m_factor * dt / 1000
            yield (
                START + t,
                {
                    "T_outdoor": self._shown(T_outdoor + rng.gauss(0, 0.05), 0.1),
                    "T_supply_primary": self._shown(T_supply_primary, self.T_step),
                    "T_return_primary": self._shown(T_return_primary, self.T_step),
                    "m_flow_primary": m_primary * (1 + rng.gauss(0, 0.02)),
                    "Q_flow_primary": Q * (1 + rng.gauss(0, 0.02)),
                    "p_supply_primary": self._shown(620.0 + 15 * math.sin(hour / 3) + rng.gauss(0, 4), 1.0),
                    "p_return_primary": self._shown(410.0 + rng.gauss(0, 4), 1.0),
                    "y_valve_primary": self._shown(min(1.0, m_primary / 8.0), 0.001),
                    "E_heat_primary": math.floor(E / self.E_step) * self.E_step,
                    "V_primary": math.floor(V * 10) / 10,
                    "T_supply_secondary": self._shown(shown_supply + rng.gauss(0, 0.1), self.T_step),
                    "T_return_secondary": self._shown(T_return + rng.gauss(0, 0.1), self.T_step),
                    "m_flow_secondary": m_secondary,
                    "y_pump_secondary": self._shown(speed, 0.001),
                    "P_pump_secondary": 2.5 * speed**3 * (1 + rng.gauss(0, 0.01)),
                    "E_pump_secondary": math.floor(E_pump * 10) / 10,
                    "V_secondary": math.floor(V_secondary),
                    "p_supply_secondary": self._shown(300 + 90 * m_factor**2 + rng.gauss(0, 3), 1.0),
                    "p_return_secondary": self._shown(300 + rng.gauss(0, 3), 1.0),
                },
            )
            t += self.dt
            if self.irregular:
                # late answers, a missed poll in twenty, an outage now and then
                t = math.floor(t / self.dt) * self.dt + rng.uniform(0.0, 0.6 * self.dt)
                if rng.random() < 0.05:
                    t += self.dt * rng.choice((1, 2, 3))
                if rng.random() < 0.0003:
                    t += rng.uniform(300, 7200)

    @staticmethod
    def _shown(value, step):
        return round(value / step) * step


def as_readings(at, values) -> dict[Point, Reading]:
    """Values by name as GOOD readings of one answer."""
    return {point(name): good(value, at) for name, value in values.items()}
