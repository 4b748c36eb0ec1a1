"""``python -m hmi``: the operators' screen of one controller. Exit codes: 0 ended, 1 failed, 2 wrong use."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import structlog
import uvicorn
import uvloop

from hmi.gateway import Gateway, Source
from hmi.process import Shared, share

FAILED, WRONG_USE = 1, 2
HEALTH = "/_stcore/health"
START_LIMIT_S = 180.0
PARENT_CHECK_S = 1.0
MAX_CONNECTIONS = 100
SWITCH_S = 0.001
"""Longest turn of a thread while others wait. A run of the script gives its turn away with every message it
sends; at Python's 5 ms it then waited for whole runs of other sessions, again and again."""
GRACE_S = 3
"""Wall seconds that open pages get when told to stop."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process as if it had been killed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave all signals alone."""
        yield


def main() -> int:
    """Serve the screen until told to stop."""
    options = _parser().parse_args()
    fault = _fault(options)
    if fault is not None:
        return _say(WRONG_USE, fault)
    _log_to_stderr()
    sys.setswitchinterval(SWITCH_S)
    try:
        server_socket = _bound(options.host, options.port)
    except OSError as error:
        place = f"{options.host}:{options.port}"
        return _say(FAILED, f"{place}: {error.strerror}; choose another --port, 0 for any that is free")
    port = server_socket.getsockname()[1]
    gateway = Gateway(Source(url=options.api, token_file=options.token_file))
    client = httpx.Client(
        base_url=options.api, trust_env=False, limits=httpx.Limits(max_connections=MAX_CONNECTIONS)
    )
    share(Shared(gateway=gateway, client=client))
    gateway.start()
    try:
        uvloop.run(_serve(options, server_socket, port))
    finally:
        gateway.stop()
        client.close()
    return 0


async def _serve(options: argparse.Namespace, server_socket: socket.socket, port: int) -> None:
    # imported here: it takes seconds and needs what is shared
    from hmi.server import build

    config = uvicorn.Config(
        build(options.host, port),
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_S,
        # a refresh is a few kB on a local network: packing it cost a tenth of all work
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    parent = os.getppid()
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[server_socket]), name="server")
        hello = tasks.create_task(_say_hello(options.host, port), name="hello")
        orphan = (
            tasks.create_task(_stop_when_orphaned(parent, server), name="orphan")
            if options.die_with_parent
            else None
        )
        await serving
        hello.cancel()
        if orphan is not None:
            orphan.cancel()


async def _say_hello(host: str, port: int) -> None:
    """Print where the screen is once it answers."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    deadline = time.monotonic() + START_LIMIT_S
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                answer = await client.get(url + HEALTH)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.is_success:
                print(json.dumps({"hmi": url}), flush=True)
                return
            await asyncio.sleep(0.1)


async def _stop_when_orphaned(parent: int, server: uvicorn.Server) -> None:
    """End when the process that started this one has died (a demo's children)."""
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells nobody
        await asyncio.sleep(PARENT_CHECK_S)
    server.should_exit = True


def _log_to_stderr() -> None:
    """One JSON object a line; standard output is kept for the greeting."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _fault(options: argparse.Namespace) -> str | None:
    """Return what is wrong with the options; a controller that does not answer yet is no fault."""
    address = urlsplit(options.api)
    if address.scheme not in ("http", "https") or not address.hostname or address.path.strip("/"):
        return f"--api {options.api!r}: not an address like http://127.0.0.1:8640"
    try:
        token = options.token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "not text"
        return f"--token-file {options.token_file}: {said}; the controller makes it at its first start"
    return None if token else f"--token-file {options.token_file}: empty"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server_socket = socket.socket(family, socket.SOCK_STREAM)
    try:
        server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_socket.bind((host, port))
    except OSError:
        server_socket.close()
        raise
    return server_socket


def _say(code: int, text: str) -> int:
    print(text, file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hmi", description="Operators' screen of one controller.")
    parser.add_argument("--api", required=True, metavar="URL", help="address of the controller's API")
    parser.add_argument(
        "--token-file",
        type=Path,
        required=True,
        help="token for reading: api_token in the data folder",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8641, help="0 for any that is free (default: 8641)")
    parser.add_argument("--die-with-parent", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
