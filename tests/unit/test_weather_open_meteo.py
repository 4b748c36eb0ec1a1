"""The client of Open-Meteo against a server on a real socket: good answers, and all else that may come.

The answer was written by hand after the public documentation, as there is no way to the service from where
these tests run: they hold the client to the documented shape, not to a recording.
"""

import json
import math
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller.weather.open_meteo import MOST_BYTES, OpenMeteo, read_answer
from controller.weather.outcome import Failure, Fault
from optimizer.forecast.weather import WeatherTable
from tests.support.ports import free_block
from tests.support.weather_server import ANSWER, BEGIN, NOW, WeatherServer, spoilt

HOUR = 3600.0


@pytest.fixture
def server():
    with WeatherServer() as running:
        yield running


def self_signed(folder):
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weather")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (folder / "own.pem").write_bytes(certificate.public_bytes(encoding))
    (folder / "own.key").write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "own.pem", folder / "own.key"


def client(server, **changes):
    return OpenMeteo(url=server.url, latitude=37.87, longitude=112.55, **({"timeout_s": 5.0} | changes))


async def test_an_answer_becomes_weather_with_the_sun_in_the_middle_of_its_hour(server):
    table = await client(server).fetch(NOW)
    assert isinstance(table, WeatherTable)
    assert (table.source, table.issued_at) == ("open_meteo", NOW)
    assert list(table.T_outdoor.times) == ANSWER["hourly"]["time"]
    assert list(table.T_outdoor.values) == ANSWER["hourly"]["temperature_2m"]
    assert list(table.wind.values) == ANSWER["hourly"]["wind_speed_10m"]
    assert list(table.sun.values) == ANSWER["hourly"]["shortwave_radiation"]
    assert table.sun.times[0] == BEGIN - 0.5 * HOUR


async def test_it_asks_for_metres_a_second_and_universal_time(server):
    await client(server).fetch(NOW)
    assert server.questions == [
        {
            "latitude": "37.87",
            "longitude": "112.55",
            "hourly": "temperature_2m,wind_speed_10m,shortwave_radiation",
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
            "timezone": "GMT",
            "past_days": "1",
            "forecast_days": "4",
        }
    ]


async def test_a_key_goes_with_the_question_and_into_no_failure(server):
    server.mode = (500, {}, b"")
    keys = iter(["geheim-1", "geheim-2"])
    source = client(server, key=lambda: next(keys))
    failures = [await source.fetch(NOW), await source.fetch(NOW)]
    assert [question["apikey"] for question in server.questions] == ["geheim-1", "geheim-2"]
    assert "geheim" not in repr(failures)
    refused = OpenMeteo(
        url=f"http://127.0.0.1:{free_block(1)}/", latitude=1.0, longitude=2.0, key=lambda: "geheim"
    )
    assert "geheim" not in repr(await refused.fetch(NOW))


@pytest.mark.parametrize(
    ("mode", "fault", "detail"),
    [
        ((500, {}, b"oops"), Fault.STATUS, "status 500"),
        ((503, {"Retry-After": "120"}, b""), Fault.STATUS, "status 503"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), Fault.STATUS, "status 302"),
        (
            (400, {}, {"error": True, "reason": "Latitude must be in range of -90 to 90°."}),
            Fault.REFUSED,
            "Latitude must be in range",
        ),
        (
            (429, {}, {"error": True, "reason": "Minutely API request limit exceeded."}),
            Fault.REFUSED,
            "limit",
        ),
        (b"", Fault.NOT_READABLE, "not JSON"),
        (b"<html>captive portal</html>", Fault.NOT_READABLE, "not JSON"),
        (b"[1, 2", Fault.NOT_READABLE, "not JSON"),
        (b"[" * 100_000, Fault.NOT_READABLE, "not JSON"),
        (b"\xff\xfe{}", Fault.NOT_READABLE, "not JSON"),
        ([1, 2], Fault.NOT_READABLE, "not a table"),
        ({"hourly": 3}, Fault.NOT_READABLE, "no table of hours"),
        ({"error": True, "reason": "x" * 900}, Fault.REFUSED, "x" * 200),
        (b" " * (MOST_BYTES + 1), Fault.NOT_READABLE, "more than"),
        ("cut", Fault.NO_ANSWER, "RemoteProtocolError"),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else None,
)
async def test_whatever_a_server_sends_instead_is_a_failure_with_a_name(server, mode, fault, detail):
    server.mode = mode
    failure = await client(server).fetch(NOW)
    assert isinstance(failure, Failure)
    assert failure.fault is fault
    assert detail in failure.detail
    assert len(failure.detail) < 300


@pytest.mark.parametrize(
    ("header", "expected"), [("120", 120.0), ("soon", None), ("-5", None), ("9" * 9, None)]
)
async def test_the_server_may_say_when_to_come_again(server, header, expected):
    server.mode = (429, {"Retry-After": header}, b"")
    assert (await client(server).fetch(NOW)).retry_after_s == expected


