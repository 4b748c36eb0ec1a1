"""The Modbus driver on a real socket keeps the contract, and what only Modbus can get wrong."""

import asyncio
import struct
import time

import pytest

from stations.driver import BadAnswer, ConfigurationFault, Deadlines, LinkLost, ModbusAddress, NoAnswer
from stations.drivers.modbus.driver import ModbusDriver
from stations.model.clock import ScaledClock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, Rejected, Unknown
from stations.model.quality import Quality, Reason
from stations.profile import builtin_profile
from tests.contract import driver_contract as contract
from tests.support import modbus_server as wire


def _int16(scale):
    return lambda value: [round(value / scale) & 0xFFFF]


def _float32_low_word_first(factor):
    def words(value):
        high, low = struct.unpack(">HH", struct.pack(">f", value * factor))
        return [low, high]

    return words


def _uint32_low_word_first(factor):
    def words(value):
        return [round(value * factor) & 0xFFFF, round(value * factor) >> 16]

    return words


# The map of plc-a as its manual has it: first register, and how a value inside becomes words.
SHOWN = {
    contract.T_PRIMARY: (0, _int16(0.01)),
    contract.FLOW_PRIMARY: (2, _float32_low_word_first(3.6)),
    contract.HEAT_PRIMARY: (8, _float32_low_word_first(1.0)),
    contract.ENERGY_PRIMARY: (10, _uint32_low_word_first(3.6 / 1000.0 / 0.01)),
    contract.T_LOOP_1: (40, _int16(0.01)),
    contract.T_LOOP_2: (80, _int16(0.01)),
    contract.INDOOR_1: (59, _int16(0.01)),
}
FIRST_SETPOINT_REGISTER = {72: 1, 112: 2}
REMOTE_LEVEL = {67: 1, 107: 2}


class ModbusRig:
    """plc-a played by a hand-written server."""

    def __init__(self, server):
        self.server = server
        self.profile = builtin_profile("plc-a")
        self.clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=10.0)
        self.port = server.port

    def driver(self):
        return self._driver(self.port)

    def unreachable_driver(self):
        return self._driver(9)  # discard: nobody listens on loopback

    def _driver(self, port):
        address = ModbusAddress(host="127.0.0.1", port=port, unit=1)
        deadlines = Deadlines(connect_s=1.0, request_s=0.5)
        return ModbusDriver("S001", self.profile, contract.N_LOOPS, address, self.clock, deadlines)

    def show(self, values):
        for point, value in values.items():
            first, words = SHOWN[point]
            self.server.holding.update(enumerate([0x8000] if value is None else words(value), first))

    def written(self):
        return [self._meaning(*self.server.words(frame)) for frame in self.server.writes()]

    def _meaning(self, start, words):
        if start in FIRST_SETPOINT_REGISTER:
            token, sequence, flow = (
                words[0] | words[1] << 16,
                words[2] | words[3] << 16,
                words[6] << 16 | words[5],
            )
            t_h = struct.unpack(">f", flow.to_bytes(4, "big"))[0]
            return contract.Setpoint(
                FIRST_SETPOINT_REGISTER[start], token, sequence, words[4] * 0.01, t_h / 3.6
            )
        if start == 20:
            return contract.Beat(words[0] | words[1] << 16, words[2] | words[3] << 16, float(words[4]))
        if start == 30:
            return contract.Outdoor(struct.unpack(">h", words[0].to_bytes(2, "big"))[0] * 0.1)
        assert words == [0], "the only thing left to write is a zero to remote_level"
        return contract.HandBack(REMOTE_LEVEL[start])

    def fall_silent(self):
        self.server.behave = wire.silent

    def cut_at_next_request(self):
        self.server.behave = wire.cut

    def recover(self):
        self.server.behave = wire.proper


@pytest.fixture
async def rig():
    async with wire.FakeModbusServer() as server:
        yield ModbusRig(server)


class TestModbusDriver(contract.DriverContract, contract.SocketDriverContract):
    """The shared suite."""


