"""The day of an operator, in a real browser at a running city: everything is a process of its own."""

import re

import pytest
from playwright.sync_api import expect

from hmi.session import TOKEN_COOKIE
from tests.support.browser import Browser, chromium
from tests.support.screen_deeds import (
    alarm_now,
    driven_station,
    find_the_worst,
    fonts_of,
    header_of,
    lost_links,
    open_dialog,
    previewed,
    reason_of,
    steps,
    steps_begin,
    strip,
    to_alarms_by_key,
    told,
)
from tests.support.screen_room import BAD_NAME, BAD_STATION, PASSWORD, screen_room, spoil_a_name, until

pytestmark = [pytest.mark.slow(minutes=7), pytest.mark.plug, pytest.mark.timeout(300)]

STATIONS, SPEED = 16, 20.0
PAGES = ("", "stations", "station?station=S001", "alarms", "trends", "dispatch", "optimizer", "energy",
         "audit", "settings", "style")  # fmt: skip


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    with screen_room(folder, stations=STATIONS, speed=SPEED, prepare=spoil_a_name) as running:
        yield running
        assert "Traceback" not in running.log(), "a fault of the screen stands in its log"


@pytest.fixture(scope="module")
def started():
    with chromium() as running:
        yield running


@pytest.fixture
def browser(started, request, tmp_path):
    before = request.session.testsfailed
    opened = Browser(started, tmp_path / "seen")
    yield opened
    opened.leave(failed=request.session.testsfailed > before)


# --------------------------------------------------------------------------------------------- coming in


def test_a_wrong_password_is_told_and_the_right_one_leads_to_the_page_that_was_asked_for(room, browser):
    visit = browser.visit(room, language="en")
    page = visit.page
    page.goto(f"{room.screen}/alarms")
    expect(page).to_have_url(re.compile(r"/login\?next="))
    page.get_by_label("User name").fill("lei")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{room.screen}/alarms")
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()
    expect(strip(visit)).to_contain_text("lei · shift lead")
    cookie = next(one for one in visit.context.cookies() if one["name"] == TOKEN_COOKIE)
    assert cookie["httpOnly"]
    assert page.evaluate("document.cookie").find(TOKEN_COOKIE) == -1


def test_a_session_that_ends_leads_to_the_login_and_back_to_the_page(room, browser):
    visit = browser.visit(room, "eva", language="en")
    visit.open("alarms")
    room.disable("eva")
    try:
        expect(visit.page).to_have_url(re.compile(r"/login\?next=%2Falarms"), timeout=40_000)
    finally:
        room.disable("eva", disabled=False)
    visit.page.get_by_label("User name").fill("eva")
    visit.page.get_by_label("Password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Log in").click()
    expect(visit.page.get_by_role("heading", name="Alarms")).to_be_visible()


# ------------------------------------------------------------------------------- language, theme, pages


def test_every_page_is_chinese_to_the_last_word_and_never_asks_another_machine(room, browser):
    visit = browser.visit(room, "ada", dark=True)
    visit.open("settings")
    found = {}
    for page in PAGES:
        visit.open(page) if page.startswith("station?") else visit.go(page)
        found[page] = visit.english()
    assert {page: words for page, words in found.items() if words} == {}


def test_a_page_that_has_come_takes_clicks_although_it_is_built_like_the_one_before(room, browser):
    visit = browser.visit(room, "ada", language="en")
    visit.open("alarms")
    visit.page.evaluate("""() => {
      window.dimmedAt = [];
      new MutationObserver(() => window.dimmedAt.push(
        [document.documentElement.hasAttribute("data-dhc-leaving"), performance.now()]
      )).observe(document.documentElement, {attributeFilter: ["data-dhc-leaving"]});
    }""")
    for page in ("trends", "dispatch", "energy"):
        visit.go(page)
    flips = visit.page.evaluate("window.dimmedAt")
    assert [dimmed for dimmed, _ in flips] == [True, False] * 3
    # a page whose coming is not noticed is let go after ten seconds
    assert all(end - begin < 8_000 for (_, begin), (_, end) in zip(flips[::2], flips[1::2], strict=True))


