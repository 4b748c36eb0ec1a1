"""Exchanger, emitters, walls and house pipes against formulas that can be checked by hand.

Tolerances: exchanger 1e-12 of the closed eps-NTU forms and 1e-9 of the logarithmic mean; emitters at rest
1e-9 of the exponent law and of the balance; a room's answer to a step 0.7 % of the analytic one in every step
of 60 s and 0.5 % from half an hour on, 1e-7 of the implicit Euler step that it is, whose error falls with the
step; two stores 0.5 % from an hour on; leaks by wind and cold 1e-7 of their rule; flats side by side 1e-6 of
their steady balance; a house pipe's arrival within a step and its cooling 1e-9.
"""

import math

import numpy as np
import pytest

from simulators.plant import exchanger, plug, riser, zone
from simulators.plant.network.errors import InvalidValue
from simulators.plant.plug import PlugParams
from simulators.plant.riser import RiserParams, Risers, RiserState
from simulators.plant.water import C_WATER
from simulators.plant.zone import AIR, Homes, ZoneLoads, ZoneParams, Zones


@pytest.mark.parametrize(("m_primary", "m_secondary"), [(2.0, 5.0), (5.0, 2.0), (3.0, 3.0), (0.8, 5.0)])
def test_the_exchanger_gives_the_heat_of_its_logarithmic_mean_difference(m_primary, m_secondary):
    UA, T_hot, T_cold = 80.0, 95.0, 40.0
    Q = float(
        exchanger.heat_flow(*(np.array([value]) for value in (UA, m_primary, m_secondary, T_hot, T_cold)))[0]
    )
    hot_end = T_hot - (T_cold + Q / (m_secondary * C_WATER))
    cold_end = T_hot - Q / (m_primary * C_WATER) - T_cold
    near = abs(hot_end - cold_end) < 1e-9
    mean = hot_end if near else (hot_end - cold_end) / math.log(hot_end / cold_end)
    assert pytest.approx(UA * mean, rel=1e-9) == Q


def test_the_exchanger_meets_the_textbook_limits():
    NTU = np.array([0.5, 1.0, 3.0])
    np.testing.assert_allclose(exchanger.effectiveness(NTU, np.zeros(3)), 1.0 - np.exp(-NTU), rtol=1e-12)
    np.testing.assert_allclose(exchanger.effectiveness(NTU, np.ones(3)), NTU / (1.0 + NTU), rtol=1e-12)
    # NTU 2 and Cr 0.5 by hand: (1 - 1/e) / (1 - 0.5/e)
    by_hand = 0.6321205588285577 / 0.8160602794142788
    assert exchanger.effectiveness(np.array([2.0]), np.array([0.5]))[0] == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("Cr", [0.05, 0.4, 0.9, 0.9999])
@pytest.mark.parametrize("NTU", [0.2, 1.0, 4.0])
def test_the_exchanger_is_the_solution_of_its_differential_equations(NTU, Cr):
    # along the plates the difference of both waters falls by e^(-NTU (1 - Cr)); the stronger one enters at 0
    eps = float(exchanger.effectiveness(np.array([NTU]), np.array([Cr]))[0])
    hot_end, cold_end = 1.0 - Cr * eps, 1.0 - eps
    assert cold_end / hot_end == pytest.approx(math.exp(-NTU * (1.0 - Cr)), rel=1e-12)


def risers(n_zones, *, single, b=0.3):
    """One house; its emitters need 10 kW in all at 41.2 K."""
    shape = (1, n_zones)
    return RiserParams(
        Q_nominal=np.full(shape, 10.0 / n_zones),
        dT_nominal=np.array([[41.2]]),
        b=np.array([[b]]),
        C=np.full(shape, 60.0 / n_zones),
        single=np.array([single]),
        share=np.full(shape, 1.0 / n_zones),
        deviation=np.ones(shape),
        exponent=np.array([[0.5]]),
    )


def settle(params, T_supply, m_flow, T_room=20.0, steps=400, dt=60.0):
    shape = params.Q_nominal.shape
    state = RiserState(T_in=np.full(shape, T_supply), T_out=np.full(shape, T_supply - 5.0))
    house = Risers(params, dt)
    streams = house.streams(np.array([m_flow]), riser.shares(params, np.ones(1)))
    for _ in range(steps):
        state, Q, T_return = house.step(state, streams, np.array([T_supply]), np.full(shape, T_room))
    return state, Q, float(T_return[0])


