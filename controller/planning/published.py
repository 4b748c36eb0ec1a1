"""The newest plan with all that it was made from: what the strategy, the API and the screen look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.decisions import LoopKey
from controller.knowing.known import Known
from controller.planning.port import PlannerState
from controller.planning.rules import NO_SOURCE, PlanRules, SourceSeen
from optimizer.building import Floats
from optimizer.forecast.weather import NoWeather, Outlook
from optimizer.on_curve import Course
from optimizer.plan.problem import PlanProblem
from optimizer.plan.status import AGE_MAX_S, Plan, PlanStatus
from optimizer.reach import Reach
from optimizer.reach_told import told_of_plan
from optimizer.reason import Reason, because


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A plan, also one that says nothing: then ``plan.why`` tells why."""

    made_at: float
    """UTC second at which it was published."""
    keys: tuple[LoopKey, ...]
    """The plan's rows."""
    plan: Plan
    excluded: Mapping[LoopKey, Reason]
    """Loops that are not planned for; they are taken to go on as they do, and stay on the curve."""
    outlook: Outlook | NoWeather
    known: Known
    """What was believed of the loops when the plan was asked for; its keys are ``keys``."""
    rules: PlanRules = field(default_factory=PlanRules)
    source: SourceSeen = NO_SOURCE
    problem: PlanProblem | None = None
    """What was asked last; the plan may be an earlier one, moved on. None where nothing could be asked."""
    curve: Course | None = None
    """What the loops would do on the curve in the same time; its first step is that of ``problem``."""
    reach: Reach | None = None
    """What could reach the loops, with the rows and steps of ``problem``; None where that was not asked."""
    owed: Mapping[LoopKey, float] = field(default_factory=dict)
    """K h of under-heating in shortages so far."""
    to_rooms_s: Floats | None = None
    """(n,) seconds that water takes from each station to its rooms; 0 where not known, None for nowhere."""
    lost: frozenset[LoopKey] = frozenset()
    """Loops whose stations did not answer then."""
    far_down: frozenset[LoopKey] = frozenset()
    """Loops of class B whose offset could go all the way down then."""
    planner: PlannerState | None = None
    """How the solver did with this plan."""
    advice: "Published | None" = None
    """The same for the loops that take no setpoints (``advice``); all others are left out of it."""

    @property
    def T_outdoor(self) -> float:  # noqa: N802 - a field symbol
        """Mean of the weather that was planned for, degC; NaN where nothing could be asked."""
        return float("nan") if self.problem is None else float(self.problem.T_outdoor.mean())

    def advised(self, key: LoopKey) -> bool:
        """Tell whether a plan says what the loop shall be set to by hand."""
        return self.advice is not None and key not in self.advice.excluded

    def binding(self) -> tuple[Reason, ...]:
        """Return what kept the plan from costing less, the source's water included."""
        plan, problem, reach = self.plan, self.problem, self.reach
        if problem is None or reach is None or plan.status is PlanStatus.NONE:
            return plan.binding
        begin = max(0, round((plan.start - problem.start) / (3600.0 * plan.dt_h)))
        steps = min(plan.q.shape[1], problem.size[1] - begin)
        told = told_of_plan(plan.q[:, :steps], problem.q_min, reach, begin, plan.dt_h) if steps > 0 else ()
        return (*plan.binding, *told)

    def age_s(self, now: float) -> float:
        """Return how old the plan's inputs are at UTC second ``now``."""
        return self.plan.age_s(now)

    def usable(self, now: float) -> bool:
        """Tell whether the plan may be followed at UTC second ``now``."""
        fresh = 0.0 <= self.age_s(now) <= AGE_MAX_S
        return fresh and self.plan.status is not PlanStatus.NONE and self.plan.step_at(now) is not None


def missing(published: Published | None, now: float) -> Reason | None:
    """Return why no plan can be followed at UTC second ``now``; None where one can."""
    if published is None:
        return because("plan.not_yet")
    if published.plan.status is PlanStatus.NONE:
        return published.plan.why or because("plan.not_yet")
    if not published.usable(now):
        return because("plan.too_old", age_s=published.age_s(now), because="plan.not_yet")
    return None
