import numpy as np
import pytest

from simulators.plant import pump, valve

ONE = np.ones(1)


@pytest.mark.parametrize(
    ("h", "Kv", "word"),
    [
        (1.0, 10.0, "wide open"),
        (0.5, 10.0 * 40**-0.5, "equal percentage"),
        (0.0, 0.01, "shut but for the leak"),
        (0.05, 10.0 * 40**-0.95, "the knee joins both parts"),
    ],
)
def test_valve_characteristic(h, Kv, word):
    assert valve.flow_coefficient(h * ONE, 10.0 * ONE)[0] == pytest.approx(Kv), word


def test_valve_characteristic_never_falls():
    opening = np.linspace(0.0, 1.0, 501)
    assert (np.diff(valve.flow_coefficient(opening, 10.0 * np.ones(501))) > 0.0).all()


@pytest.mark.parametrize(
    ("position", "command", "reached", "word"),
    [
        (0.2, 1.0, 0.3, "opens with stroke speed"),
        (0.2, 0.25, 0.25, "stops at the command"),
        (0.2, 0.203, 0.2, "dead zone"),
        (0.05, -3.0, 0.0, "commands are 0..1"),
    ],
)
def test_valve_motor_needs_its_time(position, command, reached, word):
    moved = valve.move(position * ONE, command * ONE, 100.0 * ONE, 10.0)
    assert moved[0] == pytest.approx(reached), word


def test_primary_flow_follows_the_root_of_pressure_and_series_resistance():
    flow = valve.mass_flow(ONE, 10.0 * ONE, 10.0 * ONE, 100.0 * ONE, 1000.0 * ONE)
    assert flow[0] == pytest.approx(10.0 / np.sqrt(2.0) * 1000.0 / 3600.0)
    four = valve.mass_flow(ONE, 10.0 * ONE, 10.0 * ONE, 400.0 * ONE, 1000.0 * ONE)
    assert four[0] == pytest.approx(2.0 * flow[0])
    assert valve.mass_flow(ONE, 10.0 * ONE, 10.0 * ONE, -5.0 * ONE, 1000.0 * ONE)[0] == 0.0


def test_pump_keeps_the_affinity_laws():
    full = pump.mass_flow(ONE, 50.0 * ONE)
    half = pump.mass_flow(0.5 * ONE, 50.0 * ONE)
    dp_full = pump.pressure_rise(full, 50.0 * ONE, 150.0 * ONE)
    dp_half = pump.pressure_rise(half, 50.0 * ONE, 150.0 * ONE)
    work = [
        pump.electric_power(m, dp, 988.0 * ONE, 0.7 * ONE) - pump.STANDBY_kW
        for m, dp in ((full, dp_full), (half, dp_half))
    ]
    assert full[0] == pytest.approx(2.0 * half[0])
    assert dp_full[0] == pytest.approx(4.0 * dp_half[0])
    assert work[0][0] == pytest.approx(8.0 * work[1][0])
    assert work[0][0] == pytest.approx(50.0 * 150.0 / 988.0 / 0.7 / pump.EFFICIENCY_DRIVE)


@pytest.mark.parametrize(
    ("Kvs", "K_fixed", "share"), [(10.0, 10.0, 0.5), (20.0, 10.0, 0.2), (10.0, 30.0, 0.9)]
)
def test_a_valves_authority_is_its_share_of_the_pressure(Kvs, K_fixed, share):
    assert valve.authority(Kvs * ONE, K_fixed * ONE)[0] == pytest.approx(share)
    total = valve.series(Kvs * ONE, K_fixed * ONE)
    assert (total / Kvs)[0] ** 2 == pytest.approx(share)