def test_a_press_that_is_lost_on_its_way_is_made_again(room, browser):
    visit = browser.visit(room, "ada", language="en")
    page = visit.open("trends")
    swallow = "(event) => { event.stopImmediatePropagation(); event.preventDefault(); }"
    page.evaluate(f"document.addEventListener('click', {swallow}, {{capture: true, once: true}})")
    page.keyboard.press("a")
    expect(page.locator("html[data-dhc-leaving]")).to_be_attached()
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()


def test_what_opens_over_a_chinese_page_is_chinese_too_in_a_chinese_font(room, browser):
    visit = browser.visit(room, "lei")
    visit.open("dispatch")
    page = visit.page
    page.locator('.dhc-rows button[data-action="local"]:not([disabled])').first.click()
    expect(page.get_by_role("dialog").get_by_role("button", name="取消")).to_be_visible()
    assert visit.english() == []
    page.get_by_role("dialog").get_by_role("button", name="取消").click()
    visit.open("stations")
    page.locator('[data-testid="stDataFrame"]').hover()
    page.mouse.move(*header_of(page))
    page.mouse.click(*header_of(page))
    expect(page.get_by_test_id("stDataFrameColumnMenu")).to_be_attached()
    expect(page.get_by_test_id("stDataFrameColumnMenu")).to_be_hidden()
    assert visit.english() == []
    visit.open(f"station?station={driven_station(room)}")
    page.get_by_role("button", name="修改设定…").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="取消")).to_be_visible()
    assert visit.english() == []
    fonts = fonts_of(visit, '[data-testid="stMain"] h1')
    assert all(name.startswith(("Noto Sans CJK", "Noto Sans SC")) for name in fonts), fonts


def test_language_and_theme_are_changed_in_the_strip_and_stay_after_a_reload(room, browser):
    visit = browser.visit(room, "olga")
    page = visit.open("alarms")
    expect(page.get_by_role("heading", name="报警", exact=True)).to_be_visible()
    strip(visit).get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()
    strip(visit).get_by_role("button", name="Dark").click()
    app = "document.querySelector('[data-testid=stApp]')"  # is not there for a moment while the theme changes
    dark = f"() => {app} && getComputedStyle({app}).colorScheme === 'dark'"
    page.wait_for_function(dark)
    strip(visit).get_by_role("button", name="Wall").click()
    wall = "() => getComputedStyle(document.documentElement).zoom === '1.25'"
    page.wait_for_function(wall)
    page.reload()
    expect(page.get_by_role("heading", name="Alarms")).to_be_visible()
    page.wait_for_function(dark)
    page.wait_for_function(wall)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_refresh_keeps_zoom_and_every_node_of_map_and_trend(room, browser):
    visit = browser.visit(room, "olga", language="en")
    page = visit.open()
    expect(page.get_by_text("SIMULATION · ")).to_be_visible()
    place = page.locator('.dhc-map [data-id="S005"]').first
    whole = place.bounding_box()
    page.locator(".dhc-map button.zoom_in").click()
    page.locator(".dhc-trend button.zoom_in").click()
    expect(page.locator(".dhc-trend.zoomed")).to_be_attached()
    before = place.bounding_box()
    assert (before["x"], before["y"]) != (whole["x"], whole["y"])
    nodes = [place.element_handle(), page.locator(".dhc-trend svg").first.element_handle()]
    for part in (".dhc-map", ".dhc-trend"):
        visit.live(part)
    assert all(node.evaluate("node => node.isConnected") for node in nodes)
    assert nodes[0].bounding_box() == before
    expect(page.locator(".dhc-trend.zoomed")).to_be_attached()


def test_a_link_to_nothing_leads_to_words_and_not_to_a_fault(room, browser):
    visit = browser.visit(room, "olga", language="zh")
    visit.open("station?station=S999")
    expect(visit.page.get_by_text("S999").first).to_be_visible()
    visit.open("nothing")
    assert visit.english() == []
    visit.open("alarms?alarm=no_such_alarm:S999")
    assert visit.english() == []


# ---------------------------------------------------------------------------------------------- alarms


