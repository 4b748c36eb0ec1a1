"""The name service of a world: the centre's machine asks it where a station is before it connects."""

import asyncio
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What becomes of a question."""

    after_s: float
    """Virtual seconds until it is answered, or given up."""
    found: bool


class NameService:
    """Finds every name at once, but those that are in trouble."""

    def __init__(self) -> None:
        self._troubles: dict[str, dict[object, Trouble]] = {}

    def trouble(self, host: str, key: object, what: Trouble | None) -> None:
        """Let questions for ``host`` go so under ``key``; None ends it. The last one set counts."""
        by_key = self._troubles.setdefault(host, {})
        by_key.pop(key, None)
        if what is not None:
            by_key[key] = what

    async def find(self, host: str) -> None:
        """Return when ``host`` is found; raises what a resolver raises that gives up."""
        if not (by_key := self._troubles.get(host)):
            return
        trouble = next(reversed(by_key.values()))
        await asyncio.sleep(trouble.after_s)
        if not trouble.found:
            raise socket.gaierror(socket.EAI_AGAIN, f"the name service does not answer for {host}")
