"""How old the values of the process image are."""

import asyncio

import numpy as np

from benchmarks.fleet import Fleet
from benchmarks.report import Result
from controller.image import Link


async def ages(fleet: Fleet, name: str, setting: str, samples: int, every_s: float) -> Result:
    """Return the 95 % quantile over all values at several moments; the spread is that of the moments."""
    moments = []
    online = []
    for _ in range(samples):
        await asyncio.sleep(every_s)
        found, share = _now(fleet)
        moments.append(found)
        online.append(share)
    quantiles = [float(np.quantile(found, 0.95)) for found in moments]
    everything = np.concatenate(moments)
    note = (
        f"{setting}; {len(everything)} ages at {samples} moments over {samples * every_s:.0f} s, median "
        f"{np.median(everything):.1f} s, p99 {np.quantile(everything, 0.99):.1f} s; a lost station's values "
        f"count from its last answer; {np.mean(online):.2%} of stations online; Modbus carries no time, so "
        "its values count from their arrival"
    )
    return Result(
        name=name,
        value=float(np.quantile(everything, 0.95)),
        unit="s",
        runs=samples,
        spread=(min(quantiles), max(quantiles)),
        note=note,
    )


def _now(fleet: Fleet) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Return the age of every value now, and the share of stations online."""
    now, images = fleet.clock.now(), fleet.state.image.freeze().values()
    found: list[float] = []
    for image in images:
        if image.link is Link.ONLINE:
            found += [now - reading.measured_at for reading in image.readings.values()]
        elif image.polled_at is not None:
            found += [now - image.polled_at] * len(image.readings)
    online = sum(image.link is Link.ONLINE for image in images) / len(images)
    return np.array(found), online
