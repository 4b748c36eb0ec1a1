"""An event loop whose time is a number: it jumps to the next timer instead of waiting for it.

It runs unmodified asyncio code. Nothing outside the process can wake it: connections come from
``simulators.world.network``, and what goes to a thread elsewhere is done at once, its result told a little
later. So the order of all that happens follows from the code and the seed alone.

Two more things a world needs are kept here: which task belongs to which host (a host can be killed), and a
count of steps. One step is one callback, that is the way of one task from one await to the next; to stop at
step n is to stop at a given await.
"""

import asyncio
import contextvars
import heapq
import random
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from simulators.world.host import HOST

if TYPE_CHECKING:
    from simulators.world.network import Network

_T = TypeVar("_T")

THREAD_S = (0.0005, 0.02)
"""Range of virtual seconds that work given to a thread takes."""
STEPS_AT_ONE_MOMENT = 200_000
"""More steps than this without any time passing is a loop that never ends."""


class NothingScheduled(Exception):
    """Every task waits for something that nobody will ever bring."""


class TimeStandsStill(Exception):
    """Tasks wake each other for ever without any time passing."""


class _NoSelector(selectors.BaseSelector):
    """Knows files but never reports one."""

    def __init__(self) -> None:
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # noqa: ANN401
        """Remember a file."""
        key = self._keys[fileobj] = selectors.SelectorKey(fileobj, 0, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # noqa: ANN401
        """Forget a file."""
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Report nothing, at once."""
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the files known."""
        return self._keys


def _nothing() -> None:
    """What a cancelled handle holds, so that it keeps nothing alive."""


class _Callback(asyncio.Handle):
    """A handle that keeps no traceback of its birth, and does not ask whether it should."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: Sequence[object],
        loop: "VirtualLoop",
        context: contextvars.Context | None,
    ) -> None:
        self._context = contextvars.copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled, self._repr, self._source_traceback = False, None, None

    def cancel(self) -> None:
        """Never call it; what would be said of it in debug mode is not kept."""
        self._cancelled, self._callback, self._args = True, _nothing, ()


class _Timer(asyncio.TimerHandle):
    """The same for a timer."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: Sequence[object],
        loop: "VirtualLoop",
        context: contextvars.Context | None,
    ) -> None:
        self._context = contextvars.copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled, self._repr, self._source_traceback = False, None, None
        self._when, self._scheduled = when, False

    def cancel(self) -> None:
        """Never call it; it is dropped when its time comes."""
        self._cancelled, self._callback, self._args = True, _nothing, ()


class VirtualLoop(asyncio.SelectorEventLoop):
    """One world's time. ``network`` must be set before anything connects."""

    network: "Network"
    _ready: deque[Any]
    _stopping: bool

    def __init__(self, rng: random.Random) -> None:
        """Begin at second 0; ``rng`` decides how long work in threads takes."""
        self.now_s = 0.0
        """What ``time`` returns; moved by the loop alone."""
        self._rng = rng
        self._since_moved = 0
        self._births = 0
        self._timers: list[tuple[float, int, Any]] = []
        self.steps = 0
        """Callbacks that were run."""
        self.stop_at_step: int | None = None
        self.on_step: Callable[[], None] = lambda: None
        """Called once, between two callbacks, when ``stop_at_step`` is reached."""
        self.faults: list[str] = []
        """What ended in the loop's own handler of exceptions: bugs, each of them."""
        super().__init__(_NoSelector())
        self.set_exception_handler(self._note_fault)

    def time(self) -> float:
        """Virtual seconds since the world began."""
        return self.now_s

    # The base class spends more on a callback than most callbacks of a world take. These do the same as
    # theirs, on timers in the order of (time, birth), without what only real time and debugging need.

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: object,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call ``callback`` at a virtual second."""
        timer = _Timer(when, callback, args, self, context)
        self._births += 1
        heapq.heappush(self._timers, (when, self._births, timer))
        return timer

    def call_later(
        self,
        delay: float,
        callback: Callable[..., object],
        *args: object,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call ``callback`` after so many virtual seconds."""
        return self.call_at(self.now_s + delay, callback, *args, context=context)

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Call ``callback`` at the next turn."""
        handle = _Callback(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _run_once(self) -> None:
        """Run what is ready; when nothing is, let time pass until the next timer; until it is to stop.

        The base class would call this for each turn of the loop. A world has a million of them, so they are
        all here; ``stop`` ends after the turn in which it is called, as ever.
        """
        ready, timers, pop = self._ready, self._timers, heapq.heappop
        while True:
            if not ready and not self._stopping:
                self._pass_time()
            now = self.now_s
            while timers and timers[0][0] <= now:
                ready.append(pop(timers)[2])
            if self.steps - self._since_moved > STEPS_AT_ONE_MOMENT:
                raise TimeStandsStill(f"{STEPS_AT_ONE_MOMENT} steps at {self.now_s} s")
            for _ in range(len(ready)):
                handle = ready.popleft()
                if handle._cancelled:
                    continue
                self.steps += 1
                try:
                    handle._context.run(handle._callback, *handle._args)
                except (
                    Exception
                ) as error:  # as the base class: what a callback lets fall is told, and life goes on
                    self.call_exception_handler(
                        {"message": "exception in a callback", "exception": error, "handle": handle}
                    )
                if self.steps == self.stop_at_step:
                    self.on_step()
            if self._stopping:
                return

    def _pass_time(self) -> None:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            raise NothingScheduled(f"at {self.now_s} s nothing is scheduled any more")
        if timers[0][0] > self.now_s:
            self.now_s = timers[0][0]
            self._since_moved = self.steps

    def _write_to_self(self) -> None:
        """Do nothing: the loop never sleeps, so nobody has to wake it."""

    def _note_fault(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error, task = context.get("exception"), context.get("task") or context.get("future")
        self.faults.append(f"{context.get('message')}: {error!r} {task!r}")

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, _T],
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> "asyncio.Task[_T]":
        """Make a task and book it on the host that makes it."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        host = HOST.get() if context is None else context.get(HOST)
        if host is not None:
            host.tasks.add(task)
            task.add_done_callback(host.tasks.discard)
        return task

    def run_in_executor(
        self, _executor: object, func: Callable[..., _T], *args: object
    ) -> "asyncio.Future[_T]":
        """Do the work now and tell its result a little later, as a thread would."""
        future: asyncio.Future[_T] = self.create_future()
        try:
            result = func(*args)
        except Exception as error:  # a thread hands over whatever its work raised
            self.call_later(self._rng.uniform(*THREAD_S), _fail, future, error)
        else:
            self.call_later(self._rng.uniform(*THREAD_S), _finish, future, result)
        return future

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str | None = None,
        port: int | None = None,
        **_options: object,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect within this world; raises what sockets raise."""
        assert host is not None
        assert port is not None
        await self.network.names.find(host)
        return await self.network.connect(protocol_factory, port)

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str | None = None,
        port: int | None = None,
        **_options: object,
    ) -> asyncio.Server:
        """Listen within this world; port 0 takes the next free one."""
        return self.network.listen(protocol_factory, port or 0)


def _finish(future: "asyncio.Future[_T]", result: _T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[_T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
