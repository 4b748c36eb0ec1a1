"""Faults of Modbus TCP: exceptions, and answers that are not what was asked for.

Frames are spoilt on their way to the centre, one answer at a time; shape of a frame: MODBUS Messaging on
TCP/IP Implementation Guide V1.0b, 3.1 (transaction, protocol, length, unit, function, data).
"""

import random
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from simulators.faults.model import Choice, Facts, Family, Fault, Number, Option, Run, Settings, Target
from simulators.link_connection import Piece

_HEADER = struct.Struct(">HHHB")
_READS = frozenset({1, 2, 3, 4})

Spoil = Callable[[bytes, random.Random], bytes]
"""Makes another frame of one whole answer."""


def frames(data: bytes) -> list[bytes]:
    """Cut bytes into whole Modbus TCP frames; what is left over comes as the last piece."""
    found = []
    while len(data) >= 6:
        end = 6 + int.from_bytes(data[4:6], "big")
        found.append(data[:end])
        data = data[end:]
    return [*found, data] if data else found


def _with_pdu(frame: bytes, pdu: bytes) -> bytes:
    transaction, protocol, _, unit = _HEADER.unpack_from(frame)
    return _HEADER.pack(transaction, protocol, len(pdu) + 1, unit) + pdu


def _is_read(frame: bytes) -> bool:
    return len(frame) > 10 and frame[7] in _READS


def one_register_short(frame: bytes, rng: random.Random) -> bytes:
    """Answer one register less than asked for, with lengths that fit."""
    if not _is_read(frame) or frame[8] < 2:
        return frame
    return _with_pdu(frame, bytes([frame[7], frame[8] - 2]) + frame[9:-2])


def two_registers_long(frame: bytes, rng: random.Random) -> bytes:
    """Answer two registers more than asked for, with lengths that fit."""
    if not _is_read(frame) or frame[8] > 246:
        return frame
    return _with_pdu(frame, bytes([frame[7], frame[8] + 4]) + frame[9:] + rng.randbytes(4))


def another_function(frame: bytes, rng: random.Random) -> bytes:
    """Answer as function 4 what was asked with 3, and the other way round."""
    return _with_pdu(frame, bytes([frame[7] ^ 7 if frame[7] in (3, 4) else 3]) + frame[8:])


def another_transaction(frame: bytes, rng: random.Random) -> bytes:
    """Answer under the next transaction's number."""
    return struct.pack(">H", (int.from_bytes(frame[:2], "big") + 1) % 65_536) + frame[2:]


def another_unit(frame: bytes, rng: random.Random) -> bytes:
    """Answer for another unit behind the same gateway."""
    return frame[:6] + bytes([frame[6] ^ 1]) + frame[7:]


def truncated(frame: bytes, rng: random.Random) -> bytes:
    """Leave out the last three bytes that the header has promised."""
    return frame[:-3]


def lying_byte_count(frame: bytes, rng: random.Random) -> bytes:
    """Promise two bytes more in the byte count than the frame holds."""
    return frame[:8] + bytes([(frame[8] + 2) % 256]) + frame[9:] if _is_read(frame) else frame


def another_protocol(frame: bytes, rng: random.Random) -> bytes:
    """Answer with a protocol number that is not Modbus."""
    return frame[:2] + b"\x00\x07" + frame[4:]


def _spoiling(spoil: Spoil) -> Run:
    @asynccontextmanager
    async def run(target: Target, settings: Settings) -> AsyncIterator[None]:
        with target.edited(
            lambda data: [Piece(spoil(f, target.rng)) if len(f) > 8 else Piece(f) for f in frames(data)]
        ):
            yield

    return run


@asynccontextmanager
async def _exception(target: Target, settings: Settings) -> AsyncIterator[None]:
    code, on = int(settings.text("code")), settings.text("on")

    def refuse(function: int) -> int | None:
        wanted = on == "all" or (function in _READS) == (on == "reads")
        return code if wanted else None

    with target.device.requests(refuse):
        yield


@asynccontextmanager
async def _late(target: Target, settings: Settings) -> AsyncIterator[None]:
    late_s, share = settings.number("late_s"), settings.number("share_pct") / 100.0
    with target.edited(lambda data: [Piece(data, after_s=late_s if target.rng.random() < share else 0.0)]):
        yield


