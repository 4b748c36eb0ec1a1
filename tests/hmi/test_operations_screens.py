"""Screens of operations by Streamlit's own tester: they render, ask before they act, and tell refusals."""

import time

import pytest

from controller.api.order_schema import PlanOrderMessage
from hmi.city import Feed
from hmi.components import rows
from hmi.screens import order_dialog
from hmi.user_api import Refused, Unreachable
from tests.support import operations_screen as bench
from tests.support.city_screens import fresh
from tests.support.fake_api import SHOWN, FakeApi, stand_in
from tests.support.operations_city import EVIL, NOW, alarm, city, loop_state, modes, order
from tests.support.operations_screen import SECOND, TOO_HOT, opened

NAMES = ("alarms", "trends", "dispatch", "optimizer", "energy")


def said(app):
    kinds = (app.caption, app.text, app.markdown, app.error, app.warning, app.info, app.title, app.subheader)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture(autouse=True)
def own_session(monkeypatch):
    stand_in(monkeypatch)
    fresh()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", ["viewer", "shift_lead"])
@pytest.mark.parametrize("name", NAMES)
def test_every_screen_renders_for_every_role_in_both_languages(name, role, language):
    assert opened(name, role=role, language=language).title[0].value


@pytest.mark.parametrize("name", ["alarms", "dispatch"])
def test_a_viewer_reads_why_the_buttons_are_shut(name):
    app = opened(name, role="viewer", query={"alarm": "frost:S001:1"})
    assert "Your role may look" in said(app)
    assert all(
        button.disabled for button in app.button if button.key not in ("journal_refresh", "open_station")
    )


@pytest.mark.parametrize("name", ["alarms", "dispatch"])
def test_frozen_data_shut_every_button(name):
    app = opened(name, query={"alarm": "frost:S001:1"}, city=city(feed=Feed.GONE))
    assert "frozen" in said(app)
    assert all(
        button.disabled for button in app.button if button.key not in ("journal_refresh", "open_station")
    )


# -------------------------------------------------------------------------------------------------- alarms


def test_an_alarm_is_acknowledged_with_its_note():
    api = FakeApi(alarm_list=[alarm()])
    app = opened("alarms", api, {"alarm": "frost:S001:1"})
    app.text_input(key="note:frost:S001:1").set_value("crew called").run()
    app.button(key="acknowledge").click().run()
    assert api.asked == [("acknowledge", "frost:S001:1", "crew called")]
    assert "Acknowledged" in app.toast[0].value


def test_a_refusal_is_told_and_nothing_else_happens():
    api = FakeApi(alarm_list=[alarm()], refuse=Refused(409, "conflict", "already acknowledged by bo"))
    app = opened("alarms", api, {"alarm": "frost:S001:1"})
    app.button(key="acknowledge").click().run()
    assert "already acknowledged by bo" in app.error[0].value.replace("\\", "")
    assert not app.toast
    app.run()
    assert app.error, "it stays while the list goes on"
    api.refuse = None
    app.button(key="acknowledge").click().run()
    assert not app.error


def test_silence_of_the_controller_is_no_promise():
    api = FakeApi(alarm_list=[alarm()], silent=True)
    app = opened("alarms", api, {"alarm": "frost:S001:1"})
    app.button(key="acknowledge").click().run()
    assert "Whether it was done is not known" in app.error[0].value


def test_the_last_known_list_stays_while_the_controller_is_silent(monkeypatch):
    api = FakeApi(alarm_list=[alarm()])
    app = opened("alarms", api, {"alarm": "frost:S001:1"})

    def silent(*_asked, **_more):
        raise Unreachable("no answer")

    for name in ("alarms", "alarm_kpis", "journal"):
        monkeypatch.setattr(api, name, silent)
    frozen = city(alarms=[alarm(), alarm("frost:S002:1")], feed=Feed.GONE)
    SHOWN["screen"] = bench.screen(api, city=frozen)
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [
        "The controller does not answer. The page goes on by itself when it is back."
    ], "of the journal alone"
    assert app.button(key="acknowledge").disabled


