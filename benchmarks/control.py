"""[control] What the optimizer is for: heat, pumps and comfort in closed loop, beside the curves of today.

In virtual time on the calibrated physical city, with the whole controller in the loop; cities and weather of
seeds that nothing was tuned with. It takes hours and is run only when it is named:
``make bench AREA=control``, ``AREA=control_full`` for the long form.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from benchmarks.control_city import CONTROL, FULL, Size, compared, mistaken
from benchmarks.control_figures import AUTUMN, BREAKS, JANUARY, MISMATCH, breaks_of, figures_of
from benchmarks.measurement import Measurement
from benchmarks.report import Figures


def january(size: Size) -> Figures:
    """Measure the winter month that most figures are of."""
    verdicts = compared("january", size)
    return Figures(results=[*figures_of(JANUARY, verdicts), breaks_of(BREAKS, verdicts)])


def autumn(size: Size) -> Figures:
    """Measure the start of the season, when houses need little."""
    verdicts = compared("autumn_start", size)
    found = [*figures_of(AUTUMN, verdicts), breaks_of("control.autumn.safety_breaks", verdicts)]
    return Figures(results=found)


def mismatch(size: Size) -> Figures:
    """Measure a January in which the centre is wrong about houses, sensors drift and links flap."""
    verdicts = mistaken(size)
    found = [*figures_of(MISMATCH, verdicts), breaks_of("control.mismatch.safety_breaks", verdicts)]
    return Figures(results=found)


def measurements(size: Size) -> Sequence[Measurement]:
    """Return the area for cities of this size."""
    return (
        Measurement(title="a January", names=(*_official(JANUARY), BREAKS), run=partial(january, size)),
        Measurement(title="the start of autumn", names=_official(AUTUMN), run=partial(autumn, size)),
        Measurement(title="a January of errors", names=_official(MISMATCH), run=partial(mismatch, size)),
    )


def _official(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that have a target; further ones have a second dot."""
    return tuple(name for name in names if name.count(".") == 1)


MEASUREMENTS = measurements(CONTROL)
FULL_MEASUREMENTS = measurements(FULL)
