"""The planner's quadratic program written down a second time, for general solvers: PIQP and Clarabel.

Straight from the words of the question: heat, both temperatures, both violations of the comfort band for each
loop and step, what is lacking at the end for each loop, the plant's violations for each step. It holds where
every loop can be planned for and its limits leave a way through. The cost is the planner's, in Wh/m2. From
the planner comes one thing: how high and how firm the comfort band's upper end is before a shortage.
"""

import time
from dataclasses import dataclass

import clarabel
import numpy as np
import piqp
import scipy.sparse as sparse

from optimizer.plan.formulation import formulate
from optimizer.plan.problem import PlanProblem, examine


@dataclass(frozen=True)
class Reference:
    """min x'Px/2 + c'x, A x = b, l <= x <= u, G x <= h; x holds q first, (k, n) by rows."""

    P: sparse.csc_matrix
    c: np.ndarray
    A: sparse.csc_matrix
    b: np.ndarray
    G: sparse.csc_matrix
    h: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    shape: tuple[int, int]
    scale: float
    """The planner's cost is this times the objective: matrices are by mean loop, not by share."""


@dataclass(frozen=True)
class Answer:
    q: np.ndarray
    """(k, n)."""
    cost: float
    iterations: int
    cpu_s: float
    setup_s: float
    status: str


def reference(p: PlanProblem) -> Reference:
    n, k = p.size
    program = formulate(p, examine(p))
    hot, hot_square = (np.repeat(each, n) for each in program.hot)
    w = p.area / p.area.sum() * n
    per_m2 = 1000.0 / p.area.sum()
    m, eye = n * k, sparse.eye(n * k, format="csr")
    weight = np.tile(w, k)

    def every(values):
        return sparse.diags(np.tile(values, k))

    before = sparse.kron(sparse.eye(k, k, -1), sparse.eye(n), format="csr")
    change = eye - before
    none = sparse.csr_matrix((m, m))
    at = {name: i for i, name in enumerate(("q", "Ti", "Te", "cold", "hot"))}
    tail = n + 2 * k  # lacking at the end, above the cap, beyond the ramp

    def rows(blocks, extra=None):
        count = next(iter(blocks.values())).shape[0]
        parts = [blocks.get(name, none[:count] if count <= m else None) for name in at]
        parts.append(sparse.csr_matrix((count, tail)) if extra is None else extra)
        return sparse.hstack(parts, format="csr")

    A, B = p.A, p.B
    forced = np.concatenate(
        [(B[:, j, 1] * p.T_outdoor[:k, None] + B[:, j, 2] * p.gains.T).ravel() for j in range(2)]
    )
    begin = np.zeros(2 * m)
    begin[:n] = np.einsum("ni,ni->n", A[:, 0], p.x0)
    begin[m : m + n] = np.einsum("ni,ni->n", A[:, 1], p.x0)
    dynamics = sparse.vstack(
        [
            rows(
                {
                    "q": -every(B[:, 0, 0]),
                    "Ti": eye - every(A[:, 0, 0]) @ before,
                    "Te": -every(A[:, 0, 1]) @ before,
                }
            ),
            rows(
                {
                    "q": -every(B[:, 1, 0]),
                    "Ti": -every(A[:, 1, 0]) @ before,
                    "Te": eye - every(A[:, 1, 1]) @ before,
                }
            ),
        ],
        format="csc",
    )

    # what a kelvin at the end is worth: the heat that adds as many degree hours for all time
    later = np.linalg.inv(np.eye(2) - A)[:, 0, :]
    worth = p.dt_h * later / np.einsum("ni,ni->n", later, B[:, :, 0])[:, None]
    T_i, T_o, g = p.T_min.mean(axis=1), p.T_outdoor[:k].mean(), p.gains.mean(axis=1)
    end = np.empty(n)
    for i in range(n):
        # unknown: T_e and q of the steady state at T_i
        left = np.array([[-A[i, 0, 1], -B[i, 0, 0]], [1.0 - A[i, 1, 1], -B[i, 1, 0]]])
        free = B[i, :, 1] * T_o + B[i, :, 2] * g[i]
        T_e, _ = np.linalg.solve(left, [free[0] - (1.0 - A[i, 0, 0]) * T_i[i], free[1] + A[i, 1, 0] * T_i[i]])
        end[i] = worth[i] @ [T_i[i], T_e]
    pick = sparse.csr_matrix((np.ones(n), (np.arange(n), m - n + np.arange(n))), shape=(n, m))
    lacks = sparse.hstack([-sparse.eye(n), sparse.csr_matrix((n, 2 * k))])

    mean = sparse.kron(sparse.eye(k), (w / n)[None, :], format="csr")
    jump = mean - sparse.kron(sparse.eye(k, k, -1), (w / n)[None, :])
    cap = -sparse.eye(k)
    zero = sparse.csr_matrix((k, k))
    none_n = sparse.csr_matrix((k, n))
    limited = np.isfinite(p.P_max[:k])
    P_before = float(w / n @ p.q_before)
    first = np.zeros(m)
    first[:n] = p.q_before
    first_jump = np.zeros(k)
    first_jump[0] = P_before
    ramp = np.tile(p.ramp, k)
    G = [
        rows({"q": change}),
        rows({"q": -change}),
        rows({"Ti": -eye, "cold": -eye}),
        rows({"Ti": eye, "hot": -eye}),
        rows({"Ti": -sparse.diags(worth[:, 0]) @ pick, "Te": -sparse.diags(worth[:, 1]) @ pick}, lacks),
        rows({"q": mean}, sparse.hstack([none_n, cap, zero]))[limited],
    ]
    h = [
        ramp + first,
        ramp - first,
        -p.T_min.T.ravel(),
        program.T_max.ravel(),
        -end,
        per_m2 * p.P_max[:k][limited],
    ]
    if np.isfinite(p.P_ramp):
        slack = sparse.hstack([none_n, zero, cap])
        G += [rows({"q": jump}, slack), rows({"q": -jump}, slack)]
        h += [per_m2 * p.P_ramp + first_jump, per_m2 * p.P_ramp - first_jump]

    v, dt = p.weights, p.dt_h
    price = np.repeat(dt * p.tariff[:k] / p.tariff[:k].mean(), n)
    c = np.concatenate(
        [
            weight * price - 2.0 * v.moves * np.concatenate([w * p.q_before, np.zeros(m - n)]),
            np.zeros(2 * m),
            dt * v.cold * weight,
            hot * weight,
            v.end * w,
            np.full(2 * k, n * dt * v.plant),
        ]
    )
    curved = [
        2.0 * v.moves * change.T @ sparse.diags(weight) @ change,
        none,
        none,
        2.0 * dt * v.cold_square * sparse.diags(weight),
        2.0 * sparse.diags(hot_square * weight),
        sparse.csr_matrix((tail, tail)),
    ]
    infinite = np.full(2 * m, np.inf)
    return Reference(
        P=sparse.block_diag(curved, format="csc"),
        c=c,
        A=dynamics,
        b=forced + begin,
        G=sparse.vstack(G, format="csc"),
        h=np.concatenate(h),
        lower=np.concatenate([p.q_min.T.ravel(), -infinite, np.zeros(2 * m + tail)]),
        upper=np.concatenate([p.q_max.T.ravel(), infinite, np.full(2 * m + tail, np.inf)]),
        shape=(k, n),
        scale=1.0 / n,
    )


