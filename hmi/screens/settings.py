"""Settings: the own password, accounts for who manages them, and what runs here."""

from importlib.metadata import version

import streamlit as st

from hmi.context import Screen
from hmi.errors import plain, refusal_text
from hmi.language import N_
from hmi.navigation import KEYS, existing, screen_module
from hmi.session import forget, token_of_this_run
from hmi.terms import ROLE, term
from hmi.user_api import Refused, Unreachable

TITLE = N_("Settings")
SHORTEST = 12


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    st.title(words(TITLE))
    left, right = st.columns(2, gap="medium")
    with left:
        _session(screen)
        _own_password(screen)
        _keys(screen)
    with right:
        _about(screen)
        if screen.may("read_users"):
            _accounts(screen)


def _session(screen: Screen) -> None:
    words, user = screen.words, screen.me.user
    zone = user.districts
    districts = (
        words("the whole city")
        if zone is None
        else ", ".join(words.district(screen.city.site, name) for name in zone)
    )
    with st.container(border=True):
        st.subheader(words("Session"))
        _table(
            {
                words("User name"): user.name,
                words("Role"): term(words, ROLE, user.role),
                words("Zone"): districts,
                words("Session ends at"): words.datetime(screen.me.ends_at),
            }
        )
        st.caption(words("Language, theme and wall view stand in the strip above; this browser keeps them."))


def _own_password(screen: Screen) -> None:
    words = screen.words
    with st.container(border=True), st.form("own_password", border=False, clear_on_submit=True):
        st.subheader(words("Change password"))
        old = st.text_input(words("Present password"), type="password", autocomplete="current-password")
        new = st.text_input(words("New password"), type="password", autocomplete="new-password")
        again = st.text_input(words("New password again"), type="password", autocomplete="new-password")
        st.caption(words("At least {count} characters. All your sessions end, this one too.", count=SHORTEST))
        if not st.form_submit_button(words("Change password")):
            return
        if new != again:
            st.error(words("The two new passwords differ."))
        elif len(new) < SHORTEST:
            st.error(words("At least {count} characters.", count=SHORTEST))
        else:
            _change_password(screen, old, new)


def _change_password(screen: Screen, old: str, new: str) -> None:
    words = screen.words
    try:
        screen.api.change_password(old, new)
    except Refused as refused:
        wrong = refused.code == "login_refused"
        st.error(words("The present password is wrong.") if wrong else refusal_text(words, refused))
    except Unreachable:
        st.error(words("The controller does not answer. Try again soon."))
    else:
        forget(token_of_this_run())
        st.success(words("Changed. Log in again with the new password."))


def _keys(screen: Screen) -> None:
    words = screen.words
    with st.container(border=True):
        st.subheader(words("Keyboard"))
        keys = {KEYS[name]: words(screen_module(name).TITLE) for name in existing()}
        _table({**keys, "/": words("search")})


def _about(screen: Screen) -> None:
    words, city = screen.words, screen.city
    with st.container(border=True):
        st.subheader(words("About"))
        _table(
            {
                words("Site"): words.site_title(city.site),
                words("Number of stations"): words.number(
                    sum(traits.kind == "station" for traits in city.traits.values())
                ),
                words("Time zone"): city.site.timezone,
                words("Clock speed"): f"×{words.number(city.speed, 1)}",
                words("Version"): version("district-heating-control"),
                words("Connection"): words("live") if not city.frozen() else words("frozen"),
            }
        )


def _accounts(screen: Screen) -> None:
    words = screen.words
    with st.container(border=True):
        st.subheader(words("Accounts"))
        st.dataframe(
            [
                {
                    words("User name"): user.name,
                    words("Role"): term(words, ROLE, user.role),
                    words("Zone"): words("the whole city")
                    if user.districts is None
                    else ", ".join(words.district(screen.city.site, name) for name in user.districts),
                    words("State"): words("disabled") if user.disabled else words("open"),
                }
                for user in screen.api.users()
            ],
            hide_index=True,
            key="accounts",
        )
        if not screen.may("manage_users"):
            return
        _change_account(screen)
        _new_account(screen)


def _change_account(screen: Screen) -> None:
    words = screen.words
    names = [user.name for user in screen.api.users() if user.name != screen.me.user.name]
    with st.form("change_account", border=False):
        name = st.selectbox(words("Account"), names, index=None, placeholder=words("choose"))
        close, reopen = st.columns(2)
        disable = close.form_submit_button(words("Disable"))
        enable = reopen.form_submit_button(words("Enable, unlock"))
    if name and (disable or enable):
        try:
            screen.api.change_user(name, disabled=disable)
        except Refused as refused:
            st.error(refusal_text(words, refused))
        else:
            st.rerun()


def _new_account(screen: Screen) -> None:
    words = screen.words
    with st.expander(words("New account")), st.form("new_account", border=False):
        name = st.text_input(words("User name"), max_chars=32)
        role = st.selectbox(words("Role"), list(ROLE), format_func=lambda key: term(words, ROLE, key))
        zone = st.pills(
            words("Zone; none pressed: the whole city"),
            list(screen.city.site.districts),
            format_func=lambda key: plain(words.district(screen.city.site, key)),
            selection_mode="multi",
        )
        password = st.text_input(words("Password"), type="password", autocomplete="new-password")
        if not st.form_submit_button(words("Add account")):
            return
        try:
            screen.api.add_user(name, password, role, zone or None)
        except Refused as refused:
            st.error(refusal_text(words, refused))
        else:
            st.rerun()


def _table(rows: dict[str, str]) -> None:
    st.table(
        [{"": plain(key), " ": plain(value)} for key, value in rows.items()],
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )
