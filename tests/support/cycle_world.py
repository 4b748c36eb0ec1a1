"""A site of images on a real command log: a test says what stations answer, a cycle what it wants of them."""

from controller.admission import Admission
from controller.cycle import CycleParts, freeze, run_cycle
from controller.deciding import Rules, think
from controller.decisions import LoopKey
from controller.historian.command_log import CommandLog
from controller.image import Link
from controller.memory import ControlMemory
from controller.outbox import Outbox
from controller.recorder import TransitionRecorder
from controller.wiring import first_state, loop_traits, regulation_laws
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.sites import site_config, station_config

KEY = LoopKey("S001", 1)
T_OUTDOOR = -5.0
T_CURVE = 67.2
"""What the 75/50 law asks at -5 degC."""
T_HELD = 65.0


class World:
    """A site of images: the test says what stations answer, the cycle says what it wants of them."""

    def __init__(self, folder, *stations):
        self.clock = ManualClock()
        self.site = site_config(folder, *(stations or default_stations()))
        self.log = CommandLog.open(folder, self.clock.now(), reserve_bytes=0)
        self.state = first_state(self.site, self.clock)
        self.state.token = 7
        traits = loop_traits(self.site)
        self.outbox = Outbox(station.id for station in self.site.stations)
        self.recorder = TransitionRecorder(self.log, self.clock, self.state)
        self.parts = CycleParts(
            clock=self.clock,
            rules=Rules(
                traits=traits,
                strategy_of={"north": "curve"},
                laws=regulation_laws(self.site),
                outdoor_filter_s={"radiator": 43_200.0},
                poll_s=10.0,
            ),
            state=self.state,
            memory=ControlMemory(traits, {}),
            outbox=self.outbox,
            command_log=self.log,
            recorder=self.recorder,
            admissions={station.id: Admission() for station in self.site.stations},
            takes_outdoor=("S001",),
        )

    def poll(self, T_supply=T_HELD, m_flow=35.0, T_outdoor=T_OUTDOOR):
        """All stations answer now."""
        now = self.clock.now()
        for station in self.site.stations:
            values = {
                Point(0, "T_outdoor"): T_outdoor,
                Point(0, "T_supply_primary"): 95.0,
                Point(1, "T_supply_secondary"): T_supply,
                Point(1, "T_return_secondary"): T_supply - 15.0,
                Point(1, "m_flow_secondary"): m_flow,
                Point(1, "y_pump_secondary"): 0.8,
            }
            readings = {point: good(value, now) for point, value in values.items()}
            self.state.image.update(station.id, readings=readings, polled_at=now, link=Link.ONLINE)
            self.parts.admissions[station.id].answered(self.clock.monotonic())

    async def cycle(self, after_s=60.0):
        self.clock.advance(after_s)
        self.poll()
        await run_cycle(self.parts)
        await self.recorder.drain()

    def pending(self, station="S001"):
        return self.outbox.box(station).setpoints

    def deliver(self, station="S001"):
        """What a dispatcher does: take the setpoint, the station holds it."""
        taken = self.pending(station).pop(1).intent
        self.state.loops[LoopKey(station, 1)].held = True
        return taken


def default_stations():
    return (station_config("S001"), station_config("S002", port=20002))


def thought_of(world):
    return think(freeze(world.parts), world.parts.rules)