def constant(p: PlanProblem) -> float:
    """What the objectives leave out: the part of the first move that is fixed."""
    return p.weights.moves * float(p.area / p.area.sum() @ p.q_before**2)


def by_piqp(p: PlanProblem, r: Reference, *, eps: float = 1e-8, iterations: int = 250) -> Answer:
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = eps
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = eps
    solver.settings.check_duality_gap = True
    solver.settings.max_iter = iterations
    began = time.process_time()
    solver.setup(r.P, r.c, r.A, r.b, r.G, np.full(len(r.h), -np.inf), r.h, r.lower, r.upper)
    built = time.process_time()
    status = solver.solve()
    ended = time.process_time()
    x, info = solver.result.x, solver.result.info
    return Answer(
        q=np.array(x[: r.shape[0] * r.shape[1]]).reshape(r.shape),
        cost=r.scale * info.primal_obj + constant(p),
        iterations=info.iter,
        cpu_s=ended - built,
        setup_s=built - began,
        status=str(status),
    )


def by_clarabel(p: PlanProblem, r: Reference, *, eps: float = 1e-8, iterations: int = 200) -> Answer:
    bounded = sparse.eye(len(r.c), format="csr")
    above, below = np.isfinite(r.upper), np.isfinite(r.lower)
    A = sparse.vstack([r.A, r.G, bounded[above], -bounded[below]], format="csc")
    b = np.concatenate([r.b, r.h, r.upper[above], -r.lower[below]])
    cones = [clarabel.ZeroConeT(len(r.b)), clarabel.NonnegativeConeT(len(b) - len(r.b))]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.max_iter = iterations
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = eps
    began = time.process_time()
    solver = clarabel.DefaultSolver(sparse.triu(r.P, format="csc"), r.c, A, b, cones, settings)
    built = time.process_time()
    solution = solver.solve()
    ended = time.process_time()
    return Answer(
        q=np.array(solution.x[: r.shape[0] * r.shape[1]]).reshape(r.shape),
        cost=r.scale * solution.obj_val + constant(p),
        iterations=solution.iterations,
        cpu_s=ended - built,
        setup_s=built - began,
        status=str(solution.status),
    )
