"""What a server historian may answer instead of "taken", in words for those who mend it. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

SAID_LENGTH = 300
"""Characters kept of a server's own words."""


class FaultKind(StrEnum):
    """Why nothing, or not everything, can be sent now."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NOT_TRUSTED = "not_trusted"
    WRONG_TOKEN = "wrong_token"
    NO_BUCKET = "no_bucket"
    WRONG_VERSION = "wrong_version"
    WRONG_PRODUCT = "wrong_product"
    TOO_LARGE = "too_large"
    DISK_FULL = "disk_full"
    BUSY = "busy"
    SERVER_FAULT = "server_fault"
    REFUSED = "refused"
    """The lines themselves are at fault: they are halved until the bad one is found."""
    REFUSED_MANY = "refused_many"
    """So many of them that they are not: something is wrong between us and the server."""
    OUTDATED = "outdated"
    """Older than the server keeps; it dropped those and took the others."""


TEXT_EN: Mapping[FaultKind, str] = {
    FaultKind.UNREACHABLE: "{where} can not be reached: {said}",
    FaultKind.TIMEOUT: "{where} does not answer in time: {said}",
    FaultKind.NOT_TRUSTED: "the certificate of {where} is not trusted: {said}",
    FaultKind.WRONG_TOKEN: "{where} refuses the token: {said}",
    FaultKind.NO_BUCKET: "{where} does not have the bucket or the organisation: {said}",
    FaultKind.WRONG_VERSION: "{where} is InfluxDB {said}, which can not take /api/v2/write",
    FaultKind.WRONG_PRODUCT: "what answers at {where} is no server historian: {said}",
    FaultKind.TOO_LARGE: "{where} takes not even a single line at once: {said}",
    FaultKind.DISK_FULL: "the disk of {where} is full: {said}",
    FaultKind.BUSY: "{where} is overloaded, starting, or gone behind its proxy: {said}",
    FaultKind.SERVER_FAULT: "{where} has a fault of its own: {said}",
    FaultKind.REFUSED: "{where} refuses lines: {said}",
    FaultKind.REFUSED_MANY: "{where} refuses nearly everything, so nothing is sent: {said}",
    FaultKind.OUTDATED: "{where} keeps no points that old: {said}",
}
TEXT_ZH: Mapping[FaultKind, str] = {
    FaultKind.UNREACHABLE: "无法连接 {where}：{said}",
    FaultKind.TIMEOUT: "{where} 响应超时：{said}",
    FaultKind.NOT_TRUSTED: "{where} 的证书不受信任：{said}",
    FaultKind.WRONG_TOKEN: "{where} 拒绝访问令牌：{said}",
    FaultKind.NO_BUCKET: "{where} 没有该存储桶或组织：{said}",
    FaultKind.WRONG_VERSION: "{where} 是 InfluxDB {said}，不支持 /api/v2/write",
    FaultKind.WRONG_PRODUCT: "{where} 不是历史库服务器：{said}",
    FaultKind.TOO_LARGE: "{where} 连单行数据也不接受：{said}",
    FaultKind.DISK_FULL: "{where} 磁盘已满：{said}",
    FaultKind.BUSY: "{where} 过载、正在启动，或代理后无服务：{said}",
    FaultKind.SERVER_FAULT: "{where} 自身故障：{said}",
    FaultKind.REFUSED: "{where} 拒绝部分数据行：{said}",
    FaultKind.REFUSED_MANY: "{where} 几乎拒绝全部数据，已停止发送：{said}",
    FaultKind.OUTDATED: "{where} 不保留如此久远的数据：{said}",
}
ADVICE: Mapping[FaultKind, str] = {
    FaultKind.UNREACHABLE: "start the server, or mend url in [influxdb]; the journal keeps what is not sent",
    FaultKind.TIMEOUT: "look at the server's load and at the network, or raise timeout_s in [influxdb]",
    FaultKind.NOT_TRUSTED: "name the server's certificate authority as ca_file in [influxdb]",
    FaultKind.WRONG_TOKEN: "put a token that may write this bucket where token_env or token_file says",
    FaultKind.NO_BUCKET: "create the bucket on the server, or mend bucket and org in [influxdb]",
    FaultKind.WRONG_VERSION: "use InfluxDB 1.8 or newer, or a rewriting proxy: "
    "docs/how-to/connect-influxdb.md",
    FaultKind.WRONG_PRODUCT: "mend url in [influxdb]: it names another server or a wrong path",
    FaultKind.TOO_LARGE: "raise the limit of a request's size at the server or at the proxy before it",
    FaultKind.DISK_FULL: "make room on the server's disk; if it goes on then, start the server again",
    FaultKind.BUSY: "look at the server's log and load",
    FaultKind.SERVER_FAULT: "look at the server's log",
    FaultKind.REFUSED: "look at the refused lines: docs/how-to/connect-influxdb.md",
    FaultKind.REFUSED_MANY: "compare the bucket's field types with docs/reference/influxdb.md, "
    "or name a fresh bucket",
    FaultKind.OUTDATED: "nothing, or a longer retention at the server",
}

_DISK_FULL = re.compile(
    r"no space left|disk (is )?full|read-?only mode|not enough (free )?(disk|space)", re.IGNORECASE
)
_CALL = re.compile(r'^remoteAddr: "[^"]*"; requestURI: [^;]*; ')
"""VictoriaMetrics begins with whom it answers: our own address, another one for each connection."""
_OUTDATED = re.compile(r"beyond retention policy|outside (the )?retention", re.IGNORECASE)
_NO_BUCKET = re.compile(r"(database|bucket|organi[sz]ation|retention policy)\b.*not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One answer of a server, or its silence."""

    kind: FaultKind
    where: str
    """The server's URL."""
    said: str
    """Its own words, or the network's; one line, no secret."""
    retry_after_s: float = 0.0
    """Wall seconds that the server asks for."""

    @property
    def text_en(self) -> str:
        """Return the fault for people."""
        return TEXT_EN[self.kind].format(where=self.where, said=self.said)

    @property
    def text_zh(self) -> str:
        """Return the fault for people, in Chinese; the server's own words stay as they are."""
        return TEXT_ZH[self.kind].format(where=self.where, said=self.said)

    @property
    def advice(self) -> str:
        """Return what is to be done."""
        return ADVICE[self.kind]


