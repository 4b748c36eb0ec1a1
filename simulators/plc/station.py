"""The PLC of one station: lease, dead-man and outdoor temperature shared by its loops, and the centre's door.

The server layer decodes the wire (and checks the CRC of a setpoint block) and calls the methods here; every
one returns whether the device took the write.
"""

from collections.abc import Sequence
from enum import IntFlag

from simulators.plc.authority import CapLease, DeadMan, StationLease
from simulators.plc.cap import FlowLimiter
from simulators.plc.limits import NO_LIMIT, Limit, LoopInputs, together
from simulators.plc.loop import LoopOutputs, LoopPlc, PlcEvent
from simulators.plc.outdoor import Outdoor
from stations.model.setpoint import StationClass


class Alarm(IntFlag):
    """Bits of ``alarm_word``."""

    OVER_TEMPERATURE = 1
    FROST = 2
    OUTDOOR_UNKNOWN = 4
    """Own sensor or centre's value gone; a station that was commissioned with neither does not complain."""
    PRIMARY_SHORTAGE = 8


class StationPlc:
    """All loops of one station. ``now`` is UTC seconds of the scaled clock everywhere."""

    def __init__(self, station_class: StationClass, loops: Sequence[LoopPlc]) -> None:
        self.station_class = station_class
        self.loops = tuple(loops)
        self.lease = StationLease()
        self.deadman = DeadMan()
        self.cap = CapLease()
        self._limiter = FlowLimiter()
        self.outdoor = Outdoor()

    @property
    def events(self) -> list[PlcEvent]:
        """All recorded changes of authority, oldest first."""
        return sorted((event for loop in self.loops for event in loop.events), key=lambda event: event.at)

    @property
    def alarms(self) -> Alarm:
        """Alarm bits now."""
        limits = together(*[loop.limits for loop in self.loops])
        alarms = Alarm(0)
        if limits is not NO_LIMIT:
            for limit, alarm in _ALARM_OF_LIMIT.items():
                if limit in limits:
                    alarms |= alarm
        if self.outdoor.missed:
            alarms |= Alarm.OUTDOOR_UNKNOWN
        return alarms

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Class A: take temperature (degC) and circulation for a loop; False when refused.

        Circulation is in kg/s, or in kPa or as a speed where the loop's pump is told those.
        """
        plc = self._loop(loop)
        if self.station_class is not StationClass.A or plc is None:
            return False
        m_flow = None if circulation is None else plc.rating.flow_of(circulation)
        taken = plc.lease.apply(token, sequence, heat, m_flow, self.lease, now)
        if taken:
            plc.begin_remote(now, "setpoint")
        return taken

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Class A: renew the leases of all loops that run under ``token``; False when refused."""
        if self.station_class is not StationClass.A or not self.lease.beat(token, counter, valid_for_s):
            return False
        for loop in self.loops:
            loop.lease.renew(self.lease, now)
        self.cap.renew(self.lease, now)
        return True

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Class A: take a cap on the primary flow of the station in kg/s; False when refused."""
        if self.station_class is not StationClass.A:
            return False
        return self.cap.apply(token, sequence, m_flow_max, self.lease, now)

    def hand_back(self, loop: int, now: float) -> bool:
        """Class A and T: return a loop to its own curve now; False for a loop that is not there."""
        plc = self._loop(loop)
        if plc is None or self.station_class not in (StationClass.A, StationClass.T):
            return False
        plc.begin_own_curve(now, "hand_back")
        return True

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Class B: take an offset in K on the own curve; False outside the device's bounds."""
        plc = self._loop(loop)
        if self.station_class is not StationClass.B or plc is None or not plc.offset.write(dT):
            return False
        if dT != 0.0:
            plc.begin_remote(now, "offset")
        else:
            plc.begin_own_curve(now, "neutral")
        return True

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Class T: take a supply setpoint in degC; it acts while the dead-man runs."""
        plc = self._loop(loop)
        if self.station_class is not StationClass.T or plc is None:
            return False
        if not plc.level.write_absolute(T, self.deadman, now):
            return False
        if plc.level.remote:
            plc.begin_remote(now, "setpoint")
        return True

    def write_deadman(self, seconds: float, now: float) -> None:
        """Class T: set the countdown."""
        self.deadman.arm(seconds, now)

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Class T: turn a loop's level bit to the centre (True) or to the own curve."""
        plc = self._loop(loop)
        if self.station_class is not StationClass.T or plc is None:
            return
        plc.level.write_level(remote, self.deadman, now)
        if plc.level.remote:
            plc.begin_remote(now, "level")
        elif not remote:
            plc.begin_own_curve(now, "level")

    def write_outdoor_centre(self, T: float, now: float) -> bool:
        """Take the centre's outdoor temperature in degC, good for 2 h; False when implausible."""
        return self.outdoor.take_centre(T, now)

    def step(
        self, seen: Sequence[LoopInputs], T_outdoor_own: float | None, now: float, dt: float
    ) -> list[LoopOutputs]:
        """Run one scan of all loops; ``T_outdoor_own`` is the own sensor, None where there is none."""
        T_outdoor = self.outdoor.choose(T_outdoor_own, now)
        drawn, opened = sum(one.m_flow_primary for one in seen), max(one.y_valve for one in seen)
        y_max = self._limiter.step(self.cap.in_force(now), drawn, opened, dt)
        return [
            plc.step(inputs, T_outdoor, self.deadman, now, dt, y_max)
            for plc, inputs in zip(self.loops, seen, strict=True)
        ]

    def _loop(self, number: int) -> LoopPlc | None:
        return self.loops[number - 1] if 1 <= number <= len(self.loops) else None


_ALARM_OF_LIMIT = {
    Limit.OVER_TEMPERATURE: Alarm.OVER_TEMPERATURE,
    Limit.FROST: Alarm.FROST,
    Limit.PRIMARY_SHORTAGE: Alarm.PRIMARY_SHORTAGE,
}