@pytest.mark.parametrize("b", [0.05, 0.3, 0.36])
@pytest.mark.parametrize("m_flow", [0.02, 0.1, 0.4])
@pytest.mark.parametrize("T_supply", [32.0, 50.0, 80.0])
def test_a_settled_emitter_obeys_its_exponent_law_and_the_water_its_balance(b, m_flow, T_supply):
    params = risers(1, single=False, b=b)
    _, Q, T_return = settle(params, T_supply, m_flow)
    mean = (T_supply - T_return) / math.log((T_supply - 20.0) / (T_return - 20.0))
    assert float(Q.sum()) == pytest.approx(10.0 * (mean / 41.2) ** (1.0 + b), rel=1e-9)
    assert float(Q.sum()) == pytest.approx(m_flow * C_WATER * (T_supply - T_return), rel=1e-9)


def test_on_one_pipe_the_last_radiator_gets_cooler_water_and_the_more_so_the_less_flows():
    def difference(m_flow):
        state, Q, _ = settle(risers(4, single=True), 60.0, m_flow)
        assert (np.diff(state.T_in[0]) < 0.0).all()
        return float(Q[0, 0] / Q[0, -1] - 1.0)

    side_by_side, Q, _ = settle(risers(4, single=False), 60.0, 0.2)
    assert np.ptp(side_by_side.T_in) == 0.0
    assert np.ptp(Q) < 1e-9
    assert 0.0 < difference(0.4) < difference(0.2) < difference(0.1)


def test_flow_shares_grow_apart_as_flow_falls_and_still_add_up():
    params = risers(4, single=False)
    deviation = np.array([[0.8, 0.9, 1.0, 1.3]])
    params = RiserParams(
        **{name: getattr(params, name) for name in params.__slots__} | {"deviation": deviation}
    )
    spreads = []
    for ratio in (1.0, 0.6, 0.3):
        share = riser.shares(params, np.array([ratio]))
        assert share.sum() == pytest.approx(1.0)
        spreads.append(float(share.std()))
    assert spreads[0] < spreads[1] < spreads[2]


def one_room(**changed):
    """A room of 100 m2 with a wall of two halves; capacities in kJ/K, conductances in kW/K."""
    one = np.ones((1, 1))
    values = {
        "A_heated": 100.0 * one,
        "C": np.array([500.0, 5e-3, 5e-3, 5e-3, 5e-3])[:, None, None],
        "G_furniture": 1e-9 * one,
        "G_slab": 1e-9 * one,
        "G_inner": 1e-9 * one,
        "G_through": 1e-9 * one,
        "G_outer": 1e-9 * one,
        "G_window": 0.1 * one,
        "G_party": 0.0 * one,
        "n50": 0.0 * one,
        "shelter": one,
        "T_window": 90.0 * one,
        "aperture": 0.0 * one,
        "split": np.array([1.0, 0.0, 0.0, 0.0, 0.0])[:, None, None],
    }
    return ZoneParams(**(values | changed))


def loads(Q=0.0, T_outdoor=0.0):
    nothing = np.zeros((1, 1))
    return ZoneLoads(
        Q_emitter=np.full((1, 1), Q),
        homes=Homes(Q=nothing, G=nothing),
        Q_sun=nothing,
        T_outdoor=T_outdoor,
        wind=0.0,
    )


def test_one_store_answers_a_step_of_heat_with_its_exponential():
    worst = {}
    for dt in (60.0, 15.0):
        zones, T, euler = Zones(one_room(n50=np.zeros((1, 1))), dt), np.zeros((5, 1, 1)), 0.0
        errors = []
        for step in range(1, round(180 * 60 / dt) + 1):
            T, _ = zones.step(T, loads(Q=2.0))
            euler = (500.0 / dt * euler + 2.0) / (500.0 / dt + 0.1)
            assert T[AIR, 0, 0] == pytest.approx(euler, rel=1e-7)
            expected = 20.0 * (1.0 - math.exp(-dt * step * 0.1 / 500.0))
            errors.append(abs(T[AIR, 0, 0] / expected - 1.0))
        assert max(errors[round(1800 / dt) - 1 :]) < 0.005
        worst[dt] = max(errors)
    assert worst[60.0] < 0.007
    assert worst[15.0] == pytest.approx(worst[60.0] / 4.0, rel=0.02)


