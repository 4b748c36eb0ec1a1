"""Caps on primary flow from the outbox to the wire and back: each an instruction with a legal life."""

import itertools

import pytest

from controller.cap_intents import CapChange, Numbered, cap_intent
from controller.guard_caps import CapHeld
from controller.historian.command_log import CommandLog
from controller.historian.records import LEGAL, State
from controller.outbox import FlowCapWish
from simulators.plc.station import StationPlc as SimulatedPlc
from stations.drivers.memory import MemoryDriver
from stations.model.identity import PRIMARY, Point
from stations.model.outcome import NotApplicable, Rejected, Unknown
from stations.model.setpoint import StationChannel, StationClass
from tests.support.clocks import ManualClock
from tests.support.field_world import STATION, TOKEN, FieldBench, traits_of

SENT, ACKNOWLEDGED, CONFIRMED = State.SENT, State.ACKNOWLEDGED, State.CONFIRMED
REJECTED, EXPIRED = State.REJECTED, State.EXPIRED
SHOWN = Point(PRIMARY, "m_flow_primary_max_readback")
OPEN = pytest.approx(594.0)


class Bench(FieldBench):
    """Also checks at the end that every life was legal."""

    def cap(self, number, m_flow_max, waited_s=0.0):
        at = self.clock.now() - waited_s
        held = (
            None
            if m_flow_max is None
            else CapHeld(m_flow_max=m_flow_max, uncapped=20.0, at=at, wish=m_flow_max)
        )
        numbered = Numbered(id=number, at=at, token=TOKEN, sequence=number)
        made = cap_intent(CapChange(STATION, held, None), numbered, self.traits.values(), shortage=True)
        return self.outbox.cap(STATION, FlowCapWish(made.m_flow_set, number, made))

    def shows(self, m_flow_max):
        self.script.values[SHOWN] = m_flow_max
        self.poll()


@pytest.fixture
def bench():
    bench = capping()
    yield bench
    for number in {of for of, _ in bench.told}:
        life = [State.REQUESTED, *bench.states(number)]
        assert all(after in LEGAL[before] for before, after in itertools.pairwise(life)), life


def capping(**changes):
    return Bench(ManualClock(), traits={1: traits_of(1, caps_flow=True, m_flow_cap_open=594.0, **changes)})


async def test_a_cap_is_told_under_our_token_each_newer_than_the_last_and_lifted_by_the_end_of_its_range(
    bench,
):
    for number, wish in enumerate((12.0, 9.0, None), 1):
        bench.cap(number, wish)
        await bench.write()
    told = bench.script.given("cap_flow")
    assert [(cap.token, cap.sequence) for cap in told] == [(TOKEN, 1), (TOKEN, 2), (TOKEN, 3)]
    assert [cap.m_flow_max for cap in told] == [12.0, 9.0, OPEN]
    assert bench.box.cap is None
    assert bench.states(1) == bench.states(2) == [SENT, ACKNOWLEDGED, EXPIRED]


@pytest.mark.parametrize(("wish", "shown"), [(12.0, 12.1), (None, 600.0)])
async def test_a_cap_and_its_lifting_are_confirmed_by_what_is_read_back(bench, wish, shown):
    bench.cap(1, wish)
    await bench.write()
    bench.shows(shown)
    assert bench.states(1) == [SENT, ACKNOWLEDGED, CONFIRMED]


async def test_a_register_that_holds_another_cap_for_two_polls_rejects_it(bench):
    bench.cap(1, 12.0)
    await bench.write()
    bench.shows(600.0)
    assert bench.states(1)[-1] is ACKNOWLEDGED
    bench.shows(600.0)
    assert bench.states(1)[-1] is REJECTED


async def test_what_can_not_be_read_back_expires(bench):
    bench.cap(1, 12.0)
    await bench.write()
    for _ in range(2):
        bench.poll()
    assert bench.states(1) == [SENT, ACKNOWLEDGED, EXPIRED]


@pytest.mark.parametrize(("shown", "end"), [(12.0, CONFIRMED), (600.0, EXPIRED)])
async def test_after_a_lost_answer_the_read_back_tells(bench, shown, end):
    bench.script.answers["cap_flow"].append(Unknown("timeout"))
    bench.cap(1, 12.0)
    await bench.write()
    assert bench.states(1) == [SENT]
    for _ in range(2):
        bench.shows(shown)
    assert bench.states(1) == [SENT, end]


