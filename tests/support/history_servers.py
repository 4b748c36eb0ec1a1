"""Real server historians on loopback: VictoriaMetrics, and InfluxDB 1.6 behind the rewrite of the how-to.

Both come from Debian, unpacked by `make deps` into build/servers; a test that needs them fails without.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from tests.support.ports import free_block
from tests.support.programs import program

BUCKET = "heating"
CADDYFILE = """\
{
	admin off
	auto_https off
}
http://127.0.0.1:%d {
	bind 127.0.0.1
	@write path /api/v2/write
	rewrite @write /write?db={query.bucket}&precision={query.precision}
	reverse_proxy 127.0.0.1:%d
}
"""
INFLUXDB_CONF = """\
reporting-disabled = true
bind-address = "127.0.0.1:%d"
[meta]
dir = "%s/meta"
[data]
dir = "%s/data"
wal-dir = "%s/wal"
[http]
bind-address = "127.0.0.1:%d"
log-enabled = false
auth-enabled = %s
[monitor]
store-enabled = false
"""


def get(url, **query):
    """The body of a GET request."""
    full = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    with urllib.request.urlopen(full, timeout=10) as answer:
        return answer.read().decode()


class Process:
    """One server process: started, waited for, ended whatever happens."""

    def __init__(self, arguments, alive_url, folder):
        self.arguments, self.alive_url, self.folder = arguments, alive_url, folder
        self.child = None

    def start(self):
        folder = str(self.folder)
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(
                self.arguments,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "HOME": folder, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder},
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                get(self.alive_url)
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                assert self.child.poll() is None, (self.folder / "log").read_text()[-2000:]
                assert time.monotonic() < deadline, "the server never listened"
                time.sleep(0.02)  # a server of another maker says nothing when it listens: ask again

    def kill(self):
        """End it as a power cut would."""
        self.end(signal.SIGKILL)

    def end(self, number=signal.SIGTERM):
        if self.child is not None:
            self.child.send_signal(number)
            self.child.wait(15)
            self.child = None


class VictoriaMetrics:
    """Single-node VictoriaMetrics that keeps one point of a moment, unless told otherwise."""

    def __init__(self, folder, *, dedup="1ms"):
        folder.mkdir()
        port = free_block(1)
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            [
                program("victoria-metrics"),
                f"-storageDataPath={folder / 'data'}",
                f"-httpListenAddr=127.0.0.1:{port}",
                "-retentionPeriod=100y",
                f"-dedup.minScrapeInterval={dedup}",
                "-search.disableCache",
            ],
            f"{self.url}/ping",
            folder,
        )
        self.start, self.kill, self.end = self.process.start, self.process.kill, self.process.end

    def series(self):
        """Every stored point: {(measurement_field, station, loop): {ms: value}}; loop 0 is the station."""
        get(f"{self.url}/internal/force_flush")
        found = {}
        for line in get(f"{self.url}/api/v1/export", **{"match[]": '{site!=""}'}).splitlines():
            row = json.loads(line)
            labels = row["metric"]
            key = labels["__name__"], labels["station"], int(labels.get("loop", 0))
            found.setdefault(key, {}).update(zip(row["timestamps"], row["values"], strict=True))
        return found

    def count(self):
        """How many readings the server has."""
        return sum(len(points) for (name, *_), points in self.series().items() if name.endswith("_quality"))


class InfluxDB:
    """InfluxDB 1.6 with the proxy in front that gives it /api/v2/write."""

    def __init__(self, folder, *, auth=False):
        folder.mkdir()
        port, rpc, front = (first := free_block(3)), first + 1, first + 2
        self.direct = f"http://127.0.0.1:{port}"
        self.url = f"http://127.0.0.1:{front}"
        data = folder / "data"
        config = folder / "influxdb.conf"
        config.write_text(INFLUXDB_CONF % (rpc, data, data, data, port, "true" if auth else "false"))
        caddyfile = folder / "Caddyfile"
        caddyfile.write_text(CADDYFILE % (front, port))
        self.process = Process([program("influxd"), "-config", str(config)], f"{self.direct}/ping", folder)
        caddy = [program("caddy"), "run", "--config", str(caddyfile), "--adapter", "caddyfile"]
        self.proxy = Process(caddy, f"{self.url}/ping", folder)

    def start(self):
        self.process.start()
        if self.proxy.child is None:
            self.proxy.start()
        return self

    def kill(self):
        self.process.kill()

    def end(self):
        self.process.end()
        self.proxy.end()

    def query(self, text, **options):
        """The series of an InfluxQL query; a statement that changes something goes by POST."""
        query = urllib.parse.urlencode({"q": text, "db": BUCKET, **options})
        with urllib.request.urlopen(f"{self.direct}/query?{query}", b"", timeout=10) as answer:
            (result,) = json.loads(answer.read())["results"]
        assert "error" not in result, result
        return result.get("series", [])

    def create(self):
        self.query(f"CREATE DATABASE {BUCKET}")
        return self

    def count(self):
        """How many readings the server has."""
        found = self.query('SELECT count(/_quality$/) FROM "dhc_station", "dhc_loop"')
        return sum(number or 0 for series in found for number in series["values"][0][1:])


@contextlib.contextmanager
def running(server):
    """Start a server and end it whatever happens."""
    try:
        server.start()
        yield server
    finally:
        server.end()