def judge(where: str, status: int, headers: Mapping[str, str], body: str) -> Fault:
    """Return what an answer other than 204 means.

    ``headers`` by their names in any case of letters, as HTTP libraries give them.
    """
    own = own_words(body)
    version = headers.get("X-Influxdb-Version") or ""
    said = f"{status} {own}".strip()
    kind = _kind(status, own, version, of_historian=bool(version) or _is_complaint(body))
    if kind is FaultKind.WRONG_VERSION:
        said = version
    return Fault(kind=kind, where=where, said=said, retry_after_s=_seconds(headers.get("Retry-After")))


def _kind(status: int, own: str, version: str, *, of_historian: bool) -> FaultKind:
    if status in (401, 403):
        return FaultKind.WRONG_TOKEN
    if status == 507 or (status >= 400 and _DISK_FULL.search(own)):
        return FaultKind.DISK_FULL
    if status in (400, 422) and _OUTDATED.search(own):
        return FaultKind.OUTDATED
    if status == 404:
        if _NO_BUCKET.search(own):
            return FaultKind.NO_BUCKET
        return FaultKind.WRONG_VERSION if version.startswith(("0.", "1.")) else FaultKind.WRONG_PRODUCT
    if status in (400, 422) and of_historian:
        return FaultKind.REFUSED
    if status == 413:
        return FaultKind.TOO_LARGE
    if status in (408, 429, 502, 503, 504):
        return FaultKind.BUSY
    return FaultKind.SERVER_FAULT if status >= 500 else FaultKind.WRONG_PRODUCT


def own_words(body: str) -> str:
    """Return what a server says of itself: the message in its JSON, or the text, on one short line."""
    found = _complaint(body)
    text = _CALL.sub("", body if found is None else found)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SAID_LENGTH]


def _is_complaint(body: str) -> bool:
    return _complaint(body) is not None


def _complaint(body: str) -> str | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    if not isinstance(content, dict):
        return None
    words = [str(content[key]) for key in ("error", "message") if content.get(key)]
    return ": ".join(words) or None


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of a Retry-After header; 0 where there is none, or a date."""
    return float(retry_after) if retry_after is not None and retry_after.strip().isdecimal() else 0.0