def test_shelving_asks_for_a_reason_and_an_operator_gets_an_hour_at_most():
    api = FakeApi(alarm_list=[alarm()])
    app = opened("alarms", api, {"alarm": "frost:S001:1"}, role="operator")
    app.button(key="shelve").click().run()
    assert "More than an hour needs a shift lead." in said(app)
    commit = next(button for button in app.button if button.label == "Shelve this alarm")
    assert commit.disabled
    app.text_input(key="alarm_own_reason").set_value("pump is being mended").run()
    commit = next(button for button in app.button if button.label == "Shelve this alarm")
    commit.click().run()
    assert api.asked == [("shelve", "frost:S001:1", "pump is being mended", 3600.0)]


@pytest.mark.parametrize(
    ("state", "key", "asked"), [("shelved", "unshelve", "unshelve"), ("out_of_service", "restore", "restore")]
)
def test_an_alarm_that_was_put_aside_is_put_back(state, key, asked):
    api = FakeApi(alarm_list=[alarm(state=state)])
    app = opened("alarms", api, {"alarm": "frost:S001:1"})
    app.button(key=key).click().run()
    assert api.asked == [(asked, "frost:S001:1")]


def test_an_alarm_goes_out_of_service_with_a_reason():
    api = FakeApi(alarm_list=[alarm()])
    app = opened("alarms", api, {"alarm": "frost:S001:1"})
    app.button(key="remove").click().run()
    commit = "Take this alarm out of service"
    assert next(button for button in app.button if button.label == commit).disabled
    app.text_input(key="alarm_own_reason").set_value("sensor goes to the workshop").run()
    next(button for button in app.button if button.label == commit).click().run()
    assert api.asked == [("remove", "frost:S001:1", "sensor goes to the workshop")]


def test_a_link_with_a_priority_lists_that_priority_alone(monkeypatch):
    listed, mount = [], rows.mount

    def watched(table, key):
        if key == "alarm_list":
            listed.append([row["id"] for row in table["rows"]])
        return mount(table, key)

    monkeypatch.setattr(rows, "mount", watched)
    both = [alarm(), alarm("gateway_lost:g1", priority=2)]
    app = opened("alarms", FakeApi(alarm_list=both), {"priority": "2"})
    assert listed[-1] == ["gateway_lost:g1"]
    opened("alarms", FakeApi(alarm_list=both), {"priority": "7"})
    assert len(listed[-1]) == 2, "no such priority: all"
    assert not app.exception


def test_a_link_to_an_alarm_that_is_over_says_so():
    app = opened("alarms", FakeApi(), {"alarm": "frost:S001:1"})
    assert "This alarm is over" in said(app)


# -------------------------------------------------------------------------------------------------- trends


def test_a_link_shows_its_lines_and_names_what_is_none():
    api = FakeApi()
    app = opened("trends", api, {"lines": "S001~1~T_supply_secondary S999~1~T_supply_secondary"})
    assert ("history", "S001", "T_supply_secondary", 1) in api.asked
    assert "S999" in app.warning[0].value.replace("\\", "")


def test_a_link_to_a_station_that_is_none_says_so():
    assert "There is no station S999" in said(opened("trends", query={"station": "S999"}))


def test_files_are_made_when_they_are_asked_for():
    app = opened("trends", query={"station": "S001"})
    app.button(key="trend_export").click().run()
    assert not app.exception
    assert not app.error


def linked(app):
    """Lines that the link names."""
    lines = app.query_params["lines"]
    return (lines if isinstance(lines, str) else lines[0]).split()


def test_a_line_is_added_and_taken_off_and_the_link_says_which():
    app = opened("trends", query={"lines": "S001~1~T_supply_secondary"})
    app.selectbox(key="trend_station").select("S002").run()
    point = app.selectbox(key="trend_point_S002")
    point.select_index(0).run()
    next(button for button in app.button if button.label == "Add").click().run()
    _, second = linked(app)
    assert second.startswith("S002~")
    pills = next(group for group in app.button_group if str(group.key).startswith("trend_kept"))
    pills.set_value([pills.value[1]]).run()
    assert linked(app) == [second]


