"""The device of the read benchmarks: 20 numbers, 40 Modbus registers (float32) or 20 OPC UA nodes (Double).

It stands in no profile that ships; servers, our drivers and the compared libraries all read it from here.
"""

import struct

from stations.driver import ModbusAddress, OpcUaAddress
from stations.profile import Profile

NAMESPACE = "urn:dhc:benchmark"
UNIT = 1

VALUES: dict[str, tuple[str, float]] = {
    "T_supply_primary": ("degC", 95.5),
    "T_return_primary": ("degC", 48.25),
    "m_flow_primary": ("t/h", 36.0),
    "p_supply_primary": ("bar", 8.5),
    "p_return_primary": ("bar", 4.25),
    "y_valve_primary": ("%", 37.5),
    "Q_flow_primary": ("kW", 1980.0),
    "T_outdoor": ("degC", -8.25),
    "A_heated": ("m2", 61000.0),
    "T_supply_secondary": ("degC", 62.25),
    "T_return_secondary": ("degC", 41.5),
    "m_flow_secondary": ("t/h", 72.0),
    "p_supply_secondary": ("bar", 5.125),
    "p_return_secondary": ("bar", 3.0),
    "y_valve_loop": ("%", 50.0),
    "y_pump_secondary": ("%", 80.0),
    "P_pump_secondary": ("kW", 11.5),
    "m_flow_makeup": ("t/h", 0.5),
    "level_makeup": ("%", 75.0),
    "T_indoor_mean": ("degC", 21.375),
}
"""Unit on the wire and value of each point; every one is exact in float32."""

REGISTERS = 2 * len(VALUES)
REGISTER_BYTES = struct.pack(f">{len(VALUES)}f", *(value for _, value in VALUES.values()))

_COMMON = {
    "title_en": "Benchmark device",
    "title_zh": "基准测试设备",
    "source": "benchmarks/device.py",
    "station_class": "C",
}


def modbus_profile() -> Profile:
    """Return the profile in which the values are 40 holding registers from 0 on, read by one request."""
    points = [
        {"name": name, "unit": unit, "type": "float32", "address": 2 * index}
        for index, (name, (unit, _)) in enumerate(VALUES.items())
    ]
    document = {"name": "benchmark-modbus", "protocol": "modbus", "modbus": {"unit": UNIT}, "points": points}
    return Profile.model_validate(_COMMON | document)


def opcua_profile() -> Profile:
    """Return the profile in which the values are 20 nodes of type Double, read by one request."""
    points = [
        {"name": name, "unit": unit, "type": "float64", "node": f"s={name}"}
        for name, (unit, _) in VALUES.items()
    ]
    document = {
        "name": "benchmark-opcua",
        "protocol": "opcua",
        "opcua": {"namespace_uri": NAMESPACE},
        "points": points,
    }
    return Profile.model_validate(_COMMON | document)


def modbus_address(port: int) -> ModbusAddress:
    """Return where the Modbus server of the benchmarks listens."""
    return ModbusAddress(host="127.0.0.1", port=port, unit=UNIT)


def opcua_address(port: int, server_certificate: str | None = None) -> OpcUaAddress:
    """Return where the OPC UA server listens; secured where a certificate is to be pinned."""
    return OpcUaAddress(
        url=f"opc.tcp://127.0.0.1:{port}/",
        security="none" if server_certificate is None else "sign_and_encrypt",
        server_certificate=server_certificate,
    )
