"""Stations that dial out, on real sockets: a listener of the test asks them with pymodbus' RTU framer."""

import asyncio
import dataclasses
import json
import random
import struct
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from pymodbus.pdu.bit_message import ReadCoilsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from simulators.__main__ import main
from simulators.city import write_one_station
from simulators.control import ControlError, ask
from simulators.crc import crc16_modbus
from simulators.dialling import Dialling
from simulators.serve import ServeOptions, serving
from simulators.servers.dtu import DialOutStation
from simulators.servers.registers import RegisterImage
from simulators.sitefile import load_site
from stations.model.clock import ScaledClock
from stations.model.identity import Point
from stations.profile import builtin_profile
from tests.support.dialled_centre import dialled_centre
from tests.support.served_station import WrittenStation

REPOSITORY = Path(__file__).parents[2]
CLOCK = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=1.0)
QUICK = Dialling(
    host="127.0.0.1", port=1, registration=b"DTU-7", heartbeat=b"", retry_s=0.01, retry_max_s=0.05
)


@asynccontextmanager
async def dialling(profile="plc-a", values=None, unit=1, **options):
    """A station that dials a centre with nothing between; yields (centre, what the station was told)."""
    told = WrittenStation({Point(loop, name): value for (loop, name), value in (values or {}).items()})
    image = RegisterImage(builtin_profile(profile), 1, told, CLOCK)
    station = DialOutStation(image, unit, dataclasses.replace(QUICK, **options), random.Random(1))
    async with dialled_centre() as centre:
        station.start(centre.port)
        try:
            yield centre, told
        finally:
            await station.stop()


def read(address, count=1):
    return ReadHoldingRegistersRequest(address=address, count=count)


def rtu(text):
    body = bytes.fromhex(text)
    return body + crc16_modbus(body).to_bytes(2, "little")


async def silent(call, wall_s=0.3):
    """Nothing more comes."""
    before = len(call.heard)
    await asyncio.sleep(wall_s)
    assert len(call.heard) == before


# ------------------------------------------------------------------------------------- the DTU alone


async def test_it_says_who_it_is_and_then_answers_in_frames_that_pymodbus_reads():
    async with dialling(values={(0, "T_supply_primary"): 95.12}) as (centre, _):
        call = await centre.called()
        assert await call.bytes(5) == b"DTU-7"
        assert (await call.ask(read(0, 2))).registers == [9512, 0x8000]
        assert (await call.ask(read(0))).registers == [9512]
        assert call.heard.count(b"DTU-7") == len(centre.calls) == 1


async def test_every_function_of_its_profile_is_answered():
    bits = {(1, "remote_level"): 0.0}  # the device shows it upside down
    async with dialling("trovis-5578", bits, unit=247) as (centre, told):
        call = await centre.called()
        await call.bytes(5)
        profile = builtin_profile("trovis-5578")
        coil = next(point for point in profile.points if point.name == "remote_level")
        assert (await call.ask(ReadCoilsRequest(address=coil.address, count=1), unit=247)).bits[0] is True
        written = await call.ask(WriteSingleRegisterRequest(address=999, registers=[655]), unit=247)
        assert written.registers == [655]
        await call.ask(WriteSingleCoilRequest(address=0x73, bits=[False]), unit=247)
    assert told.written == [("absolute", 1, 65.5), ("level", 1, True)]
    async with dialling("plc-b", {(0, "T_supply_primary"): 95.12}) as (centre, _):
        call = await centre.called()
        await call.bytes(5)
        assert len((await call.ask(ReadInputRegistersRequest(address=0, count=4))).registers) == 4


async def test_a_setpoint_block_arrives_and_one_with_a_wrong_checksum_inside_is_refused():
    flow = struct.pack(">f", 36.0)
    words = [7, 0, 3, 0, 5550, int.from_bytes(flow[2:], "big"), int.from_bytes(flow[:2], "big")]
    crc = crc16_modbus(struct.pack(">7H", *words))
    async with dialling() as (centre, told):
        call = await centre.called()
        await call.bytes(5)
        answer = await call.ask(WriteMultipleRegistersRequest(address=72, registers=[*words, crc]))
        assert not answer.isError()
        refused = await call.ask(WriteMultipleRegistersRequest(address=72, registers=[*words, crc ^ 1]))
        assert refused.exception_code == 3
    assert told.written == [("block", 1, 7, 3, 55.5, 10.0)]


REFUSED = [
    ("a register that nobody may write", "06 0000 0001", 2),
    ("no register at all", "03 0000 0000", 3),
    ("more registers than fit into a frame", "03 0000 007E", 3),
    ("a function that the device has not", "08 0000 0000", 1),
    ("a coil that is neither on nor off", "05 0073 1234", 3),
    ("a byte count that lies", "10 0048 0001 04 0000 0000", 3),
    ("a request that is too short", "03 0000", 3),
]


