"""A heat source that takes setpoints, on real sockets: ordered, read back, and back on its own curve."""

import signal

import pytest

from controller.planning.source_book import HOUR_S, READ_BACK, SourceBook
from controller.planning.source_orders import REASONS
from controller.wiring import driver_factory
from stations.model.identity import Point
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city
from tests.support.source_city import let_it_take_orders, order

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.xdist_group("source_writes")]

SOURCE, SPEED = "H001", 60.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    with running_city(folder, stations=1, speed=SPEED, prepare=let_it_take_orders) as running:
        yield running


async def seen(city, *names):
    """Read points of the source by a driver of our own, degC and kPa; loop 1 first, then the water."""
    station = next(one for one in city.site(None).stations if one.id == SOURCE)
    driver = driver_factory(station, city.clock, None)()
    await driver.connect()
    try:
        readings = await driver.read()
    finally:
        await driver.close()
    return [readings.get(Point(1, name), readings.get(Point(0, name))).value for name in names]


async def test_an_order_is_written_and_read_back_and_without_a_centre_the_own_curve_follows(city, tmp_path):
    T_own, dp_own = await seen(city, "T_supply_source_set_effective", "dp_source_set_effective")
    wanted = {"T_supply": T_own + 2.4, "dp": 0.92 * dp_own}
    now = city.clock.now()
    book = SourceBook(tmp_path)
    hour = HOUR_S * (now // HOUR_S)
    book.issue([order(SOURCE, hour + i * HOUR_S, **wanted) for i in range(4)], now)
    book.note(REASONS, {"at": now, "reasons": []})

    async with controller_process(city, tmp_path) as controller:

        async def told():
            (source,) = (await controller.get("plan/sources"))["sources"]
            return source

        async def acknowledged():
            source = await told()
            return any(one["acknowledged_by"] == READ_BACK for one in source["hours"])

        await until(acknowledged, 60.0, "an order read back")
        writes = (await told())["writes"]
        assert (writes["mode"], writes["held"]) == ("auto", True)
        assert writes["T_supply_set"] == pytest.approx(wanted["T_supply"], abs=0.5)
        assert writes["dp_set"] == pytest.approx(wanted["dp"], rel=0.05)

        async def water_follows():
            T, p, p_back = await seen(city, "T_supply_source", "p_supply_source", "p_return_source")
            return T_own + 1.2 < T and abs(p - p_back - wanted["dp"]) < 0.06 * dp_own

        await until(water_follows, 60.0, "water at the ordered temperature and head")
        controller.process.send_signal(signal.SIGKILL)

    async def left_alone():
        return (await seen(city, "remote_level"))[0] == 0.0

    gone_at = city.clock.now()
    await until(left_alone, 30.0, "the source on its own curve")
    assert city.clock.now() - gone_at <= 60.0 + 20.0 + 2.0 * SPEED, "watchdog of 60 s, and time to look"

    async def returns():
        T, dp = await seen(city, "T_supply_source_set_effective", "dp_source_set_effective")
        return writes["T_supply_set"] - 0.5 > T and abs(dp - dp_own) < 1.0

    await until(returns, 60.0, "the own head, and supply on its way down")
    judged = await city.ask("record")
    assert judged["frames_out_of_contract"] == 0, judged["breaks"]
    assert judged["frames_by_station"][SOURCE]["ApplySetpoint"] >= 3
