"""The API's routes put together behind their gate; nothing listens yet."""

from dataclasses import dataclass

from starlette.types import ASGIApp

from controller.alarms.desk import AlarmDesk
from controller.api.accounts_routes import accounts_router
from controller.api.alarm_routes import alarm_router
from controller.api.audit_routes import audit_router
from controller.api.city_routes import WriteSource, past_router, places_router
from controller.api.described import DescribedApi
from controller.api.energy_routes import energy_router
from controller.api.events import EventHub
from controller.api.forecast_routes import forecast_router
from controller.api.gate import Gate
from controller.api.history import HistoryReader, HistorySource
from controller.api.identify_routes import identify_router
from controller.api.order_routes import modes_router, order_router
from controller.api.plan_routes import plan_router
from controller.api.refusals import install
from controller.api.rights import RightsTable
from controller.api.routes import city_router, health_router, history_router
from controller.api.shadow_routes import shadow_router
from controller.api.snapshot import SnapshotCache
from controller.api.source_routes import source_router
from controller.config.model import SiteConfig
from controller.control_room import ControlRoom
from controller.metrics import Metrics
from controller.past_day import PastDay
from controller.state import ControllerState
from controller.words.phrase import Phrase, said
from stations.model.clock import Clock

LICENCE_S = 150.0
"""Scaled seconds after which the last control cycle no longer licenses leases: then we are not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API of one controller run."""

    app: ASGIApp
    """With its gate (rights, body limit, headers) around it."""
    routes: DescribedApi
    rights: RightsTable
    hub: EventHub
    reader: HistoryReader
    past: PastDay
    """Its ``keep`` runs while the API is served."""


def create_app(
    state: ControllerState,
    site: SiteConfig,
    journal: HistorySource,
    room: ControlRoom,
    clock: Clock,
    metrics: Metrics,
    alarms: AlarmDesk | None = None,
    writes: WriteSource | None = None,
) -> Api:
    """Put the API together. ``journal`` and ``writes`` are asked in threads; all else on the event loop.

    Without ``alarms`` the list of alarms is empty, without ``writes`` that of past writes.
    """
    cache = SnapshotCache(state, site, clock)
    hub = EventHub(cache)
    reader = HistoryReader(journal)
    past = PastDay(site, state, clock)
    app = DescribedApi(
        title="District heating control",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install(app)
    routers = (
        city_router(site, state, clock, cache, hub, metrics),
        places_router(site, writes),
        past_router(past),
        source_router(site, state, room.orders, clock, room.note),
        shadow_router(site, state, past, clock, room.note),
        plan_router(site, state, past, clock),
        identify_router(site, clock, room.note),
        forecast_router(site, state),
        history_router(site, reader),
        energy_router(site, reader, clock),
        health_router(metrics, lambda: not_ready(state, journal, clock)),
        accounts_router(room.accounts, frozenset(site.districts)),
        order_router(room.desk, room.audit),
        audit_router(room.audit, site.data),
        modes_router(room.orders, site, state, clock),
        alarm_router(alarms or AlarmDesk(), site, clock, room.note),
    )
    for router in routers:
        app.include_router(router)
    rights = RightsTable(routers)
    gate = Gate(app, rights, room.accounts.principal, metrics.count_answer)
    return Api(app=gate, routes=app, rights=rights, hub=hub, reader=reader, past=past)


def not_ready(state: ControllerState, journal: HistorySource, clock: Clock) -> list[Phrase]:
    """Return why setpoints can not be given now; empty means ready."""
    reasons = []
    if state.stopping:
        reasons.append(said("ready.stopping"))
    if state.token == 0:
        reasons.append(said("ready.no_token"))
    if state.last_cycle_at is None:
        reasons.append(said("ready.no_cycle"))
    elif (age := clock.now() - state.last_cycle_at) > LICENCE_S:
        reasons.append(said("ready.cycle_old", age_s=age, limit_s=LICENCE_S))
    if (fault := journal.stats.last_error) is not None:
        reasons.append(said("ready.journal", detail=fault))
    return reasons
