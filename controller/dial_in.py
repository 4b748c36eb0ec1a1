"""The port on which stations call, open for as long as something asks them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from controller.config.model import SiteConfig
from stations.driver import DialInAddress
from stations.drivers.modbus.dialin import DialInPort

CALL_WITHIN_S = 75.0
"""A DTU that nobody answered calls again within a minute or so; a command waits for that."""


@asynccontextmanager
async def opened_dial_in(site: SiteConfig, patience_s: float = 0.0) -> AsyncIterator[DialInPort | None]:
    """Listen for the stations that call; None where none does. Raises DialInPortError.

    ``patience_s``: see ``DialInPort``.
    """
    packets = {
        station.id: station.address.registration
        for station in site.stations
        if isinstance(station.address, DialInAddress)
    }
    if site.dial_in is None or not packets:
        yield None
        return
    port = DialInPort(packets, patience_s)
    await port.open(site.dial_in.host, site.dial_in.port)
    try:
        yield port
    finally:
        await port.close()
