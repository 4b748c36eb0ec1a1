"""The demo's terminal: progress while it starts, then a live table of the city, page by page."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from controller.demo_hmi import ACCOUNTS, Login
from controller.demo_report import DemoReport, Observer

PAGE_S = 6.0
"""Wall seconds a page of the table stays."""
CHROME_LINES = 10
"""Lines around the rows: banner, city line, table head, rules and foot."""
PLAIN_STATUS_S = 10.0
"""Where there is no terminal to draw on, one line each so many wall seconds."""
QUALITY = {0: ("bad", "red"), 1: ("doubt", "yellow"), 2: ("good", "green")}
LINK_STYLE = {"online": "green"}


class DemoScreen:
    """Draws on stderr, so that stdout stays free for the closing object. Quiet with ``--json``."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet)
        self._live: Live | None = None
        self._status_at = 0.0
        self._last_progress = ""
        self._login = ""

    def progress(self, text: str) -> None:
        """Say what start-up is doing; the same text is said once."""
        if text != self._last_progress:
            self._console.print(f"[dim]…[/dim] {text}")
            self._last_progress = text

    def note(self, text: str) -> None:
        """Say that something beside the city happened."""
        self._console.print(f"[yellow]![/yellow] {text}")

    def running(
        self, api_url: str, token_file: str, folder: Path, control_port: int, login: Login | None
    ) -> None:
        """Say where screen and API are and how to break something, then begin the live table."""
        if login is not None:
            self._login = f"screen  {login.url}   user {login.name}   password {login.password}"
            self._console.print(f"[bold]{self._login}[/bold]", highlight=False, soft_wrap=True)
            others = ", ".join(name for name in ACCOUNTS if name != login.name)
            self._console.print(f"        [dim]same password: {others}[/dim]", highlight=False)
        self._console.print(f"[bold]API[/bold]    {api_url}/api/v1/openapi.json   (token in {token_file})")
        command = f"python -m simulators fault on half_open --control {control_port}"
        self._console.print(f"[bold]break[/bold]  {command}   [dim]`fault known` lists more[/dim]")
        self._console.print(f"[bold]data[/bold]   {folder}   [dim]Ctrl-C stops everything[/dim]")
        if self._console.is_terminal and not self._console.quiet:
            self._live = Live(console=self._console, auto_refresh=False, screen=False)
            self._live.start()

    def show(self, observer: Observer) -> None:
        """Draw the newest sample."""
        if self._live is not None:
            self._live.update(self._view(observer), refresh=True)
        elif time.monotonic() - self._status_at >= PLAIN_STATUS_S:
            self._status_at = time.monotonic()
            self._console.print(_city_line(observer))

    def close(self) -> None:
        """End the live table and leave its last state on the terminal."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def report(self, report: DemoReport) -> None:
        """Print the closing figures and whether the goals were met."""
        table = Table(title="demo finished", show_header=False)
        for name, value in report.as_dict().items():
            table.add_row(name, str(value))
        self._console.print(table)
        for fault in report.faults():
            self._console.print(f"[red]✗[/red] {fault}")
        if not report.faults():
            self._console.print(
                "[green]✓[/green] every station fresh, every driven loop confirmed, no contract broken"
            )

    def _view(self, observer: Observer) -> Group:
        rows = [row for station in observer.snapshot["stations"] for row in _rows(station, observer)]
        fit = max(5, self._console.size.height - CHROME_LINES)
        pages = max(1, -(-len(rows) // fit))
        page = int(time.monotonic() / PAGE_S) % pages
        table = Table(
            "station", "loop", "link", "quality", "supply", "return", "flow t/h", "T set", "flow set", "mode",
            "write", "age s", caption=f"page {page + 1} of {pages}", expand=True,
        )  # fmt: skip
        for row in rows[page * fit : (page + 1) * fit]:
            table.add_row(*row)
        banner = Text(
            " SIMULATION · synthetic data, no command reaches a real station ", style="reverse bold"
        )
        lines = [Text(line) for line in (self._login, _city_line(observer)) if line]
        return Group(banner, *lines, table)


def _city_line(observer: Observer) -> str:
    kpis, truth, now = observer.kpis, observer.truth, observer.snapshot["now"]
    clock = time.strftime("%d %b %H:%M:%S", time.gmtime(now + 8 * 3600))
    return (
        f"{clock} (UTC+8, x{observer.snapshot['speed']:g})  "
        f"outdoor {_celsius(kpis['T_outdoor_centre'])}  "
        f"fresh {kpis['stations_fresh']}/{kpis['stations']}  "
        f"held {kpis['held']}/{kpis['loops_driven']} loops  "
        f"confirmed {kpis['setpoints_confirmed']} limited {kpis['setpoints_limited']} "
        f"rejected {kpis['setpoints_rejected']}  "
        f"indoor {truth['indoor_mean']:.1f} ± {truth['indoor_sd']:.1f} °C  "
        f"heat {truth['heat_W_per_m2_mean']:.1f} W/m²  lag p99 {kpis['loop_lag_p99_ms']:.0f} ms"
    )


def _rows(station: dict[str, Any], observer: Observer) -> list[list[str | Text]]:
    """Return one row for each loop; a source gets a single row."""
    readings, now = station["readings"], observer.snapshot["now"]
    age = "–" if station["polled_at"] is None else f"{max(0.0, now - station['polled_at']):.0f}"
    link = Text(station["link"], style=LINK_STYLE.get(station["link"], "red"))
    if not station["loops"]:
        names: tuple[str, ...] = ("0/T_supply_source", "0/T_return_source", "0/m_flow_source")
        supply, return_, flow = (readings.get(name, [None, 0])[0] for name in names)
        quality = _quality(readings, names)
        return [
            [
                station["id"],
                "src",
                link,
                quality,
                _celsius(supply),
                _celsius(return_),
                _t_h(flow),
                *[""] * 4,
                age,
            ]
        ]
    rows: list[list[str | Text]] = []
    for loop in station["loops"]:
        n = loop["loop"]
        names = tuple(f"{n}/{p}_secondary" for p in ("T_supply", "T_return", "m_flow"))
        if not any(name in readings for name in names):  # a heat meter knows the primary side only
            names = tuple(f"0/{p}_primary" for p in ("T_supply", "T_return", "m_flow"))
        supply, return_, flow = (readings.get(name, [None, 0])[0] for name in names)
        mode = "advice" if loop["action"] == "none" else loop["mode"]
        rows.append(
            [
                *(station["id"], str(n), link, _quality(readings, names)),
                *(_celsius(supply), _celsius(return_), _t_h(flow)),
                *(_celsius(loop["T_supply_set"]), _t_h(loop["m_flow_set"])),
                *(mode, loop["write_state"] or "–", age),
            ]
        )
    return rows


def _quality(readings: dict[str, list[Any]], names: tuple[str, ...]) -> Text:
    worst = min((readings[name][1] for name in names if name in readings), default=0)
    word, style = QUALITY[worst]
    return Text(word, style=style)


def _celsius(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} °C"


def _t_h(value: float | None) -> str:
    return "–" if value is None else f"{value * 3.6:.1f}"