NOT_AN_ANSWER = {
    wire.one_register_short: BadAnswer,
    wire.one_register_long: BadAnswer,
    wire.odd_byte_count: BadAnswer,
    wire.lying_byte_count: BadAnswer,
    wire.trailing_bytes: BadAnswer,
    wire.no_data: BadAnswer,
    wire.other_function: BadAnswer,
    wire.unheard_of_function: BadAnswer,
    wire.transaction_zero: BadAnswer,
    wire.exception_for_another_function: BadAnswer,
    wire.exception_without_code: BadAnswer,
    # skipped as not meant for us, so what is left is silence
    wire.other_unit: NoAnswer,
    wire.other_transaction: NoAnswer,
    wire.other_protocol: NoAnswer,
    wire.truncated: NoAnswer,
    wire.garbage: NoAnswer,
}


@pytest.mark.parametrize("behaviour", NOT_AN_ANSWER, ids=lambda behaviour: behaviour.__name__)
async def test_what_is_not_an_answer_to_the_question_gives_no_value(rig, behaviour):
    driver = await contract.connected(rig)
    rig.server.behave = behaviour
    with pytest.raises(NOT_AN_ANSWER[behaviour]):
        await driver.read()
    with pytest.raises(LinkLost):
        await driver.read()
    await driver.close()


@pytest.mark.parametrize("behaviour", [wire.in_pieces, wire.twice], ids=lambda behaviour: behaviour.__name__)
async def test_a_good_answer_is_taken_however_it_arrives(rig, behaviour):
    rig.server.behave = behaviour
    driver = await contract.connected(rig)
    for T in (61.0, 62.0, 63.0):
        rig.show({contract.T_LOOP_1: T})
        assert (await driver.read())[contract.T_LOOP_1].value == pytest.approx(T)
    await driver.close()


async def test_an_answer_to_an_earlier_request_is_skipped(rig):
    earlier = []

    def repeat_earlier_first(request, answer):
        earlier.append(answer)
        return earlier[-2:]

    rig.server.behave = repeat_earlier_first
    driver = await contract.connected(rig)
    for T in (61.0, 44.0, 52.0):
        rig.show({contract.T_LOOP_1: T})
        assert (await driver.read())[contract.T_LOOP_1].value == pytest.approx(T)
    await driver.close()


async def test_after_silence_the_connection_is_closed_so_that_a_late_answer_meets_nobody(rig):
    driver = await contract.connected(rig)
    rig.fall_silent()
    with pytest.raises(NoAnswer):
        await driver.read()
    with pytest.raises(LinkLost):
        await driver.read()
    assert len(rig.server.frames) == 1
    await driver.close()


@pytest.mark.parametrize("code", [1, 2, 3])
async def test_a_device_that_refuses_everything_is_wrongly_configured(rig, code):
    rig.server.behave = wire.exception(code)
    driver = await contract.connected(rig)
    for _ in range(3):
        with pytest.raises(ConfigurationFault, match=f"exception {code}"):
            await driver.read()
    await driver.close()
    assert len(rig.server.frames) == 1, "people must act: the device is not asked again and again"


@pytest.mark.parametrize(
    ("code", "error"),
    [(4, BadAnswer), (5, BadAnswer), (6, BadAnswer), (8, BadAnswer), (10, NoAnswer), (11, NoAnswer)],
)
async def test_a_device_that_is_busy_or_out_of_reach_can_be_asked_again(rig, code, error):
    rig.server.behave = wire.exception(code)
    driver = await contract.connected(rig)
    with pytest.raises(error, match=f"exception {code}") as caught:
        await driver.read()
    assert caught.value.retryable
    rig.recover()
    assert (await driver.read())[contract.T_LOOP_1].quality is Quality.GOOD
    await driver.close()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(1, Rejected), (2, Rejected), (3, Rejected), (4, Unknown), (5, Unknown), (6, Unknown)],
)
async def test_an_exception_to_a_write_is_a_refusal_or_leaves_it_open(rig, code, outcome):
    rig.server.behave = wire.exception(code)
    driver = await contract.connected(rig)
    result = await driver.apply(contract.command())
    await driver.close()
    assert isinstance(result, outcome)
    assert f"exception {code}" in result.why


