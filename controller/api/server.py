"""The HTTP API inside the controller process: bound before anything starts, stopped cleanly."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

import uvicorn

from controller.alarms.desk import AlarmDesk
from controller.api.app import create_app
from controller.api.city_routes import WriteSource
from controller.api.history import HistorySource
from controller.api.protocol import PatientProtocol
from controller.config.model import SiteConfig
from controller.control_room import ControlRoom
from controller.metrics import Metrics
from controller.state import ControllerState
from stations.model.clock import Clock

KEEP_ALIVE_S = 15
GRACE_S = 2
"""Wall seconds that open answers get when the controller stops."""
CONCURRENCY = 400
"""Connections and requests beyond which the answer is 503 at once."""


class ApiStartError(Exception):
    """The API can not listen; the text says where and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket (port 0: a free one); raises ApiStartError with what to do."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ApiStartError(f"[api] host: {host!r} is no address of this machine: {error}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            text = f"[api] port: {host}:{port} is in use; stop what listens there or choose another port"
        else:
            text = f"[api] can not listen on {host}:{port}: {error.strerror}"
        raise ApiStartError(text) from error
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the controller's runtime owns SIGTERM and SIGINT."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave all signals alone."""
        yield


class ApiServer:
    """The API of one controller run: made, bound (so that a port in use stops the start), served."""

    def __init__(
        self,
        state: ControllerState,
        site: SiteConfig,
        journal: HistorySource,
        room: ControlRoom,
        clock: Clock,
        lag_ms: Callable[[], tuple[float, float]],
        alarms: AlarmDesk | None = None,
        writes: WriteSource | None = None,
    ) -> None:
        """``lag_ms`` returns (99 % quantile, maximum) of the event loop's lag in ms.

        Without ``writes`` (the command log) no station has a past write to tell.
        """
        self.metrics = Metrics(
            state,
            clock,
            journal_stats=lambda: journal.stats,
            lag_ms=lag_ms,
            alarms=(lambda: alarms.book.alarms.values()) if alarms is not None else tuple,
            login_failures=lambda: room.accounts.login_failures,
        )
        self._api = create_app(state, site, journal, room, clock, self.metrics, alarms, writes)
        self._host, self._port = site.api.host, site.api.port
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where the API answers, once bound."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def bind(self) -> None:
        """Take the port; raises ApiStartError with what to do."""
        self._listener = bind(self._host, self._port)
        self._port = self._listener.getsockname()[1]

    def close(self) -> None:
        """Give the port back without ever having served."""
        if self._listener is not None:
            self._listener.close()

    async def serve(self) -> None:
        """Serve until cancelled; then end streams, let open answers finish for ``GRACE_S`` and close."""
        assert self._listener is not None, "bind first"
        config = uvicorn.Config(
            self._api.app,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONCURRENCY,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([self._listener]), name="api-server")
        remembering = asyncio.create_task(self._api.past.keep(), name="api-past-day")
        try:
            done, _ = await asyncio.wait({serving, remembering}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            remembering.cancel()
            await asyncio.wait({remembering})
            self._api.hub.close()
            server.should_exit = True
            await serving
            self._api.reader.close()
            await _end_leftovers(server)


async def _end_leftovers(server: uvicorn.Server) -> None:
    """Cut connections that outlived the grace and wait for tasks that uvicorn cancelled but left behind."""
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
