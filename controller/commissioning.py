"""``dhc commission``: try one station end to end, while somebody stands beside it.

Class A and T: write, read back, keep the lease, fall silent, watch the station return to its own curve at the
agreed pace, write again and hand back. Class B: write an offset, see it act, fall silent, write the neutral
one. Whatever goes wrong, the loops are handed back; what can not be handed back runs out by its lease.
"""

from collections.abc import Callable
from dataclasses import replace

from controller.check import Verdict, remarks_on
from controller.config.model import SiteConfig, StationConfig
from controller.decisions import LoopTraits, Season
from controller.historian.command_log import CommandLog
from controller.loop_points import points_of
from controller.proof import Record, Step, address_facts, software_version
from controller.trial import (
    BACK_K,
    CURVE_FAIL_K,
    CURVE_WARN_K,
    RAMP_K_PER_S,
    before,
    choose,
    ramp_fault,
    refusal,
    steepest_ramp,
    value_of,
)
from controller.trial_link import LinkGone, Readings, TrialLink, fresh
from controller.trial_writer import CONFIRM_POLLS, LoopTrial, TrialFailed, TrialWriter, said
from controller.wiring import loop_traits, source_traits
from stations.driver import StationDriver
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged
from stations.model.setpoint import StationClass

FALLBACK_SLACK_S = 20.0
"""The contract: fallback begins at most watchdog + 20 s after the centre fell silent."""
EARLY_SHARE = 0.5
"""A fallback before this share of the agreed time would make a station flap on a poor link."""
SILENCE_B_S = 60.0
RAMP_SLACK_S = 600.0
NEUTRAL_K = 0.05


