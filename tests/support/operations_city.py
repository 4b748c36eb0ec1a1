"""A small city as the screen knows it, and messages about it, made by hand: for view models and screens."""

from controller.api.alarm_schema import AlarmKpisMessage, AlarmList, AlarmMessage, RuleMessage, StepMessage
from controller.api.order_schema import ChecklistItem, MeMessage, Modes, OrderMessage, UserMessage
from controller.api.schema import (
    CompactReading,
    CountedMessage,
    District,
    Energy,
    History,
    LoopState,
    LoopTraits,
    StationEnergy,
    StationList,
    StationState,
    Traits,
)
from hmi.city import City, Feed
from stations.model.quality import Quality, Reason

NOW = 1_768_435_200.0
"""2026-01-15 08:00 at the site."""
EVIL = '=1+1<img src=x onerror="alert(1)">[x](javascript:1)'
"""A station's name by somebody who wants to see it run."""


def traits(station, district="north", emitter="radiator", name="", loops=1):
    return Traits(
        id=station,
        name_zh=name or f"{station}站",
        name_en=name or f"{station} Homes",
        district=district,
        kind="station",
        profile="plc-a",
        station_class="A",
        protocol="modbus",
        latitude=37.4,
        longitude=112.9,
        A_heated_m2=100_000.0,
        loops=[
            LoopTraits(
                loop=loop,
                emitter=emitter,
                piping="double",
                A_heated_m2=100_000.0 / loops,
                T_supply_max_degC=85.0,
                m_flow_design_kg_per_s=40.0,
                proven=True,
            )
            for loop in range(1, loops + 1)
        ],
    )


def loop_state(loop=1, mode="auto", **changes):
    fields = {
        "loop": loop,
        "mode": mode,
        "season": "heating",
        "action": "renew",
        "author": "strategy:curve",
        "T_supply_set": 58.0,
        "m_flow_set": 38.0,
        "write_state": "confirmed",
        "write_state_at": NOW - 60,
        "held": True,
    }
    return LoopState.model_validate({**fields, **changes})


def station_state(station, loops=(), link="online"):
    def good(value):
        return CompactReading(value, Quality.GOOD, Reason.OK, NOW - 5)

    return StationState(
        id=station,
        link=link,
        link_since=NOW - 3600,
        link_why="",
        polled_at=NOW - 5,
        rtt_ms=20.0,
        readings={
            "0/T_supply_primary": good(95.0),
            "0/Q_flow_primary": good(3800.0),
            "1/T_supply_secondary": good(58.1),
            "1/T_return_secondary": good(44.0),
            "1/m_flow_secondary": good(38.2),
            "1/p_supply_secondary": good(420.0),
        },
        loops=list(loops) or [loop_state()],
    )


def rule(name="frost", priority=1, respond_min=10):
    return RuleMessage(
        rule=name,
        priority=priority,
        scope="loop",
        on_delay_s=30.0,
        off_delay_s=300.0,
        respond_min=respond_min,
        limit=5.0,
        dead_band=2.0,
        season="any",
        suppressed_by=[],
        title_en=f"{name} title",
        title_zh=f"{name} 标题",
        cause_en="the cause",
        cause_zh="原因甲",
        consequence_en="the consequence",
        consequence_zh="后果乙",
        action_en="the action",
        action_zh="处理丙",
    )


def alarm(id_="frost:S001:1", state="unack", **changes):
    rule_name, _, rest = id_.partition(":")
    station, _, tail = rest.partition(":")
    fields = {
        "id": id_,
        "rule": rule_name,
        "priority": 1,
        "state": state,
        "active": state != "returned_unack",
        "station": station or None,
        "district": "north",
        "loop": int(tail.split(":")[0]) if tail else None,
        "point": None,
        "title_en": "Loop is freezing",
        "title_zh": "回路即将冻结",
        "text_en": "return 4.2 °C",
        "text_zh": "回水 4.2 °C",
        "since": NOW - 120,
        "raised_at": NOW - 90,
        "cleared_at": None,
        "acknowledged_by": "",
        "acknowledged_at": None,
        "note": "",
        "count": 1,
        "first_out": False,
        "suppressed_by": "",
        "children": [],
        "shelf": None,
        "out_of_service": None,
    }
    return AlarmMessage.model_validate({**fields, **changes})


def step(id_="frost:S001:1", at=NOW - 90, why="condition", before="normal", after="unack", **changes):
    fields = {
        "at": at,
        "id": id_,
        "before": before,
        "after": after,
        "why": why,
        "by": "",
        "note": "",
        "text_en": "return 4.2 °C",
        "text_zh": "回水 4.2 °C",
    }
    return StepMessage(**{**fields, **changes})


