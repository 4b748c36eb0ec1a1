"""[field] CPU of a read: our drivers beside asyncua, node-opcua, pymodbus and modbus-serial."""

import logging
from contextlib import AsyncExitStack

import uvloop

from benchmarks import modbus_server, opcua_server
from benchmarks.device import REGISTERS, UNIT, VALUES
from benchmarks.isolated import server
from benchmarks.peers import PeerUnavailable, node_side
from benchmarks.reads import CONNECTIONS, compare, settle_heap, warm_up
from benchmarks.report import Figures
from benchmarks.sides import asyncua, our_links, our_modbus, our_opcua, pymodbus

MODBUS_READS, OPCUA_READS = 10_000, 1_500
"""Reads of one run: half a second or more of either side's CPU."""
OPEN_FILES = 1_000
_HOW = f"{CONNECTIONS} connections, read without a pause, server in another process, each warmed up for 5 s"
_LOOPS = "uvloop on both sides"
MODBUS_NAMES = ("field.modbus.cpu_ratio_pymodbus", "field.modbus.cpu_ratio_modbus_serial")
OPCUA_NAMES = ("field.opcua.cpu_ratio_asyncua", "field.opcua.cpu_ratio_node_opcua")


def modbus() -> Figures:
    """Measure Modbus reads of 40 registers."""
    with server(modbus_server.serve, OPEN_FILES) as port:
        return uvloop.run(_modbus(port))


def opcua() -> Figures:
    """Measure OPC UA reads of 20 values."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    with server(opcua_server.serve, OPEN_FILES, None) as listening:
        return uvloop.run(_opcua(listening))


async def _modbus(port: int) -> Figures:
    figures = Figures()
    python_name, node_name = MODBUS_NAMES
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(our_modbus(port))
        links = await stack.enter_async_context(our_links(port))
        theirs, theirs_bare = await stack.enter_async_context(pymodbus(port))
        for side in (ours, theirs):
            await warm_up(side, MODBUS_READS // 10)
        settle_heap()
        compared = await compare(ours, theirs, MODBUS_READS)
        end = "both end with 20 numbers, ours also with quality and time of each"
        figures.results += [
            compared.ratio(python_name, f"{_HOW}; {_LOOPS}; {end}"),
            compared.times("field.modbus.read_cpu_us", f"ModbusDriver.read of 40 registers; {_HOW}"),
            (await compare(links, theirs_bare, MODBUS_READS)).ratio(
                "field.modbus.cpu_ratio_pymodbus_registers",
                f"the same without turning registers into numbers: our ModbusLink.read; {_LOOPS}",
            ),
        ]
        try:
            node = node_side("modbus_serial.cjs", port, UNIT, REGISTERS, CONNECTIONS)
            theirs = await stack.enter_async_context(node)
        except PeerUnavailable as why:
            figures.missing[node_name] = str(why)
            return figures
        await warm_up(theirs, MODBUS_READS // 10)
        compared = await compare(ours, theirs, MODBUS_READS)
        figures.results.append(compared.ratio(node_name, f"{_HOW}; ours on uvloop; {end}"))
    return figures


async def _opcua(listening: opcua_server.Listening) -> Figures:
    figures = Figures()
    python_name, node_name = OPCUA_NAMES
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(our_opcua(listening.port))
        theirs = await stack.enter_async_context(asyncua(listening.port))
        for side in (ours, theirs):
            await warm_up(side, OPCUA_READS // 10)
        settle_heap()
        compared = await compare(ours, theirs, OPCUA_READS)
        end = "ours also judges each value and keeps its quality and time"
        figures.results += [
            compared.ratio(python_name, f"{_HOW}, no security; {_LOOPS}; {end}"),
            compared.times("field.opcua.read_cpu_us", f"OpcUaDriver.read of 20 values; {_HOW}, no security"),
        ]
        try:
            node = node_side(
                "node_opcua.cjs", listening.port, listening.namespace_index, CONNECTIONS, ",".join(VALUES)
            )
            theirs = await stack.enter_async_context(node)
        except PeerUnavailable as why:
            figures.missing[node_name] = str(why)
            return figures
        await warm_up(theirs, OPCUA_READS // 10)
        compared = await compare(ours, theirs, OPCUA_READS)
        figures.results.append(compared.ratio(node_name, f"{_HOW}, no security; ours on uvloop; {end}"))
    return figures
