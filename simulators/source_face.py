"""A heat source that takes setpoints, as its server sees it: the plant's source with a PLC before it."""

from collections.abc import Mapping
from typing import Protocol

from simulators.plc.source import LOOP, OwnHold, SourcePlc
from stations.model.identity import Point


class SourceOfPlant(Protocol):
    """What a plant offers of one of its sources."""

    id: str
    profile: str

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside."""
        ...

    def own(self) -> OwnHold:
        """Return what the source holds by itself now."""
        ...

    def obey(self, T_supply: float, dp: float) -> None:
        """Hold this supply temperature (degC) and head (kPa) from now on."""
        ...


class DrivenSource:
    """Made and owned by ``SimulatedCity``; implements ``servers.served.Driven``."""

    n_loops = 1

    def __init__(self, source: SourceOfPlant) -> None:
        self.id, self.profile = source.id, source.profile
        self._source = source
        self.plc = SourcePlc(source.own())

    def scan(self, now: float, dt: float) -> None:
        """Run one scan of the PLC and let the plant's source hold what is in force."""
        self.plc.step(self._source.own(), now, dt)
        self._source.obey(self.plc.T_effective, self.plc.dp_effective)

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside; its curve goes by ``T_outdoor``."""
        plc = self.plc
        control = {
            "T_supply_source_set": plc.lease.T_supply,
            "T_supply_source_set_readback": plc.lease.T_supply,
            "T_supply_source_set_effective": plc.T_effective,
            "dp_source_set": plc.lease.m_flow,
            "dp_source_set_readback": plc.lease.m_flow,
            "dp_source_set_effective": plc.dp_effective,
            "limit_word": float(plc.limits),
            "remote_level": 1.0 if plc.remote else 0.0,
            "lease_token": float(plc.lease.token),
            "lease_sequence": float(plc.lease.sequence),
        }
        return {
            **self._source.values(),
            Point(0, "T_outdoor"): plc.own.T_outdoor,
            **{Point(LOOP, name): value for name, value in control.items()},
        }

    def write_block(
        self, loop: int, token: int, sequence: int, heat: float, circulation: float | None, now: float
    ) -> bool:
        """Take temperature (degC) and head (kPa); False when fenced off or senseless."""
        return self.plc.write_block(loop, token, sequence, heat, circulation, now)

    def heartbeat(self, token: int, counter: int, valid_for_s: float, now: float) -> bool:
        """Extend the lease; False for an old token or a repeated counter."""
        return self.plc.heartbeat(token, counter, valid_for_s, now)

    def hand_back(self, loop: int, now: float) -> None:
        """Return to the own curve; the server has checked the token."""
        if loop == LOOP:
            self.plc.hand_back(now)

    def write_offset(self, loop: int, dT: float, now: float) -> bool:
        """Refuse: a source takes no offset."""
        return False

    def write_absolute(self, loop: int, T: float, now: float) -> bool:
        """Refuse: a source has no dead-man timer."""
        return False

    def write_deadman(self, seconds: float, now: float) -> None:
        """Ignore: a source has no dead-man timer."""

    def write_level(self, loop: int, remote: bool, now: float) -> None:
        """Ignore: a source has no level bit that could be written."""

    def write_outdoor_centre(self, T: float, now: float) -> None:
        """Ignore: a source goes by its own sensor."""

    def write_cap(self, token: int, sequence: int, m_flow_max: float, now: float) -> bool:
        """Refuse: a source draws no primary water."""
        return False
