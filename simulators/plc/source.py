"""The PLC of a heat source that takes setpoints: supply temperature and head, under a lease like a loop's.

It falls back to what the source holds by itself, at the same pace as a station does. Its limits are its own:
what a centre writes is clamped, whatever it is.
"""

import math
from collections import deque
from dataclasses import dataclass

from simulators.plc.authority import LoopLease, StationLease
from simulators.plc.limits import NO_LIMIT, Limit, together
from simulators.plc.loop import ControlState, PlcEvent
from simulators.plc.ramp import FALLBACK_K_PER_S, approach, follow_centre

LOOP = 1
"""Where its setpoints stand on the wire."""
T_RANGE_degC = (50.0, 130.0)
HEAD_SHARES = (0.25, 1.5)
"""Of the head that it holds by itself, between which its pump can go."""
HEAD_SHARE_PER_S = 0.02 / 60.0
"""The fastest that the pump's speed is let change the head, as a share of the own one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHold:
    """What a source holds by itself now."""

    T_supply: float
    """degC."""
    dp: float
    """kPa."""
    T_outdoor: float
    """degC; damped, as its curve goes by."""


class SourcePlc:
    """Lease and setpoints in force of one source; stepped with the plant. ``now`` is UTC seconds."""

    def __init__(self, own: OwnHold) -> None:
        self.own = own
        self.T_effective, self.dp_effective = own.T_supply, own.dp
        """Setpoints in force, degC and kPa."""
        self.limits = NO_LIMIT
        self.remote = False
        self.station = StationLease()
        self.lease = LoopLease(T_supply=own.T_supply, m_flow=own.dp)
        self.events: deque[PlcEvent] = deque(maxlen=1000)
        self._ramping = False

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, dp: float | None, now: float
    ) -> bool:
        """Take temperature (degC) and head (kPa); False when fenced off or no setpoint."""
        if loop != LOOP or (dp is not None and not dp > 0.0):
            return False
        if not self.lease.apply(token, sequence, heat, dp, self.station, now):
            return False
        if not self.remote:
            self.remote, self._ramping = True, False
            self.events.append(PlcEvent(at=now, loop=LOOP, state=ControlState.REMOTE, why="setpoint"))
        return True

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Extend the lease; False when refused."""
        if not self.station.beat(token, counter, valid_for_s):
            return False
        self.lease.renew(self.station, now)
        return True

    def hand_back(self, now: float, why: str = "hand_back") -> None:
        """Return to what the source holds by itself."""
        self.lease.expires_at = None
        if self.remote:
            self.remote, self._ramping = False, True
            self.events.append(PlcEvent(at=now, loop=LOOP, state=ControlState.OWN_CURVE, why=why))

    def step(self, own: OwnHold, now: float, dt: float) -> None:
        """Run one scan of ``dt`` s."""
        self.own = own
        if self.lease.expired(now):
            self.hand_back(now, "watchdog")
        T, dp = (self.lease.T_supply, self.lease.m_flow) if self.remote else (own.T_supply, own.dp)
        T_set, dp_set = self._clamped(T, dp)
        at_limit = together(
            Limit.T_MAX if T_set < T else NO_LIMIT,
            Limit.T_MIN if T_set > T else NO_LIMIT,
            Limit.FLOW if dp_set != dp else NO_LIMIT,
        )
        if self.remote:
            self.T_effective = follow_centre(self.T_effective, T_set, dt)
        elif self._ramping:
            self.T_effective = approach(self.T_effective, T_set, FALLBACK_K_PER_S * dt)
        else:
            self.T_effective = T_set
        self.dp_effective = approach(self.dp_effective, dp_set, HEAD_SHARE_PER_S * own.dp * dt)
        there = self.T_effective == T_set and math.isclose(self.dp_effective, dp_set)
        self._ramping = self._ramping and not there
        self.limits = together(at_limit, NO_LIMIT if there else Limit.RAMP)

    def _clamped(self, T: float, dp: float) -> tuple[float, float]:
        if not self.remote:
            return T, dp  # the source's own curve is its own business
        low, high = (share * self.own.dp for share in HEAD_SHARES)
        return min(max(T, T_RANGE_degC[0]), T_RANGE_degC[1]), min(max(dp, low), high)
