"""One live trend on a page of Streamlit's: ours, or plotly's. Run by ``benchmarks.hmi_trend``.

Four lines of a day in samples of 10 s, the newest 10 s further on with each refresh.
"""

import math
import os
import time

import streamlit as st

PERIOD_S = 2.0
SAMPLES, STEP_S = 8640, 10.0
NAMES = ("supply", "return", "effective", "flow")


def lines() -> tuple[list[float], list[list[float]]]:
    """Return times in UTC seconds and the values of each line."""
    end = time.time() // PERIOD_S * STEP_S
    times = [end - (SAMPLES - n) * STEP_S for n in range(SAMPLES)]
    waves = [
        [50.0 + 5.0 * k + 3.0 * math.sin(at / 7000.0 + k) + math.sin(at * 1.7) * 0.1 for at in times]
        for k in range(len(NAMES))
    ]
    return times, waves


@st.fragment(run_every=PERIOD_S)
def ours() -> None:
    """The product's drawing."""
    from hmi.components import trend
    from hmi.language import Words
    from hmi.view_models.overview import trend_texts

    times, waves = lines()
    trend.mount(
        trend.Trend(
            lines=tuple(
                trend.Line(id=name, label=name, times=tuple(times), values=tuple(values))
                for name, values in zip(NAMES, waves, strict=True)
            ),
            panels=(trend.Panel(title="degC"),),
            start=times[0],
            end=times[-1],
            timezone="Asia/Shanghai",
            texts=trend_texts(Words("en", "Asia/Shanghai")),
            label="trend",
            seq=int(times[-1]),
            height_px=400,
        ),
        key="trend",
    )


@st.fragment(run_every=PERIOD_S)
def plotly() -> None:
    """Streamlit's own, drawn as SVG."""
    import plotly.graph_objects as go

    times, waves = lines()
    figure = go.Figure(
        [
            go.Scatter(x=times, y=values, name=name, mode="lines")
            for name, values in zip(NAMES, waves, strict=True)
        ]
    )
    figure.update_layout(height=400, uirevision="kept")
    st.plotly_chart(figure, key="trend")


st.set_page_config(layout="wide")
{"ours": ours, "plotly": plotly}[os.environ["TREND_SIDE"]]()