@asynccontextmanager
async def _duplicate(target: Target, settings: Settings) -> AsyncIterator[None]:
    with target.edited(lambda data: [Piece(data), Piece(data, after_s=0.01)]):
        yield


@asynccontextmanager
async def _garbage(target: Target, settings: Settings) -> AsyncIterator[None]:
    with target.edited(lambda data: [Piece(target.rng.randbytes(len(data)))]):
        yield


@asynccontextmanager
async def _closes(target: Target, settings: Settings) -> AsyncIterator[None]:
    with target.edited(lambda data: [Piece(data[: len(data) // 2], cut=True)]):
        yield


def modbus_only(facts: Facts, settings: Settings) -> str | None:
    """Refuse stations that do not speak Modbus."""
    return None if facts.profile.protocol == "modbus" else f"{facts.profile.name} does not speak Modbus"


def _frame_fault(name: str, row: str, does: str, spoil: Spoil) -> Fault:
    return Fault(
        name=name,
        rows=(row,),
        family=Family.PROTOCOL,
        does=does,
        expected="rejected, nothing of it becomes a value; the connection is closed and made anew",
        duration_s=300.0,
        run=_spoiling(spoil),
        fits=modbus_only,
    )


_ON = Choice(key="on", default="all", choices=("reads", "writes", "all"), does="which requests")


def _answers(
    name: str, row: str, does: str, expected: str, run: Run, *options: Option, only_modbus: bool = False
) -> Fault:
    fits = modbus_only if only_modbus else lambda _facts, _settings: None
    return Fault(
        name=name,
        rows=(row,),
        family=Family.PROTOCOL,
        does=does,
        expected=expected,
        options=options,
        duration_s=300.0,
        run=run,
        fits=fits,
    )


FAULTS = (
    Fault(
        name="modbus_exception",
        rows=("P1", "P2", "P3"),
        family=Family.PROTOCOL,
        does="the device refuses requests with an exception, and does not carry them out",
        expected="codes 1 to 3: a fault of configuration, told once, asked again seldom; 4, 5, 6, 8, 10, 11: "
        "tried again after a wait; the exception never becomes a value",
        options=(
            Choice(
                key="code",
                default="4",
                choices=("1", "2", "3", "4", "5", "6", "8", "10", "11"),
                does="code of the exception",
            ),
            _ON,
        ),
        duration_s=300.0,
        run=_exception,
        fits=modbus_only,
    ),
    _frame_fault("short_answer", "P4", "answers hold one register less than asked for", one_register_short),
    _frame_fault("long_answer", "P4", "answers hold two registers more than asked for", two_registers_long),
    _frame_fault("wrong_function", "P4", "answers carry another function than asked", another_function),
    _frame_fault(
        "wrong_transaction", "P5", "answers carry another transaction's number", another_transaction
    ),
    _frame_fault("wrong_unit_id", "P5", "answers come from another unit number", another_unit),
    _frame_fault("truncated_answer", "P5", "answers end three bytes too early", truncated),
    _frame_fault("lying_byte_count", "P5", "the byte count promises more than there is", lying_byte_count),
    _frame_fault(
        "wrong_protocol", "P5", "answers carry a protocol number that is no Modbus", another_protocol
    ),
    _answers(
        "garbage",
        "P5",
        "answers are random bytes of the same length, on any protocol",
        "no value; the connection is closed and made anew",
        _garbage,
    ),
    _answers(
        "late_answer",
        "P6",
        "a share of the answers comes after the question has been given up",
        "the poll counts as missed; a late answer never becomes the answer to a later question",
        _late,
        Number(key="late_s", default=4.5, low=0.1, high=300.0, does="how late"),
        Number(key="share_pct", default=50.0, low=0.1, high=100.0, does="share of the answers"),
    ),
    _answers(
        "duplicate_answer",
        "P6",
        "every answer comes twice",
        "the second one is discarded; values as if nothing were",
        _duplicate,
        only_modbus=True,
    ),
    _answers(
        "closes_in_answer",
        "P7",
        "the connection is reset in the middle of each answer",
        "noticed at once, not after the deadline; tried again with growing waits",
        _closes,
    ),
)
