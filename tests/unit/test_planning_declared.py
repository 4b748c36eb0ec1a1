"""A shortage is declared by two witnesses, and what that opens in guard and strategy."""

from types import SimpleNamespace

import pytest

from controller.planning.declared import NEARLY_ALL, declares_shortage
from optimizer.reason import because
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good

NOW = 1_768_435_200.0
SHARED = because("plan.rationed", share_percent=70.0, hours=24.0, cold_K=1.0, horizon_h=24.0)


def published(why=SHARED, usable=True):
    return SimpleNamespace(plan=SimpleNamespace(why=why), usable=lambda now: usable)


def sources(Q_flow=95.0, most=100.0, age_s=5.0):
    at = NOW - age_s
    readings = {
        Point(0, "T_supply_source"): good(90.0, at),
        Point(0, "Q_flow_source"): bad(Reason.NO_ANSWER, at) if Q_flow is None else good(Q_flow, at),
        Point(0, "Q_flow_source_max"): good(most, at),
    }
    return {"H1": SimpleNamespace(readings=readings)}


def test_a_plan_that_shares_out_and_sources_at_their_end_declare_a_shortage():
    assert declares_shortage(published(), sources(), NOW)
    assert declares_shortage(published(), sources(100.0 * NEARLY_ALL), NOW)


@pytest.mark.parametrize(
    ("plan", "images"),
    [
        (None, sources()),
        (published(why=None), sources()),
        (published(why=because("plan.gap", gap_percent=1.0, iterations=9)), sources()),
        (published(usable=False), sources()),
        (published(), sources(100.0 * NEARLY_ALL - 1.0)),
        (published(), sources(None)),
        (published(), sources(age_s=3600.0)),
        (published(), {}),
    ],
    ids=[
        "no plan",
        "enough",
        "other reason",
        "old",
        "sources have more",
        "unknown",
        "old values",
        "no source",
    ],
)
def test_one_witness_is_none(plan, images):
    assert not declares_shortage(plan, images, NOW)
