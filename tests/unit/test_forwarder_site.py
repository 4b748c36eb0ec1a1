"""The server historian in the site file, in metrics and in the doctor's findings."""

import json
import sqlite3

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller import doctor, forwarding
from controller.config.loader import SiteError, effective, load_site
from controller.config.model import InfluxConfig
from controller.forwarding import opened_forwarder, token_of
from controller.historian.cursor import Cursor, Progress, Refused
from controller.historian.forwarder_faults import Fault, FaultKind
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.forwarder_thread import READER
from controller.historian.journal import Journal
from controller.historian.slot import JournalStats
from controller.metrics import Metrics
from controller.wiring import first_state
from stations.model.clock import SystemClock
from tests.support.faulty_historian import FaultyHistorian
from tests.support.forwarding import QUICK, store
from tests.support.history import wait_until
from tests.support.sites import SITE_TOML, site_config, write_site

SECTION = '\n[influxdb]\nurl = "http://10.0.0.5:8086/"\nbucket = "heating"\n'


def loaded(folder, section=SECTION):
    return load_site(write_site(folder, toml=SITE_TOML + section))


# ------------------------------------------------------------------------------------------------ site file


def test_without_the_section_nothing_is_forwarded(tmp_path):
    site = loaded(tmp_path, "")
    assert site.influxdb is None
    with opened_forwarder(site, None) as stats:
        assert stats() is None


def test_the_section_has_defaults_and_paths_from_the_site_folder(tmp_path):
    site = loaded(tmp_path, SECTION + 'token_file = "secrets/token"\nca_file = "/etc/ca.pem"\n')
    assert site.influxdb == InfluxConfig(
        url="http://10.0.0.5:8086",
        bucket="heating",
        org="",
        token_env="DHC_INFLUXDB_TOKEN",
        token_file=str(tmp_path.resolve() / "secrets/token"),
        ca_file="/etc/ca.pem",
        timeout_s=10.0,
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('url = "ftp://x:1"', "influxdb.url: not a server's address"),
        ('url = "http://"', "influxdb.url: not a server's address"),
        ('url = "http://x:99999"', "influxdb.url: not a server's address"),
        ('url = "http://otto:hunter2@x:1"', "influxdb.url: not a server's address"),
        ('url = "http://x/write?db=y"', "influxdb.url: not a server's address"),
        ('bucket = ""', "influxdb.bucket: empty"),
        ('org = "a\\nb"', "influxdb.org: has characters that are not allowed here"),
        ("timeout_s = 0.5", "influxdb.timeout_s: out of range (got 0.5); allowed 1..60"),
        ('token_env = "MY TOKEN"', "influxdb.token_env: has characters"),
        ('token = "hunter2"', "influxdb: token: a secret does not belong in the site folder; name"),
        ('host = "x"', "influxdb: host: unknown; allowed url, bucket, org, token_env, token_file, ca_file"),
    ],
)  # fmt: skip
def test_a_faulty_section_is_refused_and_never_quotes_a_secret(tmp_path, line, fault):
    key = line.partition(" ")[0]
    kept = [other for other in SECTION.splitlines() if not other.startswith(key + " ")]
    with pytest.raises(SiteError) as caught:
        loaded(tmp_path, "\n".join([*kept, line, ""]))
    (text,) = caught.value.faults
    assert fault in text
    assert "hunter2" not in text


def test_a_section_without_url_and_bucket_names_both(tmp_path):
    with pytest.raises(SiteError) as caught:
        loaded(tmp_path, "\n[influxdb]\n")
    assert caught.value.faults == [
        "site.toml: influxdb.url: missing",
        "site.toml: influxdb.bucket: missing",
    ]


def test_the_printed_site_says_where_the_token_is_and_not_what_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("DHC_INFLUXDB_TOKEN", "hunter2")
    text = json.dumps(effective(loaded(tmp_path)))
    assert "DHC_INFLUXDB_TOKEN" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("content", "token"),
    [(" abc== \n", "abc=="), ("", None), ("two\nlines", None), ("密", None), (b"\xff", None), (None, None)],
)
def test_a_token_is_one_line_of_ascii(tmp_path, content, token):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    config = InfluxConfig(url="http://x:1", bucket="b", token_file=str(file))
    found, why = token_of(config)
    assert found == token
    assert str(file) in why


def test_a_token_comes_from_the_environment(monkeypatch):
    config = InfluxConfig(url="http://x:1", bucket="b", token_env="MY_TOKEN")
    monkeypatch.setenv("MY_TOKEN", "abc")
    assert token_of(config) == ("abc", "environment variable MY_TOKEN")
    monkeypatch.setenv("MY_TOKEN", "")
    assert token_of(config) == (None, "environment variable MY_TOKEN: empty")
    monkeypatch.delenv("MY_TOKEN")
    assert token_of(config) == (None, "environment variable MY_TOKEN: not set")