@pytest.mark.parametrize("outcome", [Rejected("busy"), NotApplicable()])
async def test_a_cap_that_is_not_taken_is_rejected_and_no_fault_of_the_link(bench, outcome):
    bench.script.answers["cap_flow"].append(outcome)
    bench.cap(1, 12.0)
    await bench.write()
    assert len(bench.script.given("cap_flow")) == 1
    assert bench.states(1) == [SENT, REJECTED]


@pytest.mark.parametrize("wish", [0.0, -1.0, float("nan"), float("inf")])
async def test_a_cap_that_is_none_never_reaches_the_wire(bench, wish):
    bench.outbox.cap(STATION, FlowCapWish(wish, 1))
    await bench.write()
    assert bench.script.given("cap_flow") == []


@pytest.mark.parametrize("changes", [{"proven": False}, {"station_class": StationClass.T}])
async def test_a_station_that_may_not_be_capped_is_not_and_the_log_says_so(changes):
    bench = capping(**changes)
    bench.cap(1, 12.0)
    await bench.write()
    assert bench.script.given("cap_flow") == []
    assert bench.states(1) == [REJECTED]


async def test_one_that_waited_too_long_is_void_but_never_its_lifting(bench):
    bench.cap(1, 12.0, waited_s=121.0)
    await bench.write()
    assert (bench.states(1), bench.script.given("cap_flow")) == ([EXPIRED], [])
    bench.cap(2, None, waited_s=121.0)
    await bench.write()
    assert [cap.m_flow_max for cap in bench.script.given("cap_flow")] == [OPEN]


async def test_what_waits_or_is_not_read_back_ends_with_the_link(bench):
    bench.cap(1, 12.0)
    await bench.write()
    bench.cap(2, 9.0)
    bench.dispatcher.link_lost()
    await bench.write()
    assert [cap.sequence for cap in bench.script.given("cap_flow")] == [1]
    assert (bench.states(1)[-1], bench.states(2)) == (EXPIRED, [EXPIRED])


@pytest.mark.parametrize("waits", [True, False])
async def test_a_planned_stop_lifts_the_cap_in_force_with_a_newer_sequence(bench, waits):
    bench.cap(1, 12.0)
    await bench.write()
    if waits:  # its lifting was decided and not sent
        bench.cap(2, None)
    else:
        bench.state.caps = {STATION: 12.0}
    await bench.dispatcher.hand_back_all(bench.driver)
    first, lifted = bench.script.given("cap_flow")
    assert lifted.m_flow_max == OPEN
    assert lifted.sequence > first.sequence
    assert bench.states(1)[-1] is EXPIRED


async def test_a_lifting_that_the_log_could_not_take_goes_to_the_wire_and_replaces_what_was_open(bench):
    bench.cap(1, 12.0)
    await bench.write()
    bench.outbox.cap(STATION, FlowCapWish(None, 2))
    await bench.write()
    assert [cap.sequence for cap in bench.script.given("cap_flow")] == [1, 2]
    assert bench.states(1)[-1] is EXPIRED


class CappedPlc:
    """What a simulated device keeps of caps and shows, for the driver in memory."""

    def __init__(self):
        self.plc = SimulatedPlc(StationClass.A, ())
        self.now = 0.0

    def values(self):
        return {SHOWN: self.plc.cap.shown(self.now)}

    def write_cap(self, token, sequence, m_flow_max, now):
        return self.plc.write_cap(token, sequence, m_flow_max, now)


async def test_a_simulated_device_confirms_a_cap_its_lowering_and_its_lifting(bench):
    device = CappedPlc()
    driver = MemoryDriver(STATION, bench.profile, 1, device, bench.clock)
    await driver.connect()
    for number, wish in enumerate((12.34, 9.87, None), 1):
        bench.cap(number, wish)
        await bench.dispatcher.write_pending(driver)
        bench.clock.advance(10.0)
        device.now = bench.clock.now()
        bench.dispatcher.verify(await driver.read())
    lives = [bench.states(number) for number in (1, 2, 3)]
    assert lives == [[SENT, ACKNOWLEDGED, CONFIRMED]] * 3


async def test_caps_are_kept_and_read_back_from_the_command_log(tmp_path):
    bench = capping()
    log = CommandLog.open(tmp_path, 0.0, reserve_bytes=1 << 20)
    bench.cap(1, 12.0)
    made = bench.box.cap.intent
    await log.commit([made])
    assert log.recent(5, STATION) == (made,)
    assert (made.heat_channel, made.loop) == (StationChannel.M_FLOW_PRIMARY_MAX, PRIMARY)
    assert log.verify() == ()
    log.close()
    again = CommandLog.open(tmp_path, 10.0, reserve_bytes=1 << 20)
    assert [one.state for one in again.expired_at_start] == [EXPIRED]
    again.close()
