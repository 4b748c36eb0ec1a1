"""The screen as one web application: Streamlit with its settings, the login, a guard around both."""

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
import structlog
from starlette.middleware import Middleware
from streamlit import config as streamlit_config

from hmi.errors import told
from hmi.grounds import ground_routes
from hmi.guard import PageGuard
from hmi.language import catalogue
from hmi.live import live_routes
from hmi.login import login_routes
from hmi.navigation import existing, screen_module
from hmi.palette import DARK, FONT, LIGHT, Token

log = structlog.get_logger(__name__)

SCRIPT = Path(__file__).with_name("app.py")
LATE_IMPORTS = ("hmi.frame", "pandas", "pyarrow")
"""Imported with the first page, by Streamlit with the first table; that takes a second."""
COLLECT_EVERY_S = 60.0
"""Wall seconds between two collections of garbage. Streamlit's own, after every run of the script, took
90 % of a core with 20 sessions; the price grows with all that is imported, so that is frozen at start."""


def settings(host: str, port: int) -> dict[str, object]:
    """Return Streamlit's settings: no request off the machine, no tool for developers, no traceback."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": 1,
        "server.enableXsrfProtection": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": host,
        "browser.serverPort": port,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "minimal",
        "runner.postScriptGC": False,
        "runner.magicEnabled": False,
        "logger.level": "warning",
        "theme.font": FONT,
        "theme.headingFont": FONT,
        "theme.baseFontSize": 14,
        "theme.baseRadius": "2px",
        "theme.buttonRadius": "2px",
        "theme.showWidgetBorder": True,
        **_theme("light", LIGHT),
        **_theme("dark", DARK),
    }


def _theme(name: str, palette: Mapping[Token, str]) -> dict[str, object]:
    colours: dict[str, object] = {
        "primaryColor": palette["mark"],
        "backgroundColor": palette["ground"],
        "secondaryBackgroundColor": palette["panel"],
        "textColor": palette["text"],
        "linkColor": palette["mark"],
        "borderColor": palette["card_line"],
        "dataframeBorderColor": palette["hair_line"],
        "dataframeHeaderBackgroundColor": palette["panel"],
        "redColor": palette["p1"],
        "orangeColor": palette["p2"],
        "yellowColor": palette["p3"],
        "violetColor": palette["p4"],
        "blueColor": palette["mark"],
        "greenColor": palette["muted"],
        "grayColor": palette["muted"],
    }
    side = {
        "sidebar.backgroundColor": palette["panel"],
        "sidebar.secondaryBackgroundColor": palette["ground"],
    }
    return {f"theme.{name}.{key}": value for key, value in {**colours, **side}.items()}


def build(host: str, port: int) -> st.App:
    """Return the application; call once in a process, after ``hmi.process.share``."""
    streamlit_config.get_config_options(force_reparse=True, options_from_flags=settings(host, port))
    return st.App(
        SCRIPT,
        lifespan=_alive,
        routes=[*login_routes(), *live_routes(), *ground_routes()],
        middleware=[Middleware(PageGuard)],
        on_script_error=told,
    )


@asynccontextmanager
async def _alive(_: st.App) -> AsyncIterator[None]:
    _warm_up()
    gc.collect()
    gc.freeze()
    collector = asyncio.create_task(_collect_for_ever(), name="garbage")
    try:
        yield
    finally:
        collector.cancel()
        with suppress(asyncio.CancelledError):
            await collector


def _warm_up() -> None:
    """Import and read now what the first page would wait for: screens, tables, words."""
    for name in existing():
        screen_module(name)
    for module in LATE_IMPORTS:
        importlib.import_module(module)
    catalogue()


async def _collect_for_ever() -> None:
    while True:
        await asyncio.sleep(COLLECT_EVERY_S)
        await asyncio.to_thread(gc.collect)
