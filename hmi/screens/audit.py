"""Audit: who did what and when, chained by hashes; found, filtered, and checked from here."""

import streamlit as st

from controller.api.order_schema import AuditEntry
from hmi.context import Screen
from hmi.language import N_
from hmi.view_models import audit as model

TITLE = N_("Audit")
PAGE_SIZE = 200
ROW_PX, TALLEST_PX = 32, 640


def render(screen: Screen) -> None:
    """Show a page of entries with filters, and the check of the chain."""
    words = screen.words
    st.title(words(TITLE))
    if not screen.may("read_audit"):
        st.info(words("Auditors and administrators read the audit; your role does not."))
        return
    _check(screen)
    before: int | None = st.session_state.get("audit_before")
    entries = screen.api.audit(PAGE_SIZE, before)
    shown = _filtered(screen, entries)
    gap = model.chain_fault(entries)
    if gap is not None:
        st.error(words("An entry is missing before number {seq}.", seq=gap))
    if shown:
        st.dataframe(
            model.rows(shown, words, screen.city),
            hide_index=True,
            height=min(TALLEST_PX, ROW_PX * (len(shown) + 1) + 3),
            key="audit_table",
            column_config={
                words("No."): st.column_config.NumberColumn(width=60),
                words("Time"): st.column_config.TextColumn(width=150),
                words("Who"): st.column_config.TextColumn(width=100),
                words("What"): st.column_config.TextColumn(width=150),
                words("Details"): st.column_config.TextColumn(width=900),
                words("Hash"): st.column_config.TextColumn(width=110),
            },
        )
    else:
        st.info(words("No entry of this page fits the filter."))
    _paging(screen, entries, before)


def _filtered(screen: Screen, entries: list[AuditEntry]) -> tuple[AuditEntry, ...]:
    words = screen.words
    # no list of several picks: its entry for all of them is English in any language
    chosen = st.pills(
        words("What; none pressed: everything"),
        list(model.KIND),
        format_func=lambda kind: model.kind_text(words, kind),
        selection_mode="multi",
        key="audit_kinds",
    )
    actor, text = st.columns([1, 2])
    who = actor.text_input(words("Who"), key="audit_who", max_chars=64)
    wanted = text.text_input(words("Text in the details"), key="audit_text", max_chars=200)
    return model.chosen(entries, chosen, who or "", wanted or "", words, screen.city)


def _paging(screen: Screen, entries: list[AuditEntry], before: int | None) -> None:
    words = screen.words
    newest, older, rest = st.columns([1, 1, 6])
    if newest.button(words("Newest"), disabled=before is None, key="audit_newest"):
        st.session_state["audit_before"] = None
        st.rerun()
    more = bool(entries) and entries[-1].seq > 1
    if older.button(words("Older"), disabled=not more, key="audit_older"):
        st.session_state["audit_before"] = entries[-1].seq
        st.rerun()
    if entries:
        rest.caption(words("Entries {first} to {last}", first=entries[-1].seq, last=entries[0].seq))


def _check(screen: Screen) -> None:
    words = screen.words
    button, result = st.columns([1, 4], vertical_alignment="center")
    if button.button(words("Check the chain"), key="audit_check"):
        verdict = screen.api.audit_verdict()
        show = result.info if verdict.fault is None else result.error
        show(model.verdict_text(verdict, words))
    else:
        result.caption(
            words("Each entry carries a hash of all before it: a change, a gap or a swap breaks the chain.")
        )
