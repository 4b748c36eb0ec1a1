"""The writes of a commissioning: recorded before the wire, clamped, sent once, read back, handed back."""

import asyncio
from dataclasses import dataclass, field

from controller.decisions import LoopTraits
from controller.historian.command_log import CommandLog
from controller.historian.records import Intent, RegisterWrite, State, Transition
from controller.last_clamp import clamp_fault
from controller.trial import Before, Trial, value_of
from controller.trial_link import LinkGone, Readings, TrialLink, fresh
from controller.verification import Match, compare
from stations.model.clock import Clock
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown, WriteOutcome
from stations.model.setpoint import LoopCommand
from stations.profile import Profile

AUTHOR = "commissioning"
CONFIRM_POLLS = 8
"""Slow blocks of a device are read in every sixth poll."""
COMMAND_LIFE_S = 120.0
HAND_BACK_WALL_S = 10.0


class TrialFailed(Exception):
    """A step did not pass: nothing further is tried."""

    def __init__(self, name: str, loop: int | None, why: str) -> None:
        super().__init__(why)
        self.name, self.loop, self.why = name, loop, why


@dataclass(slots=True, kw_only=True)
class LoopTrial:
    """One loop under trial. Owner: the commissioning."""

    loop: int
    traits: LoopTraits
    before: Before
    trial: Trial
    facts: dict[str, object]
    samples: list[tuple[float, float]] = field(default_factory=list)
    """(UTC second, degC) of the setpoint in force since the centre fell silent."""
    fell_back_at: float | None = None
    open: Intent | None = None
    """The intent whose read-back is awaited."""
    sequence: int = 0
    ours: bool = False
    """True while the loop may hold something of ours."""

    @property
    def channel(self) -> str:
        """Name of the heat channel's point."""
        assert self.traits.heat is not None
        return self.traits.heat.value


@dataclass(slots=True, kw_only=True)
class TrialWriter:
    """Writes to the loops of one station. Used by one task."""

    station: str
    profile: Profile
    link: TrialLink
    log: CommandLog
    clock: Clock
    token: int
    by: str
    poll_s: float

    async def write(self, trial: LoopTrial) -> str | None:
        """Record and send the trial; returns what was odd about the answer. Raises TrialFailed."""
        trial.sequence += 1
        trial.fell_back_at = None
        intent = self._intent(trial)
        fault = clamp_fault(trial.traits, intent)
        if fault is not None:
            raise TrialFailed("write", trial.loop, fault)
        await self.log.commit([intent])
        trial.open = intent
        await self._note(intent, State.SENT)
        trial.ours = True
        command = LoopCommand(
            loop=trial.loop, token=self.token, sequence=trial.sequence, instruction=trial.trial.instruction
        )
        outcome = await self.link.write(lambda driver: driver.apply(command))
        match outcome:
            case Acknowledged():
                await self._note(intent, State.ACKNOWLEDGED)
                return None
            case Unknown(why):
                # the read-back tells; sending it again blindly could be the second time
                return f"loop {trial.loop}: the answer to the write was lost: {why}"
            case Rejected() | NotApplicable():
                await self.close(trial, State.REJECTED, said(outcome))
                raise TrialFailed("write", trial.loop, f"not taken: {said(outcome)}")

    async def confirm(self, trial: LoopTrial, written_at: float) -> str:
        """Wait for the read-back of what was written at or before UTC second ``written_at``; returns it."""
        wanted = trial.trial.instruction
        found, match = "no read-back came", Match.UNREADABLE

        def confirmed(readings: Readings) -> bool:
            nonlocal found, match
            now = fresh(readings, written_at)
            result = compare(self.profile, trial.loop, wanted.heat, wanted.circulation, now)
            found, match = result.detail.en, result.match
            with_the_centre = value_of(now, trial.loop, "remote_level") != 0.0
            return match in (Match.CONFIRMED, Match.LIMITED) and with_the_centre

        if not await self.link.watch(confirmed, CONFIRM_POLLS * self.poll_s):
            await self.close(trial, State.REJECTED, found)
            raise TrialFailed("write and read back", trial.loop, found)
        limited = match is Match.LIMITED
        await self.close(trial, State.CONFIRMED_LIMITED if limited else State.CONFIRMED, found)
        trial.facts["read_back_after_s"] = round(self.clock.now() - written_at, 1)
        return found

    async def hand_back(self, trial: LoopTrial) -> WriteOutcome:
        """Send one loop back to its own curve (class B: to its neutral offset)."""
        return await self.link.write(lambda driver: driver.hand_back(trial.loop))

    async def leave(self, trials: list[LoopTrial]) -> list[str]:
        """Hand back what may still be ours and close the link; returns what was not possible."""
        remarks = []
        self.link.beating = False
        try:
            async with asyncio.timeout(HAND_BACK_WALL_S):
                for trial in trials:
                    if trial.ours:
                        trial.ours = not isinstance(await self.hand_back(trial), Acknowledged)
        except (LinkGone, TimeoutError) as error:
            remarks.append(f"hand back: {str(error) or 'time limit'}")
        await self.link.close()
        for trial in trials:
            await self.close(trial, State.EXPIRED, "the commissioning ended")
            if trial.ours:
                what = "look at its offset" if self.profile.offset else "its lease runs out by itself"
                remarks.append(f"loop {trial.loop} could not be handed back: {what}")
        return remarks

    async def close(self, trial: LoopTrial, state: State, detail: str) -> None:
        """Note the end of the open intent, if there is one."""
        intent, trial.open = trial.open, None
        if intent is not None:
            await self._note(intent, state, detail)

    async def _note(self, intent: Intent, state: State, detail: str = "") -> None:
        now = self.clock.now()
        channels = (intent.heat_channel, intent.circulation_channel) if state is State.SENT else ()
        writes = [
            RegisterWrite(station=intent.station, loop=intent.loop, point=channel.value, at=now)
            for channel in channels
            if channel is not None
        ]
        await self.log.record([Transition(intent_id=intent.id, at=now, state=state, detail=detail)], writes)

    def _intent(self, trial: LoopTrial) -> Intent:
        now, traits, wanted = self.clock.now(), trial.traits, trial.trial
        assert traits.heat is not None
        return Intent(
            id=self.log.next_ids(1)[0],
            at=now,
            station=self.station,
            loop=trial.loop,
            token=self.token,
            sequence=trial.sequence,
            T_supply_set=wanted.T_supply,
            m_flow_set=None if traits.circulation is None else wanted.m_flow,
            heat_channel=traits.heat,
            heat_value=wanted.instruction.heat,
            circulation_channel=traits.circulation,
            circulation_value=wanted.instruction.circulation,
            author=AUTHOR,
            reason=(f"commissioning by {self.by}",),
            previous_T_supply_set=None,
            previous_m_flow_set=None,
            valid_until=now + COMMAND_LIFE_S,
            state=State.REQUESTED,
            state_at=now,
        )


def said(outcome: WriteOutcome) -> str:
    """Return what an answer says, for people."""
    match outcome:
        case Rejected(why) | Unknown(why):
            return why
        case NotApplicable():
            return "the device has no such function"
        case Acknowledged():
            return "taken"