@pytest.mark.parametrize("days", [1, 7])
def test_a_day_is_laid_over_one_of_the_days_before(days):
    api = FakeApi()
    spans = []
    monkey = api.history
    api.history = lambda *asked, **more: spans.append(asked[3:5]) or monkey(*asked, **more)
    app = opened("trends", api, {"lines": "S001~1~T_supply_secondary"})
    spans.clear()
    app.selectbox(key="trend_compare").select(days).run()
    assert not app.exception
    assert any(abs(end - (NOW - days * 86_400.0)) < 3600.0 for _, end in spans)


# ------------------------------------------------------------------------------------------------ dispatch


def grouped(api, **changes):
    app = opened("dispatch", api, **changes)
    app.number_input(key="group_dT").set_value(1.0).run()
    app.button(key="group_ask").click().run()
    next(box for box in app.text_input if box.label == "In your own words").set_value("cold night").run()
    return app


def test_a_group_setpoint_is_previewed_before_it_stands():
    api = FakeApi(prepared=order(5, preview={"loops": [], "left_out": []}))
    app = grouped(api)
    assert api.asked == []
    app.button(key="order_preview").click().run()
    (kind, body, reason, _) = api.asked[0]
    assert (kind, body["dT_supply"], reason) == ("prepare", 1.0, "cold night")
    assert [entry["station"] for entry in body["loops"]] == ["S001", "S002"]
    app.button(key="order_commit").click().run()
    assert api.asked[-1] == ("commit", 5)


def test_a_large_order_waits_for_a_second_person():
    api = FakeApi(prepared=order(5, needs_second=[SECOND]))
    app = grouped(api)
    app.button(key="order_preview").click().run()
    assert "7 loops at once" in said(app)
    assert not [button for button in app.button if button.key == "order_commit"]


@pytest.mark.parametrize(("language", "words"), [("en", "too hot for S001/1"), ("zh", "S001/1 过热")])
def test_a_refused_order_says_why_in_the_language_of_the_person(language, words):
    api = FakeApi(refuse=Refused(422, "not_valid", "no", reasons=[TOO_HOT]))
    app = opened("dispatch", api, language=language)
    app.number_input(key="group_dT").set_value(1.0).run()
    app.button(key="group_ask").click().run()
    app.text_input[-1].set_value("cold night").run()
    app.button(key="order_preview").click().run()
    assert words in app.error[0].value.replace("\\", "")
    assert not [button for button in app.button if button.key == "order_commit"], "nothing half done"


def test_a_pasted_list_with_strangers_is_told():
    app = opened("dispatch")
    app.selectbox(key="group_district").select("").run()
    app.text_area(key="group_list").set_value("S001 X999").run()
    assert "1 loops chosen" in said(app)
    assert "X999" in said(app)


def test_a_name_from_outside_is_never_markup():
    app = opened("alarms", query={"alarm": "frost:S001:1"}, city=city(alarms=[alarm()], names={"S001": EVIL}))
    app.button(key="shelve").click().run()
    for element in [*app.markdown, *app.caption, *app.subheader, *app.warning, *app.info]:
        assert "<img" not in element.value
        assert "[x](" not in element.value


def pressed(monkeypatch, key, row, action):
    """Let one press of a row's button be told by the table with this key."""
    presses, mount = [rows.Told(acted=(row, action))], rows.mount

    def told(table, key_of):
        drawn = mount(table, key_of)
        return presses.pop() if key_of == key and presses else drawn

    monkeypatch.setattr(rows, "mount", lambda table, key: told(table, key))


def reasoned(app):
    next(box for box in app.text_input if box.label == "In your own words").set_value("cold night").run()
    return app


