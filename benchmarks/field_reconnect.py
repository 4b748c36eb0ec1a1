"""[field] Client CPU of one secured OPC UA connect, with the identity that a controller loads once."""

import logging
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks import opcua_server
from benchmarks.device import opcua_address, opcua_profile
from benchmarks.isolated import server
from benchmarks.reads import settle_heap
from benchmarks.report import Figures, median_of
from stations.driver import OpcUaAddress
from stations.drivers.opcua.driver import OpcUaDriver
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import SystemClock

NAMES = ("field.reconnect.secured_cpu_ms",)
RUNS, CONNECTS, WARM_UP = 7, 50, 30


def reconnect() -> Figures:
    """Measure connects one after the other; closing them is not counted."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    with (
        tempfile.TemporaryDirectory() as folder,
        server(opcua_server.serve, CONNECTS, folder) as listening,
    ):
        pinned = opcua_address(listening.port, str(Path(folder, opcua_server.CERTIFICATE)))
        identity = ClientIdentity.load_or_create(
            Path(folder, "own.der"), Path(folder, "own.pem"), "urn:dhc:benchmark:controller"
        )
        runs = uvloop.run(_measure(pinned, identity))
    note = (
        f"OpcUaDriver.connect, {CONNECTS} a run: pinned certificate checked, channel Basic256Sha256 or "
        "Aes256Sha256RsaPss with SignAndEncrypt, session, namespaces; own key shared, loaded before; uvloop"
    )
    return Figures([median_of(NAMES[0], "ms", runs, note)])


async def _measure(pinned: OpcUaAddress, identity: ClientIdentity) -> list[float]:
    await _connect_times(pinned, identity, WARM_UP)
    settle_heap()
    return [await _connect_times(pinned, identity, CONNECTS) / CONNECTS * 1e3 for _ in range(RUNS)]


async def _connect_times(pinned: OpcUaAddress, identity: ClientIdentity, count: int) -> float:
    """Return the CPU seconds of ``count`` connects."""
    profile, clock, cpu_s = opcua_profile(), SystemClock(), 0.0
    for _ in range(count):
        driver = OpcUaDriver("S", profile, 1, pinned, clock, identity)
        before = time.process_time()
        await driver.connect()
        cpu_s += time.process_time() - before
        await driver.close()
    return cpu_s
