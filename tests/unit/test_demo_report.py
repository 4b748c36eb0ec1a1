"""What a demo tells at its end, and what it shows meanwhile, from samples that a test gives it."""

import io
from types import SimpleNamespace

import httpx
import pytest
from rich.console import Console

from controller import demo_report, demo_table
from controller.demo_report import DemoReport, Observer
from controller.demo_table import DemoScreen
from stations.model.clock import ScaledClock
from tests.support.api_bench import BEARER, NOW, ApiBench

PROMISED = {
    "stations", "loops", "stations_fresh", "polls", "polls_ok", "setpoints_sent", "setpoints_confirmed",
    "setpoints_limited", "setpoints_rejected", "readings_stored", "frames_out_of_contract", "modes",
    "indoor_mean", "indoor_sd", "heat_W_per_m2_mean", "loop_lag_p99_ms", "loop_lag_max_ms", "wall_s", "sim_s",
}  # fmt: skip
"""Scripts read these; a name that goes away breaks them."""
TRUTH = {"indoor_mean": 20.5, "indoor_sd": 2.25, "heat_W_per_m2_mean": 41.0}


class Watched(Observer):
    """An observer of an API in memory, of simulators that say what the test says, on a clock of its own."""

    def __init__(self, bench, monkeypatch):
        api = httpx.AsyncClient(
            transport=httpx.ASGITransport(bench.app), base_url="http://test", headers=BEARER
        )
        super().__init__(api, 0, ScaledClock(start_utc=NOW, anchor=0.0, factor=30.0))
        self.wall = 1000.0
        monkeypatch.setattr(demo_report, "time", SimpleNamespace(monotonic=lambda: self.wall))

    async def _ask(self, op):
        record = {"frames": 9, "frames_out_of_contract": 1, "breaks": [{"what": "register"}]}
        return TRUTH if op == "truth" else record


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path)
    yield bench
    bench.close()


def silence(bench, station, *, since):
    bench.state.image.update(station, polled_at=since)


async def finished(observer):
    return await observer.after_stop(await observer.finish())


async def test_the_closing_object_has_every_promised_figure_and_counts_from_the_beginning(bench, monkeypatch):
    observer = Watched(bench, monkeypatch)
    await observer.begin()
    image = bench.state.image["S001"]
    bench.state.image.update("S001", polls=image.polls + 5, polls_ok=image.polls_ok + 4)
    observer.wall += 20.0

    report = await finished(observer)

    figures = report.as_dict()
    assert set(figures) >= PROMISED
    assert (figures["polls"], figures["polls_ok"], figures["wall_s"]) == (5, 4, 20.0)
    assert (figures["stations"], figures["loops"], figures["modes"]) == (3, 3, {"auto": 3})
    assert (figures["loop_lag_p99_ms"], figures["loop_lag_max_ms"]) == (1.0, 5.0)
    assert {name: figures[name] for name in TRUTH} == TRUTH
    assert report.faults()[-1].startswith("1 frames broke the stations' contract")


@pytest.mark.parametrize(("recovered_s", "fewest"), [(29.0, 2), (31.0, 3)])
async def test_a_dip_of_fresh_stations_counts_for_half_a_minute(bench, monkeypatch, recovered_s, fewest):
    observer = Watched(bench, monkeypatch)
    await observer.begin()
    silence(bench, "S002", since=NOW - 3600.0)
    observer.wall += 1.0
    await observer.sample()
    silence(bench, "S002", since=NOW)
    observer.wall += recovered_s

    report = await finished(observer)

    assert report.stations_fresh == fewest
    assert any("had fresh data" in fault for fault in report.faults()) == (fewest < 3)


@pytest.mark.parametrize(("dips", "counted"), [(1, 3), (2, 3), (3, 2)])
async def test_one_look_in_ten_may_fall_on_a_moment_at_which_the_computer_stood_still(
    bench, monkeypatch, dips, counted
):
    observer = Watched(bench, monkeypatch)
    await observer.begin()
    for look in range(23):
        silence(bench, "S002", since=NOW - 3600.0 if look < dips else NOW)
        observer.wall += 1.0
        await observer.sample()

    assert (await finished(observer)).stations_fresh == counted


async def test_the_live_table_shows_every_station_with_what_it_says_and_is_told(bench, monkeypatch, tmp_path):
    drawn = io.StringIO()
    console = Console(file=drawn, width=170, height=40, force_terminal=True, color_system=None)
    monkeypatch.setattr(demo_table, "Console", lambda **_: console)
    silence(bench, "S002", since=None)
    observer = Watched(bench, monkeypatch)
    await observer.begin()
    screen = DemoScreen(quiet=False)

    screen.running("http://127.0.0.1:1", "token", tmp_path, 1, None)
    screen.show(observer)
    screen.close()

    lines = drawn.getvalue().splitlines()
    (shown,) = {line for line in lines if "S001" in line}
    for word in ("online", "bad", "60.0 °C", "45.0 °C", "auto", "confirmed"):
        assert word in shown, shown
    assert any("S003" in line for line in lines)
    assert any("SIMULATION" in line for line in lines)
    assert any("fresh 2/3" in line and "indoor 20.5 ± 2.2 °C" in line for line in lines)


def test_a_report_says_in_words_what_was_missed(capsys):
    numbers = dict.fromkeys(DemoReport.__dataclass_fields__, 0)
    report = DemoReport(**{**numbers, "stations": 3, "stations_fresh": 2, "breaks": (), "modes": {}})
    DemoScreen(quiet=False).report(report)

    told = capsys.readouterr().err
    assert "only 2 of 3 stations had fresh data" in told
    assert "loop_lag_p99_ms" in told
