"""Who decides over a loop: the centre while its authority lasts, the station's own curve otherwise.

One small class per way of falling back. Each keeps the centre's last wish and tells whether it still counts.
Re-entry after a fallback is the centre's rule (5 minutes good, doubling to 60); the PLC enforces one thing:
an authority that has ended stays ended until a new, greater (token, sequence) arrives (class A) or a new
setpoint or level bit is written (class T). A late heartbeat revives nothing.
"""

import math
from dataclasses import dataclass

VALID_FOR_MIN_S = 60.0
VALID_FOR_MAX_S = 600.0
VALID_FOR_DEFAULT_S = 180.0
"""Watchdog of a class A station: the centre's wish is clamped to these."""

OFFSET_LOWER_K = -3.0
OFFSET_UPPER_K = 5.0
"""Class B: offsets outside are refused, because the device keeps the last one for ever."""

CAP_NONE_KG_PER_S = 600.0
"""More than any station draws: what the register of the cap shows while there is none."""

T_SUPPLY_BELIEVABLE = (5.0, 150.0)
"""degC; a setpoint outside is refused. Inside, the hard clamps of the loop still hold."""


@dataclass(slots=True)
class StationLease:
    """Class A, one per station: the token in force and how long silence is tolerated."""

    token: int = 0
    counter: int = 0
    valid_for_s: float = VALID_FOR_DEFAULT_S

    def beat(self, token: int, counter: int, valid_for_s: float) -> bool:
        """Take a heartbeat; False for an old token, a repeated counter or a duration that is no number."""
        if not math.isfinite(valid_for_s) or token < self.token or token == 0:
            return False
        if token == self.token and counter <= self.counter:
            return False
        self.token = token
        self.counter = counter
        self.valid_for_s = min(max(valid_for_s, VALID_FOR_MIN_S), VALID_FOR_MAX_S)
        return True

    def adopt(self, token: int) -> None:
        """Let a setpoint block of a newer controller fence off all older ones."""
        if token > self.token:
            self.token = token
            self.counter = 0
            self.valid_for_s = VALID_FOR_DEFAULT_S


@dataclass(slots=True)
class LoopLease:
    """Class A, one per loop: what the centre asked for, under which token, and until when it counts."""

    T_supply: float
    """degC as written; before the first write the own curve's value at power-up."""
    m_flow: float
    """kg/s as written; before the first write the design flow."""
    token: int = 0
    sequence: int = 0
    expires_at: float | None = None
    """UTC second; None while the own curve decides."""

    def apply(
        self,
        token: int,
        sequence: int,
        heat: float,
        circulation: float | None,
        station: StationLease,
        now: float,
    ) -> bool:
        """Take a setpoint block; False when fenced off by (token, sequence) or when it is no setpoint."""
        if token < station.token or (token, sequence) <= (self.token, self.sequence):
            return False
        if not _believable(heat) or (circulation is not None and not math.isfinite(circulation)):
            return False
        station.adopt(token)
        self.token, self.sequence = token, sequence
        self.T_supply = heat
        if circulation is not None:
            self.m_flow = circulation
        self.expires_at = now + station.valid_for_s
        return True

    def renew(self, station: StationLease, now: float) -> None:
        """Extend by an accepted heartbeat: only a lease that still runs, and only under the same token."""
        if self.expires_at is not None and now <= self.expires_at and self.token == station.token:
            self.expires_at = now + station.valid_for_s

    def expired(self, now: float) -> bool:
        """Tell whether a running lease has ended by silence at ``now``."""
        return self.expires_at is not None and now > self.expires_at


@dataclass(slots=True)
class CapLease:
    """Class A, one per station: what the centre caps the primary flow at, and until when."""

    m_flow_max: float = math.inf
    """kg/s as written; inf before the first write."""
    token: int = 0
    sequence: int = 0
    expires_at: float | None = None
    """UTC second; None while there is no cap."""

    def apply(self, token: int, sequence: int, m_flow_max: float, station: StationLease, now: float) -> bool:
        """Take a cap; False when fenced off by (token, sequence) or when it is none."""
        if token < station.token or (token, sequence) <= (self.token, self.sequence):
            return False
        if not math.isfinite(m_flow_max) or m_flow_max <= 0.0:
            return False
        station.adopt(token)
        self.token, self.sequence, self.m_flow_max = token, sequence, m_flow_max
        self.expires_at = now + station.valid_for_s
        return True

    def renew(self, station: StationLease, now: float) -> None:
        """Extend by an accepted heartbeat, as ``LoopLease.renew`` does."""
        if self.expires_at is not None and now <= self.expires_at and self.token == station.token:
            self.expires_at = now + station.valid_for_s

    def in_force(self, now: float) -> float:
        """Return the cap that acts at ``now``, kg/s; inf for none: silence of the centre opens."""
        if self.expires_at is None or now > self.expires_at:
            self.expires_at = None
            return math.inf
        return self.m_flow_max

    def shown(self, now: float) -> float:
        """Return what the register shows, kg/s: the cap in force, or the end of its range for none."""
        return min(self.in_force(now), CAP_NONE_KG_PER_S)


@dataclass(slots=True)
class DeadMan:
    """Class T, one per station: a countdown in whole minutes that the centre must keep from reaching zero."""

    ends_at: float | None = None

    def arm(self, seconds: float, now: float) -> None:
        """Set the countdown, rounded down to whole minutes; 0 or less lets it end now."""
        minutes = math.floor(seconds / 60.0) if math.isfinite(seconds) else 0
        self.ends_at = now + 60.0 * minutes if minutes > 0 else None

    def remaining_s(self, now: float) -> float:
        """Return what the register shows: the rest in seconds, rounded up to whole minutes; 0 when ended."""
        if self.ends_at is None or now >= self.ends_at:
            return 0.0
        return 60.0 * math.ceil((self.ends_at - now) / 60.0)


@dataclass(slots=True)
class LoopLevel:
    """Class T, one per loop: the absolute setpoint and the level bit (True: the centre decides)."""

    T_supply: float
    remote: bool = False

    def write_absolute(self, T: float, deadman: DeadMan, now: float) -> bool:
        """Take a setpoint in degC; as in the real device the write itself turns the level to the centre."""
        if not _believable(T):
            return False
        self.T_supply = T
        self.remote = deadman.remaining_s(now) > 0.0
        return True

    def write_level(self, remote: bool, deadman: DeadMan, now: float) -> None:
        """Turn the level bit; to the centre only while the dead-man runs."""
        self.remote = remote and deadman.remaining_s(now) > 0.0


@dataclass(slots=True)
class LoopOffset:
    """Class B, one per loop: a bounded offset in K on the own curve, kept until overwritten."""

    dT: float = 0.0

    def write(self, dT: float) -> bool:
        """Take an offset; False outside the device's own bounds."""
        if not math.isfinite(dT) or not OFFSET_LOWER_K <= dT <= OFFSET_UPPER_K:
            return False
        self.dT = dT
        return True


def _believable(T: float) -> bool:
    return math.isfinite(T) and T_SUPPLY_BELIEVABLE[0] <= T <= T_SUPPLY_BELIEVABLE[1]