@pytest.mark.parametrize(("pdu", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_what_cannot_be_carried_out_is_refused_with_an_exception(pdu, code):
    async with dialling() as (centre, told):
        call = await centre.called()
        await call.bytes(5)
        call.send(rtu("01" + pdu))
        head = await call.bytes(5)
        assert head[:3] == bytes([1, int(pdu[:2], 16) | 0x80, code])
    assert told.written == []


async def test_a_frame_in_pieces_is_a_frame_and_a_wrong_checksum_or_another_unit_is_met_with_silence():
    async with dialling(values={(0, "T_supply_primary"): 95.12}) as (centre, _):
        call = await centre.called()
        await call.bytes(5)
        frame = bytes.fromhex("01 03 0000 0001 840A")
        for byte in frame:
            call.send(bytes([byte]))
            await asyncio.sleep(0)
        assert (await call.bytes(7))[:5] == bytes.fromhex("01 03 02 2528")
        call.send(frame[:-1] + b"\x00")
        await silent(call)
        call.send(rtu("09 03 0000 0001"))
        await silent(call)
        assert (await call.ask(read(0))).registers == [9512]


async def test_an_idle_station_sends_heartbeats_and_one_that_is_asked_does_not():
    async with dialling(heartbeat=b"\xfe\xfd", heartbeat_s=0.3) as (centre, _):
        call = await centre.called()
        await call.bytes(5)
        assert await call.bytes(4) == b"\xfe\xfd" * 2
        for _ in range(6):
            await call.ask(read(0))
            before = len(call.heard)
            await asyncio.sleep(0.05)
            assert len(call.heard) == before
        assert await call.bytes(2) == b"\xfe\xfd"


async def test_the_registration_can_stand_before_every_answer():
    async with dialling(before_frames=True) as (centre, _):
        call = await centre.called()
        await call.bytes(5)
        for _ in range(2):
            assert not (await call.ask(read(0), before=b"DTU-7")).isError()


async def test_it_dials_anew_with_growing_waits_until_a_centre_asks_something():
    async with dialling(retry_s=0.05, retry_max_s=5.0) as (centre, _):
        centre.busy = True
        await centre.called(6)
        waits = [later.at - earlier.at for earlier, later in pairwise(centre.calls)]
        shortest = [0.5 * 0.05 * 2**n for n in range(7)]
        assert all(least <= wait for least, wait in zip(shortest, waits[:5], strict=False))
        centre.busy = False
        call = await centre.called(len(centre.calls) + 1)
        await call.ask(read(0))
        calls, hung_up_at = len(centre.calls), time.monotonic()
        call.hang_up()
        again = await centre.called(calls + 1)
        assert again.at - hung_up_at < shortest[6], "it begins with the shortest wait anew"
        assert await again.bytes(5) == b"DTU-7"


async def test_a_centre_that_says_nothing_is_given_up_and_dialled_anew():
    async with dialling(silence_s=0.3, heartbeat=b".", heartbeat_s=0.1) as (centre, _):
        first = await centre.called()
        await centre.called(2)
        assert first.over
        assert first.heard.startswith(b"DTU-7.")


async def test_a_centre_that_is_not_there_yet_is_dialled_until_it_is():
    station = DialOutStation(None, 1, QUICK, random.Random(1))
    async with dialled_centre() as gone:
        port = gone.port
    station.start(port)
    await asyncio.sleep(0.1)
    assert station.calls == 0
    async with dialled_centre(port) as centre:
        assert await (await centre.called()).bytes(5) == b"DTU-7"
        await station.stop()


# ----------------------------------------------------------------- a site of such stations, with its link


@pytest.fixture
def site(tmp_path):
    """The smallest site; its station has never listened on the port that the list names."""
    write_one_station(tmp_path / "site", port=20_000)
    return tmp_path / "site"


@asynccontextmanager
async def simulated(site, keys="", link="none"):
    """The site's station dials a centre through its link; yields (simulation, its post, centre)."""
    async with dialled_centre() as centre:
        with (site / "simulation.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[[dial]]\nto = "127.0.0.1:{centre.port}"\nretry_s = 0.05\n{keys}\n')
        clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=1.0)
        async with serving(load_site(site), clock, ServeOptions(link=link)) as simulation:
            yield simulation, simulation.posts["S001"], centre


async def test_a_station_of_a_site_dials_through_its_link_and_what_it_is_told_is_judged(site):
    async with simulated(site, 'registration = "hex:01ff"\nheartbeat = ""', "good") as here:
        running, post, centre = here
        call = await centre.called()
        assert await call.bytes(2) == b"\x01\xff"
        began = time.monotonic()
        (T_supply,) = (await call.ask(read(0))).registers
        assert time.monotonic() - began > 0.02  # there and back through the mobile link
        assert 4000 < T_supply < 13_000
        assert dict(post.recorder.counts) == {"FC3": 1}
        assert post.recorder.n_breaks == 0
        await call.ask(WriteSingleRegisterRequest(address=0, registers=[1]))
        assert [broken.what for broken in post.recorder.breaks] == ["register"]
        truth = await ask(running.control_port, "record")
        assert truth["frames_out_of_contract"] == 1


FAULTS = [
    # (fault, options, what comes of the answer 01 03 02 hhll cccc)
    ("short_answer", {}, "01 03 00 ...."),
    ("long_answer", {}, "01 03 06 hhll ........ ...."),
    ("wrong_function", {}, "01 04 02 hhll ...."),
    ("wrong_unit_id", {}, "00 03 02 hhll ...."),
    ("truncated_answer", {}, "01 03 02 hh"),
    ("lying_byte_count", {}, "01 03 04 hhll ...."),
    ("wrong_checksum", {}, "01 03 02 hhll ...."),
    ("duplicate_answer", {}, "01 03 02 hhll .... 01 03 02 hhll ...."),
    ("modbus_exception", {"code": 6}, "01 83 06 ...."),
]


async def test_frames_on_a_serial_line_are_spoilt_as_the_faults_say(site):
    async with simulated(site, 'heartbeat = ""') as (running, _, centre):
        call = await centre.called()
        await call.bytes(4)
        proper = (await call.ask(read(40))).registers[0].to_bytes(2, "big").hex()
        for name, options, expected in FAULTS:
            request = {"action": "on", "name": name, "stations": ["S001"], "options": options}
            await ask(running.control_port, "fault", **request)
            wanted = expected.replace(" ", "").replace("hhll", proper).replace("hh", proper[:2])
            begin = len(call.heard)
            call.send(rtu("01 03 0028 0001"))
            got = (await call.bytes(begin + len(wanted) // 2 - call._taken))[-len(wanted) // 2 :].hex()
            await ask(running.control_port, "fault", action="off", name=name)
            assert all(want in (".", have) for want, have in zip(wanted, got, strict=True)), name
            whole = got == rtu(got[:-4]).hex()
            assert whole == (name not in ("truncated_answer", "wrong_checksum", "duplicate_answer")), name
        assert (await call.ask(read(40))).registers[0].to_bytes(2, "big").hex() == proper


async def test_faults_of_the_link_strike_a_station_that_dials_and_it_comes_back(site):
    async with simulated(site, 'heartbeat = "hex:fe"\nheartbeat_s = 0.1\nsilence_s = 0.5') as here:
        running, post, centre = here

        async def fault(action, name):
            await ask(running.control_port, "fault", action=action, name=name)

        call = await centre.called()
        await call.ask(read(0))
        await fault("on", "half_open")
        await silent(call)
        call = await centre.called(2)  # given up after the silence, and dialled anew
        await call.bytes(4)
        await call.ask(read(0))
        await fault("on", "reconnect_storm")
        await asyncio.sleep(0.2)
        assert call.over
        assert len(centre.calls) == 2
        await fault("off", "reconnect_storm")
        call = await centre.called(3)
        await call.ask(read(0))
        await fault("on", "server_restart")
        assert post.link.connections == 0
        await fault("off", "server_restart")
        assert not (await (await centre.called(4)).ask(read(0))).isError()


async def test_a_fault_that_needs_another_envelope_is_refused(site):
    async with simulated(site) as (running, _, _centre):
        for name in ("wrong_transaction", "wrong_protocol"):
            with pytest.raises(ControlError, match="dials out"):
                await ask(running.control_port, "fault", action="on", name=name, stations=["S001"])


async def test_the_command_line_lets_stations_dial_and_their_ports_stay_shut(site):
    async with dialled_centre() as centre:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "controller.cli", "simulate", str(site),
            "--dial", f"127.0.0.1:{centre.port}", "--dial-stations", "S001",
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 30.0))
            assert (ready["dialling"], ready["modbus"]) == (1, 1)
            call = await centre.called()
            assert await call.bytes(4) == b"S001"
            assert not (await call.ask(read(0))).isError()
        finally:
            process.terminate()
            _, errors = await asyncio.wait_for(process.communicate(), 10)
        assert errors == b""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dial", "127.0.0.1"], "must be HOST:PORT"),
        (["--dial", "127.0.0.1:1", "--dial-stations", "S009"], "'S009' is not in the station list"),
        (["--dial-stations", "S001"], "--dial HOST:PORT is missing"),
    ],
)
def test_a_wrong_dial_on_the_command_line_is_told(site, capsys, arguments, says):
    try:
        status = main(["serve", str(site), *arguments])
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert says in capsys.readouterr().err
