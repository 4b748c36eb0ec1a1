"""Faults of the plant: valves, pumps, pipes, exchangers, the source, and what people leave behind."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from simulators.faults.model import Facts, Family, Fault, Fits, Number, Option, Run, Settings, Target
from simulators.faults.plant_port import (
    CurveMoved,
    ExchangerLeaks,
    Fouled,
    MainBurst,
    PipeBurst,
    PumpTripped,
    SourceLimited,
    SunOnSensor,
    Trouble,
    ValveStuck,
)


def _running(trouble: Callable[[Settings], Trouble]) -> Run:
    @asynccontextmanager
    async def run(target: Target, settings: Settings) -> AsyncIterator[None]:
        assert target.plant is not None, "a station without a plant cannot have a fault of the plant"
        end = target.plant.begin(target.facts.station, trouble(settings))
        try:
            yield
        finally:
            end()

    return run


def _no_source(facts: Facts, settings: Settings) -> str | None:
    return "is a heat source" if facts.kind == "source" else None


def _only_in_a_network(facts: Facts, settings: Settings) -> str | None:
    if not facts.pipes:
        return "the plant behind it has no network of pipes"
    return _no_source(facts, settings)


def _only_source(facts: Facts, settings: Settings) -> str | None:
    return None if facts.kind == "source" else "is no heat source"


def _fault(
    name: str,
    does: str,
    expected: str,
    trouble: Callable[[Settings], Trouble],
    *options: Option,
    fits: Fits = _no_source,
) -> Fault:
    return Fault(
        name=name,
        rows=(),
        family=Family.PLANT,
        does=does,
        expected=expected,
        options=options,
        duration_s=3600.0,
        run=_running(trouble),
        fits=fits,
    )


FAULTS = (
    _fault(
        "valve_stuck",
        "the primary valves obey no command and stay where they are",
        "setpoint and supply differ for long; nothing is pushed further; told as a loop that does not follow",
        lambda _: ValveStuck(position=None),
    ),
    _fault(
        "valve_stuck_open",
        "the primary valves go to a position and obey no command there",
        "over the limit the station's own interlock acts; alarm supply_over_limit or heat_short",
        lambda settings: ValveStuck(position=settings.number("position_pct") / 100.0),
        Number(key="position_pct", default=100.0, low=0.0, high=100.0, does="where to"),
    ),
    _fault(
        "pump_trip",
        "the circulation pumps stand",
        "alarm pump_stopped",
        lambda _: PumpTripped(),
    ),
    _fault(
        "source_limited",
        "the heat source gives no more than a share of its capacity",
        "alarm plant_shortage; the shortage is shared out, no district is left to freeze",
        lambda settings: SourceLimited(share=settings.number("share_pct") / 100.0),
        Number(key="share_pct", default=50.0, low=5.0, high=100.0, does="of its capacity"),
        fits=_only_source,
    ),
    _fault(
        "pipe_burst",
        "secondary water runs out: much make-up, and the pressure falls all the same",
        "alarm makeup_high, or burst where pressure falls with it",
        lambda settings: PipeBurst(
            share=settings.number("share_pct") / 100.0, dp_per_min=settings.number("kPa_per_min")
        ),
        Number(key="share_pct", default=5.0, low=0.1, high=30.0, does="make-up over circulation"),
        Number(key="kPa_per_min", default=10.0, low=0.0, high=200.0, does="fall of the pressure"),
    ),
    _fault(
        "main_burst",
        "primary water runs out of the supply pipe at a station's branch, the source makes it up",
        "less pressure and heat for the stations behind it; heat_short where it does not suffice",
        lambda settings: MainBurst(m_flow=settings.number("kg_per_s")),
        Number(key="kg_per_s", default=2.0, low=0.1, high=20.0, does="what runs out"),
        fits=_only_in_a_network,
    ),
    _fault(
        "exchanger_leak",
        "primary water gets through the exchanger: secondary pressure rises without make-up, primary falls",
        "alarm exchanger_leak",
        lambda settings: ExchangerLeaks(dp_per_min=settings.number("kPa_per_min")),
        Number(key="kPa_per_min", default=1.0, low=0.1, high=50.0, does="rise of the secondary pressure"),
    ),
    _fault(
        "fouling",
        "scale on the exchangers: primary return rises, valves open wider, heat may fall short",
        "nothing is pushed past a limit; heat_short when a valve is wide open",
        lambda settings: Fouled(resistance=settings.number("resistance_pct") / 100.0),
        Number(
            key="resistance_pct", default=100.0, low=1.0, high=1000.0, does="added, of the design resistance"
        ),
    ),
    _fault(
        "curve_moved",
        "somebody has moved the heating curve in the station's controller",
        "alarm curve_drift where the loop is on its own curve",
        lambda settings: CurveMoved(dT=settings.number("shift_K")),
        Number(key="shift_K", default=5.0, low=-20.0, high=20.0, does="on every point of the curve"),
    ),
    _fault(
        "sun_on_sensor",
        "the sun reaches the outdoor sensor: too warm by day, the station's own curve heats too little",
        "the city's outdoor temperature does not follow it; the station is given the centre's",
        lambda settings: SunOnSensor(K_per_W_m2=settings.number("K_per_100_W_m2") / 100.0),
        Number(key="K_per_100_W_m2", default=3.0, low=0.1, high=20.0, does="too warm per 100 W/m2 of sun"),
    ),
)
