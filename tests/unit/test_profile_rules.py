"""A profile that could drive a station wrongly is refused, with every fault named by its key."""

import copy
import tomllib

import pytest
from pydantic import ValidationError

from stations.profile import (
    PROFILE_FOLDER,
    Profile,
    ProfileError,
    builtin_profile,
    known_profiles,
    load_profile,
    validation_faults,
)


def raw(name):
    return tomllib.loads((PROFILE_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def faults(data):
    with pytest.raises(ProfileError) as caught:
        _load(data)
    return caught.value.faults


def _load(data):
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(validation_faults("x.toml", data, error)) from error


def point(data, name):
    return next(entry for entry in data["points"] if entry["name"] == name)


def with_point(which, profile="plc-a", /, **change):
    data = raw(profile)
    point(data, which).update(change)
    return data


def without_point(name, profile="plc-a"):
    data = raw(profile)
    data["points"].remove(point(data, name))
    return data


def with_top(profile="plc-a", /, **change):
    return {**raw(profile), **change}


def without_top(key, profile="plc-a"):
    data = raw(profile)
    del data[key]
    return data


def with_modbus(profile="plc-a", **change):
    data = raw(profile)
    data["modbus"].update(change)
    return data


def with_lease(**change):
    data = raw("plc-a")
    data["modbus_lease"].update(change)
    return data


@pytest.mark.parametrize("name", known_profiles())
def test_every_profile_that_ships_is_valid_and_named_like_its_file(name):
    assert builtin_profile(name).name == name


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (with_top(colour="red"), "colour: unknown key"),
        (with_point("T_outdoor", adress=3), "points.10.adress: unknown key"),
        (without_top("station_class"), "station_class: missing"),
        (with_top(max_loops=5), "max_loops: Input should be less than or equal to 4 (got 5)"),
        (with_point("T_outdoor", type="int8"), "points.10.type"),
        (with_point("T_outdoor", name="T_outside"), "points.T_outside: unknown point name"),
        (with_point("T_outdoor", name="T_supply_primary"), "points: T_supply_primary stands 2 times"),
        (
            with_point("T_outdoor", unit="K"),
            "T_outdoor.unit: 'K' is not a unit of temperature; allowed: degC",
        ),
        (with_point("T_outdoor", scale=0), "points.T_outdoor.scale: 0 is not a scale"),
        (with_point("T_outdoor", minimum=10, maximum=10), "points.T_outdoor.minimum: 10.0 must be below"),
        (with_point("T_outdoor", type="float64"), "points.T_outdoor.type: float64 exists on OPC UA only"),
        (with_point("T_outdoor", type="bool"), "points.T_outdoor.function: 1 and 2 read a bool"),
        (with_point("T_outdoor", function=1), "points.T_outdoor.function: 1 and 2 read a bool"),
        (with_point("T_outdoor", address=None), "points.T_outdoor.address: missing"),
        (
            with_point("T_outdoor", type="split_decimal"),
            "points.T_outdoor.unit_codes: goes with split_decimal",
        ),
        (
            with_point("T_outdoor", unit_codes=["degC"]),
            "points.T_outdoor.unit_codes: goes with split_decimal",
        ),
        (
            with_point("T_outdoor", access="write", write_function=6),
            "points.T_outdoor.access: only setpoints",
        ),
        (
            with_point("T_outdoor", write_function=6),
            "points.T_outdoor.write_function: 6 on a point that is read only",
        ),
        (
            with_point("T_outdoor_centre", write_function=None),
            "write_function: None does not write int16; allowed: 6, 16",
        ),
        (with_point("T_outdoor_centre", write_function=5), "write_function: 5 does not write int16"),
        (
            with_point("T_outdoor_centre", type="float32"),
            "write_function: 6 does not write float32; allowed: 16",
        ),
        (
            with_point("T_outdoor_centre", function=4),
            "points.T_outdoor_centre.access: function 4 is read only",
        ),
        (
            with_point("T_outdoor_centre", address=21),
            "register 21 overlaps modbus_lease.heartbeat_address (20..24)",
        ),
        (
            with_point("T_outdoor_centre", address=119),
            "register 119 overlaps modbus_lease.setpoint_address (112..119)",
        ),
        (
            with_point("T_outdoor_centre", address=2),
            "points.T_outdoor_centre.address: 2..2 is written, but m_flow_primary is read at 2",
        ),
        (
            with_point("T_outdoor_centre", address=3),
            "points.T_outdoor_centre.address: 3..3 is written, but m_flow_primary is read at 2",
        ),
        (
            with_lease(heartbeat_address=0),
            "modbus_lease.heartbeat_address: 0..4 is written, but T_supply_primary is read at 0",
        ),
        (
            with_point("T_outdoor_centre_readback", address=72),
            "modbus_lease.setpoint_address: 72..79 is written, but T_outdoor_centre_readback is read at 72",
        ),
        (
            with_point("T_supply_secondary_set_readback", address=77),
            "is written, but T_supply_secondary_set_readback is read at 77",
        ),
        (
            with_point("T_supply_secondary_set", address=75),
            "75 does not stand in the setpoint block, allowed is 76",
        ),
        (
            with_point("lease_sequence", address=65500),
            "points.lease_sequence.address: 65500 ends beyond register 65535",
        ),
        (with_modbus(loop_stride=0), "modbus.loop_stride: missing, the profile has several loops"),
        (with_modbus(loop_stride=7), "overlaps modbus_lease.setpoint_address"),
        (with_modbus(max_registers=126), "modbus.max_registers: Input should be less than or equal to 125"),
        (
            with_modbus(profile="plc-b", blocks=[{"function": 4, "start": 0, "count": 28}]),
            "lies in none of modbus.blocks",
        ),
        (without_top("modbus"), "modbus: the section goes with protocol = 'modbus'"),
        (with_top(opcua={"namespace_uri": "urn:x"}), "opcua: the section goes with protocol = 'opcua'"),
        (without_top("modbus_lease"), "modbus_lease: goes with class A on Modbus, and only with it"),
        (
            with_top(deadman={"arm_s": 600, "rewrite_at_s": 300}),
            "deadman: goes with class T, and only with it",
        ),
        (with_top(offset={}), "offset: goes with class B, and only with it"),
        (without_top("offset", "plc-b"), "offset: goes with class B, and only with it"),
        (without_top("deadman", "trovis-5578"), "deadman: goes with class T, and only with it"),
        (with_top("plc-b", offset={"neutral": 6.0}), "offset.neutral: 6.0 must lie between lower and upper"),
        (
            with_top("trovis-5578", deadman={"arm_s": 600, "rewrite_at_s": 600}),
            "rewrite_at_s: must be below arm_s",
        ),
        (
            with_top("trovis-5578", deadman={"arm_s": 630, "rewrite_at_s": 360}),
            "deadman.arm_s: 630 is not a whole number of the timer's steps of 60 s",
        ),
        (
            with_point("remote_level", access="read", write_function=None),
            "points.remote_level.access: must be 'write' in class A",
        ),
        (
            with_point("remote_level", "trovis-5578", access="read", write_function=None),
            "points.remote_level.access: must be 'write' in class T",
        ),
        (
            with_point("deadman_remaining", "trovis-5578", access="read", write_function=None),
            "points.deadman_remaining.access: must be 'write' in class T",
        ),
        (
            without_point("firmware", "trovis-5578"),
            "expected_firmware: needs the point firmware",
        ),
        (without_top("heat"), "heat: class A needs a heat channel"),
        (
            with_top(heat="Q_flow_set"),
            "heat: channel is 'Q_flow_set' but writable is ['T_supply_secondary_set']",
        ),
        (with_top("ecl-310", heat="T_supply_secondary_set"), "but writable is none"),
        (without_point("limit_word"), "points: class A needs limit_word for verification"),
        (
            without_point("T_supply_secondary_set_readback"),
            "needs T_supply_secondary_set_readback for verification",
        ),
        (without_point("device_id", "trovis-5578"), "points: class T needs device_id for verification"),
        (
            with_point("T_supply_secondary", "opcua-substation", node="s=Loop1.T"),
            "points.T_supply_secondary.node: 's=Loop1.T' must contain {loop}",
        ),
        (
            with_point("T_outdoor", "opcua-substation", node="ns=2;s=T"),
            "is not of the form s=text or i=number",
        ),
        (with_point("T_outdoor", "opcua-substation", node=None), "points.T_outdoor.node: missing"),
        (
            with_point("T_outdoor", "opcua-substation", node="s=Station.T_supply_primary"),
            "points.T_outdoor.node: 's=Station.T_supply_primary' is the node of T_supply_primary already",
        ),
        (
            with_point("T_outdoor", "opcua-substation", node="s=Loop3.T_return_secondary"),
            "is the node of T_outdoor already",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_profile_is_refused_and_the_key_is_named(data, fault):
    assert [line for line in faults(data) if fault in line], faults(data)


def test_a_map_without_blocks_lets_everything_be_read():
    _load(with_modbus(profile="trovis-5578", blocks=[]))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("T_outdoor_centre_readback", {"address": 30}),
        ("T_supply_secondary_set_readback", {"address": 76}),
        ("m_flow_secondary_set_readback", {"address": 77}),
        ("lease_token", {"address": 72}),
        ("lease_sequence", {"address": 74}),
        ("A_heated", {"address": 20, "function": 4}),  # input registers are others than those written
    ],
)
def test_a_device_may_show_what_it_holds_where_that_is_written(name, place):
    _load(with_point(name, **place))


def test_a_setpoint_and_its_read_back_may_be_one_node():
    node = point(raw("opcua-substation"), "T_outdoor_centre")["node"]
    _load(with_point("T_outdoor_centre_readback", "opcua-substation", node=node))


def test_two_writable_channels_of_one_kind_are_refused():
    data = raw("plc-a")
    second = {**point(data, "T_outdoor_centre"), "name": "Q_flow_set", "unit": "kW", "address": 200}
    data["points"].append({**second, "minimum": 0.0, "maximum": 5000.0})
    assert any("two channels of one kind are writable" in line for line in faults(data))


def test_a_read_only_class_with_a_writable_point_is_refused():
    data = raw("ecl-310")
    extra = {"name": "T_outdoor_centre", "address": 10200, "type": "int16", "unit": "degC"}
    data["points"].append({**extra, "access": "write", "write_function": 6})
    assert any("C is read only, but writable are: T_outdoor_centre" in line for line in faults(data))


def test_all_faults_come_at_once():
    data = copy.deepcopy(raw("plc-a"))
    point(data, "T_outdoor").update(unit="K", scale=0)
    point(data, "A_heated").update(address=None)
    assert len(faults(data)) == 3


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ProfileError, match=r"plc-z.*known are: .*plc-a"):
        builtin_profile("plc-z")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe", "not a TOML file in UTF-8"), (b"name = ", "not a TOML file"), (None, "No such file")],
)
def test_a_file_that_can_not_be_read_is_a_fault_with_its_path(tmp_path, content, message):
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=message):
        load_profile(path)


