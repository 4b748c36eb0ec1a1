"""Screens of the city on a hand-made city, with a controller that answers from memory: for AppTest."""

from functools import partial

import streamlit as st

from hmi import kept
from hmi.screens import setpoint
from tests.support import fake_api
from tests.support.fake_api import SHOWN
from tests.support.hmi_city import order, small_city
from tests.support.operations_city import me

FakeApi = partial(fake_api.FakeApi, order_of=order)


def screen(api, role="operator", language="en", districts=None, city=None):
    return fake_api.screen_of(api, me(role, districts), city or small_city(), language)


def fresh():
    """Forget what earlier tests left in the process."""
    SHOWN.clear()
    kept.forget()


def show_dialog():
    """Draw the setpoint dialog in the page: the tester runs whole pages only, which would shut a dialog."""
    act = st.session_state.setdefault("act", setpoint.Act("S001", 1, SHOWN["kind"]))
    setpoint.content(act)
