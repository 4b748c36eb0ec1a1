"""What a step of the physical city costs a station: no more in a large city than in a small one.

Of CPU time of one thread, least of several windows taken in turn: 1.3 times that of 100 stations at most.
"""

import time

import pytest

from tests.support.field_cities import Stepped, field_city

STEPS, WINDOWS = 20, 4


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_station_costs_no_more_in_a_large_city_than_in_one_of_a_hundred(soak):
    sizes = soak.pick(reduced=(100, 400), full=(100, 1000, 5000))
    cities = {n: Stepped(field_city(n, 1), day=75.5) for n in sizes}
    for city in cities.values():
        for _ in range(5):
            city.step()
    least = dict.fromkeys(sizes, float("inf"))
    for _ in range(WINDOWS):
        for n, city in cities.items():
            began = time.process_time()
            for _ in range(STEPS):
                city.step()
            least[n] = min(least[n], 1e6 * (time.process_time() - began) / (STEPS * n))
    soak.record(**{f"us_per_station_and_step_{n}": round(cost, 1) for n, cost in least.items()})
    assert all(cost <= 1.3 * least[100] for cost in least.values()), least
