"""A wire between driver and server that can be slow, swallow everything, cut, garble, and keeps a copy."""

import asyncio
from contextlib import asynccontextmanager


class Wire:
    """What the link does from now on; the test sets it, the connections obey."""

    def __init__(self):
        self.port = 0
        self.delay_s = 0.0
        self.hole = False
        self.cut_next = False
        self.garble = None
        self.sent = bytearray()
        self.connections = 0
        self._writers = set()

    def cut(self):
        """Reset every connection."""
        self.cut_next = False
        for writer in self._writers:
            writer.transport.abort()

    async def pump(self, reader, writer, note):
        try:
            while data := await reader.read(65536):
                note(data)
                if self.cut_next:
                    self.cut()
                await asyncio.sleep(self.delay_s)
                if self.garble is not None and note is not self.sent.extend:
                    data = self.garble(data)
                if not self.hole:
                    writer.write(data)
        except OSError:
            pass  # the other side is gone, and so are we
        finally:
            if not self.hole:
                writer.close()


@asynccontextmanager
async def wire_to(port):
    """Listen on a free port and forward to ``port``."""
    wire = Wire()
    tasks = set()

    async def forward(reader, writer):
        wire.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        wire._writers |= {writer, far_writer}
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.pump(reader, far_writer, wire.sent.extend))
            group.create_task(wire.pump(far_reader, writer, lambda data: None))

    def accept(reader, writer):  # not a coroutine: asyncio would log its cancellation below as an error
        tasks.add(asyncio.create_task(forward(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in wire._writers:
            writer.transport.abort()
        await server.wait_closed()
