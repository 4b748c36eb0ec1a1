"""Trends: free picks on two axes, one day against the day before, export for spreadsheets."""

from collections.abc import Mapping, Sequence

import streamlit as st

from controller.api.schema import History
from hmi import export
from hmi.components import trend
from hmi.context import Screen, current_screen
from hmi.kept import kept, last
from hmi.language import N_, Words
from hmi.live import Parts, region
from hmi.screens.saying import plain, reading
from hmi.user_api import Unreachable
from hmi.view_models import trends as model
from hmi.view_models.overview import trend_texts
from hmi.view_models.trends import Pick

TITLE = N_("Trends")
LIVE_S, FRESH_S = 10.0, 5.0
"""Wall seconds from one refresh to the next, and for which a line read by one session serves all."""
TAIL_SHARE = 0.1
"""Share of the span that is read sample by sample at its end before the whole is read anew."""
TAIL_OVERLAP_S = 120.0
"""How much of what is known the tail reads again: late answers of slow modems."""
MAX_POINTS = 1200
EXPORT_POINTS = 2000

Read = list[tuple[Pick, History]]


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    st.title(words(TITLE), anchor=False)
    picks = _chosen(screen)
    with st.container(border=True):
        _adding(screen, picks)
        if picks:
            picks = _keeping(screen, picks)
    if not picks:
        st.info(words("Choose a station and what you want to see of it."))
        return
    span, days = _span(words)
    with st.container(border=True):
        _live(tuple(picks), span, days)
    _exports(screen, picks, span)


# ---------------------------------------------------------------------------------------------- the choice


def _chosen(screen: Screen) -> list[Pick]:
    """Return what the link names; a bare link to a station means what one looks at first."""
    words, city = screen.words, screen.city
    text = st.query_params.get("lines", "")
    if not text and (station := st.query_params.get("station", "")):
        picks = model.default_picks(city, station)
        if not picks:
            st.warning(words("There is no station {id}.", id=plain(station[:32])))
        return picks
    picks, wrong = model.parse_picks(text, city)
    if wrong:
        st.warning(words("Not shown: {lines}", lines=plain(", ".join(wrong))))
    return picks


def _adding(screen: Screen, picks: Sequence[Pick]) -> None:
    words, city = screen.words, screen.city
    left, middle, right = st.columns([1.4, 2.2, 0.7], vertical_alignment="bottom")
    station = left.selectbox(
        words("Station"),
        list(city.traits),
        format_func=lambda id_: f"{id_} {words.name(city.traits[id_])}",
        index=None,
        placeholder=words("name or number"),
        key="trend_station",
    )
    choices = [] if station is None else model.choices(city, station)
    # one at a time: the list of several picks has an entry of its own that is English in any language
    added = middle.selectbox(
        words("Point"),
        [pick for pick, _ in choices],
        format_func=lambda pick: model.label(words, city.traits, pick, with_station=False),
        index=None,
        placeholder=words("choose"),
        key=f"trend_point_{station}",
        disabled=station is None,
    )
    full = len(picks) >= model.MAX_PICKS
    if right.button(words("Add"), type="primary", disabled=added is None or full, width="stretch") and added:
        _keep(list(dict.fromkeys([*picks, added])))
    if full:
        st.caption(words("At most {n} lines can be told apart.", n=model.MAX_PICKS))


def _keeping(screen: Screen, picks: list[Pick]) -> list[Pick]:
    words, traits = screen.words, screen.city.traits
    kept = st.pills(
        words("Shown; press one to take it off"),
        picks,
        selection_mode="multi",
        default=picks,
        # labels of pills are Markdown, and a station's name is anybody's text
        format_func=lambda pick: plain(model.label(words, traits, pick)),
        key=f"trend_kept_{model.picks_text(picks)}",
    )
    if list(kept) != picks:
        _keep([pick for pick in picks if pick in kept])
    return picks


def _keep(picks: Sequence[Pick]) -> None:
    """Write the choice into the link, so that it can be sent to somebody, and show it."""
    st.query_params.pop("station", None)
    st.query_params["lines"] = model.picks_text(picks)
    st.rerun()


def _span(words: Words) -> tuple[float, int]:
    """Return the span, and how many days earlier the one is that is laid under it; 0: none."""
    left, right = st.columns([2.2, 1.0], vertical_alignment="bottom")
    span = left.segmented_control(
        words("Span"),
        list(model.RANGES),
        default=model.DEFAULT_RANGE_S,
        format_func=lambda seconds: words(model.RANGES[seconds]),
        key="trend_span",
    )
    days = right.selectbox(
        words("Compare with"),
        list(model.EARLIER),
        index=None,
        format_func=lambda number: words(model.EARLIER[number]),
        placeholder=words("nothing"),
        key="trend_compare",
    )
    return span or model.DEFAULT_RANGE_S, days or 0


# ---------------------------------------------------------------------------------------------- the picture


