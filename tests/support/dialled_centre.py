"""A centre that stations dial: it listens, and asks with pymodbus' own RTU framer (its own checksum)."""

import asyncio
import contextlib
import time
from contextlib import asynccontextmanager

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from tests.support.polling import until


class Call:
    """One connection that a station has opened; ``heard`` are all bytes of it so far."""

    def __init__(self, reader, writer):
        self.at = time.monotonic()
        self.heard = b""
        self.over = False
        self._reader, self._writer = reader, writer
        self._taken = 0
        self._arrived = asyncio.Condition()

    async def listen(self):
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(1000):
                await self._take(data)
        self.over = True
        await self._take(b"")

    async def _take(self, data):
        async with self._arrived:
            self.heard += data
            self._arrived.notify_all()

    async def bytes(self, count, wall_s=60.0):
        """The next bytes that nobody has taken yet."""
        await until(
            lambda: len(self.heard) >= self._taken + count, wall_s, f"{count} bytes, have {self.heard}"
        )
        self._taken += count
        return self.heard[self._taken - count : self._taken]

    def send(self, data):
        self._writer.write(data)

    async def ask(self, request, *, unit=1, before=b"", wall_s=60.0):
        """Ask with a request of pymodbus; returns the answer as pymodbus reads it behind ``before``."""
        framer = FramerRTU(DecodePDU(False))
        request.dev_id = unit
        self._taken = len(self.heard)
        self.send(framer.buildFrame(request))
        async with asyncio.timeout(wall_s), self._arrived:
            while True:
                new = self.heard[self._taken :]
                if new.startswith(before) and len(new) > len(before):
                    used, answer = framer.handleFrame(new[len(before) :], unit, 0)
                    if answer is not None:
                        self._taken += len(before) + used
                        return answer
                if self.over:
                    raise ConnectionResetError
                await self._arrived.wait()

    def hang_up(self):
        self._writer.transport.abort()


class Centre:
    """All calls that have come, in their order; while ``busy`` each is hung up at once."""

    def __init__(self):
        self.calls = []
        self.port = 0
        self.busy = False

    async def take(self, reader, writer):
        call = Call(reader, writer)
        self.calls.append(call)
        if self.busy:
            call.hang_up()
        await call.listen()
        writer.close()

    async def called(self, times=1, wall_s=60.0):
        """The latest call, once there have been so many."""
        await until(lambda: len(self.calls) >= times, wall_s, f"{times} calls, had {len(self.calls)}")
        return self.calls[-1]


@asynccontextmanager
async def dialled_centre(port=0):
    """Listen for the length of the block, on any free port where none is asked for."""
    centre = Centre()
    server = await asyncio.start_server(centre.take, "127.0.0.1", port)
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        server.close()
        for call in centre.calls:
            call.hang_up()
        await server.wait_closed()
        await until(lambda: all(call.over for call in centre.calls), what="end of all calls")
