"""How faults are written down: what is told about one stands over the function that does it.

The function is called when the fault begins and returns a context manager: what it does when entered lasts
until it is left. Its name is the fault's name.
"""

from collections.abc import Callable

from simulators.faults.model import Facts, Family, Fault, Fits, Option, Run, Settings


class Library:
    """Faults of one family, in the order in which they are written down."""

    def __init__(self, family: Family, *, duration_s: float = 600.0, fits: Fits | None = None) -> None:
        """``duration_s`` and ``fits`` hold for all of them that say nothing else."""
        self._family = family
        self._duration_s = duration_s
        self._fits = fits or anyone
        self.faults: list[Fault] = []

    def fault(
        self,
        rows: str,
        does: str,
        expected: str,
        *options: Option,
        duration_s: float | None = None,
        fits: Fits | None = None,
    ) -> Callable[[Run], Run]:
        """Make a fault of the function below; ``rows`` with spaces between."""

        def add(run: Run) -> Run:
            self.add(run.__name__, run, rows, does, expected, *options, duration_s=duration_s, fits=fits)
            return run

        return add

    def add(
        self,
        name: str,
        run: Run,
        rows: str,
        does: str,
        expected: str,
        *options: Option,
        duration_s: float | None = None,
        fits: Fits | None = None,
    ) -> None:
        """Add a fault whose function has been made elsewhere."""
        self.faults.append(
            Fault(
                name=name,
                rows=tuple(rows.split()),
                family=self._family,
                does=does,
                expected=expected,
                options=options,
                duration_s=self._duration_s if duration_s is None else duration_s,
                run=run,
                fits=fits or self._fits,
            )
        )


# ---------------------------------------------------------------------------------------- who can have one


def anyone(facts: Facts, settings: Settings) -> str | None:
    """Refuse nobody."""
    return None


def modbus_only(facts: Facts, settings: Settings) -> str | None:
    """Refuse devices that do not speak Modbus."""
    return None if facts.profile.protocol == "modbus" else f"{facts.profile.name} does not speak Modbus"


def opcua_only(facts: Facts, settings: Settings) -> str | None:
    """Refuse devices that do not speak OPC UA."""
    return None if facts.profile.protocol == "opcua" else f"{facts.profile.name} does not speak OPC UA"


def has_any(facts: Facts, settings: Settings) -> str | None:
    """Refuse devices that have none of the points asked for."""
    if any(facts.profile.point(name) for name in settings.names()):
        return None
    return f"{facts.profile.name} has none of the points {', '.join(settings.names())}"


def first_reason(*conditions: Fits) -> Fits:
    """Return a condition that refuses whom any of ``conditions`` refuses, in their order."""

    def fits(facts: Facts, settings: Settings) -> str | None:
        return next((reason for one in conditions if (reason := one(facts, settings)) is not None), None)

    return fits
