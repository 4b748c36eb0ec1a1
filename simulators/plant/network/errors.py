"""What can be wrong with a network or with what is asked of it; each names the node, pipe or station."""

from collections.abc import Sequence


class NetworkError(ValueError):
    """Base of all refusals of the network; ``names`` are those of the nodes, pipes or stations concerned."""

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        super().__init__(f"{text}: {_listed(self.names)}" if self.names else text)


class DuplicateName(NetworkError):
    """Two things of one kind share a name."""


class UnknownPlace(NetworkError):
    """A pipe, station, source or pump names a node or a pipe that does not exist."""


class InvalidValue(NetworkError):
    """A length, diameter, coefficient or setting that is not a finite number of its range."""


class NotConnected(NetworkError):
    """Nodes that no source reaches on one side."""


class WithoutPipe(NetworkError):
    """A station or source at a node where no pipe ends."""


class DemandNotServed(NetworkError):
    """Stations of prescribed flow whose differential pressure is too small for it.

    ``dp`` and ``dp_min`` in kPa, shape of ``names``.
    """

    def __init__(self, names: Sequence[str], dp: Sequence[float], dp_min: Sequence[float]) -> None:
        self.dp, self.dp_min = tuple(dp), tuple(dp_min)
        worst = min(range(len(names)), key=lambda i: self.dp[i] - self.dp_min[i])
        super().__init__(
            f"demand cannot be served, worst at {names[worst]}: with what all ask for "
            f"{self.dp[worst]:.1f} kPa are left there, {self.dp_min[worst]:.1f} kPa needed; "
            "all stations concerned",
            names,
        )


class WaterNotHeld(NetworkError):
    """Nodes where the pressure does not keep water liquid, or air outside."""


class ReverseFlow(NetworkError):
    """Sources or pumps through which the water would run backwards: their check valves would be shut.

    The caller decides what that means: prescribe no flow at the source, or raise its pressure.
    """


class NotConverged(NetworkError):
    """The solver gave up; ``residual`` is the last error of head in kPa, worst on ``names[0]``."""

    def __init__(self, why: str, iterations: int, residual: float, worst: str) -> None:
        self.iterations, self.residual = iterations, residual
        super().__init__(
            f"hydraulics did not converge in {iterations} iterations ({why}); "
            f"last residual {residual:.3g} kPa, on",
            [worst],
        )


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
