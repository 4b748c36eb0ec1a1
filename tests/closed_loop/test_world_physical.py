"""Worlds in which a drawn city with network, sources and houses stands behind the stations."""

from simulators.world.run import play
from simulators.world.site import read_site
from simulators.world.world import WorldOptions

SCENARIO = b"""
[[fault]]
name = "main_burst"
at_s = 60
duration_s = 120
stations = ["S001"]
kg_per_s = 3

[[fault]]
name = "pump_trip"
at_s = 100
duration_s = 100
stations = ["S002"]
"""


def test_a_world_with_a_physical_city_holds_and_replays_to_the_last_byte():
    options = WorldOptions(seed=5, stations=4, plant="physical", scenario=SCENARIO)
    first = play(options, 0.25)
    read_site.cache_clear()
    anew = play(options, 0.25)
    assert first.broken == ()
    assert first.polls > 150
    assert (first.digest, first.events) == (anew.digest, anew.events)
