"""What a loop has taken, hour by hour, as far as it is known; and how a heat meter's counter tells it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
HOUR_S = 3600.0
SPIKE, SPIKE_H = 8.0, 5
"""Robust standard deviations by which an hour may depart from the median of so many hours around it. Bursts
of hot water of a single house stay within."""
SMOOTH_SHARE = 0.02
"""Of the median load: the least that counts as a standard deviation, where a load is so smooth that most
hours are the median of those around."""


def hourly_load(
    times: Floats, energy: Floats, hours: Floats, most: float, *, slack_s: float = 60.0
) -> tuple[Floats, Flags]:
    """Return mean heat flow (m,) of ``hours`` by a meter's counter, and for which of them it is known.

    ``energy`` (kWh) was read at ``times`` (UTC seconds, any order, doubles allowed: the first reading of a
    moment counts). An hour is known if the counter was read at most ``slack_s`` from its begin and from its
    end and rose by 0..``most`` kWh: a counter that was changed, stood still at no value or ran back tells
    nothing. A gap of several hours tells only their sum, and hours that are guesses must not teach a
    forecast.
    """
    sound = np.isfinite(times) & np.isfinite(energy)
    at, first = np.unique(times[sound], return_index=True)
    counts = energy[sound][first]
    if len(at) == 0:
        return np.zeros(len(hours)), np.zeros(len(hours), dtype=bool)
    begin, begin_known = _nearest(at, counts, hours, slack_s)
    end, end_known = _nearest(at, counts, hours + HOUR_S, slack_s)
    risen = end - begin
    known = begin_known & end_known & (risen >= 0.0) & (risen <= most)
    return np.where(known, risen, 0.0), known


def _nearest(at: Floats, counts: Floats, moments: Floats, slack_s: float) -> tuple[Floats, Flags]:
    right = np.clip(np.searchsorted(at, moments), 0, len(at) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(at[left] - moments) < np.abs(at[right] - moments), left, right)
    return counts[nearest], np.abs(at[nearest] - moments) <= slack_s


def without_spikes(load: Floats) -> Floats:
    """Return a load (m,) without gaps whose single hours stand out no more than ``SPIKE`` from those around.

    A meter's wrong pulse would be looked back on for a week. A step, as when heating begins, stays: the
    median of five hours follows it.
    """
    if len(load) < SPIKE_H:
        return load
    around = np.median(sliding_window_view(np.pad(load, SPIKE_H // 2, mode="edge"), SPIKE_H), axis=1)
    usual = 1.4826 * float(np.median(np.abs(load - around)))
    usual = max(usual, SMOOTH_SHARE * float(np.median(np.abs(load))))
    return np.clip(load, around - SPIKE * usual, around + SPIKE * usual)


def without_gaps(load: Floats, known: Flags) -> Floats:
    """Return the load with hours that are not known taken from the same hour of the nearest known day.

    Only for what a forecast looks back on; such hours are not learned from. Without any known hour, zeros.
    """
    filled, lacking = load.copy(), ~known
    if not known.any():
        return filled
    for days in range(1, len(load) // 24 + 1):
        for shift in (24 * days, -24 * days):
            there = np.arange(len(load)) - shift
            inside = (there >= 0) & (there < len(load))
            source = np.where(inside, there, 0)
            taken = lacking & inside & known[source]
            filled[taken] = load[source[taken]]
            lacking &= ~taken
        if not lacking.any():
            return filled
    filled[lacking] = float(np.median(load[known]))
    return filled
