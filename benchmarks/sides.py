"""Sides of the read benchmarks that run in this process: our drivers and the Python libraries themselves."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from asyncua.client.client import Client
from pymodbus.client import AsyncModbusTcpClient

from benchmarks.device import (
    NAMESPACE,
    REGISTERS,
    UNIT,
    VALUES,
    modbus_address,
    modbus_profile,
    opcua_address,
    opcua_profile,
)
from benchmarks.reads import CONNECTIONS, Read, Side, in_process
from stations.driver import Deadlines, StationDriver
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.modbus.frames import read
from stations.drivers.modbus.link import ModbusLink
from stations.drivers.opcua.driver import OpcUaDriver
from stations.model.clock import SystemClock

NO_WATCHDOG_S = 1e6
"""asyncua's own watchdog would read beside the benchmark."""

_Opened = AbstractAsyncContextManager[Side]


def our_modbus(port: int) -> _Opened:
    """Return ModbusDriver.read of 40 registers in one request."""
    profile, clock = modbus_profile(), SystemClock()
    return _drivers(lambda: ModbusDriver("S", profile, 1, modbus_address(port), clock))


def our_opcua(port: int) -> _Opened:
    """Return OpcUaDriver.read of 20 nodes in one request."""
    profile, clock = opcua_profile(), SystemClock()
    return _drivers(lambda: OpcUaDriver("S", profile, 1, opcua_address(port), clock, None))


@asynccontextmanager
async def _drivers(make: Callable[[], StationDriver]) -> AsyncIterator[Side]:
    drivers = [make() for _ in range(CONNECTIONS)]
    try:
        for driver in drivers:
            await driver.connect()
        yield in_process([driver.read for driver in drivers])
    finally:
        for driver in drivers:
            await driver.close()


@asynccontextmanager
async def our_links(port: int) -> AsyncIterator[Side]:
    """Return our Modbus link alone: checked bytes, not yet numbers."""
    clock, request = SystemClock(), read(3, 0, REGISTERS)
    links = [ModbusLink("S", modbus_address(port), clock, Deadlines(), 0.0) for _ in range(CONNECTIONS)]

    def reader(link: ModbusLink) -> Read:
        return lambda: link.read(request)

    try:
        for link in links:
            await link.connect()
        yield in_process([reader(link) for link in links])
    finally:
        for link in links:
            link.close()


@asynccontextmanager
async def pymodbus(port: int) -> AsyncIterator[tuple[Side, Side]]:
    """Return pymodbus' read of 40 registers: turned into 20 numbers, and left as registers."""
    clients = [AsyncModbusTcpClient("127.0.0.1", port=port, retries=0) for _ in range(CONNECTIONS)]

    def registers(client: AsyncModbusTcpClient) -> Read:
        return lambda: client.read_holding_registers(0, count=REGISTERS, device_id=UNIT)

    def numbers(client: AsyncModbusTcpClient) -> Read:
        async def reading() -> object:
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=UNIT)
            return client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)

        return reading

    try:
        for client in clients:
            await client.connect()
        yield (
            in_process([numbers(client) for client in clients]),
            in_process([registers(client) for client in clients]),
        )
    finally:
        for client in clients:
            client.close()


@asynccontextmanager
async def asyncua(port: int) -> AsyncIterator[Side]:
    """Return asyncua's read_values of 20 nodes."""
    clients = [Client(opcua_address(port).url, watchdog_intervall=NO_WATCHDOG_S) for _ in range(CONNECTIONS)]
    connected: list[Client] = []

    def values(client: Client, index: int) -> Read:
        nodes = [client.get_node(f"ns={index};s={name}") for name in VALUES]
        return lambda: client.read_values(nodes)

    try:
        for client in clients:
            await client.connect()
            connected.append(client)
        index = await clients[0].get_namespace_index(NAMESPACE)
        yield in_process([values(client, index) for client in clients])
    finally:
        for client in connected:
            await client.disconnect()
