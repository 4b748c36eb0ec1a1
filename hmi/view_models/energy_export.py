"""The energy ranking as a table of numbers for a spreadsheet. Pure."""

from collections.abc import Sequence

from controller.api.schema import Energy
from hmi import terms
from hmi.export import Content, Sheet
from hmi.language import Words
from hmi.view_models.energy import DOUBT, METRICS, Metric, Used


def export_sheet(words: Words, stations: Sequence[Used], title: str) -> Sheet:
    """Return one row for each station, in full precision, with what is doubtful beside it."""
    headers = (
        words("Station"),
        words("Name"),
        words("Type"),
        f"{words('Heated area')} m²",
        f"{words('Heat')} GJ/m²",
        f"{words('Heat')} W/m²",
        f"{words('Heat')} kJ/(m²·K·d)",
        f"{words('Pump electricity')} kWh/m²",
        f"{words('Make-up water')} t/m²",
        words("Indoor °C"),
        words("Doubts"),
    )
    return Sheet(title=title, headers=headers, rows=[_row(words, station) for station in stations])


def _row(words: Words, station: Used) -> list[Content]:
    kind = words(terms.EMITTER[station.emitter]) if station.emitter in terms.EMITTER else words("mixed")
    return [
        station.id,
        station.name,
        kind,
        station.A_heated_m2,
        station.heat_GJ_per_m2,
        station.heat_W_per_m2,
        station.heat_kJ_per_m2_Kd,
        station.pump_kWh_per_m2,
        station.water_t_per_m2,
        station.T_indoor,
        "; ".join(_doubts(words, station, metric) for metric in METRICS if station.doubts[metric]),
    ]


def _doubts(words: Words, station: Used, metric: Metric) -> str:
    said = ", ".join(words(DOUBT[doubt]) for doubt in station.doubts[metric] if doubt in DOUBT)
    return f"{words(METRICS[metric])}: {said}"


def export_about(words: Words, energy: Energy, by: str) -> list[tuple[str, str]]:
    """Return what stands with the export: the period, the weather, who made it."""
    about = [
        (words("Period"), f"{words.datetime(energy.start)} – {words.datetime(energy.end)} ({words.zone})"),
        (words("Made"), f"{words.datetime(energy.now)}, {by}"),
    ]
    if energy.degree_days is not None:
        base = words("base {T} °C", T=words.number(energy.T_base_degC))
        about.append((words("Degree-days"), f"{words.number(energy.degree_days, 2)} K·d, {base}"))
    return about
