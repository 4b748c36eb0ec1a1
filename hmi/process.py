"""What all sessions of this process share, made once at start: settings, gateway, connections.

Streamlit runs the script anew for each event in threads of its own; a module is imported once, so what is
shared lives here and not in the script.
"""

from dataclasses import dataclass

import httpx

from hmi.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One per process."""

    gateway: Gateway
    client: httpx.Client
    """Connections to the API for people's own calls; safe for threads."""


_shared: list[Shared] = []


def share(shared: Shared) -> None:
    """Lay down what the process shares; once, before the first session (tests: before each)."""
    _shared[:] = [shared]


def shared() -> Shared:
    """Return what the process shares."""
    return _shared[0]
