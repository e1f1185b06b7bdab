"""The tables of articles, findings and incidents, on the one MetaData that every package declares its tables on.

Documents (findings, incidents) are kept whole as JSON beside the columns that are searched. Times are stored in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept as naive UTC: SQLite has no time zones, and a naive value would be a mistake."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone was about to be stored: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


articles = Table(
    "articles",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("family", String(64), nullable=False),
    Column("stance", String(16), nullable=False),
    Column("trust", Integer, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("body", Text, nullable=False),  # emptied by housekeeping after the retention time
    Column("body_state", String(8), nullable=False),
    Column("published", UtcDateTime, nullable=False),
    Column("dated", Boolean, nullable=False),
    Column("backlog", Boolean, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("judged", UtcDateTime, nullable=False),
    Column("content_hash", String(64), nullable=False),  # of everything that is judged: equal means nothing to judge
    Column("signature", LargeBinary, nullable=True),  # MinHash of the text, only where there is a finding
    Column("search", Text, nullable=False),  # folded title and body
)
Index("ix_articles_source_published", articles.c.source, articles.c.published)
Index("ix_articles_first_seen", articles.c.first_seen)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("updated", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),  # the Incident as JSON
)
Index("ix_incidents_status_updated", incidents.c.status, incidents.c.updated)

incident_keys = Table(  # what a finding is compared with, one row per governorate: cost does not grow with the archive
    "incident_keys",
    metadata,
    Column("incident", String(32), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("governorate", String(32), primary_key=True),
    Column("day", Date, nullable=False),  # the event's day, else the day it was first reported
    Column("killed", Integer, nullable=True),
    Column("sketch", Text, nullable=False),  # the grouping.Sketch as JSON
)
Index("ix_incident_keys_governorate_day", incident_keys.c.governorate, incident_keys.c.day)

incident_revisions = Table(
    "incident_revisions",
    metadata,
    Column("incident", String(32), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("change", String(16), nullable=False),
    Column("recorded", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),
)

findings = Table(
    "findings",
    metadata,
    Column("id", String(48), primary_key=True),
    Column("article", String(32), ForeignKey("articles.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("incident", String(32), ForeignKey("incidents.id"), nullable=True, index=True),
    Column("verdict", String(8), nullable=False),
    Column("score", Float, nullable=False),
    Column("event_type", String(32), nullable=False),
    Column("event_date", Date, nullable=True),
    Column("copy_of", String(32), nullable=False, default=""),  # the article of the same incident that this one repeats
    Column("recorded", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),  # the Finding as JSON
)
Index("ix_findings_verdict_recorded", findings.c.verdict, findings.c.recorded)
