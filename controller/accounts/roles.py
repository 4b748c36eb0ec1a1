"""Who may do what: roles, their rights, and the zone (districts) in which a right holds.

A right is declared beside each path of the API; a path without one is open to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a path of the API asks of its caller."""

    OPEN = "open"
    """Nothing, not even a token: only the sign of life and the login."""
    READ = "read"
    OWN_SESSION = "own_session"
    """See and end the own session, change the own password: people, not service tokens."""
    ORDER = "order"
    """Give orders to loops of the own zone, within limits; acknowledge alarms."""
    APPROVE = "approve"
    """Be the second person of a large order; seasons, strategies, mass changes; shelve alarms for long."""
    READ_USERS = "read_users"
    MANAGE_USERS = "manage_users"
    READ_AUDIT = "read_audit"


class Role(StrEnum):
    """What a person is on duty for. Duties are apart: who manages users drives no heat."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SHIFT_LEAD = "shift_lead"
    ENGINEER = "engineer"
    ADMIN = "admin"
    AUDITOR = "auditor"


_EVERYBODY = frozenset({Right.OPEN, Right.READ, Right.OWN_SESSION})
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: _EVERYBODY,
    Role.OPERATOR: _EVERYBODY | {Right.ORDER},
    Role.SHIFT_LEAD: _EVERYBODY | {Right.ORDER, Right.APPROVE},
    Role.ENGINEER: _EVERYBODY | {Right.ORDER, Right.APPROVE},
    Role.ADMIN: _EVERYBODY | {Right.READ_USERS, Right.MANAGE_USERS, Right.READ_AUDIT},
    Role.AUDITOR: _EVERYBODY | {Right.READ_USERS, Right.READ_AUDIT},
}
SERVICE_RIGHTS = frozenset({Right.OPEN, Right.READ})
"""Of the service token that feeds screens: it sees what a viewer sees and is nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is behind a request."""

    name: str
    role: Role
    districts: frozenset[str] | None
    """The zone; None is the whole city."""
    rights: frozenset[Right]

    def may(self, right: Right) -> bool:
        """Tell whether this caller has a right at all (in some district)."""
        return right in self.rights

    def in_zone(self, district: str) -> bool:
        """Tell whether a district belongs to the caller's zone."""
        return self.districts is None or district in self.districts


SERVICE = Principal(name="service", role=Role.VIEWER, districts=None, rights=SERVICE_RIGHTS)
