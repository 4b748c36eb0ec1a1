"""A slot as bytes: everything comes back equal, and no flipped bit is believed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.historian.block import Block, BlockDamaged
from controller.historian.encoding import Encoder
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.points import POINTS
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading, good
from tests.support.history import FLOW, START, SUPPLY, slot


def by_station(answers):
    found = {}
    for station, readings in answers:
        found.setdefault(station, []).append(dict(readings))
    return found


def kinds(encoder, *values, point=SUPPLY):
    answers = [Answer(f"S{i:03d}", {point: good(value, START)}) for i, value in enumerate(values)]
    block = Block(encoder.encode(Slot(start=START, answers=answers)))
    assert [block.readings(a.station, point)[0].value for a in answers] == list(values)
    return block.layout.tables[0].columns[0].kind


finite = st.floats(allow_nan=False, allow_infinity=False)
times = st.one_of(
    st.just(START),
    st.integers(-(10**9), 10**9).map(lambda micro: (START * 1e6 + micro) / 1e6),
    st.floats(0.0, 4e9),
)
reasons = [reason for reason in Reason if reason is not Reason.OK]


@st.composite
def readings(draw):
    quality = draw(st.sampled_from(Quality))
    wire = st.integers(-(2**31), 2**31 - 1).map(lambda raw: raw * 0.01 / 3.6)
    return Reading(
        value=None
        if quality is Quality.BAD
        else draw(st.one_of(finite, wire, st.integers(-99, 99).map(float))),
        quality=quality,
        reason=Reason.OK if quality is Quality.GOOD else draw(st.sampled_from(reasons)),
        measured_at=draw(times),
        received_at=draw(times),
    )


points = st.builds(Point, st.integers(0, 4), st.sampled_from([*sorted(POINTS), "no_such_point"]))
answers = st.builds(
    Answer,
    st.sampled_from(["S001", "S002", "换热站"]),
    st.dictionaries(points, readings(), min_size=1, max_size=5),
)


# A quarter of the examples: one is up to 24 answers of five readings each.
@settings(max_examples=settings.default.max_examples // 4)
@given(st.lists(st.lists(answers, max_size=8), min_size=1, max_size=3))
def test_every_reading_comes_back_equal_to_what_was_given(slots):
    encoder = Encoder()
    for given_answers in slots:
        block = Block(encoder.encode(Slot(start=START, answers=given_answers)))
        expected = by_station((a.station, a.readings) for a in given_answers)
        found = by_station(block.answers())
        assert found.keys() == expected.keys()
        for station, parts in expected.items():
            # Answers of one station keep their order where they have the same points.
            for shape in {tuple(part) for part in parts}:
                assert [p for p in found[station] if tuple(p) == shape] == [
                    p for p in parts if tuple(p) == shape
                ]


def test_a_flip_of_any_byte_is_found():
    whole = Encoder().encode(slot(0))
    expected = list(Block(whole).answers())
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 0x10
        with pytest.raises(BlockDamaged):
            list(Block(bytes(broken)).answers())
    assert expected == [(a.station, dict(a.readings)) for a in slot(0).answers]


@pytest.mark.parametrize("length", [0, 3, 20, 100, -1])
def test_a_block_that_was_cut_is_found(length):
    with pytest.raises(BlockDamaged):
        Block(Encoder().encode(slot(0))[:length])


def test_a_damaged_chunk_leaves_the_stations_of_other_chunks_readable():
    whole = bytearray(Encoder().encode(slot(0, stations=100)))
    whole[-1] ^= 1
    block = Block(bytes(whole))
    assert block.readings("S000", SUPPLY) == [slot(0).answers[0].readings[SUPPLY]]
    with pytest.raises(BlockDamaged, match="checksum of chunk 1"):
        block.readings("S099", SUPPLY)


def test_more_answers_than_a_chunk_holds_come_back():
    many = slot(5, stations=200)
    block = Block(Encoder().encode(many))
    for answer in many.answers:
        assert block.readings(answer.station, FLOW) == [answer.readings[FLOW]]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param([55.1, 55.2, 0.3], "h", id="decimals of a PLC"),
        pytest.param([3 * 0.1, 7 * 0.1], "h", id="integers times the scale, not the nearest decimal"),
        pytest.param([40_000.0, 1.0], "i", id="too large for two bytes"),
        pytest.param([float(np.float32(55.123456)), float(np.float32(1e-3))], "f", id="single precision"),
        pytest.param([math.pi, 55.1], "d", id="anything"),
        pytest.param([1e300, -1e300], "d", id="enormous"),
        pytest.param([5e-324], "d", id="denormal"),
        pytest.param([0.0], "h", id="zero"),
    ],
)
def test_a_column_takes_the_smallest_storage_that_is_exact(values, kind):
    assert kinds(Encoder(), *values) == kind


def test_a_flow_in_tonnes_per_hour_is_stored_as_the_integers_of_the_wire():
    assert kinds(Encoder(), *((raw * 0.01 + 0.0) * (1.0 / 3.6) for raw in (1234, 17, 999)), point=FLOW) == "h"


def test_one_odd_value_does_not_spoil_a_column_for_ever():
    encoder = Encoder()
    assert kinds(encoder, 55.1, 55.2) == "h"
    assert kinds(encoder, 55.1, math.e) == "d"
    assert kinds(encoder, 55.1, 55.3) == "h"


def test_an_empty_slot_is_a_block_too():
    assert list(Block(Encoder().encode(Slot(start=START, answers=[]))).answers()) == []


def test_a_slot_of_a_thousand_stations_takes_about_two_bytes_a_value():
    generator = np.random.default_rng(1)
    names = ["T_supply_primary", "T_return_primary", "T_outdoor", "p_supply_primary", "p_return_primary"]
    raw = np.rint(generator.normal(500.0, 50.0, (1000, len(names)))).tolist()
    answers = [
        Answer(
            f"S{i:04d}",
            {Point(0, name): good(n * 0.1, START + i * 0.009) for name, n in zip(names, row, strict=True)},
        )
        for i, row in enumerate(raw)
    ]
    block = Encoder().encode(Slot(start=START, answers=answers))
    # The times and names of 1,000 answers weigh more on 5 points than on the usual 20.
    assert len(block) / (1000 * len(names)) < 4.0
