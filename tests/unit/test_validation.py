"""A station's readings over days: no doubt in a healthy one, and every planted fault found."""

import copy
import random
from collections import Counter
from dataclasses import replace
from functools import lru_cache

import pytest

from controller.validation import BEHIND_WALL_S, StationValidator
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import bad, good, uncertain
from stations.profile import builtin_profile
from tests.support.station_week import START, StationWeek, as_readings, point

DAY_S, HOUR_S = 86_400.0, 3600.0
NOW = START
T_SUPPLY, T_RETURN = Point(1, "T_supply_secondary"), Point(1, "T_return_secondary")
PLC_A = builtin_profile("plc-a")
COARSE = PLC_A.model_copy(
    update={
        "points": tuple(
            p.model_copy(update={"scale": 0.1}) if p.name.startswith("T_") and p.scale == 0.01 else p
            for p in PLC_A.points
        )
    }
)
"""The reference PLC with 0.1 K sensors, as most are."""


def validator(poll_s=60.0, **options):
    return StationValidator(COARSE, poll_s, **options)


def doubts(checked):
    """What a poll is doubted for, by point name."""
    return {p.name: reading.reason for p, reading in checked.items() if reading.quality is not Quality.GOOD}


def settled(poll_s=10.0, **options):
    """A validator that has seen ten ordinary polls, and the time of the next one."""
    checking, now = validator(poll_s, **options), NOW
    for _ in range(10):
        checking.check({T_SUPPLY: good(60.0, now), T_RETURN: good(45.0, now)}, now)
        now += poll_s
    return checking, now


# --- a healthy station ---


@pytest.mark.parametrize(
    ("seed", "dt", "reduced_days", "full_days", "irregular"),
    [
        (11, 60.0, 2.0, 7.0, False),
        (12, 60.0, 2.0, 7.0, True),
        (13, 10.0, 0.25, 1.0, False),
        (14, 10.0, 0.25, 1.0, True),
    ],
)
@pytest.mark.soak
def test_a_healthy_noisy_station_is_never_doubted(soak, seed, dt, reduced_days, full_days, irregular):
    days = soak.pick(reduced=reduced_days, full=full_days)
    soak.record(days=days)
    checking, found = validator(dt), Counter()
    for at, values in StationWeek(seed, dt=dt, irregular=irregular).polls(days * DAY_S):
        found.update(doubts(checking.check(as_readings(at, values), at)).items())

    assert found == {}


def test_a_restart_of_the_plant_is_believed_within_three_polls():
    checking = validator()
    polls = list(StationWeek(15).polls(9 * HOUR_S))
    for at, values in polls[:300]:
        cold = dict.fromkeys(("T_supply_primary", "T_supply_secondary"), 21.0)
        cold |= dict.fromkeys(("T_return_primary", "T_return_secondary"), 20.5)
        cold |= dict.fromkeys(("m_flow_primary", "m_flow_secondary", "Q_flow_primary"), 0.0)
        checking.check(as_readings(at, values | cold), at)

    found = [doubts(checking.check(as_readings(at, values), at)) for at, values in polls[300:]]

    assert found[0] != {}
    assert set().union(*(poll.values() for poll in found[:2])) <= {Reason.SPIKE, Reason.RATE}
    assert [poll for poll in found[2:] if poll] == []


# --- planted faults ---


def swap(rng, before):
    side = rng.choice(("primary", "secondary"))
    supply, return_ = f"T_supply_{side}", f"T_return_{side}"

    def show(values):
        values[supply], values[return_] = values[return_], values[supply]

    return (supply, return_), show


def freeze(rng, before):
    name = rng.choice(("T_supply_secondary", "T_return_secondary", "T_return_primary", "T_supply_primary"))
    return (name,), lambda values: values.update({name: before[name]})


def spike(rng, before):
    name = rng.choice(("T_supply_secondary", "T_return_secondary", "T_return_primary", "T_supply_primary"))
    size = rng.choice((-1, 1)) * rng.uniform(12.0, 30.0)
    return (name,), lambda values: values.update({name: values[name] + size})


