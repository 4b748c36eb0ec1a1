"""One station of the field loop with everything around it that its dispatcher and supervisor need."""

import itertools
from contextlib import contextmanager
from dataclasses import dataclass, field

from controller.admission import Admission
from controller.decisions import LoopKey, Mode, Season
from controller.dispatch import Dispatcher, DispatchServices
from controller.historian.records import LEGAL, Intent, State
from controller.image import ProcessImage, StationImage
from controller.outbox import Outbox
from controller.state import ControllerState, LoopStatus
from stations.model.quality import Reason
from stations.model.reading import bad
from stations.model.setpoint import CirculationChannel, HeatChannel
from stations.profile import builtin_profile
from tests.support.clocks import ManualClock
from tests.support.guard_world import loop_traits
from tests.support.scripted_driver import Script

STATION = "S001"
TOKEN = 7


def traits_of(loop=1, **changes):
    """A proven class A radiator loop of 40 kg/s."""
    return loop_traits(1, key=LoopKey(STATION, loop), **changes)


def intent(number=1, loop=1, **changes):
    """A sound instruction for one loop: 56 degC, 32 kg/s."""
    values = {
        "id": number,
        "at": 0.0,
        "station": STATION,
        "loop": loop,
        "token": TOKEN,
        "sequence": number,
        "T_supply_set": 56.0,
        "m_flow_set": 32.0,
        "heat_channel": HeatChannel.T_SUPPLY,
        "heat_value": 56.0,
        "circulation_channel": CirculationChannel.M_FLOW,
        "circulation_value": 32.0,
        "author": "strategy:curve",
        "reason": (),
        "previous_T_supply_set": None,
        "previous_m_flow_set": None,
        "valid_until": 1e12,
        "state": State.REQUESTED,
        "state_at": 0.0,
    }
    return Intent(**(values | changes))


@dataclass
class FieldBench:
    """A dispatcher with a scripted station; ``told`` holds every recorded (intent id, state)."""

    clock: object
    loops: tuple = (1,)
    profile_name: str = "plc-a"
    traits: dict = None
    told: list = field(default_factory=list)
    licence: bool = True

    def __post_init__(self):
        self.profile = builtin_profile(self.profile_name)
        self.traits = self.traits or {loop: traits_of(loop) for loop in self.loops}
        self.script = Script(self.clock, self.loops)
        self.driver = self.script.make()
        never = bad(Reason.NEVER_READ, self.clock.now())
        self.image = ProcessImage(
            {STATION: StationImage(station=STATION, readings=dict.fromkeys(self.script.values, never))}
        )
        keys = [LoopKey(STATION, loop) for loop in self.loops]
        statuses = {key: LoopStatus(key=key, mode=Mode.AUTO, season=Season.HEATING) for key in keys}
        self.state = ControllerState(image=self.image, loops=statuses, token=TOKEN)
        self.outbox = Outbox([STATION])
        self.box = self.outbox.box(STATION)
        self.admission = Admission()
        self.dispatcher = Dispatcher(
            station=STATION,
            profile=self.profile,
            traits=self.traits,
            admission=self.admission,
            services=DispatchServices(
                clock=self.clock,
                state=self.state,
                outbox=self.outbox,
                record=lambda of, state, detail=None: self.told.append((of.id, state)),
                heartbeat_s=20.0,
                watchdog_s=180.0,
                licensed=lambda: self.licence,
            ),
        )

    def status(self, loop=1):
        return self.state.loops[LoopKey(STATION, loop)]

    def post(self, of, life_s=120.0):
        """Hand an intent over as the cycle does."""
        status = self.status(of.loop)
        status.intent_id, status.T_supply_set, status.m_flow_set = of.id, of.T_supply_set, of.m_flow_set
        return self.outbox.post(of, self.clock.monotonic() + life_s)

    async def write(self):
        await self.dispatcher.write_pending(self.driver)

    def poll(self, advance_s=10.0):
        """One fresh answer of the station, as the supervisor hands it to the dispatcher."""
        self.clock.advance(advance_s)
        readings = self.script.readings()
        self.dispatcher.verify(readings)
        return readings

    def states(self, number):
        """The recorded life of one intent."""
        return [state for of, state in self.told if of == number]


@contextmanager
def field_bench():
    """A bench of one loop; at the end every intent must have gone from state to state as is legal."""
    bench = FieldBench(ManualClock())
    yield bench
    for number in {of for of, _ in bench.told}:
        life = [State.REQUESTED, *bench.states(number)]
        assert all(after in LEGAL[before] for before, after in itertools.pairwise(life)), life


async def held(bench, number=1):
    """Bring the station to hold a confirmed instruction."""
    bench.poll()
    bench.post(intent(number))
    await bench.write()
    bench.poll()
    assert bench.states(number)[-1] is State.CONFIRMED
    return bench
