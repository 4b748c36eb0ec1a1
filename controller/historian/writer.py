"""The one thread that writes a store. Everyone else leaves work and goes on."""

import threading
from collections.abc import Callable
from concurrent.futures import Future


class WriterThread:
    """Runs ``start`` once, ``drain`` after every wake, and ``stop`` at the end, all in one thread of its own.

    ``drain`` takes all work that is waiting, so many wakes during a slow commit cost one more commit. It
    answers for expected faults itself; what it raises is a bug, which ends the thread and is kept in
    ``failure``, so that the store can refuse work instead of losing it silently.
    The thread is a daemon: a disk that hangs for ever must not keep the process from ending.
    """

    def __init__(
        self,
        name: str,
        *,
        start: Callable[[], None],
        drain: Callable[[], None],
        stop: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Start the thread and wait until ``start`` has returned; raises what it raised."""
        self.failure: BaseException | None = None
        self._drain, self._stop, self._failed = drain, stop, failed
        self._wake = threading.Event()
        self._closing = False
        started: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(start, started), name=name, daemon=True)
        self._thread.start()
        started.result()

    def wake(self) -> None:
        """Ask for a ``drain``; never blocks."""
        self._wake.set()

    def close(self, timeout_s: float) -> bool:
        """Drain once more and stop; return whether the thread ended within ``timeout_s`` wall seconds."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self, start: Callable[[], None], started: Future[None]) -> None:
        try:
            start()
        except BaseException as error:
            # Handed to the opener, who waits for it.
            started.set_exception(error)
            return
        started.set_result(None)
        try:
            while not self._closing:
                self._wake.wait()
                self._wake.clear()
                self._drain()
            self._drain()
        except BaseException as error:
            # Not swallowed: every waiting and every later caller gets it.
            self.failure = error
            self._failed(error)
        finally:
            self._stop()