async def test_a_write_that_is_confirmed_with_another_value_is_unknown(rig):
    rig.server.behave = lambda request, answer: [answer[:-1] + bytes([answer[-1] ^ 0xFF])]
    driver = await contract.connected(rig)
    assert isinstance(await driver.hand_back(1), Unknown)
    await driver.close()


async def connected_to(server, profile, clock):
    deadlines = Deadlines(connect_s=1.0, request_s=0.5)
    address = ModbusAddress(host="127.0.0.1", port=server.port, unit=1)
    driver = ModbusDriver("S002", builtin_profile(profile), 1, address, clock, deadlines)
    await driver.connect()
    return driver


async def test_one_refused_block_leaves_the_others_readable_and_rests_for_ten_minutes(rig):
    server = rig.server
    server.behave = wire.exception(2, functions={3})
    server.inputs[0] = 953
    now = 1000.0
    clock = StoppedClock(lambda: now)
    driver = await connected_to(server, "plc-b", clock)
    for _ in range(3):
        readings = await driver.read()
        assert readings[Point(0, "T_supply_primary")].value == pytest.approx(95.3)
        assert readings[Point(1, "dT_supply_secondary_offset_readback")].reason is Reason.DEVICE_EXCEPTION
    assert [frame[7] for frame in server.frames].count(3) == 1
    server.behave = wire.proper
    now += 600.0
    readings = await driver.read()
    await driver.close()
    assert readings[Point(1, "dT_supply_secondary_offset_readback")].value == 0.0


class StoppedClock:
    """A clock that stands where the test puts it."""

    factor = 1.0

    def __init__(self, read):
        self.now = self.monotonic = self.wall_monotonic = read

    async def sleep(self, scaled_s):
        await asyncio.sleep(0)


async def test_slow_blocks_are_read_in_turn_and_keep_the_time_of_their_last_reading(rig):
    server, now = rig.server, 0.0
    driver = await connected_to(server, "trovis-5578", StoppedClock(lambda: now))
    measured, requests = [], []
    for _ in range(60):
        asked = len(server.frames)
        readings = await driver.read()
        requests.append(len(server.frames) - asked)
        measured.append(now - readings[Point(0, "alarm_word")].measured_at)
        assert readings[Point(1, "T_supply_secondary")].measured_at == now
        assert now - readings[Point(1, "T_supply_secondary_set_readback")].measured_at <= 10.0
        now += 10.0
    await driver.close()
    assert requests[0] == 9
    assert max(requests[1:]) == 4
    assert sum(requests[1:]) / 59 < 3.0
    assert max(measured) <= 50.0


async def test_the_pause_between_requests_is_kept_on_the_clock_of_the_plant(rig):
    slept = []

    class Counting(StoppedClock):
        async def sleep(self, scaled_s):
            slept.append(scaled_s)

    driver = await connected_to(rig.server, "trovis-5578", Counting(lambda: 0.0))
    await driver.read()
    await driver.close()
    assert slept == [0.2] * 8


TROVIS = {0: 5578, 2: 262, 77: 0, 98: 604, 999: 550}


@pytest.fixture
async def trovis(rig):
    rig.server.holding.update(TROVIS)
    rig.server.coils[115] = True
    driver = await connected_to(rig.server, "trovis-5578", StoppedClock(lambda: 0.0))
    yield rig.server, driver
    await driver.close()


def _asked(server):
    return [(frame[7], *server.words(frame)) for frame in server.frames]


async def test_a_trovis_is_identified_and_its_dead_man_armed_before_the_setpoint_and_the_level_bit(trovis):
    server, driver = trovis
    outcome = await driver.apply(contract.command(heat=61.2, circulation=None))
    assert outcome == Acknowledged()
    assert _asked(server) == [
        (3, 0, [1]),
        (3, 2, [1]),
        (3, 77, [1]),
        (6, 77, [10]),
        (1, 115, [1]),
        (3, 98, [1]),
        (6, 999, [612]),
        (1, 115, [1]),
        (5, 115, [0]),
    ]


async def test_a_trovis_that_fell_back_since_the_poll_is_not_taken_over_at_what_it_held_then(trovis):
    server, driver = trovis
    server.holding[98] = 590
    outcome = await driver.apply(contract.command(heat=61.2, circulation=None))
    assert outcome == Rejected("on its own curve the loop holds 59.0 degC now, not 61.2; not written")
    assert server.holding[999] == 550
    assert server.coils[115] is True


