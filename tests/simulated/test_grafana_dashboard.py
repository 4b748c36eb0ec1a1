"""The Grafana dashboard is sound, and each of its queries draws something from a real InfluxDB."""

import itertools
import json
import re
import time
from pathlib import Path

import pytest

from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.forwarding import forwarder
from tests.support.history import wait_until
from tests.support.history_servers import InfluxDB, running

DASHBOARD = json.loads(
    (Path(__file__).resolve().parents[2] / "deploy/grafana/dashboard.json").read_text(encoding="utf-8")
)
PANELS = DASHBOARD["panels"]
VARIABLES = DASHBOARD["templating"]["list"]
MINUTES = 60
DRAWN = {
    0: (
        *("T_outdoor", "Q_flow_primary", "E_heat_primary"),
        *("T_supply_primary", "T_return_primary", "m_flow_primary"),
    ),
    1: ("T_supply_secondary", "T_supply_secondary_set_readback", "T_return_secondary", "m_flow_secondary"),
}


def readings(number, at):
    """All points that the dashboard draws, one of them bad now and then."""
    found = {
        Point(loop, name): good(20.0 + number + place, at)
        for loop, names in DRAWN.items()
        for place, name in enumerate(names)
    }
    if number % 10 == 0:
        found[Point(1, "T_supply_secondary")] = bad(Reason.SENTINEL, at)
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """An hour of two stations, brought there by the forwarder, and the span that it covers."""
    folder = tmp_path_factory.mktemp("grafana")
    end = time.time() // 60 * 60
    with running(InfluxDB(folder / "server")) as server:
        server.create()
        journal = Journal.open(folder)
        sending = forwarder(journal, server.url)
        for number in range(MINUTES):
            at = end - 60.0 * (MINUTES - number)
            answers = [Answer(station, readings(number, at)) for station in ("S000", "S002")]
            assert journal.append(Slot(start=at, answers=answers)).result(10)
        wait_until(lambda: sending.stats.lines_sent >= 4 * MINUTES and sending.stats.unsent_since is None)
        assert sending.close(5)
        journal.close()
        yield server, end - 3600.0, end


def as_grafana_asks(query, start, end):
    """Fill in what Grafana fills in, everything chosen."""
    span = f"time >= {start * 1e3:.0f}ms AND time <= {end * 1e3:.0f}ms"
    text = query.replace("$timeFilter", span).replace("$__interval", "5m")
    text = re.sub(r"\$(site|district|station)\b", ".*", text)
    assert "$" not in text.replace("^.*$", ""), text
    return text


TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize(
    "query", [target["query"] for _, target in TARGETS], ids=[f"{title}-{t['refId']}" for title, t in TARGETS]
)
def test_each_query_draws_something(filled, query):
    server, start, end = filled
    series = server.query(as_grafana_asks(query, start, end))
    values = [value for found in series for row in found["values"] for value in row[1:]]
    assert any(value is not None for value in values), series


def test_a_bad_reading_is_in_no_mean_but_in_the_share_of_bad_ones(filled):
    server, start, end = filled
    (share,) = (t["query"] for title, t in TARGETS if title.startswith("Bad readings"))
    hour = f"time(1h, {start % 3600.0:.0f}s)"  # one bucket: a full hour or midnight would cut a short one off
    query = as_grafana_asks(share, start, end).replace("time(5m)", hour)
    found = [value for series in server.query(query) for _, value in series["values"] if value is not None]
    assert found
    assert all(0.05 < value < 0.2 for value in found), found


def test_each_variable_offers_its_choices(filled):
    server, start, end = filled
    offered = {}
    for variable in VARIABLES:
        (series,) = server.query(as_grafana_asks(variable["query"], start, end))
        offered[variable["name"]] = sorted(value for _, value in series["values"])
    assert offered == {"site": ["test_site"], "district": ["north", "south"], "station": ["S000", "S002"]}


def test_each_alias_names_only_tags_that_the_query_groups_by():
    for title, target in TARGETS:
        for tag in re.findall(r"\$tag_(\w+)", target["alias"]):
            assert f'"{tag}"' in target["query"].partition("GROUP BY")[2], title


def test_panels_have_numbers_of_their_own_and_do_not_overlap():
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in itertools.combinations([panel["gridPos"] for panel in PANELS], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in PANELS)


def test_every_source_is_the_one_asked_for_at_import():
    assert [given["name"] for given in DASHBOARD["__inputs"]] == ["DS_INFLUXDB"]
    sources = [panel["datasource"] for panel in PANELS] + [t["datasource"] for _, t in TARGETS]
    sources += [variable["datasource"] for variable in VARIABLES]
    assert all(source == {"type": "influxdb", "uid": "${DS_INFLUXDB}"} for source in sources)
    assert "http" not in json.dumps(DASHBOARD)
