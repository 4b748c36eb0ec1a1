"""Whether a loop may still be taken over with what the control cycle found it to hold. Pure.

The cycle decides on an earlier poll. Since then an own curve may have jumped, as it does where the outdoor
temperature is lost or told anew, and what was no move then would be one now. Such a take-over is left out;
the next cycle decides on what the loop holds by then.
"""

from controller.historian.records import Intent
from controller.words.phrase import Phrase, said
from stations.drivers.refusals import refuse_jump
from stations.model.reading import Reading
from stations.model.setpoint import HeatChannel

OUTDOOR_SETTLES_S = 15.0
"""After a station was told the outdoor temperature, its setpoint may move for as long: a scan of its PLC, and
the way of an answer. What a poll tells before is not what it will hold."""


def no_take_over(
    intent: Intent, *, level: Reading | None, acts: Reading | None, polled_after_s: float
) -> Phrase | None:
    """Return why a loop that is not held must not be written to now, or None.

    ``level`` and ``acts`` are remote level and effective supply setpoint of the last poll, None where it has
    none; ``polled_after_s`` is how long after the last outdoor temperature that poll came, scaled seconds.
    """
    if intent.heat_channel is not HeatChannel.T_SUPPLY or (level is not None and level.value == 1.0):
        return None  # an offset rides on any curve; who follows a controller already does not jump
    if polled_after_s < OUTDOOR_SETTLES_S:
        return said("write.curve_told")
    refusal = refuse_jump(intent.heat_value, None if acts is None else acts.value)
    if refusal is None or refusal.jump is None:
        return None
    T_held, T_asked = refusal.jump
    return said("write.held_elsewhere", T_held=T_held, T_asked=T_asked)
