"""Entries of the audit as rows of a table, and what became of a check of its chain."""

import itertools
from collections.abc import Mapping, Sequence

from controller.api.order_schema import AuditEntry, AuditVerdict
from hmi.city import City
from hmi.language import N_, Words
from hmi.view_models.audit_details import HASH_SHOWN, NOWHERE, actor, details

KIND: Mapping[str, str] = {
    "login": N_("logged in"),
    "login_failed": N_("login failed"),
    "logout": N_("logged out"),
    "password_changed": N_("password changed"),
    "user_added": N_("account added"),
    "user_disabled": N_("account disabled"),
    "user_enabled": N_("account enabled"),
    "order_prepared": N_("order prepared"),
    "order_approved": N_("order approved"),
    "order_committed": N_("order committed"),
    "order_undone": N_("order undone"),
    "order_expired": N_("order expired"),
    "order_overtaken": N_("order overtaken by the site file"),
    "manual_ended": N_("manual order ended"),
    "plan_choice_ended": N_("order on plans ended"),
    "writes": N_("setpoints written"),
    "alarm_acknowledged": N_("alarm acknowledged"),
    "alarm_shelved": N_("alarm shelved"),
    "alarm_unshelved": N_("alarm back from the shelf"),
    "alarm_removed": N_("alarm taken out of service"),
    "alarm_restored": N_("alarm back in service"),
    "source_acknowledged": N_("orders to a heat source acknowledged"),
    "loop_promoted": N_("loop let follow plans again"),
    "station_identified": N_("station identified"),
    "station_commissioned": N_("station commissioned"),
    "set_aside": N_("damaged store set aside"),
    "started": N_("controller started"),
    "stopped": N_("controller stopped"),
}


def kind_text(words: Words, kind: str) -> str:
    """Return what an entry tells, in words; a kind newer than this screen stands for itself."""
    known = KIND.get(kind)
    return kind if known is None else words(known)


def rows(entries: Sequence[AuditEntry], words: Words, city: City = NOWHERE) -> list[dict[str, object]]:
    """Return one row for each entry, with localised headings."""
    return [
        {
            words("No."): entry.seq,
            words("Time"): words.datetime(entry.at),
            words("Who"): actor(entry.actor, words),
            words("What"): kind_text(words, entry.kind),
            words("Details"): details(entry, words, city),
            words("Hash"): entry.hash[:HASH_SHOWN],
        }
        for entry in entries
    ]


def chosen(
    entries: Sequence[AuditEntry],
    kinds: Sequence[str],
    who: str,
    text: str,
    words: Words,
    city: City = NOWHERE,
) -> tuple[AuditEntry, ...]:
    """Return the entries of some kinds (none: all), of an actor, that contain a text."""
    wanted, person = text.strip().casefold(), who.strip().casefold()
    return tuple(
        entry
        for entry in entries
        if (not kinds or entry.kind in kinds)
        and (person in entry.actor.casefold() or person in actor(entry.actor, words).casefold())
        and wanted in details(entry, words, city, whole=True).casefold()
    )


def chain_fault(entries: Sequence[AuditEntry]) -> str | None:
    """Return the entry before which one is missing, newest first; None where there is no gap."""
    for newer, older in itertools.pairwise(entries):
        if newer.seq != older.seq + 1:
            return str(newer.seq)
    return None


def verdict_text(verdict: AuditVerdict, words: Words) -> str:
    """Return what a check of the chain found."""
    if verdict.fault is None:
        return words(
            "The chain is sound: {count} entries, newest hash {head}.",
            count=words.number(verdict.entries),
            head=verdict.head[:HASH_SHOWN],
        )
    return words(
        "THE AUDIT WAS CHANGED: sound up to entry {count}. Call the administrator; restart nothing.",
        count=words.number(verdict.entries),
    )
