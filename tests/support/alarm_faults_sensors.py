"""Faults of what a station measures, each with the alarms that must tell of it."""

from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain

LOOP_POINTS = {"m_flow_makeup", "remote_level", "limit_word", "y_valve_loop"}


def spoil(bench, name="S01", **changes):
    """Let points of a station show something else: ``T_supply_secondary=value``, or a function of it."""

    def fault(values, _elapsed):
        for point_name, change in changes.items():
            point = Point(1 if "secondary" in point_name or point_name in LOOP_POINTS else 0, point_name)
            values[point] = change(values[point]) if callable(change) else change

    bench.faults[name] = fault


def at(point_name, reading):
    """Replace one reading before validation."""

    def fault(readings, _elapsed):
        point = Point(1 if "secondary" in point_name else 0, point_name)
        readings[point] = reading(readings[point])

    return fault


def no_value(bench):
    spoil(bench, T_supply_secondary=None)


def not_a_number(bench):
    bench.raw_faults["S01"] = at("T_return_primary", lambda r: bad(Reason.NOT_A_NUMBER, r.received_at))


def out_of_range(bench):
    bench.raw_faults["S01"] = at("T_supply_primary", lambda r: bad(Reason.OUT_OF_RANGE, r.received_at))


def doubted_by_its_server(bench):
    bench.raw_faults["S01"] = at(
        "m_flow_secondary", lambda r: uncertain(r.value, Reason.STATUS_UNCERTAIN, r.received_at)
    )


def frozen(bench):
    spoil(bench, T_return_secondary=40.0)


def frozen_primary(bench):
    spoil(bench, T_supply_primary=92.0)


def exchange(bench, supply, return_):
    def fault(values, _elapsed):
        values[supply], values[return_] = values[return_], values[supply]

    bench.faults["S01"] = fault


def exchanged_secondary(bench):
    exchange(bench, Point(1, "T_supply_secondary"), Point(1, "T_return_secondary"))


def exchanged_primary(bench):
    exchange(bench, Point(0, "T_supply_primary"), Point(0, "T_return_primary"))


def tonnes_for_kilograms(bench):
    spoil(bench, m_flow_primary=lambda v: 3.6 * v)


def tenth_of_a_degree(bench):
    spoil(bench, T_supply_primary=lambda v: 0.1 * v)


def megawatts(bench):
    spoil(bench, Q_flow_primary=lambda v: 1e-3 * v)


def loose_contact(bench):
    def fault(values, elapsed):
        if elapsed % 240.0 == 0.0:
            values[Point(1, "T_supply_secondary")] += 30.0

    bench.faults["S01"] = fault


def counter_stands(bench):
    spoil(bench, E_heat_primary=41_500.0)


def power_too_high(bench):
    spoil(bench, Q_flow_primary=lambda v: 1.4 * v)


def whole_module_dead(bench):
    def fault(values, _elapsed):
        for point in values:
            if point.name not in ("A_heated", "alarm_word"):
                values[point] = None

    bench.faults["S01"] = fault


def clock_ahead(bench, name="S01"):
    def fault(readings, _elapsed):
        for point, reading in readings.items():
            if reading.value is not None:
                readings[point] = good(reading.value, reading.received_at + 20.0, reading.received_at)

    bench.raw_faults[name] = fault


def clocks_of_most_ahead(bench):
    for name in ("S01", "S02", "S03"):
        clock_ahead(bench, name)


def values_from_an_hour_ago(bench):
    def fault(readings, _elapsed):
        for point, reading in readings.items():
            if reading.value is not None:
                readings[point] = good(reading.value, reading.received_at - 3600.0, reading.received_at)

    bench.raw_faults["S01"] = fault


def another_area(bench):
    spoil(bench, A_heated=45_000.0)


FAULTS = [
    # (fault, minutes until it must be found, expected alarms)
    (no_value, 10, {"sensor_bad:S01:1:T_supply_secondary"}),
    (not_a_number, 10, {"sensor_bad:S01:0:T_return_primary"}),
    (out_of_range, 10, {"sensor_bad:S01:0:T_supply_primary"}),
    (doubted_by_its_server, 10, {"sensor_bad:S01:1:m_flow_secondary"}),
    (frozen, 90, {"sensor_frozen:S01:1:T_return_secondary"}),
    (frozen_primary, 90, {"sensor_frozen:S01:0:T_supply_primary"}),
    (exchanged_secondary, 15, {"sensor_swapped:S01:1:T_supply_secondary"}),
    (exchanged_primary, 15, {"sensor_swapped:S01:0:T_supply_primary"}),
    (tonnes_for_kilograms, 15, {"sensor_unit:S01:0:m_flow_primary"}),
    (tenth_of_a_degree, 15, {"sensor_unit:S01:0:T_supply_primary"}),
    (megawatts, 15, {"sensor_unit:S01:0:Q_flow_primary"}),
    (loose_contact, 60, {"sensor_erratic:S01:1:T_supply_secondary"}),
    (counter_stands, 90, {"counter_stuck:S01:0:E_heat_primary"}),
    (power_too_high, 30, {"meter_balance:S01:0:Q_flow_primary"}),
    (whole_module_dead, 10, {"station_data_bad:S01"}),
    (clock_ahead, 15, {"station_clock:S01"}),
    (values_from_an_hour_ago, 15, {"station_clock:S01"}),
    (clocks_of_most_ahead, 15, {"controller_clock"}),
    (another_area, 20, {"area_mismatch:S01"}),
]
