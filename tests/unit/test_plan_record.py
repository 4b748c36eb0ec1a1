"""What plans said beside what came: one sample a plan, rooms against what was said three hours before."""

from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import LoopKey
from controller.planning.record import AHEAD_S, LEAST, SAMPLES, PlanRecord
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW, live_state
from tests.support.published import published
from tests.support.sites import site_config, station_config

S1, S2 = LoopKey("S001", 1), LoopKey("S002", 1)
STEP_S, DESIGN = 900.0, 35.0


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return site_config(
        tmp_path_factory.mktemp("site"), station_config("S001"), station_config("S002", port=20002)
    )


@pytest.fixture(scope="module")
def plan(site):
    return published(site, NOW)


def measured(state, at, T_supply, m_flow):
    for station in ("S001", "S002"):
        water = {
            Point(1, "T_supply_secondary"): good(T_supply, at),
            Point(1, "m_flow_secondary"): good(m_flow, at),
        }
        state.image.update(station, readings={**state.image[station].readings, **water})


def day(site, plan, samples, *, T_supply=60.0, m_flow=30.0, T_room=None):
    """A record of so many plans after the first, each of which found the same measurements."""
    state, record = live_state(site), PlanRecord({S1: DESIGN, S2: DESIGN})
    known = plan.known
    if T_room is not None:
        mean = known.state.mean.copy()
        mean[:, 0] = T_room
        known = replace(known, state=replace(known.state, mean=mean))
    for turn in range(samples + 1):
        now = NOW + STEP_S * turn
        measured(state, now, T_supply, m_flow)
        state.published = replace(plan, made_at=now, known=known, plan=replace(plan.plan, made_from=now))
        record.note(state, now)
    return record


def test_measured_water_within_its_tolerance_obeys(site, plan):
    kept = day(site, plan, 6).compliance(plan.keys)
    assert kept.obeyed.tolist() == [1.0, 1.0]
    assert kept.known.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("T_supply", "m_flow"), [(63.0, 30.0), (60.0, 20.0)])
def test_water_that_is_not_as_instructed_does_not(site, plan, T_supply, m_flow):
    kept = day(site, plan, 6, T_supply=T_supply, m_flow=m_flow).compliance(plan.keys)
    assert kept.obeyed.tolist() == [0.0, 0.0]


def test_heat_is_held_against_the_step_in_which_the_next_plan_was_made(site, plan):
    kept = day(site, plan, 6).compliance(plan.keys)
    meant = plan.plan.q[:, 1:7].mean(axis=1)
    np.testing.assert_allclose(kept.heat, plan.known.state.q / meant - 1.0, rtol=1e-4)


def test_rooms_are_held_against_what_was_said_three_hours_before(site, plan):
    ahead = round(AHEAD_S / STEP_S)
    kept = day(site, plan, 2 * ahead + 2, T_room=20.0).compliance(plan.keys)
    said = plan.plan.T_indoor[:, ahead : 2 * ahead + 3]
    np.testing.assert_allclose(kept.room_K, np.sqrt(((20.0 - said) ** 2).mean(axis=1)), rtol=1e-3)
    assert np.isnan(day(site, plan, 6).compliance(plan.keys).room_K).all()


def test_a_few_plans_are_no_day_to_judge_by(site, plan):
    assert day(site, plan, LEAST - 1).compliance(plan.keys) is None
    assert day(site, plan, LEAST).compliance(plan.keys) is not None
    assert day(site, plan, LEAST).compliance(plan.keys[:1]) is None


def test_a_look_without_a_new_plan_changes_nothing(site, plan):
    state, record = live_state(site), PlanRecord({S1: DESIGN, S2: DESIGN})
    state.published = plan
    for second in range(20):
        record.note(state, NOW + second)
    assert record.compliance(plan.keys) is None


def test_other_loops_begin_a_record_of_their_own(site, plan):
    record = day(site, plan, 6)
    alone = site_config(site.folder, station_config("S001"))
    state = live_state(alone)
    state.published = published(alone, NOW + 7 * STEP_S)
    record.note(state, NOW + 7 * STEP_S)
    assert record.compliance(plan.keys) is None
    assert record.compliance(state.published.keys) is None


def test_no_more_than_a_day_is_kept(site, plan):
    record = day(site, plan, SAMPLES + 5)
    assert len(record._samples) <= SAMPLES
