"""What can be asked of running simulators over the control channel.

Every request is {"op": NAME, ...}; "station" names one station, without it the request is for all.

- truth: the city as it really is (indoor temperatures, heat, states)
- record: frames received, ``frames_out_of_contract`` and the breaks
- control_state: who decides over each loop, with events and the last "minutes" (60) of setpoints in force
- frames: the last requests that one station received
- blackhole, garble, refuse with "on": true or false; stall with "seconds"; drop: reset all connections
- link with "profile": another link profile
- stop_server, start_server: take a station off the network and put it back
- fault with "action": "on" ("name", optionally "stations", "duration_s" and the fault's options under
  "options"), "off" (optionally "name" and "stations"), "list" (what is on and planned), "known" (all faults)
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from simulators.control import ControlError
from simulators.faults.engine import FaultEngine
from simulators.faults.model import Target
from simulators.faults.switch import FaultSwitch
from simulators.link_failures import LinkFailures
from simulators.link_profile import PROFILES
from simulators.post import Post
from simulators.recorder import summary
from simulators.station import SimulatedCity
from simulators.trace import ControlTrace
from stations.model.clock import Clock

STALL_MAX_S = 600.0


class Operations:
    """Carries out requests on a running simulation."""

    def __init__(
        self,
        city: SimulatedCity,
        posts: Mapping[str, Post],
        trace: ControlTrace,
        clock: Clock,
        faults: FaultEngine,
        targets: Mapping[str, Target],
        link_failures: LinkFailures,
    ) -> None:
        self._city = city
        self._posts = posts
        self._trace = trace
        self._clock = clock
        self._switch = FaultSwitch(faults, targets)
        self._link_failures = link_failures

    async def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one request; raises ControlError."""
        match request.get("op"):
            case "truth":
                return self._truth()
            case "record":
                return summary({name: post.recorder for name, post in self._chosen(request)})
            case "frames":
                return {
                    "frames": {n: [f._asdict() for f in p.recorder.frames] for n, p in self._chosen(request)}
                }
            case "control_state":
                return self._control_state(request)
            case "stop_server":
                for _, post in self._chosen(request):
                    await post.stop()
            case "start_server":
                for name, post in self._chosen(request):
                    await _start(name, post)
            case "fault":
                return await self._switch.handle(request, self._city.now)
            case "blackhole" | "garble" | "refuse" | "stall" | "drop" | "link" as op:
                await self._disturb(op, request)
            case other:
                raise ControlError(f"op {other!r} is not known; see simulators/operations.py")
        return {}

    def _truth(self) -> dict[str, Any]:
        now = self._city.truth()
        states = [state.value for station in now.states.values() for state in station]
        return {
            **asdict(now),
            "states": {name: [state.value for state in station] for name, station in now.states.items()},
            "loops_by_state": {state: states.count(state) for state in sorted(set(states))},
            "clock": self._clock.now(),
        }

    def _control_state(self, request: dict[str, Any]) -> dict[str, Any]:
        minutes = _number(request, "minutes", 60.0)
        chosen = [name for name, _ in self._chosen(request) if name in self._city.stations]
        return {
            "now": self._city.now,
            "stations": {name: self._trace.station(name, minutes) for name in chosen},
        }

    async def _disturb(self, op: str, request: dict[str, Any]) -> None:
        for name, post in self._chosen(request):
            link = post.link
            match op:
                case "blackhole":
                    link.blackhole(_switch(request))
                case "garble":
                    link.garble = _switch(request)
                case "refuse":
                    await link.refuse(_switch(request))
                case "stall":
                    link.stall(min(_number(request, "seconds", 1.0), STALL_MAX_S))
                case "drop":
                    link.drop()
                case "link":
                    if request.get("profile") not in PROFILES:
                        raise ControlError(f"profile must be one of {', '.join(PROFILES)}")
                    profile = PROFILES[request["profile"]]
                    link.change(profile)
                    self._link_failures.follow(name, link, profile, self._city.now)

    def _chosen(self, request: dict[str, Any]) -> Iterable[tuple[str, Post]]:
        name = request.get("station")
        if name is None:
            return list(self._posts.items())
        if name not in self._posts:
            raise ControlError(f"station {name!r} is not simulated here")
        return [(name, self._posts[name])]


async def _start(name: str, post: Post) -> None:
    try:
        await post.start()
    except OSError as error:
        raise ControlError(f"station {name} cannot listen on port {post.station.port}: {error}") from error


def _switch(request: dict[str, Any]) -> bool:
    on = request.get("on", True)
    if not isinstance(on, bool):
        raise ControlError(f"on must be true or false, not {on!r}")
    return on


def _number(request: dict[str, Any], key: str, default: float) -> float:
    value = request.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ControlError(f"{key} must be a number >= 0, not {value!r}")
    return float(value)
