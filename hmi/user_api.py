"""Calls of the controller with the token of the person at the screen: what they may do is decided there."""

import secrets
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from controller.api import alarm_schema, order_schema, plan_schema, schema, shadow_schema, source_schema

ME_LIMIT_S = 3.0
"""Asked from every page's timer: a controller that hangs must not hold the strip."""
LIMIT_S = 10.0
"""Wall seconds for an answer."""
LONG_LIMIT_S = 60.0
"""The same where days of the journal are read or a station is identified: seconds, more on a busy machine. A
page that waits says so."""
JOURNAL = frozenset({"/history", "/energy"})

_M = TypeVar("_M", bound=schema.Message)


class Refused(Exception):
    """The controller said no; nothing of the request was done."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str = "",
        reasons: list[schema.Sentence] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.reasons = reasons or []

    @property
    def session_over(self) -> bool:
        """True where the person must log in again."""
        return self.status == 401


class Unreachable(Exception):
    """The controller did not answer; whether it did what was asked is not known. Ask with the same key."""


def new_key() -> str:
    """Return a key for one order, to be kept until it was answered."""
    return secrets.token_hex(12)


class UserApi:
    """One person's calls. Holds no state of its own; the connections are shared by all."""

    def __init__(self, client: httpx.Client, token: str) -> None:
        """``client`` has the address of the API as its base."""
        self._client = client
        self._token = token

    # -------------------------------------------------------------------------------------------- reading

    def me(self) -> order_schema.MeMessage:
        """Return who is logged in."""
        return call(self._client, order_schema.MeMessage, "GET", "/me", token=self._token, limit_s=ME_LIMIT_S)

    def station(self, station: str) -> schema.StationDetail:
        """Return everything about one station."""
        return self._get(schema.StationDetail, f"/stations/{_id(station)}")

    def history(
        self, station: str, point: str, loop: int, start: float, end: float, max_points: int = 600
    ) -> schema.History:
        """Return a trend; ``point`` without its loop, times in UTC seconds of the controller's clock."""
        return self._get(
            schema.History,
            "/history",
            {
                "station": station,
                "point": point,
                "loop": loop,
                "start": start,
                "end": end,
                "max_points": max_points,
            },
        )

    def orders(self, limit: int = 50) -> list[order_schema.OrderMessage]:
        """Return the newest orders, newest first."""
        return self._get(order_schema.OrderList, "/commands", {"limit": limit}).orders

    def order(self, number: int) -> order_schema.OrderMessage:
        """Return one order."""
        return self._get(order_schema.OrderMessage, f"/commands/{number}")

    def modes(self) -> order_schema.Modes:
        """Return seasons, strategies and what the guard holds back."""
        return self._get(order_schema.Modes, "/modes")

    def alarms(self, every: bool = False) -> alarm_schema.AlarmList:
        """Return the list; with ``every`` also what is shelved, suppressed or out of service."""
        return self._get(alarm_schema.AlarmList, "/alarms", {"all": "true"} if every else {})

    def journal(self, start: float, end: float, limit: int = 200) -> list[alarm_schema.StepMessage]:
        """Return steps of alarms in a span of UTC seconds, oldest first."""
        query = {"start": start, "end": end, "limit": limit}
        return self._get(alarm_schema.AlarmJournal, "/alarms/journal", query).steps

    def alarm_kpis(self, hours: float = 24.0) -> alarm_schema.AlarmKpisMessage:
        """Return how good the alarms themselves were."""
        return self._get(alarm_schema.AlarmKpisMessage, "/alarms/kpis", {"hours": hours})

    def audit(self, limit: int = 100, before: int | None = None) -> list[order_schema.AuditEntry]:
        """Return entries of the audit, newest first."""
        query = {"limit": limit} | ({} if before is None else {"before": before})
        return self._get(order_schema.AuditList, "/audit", query).entries

    def audit_verdict(self) -> order_schema.AuditVerdict:
        """Return whether the audit is as it was written."""
        return self._get(order_schema.AuditVerdict, "/audit/verification")

    def users(self) -> list[order_schema.UserMessage]:
        """Return all accounts."""
        return self._get(order_schema.UserList, "/users").users

    def choose_language(self, language: str) -> None:
        """Have the person's language follow to every browser."""
        self._post(order_schema.Done, "/me/language", {"language": language})

    # ------------------------------------------------------------------------------------------- orders

    def prepare(self, order: Mapping[str, Any], reason: str, key: str) -> order_schema.OrderMessage:
        """Have an order worked out; nothing changes yet."""
        body = {"key": key, "reason": reason, "order": dict(order)}
        return self._post(order_schema.OrderMessage, "/commands", body)

    def approve(self, number: int) -> order_schema.OrderMessage:
        """Agree to another person's order."""
        return self._post(order_schema.OrderMessage, f"/commands/{number}/approve")

    def commit(self, number: int) -> order_schema.OrderMessage:
        """Let an order stand; again is harmless."""
        return self._post(order_schema.OrderMessage, f"/commands/{number}/commit")

    def district_local(self, district: str, reason: str, key: str) -> order_schema.OrderMessage:
        """Return a district to its stations' own controllers."""
        body = {"key": key, "reason": reason}
        return self._post(order_schema.OrderMessage, f"/districts/{_id(district)}/local", body)

    # ------------------------------------------------------------------------------------------- alarms

    def acknowledge_source(self, source: str, seen: float) -> source_schema.AcknowledgeAnswer:
        """Say that a heat source was told what it is advised, as it stood at UTC second ``seen``."""
        path = f"/plan/sources/{_id(source)}/acknowledge"
        return self._post(source_schema.AcknowledgeAnswer, path, {"seen": seen})

    def promote(self, loop: str, reason: str) -> shadow_schema.Promoted:
        """Let a loop (``S017/1``) that drifted from its model follow plans again."""
        station, _, number = loop.partition("/")
        path = f"/plan/shadow/{_id(station)}/{_id(number)}/promote"
        return self._post(shadow_schema.Promoted, path, {"reason": reason})

    def identify(self, station: str) -> plan_schema.StationIdentified:
        """Have the loops of a station identified now instead of tonight; takes seconds."""
        path = f"/plan/{_id(station)}/identify"
        return self._post(plan_schema.StationIdentified, path, limit_s=LONG_LIMIT_S)

    def acknowledge(self, alarm: str, note: str = "") -> alarm_schema.AlarmAnswer:
        """Say that one knows of an alarm."""
        return self._post(alarm_schema.AlarmAnswer, f"/alarms/{_id(alarm)}/ack", {"note": note})

    def shelve(self, alarm: str, reason: str, duration_s: float) -> alarm_schema.AlarmAnswer:
        """Take an alarm off the list for a while."""
        body = {"reason": reason, "duration_s": duration_s}
        return self._post(alarm_schema.AlarmAnswer, f"/alarms/{_id(alarm)}/shelve", body)

    def unshelve(self, alarm: str) -> alarm_schema.AlarmAnswer:
        """Put a shelved alarm back."""
        return self._post(alarm_schema.AlarmAnswer, f"/alarms/{_id(alarm)}/unshelve")

    def remove_from_service(self, alarm: str, reason: str) -> alarm_schema.AlarmAnswer:
        """Take an alarm out of service until somebody puts it back."""
        return self._post(
            alarm_schema.AlarmAnswer, f"/alarms/{_id(alarm)}/out-of-service", {"reason": reason}
        )

    def restore_to_service(self, alarm: str) -> alarm_schema.AlarmAnswer:
        """Put an alarm back into service."""
        return self._post(alarm_schema.AlarmAnswer, f"/alarms/{_id(alarm)}/in-service")

    # ------------------------------------------------------------------------------------------ accounts

    def log_out(self) -> None:
        """End this session."""
        self._post(order_schema.Done, "/logout")

    def change_password(self, old: str, new: str) -> None:
        """Change the own password; ends all own sessions."""
        self._post(order_schema.Done, "/me/password", {"old": old, "new": new})

    def add_user(self, name: str, password: str, role: str, districts: list[str] | None) -> None:
        """Make an account."""
        body = {"name": name, "password": password, "role": role, "districts": districts}
        self._post(order_schema.Done, "/users", body)

    def change_user(self, name: str, *, disabled: bool | None = None, password: str | None = None) -> None:
        """Shut or open an account, or give it another password."""
        self._post(order_schema.Done, f"/users/{_id(name)}", {"disabled": disabled, "password": password})

    # ---------------------------------------------------------------------------------------------- wire

    def get(self, message: type[_M], path: str, query: Mapping[str, Any] | None = None) -> _M:
        """Return the answer of any path under ``/api/v1``."""
        return self._get(message, path, query)

    def _get(self, message: type[_M], path: str, query: Mapping[str, Any] | None = None) -> _M:
        limit_s = LONG_LIMIT_S if path in JOURNAL else LIMIT_S
        return call(self._client, message, "GET", path, token=self._token, query=query, limit_s=limit_s)

    def _post(
        self,
        message: type[_M],
        path: str,
        body: Mapping[str, Any] | None = None,
        limit_s: float = LIMIT_S,
    ) -> _M:
        return call(self._client, message, "POST", path, token=self._token, body=body, limit_s=limit_s)


def _id(text: str) -> str:
    """Return an id as one part of a path, whatever stands in it."""
    return quote(text, safe="")


def call(
    client: httpx.Client,
    message: type[_M],
    method: str,
    path: str,
    *,
    token: str | None = None,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    limit_s: float = LIMIT_S,
    headers: Mapping[str, str] | None = None,
) -> _M:
    """Send one request to a path under ``/api/v1``; raises Refused, Unreachable."""
    own = {} if token is None else {"authorization": f"Bearer {token}"}
    try:
        answer = client.request(
            method,
            f"/api/v1{path}",
            headers={**own, **(headers or {})},
            timeout=limit_s,
            params=query,
            json=body,
        )
        if answer.is_success:
            return message.model_validate_json(answer.content)
    except (httpx.HTTPError, ValidationError) as error:
        raise Unreachable(str(error)) from error
    raise refused(answer)


def refused(answer: httpx.Response) -> Refused:
    """Return what a refusing answer says."""
    try:
        body = schema.ErrorMessage.model_validate_json(answer.content).error
    except ValidationError:
        return Refused(answer.status_code, "unknown", f"HTTP {answer.status_code}")
    return Refused(answer.status_code, body.code, body.message, body.hint, body.reasons)
