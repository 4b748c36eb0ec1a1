"""A station's readings are written as JSON directly: the same message, in a fifth of the time."""

import json

import pytest

from controller.api.snapshot import encode, station_text
from controller.api.views import station_state
from controller.image import StationImage
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading, bad, good

NOW = 1_768_406_400.123456
SUPPLY = Point(1, "T_supply_secondary")


@pytest.mark.parametrize(
    "reading",
    [
        good(52.123456789, NOW, NOW),
        good(-0.0, NOW, NOW),
        good(1e-9, NOW, NOW),
        good(1.5e18, NOW, NOW),
        good(7, NOW, NOW),
        bad(Reason.NO_ANSWER, NOW, NOW),
        Reading(value=50.0, quality=Quality.UNCERTAIN, reason=Reason.STALE, measured_at=NOW, received_at=NOW),
    ],
)
def test_the_text_of_a_station_says_what_its_values_say(reading):
    image = StationImage(station="S001", readings={SUPPLY: reading, Point(0, "p_supply_primary"): reading})
    assert json.loads(station_text(image, ())) == json.loads(encode(station_state(image, ())))


def test_a_station_without_readings_is_a_message_too():
    image = StationImage(station="S001", readings={})
    assert json.loads(station_text(image, ()))["readings"] == {}
