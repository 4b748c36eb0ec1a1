"""What the controller knows of planning: it asks, and gets a plan that says what it is worth."""

from dataclasses import dataclass
from typing import Protocol

from optimizer.plan.interior import Effort
from optimizer.plan.problem import PlanProblem
from optimizer.plan.solving import solve
from optimizer.plan.status import Plan
from optimizer.reason import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerState:
    """How the planner does, for the status of the service."""

    plans: int
    """Answers so far, of any status."""
    failures: int
    """How often the solver died, hung or ran out of memory."""
    last_failure: Reason | None
    """The last of them; None again after the next good answer."""
    busy: bool
    pid: int | None
    """The solver's process; None where none runs."""


class Planner(Protocol):
    """Makes plans; never raises for what it is asked or for what becomes of its solver."""

    @property
    def state(self) -> PlannerState:
        """Return how it does."""

    async def plan(self, problem: PlanProblem, previous: Plan | None) -> Plan:
        """Return a plan, ``previous`` moved on in time, or none with the reason."""

    async def close(self) -> None:
        """Leave nothing running."""


class InlinePlanner:
    """Plans on the spot, limited by iterations: for virtual time, where the same run gives the same plans."""

    def __init__(self, effort: Effort | None = None) -> None:
        self._effort = effort or Effort()
        self._plans = 0

    @property
    def state(self) -> PlannerState:
        """Return how it does; it has nothing that could fail."""
        return PlannerState(plans=self._plans, failures=0, last_failure=None, busy=False, pid=None)

    async def plan(self, problem: PlanProblem, previous: Plan | None) -> Plan:
        """Return a plan at once; the loop waits for it."""
        self._plans += 1
        return solve(problem, previous, self._effort)

    async def close(self) -> None:
        """Do nothing."""
