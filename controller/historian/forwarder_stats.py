"""How the forwarder paces itself, and what it tells of its work."""

from dataclasses import dataclass

from controller.historian.forwarder_faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Wall seconds between things; tests are quicker."""

    idle_s: float = 1.0
    """Between two looks for new slots."""
    back_off_s: tuple[float, float] = (1.0, 30.0)
    """First and longest wait after a fault; doubled each time, for ever."""
    rewind_s: float = 60.0
    """At least so long from one rewind to the next; shorter than ``SETTLE_S``, or it would come too late."""
    note_s: float = 1.0
    """At most so often the cursor goes to the disk."""
    cpu_share: float = 0.25
    """Of one core, while a backlog is sent: the thread shares the interpreter with the control cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwarderStats:
    """What the forwarder did since it was opened, and why it does not, if so."""

    lines_sent: int = 0
    """Lines taken by the server, those sent again included."""
    requests: int = 0
    rewinds: int = 0
    """Times that the last two minutes were sent again, because the server may have lost them."""
    refused: int = 0
    """Points that the server would not take, kept in the journal with its words."""
    outdated_lines: int = 0
    """Lines sent in requests of which the server dropped what is older than it keeps."""
    slots_damaged: int = 0
    """Slots of which something could not be read any more."""
    slots_missed: int = 0
    """Slots that went from the journal before they could be sent."""
    faults: int = 0
    fault: Fault | None = None
    """Why nothing can be sent now."""
    fault_since: float | None = None
    """Wall UTC seconds."""
    failure: str | None = None
    """Why nothing is sent but for the server: the journal can not be read, or a bug that ended the thread."""
    last_refused: str | None = None
    """The server's words for the newest refused point."""
    unsent_since: float | None = None
    """Begin of the oldest slot not acknowledged, UTC seconds of the journal; None when all is sent."""

    def lag_s(self, now: float) -> float:
        """Return the age of the oldest point that waits, at UTC second ``now`` of the journal's clock."""
        return 0.0 if self.unsent_since is None else max(0.0, now - self.unsent_since)
