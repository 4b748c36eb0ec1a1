"""The Modbus driver on a real socket keeps the contract, and what only Modbus can get wrong."""

import pytest

from stations.driver import BadAnswer, ConfigurationFault, LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import Rejected, Unknown
from stations.model.quality import Quality, Reason
from tests.contract import driver_contract as contract
from tests.contract.modbus_rig import ModbusRig, StoppedClock, connected_to
from tests.support import modbus_server as wire


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