def test_an_alarm_is_acknowledged_and_shelved_with_a_reason(room, browser):
    victim = "S011"
    visit = browser.visit(room, "lei", language="en")
    page = visit.open()
    room.ask("stop_server", station=victim)
    try:
        find_the_worst(visit, victim)
        to_alarms_by_key(page)
        visit.settled()
        strip(visit).get_by_text(victim).click()
        expect(page.locator(".dhc-sheet")).to_contain_text("Cause")
        row = page.locator(f'.dhc-rows .row[data-id="station_lost:{victim}"]')
        expect(row).to_have_attribute("aria-selected", "true")
        kept = row.element_handle()
        visit.settled()
        page.get_by_label("Note (optional)").fill("检修人员已出发")
        page.locator(".st-key-acknowledge button").click()
        alarm = f"station_lost:{victim}"
        until(lambda: alarm_now(room, alarm)["state"] == "ack", what="the acknowledgement")
        assert alarm_now(room, alarm)["note"] == "检修人员已出发"
        expect(row.locator("svg.mark.ack")).to_be_attached()
        expect(row).to_have_attribute("aria-selected", "true")
        assert kept.evaluate("node => node.isConnected"), "the row itself has changed, not been drawn anew"
        page.get_by_role("button", name="Shelve…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Shelve this alarm")).to_be_disabled()
        dialog.get_by_text("Sensor is being mended").click()
        dialog.get_by_role("button", name="Shelve this alarm").click()
        until(lambda: alarm_now(room, alarm)["state"] == "shelved", what="the shelf")
        assert alarm_now(room, alarm)["shelf"]["by"] == "lei"
    finally:
        room.ask("start_server", station=victim)
    until(lambda: room.get(f"stations/{victim}")["link"] == "online", 60.0, "the station's return")


def test_ten_stations_that_fall_silent_are_one_alarm_on_the_screen(room, browser):
    victims = [f"S{number:03d}" for number in range(1, 11)]
    visit = browser.visit(room, "olga", language="en")
    page = visit.open("alarms")
    try:
        for victim in victims:
            room.ask("stop_server", station=victim)
        until(lambda: lost_links(room) == {"centre_link_lost"}, 60.0, "one alarm for all")
        expect(strip(visit).get_by_text("10 of 16 stations")).to_be_visible()
        expect(page.get_by_text("10 beneath")).to_be_visible(timeout=60_000)
        # one, and what a busy machine may add of its own, but not ten
        expect(strip(visit).get_by_role("button", name=re.compile("^high [1-3], "))).to_be_visible()
    finally:
        for victim in victims:
            room.ask("start_server", station=victim)
    until(lambda: room.get("kpis")["stations_fresh"] == STATIONS, 60.0, "the stations' return")


# ------------------------------------------------------------------------------------------- a setpoint


def test_a_setpoint_is_understood_changed_seen_confirmed_and_undone(room, browser):
    station = driven_station(room)
    visit = browser.visit(room, "olga", language="en")
    dialog = open_dialog(visit, station)
    before = room.loop(station)["T_supply_set"]
    until(lambda: reason_of(room, station) in told(visit), what="the controller's reason on the page")
    dialog.get_by_label("Secondary supply temperature, °C").fill(f"{before + 1.0:.1f}")
    dialog.get_by_text("Residents complain of cold").click()
    visit.settled()
    previewed(dialog, "Indoor, settled")
    dialog.get_by_role("button", name=re.compile(f"^Carry out at {station}")).click()
    expect(dialog.get_by_text(re.compile("States of order"))).to_be_visible()
    done = [steps_begin(visit)]
    expect(dialog.get_by_text(steps(4))).to_be_visible(timeout=60_000)
    done += visit.page.evaluate("window.stepsSeen")
    assert done == sorted(done), "an order never goes back"
    assert done[0] < 4
    assert set(done) <= {0, 1, 2, 3, 4}
    loop = room.loop(station)
    assert (loop["mode"], loop["ordered_by"]) == ("manual", "olga")
    assert loop["T_supply_ordered"] == pytest.approx(round(before + 1.0, 1))
    visit.settled()
    dialog.get_by_role("button", name="Undo this order").click()
    until(lambda: room.loop(station)["mode"] == "auto", what="the undo")
    assert room.loop(station)["T_supply_ordered"] is None


def test_a_session_that_ends_in_a_dialog_orders_nothing(room, browser):
    station = driven_station(room)
    visit = browser.visit(room, "eva", language="en")
    dialog = open_dialog(visit, station)
    before = room.loop(station)["order"]
    dialog.get_by_label("Secondary supply temperature, °C").fill("55")
    dialog.get_by_text("Weather changes").click()
    visit.settled()
    room.disable("eva")
    try:
        dialog.get_by_role("button", name="Preview").first.click()
        expect(visit.page).to_have_url(re.compile(r"/login\?next=%2Fstation"), timeout=40_000)
    finally:
        room.disable("eva", disabled=False)
    assert room.loop(station)["order"] == before


