"""Getting a batch of lines across, or learning which of them will never get there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from controller.historian.forwarder_faults import Fault, FaultKind
from controller.historian.lines import split_points

MAX_LINES = 5_000
"""Lines of one request: what InfluxData advises; about 1 MB, 60 kB compressed."""
MAX_REFUSED = 20
"""Bad lines of one batch that are looked for. More are no accident, and nothing must be given up for them."""

FEW_LINES = 5
"""A batch of at least so many lines of which none is taken is not at fault itself."""

Write = Callable[[Sequence[str]], Fault | None]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """What became of a batch."""

    sent: int = 0
    """Lines that the server took."""
    requests: int = 0
    refused: list[tuple[str, str]]
    """Lines that it never will take, with its words for each."""
    outdated: int = 0
    """Lines of requests of which it dropped what is older than it keeps."""
    fault: Fault | None = None
    """Why the batch has to be sent again as a whole, later; then ``refused`` is not final."""


def deliver(lines: Sequence[str], write: Write) -> Delivery:
    """Send ``lines``; halve what is refused until the bad point is found, and leave out only that.

    Lines are idempotent, so it does no harm that a server may have taken a part of what it refused.
    """
    done = Delivery(refused=[])
    pending = [lines[i : i + MAX_LINES] for i in range(0, len(lines), MAX_LINES)]
    while pending:
        part = pending.pop()
        fault = write(part)
        done.requests += 1
        if fault is None:
            done.sent += len(part)
            continue
        smaller = _halves(part) if fault.kind is FaultKind.TOO_LARGE else _suspects(part)
        if fault.kind is FaultKind.OUTDATED:
            done.outdated += len(part)
        elif fault.kind not in (FaultKind.TOO_LARGE, FaultKind.REFUSED):
            done.fault = fault
            return done
        elif len(smaller) > 1:
            pending += smaller
        elif fault.kind is FaultKind.TOO_LARGE:
            done.fault = fault
            return done
        else:
            done.refused.append((part[0], fault.said))
            if len(done.refused) > MAX_REFUSED or (not pending and not done.sent and len(lines) >= FEW_LINES):
                done.fault = replace(fault, kind=FaultKind.REFUSED_MANY)
                return done
    return done


def _halves(part: Sequence[str]) -> list[Sequence[str]]:
    middle = len(part) // 2
    return [part[:middle], part[middle:]] if middle else [part]


def _suspects(part: Sequence[str]) -> list[Sequence[str]]:
    """Return the halves of several lines, or the points of one line."""
    return _halves(part) if len(part) > 1 else [[point] for point in split_points(part[0])]
