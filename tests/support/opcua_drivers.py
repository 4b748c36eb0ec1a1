"""Drivers for the OPC UA tests: neutral defaults, closed at the end of the block whatever happens."""

from contextlib import asynccontextmanager

from stations.driver import Deadlines, OpcUaAddress
from stations.drivers.opcua.driver import OpcUaDriver
from stations.model.clock import SystemClock
from stations.profile import builtin_profile


def url(port):
    return f"opc.tcp://127.0.0.1:{port}/"


def open_address(port):
    return OpcUaAddress(url=url(port), security="none", server_certificate=None)


def pinned_address(port, pin, **more):
    return OpcUaAddress(url=url(port), security="sign_and_encrypt", server_certificate=pin, **more)


def make_driver(
    address,
    identity=None,
    *,
    profile="opcua-substation",
    n_loops=2,
    clock=None,
    deadlines=Deadlines(),  # noqa: B008
):
    declared = builtin_profile(profile) if isinstance(profile, str) else profile
    return OpcUaDriver("S001", declared, n_loops, address, clock or SystemClock(), identity, deadlines)


@asynccontextmanager
async def connected(address, identity=None, **more):
    """A driver that has connected."""
    driver = make_driver(address, identity, **more)
    try:
        await driver.connect()
        yield driver
    finally:
        await driver.close()
