"""Instructions: what the centre asks of a loop: one heat channel and at most one circulation channel."""

from dataclasses import dataclass
from enum import StrEnum


class StationClass(StrEnum):
    """How a station falls back to its own curve when the centre is silent (``docs/safety-contract.md``)."""

    A = "A"
    """Lease in the PLC: token, sequence, setpoints and CRC in one write, heartbeat apart."""
    T = "T"
    """Absolute setpoint with the device's own dead-man timer."""
    B = "B"
    """Bounded temperature offset on the station's own curve; no flow."""
    C = "C"
    """Read only: instructions are advice."""

    @property
    def driven(self) -> bool:
        """Tell whether the centre may write setpoints to this class at all."""
        return self is not StationClass.C


class HeatChannel(StrEnum):
    """The point through which a loop is told how warm it shall be."""

    T_SUPPLY = "T_supply_secondary_set"
    M_FLOW_PRIMARY = "m_flow_primary_set"
    Q_FLOW = "Q_flow_set"
    Y_VALVE = "y_valve_primary_set"
    DT_OFFSET = "dT_supply_secondary_offset"
    T_SUPPLY_SOURCE = "T_supply_source_set"
    """Of a heat source."""


class CirculationChannel(StrEnum):
    """The point through which a loop is told how much water shall circulate."""

    M_FLOW = "m_flow_secondary_set"
    DP = "dp_secondary_set"
    Y_PUMP = "y_pump_secondary_set"
    DP_SOURCE = "dp_source_set"
    """Of a heat source: the head that it holds, supply over return."""


class StationChannel(StrEnum):
    """A point through which a whole station is told something, beside its loops."""

    M_FLOW_PRIMARY_MAX = "m_flow_primary_max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """Temperature and volume for one loop, in the units of its channels (inside units)."""

    heat: float
    """Value for the heat channel: degC for T_supply_secondary_set, K for the offset."""
    circulation: float | None
    """Value for the circulation channel (kg/s for m_flow_secondary_set); None where the loop has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCommand:
    """An instruction on its way to one loop, fenced by the controller's token and a sequence number.

    A class A station takes it only if (token, sequence) is greater than the last it took.
    """

    loop: int
    token: int
    """Fencing token of the controller that issued it; grows at every controller start (uint32)."""
    sequence: int
    """Grows with every command to this loop under one token (uint32)."""
    instruction: Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCap:
    """A cap on the primary flow of a whole station, under the same lease as its setpoints.

    Temperature works beneath it. It ends with the lease, and by a cap at the end of the point's range.
    """

    token: int
    """As in ``LoopCommand``."""
    sequence: int
    """Grows with every cap of this station under one token (uint32)."""
    m_flow_max: float
    """kg/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """Renewal of a station's lease: the setpoints it holds stay valid for ``valid_for_s`` from now."""

    token: int
    counter: int
    valid_for_s: float
    """Scaled seconds after which a silent centre means: own curve. 60..600, default 180."""
