"""Screens of the city on a hand-made city, with a controller that answers from memory: for AppTest."""

import importlib
from dataclasses import dataclass, field

import streamlit as st

from controller.api.city_schema import CityLines, MapMessage, Sparklines, WriteList
from controller.api.order_schema import MeMessage
from controller.api.schema import History, StationDetail
from hmi import kept, session
from hmi.context import Screen, Writes
from hmi.language import Words
from hmi.screens import setpoint
from hmi.user_api import Refused, Unreachable
from tests.support.api_bench import NOW
from tests.support.hmi_city import order, small_city

RIGHTS = {
    "viewer": ["read", "own_session"],
    "operator": ["read", "own_session", "order"],
    "shift_lead": ["read", "own_session", "order", "approve"],
}


@dataclass
class FakeApi:
    """Remembers what it was asked; refuses or falls silent when told to."""

    asked: list = field(default_factory=list)
    refuse: Refused | None = None
    silent: bool = False
    prepared: object = None

    def _note(self, *what):
        self.asked.append(what)
        if self.silent:
            raise Unreachable("no answer")
        if self.refuse is not None:
            raise self.refuse

    def get(self, message, path, query=None):
        if self.silent:
            raise Unreachable("no answer")
        answers = {
            MapMessage: lambda: MapMessage(pipes=[]),
            CityLines: lambda: CityLines(start=None, step_s=900.0, lines={}),
            Sparklines: lambda: Sparklines(point=query["point"], start=None, step_s=900.0, lines={}),
            WriteList: lambda: WriteList(station="S001", writes=[]),
        }
        return answers[message]()

    def station(self, station):
        if self.silent:
            raise Unreachable("no answer")
        return StationDetail(
            now=NOW,
            traits=small_city().traits[station],
            link="online",
            link_since=NOW,
            link_why="",
            polled_at=NOW,
            age_s=0.0,
            polls=10,
            polls_ok=10,
            token=7,
            readings=[],
            loops=[],
        )

    def history(self, station, point, loop, start, end, max_points=600):
        if self.silent:
            raise Unreachable("no answer")
        return History(
            station=station,
            point=f"{loop}/{point}",
            start=start,
            end=end,
            bucket_s=None,
            stored=2,
            measured_at=[end - 60.0, end - 30.0],
            value=[60.0, 60.5],
            quality=[2, 2],
            reason=["ok", "ok"],
            damaged=[],
        )

    def prepare(self, body, reason, key):
        self._note("prepare", body, reason, key)
        return self.prepared or order(state="prepared")

    def commit(self, number):
        self._note("commit", number)
        return order(number, state="committed")


SHOWN = {}
"""What the next run shows: the screen's name and its Screen."""


def screen(api, role="operator", language="en", districts=None, city=None):
    words = Words(language, "Asia/Shanghai")
    known = city or small_city()
    user = {"name": "olga", "role": role, "districts": districts, "disabled": False}
    me = MeMessage.model_validate({"user": user, "rights": RIGHTS[role], "ends_at": NOW + 3600})
    return Screen(
        city=known,
        api=api,
        me=me,
        words=words,
        theme="light",
        wall=False,
        writes=Writes.of(known, me, words),
    )


def fresh():
    """Forget what earlier tests left in the process."""
    SHOWN.clear()
    kept.forget()


def show_dialog():
    """Draw the setpoint dialog in the page: the tester runs whole pages only, which would shut a dialog."""
    session.screen_of_this_run = lambda: SHOWN["screen"]
    setpoint._again = st.rerun
    act = st.session_state.setdefault("act", setpoint.Act("S001", 1, SHOWN["kind"]))
    setpoint.content(act)


def show():
    """Render the screen that ``SHOWN`` names; what a live part asks for is the same Screen."""
    session.screen_of_this_run = lambda: SHOWN["screen"]
    importlib.import_module(f"hmi.screens.{SHOWN['name']}").render(SHOWN["screen"])
