"""The strip above every page: what it says of alarms, data age, clock and frozen data."""

import json
import subprocess
import time
from dataclasses import replace

import pytest

from controller.api.alarm_schema import AlarmList, AlarmMessage
from controller.api.order_schema import MeMessage, UserMessage
from controller.api.schema import CompactReading, StationList
from hmi.city import City, Feed
from hmi.components.strip import ASSETS
from hmi.context import Screen, Writes
from hmi.language import Words
from hmi.view_models.strip import frozen_text, nobody, strip
from stations.model.quality import Quality, Reason
from tests.support.programs import program

NOW = 1_768_406_400.0
ENGLISH = Words("en", "Asia/Shanghai")


def alarm(name, priority=2, state="unack", raised_at=NOW, **changes):
    fields = {
        "id": name, "rule": "some_rule", "priority": priority, "state": state, "active": True,
        "station": "S001", "district": "north", "loop": 1, "point": None,
        "title_en": "Title", "title_zh": "标题", "text_en": "text", "text_zh": "文字",
        "since": raised_at, "raised_at": raised_at, "cleared_at": None,
        "acknowledged_by": "", "acknowledged_at": None, "note": "", "count": 1, "first_out": False,
        "suppressed_by": "", "children": [], "shelf": None, "out_of_service": None,
    }  # fmt: skip
    return AlarmMessage.model_validate(fields | changes)


def city(*alarms, **changes):
    site = StationList(
        site="x", title_en="Test city", title_zh="试验城", timezone="Asia/Shanghai", simulation=True,
        districts={}, stations=[],
    )  # fmt: skip
    base = City(
        site=site, alarms=AlarmList(now=NOW, version=1, alarms=list(alarms)), now=NOW, speed=10.0,
        simulation=True, received=time.monotonic(), polled=time.monotonic(), version=7, feed=Feed.LIVE,
        T_outdoor_centre=CompactReading(-6.24, Quality.GOOD, Reason.OK, NOW),
    )  # fmt: skip
    return replace(base, **changes)


def shown(city, words=ENGLISH):
    user = UserMessage(name="lei", role="shift_lead", districts=None, disabled=False)
    me = MeMessage(user=user, rights=["read", "order"], ends_at=NOW)
    screen = Screen(
        city=city, api=None, me=me, words=words, theme="light", wall=False, writes=Writes.of(city, me, words)
    )
    return strip(screen)


def cell(data, label):
    return next(one for one in data["cells"] if one["label"].endswith(label))


def test_alarms_are_counted_by_priority_with_those_that_wait():
    data = shown(city(alarm("a", 1), alarm("b", 2, "ack"), alarm("c", 2), alarm("d", 2, "returned_unack")))
    assert [(one["count"], one["unacknowledged"]) for one in data["counts"]] == [
        (1, 1),
        (3, 2),
        (0, 0),
        (0, 0),
    ]


def test_the_three_newest_that_wait_are_told_and_no_acknowledged_one():
    alarms = [alarm(f"a{i}", raised_at=NOW + i) for i in range(5)] + [
        alarm("z", state="ack", raised_at=NOW + 9)
    ]
    data = shown(city(*alarms))
    assert [one["id"] for one in data["newest"]] == ["a4", "a3", "a2"]
    assert data["newest"][0]["time"] == "00:00"


def test_the_strip_says_where_an_alarm_is_as_the_list_does():
    data = shown(city(alarm("a:S001"), alarm("b", station=None, district=None, raised_at=NOW - 1)))
    assert [one["place"] for one in data["newest"]] == ["S001", "Test city"]


def test_the_clock_is_that_of_the_last_message_and_the_age_says_how_old_it_is():
    old = city(received=time.monotonic() - 7.2)
    data = shown(old)
    assert cell(data, "site")["value"] == "00:00:00"
    age = cell(data, "Data age")
    assert (age["value"], age["unit"], age["dot"]) == ("7", "s", "aged")


def test_a_value_without_reading_gives_its_reason_and_never_a_zero():
    bad = CompactReading(None, Quality.BAD, Reason.LINK_DOWN, NOW)
    for reading, note in ((None, "not measured yet"), (bad, "link lost")):
        outdoor = cell(shown(city(T_outdoor_centre=reading)), "Outdoor")
        assert (outdoor["value"], outdoor["note"]) == ("", note)
    assert cell(shown(city()), "Outdoor")["value"] == "\u22126.2"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"feed": Feed.GONE}, "does not answer"),
        ({"feed": Feed.REFUSED}, "refuses the screen's token"),
        ({"received": 0.0}, "silent"),
        ({"polled": 0.0}, "silent"),
        ({"feed": Feed.STARTING, "now": 0.0}, "No data yet"),
    ],
    ids=["gone", "token", "silent stream", "alarms not told", "never"],
)
def test_frozen_data_say_since_when_and_why_and_that_nobody_can_write(changes, words):
    frozen = city(**changes)
    assert frozen.frozen()
    text = frozen_text(frozen, ENGLISH)
    assert words in text
    assert "disabled" in text
    assert shown(frozen)["frozen"] == text


