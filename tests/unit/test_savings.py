"""What several verdicts say of savings against the spread: tables, picture, files that are no verdicts."""

import json

import pytest

from simulators import __main__ as simulators_main
from simulators.evaluate.savings import as_warm

NAMES = ("curve", "warm_curve", "tuned_curve", "optimizer")
HEAT_GJ = {"curve": 1000.0, "warm_curve": 1080.0, "tuned_curve": 990.0, "optimizer": 1010.0}
SHARE_PERCENT = {"curve": 90.0, "warm_curve": 97.0, "tuned_curve": 94.0, "optimizer": 93.5}


@pytest.fixture
def series(tmp_path):
    """Two spreads of one January; returns what writes them, changed, and their files."""

    def write(**changes):
        files = []
        for spread_K in (2.0, 1.0):
            kpis = {
                name: {
                    "heat_GJ": HEAT_GJ[name],
                    "over_heating_K_h": 10.0 * (place + 1),
                    "indoor_sd_between_stations_K": spread_K,
                    "share_at_least_18_percent": SHARE_PERCENT[name],
                    "safety_breaks": 1,
                }
                for place, name in enumerate(NAMES)
            }
            saved = {"heat": (-1.0, 6.25, 0.5), "pump": (30.0, 40.0, 35.0)}
            against = {
                f"{what}_saving_vs_{base}_percent": percent
                for what, percents in saved.items()
                for base, percent in zip(NAMES, percents, strict=False)
            }
            told = {
                "scenario": "january", "plant": "physical", "commit": "abc1234", "spread_K": spread_K,
                "stations": 12, "seed": 103, "strategies": kpis, "against": {"optimizer": against},
                "offsets_K": {"city": {"radiator": 1.0}, "warm_curve": {"radiator": 4.5}},
            }  # fmt: skip
            file = tmp_path / f"{spread_K}.json"
            file.write_text(json.dumps(told | changes), encoding="utf-8")
            files.append(str(file))
        return files

    return write


def test_a_series_is_told_by_rising_spread_with_what_was_used_less_as_negative(series, tmp_path, capsys):
    picture = tmp_path / "savings.png"
    assert simulators_main.main(["savings", *series(), "--picture", str(picture)]) == 0
    savings, rooms = (table.splitlines() for table in capsys.readouterr().out.strip().split("\n\n"))
    assert (
        savings[3]
        == "| `january` | 2.0 | +1.0 % | -6.2 % | -0.5 % | -2.0 % | -7.5 % | -30.0 % | -40.0 % | 4 |"
    )
    assert savings[2].startswith("| `january` | 1.0 |")
    assert rooms[3].startswith("| `january` | 2.0 | +3.5 | 90.0 | 97.0 | 94.0 | 93.5 | 2.00 |")
    assert rooms[3].endswith("| 400 % | 200 % |")
    assert {row.count("|") for row in savings} == {11}
    assert {row.count("|") for row in rooms} == {14}
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("share", "saved"), [(89.9, None), (90.0, -1.0), (93.5, 2.0), (97.0, 6.48), (97.1, None)]
)
def test_a_curve_as_warm_is_read_between_the_curves_that_ran_and_never_beyond(share, saved):
    """Normal quantiles of 90, 93.5 and 97 % are 1.28, 1.51 and 1.88: 1031 GJ where 93.5 % are warm."""
    every = {
        name: {"heat_GJ": HEAT_GJ[name], "share_at_least_18_percent": SHARE_PERCENT[name]} for name in NAMES
    }
    every["optimizer"]["share_at_least_18_percent"] = share
    assert as_warm({"strategies": every}, "optimizer") == (
        saved if saved is None else pytest.approx(saved, abs=0.05)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategies": {"curve": {}, "optimizer": {}}}, "tuned_curve, warm_curve did not take part"),
        ({"strategies": []}, "no verdict"),
        ({"spread_K": None}, "no verdict"),
        ({"against": {}}, "no verdict"),
    ],
)
def test_files_that_are_no_verdicts_of_such_a_series_are_named(series, capsys, changes, said):
    assert simulators_main.main(["savings", *series(**changes)]) == 2
    out, err = capsys.readouterr()
    assert (out, "2.0.json" in err, said in err) == ("", True, True)


def test_a_file_that_is_not_there_is_named(capsys):
    assert simulators_main.main(["savings", "nowhere.json"]) == 2
    assert "nowhere.json" in capsys.readouterr().err
