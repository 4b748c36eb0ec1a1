"""Faults of Modbus: exceptions, and answers that are not what was asked for.

Frames are spoilt on their way to the centre, one answer at a time. What a frame looks like on Modbus TCP and
on a serial line: ``simulators.faults.frames``.
"""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from simulators.faults.frames import READS, Frame, Spoil, spoilt
from simulators.faults.library import Library, anyone, first_reason, modbus_only
from simulators.faults.model import Choice, Facts, Family, Fits, Number, Settings, Target
from simulators.link_connection import Piece

_CODES = ("1", "2", "3", "4", "5", "6", "8", "10", "11")
_REJECTED = "rejected, nothing of it becomes a value; the connection is closed and made anew"


def _listens(facts: Facts, settings: Settings) -> str | None:
    return "dials out: its frames have no such number" if facts.dials else None


def _dials(facts: Facts, settings: Settings) -> str | None:
    return None if facts.dials else "does not dial out: its frames have no checksum"


MODBUS = Library(Family.PROTOCOL, duration_s=300.0, fits=modbus_only)


@MODBUS.fault(
    "P1 P2 P3",
    "the device refuses requests with an exception, and does not carry them out",
    "codes 1 to 3: a fault of configuration, told once, asked again seldom; 4, 5, 6, 8, 10, 11: "
    "tried again after a wait; the exception never becomes a value",
    Choice(key="code", default="4", choices=_CODES, does="code of the exception"),
    Choice(key="on", default="all", choices=("reads", "writes", "all"), does="which requests"),
)
def modbus_exception(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Answer with the code."""
    code, on = int(settings.text("code")), settings.text("on")

    def refuse(function: int) -> int | None:
        wanted = on == "all" or (function in READS) == (on == "reads")
        return code if wanted else None

    return target.device.requests(refuse)


# ------------------------------------------------------------------------------------------ spoilt frames


def _frame(row: str, does: str, fits: Fits = anyone) -> Callable[[Spoil], Spoil]:
    """Make a fault of a function that spoils one frame; its name is the fault's."""

    def add(spoil: Spoil) -> Spoil:
        def run(target: Target, settings: Settings) -> AbstractContextManager[None]:
            rtu = target.facts.dials
            return target.edited(lambda data: [Piece(p) for p in spoilt(data, spoil, target.rng, rtu=rtu)])

        MODBUS.add(spoil.__name__, run, row, does, _REJECTED, fits=first_reason(modbus_only, fits))
        return spoil

    return add


@_frame("P4", "answers hold one register less than asked for")
def short_answer(frame: Frame, rng: random.Random) -> Frame:
    """Leave out the last register, with lengths that fit."""
    if not frame.is_read or frame.pdu[1] < 2:
        return frame
    return frame.saying(bytes([frame.pdu[0], frame.pdu[1] - 2]) + frame.pdu[2:-2])


@_frame("P4", "answers hold two registers more than asked for")
def long_answer(frame: Frame, rng: random.Random) -> Frame:
    """Append two registers, with lengths that fit."""
    if not frame.is_read or frame.pdu[1] > 246:
        return frame
    return frame.saying(bytes([frame.pdu[0], frame.pdu[1] + 4]) + frame.pdu[2:] + rng.randbytes(4))


@_frame("P4", "answers carry another function than asked")
def wrong_function(frame: Frame, rng: random.Random) -> Frame:
    """Answer as function 4 what was asked with 3, and the other way round."""
    function = frame.pdu[0]
    return frame.saying(bytes([function ^ 7 if function in (3, 4) else 3]) + frame.pdu[1:])


@_frame("P5", "answers carry another transaction's number", _listens)
def wrong_transaction(frame: Frame, rng: random.Random) -> Frame:
    """Answer under the next transaction's number."""
    assert frame.head is not None
    number = (int.from_bytes(frame.head[:2], "big") + 1) % 65_536
    return replace(frame, head=number.to_bytes(2, "big") + frame.head[2:])


@_frame("P5", "answers come from another unit number")
def wrong_unit_id(frame: Frame, rng: random.Random) -> Frame:
    """Answer for another unit behind the same gateway."""
    return replace(frame, unit=frame.unit ^ 1)


@_frame("P5", "answers end three bytes too early")
def truncated_answer(frame: Frame, rng: random.Random) -> bytes:
    """Leave out the last three bytes that the header has promised."""
    return frame.to_bytes()[:-3]


@_frame("P5", "the byte count promises more than there is")
def lying_byte_count(frame: Frame, rng: random.Random) -> Frame:
    """Promise two bytes more in the byte count than the frame holds."""
    if not frame.is_read:
        return frame
    return frame.saying(bytes([frame.pdu[0], (frame.pdu[1] + 2) % 256]) + frame.pdu[2:])


@_frame("P5", "answers carry a protocol number that is no Modbus", _listens)
def wrong_protocol(frame: Frame, rng: random.Random) -> Frame:
    """Answer with protocol 7; Modbus is 0."""
    assert frame.head is not None
    return replace(frame, head=frame.head[:2] + b"\x00\x07")


@_frame("P5", "answers of a station that dials out bear a checksum that does not fit", _dials)
def wrong_checksum(frame: Frame, rng: random.Random) -> bytes:
    """Turn over the last bit that is sent."""
    proper = frame.to_bytes()
    return proper[:-1] + bytes([proper[-1] ^ 0x80])


# ---------------------------------------------------------------------------------- what answers go through


@MODBUS.fault(
    "P5",
    "answers are random bytes of the same length, on any protocol",
    "no value; the connection is closed and made anew",
    fits=anyone,
)
def garbage(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Draw other bytes."""
    return target.edited(lambda data: [Piece(target.rng.randbytes(len(data)))])


@MODBUS.fault(
    "P6",
    "a share of the answers comes after the question has been given up",
    "the poll counts as missed; a late answer never becomes the answer to a later question",
    Number(key="late_s", default=4.5, low=0.1, high=300.0, does="how late"),
    Number(key="share_pct", default=50.0, low=0.1, high=100.0, does="share of the answers"),
    fits=anyone,
)
def late_answer(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Hold a drawn share back."""
    late_s, share = settings.number("late_s"), settings.number("share_pct") / 100.0
    return target.edited(lambda data: [Piece(data, after_s=late_s if target.rng.random() < share else 0.0)])


@MODBUS.fault("P6", "every answer comes twice", "the second one is discarded; values as if nothing were")
def duplicate_answer(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Send it again right after."""
    return target.edited(lambda data: [Piece(data), Piece(data, after_s=0.01)])


@MODBUS.fault(
    "P7",
    "the connection is reset in the middle of each answer",
    "noticed at once, not after the deadline; tried again with growing waits",
    fits=anyone,
)
def closes_in_answer(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Send half of it."""
    return target.edited(lambda data: [Piece(data[: len(data) // 2], cut=True)])


FAULTS = tuple(MODBUS.faults)