async def test_a_running_dead_man_and_a_set_level_bit_are_not_written_again(trovis):
    server, driver = trovis
    server.holding[77] = 7
    server.coils[115] = False
    await driver.apply(contract.command(heat=61.2, circulation=None))
    assert [entry for entry in _asked(server) if entry[0] > 4] == [(6, 999, [612])]


@pytest.mark.parametrize(("minutes", "written"), [(10, False), (7, False), (6, True), (1, True), (0, True)])
async def test_the_dead_man_is_wound_up_when_six_minutes_are_left(trovis, minutes, written):
    server, driver = trovis
    server.holding[77] = minutes
    assert await driver.renew(contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)) == Acknowledged()
    assert [entry for entry in _asked(server) if entry[0] > 4] == ([(6, 77, [10])] if written else [])


async def test_a_trovis_is_handed_back_by_its_level_bit(trovis):
    server, driver = trovis
    server.coils[115] = False
    assert await driver.hand_back(1) == Acknowledged()
    assert server.coils[115] is True


@pytest.mark.parametrize(("register", "raw", "told"), [(0, 5573, "5573"), (2, 263, "2.63")])
async def test_nothing_is_written_to_a_device_with_another_identity_or_firmware(trovis, register, raw, told):
    server, driver = trovis
    server.holding[register] = raw
    beat = contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)
    for outcome in (
        await driver.apply(contract.command(circulation=None)),
        await driver.renew(beat),
        await driver.hand_back(1),
    ):
        assert isinstance(outcome, Rejected)
        assert told in outcome.why
    assert server.writes() == []


async def test_a_dead_man_that_can_not_be_armed_stops_the_setpoint(trovis):
    server, driver = trovis
    server.behave = wire.exception(3, functions={6}, starts={77})
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    assert server.coils[115] is True
    assert server.holding[999] == 550


@pytest.mark.parametrize("broken_at", range(9))
async def test_a_link_that_breaks_anywhere_in_taking_over_leaves_the_outcome_open(trovis, broken_at):
    server, driver = trovis

    def cut_then(request, answer):
        return wire.cut(request, answer) if len(server.frames) > broken_at else [answer]

    server.behave = cut_then
    assert isinstance(await driver.apply(contract.command(heat=61.2, circulation=None)), Unknown)
    follows_the_centre, timer_runs = server.coils[115] is False, server.holding[77] > 0
    assert timer_runs or not follows_the_centre


async def test_a_link_that_breaks_leaves_renewal_and_hand_back_of_a_trovis_open(trovis):
    server, driver = trovis
    server.behave = wire.cut
    assert isinstance(await driver.hand_back(1), Unknown)
    assert isinstance(await driver.renew(contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)), Unknown)


async def test_a_trovis_without_an_identity_register_is_not_written(trovis):
    server, driver = trovis
    server.behave = wire.exception(2, functions={3}, starts={0})
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    assert server.writes() == []


async def test_an_offset_controller_gets_one_register_and_is_made_neutral_at_hand_back(rig):
    driver = await connected_to(rig.server, "plc-b", rig.clock)
    assert await driver.apply(contract.command(heat=-2.5, circulation=None)) == Acknowledged()
    assert await driver.hand_back(1) == Acknowledged()
    for heat in (-3.1, 5.1, float("nan")):
        assert isinstance(await driver.apply(contract.command(heat=heat, circulation=None)), Rejected)
    assert isinstance(await driver.apply(contract.command(heat=1.0, circulation=2.0)), Rejected)
    await driver.close()
    assert _asked(rig.server) == [(6, 512, [65536 - 25]), (6, 512, [0])]


async def test_a_read_only_device_is_never_written(rig):
    driver = await connected_to(rig.server, "ecl-310", rig.clock)
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    await driver.renew(contract.Heartbeat(token=1, counter=1, valid_for_s=180.0))
    await driver.hand_back(1)
    await driver.send_outdoor(-5.0)
    await driver.close()
    assert rig.server.frames == []
