"""The API's routes put together behind their gate; nothing listens yet."""

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.types import ASGIApp

from controller.api.auth import Tokens
from controller.api.events import EventHub
from controller.api.gate import Gate
from controller.api.history import HistoryReader, HistorySource
from controller.api.refusals import install
from controller.api.routes import city_router, health_router, history_router
from controller.api.snapshot import SnapshotCache
from controller.config.model import SiteConfig
from controller.metrics import Metrics
from controller.state import ControllerState
from stations.model.clock import Clock

LICENCE_S = 150.0
"""Scaled seconds after which the last control cycle no longer licenses leases: then we are not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of one controller run."""

    app: ASGIApp
    """With its gate (token, body limit, headers) around it."""
    routes: FastAPI
    hub: EventHub
    reader: HistoryReader


def create_app(
    state: ControllerState,
    site: SiteConfig,
    journal: HistorySource,
    tokens: Tokens,
    clock: Clock,
    metrics: Metrics,
) -> Api:
    """Put the API together. ``journal`` is asked in a thread; all else on the event loop."""
    cache = SnapshotCache(state, site, clock)
    hub = EventHub(cache)
    reader = HistoryReader(journal)
    app = FastAPI(
        title="District heating control",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install(app)
    app.include_router(city_router(site, state, clock, cache, hub, metrics))
    app.include_router(history_router(site, reader))
    app.include_router(health_router(metrics, lambda: not_ready(state, journal, clock)))
    return Api(app=Gate(app, tokens, metrics.count_answer), routes=app, hub=hub, reader=reader)


def not_ready(state: ControllerState, journal: HistorySource, clock: Clock) -> list[str]:
    """Return why setpoints can not be given now; empty means ready."""
    reasons = []
    if state.stopping:
        reasons.append("the controller is stopping")
    if state.token == 0:
        reasons.append("no fencing token yet")
    if state.last_cycle_at is None:
        reasons.append("no control cycle has completed yet")
    elif (age := clock.now() - state.last_cycle_at) > LICENCE_S:
        reasons.append(f"the last control cycle completed {age:.0f} s ago (limit {LICENCE_S:.0f} s)")
    if (fault := journal.stats.last_error) is not None:
        reasons.append(f"the journal can not store: {fault}")
    return reasons
