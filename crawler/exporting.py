"""Incidents for other programs: CSV in the shape of ACLED, JSON Lines, GeoJSON, RSS."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from email.utils import format_datetime
from xml.etree import ElementTree

from alerts.messages import incident_json
from pipelines.grouping import IRAQ
from pipelines.models import EventType, Incident
from pipelines.summary import Labels, best_place, label, located_place

# ACLED's event types and sub-event types (codebook of 2023) for ours.
_ACLED: dict[EventType, tuple[str, str]] = {
    EventType.ARMED_CLASH: ("Battles", "Armed clash"),
    EventType.SHOOTING: ("Battles", "Armed clash"),
    EventType.ASSASSINATION: ("Violence against civilians", "Attack"),
    EventType.ASSASSINATION_ATTEMPT: ("Violence against civilians", "Attack"),
    EventType.ATTACK_ON_OFFICE: ("Strategic developments", "Looting/property destruction"),
    EventType.BOMBING: ("Explosions/Remote violence", "Remote explosive/landmine/IED"),
    EventType.ABDUCTION: ("Violence against civilians", "Abduction/forced disappearance"),
    EventType.PROTEST: ("Protests", "Peaceful protest"),
    EventType.ARREST: ("Strategic developments", "Arrests"),
    EventType.SHOW_OF_FORCE: ("Strategic developments", "Other"),
    EventType.DEPLOYMENT: ("Strategic developments", "Change to group/activity"),
    EventType.ORDER_OR_STATEMENT: ("Strategic developments", "Change to group/activity"),
}
_OTHER = ("Strategic developments", "Other")

# fmt: off
_COLUMNS = (
    "event_id_cnty", "event_date", "year", "time_precision", "event_type", "sub_event_type", "actor1",
    "inter1", "actor2", "inter2", "iso", "region", "country", "admin1", "admin2", "location", "latitude",
    "longitude", "geo_precision", "source", "source_scale", "notes", "fatalities", "tags", "timestamp",
)
# fmt: on


def render(form: str, incidents: Sequence[Incident], labels: Labels) -> str:
    """The incidents in one of the forms: csv, jsonl, geojson, rss."""
    return {"csv": _csv, "jsonl": _jsonl, "geojson": _geojson, "rss": _rss}[form](incidents, labels)


def _csv(incidents: Sequence[Incident], labels: Labels) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for incident in incidents:
        writer.writerow({key: _inert(value) for key, value in _acled(incident, labels).items()})
    return out.getvalue()


def _acled(incident: Incident, labels: Labels) -> dict[str, object]:
    kind, sub_kind = _ACLED.get(incident.event_type, _OTHER)
    place = best_place(incident)
    day = incident.event_date or incident.first_seen.astimezone(IRAQ).date()
    actors = [label(labels, group).name_en for group in incident.groups] + ["", ""]
    return {
        "event_id_cnty": incident.id,
        "event_date": day.isoformat(),
        "year": day.year,
        "time_precision": incident.time_precision if incident.event_date else 2,
        "event_type": kind,
        "sub_event_type": sub_kind,
        "actor1": actors[0],
        "inter1": 3 if actors[0] else "",  # political militia
        "actor2": actors[1],
        "inter2": 3 if actors[1] else "",
        "iso": 368,
        "region": "Middle East",
        "country": "Iraq",
        "admin1": "; ".join(label(labels, one).name_en for one in incident.governorates),
        "admin2": "; ".join(label(labels, one).name_en for one in incident.districts),
        "location": place.name_en if place else "",
        "latitude": place.lat if place else "",
        "longitude": place.lon if place else "",
        "geo_precision": place.geo_precision if place else 3,
        "source": "; ".join(dict.fromkeys(report.name for report in incident.sources)),
        "source_scale": "Subnational",
        "notes": incident.summary_en,
        "fatalities": incident.killed.max if incident.killed else "",
        "tags": f"severity={incident.severity}; certainty={incident.certainty}; "
        f"independent_sources={incident.independent_sources}",
        "timestamp": int(incident.updated.timestamp()),
    }


def _inert(value: object) -> object:
    """A cell that a spreadsheet would take for a formula is kept text: it comes from headlines."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _jsonl(incidents: Sequence[Incident], labels: Labels) -> str:
    return "".join(json.dumps(incident_json(incident), ensure_ascii=False) + "\n" for incident in incidents)


def _geojson(incidents: Sequence[Incident], labels: Labels) -> str:
    features = []
    for incident in incidents:
        place = located_place(incident)
        point = {"type": "Point", "coordinates": [place.lon, place.lat]} if place else None
        features.append(
            {"type": "Feature", "id": incident.id, "geometry": point, "properties": incident_json(incident)}
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False) + "\n"


def _rss(incidents: Sequence[Incident], labels: Labels) -> str:
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    ElementTree.SubElement(channel, "title").text = "rasid"
    ElementTree.SubElement(channel, "link").text = incidents[0].sources[0].url if incidents else ""
    ElementTree.SubElement(channel, "description").text = "Incidents, the most recently changed first"
    for incident in incidents:
        item = ElementTree.SubElement(channel, "item")
        ElementTree.SubElement(item, "title").text = incident.summary_en
        ElementTree.SubElement(item, "link").text = incident.sources[0].url
        ElementTree.SubElement(item, "guid", isPermaLink="false").text = f"{incident.id}.{incident.revision}"
        ElementTree.SubElement(item, "description").text = incident.headline
        ElementTree.SubElement(item, "pubDate").text = format_datetime(incident.updated)
    return ElementTree.tostring(rss, encoding="unicode", xml_declaration=True) + "\n"