@region("trends", LIVE_S)
def _now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill the picture; ``query`` holds the lines as in the link, the span in s and the days back.

    Raises Unreachable where a line could not be read and never was.
    """
    words, city = screen.words, screen.city
    picks, _ = model.parse_picks(query.get("lines", ""), city)
    span = next((one for one in model.RANGES if f"{one:.0f}" == query.get("span")), model.DEFAULT_RANGE_S)
    days = next((one for one in model.EARLIER if str(one) == query.get("days")), 0)
    end = city.clock()
    read = [(pick, _known(screen, pick, end - span, end, 0.0)) for pick in picks]
    before: Read = []
    if days:
        back = days * model.DAY_S
        before = [(pick, _known(screen, pick, end - span - back, end - back, back)) for pick in picks]
    drawn = model.drawn(words, city, read, before, days)
    picture = trend.Trend(
        lines=drawn.lines,
        panels=drawn.panels,
        start=end - span,
        end=end,
        timezone=city.site.timezone,
        texts=trend_texts(words),
        label=words("Trend of {lines}", lines=", ".join(line.label for line in drawn.lines)),
        seq=city.version,
        now=end,
        height_px=520,
    )
    notes = []
    if drawn.left_out:
        units = ", ".join(drawn.left_out)
        notes.append(words("Two axes hold two units; not drawn: {units}", units=units))
    if days and not any(history.stored for _, history in before):
        notes.append(words("The journal does not reach back so far."))
    return Parts(drawings={"trend_picture": trend.payload(picture)}, layout="\n".join(notes))


@st.fragment
def _live(picks: tuple[Pick, ...], span: float, days: int) -> None:
    screen = current_screen()
    query = {"lines": model.picks_text(picks), "span": f"{span:.0f}", "days": str(days)}
    with reading(screen.words):
        with st.spinner(screen.words("The journal is being read …")):
            picture = _now.lay(screen, query)["trend_picture"]
        trend.mount(picture, key="trend_picture")
        for note in picture["live"]["layout"].splitlines():
            st.caption(plain(note))


def _known(screen: Screen, pick: Pick, start: float, end: float, shift_s: float) -> History:
    """Return a trend of the moving span: read once as a whole, then only at its end; the same for all."""
    name = f"trend:{pick}:{end - start:.0f}:{shift_s:.0f}"

    def ask() -> tuple[float, History]:
        known = last(name)
        if isinstance(known, tuple):
            whole_end, history = known
            if 0.0 <= end - whole_end <= TAIL_SHARE * (end - start) and end > history.end:
                since = max(0.0, history.end - TAIL_OVERLAP_S)
                tail = screen.api.history(pick.station, pick.point, pick.loop, since, end, MAX_POINTS)
                return whole_end, model.extended(history, tail, start, end)
        return end, screen.api.history(pick.station, pick.point, pick.loop, max(0.0, start), end, MAX_POINTS)

    found = kept(name, FRESH_S, ask)
    if found is None:
        raise Unreachable("a trend was never read")
    return found[1]


def _read(screen: Screen, picks: Sequence[Pick], start: float, end: float, points: int) -> Read:
    """Return all trends; one after the other, because the controller reads one at a time."""
    return [
        (pick, screen.api.history(pick.station, pick.point, pick.loop, max(0.0, start), end, points))
        for pick in picks
    ]


# ----------------------------------------------------------------------------------------------- the export


def _exports(screen: Screen, picks: list[Pick], span: float) -> None:
    """Offer files once they were asked for: they take the reading of every line anew."""
    words = screen.words
    asked = (model.picks_text(picks), span)
    made: Mapping[str, bytes] | None = None
    if st.session_state.get("trend_files", (None,))[0] == asked:
        made = st.session_state["trend_files"][1]
    with st.container(horizontal=True):
        if st.button(words("Prepare export"), key="trend_export"):
            with reading(words), st.spinner(words("The journal is being read …")):
                made = _files(screen, picks, span)
                st.session_state["trend_files"] = (asked, made)
        for kind, mime, name in (
            ("csv", export.CSV, words("Save CSV")),
            ("xlsx", export.XLSX, words("Save Excel")),
        ):
            if made is not None:
                st.download_button(
                    name,
                    made[kind],
                    file_name=f"trend.{kind}",
                    mime=mime,
                    on_click="ignore",
                    key=f"trend_{kind}",
                )


def _files(screen: Screen, picks: list[Pick], span: float) -> Mapping[str, bytes]:
    end = screen.city.clock()
    read = _read(screen, picks, end - span, end, EXPORT_POINTS)
    words = screen.words
    sheet = model.export_sheet(words, screen.city, read, words(TITLE))
    about = model.export_about(words, screen.city, read, end, screen.me.user.name)
    return {"csv": export.csv_bytes(sheet, about), "xlsx": export.xlsx_bytes(sheet, about)}
