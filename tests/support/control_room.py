"""People at a controller: accounts, sessions and orders over the API, for tests."""

import itertools

import httpx

from controller.accounts import store
from controller.accounts.roles import Role
from controller.api import order_schema
from controller.decisions import GuardContext, LoopKey, MassChange, Season
from controller.image import Link, StationImage
from controller.observe import LoopSituation, observe
from controller.orders.season import CHECKLIST
from controller.wiring import loop_traits, source_traits
from controller.words.phrase import verbatim
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW, QUICK, ApiBench, live_state

LOOP = LoopKey("S001", 1)
PASSWORD = "a winter of 6 months"
PEOPLE = {
    "vera": Role.VIEWER,
    "olga": Role.OPERATOR,
    "otto": Role.OPERATOR,
    "lei": Role.SHIFT_LEAD,
    "lin": Role.SHIFT_LEAD,
    "eva": Role.ENGINEER,
    "ada": Role.ADMIN,
    "ali": Role.AUDITOR,
}
_PASSWORD_HASH = QUICK.hash(PASSWORD)
_keys = itertools.count()


def readings(T_supply=60.0, m_flow=30.0, at=NOW):
    """What a healthy class A station says."""
    return {
        Point(0, "T_supply_primary"): good(95.0, at),
        Point(0, "Q_flow_primary"): good(1500.0, at),
        Point(1, "T_supply_secondary"): good(T_supply, at),
        Point(1, "T_return_secondary"): good(43.0, at),
        Point(1, "m_flow_secondary"): good(m_flow, at),
        Point(1, "y_pump_secondary"): good(0.7, at),
        Point(1, "p_return_secondary"): good(300.0, at),
        Point(1, "remote_level"): good(1.0, at),
    }


def token_of(name):
    """The session token of one of PEOPLE."""
    return f"session-of-{name}"


class ControlRoomBench(ApiBench):
    """An API with stations that answer soundly, people with accounts, and a control cycle that has run."""

    def __init__(self, folder, n_stations=3, T_outdoor=0.0, **site):
        super().__init__(folder, n_stations, **site)
        self.utc = 2_000_000_000.0
        self.room.accounts._utc = self.room.desk.utc = self.room.utc = lambda: self.utc
        for station in self.site.stations:
            self.answers(station.id)
        for status in self.state.loops.values():
            status.T_supply_set, status.m_flow_set = 60.0, 30.0
        self.traits = loop_traits(self.site) | source_traits(self.site)
        self.cycle(T_outdoor)

    def answers(self, station, **changes):
        """Let a station answer now."""
        self.state.image.put(
            StationImage(
                station=station,
                link=Link.ONLINE,
                readings=readings(at=self.clock.now()) | changes.pop("readings", {}),
                **({"polled_at": self.clock.now()} | changes),
            )
        )

    def cycle(self, T_outdoor=0.0, traits=None):
        """What a control cycle leaves behind for the order desk."""
        now = self.clock.now()
        self.state.follow(self.room.orders, now)
        situations = {
            key: LoopSituation(mode=status.mode, season=status.season, readmitted=True)
            for key, status in self.state.loops.items()
        }
        traits = self.traits if traits is None else traits
        self.state.context = GuardContext(
            now=now,
            monotonic=self.clock.monotonic(),
            poll_s=10.0,
            T_outdoor_centre=good(T_outdoor, now),
            traits=traits,
            observations=observe(self.state.image.freeze(), traits, situations, now),
            sent={key: () for key in traits},
        )

    def hold_mass_change(self):
        """Let the guard hold back a mass change."""
        self.state.mass_change = MassChange(
            share_of_area=0.5, Q_flow_change_share=0.2, detail=verbatim("half the city")
        )

    def fresh_state(self):
        """The state of a controller that starts on this site."""
        return live_state(self.site)

    async def add_people(self):
        """Add everybody of PEOPLE and log them in, in one transaction: the disk is not tested."""
        with self.room.accounts.kept.writing() as connection:
            for name, role in PEOPLE.items():
                store.add(
                    connection,
                    name=name,
                    role=role,
                    districts=None,
                    password_hash=_PASSWORD_HASH,
                    at=self.utc,
                    actor="test",
                )
                store.begin_session(connection, name, token_of(name), self.utc, "test")

    def client(self, **headers):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/", headers=headers)

    def as_person(self, name):
        """A client of one of PEOPLE."""
        return self.client(authorization=f"Bearer {token_of(name)}")

    async def as_user(self, name):
        """A client that has just logged in."""
        async with self.client() as anybody:
            answer = await anybody.post("login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self.client(authorization=f"Bearer {answer.json()['token']}")

    def seen(self, station="S001", loop=1, **changes):
        """A loop as a screen shows it now."""
        key = LoopKey(station, loop)
        status, standing = self.state.loops[key], self.room.orders.loop_at(key, self.clock.now())
        return {
            "station": station,
            "loop": loop,
            "order": standing.order,
            "mode": standing.mode.value,
            "T_supply_set": status.T_supply_set,
            "m_flow_set": status.m_flow_set,
        } | changes

    def setpoint(self, T_supply=61.0, loops=None, **fields):
        loops = [self.seen()] if loops is None else loops
        values = {} if T_supply is None else {"T_supply": T_supply}
        return order({"kind": "setpoint", "loops": loops, **values, **fields})


def order(body, reason="residents complain of cold", key=None):
    return {"key": key or f"test-{next(_keys):08}", "reason": reason, "order": body}


def reason_ids(response):
    return [reason["id"] for reason in response.json()["error"].get("reasons", [])]


def season(name, seen="heating", **fields):
    """An order for a season with its whole checklist confirmed."""
    confirmed = [item.id for item in CHECKLIST[Season(name)]]
    return order({"kind": "season", "season": name, "seen": seen, "confirmed": confirmed} | fields)


async def prepared(client, body):
    """What the desk tells of an order that it has taken in."""
    answer = await client.post("commands", json=body)
    assert answer.status_code == 200, answer.text
    order_schema.OrderMessage.model_validate(answer.json())
    return answer.json()


async def committed(client, body, approver=None):
    """What the desk tells of an order in force; ``approver`` is asked where a second person is needed."""
    told = await prepared(client, body)
    if approver is not None and told["needs_second"]:
        assert (await approver.post(f"commands/{told['id']}/approve")).status_code == 200
    answer = await client.post(f"commands/{told['id']}/commit")
    assert answer.status_code == 200, answer.text
    return answer.json()


def standing(bench, key=LOOP):
    """The order that holds for a loop now."""
    return bench.room.orders.loop_at(key, bench.clock.now())
