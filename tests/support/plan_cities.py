"""Questions for the planner: cities of n loops over a winter day, from a seed; houses are the test's own."""

from dataclasses import replace

import numpy as np
from scipy.linalg import expm

from optimizer.plan.problem import PlanProblem

T_DESIGN_LIFT = 30.0


def city(n: int, *, steps: int = 96, seed: int = 0, cap: float = 1.06) -> PlanProblem:
    """A day around -5 degC; the source gives ``cap`` times the mean need, so that mornings are tight."""
    random, dt = np.random.default_rng(seed), 24.0 / steps
    UA, share = random.uniform(0.9, 1.9, n), random.uniform(0.3, 0.5, n)
    h_ie, C_i, C_e = (
        random.uniform(6.0, 12.0, n),
        random.uniform(12.0, 25.0, n),
        random.uniform(50.0, 120.0, n),
    )
    area = 60_000.0 * np.exp(0.5 * random.standard_normal(n))
    K_v = share * UA
    K_eo = 1.0 / (1.0 / ((1.0 - share) * UA) - 1.0 / h_ie)
    A, B = stepped(h_ie, K_v, K_eo, C_i, C_e, dt)
    hour = np.arange(steps) * dt
    T_outdoor = -5.0 + 4.0 * np.cos(2.0 * np.pi * (hour - 15.0) / 24.0)
    gains = random.uniform(0.7, 1.3, (n, 1)) * (
        3.0 + 3.0 * np.maximum(0.0, np.sin(np.pi * (hour - 8.0) / 12.0))
    )
    T_i = random.normal(20.3, 0.6, n)
    x0 = np.stack([T_i, (h_ie * T_i + K_eo * -5.0) / (h_ie + K_eo)], axis=1)
    day = (hour >= 6.0) & (hour < 22.0)
    q_design = UA * T_DESIGN_LIFT
    need = float(area @ (UA * (20.0 - T_outdoor.mean() - 3.0))) / 1000.0
    return PlanProblem(
        start=1_768_435_200.0,
        A=A,
        B=B,
        x0=x0,
        area=area,
        T_outdoor=T_outdoor,
        gains=gains,
        T_min=np.where(day, 20.0, 19.0) * np.ones((n, 1)),
        T_max=np.full((n, steps), 22.5),
        q_min=np.repeat(0.15 * q_design[:, np.newaxis], steps, axis=1),
        q_max=np.repeat(1.25 * q_design[:, np.newaxis], steps, axis=1),
        ramp=0.15 * q_design * dt / 0.25,
        q_before=np.clip(UA * (20.0 - T_outdoor[0] - 4.0), 0.2 * q_design, 1.1 * q_design),
        tariff=np.where(((hour >= 7.0) & (hour < 11.0)) | ((hour >= 17.0) & (hour < 22.0)), 1.5, 1.0)
        - np.where(hour < 6.0, 0.4, 0.0),
        P_max=np.full(steps, cap * need),
        P_ramp=0.04 * cap * need * dt / 0.25,
        dt_h=dt,
    )


def a_step_later(problem: PlanProblem, q: np.ndarray, seed: int = 0) -> PlanProblem:
    """The question of the next step: houses went on with heat ``q`` (n,) and noise, the forecast is new."""
    random = np.random.default_rng(seed)
    u = np.stack([q, np.full(len(q), problem.T_outdoor[0]), problem.gains[:, 0]], axis=1)
    x = np.einsum("nij,nj->ni", problem.A, problem.x0) + np.einsum("nij,nj->ni", problem.B, u)
    T_outdoor = np.roll(problem.T_outdoor, -1) + random.normal(0.0, 0.3)
    return replace(
        problem,
        start=problem.start + 3600.0 * problem.dt_h,
        x0=x + random.normal(0.0, 0.03, x.shape),
        T_outdoor=T_outdoor,
        gains=np.roll(problem.gains, -1, axis=1),
        T_min=np.roll(problem.T_min, -1, axis=1),
        tariff=np.roll(problem.tariff, -1),
        q_before=q,
    )


def stepped(h_ie, K_v, K_eo, C_i, C_e, dt):
    """The exact step by the exponential of the whole matrix, inputs included (van Loan)."""
    n = len(h_ie)
    rate = np.zeros((n, 5, 5))
    rate[:, 0, 0], rate[:, 0, 1] = -(h_ie + K_v) / C_i, h_ie / C_i
    rate[:, 1, 0], rate[:, 1, 1] = h_ie / C_e, -(h_ie + K_eo) / C_e
    rate[:, 0, 2] = rate[:, 0, 4] = 1.0 / C_i
    rate[:, 0, 3], rate[:, 1, 3] = K_v / C_i, K_eo / C_e
    step = expm(rate * dt)
    return step[:, :2, :2], step[:, :2, 2:]
