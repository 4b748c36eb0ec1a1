"""``dhc user``: accounts, on the controller's machine; a running controller heeds a change within 2 s.

A password is asked for twice, or is the first line of standard input; it is never an argument, which
everybody on the machine can see.
"""

import argparse
import getpass
import json
import sqlite3
import sys
import time

from rich.console import Console
from rich.table import Table

from controller.accounts import store
from controller.accounts.passwords import PasswordHashes, password_fault
from controller.accounts.roles import Role
from controller.accounts.store import AccountFault, User
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.config.model import SiteConfig
from controller.smallstore import SmallStore

ACTOR = "console"


def execute(options: argparse.Namespace) -> int:
    """Return 2 for a faulty site, 1 where what was asked is not possible, else 0."""
    site = site_or_faults(options.site, options.data)
    if site is None:
        return WRONG_USE
    try:
        site.data.mkdir(parents=True, exist_ok=True)
        kept = store.open_accounts(site.data)
        match options.action:
            case "add":
                _add(kept, site, options)
            case "list":
                _list(kept, options.json)
            case "disable" | "enable":
                _shut(kept, options.name, disabled=options.action == "disable")
            case "password":
                _new_password(kept, options.name)
    except (AccountFault, OSError, sqlite3.Error) as error:
        return fail(FAILED, str(error))
    return OK


def first_account(site: SiteConfig) -> None:
    """Ask for the first account where there is none and a person sits at the terminal."""
    site.data.mkdir(parents=True, exist_ok=True)
    kept = store.open_accounts(site.data)
    with kept.reading() as connection:
        if store.users(connection) or not sys.stdin.isatty():
            return
    print("There is no account yet. The first one administers the others.", file=sys.stderr)
    while True:
        name = input("User name: ").strip()
        try:
            _keep(kept, name, Role.ADMIN, None)
        except AccountFault as fault:
            print(fault, file=sys.stderr)
        else:
            return


def _add(kept: SmallStore, site: SiteConfig, options: argparse.Namespace) -> None:
    zone = frozenset(options.district) if options.district else None
    unknown = sorted((zone or frozenset()) - set(site.districts))
    if unknown:
        known = ", ".join(sorted(site.districts))
        raise AccountFault(f"--district: not known: {', '.join(unknown)}; known: {known}")
    _keep(kept, options.name, Role(options.role), zone)
    print(f"{options.name}: added as {options.role}")


def _keep(kept: SmallStore, name: str, role: Role, zone: frozenset[str] | None) -> None:
    if not store.NAME.fullmatch(name):
        raise AccountFault(store.NAME_FAULT.format(name=name))
    digest = _asked_hash(name)
    with kept.writing() as connection:
        store.add(
            connection,
            name=name,
            role=role,
            districts=zone,
            password_hash=digest,
            at=time.time(),
            actor=ACTOR,
        )


def _shut(kept: SmallStore, name: str, *, disabled: bool) -> None:
    with kept.writing() as connection:
        store.set_disabled(connection, name, disabled, time.time(), ACTOR)
    print(f"{name}: {'disabled; open sessions end within 2 s' if disabled else 'enabled'}")


def _new_password(kept: SmallStore, name: str) -> None:
    with kept.reading() as connection:
        if store.known(connection, name) is None:
            raise AccountFault(f"there is no user {name!r}")
    digest = _asked_hash(name)
    with kept.writing() as connection:
        store.set_password(connection, name, digest, time.time(), ACTOR)
    print(f"{name}: password changed; open sessions end within 2 s")


def _asked_hash(name: str) -> str:
    if sys.stdin.isatty():
        password = getpass.getpass(f"Password of {name}: ")
        if getpass.getpass("Again: ") != password:
            raise AccountFault("the two passwords differ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    fault = password_fault(password, name)
    if fault is not None:
        raise AccountFault(fault)
    hashes = PasswordHashes()
    try:
        return hashes.make_now(password)
    finally:
        hashes.close()


def _list(kept: SmallStore, as_json: bool) -> None:
    with kept.reading() as connection:
        users = store.users(connection)
    if as_json:
        print(json.dumps([_plain(user) for user in users]))
        return
    table = Table("name", "role", "districts", "state")
    for user in users:
        zone = "all" if user.districts is None else ", ".join(sorted(user.districts))
        table.add_row(user.name, user.role.value, zone, "disabled" if user.disabled else "")
    Console().print(table)


def _plain(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role.value,
        "districts": None if user.districts is None else sorted(user.districts),
        "disabled": user.disabled,
    }
