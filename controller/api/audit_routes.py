"""Path that recomputes the audit's chain of hashes, for who reads the audit."""

import asyncio
import sqlite3
from pathlib import Path

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import order_schema as schema
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import answer
from controller.audit.log import AuditLog
from controller.audit.verify import verify


def audit_router(audit: AuditLog, data: Path) -> APIRouter:
    """Return the path; ``data`` is the folder in which the log stands."""
    router = APIRouter(prefix="/api/v1")
    turn = asyncio.Lock()

    @router.get(
        "/audit/verification", responses=said(schema.AuditVerdict), openapi_extra=needs(Right.READ_AUDIT)
    )
    async def verification() -> Response:
        """Recompute the chain from the first entry to the newest that this run knows; one at a time."""
        if turn.locked():
            raise HTTPException(503, "the audit is being checked already; try again soon")
        async with turn:
            head = audit.head
            try:
                found = await asyncio.to_thread(verify, data, head if head[0] else None)
            except sqlite3.Error as error:
                raise HTTPException(503, f"the audit can not be read: {error}") from None
        return answer({"entries": found.entries, "head": found.head, "fault": found.fault})

    return router
