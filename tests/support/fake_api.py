"""A controller that answers a person's calls from memory, and the screens that ask it: for AppTest."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.api.alarm_schema import AlarmAnswer, AlarmList
from controller.api.city_schema import CityLines, MapMessage, Sparklines, WriteList
from controller.api.plan_schema import LoopIdentified, PlanMessage, StationIdentified, StationPlan
from controller.api.schema import Energy, Sentence, StationDetail
from controller.api.shadow_schema import Promoted, ShadowReport
from controller.api.source_schema import AcknowledgeAnswer, SourcesMessage
from controller.words.plan import reasoned
from hmi import session
from hmi.context import Screen, Writes
from hmi.language import Words
from hmi.user_api import Refused, Unreachable
from optimizer.reason import because
from tests.support import operations_city as told
from tests.support import plan_told
from tests.support.hmi_city import small_city

STATIONS = ("S001", "S002", "S003", "S004")
BETTER = reasoned(because("identify.accepted", measure="indoor_K", champion=0.42, challenger=0.31))


@dataclass
class FakeApi:
    """Remembers what it was asked; refuses or falls silent when told to."""

    alarm_list: list = field(default_factory=list)
    order_list: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    refuse: Refused | None = None
    """Answer to whatever would change something."""
    silent: bool = False
    """It answers nothing at all."""
    prepared: object = None
    plan: object = None
    """Tells this one in place of a good plan."""
    shadow: object = None
    """Tells this shadow report in place of a usual one."""
    sources: object = None
    """Tells these orders to heat sources in place of usual ones."""
    order_of: Callable = told.order
    """Makes the orders of its answers."""

    def _heard(self):
        if self.silent:
            raise Unreachable("no answer")

    def _note(self, *what):
        self.asked.append(what)
        self._heard()
        if self.refuse is not None:
            raise self.refuse

    def get(self, message, path, query=None):
        self._heard()
        heat = (told.station_energy(s, heat=80_000.0 + 9000 * i) for i, s in enumerate(STATIONS))
        answers = {
            Energy: lambda: told.energy(*heat),
            MapMessage: lambda: MapMessage(pipes=[]),
            CityLines: lambda: CityLines(start=None, step_s=900.0, lines={}),
            Sparklines: lambda: Sparklines(point=query["point"], start=None, step_s=900.0, lines={}),
            WriteList: lambda: WriteList(station="S001", writes=[]),
            PlanMessage: lambda: self.plan or plan_told.plan(),
            SourcesMessage: lambda: self.sources or plan_told.sources(),
            ShadowReport: lambda: self.shadow or plan_told.shadow(),
            StationPlan: lambda: plan_told.station(path.rpartition("/")[2]),
        }
        return answers[message]()

    def station(self, station):
        self._heard()
        city = small_city()
        return StationDetail(
            now=city.now,
            traits=city.traits[station],
            link="online",
            link_since=city.now,
            link_why="",
            polled_at=city.now,
            age_s=0.0,
            polls=10,
            polls_ok=10,
            token=7,
            readings=[],
            loops=[],
        )

    def history(self, station, point, loop, start, end, max_points=600):
        self.asked.append(("history", station, point, loop))
        self._heard()
        return told.history(point, start=end - 60.0)

    def alarms(self, every=False):
        return AlarmList(now=told.NOW, version=1, alarms=self.alarm_list)

    def alarm_kpis(self, hours=24.0):
        return told.kpis()

    def journal(self, start, end, limit=200):
        return [told.step()]

    def acknowledge(self, alarm_id, note=""):
        self._note("acknowledge", alarm_id, note)
        return AlarmAnswer(state="ack", stored=True)

    def acknowledge_source(self, source, seen):
        self._note("acknowledge_source", source, seen)
        return AcknowledgeAnswer(acknowledged=2, open=1)

    def promote(self, loop, reason):
        self._note("promote", loop, reason)
        return Promoted(promoted=True)

    def identify(self, station):
        self._note("identify", station)
        return StationIdentified(
            station=station,
            loops=[
                LoopIdentified(
                    loop=1,
                    outcome="accepted",
                    reasons=[Sentence.model_validate(BETTER.to_json())],
                )
            ],
        )

    def shelve(self, alarm_id, reason, duration_s):
        self._note("shelve", alarm_id, reason, duration_s)
        return AlarmAnswer(state="shelved", stored=True)

    def unshelve(self, alarm_id):
        self._note("unshelve", alarm_id)
        return AlarmAnswer(state="unack", stored=True)

    def remove_from_service(self, alarm_id, reason):
        self._note("remove", alarm_id, reason)
        return AlarmAnswer(state="out_of_service", stored=True)

    def restore_to_service(self, alarm_id):
        self._note("restore", alarm_id)
        return AlarmAnswer(state="unack", stored=True)

    def orders(self, limit=50):
        return self.order_list

    def order(self, number):
        return next(one for one in self.order_list if one.id == number)

    def prepare(self, body, reason, key):
        self._note("prepare", body, reason, key)
        return self.prepared or self.order_of(state="prepared")

    def commit(self, number):
        self._note("commit", number)
        return self.order_of(number, state="committed")

    def approve(self, number):
        self._note("approve", number)
        return self.order_of(number, state="approved")

    def district_local(self, district, reason, key):
        self._note("local", district, reason, key)
        return self.order_of(9, kind="mode", state="committed")


SHOWN = {}
"""What the next run shows: the screen's name and its Screen."""


def screen_of(api, person, city, language):
    """Return what a screen renders from, for a person at a city."""
    words = Words(language, "Asia/Shanghai")
    return Screen(
        city=city,
        api=api,
        me=person,
        words=words,
        theme="light",
        wall=False,
        writes=Writes.of(city, person, words),
    )


def stand_in(monkeypatch):
    """What a live part asks for is the Screen of ``SHOWN``, too, until the test ends."""
    monkeypatch.setattr(session, "screen_of_this_run", lambda: SHOWN["screen"])


def show():
    """Render the screen that ``SHOWN`` names."""
    importlib.import_module(f"hmi.screens.{SHOWN['name']}").render(SHOWN["screen"])