def test_what_is_no_setpoint_is_told_beside_the_field_and_goes_nowhere(room, browser):
    visit = browser.visit(room, "olga", language="en")
    dialog = open_dialog(visit, driven_station(room))
    field = dialog.get_by_label("Secondary supply temperature, °C")
    for typed, said in (
        ("61,5 bar", "“61,5 bar”: this field takes °C only"),
        ("warm", "“warm” is no number"),
        ("99", "99.0 °C is beyond the limits"),
        ("-61.5", "−61.5 °C is beyond the limits"),
    ):
        field.fill(typed)
        field.press("Enter")
        expect(dialog.get_by_text(said)).to_be_visible()
        expect(dialog.get_by_role("button", name="Preview").first).to_be_disabled()


def test_a_setpoint_with_a_comma_and_its_unit_is_what_was_meant(room, browser):
    station = driven_station(room)
    visit = browser.visit(room, "olga", language="en")
    dialog = open_dialog(visit, station)
    wanted = f"{room.loop(station)['T_supply_set'] + 0.5:.1f}"
    field = dialog.get_by_label("Secondary supply temperature, °C")
    field.fill(f" {wanted.replace('.', ',')} °C")
    field.press("Enter")
    dialog.get_by_text("Weather changes").click()
    visit.settled()
    previewed(dialog, f"{wanted} °C")
    dialog.get_by_role("button", name="Cancel").click()
    assert room.loop(station)["mode"] == "auto"


def test_a_viewer_sees_everything_and_finds_no_button_that_writes(room, browser):
    visit = browser.visit(room, "vera", language="en")
    page = visit.open(f"station?station={driven_station(room)}")
    for name in ("Change setpoint…", "To automatic…", "To local…"):
        expect(page.get_by_role("button", name=name).first).to_be_disabled()
    expect(page.get_by_text("Your role may look, not give orders").first).to_be_visible()


# ------------------------------------------------------------------------------------------- bad company


def test_five_thousand_lines_pasted_into_the_filter_are_a_filter(room, browser):
    visit = browser.visit(room, "olga", language="en")
    page = visit.open("stations")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pasted = "\n".join(f"S{number:03d}" for number in range(5000))
    page.evaluate("text => navigator.clipboard.writeText(text)", pasted)
    page.get_by_label("Filter by id or name; paste a column of any length").press("Control+v")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(f"{STATIONS} of {STATIONS + 1} stations")).to_be_visible()


def test_a_station_name_that_is_code_is_shown_as_text_on_every_page(room, browser):
    visit = browser.visit(room, "ada", language="en")
    visit.open(f"station?station={BAD_STATION}")
    for page in (f"station?station={BAD_STATION}", *(page for page in PAGES if "?" not in page)):
        if not page.startswith("station?"):
            visit.go(page)
        assert visit.page.title() != "owned"
        if page.startswith(("station?", "energy")):
            until(lambda: BAD_NAME in visit.text(), what="the name on the page")


# ------------------------------------------------------------------------------- the controller is gone


def test_a_killed_controller_freezes_the_page_and_a_new_one_brings_it_back_without_a_reload(room, browser):
    visit = browser.visit(room, "lei", language="en")
    page = visit.open("alarms")
    page.evaluate("window.neverReloaded = true")
    frozen = strip(visit).locator(".frozen")
    expect(frozen).to_be_hidden()
    station = visit.new_page()
    station.goto(f"{room.screen}/station?station={driven_station(room)}")
    writes = [station.get_by_role("button", name=name) for name in ("Change setpoint…", "To local…")]
    for button in writes:
        expect(button).to_be_enabled()
    room.kill_controller()
    try:
        expect(frozen).to_be_visible(timeout=25_000)
        expect(frozen).to_contain_text("frozen", ignore_case=True)
        for button in writes:
            expect(button).to_be_disabled()
        expect(station.get_by_text("The data are frozen. Nothing can be changed").first).to_be_visible()
    finally:
        room.start_controller()
    expect(frozen).to_be_hidden(timeout=40_000)
    visit.live()
    assert page.evaluate("window.neverReloaded")
    for button in writes:
        expect(button).to_be_enabled(timeout=60_000)
