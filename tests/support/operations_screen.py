"""Screens of operations on a hand-made city, with a controller that answers from memory: for AppTest."""

import time
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from controller.api.schema import Sentence
from tests.support import fake_api
from tests.support.fake_api import SHOWN, FakeApi
from tests.support.operations_city import alarm, city, me

SCRIPT = "from tests.support.fake_api import show\nshow()\n"
SECOND = Sentence(id="bulk", params={}, en="7 loops at once", zh="一次更改 7 个回路")
TOO_HOT = Sentence(id="beyond_supply", params={}, en="too hot for S001/1", zh="S001/1 过热")


def screen(api, role="shift_lead", language="en", **changes):
    known = changes.pop("city", None) or city(alarms=[alarm()])
    known = replace(known, received=time.monotonic(), polled=time.monotonic())
    return fake_api.screen_of(api, me(role), known, language)


def opened(name, api=None, query=None, **changes):
    """Return a page after its first run, with links' parts in ``query``."""
    api = api or FakeApi(alarm_list=[alarm()])
    SHOWN.update(name=name, screen=screen(api, **changes))
    app = AppTest.from_string(SCRIPT, default_timeout=20)
    for key, value in (query or {}).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app
