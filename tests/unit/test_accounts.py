"""Accounts: passwords, logins, sessions that end, names that lock, and secrets that are never told."""

import asyncio
import time

import pytest

from controller.accounts import store
from controller.accounts.passwords import (
    AT_ONCE,
    MAX_WAITING,
    HashingBusy,
    PasswordHashes,
    password_fault,
)
from controller.accounts.roles import Role
from controller.accounts.service import Accounts, LoginRefused
from controller.accounts.store import AccountFault
from tests.support.api_bench import QUICK, TOKEN
from tests.support.control_room import PASSWORD

START = 2_000_000_000.0


class Desk:
    """Accounts with a clock that a test moves."""

    def __init__(self, folder, **options):
        self.now = START
        self.kept = store.open_accounts(folder)
        options = {"hashes": PasswordHashes(QUICK), "fail_floor_s": 0.0} | options
        hashes = options.pop("hashes")
        self.accounts = Accounts(self.kept, [TOKEN], hashes, utc=lambda: self.now, **options)

    async def login(self, name="olga", password=PASSWORD):
        token, _ = await self.accounts.login(name, password, "10.0.0.7")
        return f"Bearer {token}"

    async def who(self, header):
        self.accounts._believed.clear()
        caller = await self.accounts.principal(header)
        return None if caller is None else caller.name

    def events(self):
        with self.kept.reading() as connection:
            return [tuple(row) for row in connection.execute("SELECT kind, actor, data FROM events")]


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(tmp_path)
    await desk.accounts.add("olga", PASSWORD, Role.OPERATOR, {"north"}, "console")
    yield desk
    desk.accounts.close()


# ------------------------------------------------------------------ sessions


async def test_a_login_opens_a_session_with_role_and_zone(desk):
    header = await desk.login()
    caller = await desk.accounts.principal(header)
    assert (caller.name, caller.role, caller.districts) == ("olga", Role.OPERATOR, {"north"})
    assert caller.in_zone("north")
    assert not caller.in_zone("south")


@pytest.mark.parametrize(
    ("uses", "alive"),
    [
        ([29 * 60], True),
        ([30 * 60 + 1], False),
        ([25 * 60, 50 * 60, 75 * 60], True),
        ([i * 29 * 60 for i in range(1, 25)], True),
        ([i * 29 * 60 for i in range(1, 26)], False),  # 12.1 h, used all the time
        ([-3600], False),
    ],
    ids=["idle 29 min", "idle 30 min", "used", "used for 11.6 h", "used for 12.1 h", "clock set back"],
)
async def test_a_session_ends_after_half_an_hour_unused_and_after_a_shift_in_any_case(desk, uses, alive):
    header = await desk.login()
    for at in uses:
        desk.now = START + at
        who = await desk.who(header)
    assert (who is not None) is alive


async def test_a_logout_ends_the_session_at_once(desk):
    header = await desk.login()
    assert (await desk.accounts.principal(header)).name == "olga"
    await desk.accounts.logout(header, "olga")
    assert await desk.accounts.principal(header) is None


async def test_an_account_that_another_process_shuts_is_out_within_five_seconds(desk, tmp_path):
    header = await desk.login()
    assert (await desk.accounts.principal(header)).name == "olga"
    beside = store.open_accounts(tmp_path)  # as `dhc user disable` opens it
    with beside.writing() as connection:
        store.set_disabled(connection, "olga", True, desk.now, "console")
    deadline = time.monotonic() + 5.0
    while await desk.accounts.principal(header) is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    with pytest.raises(LoginRefused):
        await desk.login()


async def test_a_session_survives_a_restart_of_the_controller(desk, tmp_path):
    header = await desk.login()
    again = Desk(tmp_path)
    assert await again.who(header) == "olga"
    again.accounts.close()


