"""How stations dial out, as a site says it: what is read, and all that is refused with its key."""

import pytest

from simulators.adu import SerialStream
from simulators.city import write_city
from simulators.crc import crc16_modbus
from simulators.dialling import DialGroup, Dialling, DiallingError, dialling, read_groups
from simulators.faults.frames import Frame, cut
from simulators.servers.pdu import answer
from simulators.servers.reads import ModbusException
from simulators.sitefile import SiteFileError, load_site

TO = {"to": "10.1.2.3:15020"}
MODBUS = {"S001": True, "S002": False, "S003": True}


def test_a_group_says_where_to_and_the_rest_has_defaults():
    (group,) = read_groups([TO])
    assert group.of("S001") == Dialling(host="10.1.2.3", port=15020, registration=b"S001")
    assert dialling([group], MODBUS).keys() == {"S001", "S003"}


def test_packets_are_texts_with_the_id_or_bytes_or_nothing():
    table = TO | {"registration": "DTU-{station}#", "heartbeat": "hex:00 ff", "registration_before": "frames"}
    (group,) = read_groups([table | {"stations": "S003"}])
    one = dialling([group], MODBUS)["S003"]
    assert (one.registration, one.heartbeat, one.before_frames) == (b"DTU-S003#", b"\x00\xff", True)
    (mute,) = read_groups([TO | {"registration": "", "heartbeat": ""}])
    assert (mute.of("S001").registration, mute.of("S001").heartbeat) == (b"", b"")


WRONG = [
    ({}, "dial: to: is missing; must be HOST:PORT"),
    ({"to": "10.1.2.3"}, "to = '10.1.2.3': must be HOST:PORT"),
    ({"to": "10.1.2.3:0"}, "with a port 1..65535"),
    ({"to": "10.1.2.3:99999"}, "with a port 1..65535"),
    ({"to": 15020}, "to = 15020: must be HOST:PORT"),
    (TO | {"heart_beat": "x"}, "heart_beat: no such key; known: to, stations, registration"),
    (TO | {"stations": []}, "stations = []: must be a list of ids"),
    (TO | {"stations": [1]}, "stations = [1]: must be a list of ids"),
    (TO | {"registration": 7}, "registration = 7: must be a text"),
    (TO | {"registration": "hex:0g"}, "registration = 'hex:0g': after hex: must be pairs"),
    (TO | {"registration": "x" * 257}, "registration: 257 bytes, at most 256"),
    (TO | {"registration_before": "each"}, "registration_before = 'each': must be connection or frames"),
    (TO | {"heartbeat": "hex:1"}, "heartbeat = 'hex:1': after hex:"),
    (TO | {"heartbeat_s": 0}, "heartbeat_s = 0: must be a number 0.01..86400"),
    (TO | {"silence_s": "long"}, "silence_s = 'long': must be a number"),
    (TO | {"retry_s": 9, "retry_max_s": 3}, "retry_max_s = 3: must not be below retry_s"),
]


@pytest.mark.parametrize(("table", "says"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_group_that_cannot_be_used_is_told_with_key_and_value(table, says):
    with pytest.raises(DiallingError) as caught:
        read_groups([table])
    assert says in str(caught.value)


@pytest.mark.parametrize("given", [TO, "127.0.0.1:1", [1]])
def test_dial_that_is_no_list_of_tables_is_refused(given):
    with pytest.raises(DiallingError, match=r"must be tables \[\[dial\]\]"):
        read_groups(given)


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ([("S009",)], "'S009' is not in the station list"),
        ([("S002",)], "S002 does not speak Modbus"),
        ([("S001",), ("S003", "S001")], "S001 is in two groups"),
    ],
)
def test_stations_that_cannot_dial_are_told_by_name(groups, says):
    with pytest.raises(DiallingError, match=says):
        dialling([DialGroup(how=Dialling(host="h", port=1), stations=names) for names in groups], MODBUS)


def test_a_site_whose_simulation_file_names_a_wrong_station_is_refused_with_the_file(tmp_path):
    write_city(tmp_path, stations=4, seed=1)
    path = tmp_path / "simulation.toml"
    plain = path.read_text()
    path.write_text(plain + '\n[[dial]]\nto = "127.0.0.1:15020"\n')
    dials = {station.id for station in load_site(tmp_path).stations if station.dial is not None}
    assert dials == {s.id for s in load_site(tmp_path).stations if s.profile != "opcua-substation"}
    path.write_text(plain + '\n[[dial]]\nto = "127.0.0.1:15020"\nstations = ["S999"]\n')
    with pytest.raises(SiteFileError, match=r"simulation\.toml: dial: stations: 'S999' is not"):
        load_site(tmp_path)


# ------------------------------------------------------------------------------ bytes on a serial line


def rtu(text):
    body = bytes.fromhex(text)
    return body + crc16_modbus(body).to_bytes(2, "little")


REQUESTS = ["01 03 0000 0010", "01 06 001E FFB5", "F7 05 0073 FF00", "01 10 0048 0001 02 0007"]


def test_a_serial_stream_in_any_pieces_gives_the_same_requests():
    data = b"".join(map(rtu, REQUESTS))
    whole, stream = SerialStream().feed(data), SerialStream()
    assert [request for byte in data for request in stream.feed(bytes([byte]))] == whole
    assert [request.function for request in whole] == [3, 6, 5, 16]
    assert [request.words for request in whole] == [(), (0xFFB5,), (0xFF00,), (7,)]
    assert [request.unit for request in whole] == [1, 1, 0xF7, 1]
    assert all(request.well_formed for request in whole)


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n", rtu(REQUESTS[0])[:-1] + b"\0", b"\x01\x2b\x0e"])
def test_a_serial_stream_drops_what_is_no_request_and_reads_on_behind_it(garbage):
    stream = SerialStream()
    assert stream.feed(garbage) == []
    assert stream.broken
    assert [request.function for request in stream.feed(rtu(REQUESTS[0]))] == [3]
    assert not stream.broken


def test_functions_that_nobody_here_has_keep_their_place_in_the_stream():
    odd = ["01 07", "01 16 0043 0000 0000", "01 17 0000 0001 0043 0001 02 0000", "01 08 0000 0000"]
    data = b"".join(map(rtu, [*odd, REQUESTS[0]]))
    assert [request.function for request in SerialStream().feed(data)] == [7, 22, 23, 8, 3]


def test_an_answer_is_found_behind_bytes_that_are_none():
    assert cut(b"DTU-7" + rtu("01 03 02 1234"), rtu=True) == [
        b"DTU-7",
        Frame(head=None, unit=1, pdu=bytes.fromhex("03 02 1234")),
    ]
    assert cut(b"only text", rtu=True) == [b"only text"]
    assert cut(b"", rtu=True) == []


class Coils:
    """Nine coils, every third is on."""

    def read(self, function, address, count):
        return [(address + n) % 3 == 0 for n in range(count)]

    def write(self, function, address, words):
        raise ModbusException(4)


def test_bits_are_packed_with_the_first_one_lowest():
    assert answer(Coils(), bytes.fromhex("01 0000 0009")) == bytes.fromhex("01 02 49 00")
    assert answer(Coils(), bytes.fromhex("02 0000 0001")) == bytes.fromhex("02 01 01")
    assert answer(Coils(), bytes.fromhex("05 0000 FF00")) == bytes.fromhex("85 04")
