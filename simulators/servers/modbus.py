"""A Modbus TCP server on a private port in front of one register image; pymodbus speaks the protocol."""

import asyncio
import struct
from collections.abc import Sequence

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.one_buffer import read_into_one_buffer
from simulators.servers.reads import ModbusException
from simulators.servers.registers import RegisterImage

READS = frozenset({1, 2, 3, 4})
WRITES = frozenset({5, 6, 16})
_KNOWN = READS | WRITES


class _Context:
    """Stands where pymodbus keeps its register arrays, and asks the image instead.

    pymodbus' own ``SimDevice`` copies all registers before an action may change them; the server itself only
    calls these three functions.
    """

    def __init__(self, image: RegisterImage, unit: int) -> None:
        self._image = image
        self._unit = unit
        self._echo: list[int] = []

    def device_ids(self) -> list[int]:
        return [self._unit]

    async def async_getValues(  # noqa: N802  (pymodbus' name)
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if device_id != self._unit:
            raise NoSuchIdException
        if func_code in WRITES:  # functions 5 and 6 are answered with what was written
            return self._echo
        words = self.words(device_id, func_code, address, count)
        return words if isinstance(words, ExcCodes) or func_code > 2 else [bool(word) for word in words]

    def words(self, device_id: int, func_code: int, address: int, count: int) -> list[int] | ExcCodes:
        """Return registers, or bits as 0 and 1; else why the device refuses. Raises NoSuchIdException."""
        if device_id != self._unit:
            raise NoSuchIdException
        try:
            return self._image.read(func_code, address, count)
        except ModbusException as refusal:
            return ExcCodes(refusal.code)

    async def async_setValues(  # noqa: N802  (pymodbus' name)
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        if device_id != self._unit:
            raise NoSuchIdException
        words = [int(value) for value in values]
        try:
            self._image.write(func_code, address, words)
        except ModbusException as refusal:
            return ExcCodes(refusal.code)
        self._echo = words
        return None


class _Registers(ModbusPDU):
    """The answer to a read, packed as a whole: the library packs one register after the other."""

    def __init__(self, function: int, words: Sequence[int]) -> None:
        # the base class prepares bits, counts and addresses that an answer has not
        self.dev_id = self.transaction_id = 0
        self.function_code = function
        self.registers = words

    def encode(self) -> bytes:
        n = len(self.registers)
        return struct.pack(f">B{n}H", 2 * n, *self.registers)


class _ReadHoldingRegisters(ReadHoldingRegistersRequest):
    """Most of all requests: asks the image without a detour."""

    def __init__(self) -> None:
        self.dev_id = self.transaction_id = self.address = self.count = 0

    def __str__(self) -> str:  # the library writes one for each request, whether it is logged or not
        return f"function {self.function_code} at {self.address} ({self.count})"

    async def datastore_update(self, context: object, device_id: int) -> ModbusPDU:
        assert isinstance(context, _Context)
        words = context.words(device_id, self.function_code, self.address, self.count)
        if isinstance(words, ExcCodes):
            return ExceptionResponse(self.function_code, words)
        return _Registers(self.function_code, words)


class _ReadInputRegisters(_ReadHoldingRegisters):
    """The same of the other table."""

    function_code = 4


class _Refused(ModbusPDU):
    """A request with a function that no station controller here has (diagnostics, files, mask write)."""

    def __init__(self, request: ModbusPDU) -> None:
        super().__init__(dev_id=request.dev_id, transaction_id=request.transaction_id)
        self.function_code = request.function_code

    async def datastore_update(self, context: object, device_id: int) -> ModbusPDU:
        return ExceptionResponse(self.function_code, ExcCodes.ILLEGAL_FUNCTION)


def _only_known_functions(sending: bool, pdu: ModbusPDU) -> ModbusPDU:
    """Replace a request that pymodbus would answer by itself although the device has no such function."""
    return pdu if sending or pdu.function_code in _KNOWN else _Refused(pdu)


class _Handler(ServerRequestHandler):
    """Answers in the same turn of the loop: the registers wait for nothing, so no request needs a task."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        read_into_one_buffer(transport, self)

    def handle_later(self) -> None:
        """Run the library's coroutine to its end."""
        request = self.handle_request()  # type: ignore[no-untyped-call]
        try:
            request.send(None)
        except StopIteration:
            return
        request.close()
        raise AssertionError("a register image does not wait")


class _Server(ModbusTcpServer):
    """The library's server with handlers of ours."""

    def callback_new_connection(self) -> _Handler:
        """Return the handler of a new connection."""
        return _Handler(self, self.trace_packet, self.trace_pdu, self.trace_connect)  # type: ignore[no-untyped-call]


class ModbusStationServer:
    """One station's Modbus TCP server on 127.0.0.1; can be started again after a stop."""

    def __init__(self, image: RegisterImage, unit: int) -> None:
        self._image = image
        self._unit = unit
        self._server: ModbusTcpServer | None = None

    async def start(self) -> int:
        """Listen on a free port of the loopback and return it."""
        shape = SimDevice(self._unit, simdata=SimData(0, datatype=DataType.REGISTERS))
        server = _Server(
            shape,
            address=("127.0.0.1", 0),
            trace_pdu=_only_known_functions,
            custom_pdu=[_ReadHoldingRegisters, _ReadInputRegisters],
        )
        server.context = _Context(self._image, self._unit)  # type: ignore[assignment]  # see _Context
        await server.serve_forever(background=True)
        self._server = server
        assert isinstance(server.transport, asyncio.Server)  # pymodbus keeps its listener here
        return int(server.transport.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the socket and all connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
