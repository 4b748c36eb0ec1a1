"""A trial proves what a station does; a station with a flaw is not proven, and handed back."""

import pytest

from controller.commissioning import Commissioning
from controller.historian.command_log import CommandLog
from controller.historian.records import State
from stations.driver import ConfigurationFault, LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.reading import good
from tests.support.sites import loop_config, site_config, station_config

START = 1_768_406_400.0
T_OUTDOOR = -5.0
T_OWN = 67.0
M_DESIGN = 35.0
FALLBACK_K_PER_S = 0.2 / 60.0


class LeapingClock:
    """Virtual time: a sleep takes no time and moves all clocks."""

    factor = 1.0

    def __init__(self):
        self.at = 1000.0

    def now(self):
        return START + self.at

    def monotonic(self):
        return self.at

    def wall_monotonic(self):
        return self.at

    async def sleep(self, scaled_s):
        self.at += max(0.0, scaled_s)


class Station:
    """A station with one loop and a lease, as a driver sees it; each flaw is one way to be wrong."""

    def __init__(self, clock, flaw=""):
        self.clock, self.flaw = clock, flaw
        self.T, self.m = T_OWN, M_DESIGN
        self.T_wish, self.m_wish = T_OWN, M_DESIGN
        self.expires_at = None
        self.moved_at = clock.now()
        self.offset = 0.0
        self.written = []
        self.breaks = 2 if flaw == "stutters" else 0

    @property
    def remote(self):
        return self.expires_at is not None

    def advance(self):
        now = self.clock.now()
        if self.remote and now > self.expires_at and self.flaw != "never falls back":
            self.moved_at = max(self.moved_at, self.expires_at)
            self.expires_at = None
        if self.remote:
            self.T, self.m = self.T_wish, self.m_wish
        else:
            pace = {"jumps": 1.0, "ramps too fast": 2 * FALLBACK_K_PER_S, "never ramps": 0.0}.get(
                self.flaw, FALLBACK_K_PER_S
            )
            step = min(abs(T_OWN - self.T), pace * (now - self.moved_at))
            self.T += step if self.T < T_OWN else -step
            self.m = M_DESIGN
        self.moved_at = now


class Driver:
    """One connection to it."""

    def __init__(self, station):
        self.plc = station

    async def connect(self):
        if self.plc.flaw == "absent":
            raise LinkLost("S001", "connection refused")
        if self.plc.flaw == "stranger":
            raise ConfigurationFault("S001", "not such a device")

    async def close(self):
        pass

    async def read(self):
        plc, now = self.plc, self.plc.clock.now()
        plc.advance()
        if plc.breaks and len(plc.written) == 1:
            plc.breaks -= 1
            raise NoAnswer("S001", "silent")
        values = {
            (0, "T_outdoor"): T_OUTDOOR,
            (0, "T_supply_primary"): 100.0,
            (0, "firmware"): 2.6,
            (1, "T_supply_secondary"): plc.T,
            (1, "T_return_secondary"): 45.0,
            (1, "y_pump_secondary"): 0.0 if plc.flaw == "pump stands" else 0.8,
            (1, "T_supply_secondary_set_readback"): 30.0 if plc.flaw == "ignores writes" else plc.T_wish,
            (1, "m_flow_secondary_set_readback"): plc.m_wish,
            (1, "T_supply_secondary_set_effective"): plc.T - 4.0 if plc.flaw == "other curve" else plc.T,
            (1, "m_flow_secondary_set_effective"): plc.m,
            (1, "remote_level"): 1.0 if plc.flaw == "driven already" else float(plc.remote),
            (1, "dT_supply_secondary_offset_readback"): plc.offset,
        }
        return {Point(*key): good(value, now, now) for key, value in values.items()}

    async def apply(self, command):
        plc = self.plc
        plc.advance()
        plc.written.append(command)
        if plc.flaw == "refuses":
            return Rejected("busy with something else")
        plc.T_wish, plc.m_wish = command.instruction.heat, command.instruction.circulation
        plc.expires_at = plc.clock.now() + (30.0 if plc.flaw == "falls back early" else 180.0)
        return Unknown("no answer") if plc.flaw == "swallows answers" else Acknowledged()

    async def renew(self, beat):
        plc = self.plc
        plc.advance()
        if plc.flaw == "ignores heartbeats":
            return Acknowledged()
        if plc.remote:
            plc.expires_at = plc.clock.now() + (30.0 if plc.flaw == "falls back early" else beat.valid_for_s)
        return Acknowledged()

    async def hand_back(self, loop):
        plc = self.plc
        plc.advance()
        if plc.flaw != "keeps the loop":
            plc.expires_at = None
        return Acknowledged()

    async def send_outdoor(self, T_outdoor_centre):
        return NotApplicable()