@pytest.mark.parametrize(
    ("table", "row", "action", "body"),
    [
        ("dispatch_districts", "south", "auto", {"kind": "mode", "mode": "auto", "district": "south"}),
        ("dispatch_overrides", "S001/1", "end", {"kind": "mode", "mode": "auto"}),
        (
            "dispatch_overrides",
            "plan:S002/1",
            "end",
            {"kind": "plan", "choice": "district", "loops": [{"station": "S002", "loop": 1, "order": 9}]},
        ),
    ],
    ids=["a district", "an override", "a loop held back from plans"],
)
def test_what_was_taken_by_hand_is_given_back_to_the_strategy(monkeypatch, table, row, action, body):
    api = FakeApi(prepared=order(5, kind="mode", preview={"loops": []}))
    manual = loop_state(mode="manual", order=3, ordered_by="bo", manual_until=NOW + 900)
    held = PlanOrderMessage(
        station="S002", loop=1, order=9, choice="hold", author="bo", reason="works", until=NOW + 900
    )
    known = city(
        loops={"S001": [manual], "S003": [loop_state(mode="local", held=False)]},
        modes=modes(plan_orders=[held]),
    )
    pressed(monkeypatch, table, row, action)
    app = reasoned(opened("dispatch", api, city=known))
    app.button(key="order_preview").click().run()
    (kind, asked, reason, _) = api.asked[0]
    assert (kind, reason) == ("prepare", "cold night")
    assert body.items() <= asked.items()
    app.button(key="order_commit").click().run()
    assert api.asked[-1] == ("commit", 5)


def test_a_district_goes_to_local_with_a_reason_and_no_second_person(monkeypatch):
    api = FakeApi()
    pressed(monkeypatch, "dispatch_districts", "north", "local")
    app = opened("dispatch", api)
    assert app.button(key="order_local").disabled
    reasoned(app).button(key="order_local").click().run()
    assert api.asked[0][:3] == ("local", "north", "cold night")


def test_another_strategy_is_ordered_for_a_district_as_it_was_seen():
    api = FakeApi(prepared=order(5, kind="strategy", preview={}))
    app = opened("dispatch", api)
    assert app.button(key="strategy_ask").disabled
    app.selectbox(key="strategy_of_north_curve").select("balance").run()
    app.button(key="strategy_ask").click().run()
    reasoned(app).button(key="order_preview").click().run()
    wanted = {"kind": "strategy", "district": "north", "strategy": "balance", "seen": "curve"}
    assert api.asked[0][1] == wanted


def test_another_person_s_order_is_approved(monkeypatch):
    waits = order(7, author="bo", needs_second=[SECOND], expires_at=time.time() + 600.0)
    api = FakeApi(order_list=[waits])
    pressed(monkeypatch, "dispatch_waiting", "7", "approve")
    app = opened("dispatch", api)
    app.button(key="order_approve").click().run()
    assert api.asked == [("approve", 7)]


# -------------------------------------------------------------------------------------------------- energy


def test_energy_offers_its_export():
    app = opened("energy")
    assert "counted from" in said(app).replace("\\", "")


# ------------------------------------------------------------------------------------- names from outside


def test_a_name_is_never_markup_in_the_labels_of_a_trend():
    app = opened("trends", query={"station": "S001"}, city=city(names={"S001": EVIL}))
    labels = [option.content for group in app.button_group for option in group.proto.options]
    assert any("S001" in label for label in labels)
    for label in labels:
        assert "[x](" not in label


def test_a_name_is_never_markup_in_the_title_of_a_dialog():
    manual = loop_state(mode="manual", order=3, ordered_by="bo", manual_until=NOW + 900)
    known = city(loops={"S001": [manual]}, names={"S001": EVIL})
    app = opened("dispatch", city=known)
    asked = order_dialog.Asked(title=f"Back to auto: {EVIL}", order={"kind": "mode"})
    app.session_state["order_asked"] = asked
    app.run()
    titles = [block.proto.dialog.title for block in app.get("dialog")]
    assert titles
    assert "[x](" not in titles[0]
