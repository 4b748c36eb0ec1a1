"""The controller among faults in virtual time, the third quarter of the seeds: what must always hold does.

A file each, because workers take whole files: four share what would keep one of them for minutes.
"""

import pytest

from tests.support.worlds import play_quarter


@pytest.mark.slow(minutes=2)
@pytest.mark.soak
@pytest.mark.timeout(10_000)
def test_nothing_that_must_hold_is_broken_in_the_third_quarter_of_worlds_full_of_faults(soak):
    play_quarter(soak, 2)
