"""Faults of heat and water behind a station, each with the alarms that must tell of it."""

from dataclasses import replace

from controller.decisions import LoopKey
from controller.knowing.belief import Introduced, first_belief
from optimizer.building_prior import prior
from optimizer.identify.exchanger import ExchangerTrend
from stations.model.identity import Point
from tests.support.alarm_bench import SOURCE
from tests.support.alarm_faults_sensors import spoil

# ------------------------------------------------------------------------------------------------ process


def getting_cold(bench):
    def fault(values, elapsed):
        values[Point(1, "T_return_secondary")] = 8.0 + 0.3 * (elapsed / 60.0 % 2)
        values[Point(1, "T_supply_secondary")] -= 20.0

    bench.faults["S01"] = fault


def freezing(bench):
    def fault(values, elapsed):
        values[Point(1, "T_return_secondary")] = 3.0 + 0.3 * (elapsed / 60.0 % 2)
        values[Point(1, "T_supply_secondary")] -= 20.0

    bench.faults["S01"] = fault


def too_hot(bench):
    # slowly, as water does: at once it would be a jump
    hot = {"rise": 0.0}

    def fault(values, _elapsed):
        hot["rise"] = min(hot["rise"] + 1.0, 34.0)
        for name in ("T_supply_secondary", "T_return_secondary"):
            values[Point(1, name)] += hot["rise"]

    bench.faults["S01"] = fault


def pump_trips(bench):
    spoil(bench, y_pump_secondary=0.0, P_pump_secondary=0.0, m_flow_secondary=0.0, m_flow_makeup=0.0)


def valve_wide_open(bench, name="S01"):
    spoil(bench, name, y_valve_primary=1.0)


def most_valves_wide_open(bench):
    for name in ("S01", "S02", "S03"):
        valve_wide_open(bench, name)


def source_at_capacity(bench):
    spoil(bench, SOURCE, Q_flow_source_max=lambda v: 70_000.0, alarm_word=1.0)


def curve_moved(bench):
    spoil(bench, T_supply_secondary_set_effective=lambda v: v + 3.0)


def own_alarm(bench):
    spoil(bench, alarm_word=4.0)


def learn_exchanger(bench, name="S01", *, UA=80.0, found=None):
    """Let last night's identification find an exchanger that had 100 kW/K when it was clean."""
    house = prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[5_000.0])
    key, now = LoopKey(name, 1), bench.clock.now()
    clean = ExchangerTrend(
        UA_kW_per_K=100.0,
        change_30_days=0.0,
        change_low=-0.02,
        change_high=0.02,
        days=21,
        fouls=False,
        m_flow_primary=5.0,
        m_flow_secondary=20.0,
    )
    belief = replace(
        first_belief(key, Introduced(now, house, True)),
        at=now,
        exchanger=replace(clean, UA_kW_per_K=UA) if found is None else found,
        exchanger_clean=clean,
    )
    bench.state.beliefs = {**bench.state.beliefs, key: belief}


def exchanger_fouls(bench):
    learn_exchanger(bench, "S01", UA=80.0)
    learn_exchanger(bench, "S02", UA=90.0)


# -------------------------------------------------------------------------------------------------- water


def great_leak_before_anything_is_usual(bench):
    spoil(bench, m_flow_makeup=lambda v: 20.0 * v)


def burst(bench):
    began = bench.clock.elapsed

    def fault(values, elapsed):
        values[Point(1, "m_flow_makeup")] *= 60.0
        for name in ("p_return_secondary", "p_supply_secondary"):
            values[Point(1, name)] -= min(20.0 * (elapsed - began) / 60.0, 90.0)

    bench.faults["S01"] = fault


def exchanger_lets_water_in(bench):
    began = bench.clock.elapsed

    def fault(values, elapsed):
        rise = min((elapsed - began) / 60.0, 60.0)
        values[Point(1, "m_flow_makeup")] = 0.0
        values[Point(1, "p_return_secondary")] += rise
        values[Point(1, "p_supply_secondary")] += rise
        values[Point(0, "p_return_primary")] -= 0.5 * rise

    bench.faults["S01"] = fault


FAULTS = [
    # (fault, minutes until it must be found, expected alarms)
    (getting_cold, 15, {"frost_risk:S01:1"}),
    (freezing, 15, {"frost:S01:1"}),
    (too_hot, 60, {"supply_over_limit:S01:1"}),
    (pump_trips, 10, {"pump_stopped:S01:1"}),
    (valve_wide_open, 30, {"heat_short:S01:1"}),
    (most_valves_wide_open, 30, {f"plant_shortage:{SOURCE}"}),
    (source_at_capacity, 30, {f"plant_shortage:{SOURCE}"}),
    (curve_moved, 60, {"curve_drift:S01:1"}),
    (exchanger_fouls, 15, {"exchanger_fouled:S01:1"}),
    (own_alarm, 20, {"station_alarm:S01"}),
    (great_leak_before_anything_is_usual, 90, {"makeup_high:S01:1"}),
    (burst, 10, {"pipe_burst:S01:1"}),
    (exchanger_lets_water_in, 75, {"exchanger_leak:S01:1"}),
]