@pytest.mark.parametrize("store", [zone.INNER, zone.FURNITURE, zone.SLAB], ids=["wall", "furniture", "slab"])
def test_two_stores_answer_with_both_of_their_time_constants(store):
    wall, C_wall, G_in, G_out = 4000.0, 500.0, 0.4, 0.1
    C = np.array([C_wall, 5e-3, 5e-3, 5e-3, 5e-3])
    C[store] = wall
    name = {zone.INNER: "G_inner", zone.FURNITURE: "G_furniture", zone.SLAB: "G_slab"}[store]
    changed = {name: np.full((1, 1), G_in), "G_window": np.full((1, 1), G_out)}
    zones = Zones(one_room(C=C[:, None, None], **changed), 60.0)
    system = np.array([[-(G_in + G_out) / C_wall, G_in / C_wall], [G_in / wall, -G_in / wall]])
    values, vectors = np.linalg.eig(system)
    settled = -np.linalg.solve(system, np.array([2.0 / C_wall, 0.0]))
    weights = np.linalg.solve(vectors, -settled)
    T = np.zeros((5, 1, 1))
    for minute in range(1, 601):
        T, _ = zones.step(T, loads(Q=2.0))
        if minute % 60 == 0:
            expected = settled + vectors @ (weights * np.exp(values * 60.0 * minute))
            assert T[AIR, 0, 0] == pytest.approx(expected[0], rel=0.005)
            assert T[store, 0, 0] == pytest.approx(expected[1], rel=0.005)


def test_a_wall_conducts_what_its_resistances_in_series_do():
    room = one_room(
        G_inner=np.full((1, 1), 0.8), G_through=np.full((1, 1), 0.2), G_outer=np.full((1, 1), 0.4)
    )
    zones, T = Zones(room, 1e7), np.zeros((5, 1, 1))
    for _ in range(5):
        T, flows = zones.step(T, loads(Q=3.0, T_outdoor=-5.0))
    U = 0.1 + 1.0 / (1.0 / 0.8 + 1.0 / 0.2 + 1.0 / 0.4)
    assert T[AIR, 0, 0] == pytest.approx(-5.0 + 3.0 / U, rel=1e-6)
    assert flows.Q_lost[0, 0] == pytest.approx(3.0, rel=1e-6)


def test_wind_and_cold_draw_air_through_leaks_by_the_rule_and_windows_open_when_it_is_hot():
    leaky = one_room(n50=np.full((1, 1), 10.0), T_window=np.full((1, 1), 24.0))
    zones, T = Zones(leaky, 60.0), np.full((5, 1, 1), 20.0)
    at_rule = ZoneLoads(
        **{name: getattr(loads(), name) for name in ZoneLoads.__slots__} | {"wind": 2.0, "T_outdoor": 0.0}
    )
    _, flows = zones.step(T, at_rule)
    # n50/20 = 0.5 air changes of 270 m3, and 0.1 kW/K through the panes
    assert flows.Q_lost[0, 0] == pytest.approx((0.5 * 0.34 * 270.0 / 1000.0 + 0.1) * 20.0, rel=0.03)
    assert flows.Q_window[0, 0] == 0.0
    _, flows = zones.step(T + 6.0, at_rule)
    assert flows.Q_window[0, 0] > 0.4


@pytest.mark.parametrize("shelter", [1.0, 0.5])
@pytest.mark.parametrize("wind", [0.0, 1.0, 2.0, 5.0, 12.0])
@pytest.mark.parametrize("dT", [0.5, 20.0, 40.0])
def test_air_through_leaks_grows_with_wind_and_with_the_root_of_cold_as_its_rule_says(wind, dT, shelter):
    leaky = one_room(n50=np.full((1, 1), 10.0), shelter=np.full((1, 1), shelter))
    zones = Zones(leaky, 60.0)
    blown = ZoneLoads(**{name: getattr(loads(), name) for name in ZoneLoads.__slots__} | {"wind": wind})
    T, flows = zones.step(np.full((5, 1, 1), dT), blown)
    # Sherman and Grimsrud: stack and wind in quadrature, half each of n50/20 at 20 K and 2 m/s; 270 m3 of air
    ach = 10.0 / 20.0 * math.sqrt(0.5 * dT / 20.0 + 0.5 * (shelter * wind / 2.0) ** 2)
    G = ach * 0.34 * 270.0 / 1000.0 + 0.1
    assert flows.Q_lost[0, 0] == pytest.approx(G * T[AIR, 0, 0], rel=1e-7)


