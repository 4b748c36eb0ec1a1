"""When a station that was lost may be driven again."""

import pytest

from controller.admission import Admission


def dropped(*times, answered_after=None):
    admission = Admission()
    admission.answered(0.0)
    for at in times:
        admission.dropped(at)
        if answered_after is not None:
            admission.answered(at + answered_after)
    return admission


def test_a_station_that_never_answered_is_not_driven():
    assert not Admission().readmitted(1e6)


def test_a_station_is_driven_from_its_first_answer():
    admission = Admission()
    admission.answered(0.0)

    assert admission.readmitted(0.0)
    assert admission.remaining_s(0.0) == 0.0


@pytest.mark.parametrize(("at", "driven"), [(1020.0, False), (1319.9, False), (1320.0, True), (9999.0, True)])
def test_a_station_that_was_lost_waits_for_five_good_minutes(at, driven):
    admission = dropped(1000.0, answered_after=20.0)

    assert admission.readmitted(at) is driven


def test_the_good_minutes_begin_with_the_first_answer_and_not_with_the_loss():
    admission = dropped(1000.0)

    assert not admission.readmitted(5000.0)
    assert admission.remaining_s(5000.0) == 300.0
    admission.answered(5000.0)
    admission.answered(5100.0)
    assert admission.remaining_s(5100.0) == 200.0


@pytest.mark.parametrize(
    ("drops", "wait_s"),
    [
        ((0,), 300.0),
        ((0, 600), 300.0),
        ((0, 600, 1200), 600.0),
        ((0, 600, 1200, 1800), 1200.0),
        ((0, 600, 1200, 1800, 2400), 2400.0),
        ((0, 600, 1200, 1800, 2400, 3000), 3600.0),
        (tuple(range(0, 3000, 100)), 3600.0),
        ((0, 4000, 8000, 12000), 300.0),  # one an hour is not flapping
        ((0, 600, 1200, 6000), 300.0),  # and a calm hour forgives
    ],
)
def test_a_link_that_flaps_waits_twice_as_long_each_time_up_to_an_hour(drops, wait_s):
    admission = dropped(*drops, answered_after=10.0)
    answered_at = drops[-1] + 10.0

    assert not admission.readmitted(answered_at + wait_s - 0.1)
    assert admission.readmitted(answered_at + wait_s)
