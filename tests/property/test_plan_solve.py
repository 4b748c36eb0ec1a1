"""Whatever is asked, the planner answers: a plan within every limit, or none with the reason; never NaN."""

from dataclasses import fields, replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optimizer.plan.problem import PlanProblem
from optimizer.plan.solving import USABLE_GAP, solve
from optimizer.plan.status import PlanStatus
from tests.support.plan_cities import city

FEW = settings.default.max_examples // 4
ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True)
NUMBERS = [
    each.name
    for each in fields(PlanProblem)
    if each.name not in ("weights", "critical", "owed", "dt_h", "P_ramp", "start")
]


def check(problem, plan):
    """What holds for every plan, worked out from the question alone."""
    n, k = problem.T_min.shape
    assert plan.q.shape[0] == n
    if plan.status is PlanStatus.NONE:
        assert plan.why is not None
        assert plan.q.size == plan.price.size == 0
        return
    out = [each.loop for each in plan.excluded]
    kept = np.setdiff1d(np.arange(n), out)
    q, T = plan.q[kept], plan.T_indoor[kept]
    assert np.isfinite(q).all()
    assert np.isfinite(T).all()
    assert np.isfinite(plan.price).all()
    assert np.isfinite(plan.cost.total)
    assert plan.gap >= 0.0
    rationed = plan.why is not None and plan.why.id == "plan.rationed"
    assert rationed or np.isfinite([plan.gap, plan.bound]).all()
    assert (q >= problem.q_min[kept] - 1e-6).all()
    assert (q <= np.maximum(problem.q_max[kept], problem.q_min[kept] + 1e-3) + 1e-6).all()
    assert (problem.area[kept] @ q / 1000.0 <= problem.P_max[:k] * (1.0 + 1e-6) + 1e-6).all()
    if plan.status is PlanStatus.OPTIMAL:
        assert plan.gap <= USABLE_GAP


@settings(max_examples=FEW)
@given(
    st.sampled_from(NUMBERS),
    st.lists(st.tuples(st.integers(0, 10**6), ANY_NUMBER), min_size=1, max_size=4),
    st.sampled_from([1.0, -1.0, 100.0, 1e-3, 0.0]),
)
def test_broken_numbers_anywhere_leave_a_plan_within_limits_or_a_reason(name, holes, factor):
    problem = city(3, steps=16)
    values = getattr(problem, name) * factor
    for place, value in holes:
        values.flat[place % values.size] = value
    spoilt = replace(problem, **{name: values})
    check(spoilt, solve(spoilt))


# limits that jump up and down beside slow ramps: the first attempt jams
@example(
    seed=163, loops=3, steps=12, cap=1.0, outdoor=10.0, swing=0.0, band=0.0, warm=-4.0, ramp=1.0, spread=1.0
)
@settings(max_examples=FEW)
@given(
    seed=st.integers(0, 10**6),
    loops=st.integers(1, 4),
    steps=st.sampled_from([12, 24]),
    cap=st.one_of(st.floats(0.3, 1.6), st.just(float("inf"))),
    outdoor=st.floats(-30.0, 20.0),
    swing=st.floats(0.0, 25.0),
    band=st.floats(0.0, 4.0),
    warm=st.floats(-8.0, 8.0),
    ramp=st.floats(0.5, 50.0),
    spread=st.floats(1.0, 20.0),
)
def test_hard_days_of_any_kind_are_planned(seed, loops, steps, cap, outdoor, swing, band, warm, ramp, spread):
    problem = city(loops, steps=steps, cap=cap, seed=seed)
    random = np.random.default_rng(seed)
    problem = replace(
        problem,
        T_outdoor=outdoor + swing * np.sin(np.linspace(0.0, 6.0, steps)),
        T_max=problem.T_min + band,
        x0=problem.x0 + warm,
        ramp=np.full(loops, ramp),
        tariff=random.uniform(1.0, spread, steps),
        q_min=problem.q_min * random.uniform(0.0, 1.0, (loops, steps)),
        q_max=problem.q_max * random.uniform(0.2, 1.2, (loops, steps)),
        q_before=random.uniform(0.0, 80.0, loops),
        critical=random.uniform(size=loops) < 0.3,
        owed=random.uniform(0.0, 150.0, loops),
    )
    plan = solve(problem)
    check(problem, plan)
    if not plan.excluded and (plan.why is None or plan.why.id != "plan.source_below_frost"):
        assert plan.status is not PlanStatus.NONE, plan.why
