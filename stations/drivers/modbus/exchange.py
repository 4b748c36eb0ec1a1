"""Questions and answers on one connection to a Modbus device, whoever opened it and however frames look."""

from abc import ABC, abstractmethod

from stations.driver import BadAnswer, Deadlines, DriverError
from stations.drivers.modbus.frames import DeviceException, Request, data_of
from stations.model.clock import Clock


class RequestLink(ABC):
    """One connection to one device, one request at a time. After a DriverError it is dead; make a new one."""

    def __init__(self, station: str, clock: Clock, deadlines: Deadlines, pause_s: float) -> None:
        self._station = station
        self._clock = clock
        self._deadlines = deadlines
        self._pause_s = pause_s
        self._answered_at: float | None = None

    @abstractmethod
    async def connect(self) -> None:
        """Open the connection; raises LinkLost."""

    @abstractmethod
    def close(self) -> None:
        """Drop the connection at once, whatever is still unsent."""

    @abstractmethod
    async def _exchange(self, request: Request) -> bytes | DeviceException:
        """Send one request and return its answer; raises LinkLost, NoAnswer or BadAnswer."""

    async def read(self, request: Request) -> bytes | DeviceException:
        """Send a request that reads and return exactly the data that it asks for, or the exception.

        Raises what ``request`` raises; an answer of another length is a BadAnswer.
        """
        answer = await self.request(request)
        if isinstance(answer, DeviceException):
            return answer
        data = data_of(request, answer)
        if data is None:
            self.close()
            raise BadAnswer(
                self._station, f"{request}: answer of {len(answer)} bytes does not fit the question"
            )
        return data

    async def request(self, request: Request) -> bytes | DeviceException:
        """Send one request and return the body of its answer, or the device's exception.

        Raises LinkLost, NoAnswer after ``Deadlines.request_s``, or BadAnswer; the connection is closed then,
        because a late answer to this request must never meet the next one.
        """
        try:
            await self._keep_pause()
            answer = await self._exchange(request)
        except DriverError:
            self.close()
            raise
        self._answered_at = self._clock.monotonic()
        return answer

    async def _keep_pause(self) -> None:
        if self._answered_at is None or not self._pause_s:
            return
        rest = self._answered_at + self._pause_s - self._clock.monotonic()
        if rest > 0:
            await self._clock.sleep(rest)
