"""Small networks whose solution is known in closed form, and what the solver refuses."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.plant import valve
from simulators.plant.network import errors, friction, iteration, pumps
from simulators.plant.network.graph import Booster, Consumer, Place, Source, Trench, network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import SourceMode, operation
from simulators.plant.network.pumps import PumpCurve
from simulators.plant.water import density
from tests.support.heat_networks import city_network

CURVE = PumpCurve.through(20.0, 200.0)


def line(boosters=(), pump=None, station_pump=None, heights=(0.0, 0.0), dp_min=0.0, two=False):
    """A plant and a station 1 km apart; with ``two``, a second plant at the station."""
    return network(
        places=[Place(name=name, elevation=h) for name, h in zip("AB", heights, strict=True)],
        trenches=[Trench(name="P", start="A", end="B", length=1000.0, diameter=0.2, zeta=3.0)],
        consumers=[Consumer(name="S", place="B", pump=station_pump, dp_min=dp_min)],
        sources=[
            Source(name="plant", place="A", pump=pump),
            *([Source(name="peak", place="B")] if two else []),
        ],
        boosters=boosters,
    )


def pipe_loss(m, T):
    """Darcy-Weisbach by hand."""
    rho, D = float(density(np.array(T))), 0.2
    v = m / (rho * np.pi / 4.0 * D**2)
    Re = np.array(rho * v * D / friction.dynamic_viscosity(np.array(T)))
    f = float(friction.factor(Re, np.array(0.0005 / D)))
    return (f * 1000.0 / D + 3.0) * rho * v**2 / 2.0 / 1000.0


def flow_operation(net, m, **changes):
    now = operation(net, T_supply=90.0, T_return=50.0, m_flow=np.full(net.n_consumers, m), source_dp=300.0)
    return replace(now, **changes)


def test_a_line_loses_what_darcy_and_weisbach_say():
    net = line()
    solution = Hydraulics(net).solve(flow_operation(net, 20.0))
    lost = pipe_loss(20.0, 90.0) + pipe_loss(20.0, 50.0)
    assert solution.dp_consumer[0] == pytest.approx(300.0 - lost, abs=1e-5)
    assert solution.p[2] == 300.0
    assert solution.p[0] == pytest.approx(600.0)
    assert solution.m_flow == pytest.approx(20.0)


def test_a_hill_costs_pressure_and_lends_what_the_warm_column_is_lighter():
    net = line(heights=(0.0, 50.0))
    flat = Hydraulics(line()).solve(flow_operation(net, 20.0))
    hill = Hydraulics(net).solve(flow_operation(net, 20.0))
    rho = density(np.array([90.0, 50.0]))
    assert flat.p[1] - hill.p[1] == pytest.approx(rho[0] * 9.81 * 50.0 / 1000.0)
    assert hill.dp_consumer - flat.dp_consumer == pytest.approx((rho[1] - rho[0]) * 9.81 * 50.0 / 1000.0)


def test_a_valve_takes_the_flow_that_its_law_and_the_pipes_agree_on():
    net = line()
    position, Kvs, K_fixed = np.array([0.6]), np.array([120.0]), np.array([150.0])
    Kv = valve.series(valve.flow_coefficient(position, Kvs), K_fixed)
    solution = Hydraulics(net).solve(operation(net, T_supply=90.0, T_return=50.0, Kv=Kv, source_dp=300.0))
    expected = valve.mass_flow(position, Kvs, K_fixed, solution.dp_consumer, density(np.array([90.0])))
    assert solution.m_flow[net.consumers] == pytest.approx(expected, rel=1e-6)


def test_a_curve_meets_the_network_and_obeys_affinity():
    net = line(pump=CURVE)
    for speed in (0.5, 0.8, 1.0):
        now = operation(net, T_supply=90.0, T_return=50.0, Kv=np.array([60.0]))
        now = replace(now, source_mode=(SourceMode.PUMP,), pump_speed=np.array([speed]))
        solution = Hydraulics(net).solve(now)
        m = solution.m_flow[0]
        assert solution.p[0] - solution.p[2] == pytest.approx(speed**2 * CURVE.dp0 - CURVE.a * m**2, abs=1e-5)


@pytest.mark.parametrize("side", ["supply", "return"])
def test_a_booster_adds_its_head_and_a_standing_one_nothing(side):
    net = line(boosters=[Booster(name="B", trench="P", side=side, pump=CURVE)])
    bare = Hydraulics(line()).solve(flow_operation(line(), 20.0))
    solver = Hydraulics(net)
    running = solver.solve(flow_operation(net, 20.0, pump_speed=np.array([0.9])))
    head = 0.81 * CURVE.dp0 - CURVE.a * 400.0
    assert running.dp_consumer - bare.dp_consumer == pytest.approx(head, abs=1e-5)
    standing = solver.solve(flow_operation(net, 20.0, pump_speed=np.array([0.0])))
    assert standing.dp_consumer == pytest.approx(bare.dp_consumer, abs=1e-5)


def test_a_stations_own_pump_drives_what_the_network_does_not():
    net = line(station_pump=CURVE)
    now = operation(net, T_supply=90.0, T_return=50.0, Kv=np.array([60.0]), source_dp=0.0)
    still = Hydraulics(net).solve(now)
    assert abs(still.m_flow[0]) < 1e-3
    driven = Hydraulics(net).solve(replace(now, pump_speed=np.array([1.0])))
    assert driven.m_flow[0] > 5.0
    assert driven.dp_consumer[0] < 0.0


def test_a_second_plant_takes_its_share_and_two_held_pressures_split_the_flow():
    net = line(two=True)
    modes = (SourceMode.DP, SourceMode.FLOW)
    solution = Hydraulics(net).solve(
        flow_operation(net, 20.0, source_mode=modes, source_m_flow=np.array([0.0, 8.0]))
    )
    assert solution.m_flow[net.sources] == pytest.approx([12.0, 8.0])
    held = Hydraulics(net).solve(flow_operation(net, 20.0, source_dp=np.array([300.0, 280.0])))
    assert held.dp_consumer[0] == pytest.approx(280.0)
    assert held.m_flow[net.sources].sum() == pytest.approx(20.0)
    lost = pipe_loss(held.m_flow[0], 90.0) + pipe_loss(held.m_flow[0], 50.0)
    assert lost == pytest.approx(20.0, abs=1e-5)


def test_a_leak_is_made_up_at_the_reference():
    net = line()
    leak = np.array([0.0, 2.0, 0.0, 0.0])
    solution = Hydraulics(net).solve(flow_operation(net, 20.0, leak=leak))
    assert solution.m_flow == pytest.approx([22.0, 20.0, 20.0, 22.0])


def test_demand_without_pressure_is_refused_with_the_station():
    net = line(dp_min=50.0)
    with pytest.raises(errors.DemandNotServed, match="worst at S") as refused:
        Hydraulics(net).solve(flow_operation(net, 60.0))
    assert refused.value.names == ("S",)
    assert refused.value.dp[0] < refused.value.dp_min[0] == 50.0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"source_dp": np.array([300.0, 400.0])}, "plant"),
        ({"source_dp": np.array([300.0, 10.0])}, "peak"),
    ],
)
def test_water_that_would_run_backwards_through_a_plant_is_refused_by_name(change, named):
    net = line(two=True)
    with pytest.raises(errors.ReverseFlow) as refused:
        Hydraulics(net).solve(flow_operation(net, 2.0, **change))
    assert refused.value.names == (named,)


def test_a_solver_that_gives_up_says_why_and_how_far_it_was(monkeypatch):
    net, m_flow = city_network(30, loops=4)
    monkeypatch.setattr(iteration, "MAX_ITERATIONS", 2)
    with pytest.raises(errors.NotConverged, match=r"still falling, too slowly.*last residual") as gave_up:
        Hydraulics(net).solve(operation(net, T_supply=80.0, T_return=50.0, m_flow=m_flow, source_dp=900.0))
    assert gave_up.value.iterations == 2
    assert gave_up.value.residual > iteration.TOLERANCE_kPa
    assert gave_up.value.names[0] in net.link_names


def test_a_network_of_which_numbers_can_not_be_told_apart_is_given_up_with_its_worst_pipe():
    # a river through 200 mm over 100 km: beside such heads the tolerance is less than the last digit
    far = network(
        places=[Place(name=name) for name in "ABC"],
        trenches=[
            Trench(name="P", start="A", end="B", length=1e5, diameter=0.2),
            Trench(name="Q", start="B", end="C", length=1.0, diameter=2.0),
            Trench(name="R", start="A", end="C", length=1e5, diameter=0.2),
        ],
        consumers=[Consumer(name="S", place="C"), Consumer(name="T", place="B")],
        sources=[Source(name="plant", place="A")],
    )
    river = operation(far, T_supply=80.0, T_return=50.0, m_flow=np.array([1e6, 5e5]), source_dp=1e5)
    with pytest.raises(
        errors.NotConverged, match=r"oscillates without falling.*last residual .* kPa"
    ) as gave_up:
        Hydraulics(far).solve(river)
    assert gave_up.value.iterations == iteration.MAX_ITERATIONS
    assert gave_up.value.residual > 10.0 * iteration.TOLERANCE_kPa
    assert gave_up.value.names[0].split()[0] in "PQR"


@pytest.mark.parametrize(
    ("residuals", "says"),
    [
        ([9.0, 5.0, 4.0, 1.0], "still falling, too slowly"),
        ([9.0, 5.0, 6.0, 5.0], "oscillates without falling"),
        ([9.0, 5.0, float("nan")], "numbers overflow"),
        ([9.0, float("inf")], "numbers overflow"),
    ],
)
def test_why_a_solver_gave_up_is_told_from_its_residuals(residuals, says):
    assert says in iteration._why(residuals)


def test_a_warm_start_reaches_the_same_in_fewer_iterations():
    net, m_flow = city_network(100, loops=12)
    now = operation(net, T_supply=80.0, T_return=50.0, m_flow=m_flow, source_dp=900.0)
    more = replace(now, m_flow=1.05 * m_flow)
    solver = Hydraulics(net)
    solver.solve(now)
    warm, cold = solver.solve(more), Hydraulics(net).solve(more)
    assert warm.p == pytest.approx(cold.p, abs=1e-5)
    assert warm.iterations < cold.iterations


def test_valves_that_jump_end_where_a_cold_start_ends():
    net, m_flow = city_network(60, loops=8)
    rng = np.random.default_rng(5)
    solver = Hydraulics(net)
    for _ in range(5):
        Kv = m_flow * 4.0 * 10.0 ** rng.uniform(-2.0, 1.0, len(m_flow))
        now = operation(net, T_supply=90.0, T_return=50.0, Kv=Kv, source_dp=500.0)
        warm, cold = solver.solve(now), Hydraulics(net).solve(now)
        assert warm.m_flow == pytest.approx(cold.m_flow, abs=1e-4)


def test_friction_joins_its_branches_and_agrees_with_colebrook():
    Re, rough = np.geomspace(1e3, 1e8, 500), np.full(500, 1e-3)
    f = friction.factor(Re, rough)
    turbulent = Re >= friction.RE_TURBULENT
    x = 1.0 / np.sqrt(f[turbulent])
    assert x == pytest.approx(-2.0 * np.log10(1e-3 / 3.71 + 2.51 * x / Re[turbulent]), abs=1e-10)
    laminar = Re <= friction.RE_LAMINAR
    assert f[laminar] == pytest.approx(64.0 / Re[laminar])
    phi, slope = friction.scaled_loss(Re, rough)
    assert (np.diff(phi) > 0.0).all()
    near = Re * 1e-6
    numeric = (friction.scaled_loss(Re + near, rough)[0] - friction.scaled_loss(Re - near, rough)[0]) / (
        2 * near
    )
    assert slope == pytest.approx(numeric, rel=1e-5)


def test_friction_that_begins_where_it_ended_is_that_of_a_fresh_start():
    Re, rough = np.geomspace(1.0, 1e8, 500), np.geomspace(1e-5, 0.05, 500)
    root = np.zeros(len(Re))
    for factor in (1.0, 1.02, 0.99, 30.0, 1e-4, 1.0):
        found = [friction.scaled_loss_from(*of) for of in zip(Re * factor, rough / 3.71, root, strict=True)]
        phi, slope, root = np.array(found).T
        fresh, fresh_slope = friction.scaled_loss(Re * factor, rough)
        assert phi == pytest.approx(fresh, rel=1e-8)
        assert slope == pytest.approx(fresh_slope, rel=1e-8)


def test_a_solution_from_followed_flows_is_that_of_a_cold_start():
    net, m_flow = city_network(60, loops=8)
    rng = np.random.default_rng(6)
    solver = Hydraulics(net)
    now = operation(net, T_supply=90.0, T_return=50.0, Kv=4.0 * m_flow, source_dp=500.0)
    solver.solve(now)
    for _ in range(5):
        now = replace(now, Kv=now.Kv * rng.uniform(0.95, 1.05, len(m_flow)))
        near, _ = solver.follow(now.Kv, now.pump_speed, now.source_m_flow, now.leak)
        warm, cold = solver.solve(now, near), Hydraulics(net).solve(now)
        assert warm.m_flow == pytest.approx(cold.m_flow, abs=1e-6)
        assert warm.residual <= iteration.NEAR_TOLERANCE_kPa
        assert warm.mass_residual < 1e-9


@pytest.mark.parametrize(("T", "expected"), [(20.0, 1.0016e-3), (60.0, 0.4660e-3), (80.0, 0.3544e-3)])
def test_viscosity_is_that_of_the_tables(T, expected):
    assert friction.dynamic_viscosity(np.array(T)) == pytest.approx(expected, rel=0.015)


def test_pump_power_is_hydraulic_over_efficiency_and_follows_the_cube_of_speed():
    speed, m = np.array([1.0, 0.5, 1.0, 0.0]), np.array([20.0, 10.0, 5.0, 20.0])
    full, half, throttled, standing = pumps.electric_power(
        pumps.together([CURVE] * 4), speed, m, np.full(4, 970.0)
    )
    assert full == pytest.approx(20.0 * 200.0 / 970.0 / (0.78 * 0.95))
    assert half == pytest.approx(full / 8.0)
    assert throttled > 5.0 * 240.0 / 970.0 / 0.78
    assert standing == 0.0
    with pytest.raises(errors.InvalidValue, match="rise > 1"):
        PumpCurve.through(20.0, 200.0, rise=1.0)
