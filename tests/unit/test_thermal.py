"""Water properties against IAPWS-IF97 itself, written out here."""

import pytest

from stations.thermal import density, heat_flow, mass_flow, specific_heat

# IAPWS R7-97 (2012), table 2: I, J, n of the dimensionless Gibbs energy of region 1.
REGION_1 = [
    (0, -2, 0.14632971213167), (0, -1, -0.84548187169114), (0, 0, -3.7563603672040),
    (0, 1, 3.3855169168385), (0, 2, -0.95791963387872), (0, 3, 0.15772038513228),
    (0, 4, -0.016616417199501), (0, 5, 0.81214629983568e-3), (1, -9, 0.28319080123804e-3),
    (1, -7, -0.60706301565874e-3), (1, -1, -0.018990068218419), (1, 0, -0.032529748770505),
    (1, 1, -0.021841717175414), (1, 3, -0.52838357969930e-4), (2, -3, -0.47184321073267e-3),
    (2, 0, -0.30001780793026e-3), (2, 1, 0.47661393906987e-4), (2, 3, -0.44141845330846e-5),
    (2, 17, -0.72694996297594e-15), (3, -4, -0.31679644845054e-4), (3, 0, -0.28270797985312e-5),
    (3, 6, -0.85205128120103e-9), (4, -5, -0.22425281908000e-5), (4, -2, -0.65171222895601e-6),
    (4, 10, -0.14341729937924e-12), (5, -8, -0.40516996860117e-6), (8, -11, -0.12734301741641e-8),
    (8, -6, -0.17424871230634e-9), (21, -29, -0.68762131295531e-18), (23, -31, 0.14478307828521e-19),
    (29, -38, 0.26335781662795e-22), (30, -39, -0.11947622640071e-22), (31, -40, 0.18228094581404e-23),
    (32, -41, -0.93537087292458e-25),
]  # fmt: skip
R = 0.461526  # kJ/(kg K)


def if97_density(T_K, p_MPa):
    pi, tau = p_MPa / 16.53, 1386.0 / T_K
    gamma_pi = sum(-n * i * (7.1 - pi) ** (i - 1) * (tau - 1.222) ** j for i, j, n in REGION_1 if i)
    return p_MPa * 1000.0 / (R * T_K * pi * gamma_pi)


def if97_specific_heat(T_K, p_MPa):
    pi, tau = p_MPa / 16.53, 1386.0 / T_K
    return -R * tau**2 * sum(
        n * (7.1 - pi) ** i * j * (j - 1) * (tau - 1.222) ** (j - 2) for i, j, n in REGION_1
    )  # fmt: skip


def test_the_oracle_gives_the_check_values_of_the_standard():
    assert 1.0 / if97_density(300.0, 3.0) == pytest.approx(0.100215168e-2, rel=1e-8)
    assert if97_specific_heat(300.0, 3.0) == pytest.approx(4.17301218, rel=1e-8)


@pytest.mark.parametrize("p_MPa", [0.5, 1.0, 1.6])
@pytest.mark.parametrize("T", [0.0, 5.0, 20.0, 45.0, 70.0, 95.0, 120.0, 150.0])
def test_density_and_heat_capacity_follow_iapws_if97(T, p_MPa):
    assert density(T) == pytest.approx(if97_density(T + 273.15, p_MPa), abs=0.55)
    assert specific_heat(T) == pytest.approx(if97_specific_heat(T + 273.15, p_MPa), abs=0.008)


def test_ten_kilograms_a_second_cooled_from_70_to_45_degc_give_off_1045_kilowatt():
    # h(70 degC) - h(45 degC) = 293.78 - 189.33 kJ/kg at 1 MPa (IF97 tables)
    assert heat_flow(10.0, 70.0, 45.0) == pytest.approx(1044.5, rel=2e-3)


def test_flow_from_heat_is_the_inverse_of_heat_from_flow():
    assert mass_flow(heat_flow(7.5, 85.0, 52.0), 85.0, 52.0) == pytest.approx(7.5, rel=1e-12)


def test_heat_is_negative_where_the_return_is_warmer():
    assert heat_flow(1.0, 40.0, 50.0) < 0.0


@pytest.mark.parametrize("T", [-0.1, 150.1, float("nan"), float("inf")])
def test_water_that_is_not_liquid_is_refused(T):
    with pytest.raises(ValueError, match="outside"):
        density(T)


def test_equal_supply_and_return_tell_nothing_about_the_flow():
    with pytest.raises(ValueError, match="can not be told"):
        mass_flow(100.0, 50.0, 50.0)
