"""What was gathered and found out survives the program, a second program beside it, and a damaged file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import LoopKey
from controller.knowing.belief import Asked, Introduced, first_belief, restored, stored
from controller.knowing.gathered import KEPT_DAYS, SERIES, Quarter
from controller.knowing.keeper import introduced
from controller.knowing.known import first_known
from controller.knowing.store import BELIEFS_KEPT, FILE, KnowingStore
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.identify.pump import PumpCurve
from optimizer.identify.signature import Signature
from optimizer.reason import because
from tests.support.guard_world import loop_traits

T0 = 1_700_000_100
ONE, TWO = LoopKey("S001", 1), LoopKey("S002", 1)


def quarter(at, *q):
    loops = np.full((len(q), len(SERIES)), np.nan, dtype=np.float16)
    loops[:, 0] = q
    return Quarter(at, loops, np.array([-3.0, np.nan, 2.0, 90.0], dtype=np.float16))


def town():
    traits = {one.key: one for one in (loop_traits(1), loop_traits(2))}
    return introduced(first_known(traits, -3.0), traits, T0)


def belief(key=ONE, at=float(T0)):
    signature = Signature(
        UA=1.4, UA_sd=0.1, T_balance=16.0, solar_aperture=0.03, solar_aperture_sd=0.01, by_wind=0.0,
        residual=1.0, days=14, T_outdoor_sd=4.0,
    )  # fmt: skip
    begun = first_belief(key, town()[key])
    return replace(
        begun,
        at=at,
        source="night",
        identified=replace(
            begun.identified,
            state="accepted",
            reasons=(because("identify.accepted", measure="indoor_K", champion=0.4, challenger=0.3),),
            T_indoor_sd=0.7,
            signature=signature,
        ),
        asked=Asked(float(T0), 80.0, 0.6),
        exchanger=ExchangerTrend(
            UA_kW_per_K=90.0, change_30_days=-0.02, change_low=-0.04, change_high=0.01, days=20, fouls=False
        ),
        exchanger_clean=ExchangerTrend(
            UA_kW_per_K=97.0, change_30_days=0.0, change_low=-0.02, change_high=0.01, days=21, fouls=False
        ),
        delay=Delay(seconds=1400.0, correlation=0.9),
        to_rooms=Delay(seconds=600.0, correlation=0.8),
        pump=PumpCurve(at_zero=0.1, slope=40.0, speed_min=0.5, speed_max=0.9, points=3, misfit=0.01),
    )


def test_quarters_come_back_as_they_were_in_another_program(tmp_path):
    KnowingStore(tmp_path).add((ONE, TWO), quarter(T0, 30.0, 40.0))
    KnowingStore(tmp_path).add((TWO,), quarter(T0 + 900, 41.0))
    store = KnowingStore(tmp_path)
    window = store.window((TWO, ONE))
    assert window.of(0, "q").tolist() == [40.0, 41.0]
    assert window.of(1, "q")[0] == 30.0
    assert np.isnan(window.of(1, "q")[1])
    assert window.city("T_source").tolist() == [90.0, 90.0]
    assert store.last_quarter() == T0 + 1800.0


def test_what_is_older_than_three_weeks_is_forgotten(tmp_path):
    store = KnowingStore(tmp_path)
    store.add((ONE,), quarter(T0, 30.0))
    store.add((TWO,), quarter(T0 + KEPT_DAYS * 86_400, 31.0))
    assert store.window((ONE, TWO)).times.tolist() == [T0 + KEPT_DAYS * 86_400]


def test_quarters_from_the_future_go_when_the_clock_is_right_again(tmp_path):
    store = KnowingStore(tmp_path)
    store.add((ONE,), quarter(T0 + 10 * 365 * 86_400, 30.0))
    store.add((ONE,), quarter(T0, 31.0))
    assert store.window((ONE,)).of(0, "q").tolist() == [31.0]


def test_a_block_that_can_not_be_read_is_left_out(tmp_path):
    store = KnowingStore(tmp_path)
    for k in range(3):
        store.add((ONE,), quarter(T0 + 900 * k, 30.0 + k))
    with store._small.writing() as connection:
        connection.execute("UPDATE quarter SET body = x'00' WHERE at = ?", (T0 + 900,))
    assert store.window((ONE,)).of(0, "q").tolist() == [30.0, 32.0]


def test_a_loop_keeps_the_day_on_which_it_was_first_seen(tmp_path):
    store = KnowingStore(tmp_path)
    store.introduce(town())
    later = {key: one._replace(at=one.at + 86_400.0, alone=False) for key, one in town().items()}
    store.introduce(later)
    one = store.introduced()[ONE]
    assert isinstance(one, Introduced)
    assert (one.at, one.alone) == (T0, False)
    assert pytest.approx(town()[ONE].prior.UA) == one.prior.UA


def test_a_belief_comes_back_with_all_that_was_found():
    again = restored(stored(belief()))
    mine = belief()
    assert replace(again, identified=mine.identified) == replace(mine, identified=mine.identified)
    assert again.identified.reasons == mine.identified.reasons
    assert again.identified.signature == mine.identified.signature
    assert again.identified.T_indoor_sd == 0.7
    assert again.identified.building.q_n == pytest.approx(mine.identified.building.q_n)


def test_the_newest_belief_of_each_loop_counts_and_two_months_are_kept(tmp_path):
    store = KnowingStore(tmp_path)
    assert (store.believed(), store.newest()) == (({}, 0), 0)
    for day in range(BELIEFS_KEPT + 5):
        store.believe([belief(at=T0 + 86_400.0 * day)])
    store.believe([belief(TWO)])
    beliefs, newest = store.believed()
    assert beliefs[ONE].at == T0 + 86_400.0 * (BELIEFS_KEPT + 4)
    assert set(beliefs) == {ONE, TWO}
    assert newest == store.newest() == BELIEFS_KEPT + 6
    with store._small.reading() as connection:
        (count,) = connection.execute("SELECT count(*) FROM belief WHERE station = 'S001'").fetchone()
    assert count == BELIEFS_KEPT


def test_a_belief_of_another_version_of_the_program_is_learned_anew(tmp_path):
    store = KnowingStore(tmp_path)
    store.believe([belief(), belief(TWO)])
    with store._small.writing() as connection:
        connection.execute("""UPDATE belief SET body = '{"key": ["S001", 1]}' WHERE station = 'S001'""")
    assert set(store.believed()[0]) == {TWO}


def test_a_damaged_file_is_set_aside_and_begun_anew(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    store = KnowingStore(tmp_path)
    assert store.believed() == ({}, 0)
    assert len(list(tmp_path.glob(f"{FILE}*"))) == 2


def test_a_note_is_replaced_by_the_next(tmp_path):
    store = KnowingStore(tmp_path)
    assert store.noted("night") is None
    store.note("night", "2026-01-15")
    store.note("night", "2026-01-16")
    assert store.noted("night") == "2026-01-16"


def test_a_belief_of_an_earlier_version_comes_back_without_what_it_did_not_know():
    told = json.loads(stored(belief()))
    del told["to_rooms"], told["exchanger_clean"]
    for name in ("m_flow_primary", "m_flow_secondary", "m_flow_primary_most"):
        del told["exchanger"][1][name]
    again = restored(json.dumps(told))
    assert (again.to_rooms, again.exchanger_clean) == (None, None)
    assert again.exchanger == belief().exchanger
