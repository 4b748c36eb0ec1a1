"""An order that is not taken: every reason, and what it means to the client."""

from controller.words.phrase import Phrase

CONFLICTS = frozenset({"changed_by", "moved_by", "key_reused", "nothing_to_undo", "over"})
FORBIDDEN = frozenset({"right", "not_your_zone", "not_yours", "needs_second", "second_is_first"})
MISSING = frozenset({"unknown_order"})
GONE = frozenset({"expired"})


class Refused(Exception):
    """An order is not taken; nothing of it was done."""

    def __init__(self, *reasons: Phrase) -> None:
        super().__init__("; ".join(reason.en for reason in reasons))
        self.reasons = reasons

    @property
    def status(self) -> int:
        """The HTTP status: a conflict before anything else, so that the client looks again."""
        ids = {reason.id for reason in self.reasons}
        for status, group in ((409, CONFLICTS), (403, FORBIDDEN), (404, MISSING), (410, GONE)):
            if ids & group:
                return status
        return 422
