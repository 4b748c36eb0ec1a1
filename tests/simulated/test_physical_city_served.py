"""A generated city on real sockets: its physical plant behind the servers, and the controller before them."""

import pytest

from simulators.citygen.generate import generate
from simulators.citygen.site_files import write_site
from stations.driver import Deadlines
from stations.model.identity import Point
from tests.support.fault_bench import fault_bench
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city

SUPPLY = Point(0, "T_supply_primary")
MAKEUP, PRESSURE = Point(1, "m_flow_makeup"), Point(1, "p_return_secondary")
PATIENT = Deadlines(connect_s=30.0, request_s=30.0, close_s=5.0)


def drawn_city(folder, *, stations, seed, base_port):
    """Write the site of a generated city."""
    write_site(generate(stations, seed), folder, base_port=base_port)


def mild(folder):
    """Nobody is short of heat: the city's weather, 8 K warmer."""
    rows = (folder / "weather.csv").read_text("utf-8").splitlines()
    place = rows[0].split(",").index("T_outdoor_degC")
    for number, row in enumerate(rows[1:], start=1):
        cells = row.split(",")
        cells[place] = f"{float(cells[place]) + 8.0:.2f}"
        rows[number] = ",".join(cells)
    (folder / "weather.csv").write_text("\n".join(rows) + "\n", "utf-8")


async def all_there(driver):
    """Return an answer with all three: some readings of the physical plant never come, as in the field."""
    seen = {}

    async def came():
        seen.update(await driver.read())
        return all(seen[point].value is not None for point in (SUPPLY, MAKEUP, PRESSURE))

    await until(came, 60.0, "an answer with supply, make-up and pressure")
    return dict(seen)


@pytest.mark.xdist_group("faults")
async def test_a_burst_by_name_is_read_on_the_wire_as_water_that_runs_and_pressure_that_falls(tmp_path):
    async with fault_bench(tmp_path, stations=6, factor=60.0, write=drawn_city) as bench:
        assert bench.simulation.plant == "physical"
        post = bench.post("plc-a")
        async with bench.connected(post, PATIENT) as driver:
            before = await all_there(driver)
            assert 40.0 < before[SUPPLY].value < 130.0
            async with bench.fault("pipe_burst", post, share_pct=20):

                async def fallen():
                    now = await driver.read()
                    return (
                        now[MAKEUP].value > 10.0 * before[MAKEUP].value
                        and now[PRESSURE].value < before[PRESSURE].value - 30.0
                    )

                await until(fallen, 60.0, "a pressure that falls although make-up runs")


@pytest.mark.long
async def test_every_driven_loop_of_a_physical_city_gets_its_setpoint_within_the_contract(tmp_path):
    with running_city(
        tmp_path / "site", stations=12, speed=30.0, seed=2, write=drawn_city, prepare=mild
    ) as city:
        async with controller_process(city, tmp_path / "data") as controller:
            await controller.all_confirmed()
            kpis = await controller.get("kpis")
        record, truth = await city.ask("record"), await city.ask("truth")
    assert kpis["stations_fresh"] >= 11
    assert record["frames_out_of_contract"] == 0, str(record["breaks"])
    assert 15.0 < truth["indoor_mean"] < 27.0
    assert truth["Q_source"] > 0.0