def test_a_vacant_flat_is_held_between_its_neighbours_and_outdoors_by_party_walls_alone():
    G_inner, G_window, G_party, Q = 0.8, 0.1, 0.3, 3.0
    flat = np.ones((1, 2))
    house = one_room(
        **{name: np.full((1, 2), 1e-9) for name in ("G_furniture", "G_slab", "G_through", "G_outer")},
        A_heated=100.0 * flat, C=np.repeat(one_room().C, 2, axis=2), G_inner=G_inner * flat,
        G_window=G_window * flat, G_party=G_party * flat, n50=0.0 * flat, shelter=flat, T_window=90.0 * flat,
        aperture=0.0 * flat, split=np.repeat(one_room().split, 2, axis=2),
    )  # fmt: skip
    zones, T = Zones(house, 600.0), np.zeros((5, 1, 2))
    nothing = np.zeros((1, 2))
    homes = Homes(Q=nothing, G=nothing)
    lived_in = ZoneLoads(Q_emitter=np.array([[Q, 0.0]]), homes=homes, Q_sun=nothing, T_outdoor=-5.0, wind=0.0)
    for _ in range(5000):
        T, flows = zones.step(T, lived_in)
    # from room to wall, through the party wall (each to the mean of both: half), to the other room
    G_between = 1.0 / (2.0 / G_inner + 2.0 / G_party)
    through = Q * G_between / (G_window + 2.0 * G_between)
    assert T[AIR, 0, 1] == pytest.approx(-5.0 + through / G_window, rel=1e-6)
    assert T[AIR, 0, 0] == pytest.approx(-5.0 + (Q - through) / G_window, rel=1e-6)
    assert flows.Q_lost[0] == pytest.approx([Q - through, through], rel=1e-6)


def test_water_in_a_house_pipe_arrives_after_its_content_has_passed_and_cools_by_its_age():
    params = PlugParams(mass=np.array([600.0, 1200.0]), rate=np.array([1e-4, 0.0]), T_ground=5.0)
    state, m, dt = plug.filled(params, np.full(2, 40.0), 60.0), np.array([1.0, 1.0]), 60.0
    arrived = []
    for _ in range(30):
        left = plug.leaving(state, params, m, dt)
        state, _ = plug.enter(state, params, left, np.full(2, 60.0), dt)
        arrived.append(left.T)
    arrived = np.array(arrived)
    np.testing.assert_allclose(arrived[:20, 1], 40.0)
    np.testing.assert_allclose(arrived[20:, 1], 60.0)
    np.testing.assert_allclose(arrived[10:, 0], 5.0 + 55.0 * math.exp(-1e-4 * 600.0), rtol=1e-9)
    assert (arrived[:10, 0] < 40.1).all()


def test_a_house_pipe_keeps_every_joule_whatever_flows_through_it():
    rng = np.random.default_rng(5)
    params = PlugParams(mass=np.array([500.0, 90.0]), rate=np.array([1e-4, 3e-4]), T_ground=5.0)
    state, dt = plug.filled(params, np.array([40.0, 70.0]), 60.0), 60.0
    for step in range(400):
        m = np.where(rng.random(2) < 0.3, 0.0, rng.uniform(0.0, 1.4, 2)) if step < 150 else np.full(2, 1e-3)
        T_in, before = rng.uniform(30.0, 70.0, 2), plug.stored_heat(state, params)
        left = plug.leaving(state, params, m, dt)
        state, lost = plug.enter(state, params, left, T_in, dt)
        brought = float((m * dt * (T_in - left.T)).sum()) * C_WATER
        assert plug.stored_heat(state, params) - before == pytest.approx(brought - lost * dt, abs=1e-6)
        assert (left.T > 5.0).all()
        assert (left.T < 70.1).all()


def test_a_state_left_behind_can_be_gone_on_from_and_gives_the_same_again():
    params = PlugParams(mass=np.array([300.0]), rate=np.array([1e-4]), T_ground=5.0)

    def on(state, T_in, steps):
        out = []
        for _ in range(steps):
            left = plug.leaving(state, params, np.array([1.0]), 60.0)
            state, _ = plug.enter(state, params, left, np.array([T_in]), 60.0)
            out.append(float(left.T[0]))
        return state, out

    half, _ = on(plug.filled(params, np.array([40.0]), 60.0), 50.0, 3)
    _, first = on(half, 60.0, 12)
    _, other = on(half, 30.0, 12)
    _, again = on(half, 60.0, 12)
    assert first == again
    assert first != other


def test_a_step_that_moves_more_than_a_pipe_holds_is_refused():
    params = PlugParams(mass=np.array([900.0, 50.0]), rate=np.zeros(2), T_ground=5.0)
    state = plug.filled(params, np.full(2, 40.0), 60.0)
    with pytest.raises(InvalidValue, match=r"pipe: 1$"):
        plug.leaving(state, params, np.ones(2), 60.0)