async def test_another_password_ends_all_sessions(desk):
    header = await desk.login()
    await desk.accounts.set_password("olga", "another winter of 6 months", "ada")
    assert await desk.who(header) is None
    with pytest.raises(LoginRefused):
        await desk.login()
    await desk.login(password="another winter of 6 months")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (f"Bearer {TOKEN}", "service"),
        (f"bearer {TOKEN}", "service"),
        (f"Bearer {TOKEN}x", None),
        (f"Bearer {TOKEN[:-1]}", None),
        (f"Basic {TOKEN}", None),
        (TOKEN, None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Bearer \udcff", None),
        ("", None),
        (None, None),
    ],
)
async def test_only_a_known_token_is_somebody(desk, header, name):
    assert await desk.who(header) == name


# ------------------------------------------------------------------ brute force


async def test_five_wrong_passwords_lock_a_name_for_a_quarter_of_an_hour_even_for_the_right_one(desk):
    for _ in range(4):
        with pytest.raises(LoginRefused) as refused:
            await desk.login(password="wrong")
        assert refused.value.locked_for_s == 0
    with pytest.raises(LoginRefused) as refused:
        await desk.login(password="wrong")
    assert refused.value.locked_for_s == 900
    desk.now += 899
    with pytest.raises(LoginRefused):
        await desk.login()
    desk.now += 1
    await desk.login()


class Counted:
    """A hasher that notes which hashes it is asked to verify."""

    def __init__(self):
        self.verified = []
        self.hash = QUICK.hash

    def verify(self, known, password):
        self.verified.append(known)
        return QUICK.verify(known, password)


async def test_a_refusal_costs_one_verification_of_equal_cost_whether_the_name_is_known_or_not(tmp_path):
    hasher = Counted()
    desk = Desk(tmp_path, hashes=PasswordHashes(hasher))
    for name in ("olga", "otto"):
        await desk.accounts.add(name, PASSWORD, Role.OPERATOR, None, "console")
    await desk.accounts.set_disabled("otto", True, "console")
    costs = []
    for name, password in (
        ("olga", "wrong"),
        ("nobody", "wrong"),
        ("otto", PASSWORD),
        ("", ""),
        ("x" * 64, ""),
    ):
        hasher.verified.clear()
        with pytest.raises(LoginRefused):
            await desk.login(name, password)
        (known,) = hasher.verified
        costs.append(known.split("$")[:4])  # kind, version, memory, passes and lanes
    assert all(cost == costs[0] for cost in costs), costs
    desk.accounts.close()


async def test_an_unknown_name_locks_like_a_known_one(desk):
    for name in ("olga", "nobody"):
        seconds = []
        for _ in range(6):
            with pytest.raises(LoginRefused) as refused:
                await desk.login(name, "wrong")
            seconds.append(refused.value.locked_for_s)
        assert seconds == [0, 0, 0, 0, 900, 900]


async def test_at_most_twenty_guesses_an_hour_reach_the_hash(desk, monkeypatch):
    checked = []
    check = desk.accounts._hashes.check

    async def counted(*arguments):
        checked.append(arguments)
        return await check(*arguments)

    monkeypatch.setattr(desk.accounts._hashes, "check", counted)
    for _ in range(120):
        with pytest.raises(LoginRefused):
            await desk.login(password="wrong")
        desk.now += 30
    assert len(checked) <= 20


async def test_a_right_guess_beside_five_wrong_ones_comes_too_late(desk, monkeypatch):
    check, wrong_ones_are_noted = desk.accounts._hashes.check, asyncio.Event()

    async def slow_for_the_right_one(known, password):
        if password == PASSWORD:
            await wrong_ones_are_noted.wait()
        return await check(known, password)

    monkeypatch.setattr(desk.accounts._hashes, "check", slow_for_the_right_one)
    right = asyncio.create_task(desk.login())
    wrong = [desk.login(password=f"wrong {i}") for i in range(5)]
    assert all(isinstance(w, LoginRefused) for w in await asyncio.gather(*wrong, return_exceptions=True))
    wrong_ones_are_noted.set()
    with pytest.raises(LoginRefused) as refused:
        await right
    assert refused.value.locked_for_s == 900


