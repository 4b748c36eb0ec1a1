"""What a network refuses, by name; and how places and trenches become arrays."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.plant.network import errors
from simulators.plant.network.graph import Booster, Consumer, Place, Source, Trench, network
from simulators.plant.network.operation import Checks, SourceMode, operation
from simulators.plant.network.pumps import PumpCurve

CURVE = PumpCurve.through(20.0, 200.0)


def parts():
    """A plant, a branch and two stations."""
    return {
        "places": [
            Place(name=name, elevation=h) for name, h in zip("ABCD", (0.0, 5.0, 8.0, -3.0), strict=True)
        ],
        "trenches": [
            Trench(name=f"P{a}{b}", start=a, end=b, length=400.0, diameter=0.2) for a, b in ("AB", "BC", "BD")
        ],
        "consumers": [Consumer(name="S1", place="C"), Consumer(name="S2", place="D")],
        "sources": [Source(name="plant", place="A")],
    }


def test_supply_runs_from_the_plant_and_return_towards_it():
    net = network(**parts(), boosters=[Booster(name="B1", trench="PBC", side="return", pump=CURVE)])
    assert net.node_names[:2] == ("A supply", "B supply")
    assert net.link_names == (
        *("PAB supply", "PBC supply", "PBD supply", "PAB return", "PBC return", "PBD return"),
        *("S1", "S2", "plant"),
    )
    assert net.link_start.tolist() == [0, 1, 1, 5, 6, 7, 2, 3, 4]
    assert net.link_end.tolist() == [1, 2, 3, 4, 5, 5, 6, 7, 0]
    assert net.elevation.tolist() == [0.0, 5.0, 8.0, -3.0] * 2
    assert net.pump_link.tolist() == [4]


def test_the_return_pipe_may_have_another_width():
    made = parts()
    made["trenches"][0] = replace(made["trenches"][0], diameter_return=0.25)
    assert network(**made).diameter.tolist() == [0.2, 0.2, 0.2, 0.25, 0.2, 0.2]


@pytest.mark.parametrize(
    ("change", "error", "named"),
    [
        ({"places": [*parts()["places"], Place(name="E")]}, errors.NotConnected, ("E",)),
        ({"trenches": parts()["trenches"][:2]}, errors.WithoutPipe, ("S2",)),
        ({"consumers": [Consumer(name="S1", place="X")]}, errors.UnknownPlace, ("X",)),
        ({"places": [*parts()["places"], Place(name="A")]}, errors.DuplicateName, ("A",)),
        ({"consumers": [Consumer(name="S", place="C")] * 2}, errors.DuplicateName, ("S",)),
        ({"sources": []}, errors.InvalidValue, ()),
        (
            {"sources": [Source(name="base", place="A"), Source(name="peak", place="A")]},
            errors.DuplicateName,
            ("A",),
        ),
        ({"reference": "nowhere"}, errors.UnknownPlace, ("nowhere",)),
        ({"places": [Place(name="A", elevation=float("nan"))]}, errors.InvalidValue, ("A",)),
        ({"places": [Place(name="A", elevation=7900.0)]}, errors.InvalidValue, ("A",)),
        (
            {"consumers": [Consumer(name="S1", place="C", dp_min=-1.0)]},
            errors.InvalidValue,
            ("S1",),
        ),
        (
            {"boosters": [Booster(name="B1", trench="PXY", side="supply", pump=CURVE)]},
            errors.UnknownPlace,
            ("PXY supply",),
        ),
        (
            {
                "boosters": [
                    Booster(name=name, trench="PAB", side="supply", pump=CURVE) for name in ("B1", "B2")
                ]
            },
            errors.DuplicateName,
            ("PAB",),
        ),
        (
            {"sources": [Source(name="plant", place="A", pump=PumpCurve(dp0=1.0, a=0.0, m_flow_best=1.0))]},
            errors.InvalidValue,
            ("plant",),
        ),
    ],
)
def test_a_wrong_network_is_refused_by_name(change, error, named):
    with pytest.raises(error) as refused:
        network(**{**parts(), **change})
    assert refused.value.names == named
    assert all(name in str(refused.value) for name in named)


@pytest.mark.parametrize(
    "change",
    [
        {"length": -5.0},
        {"length": 0.0},
        {"length": float("nan")},
        {"diameter": 0.0},
        {"diameter_return": -0.1},
        {"roughness": 0.05},
        {"roughness": -0.0001},
        {"zeta": -1.0},
        {"end": "A"},
    ],
    ids=str,
)
def test_a_pipe_of_impossible_dimensions_is_refused_by_name(change):
    made = parts()
    made["trenches"][0] = replace(made["trenches"][0], **change)
    with pytest.raises(errors.InvalidValue) as refused:
        network(**made)
    assert refused.value.names == ("PAB",)


def test_a_long_list_of_names_is_cut_in_the_text_only():
    many = [Place(name=f"far{i}") for i in range(30)]
    made = parts()
    with pytest.raises(errors.NotConnected, match="far9 and 20 more") as refused:
        network(**{**made, "places": [*made["places"], *many]})
    assert len(refused.value.names) == 30


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"m_flow": np.array([1.0, -1.0])}, ("S2",)),
        ({"m_flow": np.array([1.0, np.nan])}, ("S2",)),
        ({"prescribed": np.zeros(2, dtype=bool), "Kv": np.array([0.0, 1.0])}, ("S1",)),
        ({"source_dp": np.array([-1.0])}, ("plant",)),
        ({"source_mode": (SourceMode.FLOW,)}, ("plant",)),
        ({"source_mode": (SourceMode.PUMP,)}, ("plant",)),
        ({"T_pipe": np.full(6, 200.0)}, None),
        ({"leak": np.array([0, 0, 0, 0, 0, 0, 0, np.inf])}, ("D return",)),
        ({"m_flow": np.ones(3)}, ()),
        ({"p_return": np.inf}, ("plant",)),
        ({"source_mode": ()}, ()),
    ],
)
def test_an_operation_that_does_not_fit_is_refused_by_name(change, named):
    net = network(**parts())
    now = replace(operation(net, T_supply=80.0, T_return=50.0, m_flow=np.ones(2)), **change)
    with pytest.raises(errors.InvalidValue) as refused:
        Checks(net)(now)
    assert refused.value.names == (net.link_names[net.pipes] if named is None else named)


def test_an_operation_is_by_valve_or_by_flow():
    with pytest.raises(errors.InvalidValue, match="either"):
        operation(network(**parts()), T_supply=80.0, T_return=50.0)