def test_a_site_with_a_server_forwards_its_journal(tmp_path):
    with FaultyHistorian() as server:
        site = loaded(tmp_path, SECTION.replace("http://10.0.0.5:8086/", server.url))
        journal = Journal.open(tmp_path)
        with opened_forwarder(site, journal, QUICK) as stats:
            store(journal, 0)
            wait_until(lambda: stats().lines_sent == 6)
        journal.close()
    assert {line.split(",")[0] for line in server.lines} == {"dhc_station", "dhc_loop"}
    assert all("site=test_site" in line for line in server.lines)


# ------------------------------------------------------------------------------------------------ metrics


async def metrics(tmp_path, stats):
    state = first_state(site_config(tmp_path), SystemClock())
    made = Metrics(
        state,
        SystemClock(),
        journal_stats=JournalStats,
        lag_ms=lambda: (1.0, 5.0),
        forwarder_stats=lambda: stats,
    )
    families = text_string_to_metric_families((await made.render()).decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


async def test_without_a_server_there_are_no_metrics_of_one(tmp_path):
    assert [key for key in await metrics(tmp_path, None) if "influxdb" in key[0]] == []


async def test_metrics_tell_fault_lag_and_what_was_sent(tmp_path):
    fault = Fault(kind=FaultKind.DISK_FULL, where="http://x:1", said="no space")
    stats = ForwarderStats(
        lines_sent=70, requests=9, refused=2, faults=3, fault=fault, unsent_since=SystemClock().now() - 100.0
    )
    found = await metrics(tmp_path, stats)
    assert found[("dhc_influxdb_up",)] == 0
    assert found[("dhc_influxdb_fault", "disk_full")] == 1
    assert found[("dhc_influxdb_fault", "busy")] == 0
    assert 100.0 <= found[("dhc_influxdb_lag_seconds",)] < 160.0
    assert found[("dhc_influxdb_lines_total",)] == 70
    assert found[("dhc_influxdb_refused_points_total",)] == 2
    well = await metrics(tmp_path, ForwarderStats())
    assert (well[("dhc_influxdb_up",)], well[("dhc_influxdb_lag_seconds",)]) == (1, 0)


# ------------------------------------------------------------------------------------------------ doctor


def findings(site):
    return {check.name: check for check in doctor._influxdb(site, site.influxdb)}


def site_with(tmp_path, url, **changes):
    config = InfluxConfig(url=url, bucket="heating", timeout_s=2.0, **changes)
    return site_config(tmp_path, influxdb=config)


def test_the_doctor_finds_a_server_that_takes_lines_and_writes_nothing(tmp_path):
    with FaultyHistorian() as server:
        found = findings(site_with(tmp_path, server.url))
    assert found["influxdb"].status == "ok"
    assert "no InfluxDB by its own words" in found["influxdb"].detail
    assert found["influxdb token"].detail.endswith("not set; none is sent")
    assert [line for line in server.lines if line] == []


@pytest.mark.parametrize(
    ("mode", "words", "advice"),
    [
        ((401, {}, '{"error":"unauthorized"}'), "refuses the token: 401 unauth", "token_env or token_file"),
        ((404, {"X-Influxdb-Version": "1.6.7"}, "404 page not found"), "is InfluxDB 1.6.7", "1.8 or newer"),
        ((404, {}, '{"error":"database not found: heating"}'), "not have the bucket", "create the bucket"),
        ((200, {}, "<html>"), "is no server historian", "mend url"),
        ("hang", "does not answer in time", "timeout_s"),
    ],
)  # fmt: skip
def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path, mode, words, advice):
    with FaultyHistorian() as server:
        server.mode = mode
        check = findings(site_with(tmp_path, server.url))["influxdb"]
    assert check.status == "warn"
    assert words in check.detail
    assert advice in check.advice


def test_the_doctor_looks_at_the_token_file(tmp_path):
    file = tmp_path / "token"
    with FaultyHistorian() as server:
        site = site_with(tmp_path, server.url, token_file=str(file))
        assert findings(site)["influxdb token"].status == "warn"
        file.write_text("abc")
        file.chmod(0o644)
        assert "everybody can read it" in findings(site)["influxdb token"].detail
        file.chmod(0o600)
        assert findings(site)["influxdb token"].status == "ok"


def test_the_doctor_shows_what_was_refused_and_bears_any_journal(tmp_path):
    with FaultyHistorian() as server:
        site = site_with(tmp_path, server.url)
        site.data.mkdir()
        journal = Journal.open(site.data)
        journal.note(READER, Progress(Cursor(0, 0), (Refused(1.0, "m x=1 7", "field type conflict"),)))
        journal.close()
        check = findings(site)["influxdb refused points"]
        assert check.detail == "1 kept; the newest: m x=1 7: field type conflict"
        with sqlite3.connect(site.data / "store.db") as file:
            file.execute("DROP TABLE refused")
        file.close()
        assert "influxdb refused points" not in findings(site)


def test_the_doctor_runs_on_a_site_with_a_server_that_is_down(tmp_path):
    folder = write_site(tmp_path, toml=SITE_TOML + SECTION.replace("10.0.0.5:8086", "127.0.0.1:1"))
    checks = {check.name: check for check in doctor.run_doctor(folder)}
    assert checks["influxdb"].status == "warn"
    assert forwarding.token_of(load_site(folder).influxdb)[0] is None