async def test_an_administrator_unlocks(desk):
    for _ in range(5):
        with pytest.raises(LoginRefused):
            await desk.login(password="wrong")
    await desk.accounts.set_disabled("olga", False, "ada")
    await desk.login()


async def test_a_refusal_takes_the_same_time_whoever_was_named(tmp_path):
    desk = Desk(tmp_path, hashes=PasswordHashes(QUICK), fail_floor_s=0.4)
    await desk.accounts.add("olga", PASSWORD, Role.OPERATOR, None, "console")
    took = {}
    for name in ("olga", "nobody"):
        began = time.monotonic()
        with pytest.raises(LoginRefused):
            await desk.login(name, "wrong")
        took[name] = time.monotonic() - began
    assert all(seconds >= 0.4 for seconds in took.values())
    desk.accounts.close()


async def test_more_logins_than_can_wait_are_told_to_come_again(tmp_path):
    desk = Desk(tmp_path, hashes=PasswordHashes())  # real hashes: slow on purpose
    await desk.accounts.add("olga", PASSWORD, Role.OPERATOR, None, "console")
    answers = await asyncio.gather(*(desk.login() for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(answer, HashingBusy) for answer in answers) == 30 - AT_ONCE - MAX_WAITING
    assert sum(isinstance(answer, str) for answer in answers) == AT_ONCE + MAX_WAITING
    desk.accounts.close()


async def test_without_any_account_nobody_logs_in(tmp_path):
    desk = Desk(tmp_path)
    for name, password in (("admin", "admin"), ("root", ""), ("", "")):
        with pytest.raises(LoginRefused) as refused:
            await desk.login(name, password)
        assert refused.value.no_account
    desk.accounts.close()


# ------------------------------------------------------------------ what is a good account


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("a winter of 6 months", None),
        ("冬天供热要六个月以上的时间", None),
        ("short", "12 to 128"),
        ("x" * 129, "12 to 128"),
        ("aaaaaaaaaaaa", "different"),
        ("password1234", "common word"),
        ("olgaolga1234", "common word"),
        ("changemechangeme", "common word"),
    ],
)
def test_a_new_password_is_long_and_no_common_word(password, fault):
    told = password_fault(password, "olga")
    assert (told is None) if fault is None else (fault in told)
    assert told is None or password not in told


async def test_the_same_character_composed_otherwise_is_the_same_password(desk):
    await desk.accounts.add("jose", "café in the winter", Role.VIEWER, None, "console")
    await desk.login("jose", "café in the winter")


@pytest.mark.parametrize("name", ["Olga", "o", "1olga", "ol ga", "olga;--", "", "o" * 33, "olga\n"])
async def test_a_name_is_a_plain_word(desk, name):
    with pytest.raises(AccountFault, match="user name"):
        await desk.accounts.add(name, PASSWORD, Role.VIEWER, None, "console")


async def test_a_name_is_given_once(desk):
    with pytest.raises(AccountFault, match="exists already"):
        await desk.accounts.add("olga", PASSWORD, Role.ADMIN, None, "console")


async def test_the_files_are_for_their_owner_only_and_hold_neither_password_nor_token(desk, tmp_path):
    header = await desk.login()
    file = tmp_path / store.FILE
    assert file.stat().st_mode & 0o077 == 0
    content = file.read_bytes()
    assert b"argon2id" in content
    assert PASSWORD.encode() not in content
    assert header.removeprefix("Bearer ").encode() not in content


async def test_what_happens_to_accounts_is_told_to_the_audit_but_never_a_name_that_nobody_has(desk):
    await desk.login()
    with pytest.raises(LoginRefused):
        await desk.login("my secret password", "typed into the wrong field")
    with pytest.raises(LoginRefused):
        await desk.login(password="wrong")
    told = desk.events()
    assert [kind for kind, _, _ in told] == ["user_added", "login", "login_failed", "login_failed"]
    assert "(unknown)" in told[2][2]
    assert "olga" in told[3][2]
    assert not any("secret" in data for _, _, data in told)
