"""The screen's own process state on a served API: a gateway that has its first data, and a client."""

import time
from contextlib import contextmanager

import httpx

from hmi.gateway import Gateway, Source
from hmi.process import Shared, share
from tests.support.served_api import served_api


@contextmanager
def served_screen(folder):
    """Yield the served API; meanwhile this process is a screen that is joined to it."""
    with served_api(folder) as api:
        gateway = Gateway(Source(url=api.url, token_file=api.token_file))
        gateway.start()
        try:
            with httpx.Client(base_url=api.url, trust_env=False) as client:
                share(Shared(gateway=gateway, client=client))
                deadline = time.monotonic() + 20.0
                while gateway.city.frozen() and time.monotonic() < deadline:
                    time.sleep(0.05)  # between two looks: the gateway's thread needs the processor
                yield api
        finally:
            gateway.stop()
