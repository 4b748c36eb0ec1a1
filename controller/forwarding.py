"""The forwarder of one controller run put together: site, journal and server historian."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from controller.config.forecast import WeatherConfig
from controller.config.model import InfluxConfig, SiteConfig
from controller.historian.forwarder_stats import ForwarderStats, Pace
from controller.historian.forwarder_thread import Forwarder
from controller.historian.journal import Journal
from controller.historian.lines import LineEncoder

if TYPE_CHECKING:
    from controller.historian.forwarder import InfluxServer


@contextlib.contextmanager
def opened_forwarder(
    site: SiteConfig, journal: Journal, pace: Pace | None = None
) -> Iterator[Callable[[], ForwarderStats | None]]:
    """Forward the journal as the site says until the end; yield what tells how it goes.

    That tells None without ``[influxdb]``. Neither a server that can not be reached nor a journal that can
    not be read is an error here: control does not depend on them.
    """
    if site.influxdb is None:
        yield lambda: None
        return
    districts = {station.id: station.district for station in site.stations}
    server = influx_server(site.influxdb)
    forwarder = Forwarder(journal, server, LineEncoder(site.name, districts), pace)
    try:
        yield lambda: forwarder.stats
    finally:
        forwarder.close()


def influx_server(config: InfluxConfig) -> "InfluxServer":
    """Return the door to the server that a site names; nothing is connected yet."""
    # Not above: the client takes half a second to import, which sites without a server should not pay.
    from controller.historian.forwarder import InfluxServer, ServerAddress

    return InfluxServer(
        ServerAddress(
            url=config.url,
            bucket=config.bucket,
            org=config.org,
            timeout_s=config.timeout_s,
            ca_file=config.ca_file,
            token=lambda: token_of(config)[0],
        )
    )


def token_of(config: InfluxConfig | WeatherConfig) -> tuple[str | None, str]:
    """Return the token and where it is from; without one, None and why. The text never holds the token."""
    if config.token_file is None:
        where = f"environment variable {config.token_env}"
        token = os.environ.get(config.token_env, "")
    else:
        where = config.token_file
        try:
            token = Path(config.token_file).read_text(encoding="utf-8")
        except OSError as error:
            return None, f"{where}: {error.strerror}"
        except UnicodeDecodeError:
            return None, f"{where}: not a text"
    token = token.strip()
    if not token:
        there = config.token_file is not None or config.token_env in os.environ
        return None, f"{where}: {'empty' if there else 'not set'}"
    if not (token.isascii() and token.isprintable()):
        return None, f"{where}: has characters that no token has"
    return token, where
