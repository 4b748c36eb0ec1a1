"""Caps on the primary flow of one station, from the outbox to the wire."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from controller.decisions import LoopTraits
from controller.last_clamp import cap_fault
from controller.outbox import FlowCapWish, StationBox
from controller.state import ControllerState
from stations.driver import StationDriver
from stations.model.outcome import Acknowledged, Rejected, Unknown
from stations.model.setpoint import FlowCap
from stations.profile import FLOW_CAP, Profile

log = structlog.get_logger("dispatch")

OPEN_SHARE = 0.99
"""Of the largest cap that a device takes, which caps nothing: so a cap is lifted."""


@dataclass(slots=True)
class CapWriter:
    """Owner: the station's dispatcher."""

    station: str
    profile: Profile
    traits: Mapping[int, LoopTraits]
    state: ControllerState
    _sequence: int = 0

    async def write_pending(self, driver: StationDriver, box: StationBox) -> None:
        """Send what waits in the station's box."""
        if box.cap is not None:
            wish, box.cap = box.cap, None
            await self._write(driver, wish)

    async def lift(self, driver: StationDriver) -> None:
        """Lift the cap that the station was told, if there is one: the centre stops."""
        if self.station in self.state.caps:
            await self._write(driver, FlowCapWish(None))

    async def _write(self, driver: StationDriver, wish: FlowCapWish) -> None:
        """Cap the station's primary flow or lift the cap; one that is lost or refused is told anew.

        No answer is no fault of the link here: a cap that is not taken, or not lifted, ends with the lease.
        """
        fault, point = cap_fault(self.traits.values(), wish.m_flow_max), self.profile.point(FLOW_CAP)
        if fault is not None or point is None:
            # past the guard this can only be a bug of ours: refuse, say so, never clip silently
            log.error("clamp_before_wire", station=self.station, why=fault or "no such point")
            return
        self._sequence += 1
        most = OPEN_SHARE * point.bounds()[1]
        m_flow_max = most if wish.m_flow_max is None else min(wish.m_flow_max, most)
        outcome = await driver.cap_flow(
            FlowCap(token=self.state.token, sequence=self._sequence, m_flow_max=m_flow_max)
        )
        if isinstance(outcome, Acknowledged):
            log.info("primary_flow_capped", station=self.station, m_flow_max=wish.m_flow_max)
        elif isinstance(outcome, Rejected | Unknown):
            log.warning("cap_not_taken", station=self.station, why=outcome.why)