def other_unit(rng, before):
    name, ratios = rng.choice(
        (
            ("m_flow_primary", (10.0, 0.1, 100.0, 3.6, 1 / 3.6, 65_536.0)),
            ("m_flow_secondary", (10.0, 0.1, 3.6, 1 / 3.6)),
            ("Q_flow_primary", (10.0, 0.1, 1000.0, 0.001)),
            ("P_pump_secondary", (10.0, 1000.0)),
            ("T_supply_secondary", (0.1,)),
        )
    )
    ratio = rng.choice(ratios)
    return (name,), lambda values: values.update({name: values[name] * ratio})


def reset(rng, before):
    name = rng.choice(("E_heat_primary", "V_primary", "E_pump_secondary", "V_secondary"))
    return (name,), lambda values: values.update({name: values[name] - before[name]})


def stop_counting(rng, before):
    name = rng.choice(("E_heat_primary", "V_primary", "E_pump_secondary", "V_secondary"))
    return (name,), lambda values: values.update({name: before[name]})


def unbalance(rng, before):
    name, share = rng.choice(("Q_flow_primary", "m_flow_primary")), rng.choice((0.7, 1.4))
    return (name,), lambda values: values.update({name: values[name] * share})


JUMP = {Reason.SPIKE, Reason.RATE}
LONGEST_S = 4.5 * HOUR_S
"""Of a fault and the half hour behind it."""


@pytest.mark.soak
@pytest.mark.parametrize(
    ("plant", "reasons", "lasts_s", "within_s"),
    [
        pytest.param(swap, {Reason.SWAPPED}, HOUR_S, 900.0, id="swapped"),
        pytest.param(freeze, {Reason.FROZEN}, 3 * HOUR_S, 3 * HOUR_S, id="frozen"),
        pytest.param(spike, JUMP, 60.0, 60.0, id="spike"),
        pytest.param(other_unit, {Reason.UNIT_SWAP}, HOUR_S, 900.0, id="unit"),
        pytest.param(reset, {Reason.COUNTER_RESET}, HOUR_S, 600.0, id="reset"),
        pytest.param(stop_counting, {Reason.COUNTER_RESET}, 4 * HOUR_S, 4 * HOUR_S, id="stuck"),
        pytest.param(unbalance, {Reason.ENERGY_BALANCE}, HOUR_S, 1200.0, id="balance"),
    ],
)
def test_planted_faults_are_found_and_let_go(soak, plant, reasons, lasts_s, within_s):
    trials = soak.pick(reduced=20, full=200)
    found = sum(_found(seed, plant, reasons, lasts_s, within_s) for seed in range(trials))
    soak.record(trials=trials, found=found)

    assert found >= 0.95 * trials
    if plant is swap:
        assert found == trials


def test_a_meter_that_contradicts_its_temperatures_is_doubted_though_its_clock_is_ahead():
    checking, seen, changed = validator(), set(), None
    for at, polled in StationWeek(3).polls(9.0 * HOUR_S):
        values = dict(polled)
        if at >= START + 8.0 * HOUR_S:
            changed = "Q_flow_primary"
            values[changed] *= 1.4
        ahead = {p: replace(r, measured_at=at + 20.0) for p, r in as_readings(at, values).items()}
        checked = checking.check(ahead, at)
        seen.add(checked[point("Q_flow_primary")].reason)
        assert changed is not None or seen == {Reason.CLOCK_SKEW}

    assert Reason.ENERGY_BALANCE in seen


