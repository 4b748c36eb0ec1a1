"""What goes wrong in a world, and when: drawn from the seed before anything begins."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that happens."""

    at: float
    """Virtual second."""
    kind: str
    """Name from ``KINDS``."""
    station: str = ""
    """Empty where it concerns the centre or all."""
    seconds: float = 0.0
    """How long it lasts, for those that last."""
    amount: float = 0.0
    """Segments, steps or kelvin, by kind."""

    def __str__(self) -> str:
        """Render as ``at 123.4 s: blackhole S003 for 60.0 s``."""
        parts = [f"at {self.at:.1f} s: {self.kind}"]
        if self.station:
            parts.append(self.station)
        if self.amount:
            parts.append(f"({self.amount:g})")
        if self.seconds:
            parts.append(f"for {self.seconds:.1f} s")
        return " ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How often a kind of fault is drawn, and how long and how strong it is."""

    weight: float
    seconds: tuple[float, float] = (0.0, 0.0)
    amount: tuple[float, float] = (0.0, 0.0)
    per_station: bool = True


KINDS: dict[str, Kind] = {
    # a device ignores some requests
    "poll_loss": Kind(weight=3, amount=(1, 6)),
    # round trips of 60..300 ms, and one segment in twenty late by 1..3 s
    "bad_cell": Kind(weight=3, seconds=(60, 900)),
    # nothing arrives for a while, nothing is lost
    "stall": Kind(weight=3, seconds=(1, 20)),
    "blackhole": Kind(weight=3, seconds=(5, 600)),
    # neither end hears of the other again, new connections work
    "half_open": Kind(weight=3),
    "reset": Kind(weight=3),
    "refused": Kind(weight=2, seconds=(5, 300)),
    # random bytes in place of answers
    "garbage": Kind(weight=2, seconds=(5, 120)),
    "station_restart": Kind(weight=2, seconds=(5, 120)),
    "station_power_loss": Kind(weight=1, seconds=(20, 300)),
    "outage": Kind(weight=1, seconds=(60, 1200), per_station=False),
    "disk_slow": Kind(weight=1, seconds=(30, 300), amount=(0.2, 1.5), per_station=False),
    "disk_full": Kind(weight=1, seconds=(30, 300), per_station=False),
    "kill": Kind(weight=2, seconds=(2, 60), per_station=False),
    # killed so many steps later: in the middle of whatever it does then
    "kill_at_step": Kind(weight=2, seconds=(2, 60), amount=(1, 400), per_station=False),
    # as a kill, and no system is left to close its connections
    "power_cut": Kind(weight=1, seconds=(30, 400), per_station=False),
    "planned_stop": Kind(weight=1, seconds=(5, 60), per_station=False),
    # somebody sets UTC on the centre's machine wrong, and right again; drawn by no seed, tests strike it
    "clock_jump": Kind(weight=0, seconds=(60, 900), amount=(-3600, 3600), per_station=False),
    "operator": Kind(weight=3, seconds=(600, 3600), amount=(-2.5, 2.5)),
}
"""Names of all faults. Those of the centre last until it has been started again."""

OF_CENTRE = ("kill", "kill_at_step", "power_cut", "planned_stop")


def draw_plan(
    seed: int, hours: float, stations: Sequence[str], *, every_s: float, quiet_s: float
) -> tuple[Fault, ...]:
    """Draw faults about ``every_s`` apart (exponential); the last ``quiet_s`` of the hours have none.

    What lasts is cut so that it ends before the quiet time, too. With ``every_s`` 0 there are none.
    """
    if every_s == 0.0:
        return ()
    rng = random.Random(f"{seed}:faults")
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    end = 3600.0 * hours - quiet_s
    at, plan = rng.expovariate(1.0 / every_s), list[Fault]()
    while at < end:
        name = rng.choices(names, weights)[0]
        kind = KINDS[name]
        low, high = kind.amount
        amount = (
            float(rng.randint(int(low), int(high))) if name in _WHOLE else round(rng.uniform(low, high), 2)
        )
        plan.append(
            Fault(
                at=at,
                kind=name,
                station=rng.choice(stations) if kind.per_station else "",
                seconds=min(rng.uniform(*kind.seconds), end - at) if kind.seconds[1] else 0.0,
                amount=amount,
            )
        )
        at += rng.expovariate(1.0 / every_s)
    return tuple(plan)


_WHOLE = ("poll_loss", "kill_at_step")
