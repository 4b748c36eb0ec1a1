"""A station that dials out: its DTU calls the centre and passes Modbus RTU on to the register image."""

import asyncio
import contextlib
import random
import socket

from simulators.crc import crc16_modbus
from simulators.dialling import Dialling
from simulators.servers.pdu import answer
from simulators.servers.registers import RegisterImage

GAP_S = 0.2
"""So much silence ends a frame that is not whole: a serial line has no other sign."""
_FRAME_MAX = 256
"""Bytes, MODBUS over Serial Line V1.02, 2.5.1.1."""


class DialOutStation:
    """One station's DTU and what is behind it. Owner of its one connection; can be started after a stop."""

    def __init__(self, image: RegisterImage, unit: int, dialling: Dialling, rng: random.Random) -> None:
        self._image = image
        self._unit = unit
        self._dialling = dialling
        self._rng = rng
        self._calling: asyncio.Task[None] | None = None
        self.calls = 0
        """Connections that have been made so far."""

    def start(self, port: int) -> None:
        """Begin to call ``port`` of the loopback, where the station's mobile link begins."""
        if self._calling is None:
            self._calling = asyncio.create_task(self._call(port), name=f"DTU to port {port}")

    async def stop(self) -> None:
        """Hang up and call no more."""
        calling, self._calling = self._calling, None
        if calling is not None:
            calling.cancel()
            await asyncio.wait([calling])

    async def _call(self, port: int) -> None:
        """Call for ever; the wait before the next call doubles until the centre has asked something."""
        wait_s = self._dialling.retry_s
        while True:
            heard = False
            with contextlib.suppress(OSError):
                heard = await self._connection(port)
            if heard:
                wait_s = self._dialling.retry_s
            # half of it drawn, so that stations that lost their connections together come back apart
            await asyncio.sleep(wait_s * self._rng.uniform(0.5, 1.0))
            wait_s = min(2.0 * wait_s, self._dialling.retry_max_s)

    async def _connection(self, port: int) -> bool:
        """Hold one connection until its end; return whether the centre has said anything."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.calls += 1
        try:
            return await self._serve(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer what comes, send heartbeats in between; ends with the connection or a silent centre."""
        dialling, clock = self._dialling, asyncio.get_running_loop().time
        writer.write(dialling.registration)
        heard, frame = False, b""
        heard_at = said_at = clock()
        while True:
            beat_at = said_at + dialling.heartbeat_s if dialling.heartbeat else heard_at + dialling.silence_s
            until = clock() + GAP_S if frame else min(beat_at, heard_at + dialling.silence_s)
            try:
                async with asyncio.timeout_at(until):
                    data = await reader.read(_FRAME_MAX)
            except TimeoutError:
                if clock() >= heard_at + dialling.silence_s:
                    return heard
                if not frame:
                    writer.write(dialling.heartbeat)
                    said_at = clock()
                frame = b""
                continue
            if not data:
                return heard
            heard, heard_at = True, clock()
            frame = (frame + data)[-_FRAME_MAX:]
            if _fits(frame):
                said = self._answer(frame)
                frame = b""
                if said:
                    writer.write(dialling.registration + said if dialling.before_frames else said)
                    said_at = clock()

    def _answer(self, frame: bytes) -> bytes:
        """Return the answer to a frame; empty where it is for another unit on the line."""
        if frame[0] != self._unit:
            return b""
        said = frame[:1] + answer(self._image, frame[1:-2])
        return said + crc16_modbus(said).to_bytes(2, "little")


def _fits(frame: bytes) -> bool:
    """Tell whether all that came since the last silence is one frame: a slave on a line knows no more."""
    return len(frame) >= 4 and crc16_modbus(frame[:-2]) == int.from_bytes(frame[-2:], "little")
