"""A tiny Modbus TCP station that can misbehave. It shares no code with the driver and none with pymodbus."""

import asyncio
import struct
from collections.abc import Callable

HEADER = struct.Struct(">HHHB")  # transaction, protocol, length, unit


def adu(request: bytes, pdu: bytes) -> bytes:
    """The answer frame for `request` (a whole frame) that carries `pdu`."""
    transaction, _, _, unit = HEADER.unpack_from(request)
    return HEADER.pack(transaction, 0, len(pdu) + 1, unit) + pdu


class Cut(Exception):
    """Tells the server to drop the connection."""


Behaviour = Callable[[bytes, bytes], list[bytes]]
"""Gets the request frame and its proper answer frame, returns the pieces to send; may raise Cut."""


def proper(request: bytes, answer: bytes) -> list[bytes]:
    return [answer]


def silent(request: bytes, answer: bytes) -> list[bytes]:
    return []


def cut(request: bytes, answer: bytes) -> list[bytes]:
    raise Cut


def one_register_short(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([answer[7], answer[8] - 2]) + answer[9:-2])]


def one_register_long(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([answer[7], answer[8] + 2]) + answer[9:] + b"\x12\x34")]


def odd_byte_count(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([answer[7], answer[8] + 1]) + answer[9:] + b"\x12")]


def lying_byte_count(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([answer[7], answer[8] + 2]) + answer[9:])]


def trailing_bytes(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, answer[7:] + b"\x00\x00")]


def no_data(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, answer[7:8])]


def other_function(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([4 if answer[7] == 3 else 3]) + answer[8:])]


def unheard_of_function(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, b"\x63" + answer[8:])]


def other_unit(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:6] + bytes([answer[6] ^ 1]) + answer[7:]]


def other_transaction(request: bytes, answer: bytes) -> list[bytes]:
    return [struct.pack(">H", struct.unpack_from(">H", answer)[0] + 1) + answer[2:]]


def transaction_zero(request: bytes, answer: bytes) -> list[bytes]:
    return [b"\x00\x00" + answer[2:]]


def other_protocol(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:2] + b"\x00\x07" + answer[4:]]


def truncated(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:-3]]


def garbage(request: bytes, answer: bytes) -> list[bytes]:
    return [b"\xde\xad\xbe\xef" * 100]


def exception_for_another_function(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, b"\x90\x02")]


def exception_without_code(request: bytes, answer: bytes) -> list[bytes]:
    return [adu(request, bytes([request[7] | 0x80]))]


def in_pieces(request: bytes, answer: bytes) -> list[bytes]:
    return [answer[:5], answer[5:9], answer[9:]]


def twice(request: bytes, answer: bytes) -> list[bytes]:
    return [answer + answer]


def exception(code: int, functions: set[int] | None = None, starts: set[int] | None = None) -> Behaviour:
    """Answers with an exception, for some functions and start addresses or for all."""

    def behave(request: bytes, answer: bytes) -> list[bytes]:
        (start,) = struct.unpack_from(">H", request, 8)
        if (functions and request[7] not in functions) or (starts and start not in starts):
            return [answer]
        return [adu(request, bytes([request[7] | 0x80, code]))]

    return behave


class FakeModbusServer:
    """A station on 127.0.0.1 with registers as words by wire address; keeps every frame it gets."""

    def __init__(self):
        self.holding: dict[int, int] = {}
        self.inputs: dict[int, int] = {}
        self.coils: dict[int, bool] = {}
        self.behave: Behaviour = proper
        self.frames: list[bytes] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task] = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=2)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        self._handlers.add(asyncio.current_task())
        try:
            while True:
                header = await reader.readexactly(7)
                frame = header + await reader.readexactly(struct.unpack_from(">H", header, 4)[0] - 1)
                self.frames.append(frame)
                for piece in self.behave(frame, adu(frame, self._answer(frame))):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (Cut, asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            self._handlers.discard(asyncio.current_task())

    def words(self, frame: bytes) -> tuple[int, list[int]]:
        """Start address and words of a write frame (function 5, 6 or 16)."""
        start, second = struct.unpack_from(">HH", frame, 8)
        if frame[7] == 16:
            return start, list(struct.unpack_from(f">{second}H", frame, 13))
        return start, [second]

    def writes(self) -> list[bytes]:
        """Frames that write."""
        return [frame for frame in self.frames if frame[7] not in (1, 2, 3, 4)]

    def _answer(self, frame: bytes) -> bytes:
        function = frame[7]
        start, second = struct.unpack_from(">HH", frame, 8)
        match function:
            case 3 | 4:
                table = self.holding if function == 3 else self.inputs
                words = [table.get(start + i, 0) for i in range(second)]
                return struct.pack(f">BB{second}H", function, 2 * second, *words)
            case 1:
                bits = sum(1 << i for i in range(second) if self.coils.get(start + i))
                length = (second + 7) // 8
                return struct.pack(">BB", 1, length) + bits.to_bytes(length, "little")
            case 5:
                self.coils[start] = second == 0xFF00
            case 6 | 16:
                self.holding.update(enumerate(self.words(frame)[1], start))
            case _:
                return bytes([function | 0x80, 1])
        return frame[7:12]