def _found(seed, plant, reasons, lasts_s, within_s):
    """Run a station through one fault; tells whether it was found in time, and checks that it is let go."""
    rng = random.Random(seed)
    begin = _begin(rng)
    end = begin + lasts_s
    settled, polls, first = _sound_until_then(seed)
    checking = copy.deepcopy(settled)
    names, show = plant(rng, polls[first - 1][1])
    hit = False
    for at, polled in polls[first:]:
        if at >= end + 0.5 * HOUR_S:
            break
        values = dict(polled)
        if at < end:
            show(values)
        checked = checking.check(as_readings(at, values), at)
        seen = {checked[point(name)].reason for name in names}
        hit = hit or (begin <= at < begin + within_s and bool(seen & reasons))
        assert at < begin + lasts_s + 300.0 or seen <= {Reason.OK}, (seed, names, at - end, seen)
        assert all(checked[point(name)].value == values[name] for name in names)
    return hit


def _begin(rng):
    return START + rng.uniform(7.0, 9.0) * HOUR_S


@lru_cache(maxsize=20)
def _sound_until_then(seed):
    """A validator that has seen a station until its fault begins, all its polls, and the first with a fault.

    That past is the same for every kind of fault.
    """
    checking, begin = validator(), _begin(random.Random(seed))
    polls = list(StationWeek(seed).polls(begin + LONGEST_S - START))
    first = next(number for number, (at, _) in enumerate(polls) if at >= begin)
    for at, values in polls[:first]:
        checking.check(as_readings(at, values), at)
    return checking, polls, first


# --- time ---


@pytest.mark.parametrize(
    ("ahead_s", "reason"),
    [
        (0.0, Reason.OK),
        (5.0, Reason.OK),
        (5.1, Reason.CLOCK_SKEW),
        (60.0, Reason.CLOCK_SKEW),
        (60.1, Reason.FUTURE_TIMESTAMP),
        (600.0, Reason.FUTURE_TIMESTAMP),
        (-30.0, Reason.OK),
        (-30.1, Reason.STALE),
        (-600.0, Reason.STALE),
    ],
)
def test_a_station_whose_clock_is_wrong_is_doubted_or_refused(ahead_s, reason):
    reading = validator(10.0).check({T_SUPPLY: good(60.0, NOW + ahead_s, NOW)}, NOW)[T_SUPPLY]

    assert reading.reason is reason
    assert (reading.value is None) is (reason is Reason.FUTURE_TIMESTAMP)
    assert reading.usable(NOW, 60.0) is (reason in (Reason.OK, Reason.CLOCK_SKEW))
    # "newest" must not be occupied by the future
    assert reading.measured_at <= NOW + 5.0


def test_an_old_stamp_beside_a_fresh_one_is_a_value_that_did_not_change():
    readings = {T_SUPPLY: good(60.0, NOW, NOW), T_RETURN: good(45.0, NOW - 900.0, NOW)}

    assert doubts(validator(10.0).check(readings, NOW)) == {}


def test_a_stamp_from_the_future_does_not_hide_that_the_others_are_old():
    readings = {T_SUPPLY: good(60.0, NOW + 600.0, NOW), T_RETURN: good(45.0, NOW - 600.0, NOW)}

    found = doubts(validator(10.0).check(readings, NOW))

    assert found == {"T_supply_secondary": Reason.FUTURE_TIMESTAMP, "T_return_secondary": Reason.STALE}


def test_a_fast_demo_gives_the_link_its_wall_seconds():
    late = {T_SUPPLY: good(60.0, NOW - 0.9 * BEHIND_WALL_S * 60.0, NOW)}

    assert doubts(validator(10.0, factor=60.0).check(late, NOW)) == {}
    assert doubts(validator(10.0).check(late, NOW)) == {"T_supply_secondary": Reason.STALE}


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
def test_a_jump_of_our_own_clock_raises_no_doubt(jump_s):
    checking, now = validator(10.0), 0.0
    found = []
    for number, (at, values) in enumerate(StationWeek(16, dt=10.0).polls(2 * HOUR_S)):
        now = at + (jump_s if number >= 360 else 0.0)
        found.append(doubts(checking.check(as_readings(now, values), now)))

    # a counter that was read "an hour ago" may not have risen; nothing else is compared over the jump
    assert [poll for poll in found if poll] == []


# --- reasons ---


