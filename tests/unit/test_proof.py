"""A commissioning record is kept as it was written, and proves only the station that it is about."""

import json
from dataclasses import replace

import pytest

from controller.proof import ProofFault, Record, Step, load_record, proof_fault, safe_name, write_record
from stations.driver import ModbusAddress
from tests.support.sites import loop_config, site_config, station_config

STEP = Step(at=1.0, name="ready", loop=1, passed=True, detail="fine")
RECORD = Record(
    station="S001",
    name_en="Station S001",
    site="test_site",
    simulation=True,
    profile="plc-a",
    station_class="A",
    address={"host": "127.0.0.1", "port": 20001, "unit": 1},
    loops=(1,),
    began_at=1.0,
    ended_at=1_768_406_400.0,
    watchdog_s=180.0,
    heartbeat_s=20.0,
    token=7,
    version="0.1.0",
    by="somebody@plant1",
    wire={"connect_ms": 1.5},
    device={},
    steps=(STEP,),
)


def site_with(tmp_path, proof, **station):
    return site_config(tmp_path, station_config(loops=(loop_config(proof=proof),), **station))


def fault(site):
    return proof_fault(site, site.stations[0])


def test_a_record_is_read_as_it_was_written_and_never_overwritten(tmp_path):
    path = write_record(tmp_path, RECORD)
    assert path.name == "S001-20260114T160000Z.json"
    assert load_record(path)["steps"][0]["detail"] == "fine"
    with pytest.raises(FileExistsError):
        write_record(tmp_path, RECORD)


def test_a_record_passes_only_if_something_was_tried_and_all_of_it_passed():
    assert RECORD.passed
    assert not replace(RECORD, steps=()).passed
    assert not replace(RECORD, steps=(STEP, replace(STEP, passed=False))).passed


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: body | {"watchdog_s": 90.0}, "was changed"),
        (lambda body: body | {"format": 2}, "format 1"),
        (lambda body: [body], "format 1"),
    ],
)
def test_a_record_that_was_changed_is_found(tmp_path, spoil, words):
    path = write_record(tmp_path, RECORD)
    path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
    with pytest.raises(ProofFault, match=words):
        load_record(path)


def test_a_record_that_is_no_json_or_not_there_is_a_fault(tmp_path):
    (tmp_path / "cut.json").write_text('{"format": 1, ')
    for name in ("cut.json", "absent.json"):
        with pytest.raises(ProofFault, match="can not be read"):
            load_record(tmp_path / name)


def test_a_failed_trial_proves_nothing(tmp_path):
    path = write_record(tmp_path, replace(RECORD, steps=(replace(STEP, passed=False),)))
    with pytest.raises(ProofFault, match="did not pass"):
        load_record(path)


def test_a_record_proves_the_station_that_it_is_about(tmp_path):
    path = write_record(tmp_path, RECORD)
    assert fault(site_with(tmp_path, f"proofs/{path.name}")) is None


@pytest.mark.parametrize("proof", [None, "simulator", "paper of 2025-10-01, page 3"])
def test_a_proof_that_is_no_record_is_not_judged(tmp_path, proof):
    assert fault(site_with(tmp_path, proof)) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"station": "S002"}, "station was S001"),
        ({"port": 20002}, "address was"),
        ({"address": ModbusAddress(host="10.0.0.9", port=20001, unit=1)}, "address was"),
        ({"profile": "plc-b"}, "profile was plc-a"),
    ],
)
def test_a_station_that_was_changed_since_must_be_commissioned_again(tmp_path, changed, words):
    path = write_record(tmp_path, RECORD)
    assert words in fault(site_with(tmp_path, f"proofs/{path.name}", **changed))


def test_a_record_of_a_simulated_station_proves_no_real_one(tmp_path):
    path = write_record(tmp_path, RECORD)
    site = replace(site_with(tmp_path, f"proofs/{path.name}"), simulation=False)
    assert "simulation was True" in fault(site)


def test_a_loop_that_was_not_tried_is_not_proven(tmp_path):
    path = write_record(tmp_path, replace(RECORD, loops=(2,)))
    assert "loop 1 was not tried" in fault(site_with(tmp_path, f"proofs/{path.name}"))


def test_a_record_that_is_named_and_absent_is_found(tmp_path):
    assert "can not be read" in fault(site_with(tmp_path, "proofs/gone.json"))


def test_a_name_can_break_no_line_and_no_file():
    assert safe_name("j.doe@plant\n1/..") == "j.doe@plant_1_.."
    assert len(safe_name("x" * 500)) == 64
