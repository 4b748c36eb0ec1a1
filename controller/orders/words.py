"""What a person asked for and does not get: every reason, and what it means to the client."""

from controller.words.phrase import Phrase

CONFLICTS = frozenset(
    {
        *("changed_by", "moved_by", "key_reused", "nothing_to_undo", "over", "plan_changed", "plan_as_it_is"),
        *("alarm.acknowledged", "alarm.not_listed", "alarm.no_reason", "alarm.shelf_length"),
        *("alarm.not_shelved", "alarm.removed", "alarm.in_service", "learn.running"),
    }
)
FORBIDDEN = frozenset(
    {
        *("right", "not_your_zone", "not_yours", "needs_second", "second_is_first"),
        *("alarm.zone", "alarm.long_shelf", "dispatch.zone", "promote.zone", "learn.zone"),
    }
)
MISSING = frozenset(
    {"unknown_order", "alarm.unknown", "dispatch.unknown_source", "promote.unknown", "learn.unknown"}
)
GONE = frozenset({"expired"})
NOT_NOW = frozenset({"learn.failed"})


class Refused(Exception):
    """An order, or a move of an alarm, is not taken; nothing of it was done."""

    def __init__(self, *reasons: Phrase) -> None:
        super().__init__("; ".join(reason.en for reason in reasons))
        self.reasons = reasons

    @property
    def status(self) -> int:
        """The HTTP status: a conflict before anything else, so that the client looks again."""
        ids = {reason.id for reason in self.reasons}
        groups = ((409, CONFLICTS), (403, FORBIDDEN), (404, MISSING), (410, GONE), (503, NOT_NOW))
        for status, group in groups:
            if ids & group:
                return status
        return 422