class Commissioning:
    """One trial of one station. The caller holds the data folder's lease and owns the command log."""

    def __init__(
        self,
        site: SiteConfig,
        station: StationConfig,
        clock: Clock,
        make_driver: Callable[[], StationDriver],
        command_log: CommandLog,
        *,
        token: int,
        by: str,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """``by`` is who runs it, for the record; ``on_step`` hears of every step as it ends."""
        self._site, self._station, self._clock = site, station, clock
        self._token, self._by, self._on_step = token, by, on_step
        timing, poll_s = site.timing, site.poll_s_of(station)
        self._poll_s, self._slow_s = poll_s, CONFIRM_POLLS * poll_s
        self._link = TrialLink(
            make_driver,
            clock,
            poll_s=poll_s,
            heartbeat_s=timing.heartbeat_s,
            watchdog_s=timing.watchdog_s,
            token=token,
        )
        self._writer = TrialWriter(
            station=station.id,
            profile=station.profile,
            link=self._link,
            log=command_log,
            clock=clock,
            token=token,
            by=by,
            poll_s=poll_s,
        )
        self._trials: list[LoopTrial] = []
        self._steps: list[Step] = []
        self._remarks: list[str] = []
        self._device: dict[str, float] = {}

    async def run(self) -> Record:
        """Try the station and return the record, passed or not; raises CommandLogError."""
        began_at = self._clock.now()
        try:
            await self._look()
            if self._station.profile.station_class is StationClass.B:
                await self._try_offset()
            else:
                await self._try_lease()
        except TrialFailed as failed:
            self._step(failed.name, failed.loop, failed.why, passed=False)
        except LinkGone as gone:
            self._step("link", None, str(gone), passed=False)
        finally:
            self._remarks += await self._writer.leave(self._trials)
        return self._record(began_at)

    # ------------------------------------------------------------------------------------ before writing

    async def _look(self) -> None:
        """Connect, read everything, and refuse what must not be tried."""
        await self._link.connect()
        readings = await self._link.poll()
        for name in ("device_id", "firmware"):
            value = value_of(readings, 0, name)
            if value is not None:
                self._device[name] = value
        self._step("connect and read", None, f"{len(readings)} points")
        for remark in remarks_on(self._station, readings, self._clock.now()):
            text = remark.text if remark.point is None else f"{remark.point}: {remark.text}"
            if remark.verdict is Verdict.FAIL:
                raise TrialFailed("plausible", None, text)
            self._remarks.append(text)
        if not Season(self._site.season).accepts_setpoints:
            raise TrialFailed("ready", None, f"no setpoints are written in season state {self._site.season}")
        for key, listed in (loop_traits(self._site) | source_traits(self._site)).items():
            if key.station == self._station.id and listed.emitter != "dhw":
                self._trials.append(self._prepared(listed, readings))
        if not self._trials:
            raise TrialFailed("ready", None, "the station has no loop that may be driven")

    def _prepared(self, listed: LoopTraits, readings: Readings) -> LoopTrial:
        # The trial is what makes the proof: the last clamp before the wire must not ask for it.
        traits, loop = replace(listed, proven=True), listed.key.loop
        why = refusal(traits, readings)
        if why is not None:
            raise TrialFailed("ready", loop, why)
        start = before(traits, readings)
        text = f"{start.curve_difference_K:+.1f} K from the site file's curve"
        if abs(start.curve_difference_K) > CURVE_FAIL_K:
            raise TrialFailed("own curve", loop, f"{text}: put the commissioned curve into the site file")
        if abs(start.curve_difference_K) > CURVE_WARN_K:
            self._remarks.append(f"loop {loop} runs {text}")
        trial = choose(traits, start, value_of(readings, 0, "T_supply_primary"))
        if trial is None:
            raise TrialFailed("ready", loop, "the limits leave no room for 1 K; try in other weather")
        self._step("ready", loop, f"own curve {start.T_effective:.1f} degC, {text}")
        facts: dict[str, object] = {
            "T_own_degC": round(start.T_effective, 2),
            "curve_difference_K": round(start.curve_difference_K, 2),
            "T_trial_degC": round(trial.T_supply, 2),
            "heat_value": round(trial.instruction.heat, 3),
            "circulation_value": trial.instruction.circulation,
        }
        return LoopTrial(loop=loop, traits=traits, before=start, trial=trial, facts=facts)

    # ------------------------------------------------------------------------------- class A and class T

    async def _try_lease(self) -> None:
        await self._write_and_confirm()
        await self._hold()
        await self._fall_silent()
        await self._ramp_back()
        await self._write_and_confirm()
        await self._hand_back()

    async def _write_and_confirm(self) -> None:
        written_at = self._clock.now()
        for trial in self._trials:
            odd = await self._writer.write(trial)
            if odd is not None:
                self._remarks.append(odd)
        self._link.beating = self._station.profile.station_class is not StationClass.B
        for trial in self._trials:
            self._step("write and read back", trial.loop, await self._writer.confirm(trial, written_at))

    async def _hold(self) -> None:
        """Renew the lease for longer than one lasts: the loops must stay with the centre."""
        deadman = self._station.profile.deadman
        hold_s = self._lease_s + 2 * self._poll_s
        if deadman is not None:
            # until the timer has been wound up again, and that was seen
            hold_s = deadman.arm_s - deadman.rewrite_at_s + 60.0 + self._slow_s

        def left(readings: Readings) -> bool:
            return any(value_of(readings, trial.loop, "remote_level") == 0.0 for trial in self._trials)

        if await self._link.watch(left, hold_s):
            why = self._link.refused_beat or "a loop went back to its own curve although it was renewed"
            raise TrialFailed("lease holds", None, why)
        remaining = value_of(self._link.readings, 0, "deadman_remaining")
        if deadman is not None and remaining is not None and remaining <= deadman.arm_s - hold_s:
            raise TrialFailed("lease holds", None, f"the dead-man is not wound up: {remaining:.0f} s left")
        self._step("lease holds", None, f"renewed for {hold_s:.0f} s")

    async def _fall_silent(self) -> None:
        """Stop renewing: every loop must leave the centre, not much earlier and not later than agreed."""
        self._link.beating = False
        silent_at = self._link.renewed_at
        assert silent_at is not None

        def all_left(readings: Readings) -> bool:
            self._sample(readings)
            for trial in self._trials:
                level = readings.get(Point(trial.loop, "remote_level"))
                if level is not None and level.value == 0.0 and level.received_at > silent_at:
                    trial.fell_back_at = trial.fell_back_at or level.received_at
            return all(trial.fell_back_at is not None for trial in self._trials)

        limit_s = self._lease_s + FALLBACK_SLACK_S
        await self._link.watch(all_left, limit_s + self._slow_s)
        for trial in self._trials:
            if trial.fell_back_at is None:
                text = f"still with the centre {limit_s:.0f} s after it fell silent"
                raise TrialFailed("fallback", trial.loop, text)
            after_s = trial.fell_back_at - silent_at
            trial.facts["fallback_after_s"] = round(after_s, 1)
            # some devices show their level in every second poll only
            if not EARLY_SHARE * self._shortest_s <= after_s <= limit_s + 2 * self._poll_s:
                text = f"fell back after {after_s:.0f} s, agreed are at most {limit_s:.0f} s"
                raise TrialFailed("fallback", trial.loop, text)
            trial.ours = False
            self._step("fallback", trial.loop, f"left the centre {after_s:.0f} s after the last renewal")

    async def _ramp_back(self) -> None:
        """Watch the setpoint in force return to the own curve, no faster than agreed."""

        def all_back(readings: Readings) -> bool:
            self._sample(readings)
            return all(_on_own_curve(trial, readings) for trial in self._trials)

        far_K = max(abs(t.trial.T_supply - t.before.T_effective) for t in self._trials)
        limit_s = far_K / RAMP_K_PER_S + RAMP_SLACK_S
        if not await self._link.watch(all_back, limit_s):
            late = next((t.loop for t in self._trials if not _on_own_curve(t, self._link.readings)), None)
            raise TrialFailed("ramp", late, f"not back on its own curve within {limit_s:.0f} s")
        for trial in self._trials:
            self._judge_ramp(trial)

    def _judge_ramp(self, trial: LoopTrial) -> None:
        if not trial.samples:
            self._step("ramp", trial.loop, "the device does not show which setpoint is in force")
            return
        slope = steepest_ramp(trial.samples)
        trial.facts["ramp_K_per_min"] = round(slope, 2)
        fault = ramp_fault(trial.samples, trial.traits.heat_resolution_K)
        if fault is None:
            self._step("ramp", trial.loop, f"back on its own curve at up to {slope:.2f} K/min")
        elif self._station.profile.station_class is StationClass.T:
            # such devices are bought as they are; the band of 8 K bounds the jump
            self._step("ramp", trial.loop, f"back on its own curve; this device jumps: {fault}")
        else:
            raise TrialFailed("ramp", trial.loop, f"{fault}; agreed are 0.2 K/min")

    async def _hand_back(self) -> None:
        """Hand the loops back in good order: they must leave the centre at once."""
        self._link.beating = False
        asked_at = self._clock.now()
        await self._hand_back_all("hand back")

        def all_left(readings: Readings) -> bool:
            now = fresh(readings, asked_at)
            return all(value_of(now, trial.loop, "remote_level") == 0.0 for trial in self._trials)

        if not await self._link.watch(all_left, self._slow_s):
            raise TrialFailed("hand back", None, "still with the centre after it was handed back")
        self._restored("hand back", "every loop is on its own curve again")

    # -------------------------------------------------------------------------------------------- class B

    async def _try_offset(self) -> None:
        await self._write_and_confirm()
        if not await self._link.watch(self._offsets_act, self._slow_s):
            raise TrialFailed("offset acts", None, "the setpoint in force does not follow the offset")
        self._step("offset acts", None, "the setpoint in force follows")
        await self._link.close()
        await self._clock.sleep(SILENCE_B_S)
        readings = await self._link.poll()
        for trial in self._trials:
            offset = value_of(readings, trial.loop, f"{trial.channel}_readback")
            shown = "" if offset is None else f" of {offset:+.1f} K"
            self._step("silence", trial.loop, f"keeps its last offset{shown}: bounded, but no fallback")
        asked_at = self._clock.now()
        await self._hand_back_all("neutral")
        profile = self._station.profile
        neutral_K = 0.0 if profile.offset is None else profile.offset.neutral

        def all_neutral(readings: Readings) -> bool:
            now = fresh(readings, asked_at)
            offsets = [value_of(now, trial.loop, f"{trial.channel}_readback") for trial in self._trials]
            return all(offset is not None and abs(offset - neutral_K) < NEUTRAL_K for offset in offsets)

        if not await self._link.watch(all_neutral, self._slow_s):
            raise TrialFailed("neutral", None, "the neutral offset is not read back")
        self._restored("neutral", "every offset is neutral again")

    def _offsets_act(self, readings: Readings) -> bool:
        for trial in self._trials:
            T = value_of(readings, *_in_force(trial))
            if T is not None and abs(T - _own(trial, readings) - trial.trial.instruction.heat) > BACK_K:
                return False
        return True

    # ------------------------------------------------------------------------------------------- the rest

    async def _hand_back_all(self, name: str) -> None:
        for trial in self._trials:
            outcome = await self._writer.hand_back(trial)
            if not isinstance(outcome, Acknowledged):
                raise TrialFailed(name, trial.loop, f"not taken: {said(outcome)}")

    def _restored(self, name: str, detail: str) -> None:
        for trial in self._trials:
            trial.ours = False
        self._step(name, None, detail)

    @property
    def _lease_s(self) -> float:
        """How long a station may stay with a silent centre; a dead-man's display rounds up to a minute."""
        deadman = self._station.profile.deadman
        return self._site.timing.watchdog_s if deadman is None else deadman.arm_s + 60.0

    @property
    def _shortest_s(self) -> float:
        """How long it stays at least: a renewal winds a dead-man up only where it has run low."""
        deadman = self._station.profile.deadman
        return self._site.timing.watchdog_s if deadman is None else deadman.rewrite_at_s

    def _sample(self, readings: Readings) -> None:
        for trial in self._trials:
            reading = readings.get(_in_force(trial))
            if reading is None or reading.value is None:
                continue
            if not trial.samples or reading.received_at > trial.samples[-1][0]:
                trial.samples.append((reading.received_at, reading.value))

    def _step(self, name: str, loop: int | None, detail: str, *, passed: bool = True) -> None:
        step = Step(at=self._clock.now(), name=name, loop=loop, passed=passed, detail=detail)
        self._steps.append(step)
        self._on_step(step)

    def _record(self, began_at: float) -> Record:
        station, timing = self._station, self._site.timing
        facts = {str(trial.loop): trial.facts for trial in self._trials}
        return Record(
            station=station.id,
            name_en=station.name_en,
            site=self._site.name,
            simulation=self._site.simulation,
            profile=station.profile.name,
            station_class=station.profile.station_class.value,
            address=address_facts(station),
            loops=tuple(trial.loop for trial in self._trials),
            began_at=began_at,
            ended_at=self._clock.now(),
            watchdog_s=timing.watchdog_s,
            heartbeat_s=timing.heartbeat_s,
            token=self._token,
            version=software_version(),
            by=self._by,
            wire={**self._link.facts(), "loops": facts},
            device=dict(self._device),
            steps=tuple(self._steps),
            remarks=tuple(self._remarks),
        )


def _own(trial: LoopTrial, readings: Readings) -> float:
    """Return the station's own curve now, degC."""
    return trial.before.own_curve(trial.traits, value_of(readings, 0, "T_outdoor"))


def _in_force(trial: LoopTrial) -> Point:
    """Return the point that shows the supply setpoint in force."""
    return points_of(trial.traits).T_supply_effective


def _on_own_curve(trial: LoopTrial, readings: Readings) -> bool:
    T = value_of(readings, *_in_force(trial))
    return T is None or abs(T - _own(trial, readings)) <= BACK_K + trial.traits.heat_resolution_K
