"""Rules of links: which stations are silent, and whether they have one cause in common."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.alarms.model import AlarmKey, Finding, Param, because
from controller.alarms.scene import Scene, StationCase
from controller.config.model import SiteConfig, StationConfig
from controller.image import Link
from controller.words.phrase import said
from stations.driver import DialInAddress, ModbusAddress

NEVER_S = 300.0
"""Scaled seconds after the start within which a station should have answered once."""
GROUP_LEAST = 3
GROUP_SHARE = 0.5
GATEWAY_LEAST = 2
GATEWAY_SHARE = 0.8
TOGETHER_S = 300.0
TOGETHER_LEAST = 5
"""So many stations of one district lost within so short a time have one cause, however large the district."""

_RULE_OF = {
    Link.REFUSED: "station_refused",
    Link.QUARANTINED: "station_quarantined",
}


def link_findings(case: StationCase) -> Iterator[Finding]:
    """Judge one station's link."""
    image, name = case.image, case.config.id
    lost = "source_lost" if case.config.kind == "source" else "station_lost"
    if image.link is Link.NEVER and case.scene.now - image.link_since <= NEVER_S:
        # what an earlier run knew stands until this one knows better
        for known in (lost, *_RULE_OF.values()):
            yield Finding(key=AlarmKey(known, name), unknown=True)
        return
    if image.link in (Link.LOST, Link.NEVER):
        rule = lost
    elif image.link in _RULE_OF:
        rule = _RULE_OF[image.link]
    else:
        return
    why = because(image.link_why or said("link.never"))
    yield Finding(key=AlarmKey(rule, name), since=image.link_since, params=why)


@dataclass(frozen=True, slots=True)
class Group:
    """Stations that share something which can break."""

    key: AlarmKey
    members: frozenset[str]
    least: int
    share: float
    burst: bool
    """True: five of them within five minutes are enough, whatever the share."""
    title: str = ""


def link_groups(site: SiteConfig) -> list[Group]:
    """Return what can silence several stations at once, the largest first: centre, gateways, districts."""
    stations = [station for station in site.stations if station.kind == "station"]
    everyone = frozenset(station.id for station in stations)
    groups = [Group(AlarmKey("centre_link_lost"), everyone, GROUP_LEAST, GROUP_SHARE, burst=False)]
    for gateway, members in _by(stations, gateway_of(site)).items():
        if len(members) >= GATEWAY_LEAST and members != everyone:
            key = AlarmKey("gateway_lost", gateway)
            groups.append(Group(key, members, GATEWAY_LEAST, GATEWAY_SHARE, burst=False, title=gateway))
    districts = {station.id: station.district for station in stations}
    for district, members in _by(stations, districts).items():
        key = AlarmKey("district_lost", district)
        groups.append(Group(key, members, GROUP_LEAST, GROUP_SHARE, burst=True))
    return groups


def gateway_of(site: SiteConfig) -> dict[str, str]:
    """Return each station's network host, written so that it can stand in an alarm's id."""
    return {station.id: _host(station).replace(":", "_") for station in site.stations}


def group_findings(groups: Iterable[Group], silent: Mapping[str, Finding]) -> Iterator[Finding]:
    """Find the common causes of silent stations; a station explained by one group counts in no smaller one.

    ``silent`` holds the findings ``station_lost`` by station; an unknown one is that of an alarm that stands.
    Whether a group that counts on those is still lost, nobody can tell.
    """
    left = dict(silent)
    for group in groups:
        lost = [left[name] for name in group.members if name in left]
        if not _common(group, lost):
            continue
        unknown = any(finding.unknown for finding in lost)
        first = min(lost, key=lambda finding: (finding.since or 0.0, finding.key))
        params: dict[str, Param] = {
            "count": float(len(lost)),
            "size": float(len(group.members)),
            "first": first.key.name,
            "why": first.params.get("why", ""),
            "why_zh": first.params.get("why_zh", ""),
            "first_name": group.title,
        }
        yield Finding(key=group.key, since=first.since, params={} if unknown else params, unknown=unknown)
        for finding in lost:
            del left[finding.key.name]


def _common(group: Group, lost: Sequence[Finding]) -> bool:
    if len(lost) < group.least:
        return False
    if len(lost) >= group.share * len(group.members):
        return True
    return group.burst and _together(lost) >= TOGETHER_LEAST


def _together(lost: Sequence[Finding]) -> int:
    """Return the largest number of stations lost within ``TOGETHER_S``."""
    times = sorted(finding.since or 0.0 for finding in lost)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] > TOGETHER_S:
            first += 1
        most = max(most, last - first + 1)
    return most


def silent_stations(scene: Scene) -> frozenset[str]:
    """Return the stations of which nothing can be told now."""
    return frozenset(name for name, image in scene.images.items() if image.link is not Link.ONLINE)


def _by(stations: Sequence[StationConfig], name_of: Mapping[str, str]) -> dict[str, frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for station in stations:
        groups.setdefault(name_of[station.id], set()).add(station.id)
    return {name: frozenset(members) for name, members in groups.items()}


def _host(station: StationConfig) -> str:
    address = station.address
    if isinstance(address, ModbusAddress):
        return address.host
    if isinstance(address, DialInAddress):
        return f"DTU of {station.id}"  # each calls by its own SIM card
    return address.url.removeprefix("opc.tcp://").rpartition(":")[0].strip("[]")