def test_of_two_reasons_the_graver_one_is_kept_and_the_value_always():
    checking, now = settled()

    spiked = checking.check({T_SUPPLY: uncertain(90.0, Reason.STATUS_UNCERTAIN, now)}, now)[T_SUPPLY]
    assert (spiked.value, spiked.reason) == (90.0, Reason.STATUS_UNCERTAIN)

    checking, now = settled()
    spiked = checking.check({T_SUPPLY: uncertain(90.0, Reason.CLOCK_SKEW, now)}, now)[T_SUPPLY]
    assert (spiked.value, spiked.reason) == (90.0, Reason.SPIKE)


def test_a_bad_reading_stays_bad_and_does_not_disturb_the_memory():
    checking, now = settled()
    lost = bad(Reason.SENTINEL, now)

    assert checking.check({T_SUPPLY: lost, T_RETURN: good(45.0, now)}, now)[T_SUPPLY] == lost
    assert doubts(checking.check({T_SUPPLY: good(60.0, now + 10), T_RETURN: good(45.0, now + 10)}, now)) == {}


def test_a_reading_that_is_only_repeated_keeps_its_verdict_and_is_not_judged_again():
    checking, now = settled()
    spiked = good(90.0, now)

    for later in range(6):
        fresh = good(45.0, now + 10.0 * later)
        checked = checking.check({T_SUPPLY: spiked, T_RETURN: fresh}, fresh.received_at)
        assert checked[T_SUPPLY].reason is Reason.SPIKE
        assert checked[T_SUPPLY].measured_at == now


def test_points_that_are_no_measurement_are_judged_by_time_only():
    mirror = Point(1, "T_supply_secondary_set_readback")
    checking = validator(10.0)
    for number, value in enumerate((30.0, 80.0, 30.0, 80.0, 30.0, 80.0, 30.0)):
        assert doubts(checking.check({mirror: good(value, NOW + 10 * number)}, NOW)) == {}


def test_the_answer_is_a_new_mapping_and_the_given_one_is_untouched():
    checking, now = settled()
    given = {T_SUPPLY: good(90.0, now), T_RETURN: good(45.0, now)}
    kept = dict(given)

    checked = checking.check(given, now)

    assert given == kept
    assert checked is not given
    assert checked[T_SUPPLY] == replace(given[T_SUPPLY], quality=Quality.UNCERTAIN, reason=Reason.SPIKE)


def test_a_leap_of_several_points_at_once_is_the_plant_and_not_a_unit():
    checking = validator()
    polls = list(StationWeek(17).polls(9 * HOUR_S))
    found = Counter()
    for number, (at, values) in enumerate(polls):
        if number >= 480:  # the valve closes to a tenth
            values |= {name: 0.1 * values[name] for name in ("m_flow_primary", "Q_flow_primary")}
        found.update(doubts(checking.check(as_readings(at, values), at)).items())

    assert found == {}


def test_swapped_sensors_are_seen_on_every_side_that_a_station_has():
    checking, now, found = StationValidator(builtin_profile("source-opcua"), 60.0), NOW, {}
    for _ in range(12):
        readings = {
            Point(0, "T_supply_source"): good(50.0, now),
            Point(0, "T_return_source"): good(90.0, now),
            Point(0, "m_flow_source"): good(800.0, now),
        }
        found = doubts(checking.check(readings, now))
        now += 60.0

    assert found == dict.fromkeys(("T_supply_source", "T_return_source"), Reason.SWAPPED)


def test_a_swap_must_last_ten_minutes_and_a_poll_without_a_value_does_not_start_it_anew():
    checking, now, first = validator(60.0), NOW, None
    for number in range(20):
        readings = {T_SUPPLY: good(45.0, now), T_RETURN: good(60.0, now)}
        if number % 4 == 3:
            readings[T_RETURN] = bad(Reason.NO_ANSWER, now)
        if Reason.SWAPPED in doubts(checking.check(readings, now)).values() and first is None:
            first = now - NOW
        now += 60.0

    assert first == 600.0