def test_live_data_carry_no_banner():
    assert frozen_text(city(), ENGLISH) == ""


def test_at_real_speed_two_poll_periods_may_pass_before_data_count_as_frozen():
    seen = time.monotonic() - 15.0
    assert not city(speed=1.0, received=seen).frozen()
    assert city(speed=10.0, received=seen).frozen()


@pytest.mark.parametrize(
    ("poll_s", "silent_s", "frozen"), [(60.0, 100.0, False), (60.0, 130.0, True), (0.5, 9.0, False)]
)
def test_data_freeze_by_the_poll_period_of_the_site(poll_s, silent_s, frozen):
    seen = time.monotonic() - silent_s
    known = city(speed=1.0, received=seen, polled=time.monotonic())
    known = replace(known, site=known.site.model_copy(update={"poll_s": poll_s}))
    assert known.frozen() is frozen


@pytest.mark.parametrize(
    ("reading", "dot", "note"),
    [
        (CompactReading(-6.2, Quality.GOOD, Reason.OK, NOW - 90.0), "fresh", ""),
        (CompactReading(-6.2, Quality.GOOD, Reason.OK, NOW - 900.0), "aged", "15 min old"),
        (CompactReading(-6.2, Quality.UNCERTAIN, Reason.ESTIMATED, NOW), "aged", "estimated"),
        (CompactReading(None, Quality.BAD, Reason.NO_ANSWER, NOW), "bad", "no answer"),
    ],
    ids=["within a cycle", "old", "one sensor only", "none"],
)
def test_the_outdoor_temperature_says_how_far_it_can_be_trusted(reading, dot, note):
    outdoor = cell(shown(city(T_outdoor_centre=reading)), "Outdoor")
    assert (outdoor["dot"], outdoor["note"]) == (dot, note)


def test_simulation_is_said_with_its_speed_and_only_then():
    assert "speed ×10" in shown(city())["simulation"]
    assert shown(city(simulation=False))["simulation"] == ""


def test_nobody_is_told_nothing_of_the_city():
    data = nobody(ENGLISH, "dark")
    assert (data["counts"], data["newest"], data["cells"], data["user"]) == ([], [], [], None)


def test_the_strip_is_plain_values_for_the_wire():
    assert json.loads(json.dumps(shown(city(alarm("a"))))) == shown(city(alarm("a")))


# --------------------------------------------------------------------------------------------- drawing


def in_node(expression):
    """The value of a JavaScript expression in which ``strip`` is the module."""
    code = f"const strip = await import({json.dumps((ASSETS / 'strip.js').as_uri())});"
    code += f"console.log(JSON.stringify({expression}));"
    run = subprocess.run(
        [program("node"), "--input-type=module", "-e", code],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return json.loads(run.stdout)


def test_keys_lead_to_pages_one_or_two_at_a_time():
    keys = '{"a": "alarms", "g m": "overview", "g t": "trends"}'
    steps = (
        f"[strip.keyStep({keys}, '', 'a'), strip.keyStep({keys}, '', 'g'), strip.keyStep({keys}, 'g', 'm'),"
        f" strip.keyStep({keys}, 'g', 'x'), strip.keyStep({keys}, '', 'x'), strip.keyStep({keys}, 'g', 'a')]"
    )
    pages = [(step["page"], step["waiting"]) for step in in_node(steps)]
    assert pages == [("alarms", ""), ("", "g"), ("overview", ""), ("", ""), ("", ""), ("alarms", "")]


def test_a_key_typed_into_a_field_stays_in_the_field():
    typed = "[[{tagName: 'INPUT'}], [{tagName: 'DIV'}], [{tagName: 'P', isContentEditable: true}]]"
    assert in_node(f"{typed}.map((path) => strip.isTyping(path))") == [True, False, True]


def test_every_priority_has_its_own_shape_and_digit_and_none_shows_zero():
    marks = in_node("[1, 2, 3, 4].map((p) => strip.markOf(p, 5))")
    assert [mark["digit"] for mark in marks] == ["1", "2", "3", "4"]
    assert len({mark["path"] for mark in marks}) == 4
    assert in_node("strip.markOf(1, 0).digit") == "0"


def test_a_click_that_leads_elsewhere_shuts_the_old_page_and_one_into_a_new_window_does_not():
    link = "{getAttribute: () => null}"
    here = "{getAttribute: () => 'page'}"
    plain = "{button: 0}"
    told = in_node(
        f"[strip.leads({plain}, {link}), strip.leads({plain}, {here}), strip.leads({plain}, null),"
        f" strip.leads({{button: 0, ctrlKey: true}}, {link}), strip.leads({{button: 1}}, {link})]"
    )
    assert told == [True, False, False, False, False]
