"""The head that a source holds, and how warm it sends its water where pumping costs more than losing."""

import numpy as np
import pytest

from optimizer.head import DP_MOST_KPA, RESERVE_KPA, RESERVE_SHARE, head_needed, pressure_needed
from optimizer.water_price import SentNow, cheapest_supply

DP_MIN = np.full(3, 50.0)


def needs(dp=50.0, hours=2):
    return np.full((3, hours), dp)


def test_the_head_leaves_the_worst_station_what_it_needs_and_the_way_grows_with_the_square_of_flow():
    dp = np.array([120.0, 60.0, np.nan])
    head, worst = head_needed(300.0, 500.0, dp, needs(), np.array([500.0, 500.0]))
    assert worst == 1
    np.testing.assert_allclose(head, 50.0 + RESERVE_KPA + (1.0 + RESERVE_SHARE) * 240.0)
    more, _ = head_needed(300.0, 500.0, dp, needs(), np.array([1000.0, 1000.0]))
    np.testing.assert_allclose(more, 50.0 + RESERVE_KPA + (1.0 + RESERVE_SHARE) * 4.0 * 240.0)
    why = head_needed(np.nan, 500.0, np.array([60.0]), np.full((1, 1), 50.0), np.array([500.0]))
    assert why.id == "dispatch.head_unknown"


def test_the_head_sinks_an_hour_behind_the_flow_and_rises_an_hour_ahead_of_it():
    dp, needed = np.array([60.0]), np.full((1, 5), 50.0)
    head, _ = head_needed(300.0, 500.0, dp, needed, np.array([400.0, 300.0, 300.0, 300.0, 500.0]))
    way = (1.0 + RESERVE_SHARE) * 240.0
    np.testing.assert_allclose(
        head - 50.0 - RESERVE_KPA, way * np.array([500.0, 400.0, 300.0, 500.0, 500.0]) ** 2 / 500.0**2
    )


def test_a_station_far_away_that_needs_little_yields_to_a_near_one_that_needs_more():
    dp, needed = np.array([200.0, 180.0]), np.array([[100.0], [50.0]])
    head, deciding = head_needed(300.0, 500.0, dp, needed, np.array([500.0]))
    assert deciding == 0
    np.testing.assert_allclose(head, [100.0 + RESERVE_KPA + (1.0 + RESERVE_SHARE) * 100.0])


def test_a_station_whose_open_valve_gives_too_little_needs_more_pressure_and_one_with_room_less():
    flow_now, dp = np.array([2e-4, 2e-4, 2e-4]), np.array([80.0, 80.0, np.nan])
    opens = np.array([1.0, 2.0, 1.0])
    wanted = np.full((3, 1), 2.2e-4)
    needed = pressure_needed(wanted, flow_now, opens, dp, DP_MIN)
    np.testing.assert_allclose(needed[:, 0], [1.21 * 80.0, 50.0, 50.0])
    none = pressure_needed(3.0 * wanted, flow_now, opens, dp, DP_MIN)
    assert none[0, 0] == DP_MOST_KPA, "one station does not drive the pumps of all"
    spoilt = pressure_needed(np.full((3, 1), np.nan), flow_now, opens, dp, DP_MIN)
    np.testing.assert_allclose(spoilt, 50.0)


# ----------------------------------------------------------------------------------------- warm or pumped

NOW = {
    "T_supply": 80.0, "T_return": 45.0, "m_flow": 200.0, "dp": 300.0, "Q_lost": 1500.0, "P_pump": 100.0,
    "price_heat": 1.0, "price_electricity": 5.0, "T_ground": 5.0,
}  # fmt: skip
Q = np.array([29_000.0, 20_000.0])


def water(T):
    """Returns stay at 45 degC; the way takes all but 60 kPa."""
    m_flow = Q / (4.18 * (T - 45.0))
    return m_flow, 60.0 + 240.0 * (m_flow / 200.0) ** 2


def cost(T, changes):
    """The same, said plainly, with the pump's own loss as measured now."""
    now = NOW | changes
    m_flow, head = water(T)
    own = (100.0 * 975.0 * 0.7 / 200.0 - 300.0) * (m_flow / 200.0) ** 2
    pump = m_flow * (head + own) / (975.0 * 0.7)
    lost = 1500.0 * (0.5 * (T + 45.0) - 5.0) / 57.5
    return now["price_heat"] * lost + now["price_electricity"] * pump


@pytest.mark.parametrize("changes", [{}, {"price_electricity": 1.0}, {"price_heat": 0.1}])
def test_the_supply_is_that_of_least_cost_between_its_bounds(changes):
    low, high = np.array([65.0, 70.0]), np.array([115.0, 110.0])
    T = cheapest_supply(low, high, Q, water, SentNow(**(NOW | changes)))
    assert ((low <= T) & (high >= T)).all()
    grid = np.linspace(0.0, 1.0, 501)
    best = np.min([cost(low + share * (high - low), changes) for share in grid], axis=0)
    np.testing.assert_allclose(cost(T, changes), best, rtol=0.01)


def test_dear_electricity_warms_the_water_and_dear_heat_cools_it():
    low, high = np.full(2, 60.0), np.full(2, 120.0)

    def supply(**changes):
        return cheapest_supply(low, high, Q, water, SentNow(**(NOW | changes)))

    assert (supply(price_electricity=20.0) > supply() + 2.0).all()
    assert (supply(price_heat=4.0) < supply() - 2.0).all()
    np.testing.assert_allclose(supply(price_electricity=0.0), low)
    np.testing.assert_allclose(supply(price_heat=0.0), high)


def test_where_nothing_is_measured_or_there_is_no_room_it_is_the_coolest_that_serves():
    low = np.full(2, 70.0)
    for changes in ({"m_flow": 0.0}, {"dp": 0.0}, {"T_return": 90.0}):
        np.testing.assert_allclose(
            cheapest_supply(low, low + 20.0, Q, water, SentNow(**(NOW | changes))), low
        )
    np.testing.assert_allclose(cheapest_supply(low, low - 3.0, Q, water, SentNow(**NOW)), low)
