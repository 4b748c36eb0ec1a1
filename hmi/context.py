"""What every screen gets: the city, the person's own calls, words, and whether writing is open now."""

from dataclasses import dataclass
from typing import Literal

from controller.api.order_schema import MeMessage
from hmi.city import City
from hmi.language import Words
from hmi.user_api import UserApi

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Whether orders can be given now; the controller judges each one again."""

    open: bool
    why: str
    """Why not, in the language of the person; empty while open."""

    @classmethod
    def of(cls, city: City, me: MeMessage, words: Words) -> "Writes":
        """Return what holds for a person: nobody writes on frozen data, a viewer never."""
        if "order" not in me.rights:
            return cls(open=False, why=words("Your role may look, not give orders."))
        if city.frozen():
            return cls(
                open=False, why=words("The data are frozen. Nothing can be changed until they are live.")
            )
        return cls(open=True, why="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The arguments of every screen's ``render``, made anew in each run."""

    city: City
    api: UserApi
    me: MeMessage
    words: Words
    theme: Theme
    wall: bool
    """Wall view: everything at 125 %."""
    writes: Writes

    def may(self, right: str) -> bool:
        """Tell whether the person has a right (``order``, ``approve``, ``read_audit`` …) at all."""
        return right in self.me.rights

    def in_zone(self, district: str) -> bool:
        """Tell whether a district belongs to the person's zone."""
        zone = self.me.user.districts
        return zone is None or district in zone


def current_screen() -> Screen:
    """Return a fresh Screen for the session that runs now; for use in fragments.

    A session that has ended meanwhile ends the run with the way to the login.
    """
    # imported here: hmi.session builds Screens and so imports this module
    from hmi.session import screen_of_this_run

    return screen_of_this_run()
