"""Two stores of heat: against the matrix exponential, the closed form of one store, their own balances."""

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from scipy.linalg import expm

from optimizer.building import Buildings, free_heat, joined, steady_heat, steady_state, transition
from optimizer.building_prior import prior


def two():
    return prior(
        building_type=["residential", "school"],
        emitter=["radiator", "floor"],
        insulation=["old", "new"],
        area=[60_000.0, 3_000.0],
    )


def continuous(b, i, wind):
    """The rates of loop ``i``, written out from the equations: inputs ride along as constant states."""
    K_v = b.share_direct[i] * b.UA[i] + b.wind[i] * wind
    U = b.UA[i] * (1.0 - b.share_direct[i])
    K_eo = 1.0 / (1.0 / U - 1.0 / b.h_ie[i])
    M = np.zeros((5, 5))
    M[0] = np.array([-b.h_ie[i] - K_v, b.h_ie[i], 1.0, K_v, 1.0]) / b.C_i[i]
    M[1] = np.array([b.h_ie[i], -b.h_ie[i] - K_eo, 0.0, K_eo, 0.0]) / b.C_e[i]
    return M


@pytest.mark.parametrize("dt_h", [1e-4, 1.0 / 60.0, 0.25, 1.0, 24.0, 2000.0])
@pytest.mark.parametrize("wind", [0.0, 8.0])
def test_a_step_is_the_matrix_exponential_of_any_length(dt_h, wind):
    b = two()
    step = transition(b, dt_h, wind)
    for i in range(len(b)):
        exact = expm(continuous(b, i, wind) * dt_h)
        assert step.A[i] == pytest.approx(exact[:2, :2], rel=1e-9, abs=1e-13)
        assert step.B[i] == pytest.approx(exact[:2, 2:], rel=1e-9, abs=1e-13)


def test_with_all_loss_past_the_walls_and_a_good_path_it_is_one_store_with_its_closed_form():
    one = replace(two().take([0]), share_direct=np.array([1.0 - 1e-9]), h_ie=np.array([1e6]))
    step = transition(one, 6.0)
    C, UA = one.C_i[0] + one.C_e[0], one.UA[0]
    x = step.A[0] @ np.array([20.0, 20.0]) + step.B[0] @ np.array([30.0, -5.0, 4.0])
    settled = -5.0 + 34.0 / UA
    assert x == pytest.approx(settled + (20.0 - settled) * exp(-6.0 * UA / C), abs=1e-3)


def test_two_steps_are_one_of_twice_the_length():
    b = two()
    half, whole = transition(b, 0.25), transition(b, 0.5)
    assert np.allclose(half.A @ half.A, whole.A)
    assert np.allclose(half.A @ half.B + half.B, whole.B)


def test_what_is_steady_stays_and_loses_what_it_is_given():
    b = two()
    step, wind = transition(b, 0.25, 3.0), np.array([3.0, 3.0])
    x = steady_state(b, 30.0, np.array([-5.0, 2.0]), 4.0, wind)
    u = np.array([[30.0, -5.0, 4.0], [30.0, 2.0, 4.0]])
    after = np.einsum("nij,nj->ni", step.A, x) + np.einsum("nij,nj->ni", step.B, u)
    assert after == pytest.approx(x, abs=1e-9)
    assert steady_heat(b, x[:, 0], np.array([-5.0, 2.0]), 4.0, wind) == pytest.approx(30.0)
    lost = b.K_v(3.0) * (x[:, 0] - u[:, 1]) + b.K_eo * (x[:, 1] - u[:, 1])
    assert lost == pytest.approx(34.0)


def test_no_house_is_cooled():
    assert steady_heat(two(), 20.0, 30.0, 4.0) == pytest.approx([0.0, 0.0])


def test_sun_and_people_warm_each_loop_by_its_own_windows():
    b = two()
    assert free_heat(b, np.array([[0.0], [500.0]])) == pytest.approx(
        np.array([b.gain, b.gain + 500.0 * b.solar_aperture])
    )


def test_loops_are_taken_and_joined_as_array_elements_are():
    b = two()
    assert joined([b.take([1]), b.take(slice(0, 1))]).area == pytest.approx([3_000.0, 60_000.0])
    assert len(b.take(np.array([False, True]))) == 1


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("UA", [1.0, np.nan], "UA is not finite"),
        ("C_i", [0.0, 10.0], "C_i must be above 0"),
        ("share_direct", [1.0, 0.4], "share_direct must be within"),
        ("h_ie", [1.0, 8.0], "h_ie must be above"),
        ("gain", [4.0], "gain has shape"),
    ],
)
def test_what_is_no_building_is_refused_by_name(field, value, told):
    with pytest.raises(ValueError, match=told):
        replace(two(), **{field: np.array(value)})


def test_older_houses_and_hospitals_begin_with_more_loss_and_small_ones_with_more_per_m2():
    def loss(use="residential", level="saving", area=60_000.0):
        return prior(building_type=[use], emitter=["radiator"], insulation=[level], area=[area]).UA[0]

    assert loss(level="old") > loss(level="saving") > loss(level="new")
    assert loss(use="hospital") > loss(use="office") > loss()
    assert loss(area=150.0) == pytest.approx(1.4 * loss())
    assert loss(area=100_000.0) == loss(area=2_000.0)


@pytest.mark.parametrize("wrong", [{"emitter": ["hob"]}, {"building_type": ["barn"]}, {"insulation": ["?"]}])
def test_a_prior_for_an_unknown_word_is_refused_and_names_the_known_ones(wrong):
    words = {"building_type": ["office"], "emitter": ["floor"], "insulation": ["new"]} | wrong
    with pytest.raises(ValueError, match="is not one of"):
        prior(**words, area=[1_000.0])


def test_priors_are_buildings():
    for use in ("residential", "school", "office", "hospital"):
        for level in ("old", "saving", "new"):
            b = prior(building_type=[use], emitter=["floor"], insulation=[level], area=[20.0])
            assert isinstance(b, Buildings)