@pytest.fixture
def clock():
    return LeapingClock()


@pytest.fixture
def command_log(tmp_path, clock):
    log = CommandLog.open(tmp_path, clock.now(), reserve_bytes=1 << 16)
    yield log
    log.close()


async def trial(tmp_path, clock, command_log, flaw="", **site):
    plc = Station(clock, flaw)
    told = []
    found = site_config(tmp_path, station_config(loops=(loop_config(proof=None),)), **site)
    commissioning = Commissioning(
        found,
        found.stations[0],
        clock,
        lambda: Driver(plc),
        command_log,
        token=7,
        by="somebody",
        on_step=told.append,
    )
    record = await commissioning.run()
    assert tuple(told) == record.steps
    return plc, record


async def test_a_station_that_keeps_the_contract_is_proven_with_the_facts(tmp_path, clock, command_log):
    plc, record = await trial(tmp_path, clock, command_log)
    assert record.passed, record.steps
    assert [step.name for step in record.steps] == [
        "connect and read",
        "ready",
        "write and read back",
        "lease holds",
        "fallback",
        "ramp",
        "write and read back",
        "hand back",
    ]
    facts = record.wire["loops"]["1"]
    assert facts["T_trial_degC"] == pytest.approx(T_OWN + 1.0)
    assert 180.0 <= facts["fallback_after_s"] <= 200.0
    assert facts["ramp_K_per_min"] == pytest.approx(0.2, abs=0.01)
    assert record.device == {"firmware": 2.6}
    assert (record.token, record.loops, record.by) == (7, (1,), "somebody")
    assert not plc.remote


async def test_every_write_of_a_trial_is_one_step_and_in_the_command_log(tmp_path, clock, command_log):
    plc, _ = await trial(tmp_path, clock, command_log)
    assert [command.sequence for command in plc.written] == [1, 2]
    for command in plc.written:
        assert abs(command.instruction.heat - T_OWN) <= 1.0 + 1e-9
        assert command.instruction.circulation == pytest.approx(0.95 * M_DESIGN)
    logged = command_log.since(0.0)
    assert [(i.sequence, i.token, i.author, i.state) for i in logged] == [
        (1, 7, "commissioning", State.CONFIRMED),
        (2, 7, "commissioning", State.CONFIRMED),
    ]


@pytest.mark.parametrize(
    ("flaw", "step", "words"),
    [
        ("absent", "link", "connection refused"),
        ("stranger", "link", "not such a device"),
        ("pump stands", "ready", "pump stands still"),
        ("driven already", "ready", "follows a centre already"),
        ("other curve", "own curve", "put the commissioned curve into the site file"),
        ("refuses", "write", "busy with something else"),
        ("ignores writes", "write and read back", "register holds 30.00"),
        ("ignores heartbeats", "lease holds", "although it was renewed"),
        ("never falls back", "fallback", "still with the centre"),
        ("falls back early", "fallback", "fell back after"),
        ("jumps", "ramp", "0.2 K/min"),
        ("ramps too fast", "ramp", "0.2 K/min"),
        ("never ramps", "ramp", "not back on its own curve"),
        ("keeps the loop", "hand back", "still with the centre"),
    ],
)
async def test_a_station_with_a_flaw_is_not_proven(tmp_path, clock, command_log, flaw, step, words):
    plc, record = await trial(tmp_path, clock, command_log, flaw)
    assert not record.passed
    assert (record.steps[-1].name, record.steps[-1].passed) == (step, False)
    assert words in record.steps[-1].detail
    assert all(earlier.passed for earlier in record.steps[:-1])
    assert all(intent.state.final for intent in command_log.since(0.0))
    if flaw != "keeps the loop":
        assert not plc.remote


async def test_a_link_that_stalls_is_connected_anew(tmp_path, clock, command_log):
    _, record = await trial(tmp_path, clock, command_log, "stutters")
    assert record.passed, record.steps
    assert record.wire["link_losses"] == 2


async def test_a_lost_answer_is_read_back_and_never_sent_again(tmp_path, clock, command_log):
    plc, record = await trial(tmp_path, clock, command_log, "swallows answers")
    assert len(plc.written) == 2
    assert record.passed, record.steps
    assert any("answer to the write was lost" in remark for remark in record.remarks)


@pytest.mark.parametrize("season", ["off", "filling", "cold_run", "stopping", "maintenance"])
async def test_nothing_is_written_outside_the_heating_season(tmp_path, clock, command_log, season):
    plc, record = await trial(tmp_path, clock, command_log, season=season)
    assert not record.passed
    assert season in record.steps[-1].detail
    assert plc.written == []
