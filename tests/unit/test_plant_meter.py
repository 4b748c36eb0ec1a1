import numpy as np
import pytest

from simulators.plant.meter import Meters, measure


def test_instruments_show_steps_offsets_gains_and_noise():
    n = 20_000
    meters = Meters(
        offset=np.array([[0.2], [0.0]]) * np.ones((2, n)),
        gain=np.array([[0.0], [0.02]]) * np.ones((2, n)),
        noise=np.array([[0.05], [0.5]]),
        quantum=np.array([[0.01], [0.1]]),
    )
    shown = measure(np.array([[50.0], [200.0]]) * np.ones((2, n)), meters, np.random.default_rng(1))
    assert shown.mean(axis=1) == pytest.approx([50.2, 204.0], abs=0.02)
    assert shown.std(axis=1) == pytest.approx([0.05, 0.5], rel=0.05)
    np.testing.assert_allclose(shown / [[0.01], [0.1]], np.round(shown / [[0.01], [0.1]]), atol=1e-6)


def test_the_same_seed_shows_the_same():
    meters = Meters(
        offset=np.zeros((1, 3)), gain=np.zeros((1, 3)), noise=np.ones((1, 1)), quantum=np.full((1, 1), 0.1)
    )
    first, second = (measure(np.ones((1, 3)), meters, np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
