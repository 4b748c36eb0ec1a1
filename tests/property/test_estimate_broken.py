"""Whatever stations say, an estimate is finite, and no record makes a house that is none."""

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.building import joined
from optimizer.building_prior import prior
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import Measurements, begin, trust_before
from optimizer.identify.history import History
from optimizer.identify.nightly import believed, identify
from optimizer.identify.parameters import BOX
from optimizer.identify.parameters import NAMES as NUMBERS
from tests.support.houses import recorded
from tests.support.soak import soaking

N = 4
NAMES = Measurements.__slots__
EXAMPLES = 4
SAYS = st.one_of(
    st.floats(-50.0, 150.0),
    st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 1e-308]),
    st.floats(allow_nan=True, allow_infinity=True),
)
CYCLES = st.lists(
    st.tuples(
        st.sampled_from([1.0, 60.0, 900.0, 86_400.0, 3e7]),
        st.lists(SAYS, min_size=N * len(NAMES), max_size=N * len(NAMES)),
    ),
    min_size=1,
    max_size=4,
)


def loops():
    words = {"building_type": ["residential", "office"], "emitter": ["radiator", "floor"]}
    two = prior(**words, insulation=["old", "new"], area=[60_000.0, 300.0])
    return joined([two, two])


@given(cycles=CYCLES)
@settings(max_examples=2000 if soaking() else 25, deadline=None)
def test_whatever_is_read_the_estimate_is_finite_and_its_doubt_is_one(cycles):
    b = loops()
    state = begin(b, trust_before(N), 0.0)
    for dt_s, said in cycles:
        values = np.array(said).reshape(len(NAMES), N)
        state = estimate(state, Measurements(**dict(zip(NAMES, values, strict=True))), b, dt_s)
        for part in (state.mean, state.covariance, state.q, state.q_sd, state.slow, state.T_outdoor):
            assert np.isfinite(part).all()
        assert (state.T_indoor_sd > 0.0).all()
        assert (np.linalg.eigvalsh(state.covariance) > -1e-9).all()
        assert set(state.flags.tolist()) <= {0, 1, 2}
        assert (np.abs(state.T_indoor) <= 120.0).all()
        for i in range(N):
            for reason in state.reasons(i):
                assert all(np.isfinite(value) for value in reason.params.values())


@cache
def record():
    return recorded(days=9, seed=2)[0]


SERIES = ("times", "q", "T_outdoor", "sun", "T_indoor", "T_supply", "T_return")
HARM = st.tuples(
    st.sampled_from(SERIES),
    st.sampled_from(["absent", "infinite", "hundredfold", "still", "negative", "of another", "noise"]),
    st.integers(0, 8 * 96),
    st.sampled_from([1, 96, 9 * 96]),
)


def harmed(rows, harms):
    rows = {name: values.copy() for name, values in rows.items()}
    rng = np.random.default_rng(1)
    for name, kind, first, length in harms:
        part = slice(first, first + length)
        size = len(rows[name][part])
        rows[name][part] = {
            "absent": np.full(size, np.nan),
            "infinite": np.full(size, np.inf),
            "hundredfold": 100.0 * rows[name][part],
            "still": np.full(size, rows[name][first]),
            "negative": -rows[name][part],
            "of another": rows[SERIES[SERIES.index(name) - 1]][part],
            "noise": rows[name][part] + 5.0 * rng.standard_normal(size),
        }[kind]
    return rows


@given(harms=st.lists(HARM, max_size=4))
@settings(max_examples=300 if soaking() else EXAMPLES, deadline=None)
def test_whatever_a_record_says_what_is_believed_is_a_house_within_its_box(harms):
    b = loops().take([0])
    begun = believed(b)
    found = identify(History(**harmed(record(), harms)), begun, b)
    assert found.state in ("accepted", "kept", "refused")
    assert found.reasons
    assert (found.candidate is begun) == (found.state != "accepted")
    for name in NUMBERS:
        value, old = float(getattr(found.building, name)[0]), float(getattr(b, name)[0])
        assert BOX[name][0] - 1e-9 <= value <= BOX[name][1] + 1e-9
        if name == "gain":
            assert abs(value - old) <= 0.5 + 1e-9
        else:
            assert 1 / 1.1 - 1e-9 <= value / old <= 1.1 + 1e-9
    for reason in found.reasons:
        assert all(isinstance(v, str) or np.isfinite(v) for v in reason.params.values())
