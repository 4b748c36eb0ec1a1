"""A controller's API on a real port in a thread of its own, to be stopped, broken and started again."""

import asyncio
import contextlib
import threading
from dataclasses import replace

from controller.accounts.roles import Role
from controller.api.server import ApiServer
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import TOKEN, FakeJournal, control_room, live_state
from tests.support.sites import site_config, station_config

PASSWORD = "a winter of 6 months"
PEOPLE = {"vera": Role.VIEWER, "lei": Role.SHIFT_LEAD, "ada": Role.ADMIN}


class ServedApi:
    """One run of a controller after the other on the same port, each with its own state."""

    def __init__(self, folder):
        self.folder = folder
        self.token_file = folder / "api_token"
        self.token_file.write_text(TOKEN)
        self.port = 0
        self.stations = 2
        self.title_zh = None
        self._thread = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, people=True):
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready, people)))
        self._thread.start()
        assert ready.wait(20.0)

    def stop(self):
        if self._thread is not None:
            self.loop.call_soon_threadsafe(self.task.cancel)
            self._thread.join(20.0)
            assert not self._thread.is_alive()
            self._thread = None

    def set_supply(self, station, T_supply):
        """A poll brings another supply temperature."""

        def put():
            image = self.state.image[station]
            point = Point(1, "T_supply_secondary")
            readings = {**image.readings, point: good(T_supply, self.clock.now())}
            self.state.image.put(replace(image, readings=readings))

        self.loop.call_soon_threadsafe(put)

    def block(self, seconds):
        """Let the controller hang: it takes connections and answers nothing."""
        self.loop.call_soon_threadsafe(threading.Event().wait, seconds)

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20.0)

    async def _main(self, ready, people):
        self.loop = asyncio.get_running_loop()
        stations = [station_config(f"S{i:03}", port=20000 + i) for i in range(1, self.stations + 1)]
        site = site_config(self.folder, *stations)
        site = replace(site, api=replace(site.api, port=self.port), simulation=True)
        if self.title_zh is not None:
            site = replace(site, title_zh=self.title_zh)
        self.clock = SystemClock()
        self.state = live_state(site, self.clock.now())
        with control_room(site, self.state, self.clock) as self.room:
            if people:
                await self._add_people()
            server = ApiServer(self.state, site, FakeJournal(), self.room, self.clock, lambda: (0.0, 0.0))
            server.bind()
            self.port = int(server.url.rsplit(":", 1)[1])
            self.task = asyncio.create_task(server.serve())
            ready.set()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task

    async def _add_people(self):
        known = {user.name for user in await self.room.accounts.users()}
        for name, role in PEOPLE.items():
            if name not in known:
                await self.room.accounts.add(name, PASSWORD, role, None, "test")


@contextlib.contextmanager
def served_api(folder, **options):
    api = ServedApi(folder)
    api.start(**options)
    try:
        yield api
    finally:
        api.stop()
