"""``python -m simulators season``: what it prints, draws and refuses."""

import numpy as np
import pytest

from simulators.__main__ import main
from simulators.fieldtruth.parameters import parameter_hash
from simulators.fieldtruth.profile import supply_path
from tests.support.field_cities import Stepped, field_city


def test_a_day_of_a_small_city_prints_its_figures_under_the_hash_and_draws_them(tmp_path, capsys):
    picture = tmp_path / "pictures" / "day.png"
    assert main(["season", "--stations", "4", "--days", "1", "--begin", "70", "--picture", str(picture)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"parameters {parameter_hash()}: 4 stations, seed 1, spread 2.3 K\n")
    assert "overheating" in shown
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--stations", "0"], "1..5000 stations"),
        (["--spread", "9"], "a spread is"),
        (["--stations", "2", "--step", "900", "--days", "1"], "a step is"),
    ],
)
def test_what_cannot_be_is_refused_with_what_may_be(arguments, complaint, capsys):
    assert main(["season", *arguments]) != 0
    assert complaint in capsys.readouterr().out


def test_a_number_of_days_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["season", "--days", "x"])
    assert "'x' is not a number of days" in capsys.readouterr().err


def test_the_way_to_a_station_begins_at_a_source_and_pressure_falls_along_it():
    city = Stepped(field_city())
    out = city.step()
    network = city.field.params.network
    for station in range(network.n_consumers):
        path = supply_path(network, out.m_flow_link, station)
        assert path[0] in network.link_end[network.sources]
        assert path[-1] == network.link_start[network.consumers][station]
        head = city.plant.primary.p[path] + network.elevation[path] * 9.6
        assert (np.diff(head) < 1.0).all()