@pytest.mark.parametrize("mode", ["hang", "drip"])
async def test_a_server_that_hangs_or_drips_is_left_at_the_deadline(server, mode):
    server.mode = mode
    begun = time.monotonic()
    failure = await client(server, timeout_s=0.4).fetch(NOW)
    assert failure.fault is Fault.TOO_SLOW
    assert time.monotonic() - begun < 5.0


async def test_nobody_there_is_no_answer():
    source = OpenMeteo(url=f"http://127.0.0.1:{free_block(1)}/", latitude=1.0, longitude=2.0)
    assert await source.fetch(NOW) == Failure(fault=Fault.NO_ANSWER, detail="ConnectError")


async def test_an_authority_that_can_not_be_read_is_no_answer(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing of the kind")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        source = OpenMeteo(url="https://127.0.0.1:1/", latitude=1.0, longitude=2.0, ca_file=str(path))
        assert (await source.fetch(NOW)).fault is Fault.NO_ANSWER


async def test_a_server_that_nobody_vouches_for_is_not_believed(tmp_path):
    """The server has a certificate of its own making; with it as authority the answer is taken."""
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with WeatherServer(context) as server:
        assert (await client(server).fetch(NOW)).fault is Fault.NO_ANSWER
        assert isinstance(await client(server, ca_file=str(certificate)).fetch(NOW), WeatherTable)


# -------------------------------------------------------------------------------------- what is in it


def read(answer, now=NOW):
    return read_answer(json.dumps(answer).encode(), now)


def cells(column, **at):
    values = list(ANSWER["hourly"][column])
    for number, value in at.items():
        values[int(number[1:])] = value
    return values


def test_hours_without_a_value_are_not_there():
    table = read(
        spoilt(temperature_2m=cells("temperature_2m", h30=None, h31=None), wind_speed_10m=[None] * 120)
    )
    assert len(table.T_outdoor.times) == 118
    assert BEGIN + 30 * HOUR not in table.T_outdoor.times
    assert len(table.wind.times) == 0


@pytest.mark.parametrize("value", [999.0, -273.0, "warm", True, [1], 1e400])
def test_what_is_no_outdoor_temperature_is_not_there(value):
    body = json.dumps(spoilt(temperature_2m=cells("temperature_2m", h30=value))).replace("Infinity", "1e400")
    table = read_answer(body.encode(), NOW)
    assert len(table.T_outdoor.times) == 119
    assert np.isfinite(table.T_outdoor.values).all()


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_not_read(literal):
    body = json.dumps(spoilt(temperature_2m=cells("temperature_2m", h30=math.pi))).replace(
        str(math.pi), literal
    )
    assert read_answer(body.encode(), NOW).fault is Fault.NOT_READABLE


@pytest.mark.parametrize(
    ("changes", "fault", "detail"),
    [
        ({"hourly": None}, Fault.NOT_READABLE, "no table of hours"),
        ({"temperature_2m": None}, Fault.NOT_READABLE, "temperature_2m: not one value"),
        ({"temperature_2m": [1.0] * 119}, Fault.NOT_READABLE, "temperature_2m: not one value"),
        ({"shortwave_radiation": "dark"}, Fault.NOT_READABLE, "shortwave_radiation: not one value"),
        ({"time": ["2026-01-14T00:00"] * 120}, Fault.NOT_READABLE, "times are no seconds"),
        ({"time": [2**50] * 120}, Fault.NOT_READABLE, "times are no seconds"),
        ({"time": None}, Fault.NOT_READABLE, "times are no seconds"),
        ({"hourly_units": {"time": "iso8601"}}, Fault.WRONG_UNIT, "not unixtime"),
        (
            {"hourly_units": ANSWER["hourly_units"] | {"wind_speed_10m": "km/h"}},
            Fault.WRONG_UNIT,
            "wind_speed_10m in 'km/h', not m/s",
        ),
        ({"hourly_units": ANSWER["hourly_units"] | {"temperature_2m": "°F"}}, Fault.WRONG_UNIT, "'°F'"),
        ({"temperature_2m": [None] * 120}, Fault.TOO_LITTLE, "no outdoor temperature"),
    ],
)
def test_an_answer_of_another_shape_is_refused_and_says_where(changes, fault, detail):
    failure = read(spoilt(**changes))
    assert isinstance(failure, Failure)
    assert failure.fault is fault
    assert detail in failure.detail


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (NOW + 400 * 86_400.0, Fault.WRONG_TIME),
        (NOW - 400 * 86_400.0, Fault.WRONG_TIME),
        (BEGIN + 119 * HOUR - 11 * HOUR, Fault.TOO_LITTLE),
        (BEGIN + 119 * HOUR - 12 * HOUR, None),
    ],
    ids=["long past", "long to come", "eleven hours left", "twelve hours left"],
)
def test_a_forecast_of_another_time_or_of_too_few_hours_is_no_use(now, fault):
    found = read(ANSWER, now)
    assert (found.fault if isinstance(found, Failure) else None) is fault
