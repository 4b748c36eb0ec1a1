"""The doctor finds what would stop a controller, and says what to do."""

import socket
from collections import namedtuple
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from controller import doctor
from controller.api.auth import TOKEN_FILE, load_or_create_token
from controller.config.model import ApiConfig
from stations.driver import OpcUaAddress
from tests.support.sites import loop_config, site_config, station_config, write_site

NOW = datetime(2026, 1, 15, tzinfo=UTC)


def named(checks):
    return {check.name: check for check in checks}


def test_a_sound_machine_and_site_have_no_failure(tmp_path):
    checks = named(doctor.run_doctor(write_site(tmp_path)))
    assert [check for check in checks.values() if check.status == "fail"] == []
    assert checks["site"].detail == "test_site: 1 stations, 1 loops, synthetic data"
    assert not (tmp_path / "data").exists()


def test_without_a_site_the_machine_alone_is_looked_at():
    assert "site" not in named(doctor.run_doctor(None))


def test_every_finding_that_is_not_well_says_what_to_do(tmp_path):
    for check in [*doctor.run_doctor(write_site(tmp_path)), *doctor.run_doctor(tmp_path / "nowhere")]:
        assert (check.status == "ok") == (check.advice == ""), check


def test_a_site_with_faults_points_to_the_check(tmp_path):
    check = named(doctor.run_doctor(tmp_path / "nowhere"))["site"]
    assert check.status == "fail"
    assert check.advice.startswith("run: dhc check")


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ((3, 6, 23), "ok"),
        ((3, 7, 0), "warn"),
        ((3, 40, 1), "warn"),
        ((3, 44, 5), "warn"),
        ((3, 44, 6), "ok"),
        ((3, 50, 6), "warn"),
        ((3, 50, 7), "ok"),
        ((3, 51, 2), "warn"),
        ((3, 51, 3), "ok"),
    ],
)
def test_sqlite_versions_with_the_wal_reset_race_are_named(version, status):
    assert doctor._sqlite(version).status == status


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10, 9), "fail"), ((3, 11, 0), "ok"), ((3, 14, 1), "ok")]
)
def test_an_old_python_is_refused(version, status):
    assert doctor._python(version).status == status


@pytest.mark.parametrize(("now", "status"), [(0.0, "fail"), (NOW.timestamp(), "ok"), (5e9, "fail")])
def test_a_clock_that_was_never_set_is_refused(now, status):
    assert doctor._clock(now).status == status


def test_the_open_file_limit_is_judged_by_the_number_of_stations(monkeypatch):
    monkeypatch.setattr(doctor.resource, "getrlimit", lambda _: (1024, 1024))
    assert doctor._open_files(40).status == "ok"
    check = doctor._open_files(5000)
    assert check.status == "fail"
    assert "LimitNOFILE=10256" in check.advice


@pytest.mark.parametrize(("free", "status"), [(100 * 2**20, "fail"), (2**30, "warn"), (10 * 2**30, "ok")])
def test_free_disk_is_judged(tmp_path, monkeypatch, free, status):
    usage = namedtuple("usage", "free")(free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert doctor._disk(site_config(tmp_path)).status == status


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/dhc/data", "nfs4"),
        ("/srv/dhc", "nfs4"),
        ("/srv/dhcp", "ext4"),
        ("/srv/a b/c", "cifs"),
        ("/x", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_that_of_its_deepest_mount(path, kind):
    mounts = "/dev/sda / ext4 rw 0 0\nserver:/x /srv/dhc nfs4 rw 0 0\n//y /srv/a\\040b cifs rw 0 0\n"
    assert doctor._file_system_of(doctor.Path(path), mounts) == kind


def test_a_token_that_others_can_read_is_found(tmp_path):
    site = site_config(tmp_path)
    load_or_create_token(site.data)
    assert doctor._token(site).status == "ok"
    (site.data / TOKEN_FILE).chmod(0o644)
    assert doctor._token(site).status == "fail"


def test_a_data_folder_that_everybody_can_write_is_found(tmp_path):
    site = site_config(tmp_path)
    assert doctor._data_folder(site).detail.endswith("(will be made)")
    site.data.mkdir()
    site.data.chmod(0o777)
    assert doctor._data_folder(site).status == "warn"


def test_a_port_in_use_is_a_warning_because_the_controller_may_be_running(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        site = site_config(tmp_path, api=ApiConfig(port=other.getsockname()[1]))
        assert doctor._port(site).status == "warn"
    assert doctor._port(site).status == "ok"


def certificate(begin, end):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.parametrize(
    ("begin_days", "end_days", "status"),
    [(-10, 100, "ok"), (-10, 29, "warn"), (-10, -1, "fail"), (1, 100, "fail")],
    ids=["sound", "near its end", "expired", "not valid yet"],
)
@pytest.mark.parametrize("encoding", ["DER", "PEM"])
def test_certificates_near_their_end_are_found(tmp_path, begin_days, end_days, status, encoding):
    made = certificate(NOW + timedelta(days=begin_days), NOW + timedelta(days=end_days))
    path = tmp_path / "S001.der"
    path.write_bytes(made.public_bytes(getattr(serialization.Encoding, encoding)))
    address = OpcUaAddress(
        url="opc.tcp://127.0.0.1:1/", security="sign_and_encrypt", server_certificate=str(path)
    )
    site = site_config(tmp_path, station_config(profile="opcua-substation", address=address))
    (check,) = doctor._certificates(site, NOW.timestamp())
    assert check.status == status
    assert check.name == ("certificates" if status == "ok" else "certificate of S001")


def test_what_is_no_certificate_is_a_finding_not_a_crash(tmp_path):
    (tmp_path / "x.der").write_bytes(b"no certificate")
    assert doctor._certificate("S001", tmp_path / "x.der", 0.0).status == "fail"
    assert doctor._certificate("S001", tmp_path / "absent.der", 0.0).status == "fail"


@pytest.mark.parametrize(
    ("proof", "simulation", "status", "words"),
    [
        ("paper, page 3", False, "ok", "1 loops proven, 0 by a record here"),
        ("simulator", True, "ok", "1 loops proven"),
        ("simulator", False, "fail", "a real site names the proof 'simulator'"),
        ("proofs/gone.json", False, "fail", "gone.json"),
    ],
)
def test_a_proof_that_proves_nothing_is_found(tmp_path, proof, simulation, status, words):
    station = station_config(loops=(loop_config(proof=proof),))
    check = doctor._proofs(site_config(tmp_path, station, simulation=simulation))
    assert check.status == status
    assert words in check.detail
