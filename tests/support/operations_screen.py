"""Screens of operations on a hand-made city, with a controller that answers from memory: for AppTest."""

import importlib
import time
from dataclasses import dataclass, field, replace

from controller.api.alarm_schema import AlarmAnswer, AlarmList
from controller.api.schema import Energy, Sentence
from hmi import session
from hmi.context import Screen, Writes
from hmi.language import Words
from hmi.user_api import Refused, Unreachable
from tests.support.operations_city import (
    NOW,
    alarm,
    city,
    energy,
    history,
    kpis,
    me,
    order,
    station_energy,
    step,
)

SECOND = Sentence(id="bulk", params={}, en="7 loops at once", zh="一次更改 7 个回路")
TOO_HOT = Sentence(id="beyond_supply", params={}, en="too hot for S001/1", zh="S001/1 过热")


@dataclass
class FakeApi:
    """Remembers what it was asked; refuses or falls silent when told to."""

    alarm_list: list = field(default_factory=list)
    order_list: list = field(default_factory=list)
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

    def alarms(self, every=False):
        return AlarmList(now=NOW, version=1, alarms=self.alarm_list)

    def alarm_kpis(self, hours=24.0):
        return kpis()

    def journal(self, start, end, limit=200):
        return [step()]

    def acknowledge(self, alarm_id, note=""):
        self._note("acknowledge", alarm_id, note)
        return AlarmAnswer(state="ack", stored=True)

    def shelve(self, alarm_id, reason, duration_s):
        self._note("shelve", alarm_id, reason, duration_s)
        return AlarmAnswer(state="shelved", stored=True)

    def unshelve(self, alarm_id):
        self._note("unshelve", alarm_id)
        return AlarmAnswer(state="unack", stored=True)

    def history(self, station, point, loop, start, end, max_points=600):
        self.asked.append(("history", station, point, loop))
        return history(point)

    def orders(self, limit=50):
        return self.order_list

    def order(self, number):
        return next(one for one in self.order_list if one.id == number)

    def prepare(self, body, reason, key):
        self._note("prepare", body, reason, key)
        return self.prepared

    def commit(self, number):
        self._note("commit", number)
        return order(number, state="committed")

    def approve(self, number):
        self._note("approve", number)
        return order(number, state="approved")

    def district_local(self, district, reason, key):
        self._note("local", district, reason, key)
        return order(9, kind="mode", state="committed")

    def get(self, message, path, query=None):
        assert (message, path) == (Energy, "/energy")
        return energy(
            *(
                station_energy(s, heat=80_000.0 + 9000 * i)
                for i, s in enumerate(("S001", "S002", "S003", "S004"))
            )
        )


SHOWN = {}
"""What the next run shows: the screen's name and its Screen."""


def screen(api, role="shift_lead", language="en", **changes):
    words = Words(language, "Asia/Shanghai")
    known = changes.pop("city", None) or city(alarms=[alarm()])
    known = replace(known, received=time.monotonic(), polled=time.monotonic())
    person = me(role)
    return Screen(
        city=known,
        api=api,
        me=person,
        words=words,
        theme="light",
        wall=False,
        writes=Writes.of(known, person, words),
    )


def show():
    """Render the screen that ``SHOWN`` names; what a live part asks for is the same Screen."""
    session.screen_of_this_run = lambda: SHOWN["screen"]
    importlib.import_module(f"hmi.screens.{SHOWN['name']}").render(SHOWN["screen"])
