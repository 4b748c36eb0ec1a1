"""Audit entries in words: every kind that the controller writes is told in both languages."""

import re

import pytest

from controller.api.order_schema import AuditEntry, AuditVerdict
from hmi.language import Words
from hmi.view_models.audit import chain_fault, chosen, rows, verdict_text
from hmi.view_models.audit_details import LONGEST, details
from tests.support.operations_city import city

CHINESE, ENGLISH = Words("zh", "Asia/Shanghai"), Words("en", "Asia/Shanghai")
WRITES = {"token": 7, "rows": [[12, "S006", 1, 38.90566825613402, 49.191, "strategy:curve"]]}
ORDER = {
    "order": 3, "kind": "setpoint", "author": "lei", "reason": "太冷", "approved_by": None,
    "changes": [["loop", "S006/1", None, {}], ["loop", "S007/1", None, {}]],
}  # fmt: skip


def entry(seq=1, kind="login", actor="lei", data=None):
    return AuditEntry(seq=seq, at=1_768_406_400.0, kind=kind, actor=actor, data=data or {}, hash="ab" * 32)


@pytest.mark.parametrize(
    ("kind", "data", "english", "chinese"),
    [
        ("login", {"from": "127.0.0.1"}, "from 127.0.0.1", "来自 127.0.0.1"),
        ("logout", {}, "", ""),
        ("writes", WRITES, "S006/1 38.9 °C 177.1 t/h (Heating curve)", "S006/1 38.9 °C 177.1 t/h (供热曲线)"),
        ("user_added", {"user": "x", "role": "viewer"}, "account x · role viewer", "账户 x · 角色 查看员"),
        ("login_failed", {"user": "x", "locked": True}, "account x · locked yes", "账户 x · 锁定 是"),
        (
            "login",
            {"from": "127.0.0.1", "browser_told": "10.0.0.7"},
            "from 127.0.0.1 · browser, as the screen tells, 10.0.0.7",
            "来自 127.0.0.1 · 浏览器地址（画面转述） 10.0.0.7",
        ),
        (
            "alarm_shelved",
            {"alarm": "frost:S001:1", "why": "3600 s: pump is being mended"},
            "alarm S001 S001 Homes frost title · reason “pump is being mended” (1.0 h)",
            "报警 S001 S001站 frost 标题 · 原因 “pump is being mended” (1.0 h)",
        ),
        (
            "order_committed",
            {"kind": "strategy", "author": "operator:lei", "changes": [["strategy", "north", None, {}]]},
            "kind strategy · author lei · changes North",
            "类别 策略 · 下令人 lei · 更改 城北",
        ),
        (
            "user_added",
            {"user": "(unknown)", "districts": ["north", "south"], "role": "operator"},
            "account unknown name · zone North, South · role operator",
            "账户 未知用户名 · 辖区 城北, 城南 · 角色 操作员",
        ),
        (
            "order_committed",
            {"order": 4, "kind": "undo", "undoes": 3, "author": "lei", "reason": ""},
            "order 4 · kind undo · takes back order 3 · author lei",
            "指令 4 · 类别 撤销 · 撤销指令 3 · 下令人 lei",
        ),
        (
            "order_committed",
            ORDER,
            "order 3 · kind setpoint · author lei · reason “太冷” · changes S006/1, S007/1",
            "指令 3 · 类别 设定值 · 下令人 lei · 原因 “太冷” · 更改 S006/1, S007/1",
        ),
    ],
)
def test_each_kind_is_told_in_words(kind, data, english, chinese):
    assert details(entry(kind=kind, data=data), ENGLISH, city()) == english
    assert details(entry(kind=kind, data=data), CHINESE, city()) == chinese


@pytest.mark.parametrize(
    "data",
    [
        {"rows": "no list"},
        {"rows": [[1, 2]]},
        {"rows": [[1, "S001", 1, None, None, None]]},
        {"changes": [[]], "new_key": {"deep": [1, 2]}},
    ],
)
def test_what_a_newer_controller_writes_is_shown_and_breaks_nothing(data):
    for kind in ("writes", "of_the_future"):
        assert isinstance(details(entry(kind=kind, data=data), CHINESE), str)


def test_a_long_entry_is_cut_in_its_cell_and_searched_whole():
    many = {"rows": [[i, f"S{i:03}", 1, 50.0, 30.0, "x" * 80] for i in range(500)]}
    assert len(details(entry(kind="writes", data=many), ENGLISH)) <= LONGEST + 1
    few = {"rows": [[i, f"S{i:03}", 1, 50.0, 30.0, "operator:lei"] for i in range(9)]}
    long = entry(kind="writes", data=few)
    assert details(long, ENGLISH).endswith("S002/1 50.0 °C 108.0 t/h (lei) · and 6 more")
    assert chosen([long], [], "", "S008", ENGLISH) == (long,)


def test_rows_carry_headings_of_the_language_and_no_english_word_in_chinese():
    row = rows([entry(data={"from": "127.0.0.1"}, actor="controller")], CHINESE)[0]
    assert list(row) == ["序号", "时间", "操作者", "事项", "详情", "哈希"]
    told = " ".join(str(value) for key, value in row.items() if key != "哈希")
    assert not re.search(r"[A-Za-z]{2}", told)


def test_entries_are_found_by_kind_actor_and_text():
    entries = [
        entry(3, "login", "ada", {"from": "10.0.0.1"}),
        entry(2, "logout", "lei"),
        entry(1, data={"from": "10.0.0.2"}),
    ]
    assert [one.seq for one in chosen(entries, [], "", "", ENGLISH)] == [3, 2, 1]
    assert [one.seq for one in chosen(entries, ["login"], "", "", ENGLISH)] == [3, 1]
    assert [one.seq for one in chosen(entries, [], " LEI ", "", ENGLISH)] == [2, 1]
    assert [one.seq for one in chosen(entries, [], "", "10.0.0.2", ENGLISH)] == [1]


def test_a_missing_entry_among_neighbours_is_seen():
    assert chain_fault([entry(3), entry(2), entry(1)]) is None
    assert chain_fault([entry(4), entry(2)]) == "4"
    assert chain_fault([]) is None


def test_a_broken_chain_is_said_loudly():
    sound = AuditVerdict(entries=12, head="cd" * 32, fault=None)
    broken = AuditVerdict(entries=5, head="cd" * 32, fault="entry 6 does not follow")
    assert "12" in verdict_text(sound, ENGLISH)
    assert "CHANGED" in verdict_text(broken, ENGLISH)
    assert "改动" in verdict_text(broken, CHINESE)
