"""The one background client of the screen: a shared stream from the controller, kept as an immutable City.

One thread with an event loop of its own holds the stream of changes and asks every few seconds for alarms,
indicators and modes. Sessions read memory only, so cost does not grow with people at screens. It reconnects
for ever; a controller that was restarted, with other data and another token file, is simply met anew.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import ValidationError

from controller.api.alarm_schema import AlarmList, RuleList
from controller.api.order_schema import Modes
from controller.api.schema import Kpis, Message, Snapshot, StationList
from hmi.city import City, Feed, frozen_by_id

log = structlog.get_logger(__name__)

BACKOFF_S = (0.5, 1.0, 2.0, 3.0)
"""Wall seconds before the next try; the last one for ever after: an operator waits for nothing longer."""
POLL_S = 2.0
MODES_EVERY = 3
"""Modes change by people only: every third round."""
QUIET_S = 2.0
"""A stream silent for so long is asked beside by a plain request; heartbeats come every 15 s only."""
STREAM_DEAD_S = 40.0
HEALTHY_S = 10.0
"""Work that went on for so long had not failed at once: the pauses begin anew."""
ANSWER_S = 10.0

_M = TypeVar("_M", bound=Message)


class TokenRefused(Exception):
    """The controller does not take our token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the controller is and with what we read it."""

    url: str
    token_file: Path

    def headers(self) -> dict[str, str]:
        """Return the header of a request; the file is read anew, since a controller may have made a new one.

        Raises OSError where it can not be read.
        """
        return {"authorization": f"Bearer {self.token_file.read_text(encoding='ascii').strip()}"}


class Gateway:
    """Owner of the City and of the thread that keeps it. ``city`` may be read by any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._city = City()
        self._version = ""
        """Of the controller's snapshot, to ask for changes only."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    def voucher(self) -> dict[str, str]:
        """Return headers that say to the controller that its screen speaks; empty without a token."""
        try:
            return self._source.headers()
        except (OSError, UnicodeError):
            return {}

    @property
    def city(self) -> City:
        """The newest picture."""
        return self._city

    def start(self) -> None:
        """Begin to follow the controller; it need not run yet."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        if self._loop is not None and self._main is not None:
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(5.0)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._main = self._loop.create_task(self._follow())
            try:
                self._loop.run_until_complete(self._main)
            except asyncio.CancelledError:
                return

    async def _follow(self) -> None:
        limits = httpx.Timeout(ANSWER_S, read=STREAM_DEAD_S)
        async with (
            httpx.AsyncClient(base_url=self._source.url, timeout=limits, trust_env=False) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._for_ever(lambda: self._stream(client), self._lost), name="stream")
            tasks.create_task(self._for_ever(lambda: self._poll(client), self._later), name="polls")

    async def _for_ever(
        self, work: Callable[[], Coroutine[Any, Any, None]], lost: Callable[[Feed], None]
    ) -> None:
        """Do the work again whenever it ends, with growing pauses while it fails at once."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await work()
            except (httpx.HTTPError, OSError, ValidationError, UnicodeError) as error:
                log.debug("controller not reached", error=repr(error))
                lost(Feed.GONE)
            except TokenRefused:
                lost(Feed.REFUSED)
            if time.monotonic() - began > HEALTHY_S:
                failures = 0
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    def _lost(self, feed: Feed) -> None:
        """Note that the stream can not be had; said once."""
        if self._city.feed is not feed:
            log.warning("feed lost", feed=feed)
            self._city = replace(self._city, feed=feed, version=self._city.version + 1)

    def _later(self, feed: Feed) -> None:
        """Note that a poll failed; its age tells when that matters (``City.frozen``)."""
        log.debug("poll failed", feed=feed)

    # ------------------------------------------------------------------------------------------- stream

    async def _stream(self, client: httpx.AsyncClient) -> None:
        """Read what does not change, then the changes, until the stream ends."""
        await self._introduce(client)
        query = {"since": self._version} if self._version else {}
        async with client.stream(
            "GET", "/api/v1/events", params=query, headers=self._source.headers()
        ) as answer:
            _judged(answer)
            async for event, data in _frames(answer):
                if event in ("snapshot", "delta"):
                    self._take(Snapshot.model_validate_json(data))
                else:
                    self._city = replace(self._city, received=time.monotonic())

    async def _introduce(self, client: httpx.AsyncClient) -> None:
        """Learn the site: its stations and what its alarms mean may be others after a restart."""
        site = await self._get(client, StationList, "/stations")
        rules = await self._get(client, RuleList, "/alarms/rules")
        self._city = replace(
            self._city,
            site=site,
            simulation=site.simulation,
            traits=frozen_by_id({traits.id: traits for traits in site.stations}),
            rules=MappingProxyType({rule.rule: rule for rule in rules.rules}),
        )

    def _take(self, snapshot: Snapshot) -> None:
        if self._city.feed is not Feed.LIVE:
            log.info("feed live", stations=len(snapshot.stations), full=snapshot.full)
        self._version = snapshot.version
        self._city = self._city.with_snapshot(snapshot, time.monotonic())

    # -------------------------------------------------------------------------------------------- polls

    async def _poll(self, client: httpx.AsyncClient) -> None:
        """Ask for what is not in the stream, for ever."""
        round_number = 0
        while True:
            kpis = await self._get(client, Kpis, "/kpis")
            alarms = await self._get(client, AlarmList, "/alarms")
            modes = self._city.modes
            if round_number % MODES_EVERY == 0:
                modes = await self._get(client, Modes, "/modes")
            self._city = replace(
                self._city,
                kpis=kpis,
                alarms=alarms,
                modes=modes,
                polled=time.monotonic(),
                version=self._city.version + 1,
            )
            if self._city.feed is Feed.LIVE and self._city.silent_s() > QUIET_S:
                query = {"since": self._version}
                self._take(await self._get(client, Snapshot, "/snapshot", query))
            round_number += 1
            await asyncio.sleep(POLL_S)

    async def _get(
        self, client: httpx.AsyncClient, message: type[_M], path: str, query: dict[str, str] | None = None
    ) -> _M:
        answer = await client.get(
            f"/api/v1{path}", params=query, headers=self._source.headers(), timeout=ANSWER_S
        )
        _judged(answer)
        return message.model_validate_json(answer.content)


def _judged(answer: httpx.Response) -> None:
    if answer.status_code in (401, 403):
        raise TokenRefused
    answer.raise_for_status()


async def _frames(answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """Yield (event, data) of each server-sent event; ours have one line of data."""
    event = data = ""
    async for line in answer.aiter_lines():
        if not line:
            if event:
                yield event, data
            event = data = ""
        elif line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