def test_a_poll_has_station_points_once_and_loop_points_for_every_loop_but_no_setpoints():
    names = [str(point) for point, _ in builtin_profile("plc-a").polled(2)]
    assert names.count("0/T_supply_primary") == 1
    assert {"1/T_supply_secondary", "2/T_supply_secondary"} <= set(names)
    assert not [name for name in names if name.endswith("_set") or name.endswith("_centre")]


@pytest.mark.parametrize("n_loops", [-1, 5])
def test_more_loops_than_the_device_has_are_refused(n_loops):
    with pytest.raises(ValueError, match="at most 4 loops"):
        builtin_profile("plc-a").loops(n_loops)


def test_a_cap_on_primary_flow_stands_under_a_lease_in_its_block_and_is_read_back():
    lacks_block = raw("plc-a")
    del lacks_block["modbus_lease"]["cap_address"]
    assert any("a cap ends with the lease" in fault for fault in faults(lacks_block))
    assert any("allowed is 36" in fault for fault in faults(with_point("m_flow_primary_max", address=38)))
    assert any("overlaps" in fault for fault in faults(with_lease(cap_address=30)))
    lacks_readback = without_point("m_flow_primary_max_readback")
    assert any("for verification" in fault for fault in faults(lacks_readback))
    lacks_point = without_point("m_flow_primary_max")
    assert any("a cap ends with the lease" in fault for fault in faults(lacks_point))
    of_opcua = raw("opcua-substation")
    del of_opcua["opcua_lease"]["cap_method"]
    assert any("a cap ends with the lease" in fault for fault in faults(of_opcua))
