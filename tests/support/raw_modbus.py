"""A Modbus TCP client of nothing but struct: what it sends and gets are the bytes that a test writes down."""

import asyncio
import contextlib
import struct
import time


class RawModbus:
    """One connection; every exchange has a transaction id of its own."""

    def __init__(self, reader, writer, unit):
        self._reader, self._writer, self._unit = reader, writer, unit
        self._transaction = 0

    @classmethod
    async def connect(cls, port, unit=1):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, unit)

    async def ask(self, pdu, unit=None, wall_s=5.0):
        """Send a PDU and return the answer's PDU."""
        self._transaction += 1
        head = struct.pack(">HHHB", self._transaction, 0, len(pdu) + 1, self._unit if unit is None else unit)
        async with asyncio.timeout(wall_s):
            self._writer.write(head + pdu)
            await self._writer.drain()
            transaction, protocol, length, _ = struct.unpack(">HHHB", await self._reader.readexactly(7))
            answer = await self._reader.readexactly(length - 1)
        assert (transaction, protocol) == (self._transaction, 0)
        return answer

    async def registers(self, function, address, count):
        """Read registers; an exception answer fails the test."""
        answer = await self.ask(struct.pack(">BHH", function, address, count))
        assert answer[:2] == bytes([function, 2 * count]), answer.hex()
        return list(struct.unpack(f">{count}H", answer[2:]))

    async def write(self, address, words):
        """Function 16."""
        body = struct.pack(f">BHHB{len(words)}H", 16, address, len(words), 2 * len(words), *words)
        return await self.ask(body)

    async def close(self):
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


async def round_trip(client):
    """Wall time in s from a question to the end of its answer."""
    begin = time.monotonic()
    await client.registers(3, 0, 1)
    return time.monotonic() - begin
