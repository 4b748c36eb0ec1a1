"""[field]: what talking to stations costs, and how fast it is."""

from benchmarks import field_city, field_fleet, field_reads, field_reconnect
from benchmarks.measurement import Measurement
from benchmarks.report import Figures

MIXED_NAMES = ("field.fleet.mixed_5000.core_share", "field.fleet.bytes_per_station")
_WHY_NOT_MIXED = (
    "one station in ten of a mixed fleet is behind a dial-in modem (DTU): this version has no driver for it, "
    "and simulating 5,000 full stations beside the controller takes more than 2 cores and 15 minutes; "
    "see field.fleet.mixed_1000"
)


def _mixed() -> Figures:
    return Figures(missing=dict.fromkeys(MIXED_NAMES, _WHY_NOT_MIXED))


MEASUREMENTS = (
    Measurement(title="Modbus reads", names=field_reads.MODBUS_NAMES, run=field_reads.modbus),
    Measurement(title="OPC UA reads", names=field_reads.OPCUA_NAMES, run=field_reads.opcua),
    Measurement(title="secured connects", names=field_reconnect.NAMES, run=field_reconnect.reconnect),
    Measurement(title="10,000 Modbus stations", names=field_fleet.MODBUS_NAMES, run=field_fleet.modbus),
    Measurement(title="5,000 OPC UA stations", names=field_fleet.OPCUA_NAMES, run=field_fleet.opcua),
    Measurement(title="1,000 simulated stations", names=field_city.NAMES, run=field_city.city),
    Measurement(title="a mixed fleet", names=MIXED_NAMES, run=_mixed),
)
