import numpy as np
import pytest

from simulators.plant import exchanger
from simulators.plant.water import C_WATER, density, specific_heat

ONE = np.ones(1)


@pytest.mark.parametrize(
    ("NTU", "Cr", "eps", "word"),
    [
        (0.0, 0.5, 0.0, "no surface"),
        (2.0, 0.0, 1 - np.exp(-2.0), "one side boils: infinite capacity"),
        (3.0, 1.0, 0.75, "balanced: NTU/(1+NTU)"),
        (3.0, 1.0 - 1e-9, 0.75, "next to balanced"),
        (50.0, 0.6, 1.0, "endless surface"),
        (1.0, 0.5, (1 - np.exp(-0.5)) / (1 - 0.5 * np.exp(-0.5)), "textbook point"),
    ],
)
def test_effectiveness_meets_the_closed_limits(NTU, Cr, eps, word):
    assert exchanger.effectiveness(NTU * ONE, Cr * ONE)[0] == pytest.approx(eps, abs=1e-6), word


def test_heat_agrees_with_the_logarithmic_mean_of_the_four_temperatures():
    UA, m_primary, m_secondary, T_hot, T_cold = 200.0, 8.0, 30.0, 100.0, 42.0
    Q = exchanger.heat_flow(UA * ONE, m_primary * ONE, m_secondary * ONE, T_hot * ONE, T_cold * ONE)[0]
    hot_out = T_hot - Q / (m_primary * C_WATER)
    cold_out = T_cold + Q / (m_secondary * C_WATER)
    first, second = T_hot - cold_out, hot_out - T_cold
    assert pytest.approx(UA * (first - second) / np.log(first / second), rel=1e-9) == Q


def test_conductance_is_the_design_value_at_design_flow_and_falls_with_flow_and_fouling():
    UA = exchanger.conductance(100.0 * ONE, ONE, ONE, 0.0 * ONE)
    assert UA[0] == pytest.approx(100.0)
    half = exchanger.conductance(100.0 * ONE, 0.5 * ONE, ONE, 0.0 * ONE)
    assert half[0] == pytest.approx(100.0 / (0.45 * 0.5**-0.7 + 0.55))
    assert exchanger.conductance(100.0 * ONE, ONE, ONE, 0.25 * ONE)[0] == pytest.approx(80.0)


@pytest.mark.parametrize(
    ("m_primary", "m_secondary", "T_hot"), [(0.0, 10.0, 90.0), (10.0, 0.0, 90.0), (10.0, 10.0, 30.0)]
)
def test_nothing_flows_without_water_or_backwards(m_primary, m_secondary, T_hot):
    Q = exchanger.heat_flow(50.0 * ONE, m_primary * ONE, m_secondary * ONE, T_hot * ONE, 40.0 * ONE)
    assert Q[0] == 0.0


@pytest.mark.parametrize(
    ("T", "rho", "cp"),
    [(20.0, 998.2, 4.184), (50.0, 988.0, 4.181), (80.0, 971.8, 4.197), (110.0, 951.0, 4.228)],
)
def test_water_agrees_with_steam_tables(T, rho, cp):
    assert density(np.array([T]))[0] == pytest.approx(rho, rel=5e-4)
    assert specific_heat(np.array([T]))[0] == pytest.approx(cp, rel=1.5e-3)