def kpis(**changes):
    fields = {
        "start": NOW - 86_400,
        "end": NOW,
        "annunciated": 40,
        "per_10_min": 0.28,
        "peak_10_min": 6,
        "flood_share": 0.0,
        "by_priority": {1: 2, 2: 6, 3: 32, 4: 5},
        "top": [],
        "top_share": 0.5,
        "chattering": [],
        "stale": ["frost:S001:1"],
        "shown": {1: 1, 2: 0, 3: 0, 4: 0},
        "unacknowledged": 1,
        "shelved": 0,
        "suppressed": 0,
        "out_of_service": 0,
    }
    return AlarmKpisMessage(**{**fields, **changes})


def modes(**changes):
    fields = {
        "now": NOW,
        "season": "heating",
        "station_seasons": {},
        "seasons_next": {"heating": ["stopping", "trial", "maintenance"]},
        "checklists": {"stopping": [ChecklistItem(id="crew_told", en="Crews know.", zh="人员已知晓。")]},
        "strategies": {"north": "curve", "south": "balance"},
        "strategies_known": ["curve", "balance"],
        "mass_change": None,
        "mass_change_confirmed": False,
    }
    return Modes(**{**fields, **changes})


def city(alarms=(), loops=None, names=None, **changes):
    """Four stations in two districts; ``loops`` gives loop states by station, ``names`` their names."""
    ids = ("S001", "S002", "S003", "S004")
    names, loops = names or {}, loops or {}
    districts = {"S003": "south", "S004": "south"}
    known = [traits(s, districts.get(s, "north"), name=names.get(s, "")) for s in ids]
    fields = {
        "stations": {s: station_state(s, loops.get(s, ())) for s in ids},
        "traits": {t.id: t for t in known},
        "site": StationList(
            site="test",
            title_en="Test city",
            title_zh="测试城",
            timezone="Asia/Shanghai",
            simulation=True,
            districts={
                "north": District(title_en="North", title_zh="城北", strategy="curve"),
                "south": District(title_en="South", title_zh="城南", strategy="balance"),
            },
            stations=known,
        ),
        "alarms": AlarmList(now=NOW, version=1, alarms=list(alarms)),
        "rules": {"frost": rule(), "gateway_lost": rule("gateway_lost", 2, 60)},
        "modes": modes(),
        "now": NOW,
        "speed": 1.0,
        "simulation": True,
        "version": 7,
        "feed": Feed.LIVE,
    }
    return City(**{**fields, **changes})


def counted(amount, seconds=86_400.0, doubts=()):
    return CountedMessage(
        amount=amount, counted_s=seconds if amount is not None else 0.0, doubts=list(doubts)
    )


def station_energy(station, heat=90_000.0, pump=500.0, makeup=2.0, T_indoor=20.5, **changes):
    fields = {
        "id": station,
        "A_heated_m2": 100_000.0,
        "heat": counted(heat),
        "pump": counted(pump),
        "makeup": counted(makeup),
        "degree_days": 24.0,
        "T_indoor_mean": T_indoor,
    }
    return StationEnergy(**{**fields, **changes})


def energy(*stations, span_s=86_400.0):
    return Energy(
        now=NOW,
        start=NOW - span_s,
        end=NOW,
        T_base_degC=18.0,
        degree_days=24.0,
        T_outdoor_mean=-6.0,
        stations=list(stations),
    )


def history(
    point="T_supply_secondary", values=(58.0, None, 59.0), step_s=10.0, bucket_s=None, start=NOW - 60
):
    quality = [Quality.BAD if value is None else Quality.GOOD for value in values]
    return History(
        station="S001",
        point=point,
        start=start,
        end=NOW,
        bucket_s=bucket_s,
        stored=len(values),
        measured_at=[start + step_s * i for i in range(len(values))],
        value=list(values),
        quality=quality,
        reason=[Reason.SENTINEL if q is Quality.BAD else Reason.OK for q in quality],
        damaged=[],
    )


def order(number=5, kind="setpoint", state="prepared", author="anna", **changes):
    fields = {
        "id": number,
        "kind": kind,
        "author": author,
        "reason": "cold",
        "state": state,
        "prepared_at": NOW,
        "expires_at": NOW + 100,
        "approved_by": None,
        "committed_at": None,
        "undone_by": None,
        "needs_second": [],
        "preview": {},
    }
    return OrderMessage.model_validate({**fields, **changes})


RIGHTS = {
    "viewer": ["open", "read", "own_session"],
    "operator": ["open", "read", "own_session", "order"],
    "shift_lead": ["open", "read", "own_session", "order", "approve"],
}


def me(role="shift_lead", districts=None):
    user = UserMessage(name="anna", role=role, districts=districts, disabled=False)
    return MeMessage(user=user, rights=RIGHTS[role], ends_at=NOW + 3600)
