"""A DTU before a hand-written Modbus server: it calls the centre and passes frames on, both ways."""

import asyncio
import contextlib

from simulators.crc import crc16_modbus
from tests.support.modbus_server import HEADER


@contextlib.asynccontextmanager
async def _opened(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


class FakeDtu:
    """Calls ``centre_port`` for as long as the block lasts; each call has a connection to the server."""

    def __init__(self, server_port, centre_port, registration=b"DTU-S001", *, before_frames=b"", beat=b""):
        self._server_port, self._centre_port = server_port, centre_port
        self._registration, self._before_frames, self._beat = registration, before_frames, beat
        self.calls = 0
        self._task = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self._dial())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _dial(self):
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._call()
            await asyncio.sleep(0.02)

    async def _call(self):
        async with (
            _opened(self._centre_port) as (reader, writer),
            _opened(self._server_port) as (
                device,
                to_device,
            ),
        ):
            self.calls += 1
            writer.write(self._registration)
            ways = [
                asyncio.create_task(self._inwards(reader, to_device)),
                asyncio.create_task(self._outwards(device, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)

    async def _inwards(self, reader, to_device):
        frame, transaction = b"", 0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(300):
                frame += data
                if len(frame) > 3 and crc16_modbus(frame[:-2]) == int.from_bytes(frame[-2:], "little"):
                    transaction += 1
                    pdu = frame[1:-2]
                    to_device.write(HEADER.pack(transaction, 0, len(pdu) + 1, frame[0]) + pdu)
                    frame = b""

    async def _outwards(self, device, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                _, _, length, unit = HEADER.unpack(await device.readexactly(HEADER.size))
                said = bytes([unit]) + await device.readexactly(length - 1)
                writer.write(self._beat + self._before_frames)
                writer.write(said + crc16_modbus(said).to_bytes(2, "little"))
