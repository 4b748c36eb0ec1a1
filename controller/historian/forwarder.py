"""The door to the server historian: one write, one answer. The only place that knows influxdb-client.

Its batching mode is never used: it keeps points in memory only, gives up after three minutes and loses them.
Here each call is one request, and the forwarder's thread alone decides what is sent again, and when.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from influxdb_client.service.ping_service import PingService
from influxdb_client.service.write_service import WriteService
from urllib3 import HTTPConnectionPool

from controller.historian.forwarder_faults import Fault, FaultKind, judge, own_words

TAKEN = 204
"""The one status that means stored. Other servers say 200 to anything."""


# UnicodeDecodeError: the client expects every answer to be UTF-8.
_UNANSWERED = (urllib3.exceptions.HTTPError, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where points go."""

    url: str
    bucket: str
    org: str
    timeout_s: float
    """Wall seconds of one request."""
    ca_file: str | None
    """Certificate authority to trust instead of the system's."""
    token: Callable[[], str | None]
    """Asked for each new client, so that a token can be renewed without a restart; None: send none."""


class InfluxServer:
    """A server that takes line protocol at /api/v2/write. Used by one thread."""

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self.connections = 0
        """TCP connections made so far. A new one may mean that the server began anew."""
        self._token = ""

    @cached_property
    def _client(self) -> InfluxDBClient:
        address = self.address
        self._token = address.token() or ""
        client = InfluxDBClient(
            url=address.url,
            token=self._token,
            org=address.org,
            timeout=round(address.timeout_s * 1e3),
            enable_gzip=True,
            ssl_ca_cert=address.ca_file,
        )
        self._count_connections(client.api_client.rest_client.pool_manager.connection_from_url(address.url))
        return client

    def _count_connections(self, pool: HTTPConnectionPool) -> None:
        """Learn of every connection that is made; the pool mends a lost one unseen."""
        server, kind = self, pool.ConnectionCls

        class Counted(kind):  # type: ignore[misc, valid-type]  # its base is that of http or https
            def connect(self) -> None:
                super().connect()
                server.connections += 1

        pool.ConnectionCls = Counted

    def write(self, lines: Sequence[str]) -> Fault | None:
        """Send lines in one request with milliseconds as unit of time; return None when they were taken."""
        try:
            _, status, _headers = WriteService(self._client.api_client).post_write_with_http_info(
                self.address.org or "-",
                self.address.bucket,
                "\n".join(lines).encode() + b"\n",
                precision="ms",
                content_type="text/plain; charset=utf-8",
            )
        except ApiException as error:
            return self._answered(error)
        except _UNANSWERED as error:
            return self._unanswered(error)
        if status == TAKEN:
            return None
        return self._fault(FaultKind.WRONG_PRODUCT, f"it says {status} where a historian says {TAKEN}")

    def product(self) -> str | Fault:
        """Return what the server says that it is."""
        try:
            _, _, headers = PingService(self._client.api_client).get_ping_with_http_info(
                _return_http_data_only=False
            )
        except ApiException as error:
            return self._answered(error)
        except _UNANSWERED as error:
            return self._unanswered(error)
        # VictoriaMetrics claims to be InfluxDB 1.8.0 when it is written to, but not when it is pinged.
        version = headers.get("X-Influxdb-Version")
        return f"InfluxDB {version}" if version else "no InfluxDB by its own words (VictoriaMetrics or other)"

    def keeps_doubles(self) -> bool:
        """Tell whether this is a VictoriaMetrics that keeps twice what is sent twice."""
        try:
            answer = self._client.api_client.request("GET", f"{self.address.url}/flags")
        except (ApiException, *_UNANSWERED):
            return False
        return 'dedup.minScrapeInterval="0s"' in str(answer.data)

    def renew(self) -> None:
        """Forget the connection; the next request makes a new one and asks for the token again."""
        if "_client" in self.__dict__:
            self._client.close()
            del self.__dict__["_client"]

    def _answered(self, error: ApiException) -> Fault:
        if not error.status:
            # The client makes one of these of a failed TLS handshake.
            return self._fault(FaultKind.NOT_TRUSTED, str(error.reason))
        return judge(
            self.address.url, error.status, error.headers or {}, self._without_token(error.body or "")
        )

    def _unanswered(self, error: Exception) -> Fault:
        kind = FaultKind.UNREACHABLE
        if isinstance(error, UnicodeDecodeError):
            kind = FaultKind.WRONG_PRODUCT
        elif isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
            error, urllib3.exceptions.NewConnectionError
        ):
            kind = FaultKind.TIMEOUT
        # urllib3 packs the reason up: ("Connection aborted.", reason), or "HTTPConnection(host=...): reason".
        reason = error.args[-1] if isinstance(error, urllib3.exceptions.ProtocolError) else error
        return self._fault(kind, str(reason).rpartition("): ")[2])

    def _fault(self, kind: FaultKind, said: str) -> Fault:
        return Fault(kind=kind, where=self.address.url, said=own_words(self._without_token(said)))

    def _without_token(self, text: str) -> str:
        # Some servers and proxies quote the request that they refuse.
        return text.replace(self._token, "***") if self._token else text
