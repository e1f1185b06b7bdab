"""Articles, findings and incidents: how they are written and read, each within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, func, insert, select, update

from pipelines.archive.tables import articles, findings, incident_keys, incident_revisions, incidents
from pipelines.grouping import Evidence, Sketch
from pipelines.models import Article, Finding, Incident, SourceReport
from pipelines.text import fold

_FINDING = TypeAdapter(Finding)
_INCIDENT = TypeAdapter(Incident)
_SKETCH = TypeAdapter(Sketch)


# --- articles -----------------------------------------------------------------------------------------------------


def known_hash(connection: Connection, article: str) -> str | None:
    """The content hash under which an article was last judged; None if it is new."""
    return connection.execute(select(articles.c.content_hash).where(articles.c.id == article)).scalar_one_or_none()


def save_article(
    connection: Connection, article: Article, content_hash: str, signature: bytes, search: str, now: datetime
) -> None:
    """Insert an article, or replace what an earlier reading of it said (it stays first seen when it was)."""
    values = {
        "source": article.source.id,
        "family": article.source.family or article.source.id,
        "stance": article.source.stance,
        "trust": article.source.trust,
        "source_name": article.source.name,
        "url": article.url,
        "language": article.language,
        "title": article.title,
        "summary": article.summary,
        "lead": article.lead,
        "description": article.description,
        "body": article.body,
        "body_state": article.body_state,
        "published": article.published,
        "dated": article.dated,
        "backlog": article.backlog,
        "judged": now,
        "content_hash": content_hash,
        "signature": signature,
        "search": search,
    }
    if known_hash(connection, article.id) is None:
        connection.execute(insert(articles).values(id=article.id, first_seen=article.first_seen, **values))
    else:
        connection.execute(update(articles).where(articles.c.id == article.id).values(**values))


def has_body(connection: Connection, article: str) -> bool:
    """True if a body of this article was read before."""
    state = connection.execute(select(articles.c.body_state).where(articles.c.id == article)).scalar_one_or_none()
    return state is not None and state != "missing"


def usual_length(connection: Connection, source: str) -> int | None:
    """The usual number of characters of this source's bodies (the mean of its newest 50), None below 5 of them."""
    newest = (
        select(func.length(articles.c.body).label("length"))
        .where(articles.c.source == source, articles.c.body_state == "full", articles.c.body != "")
        .order_by(articles.c.published.desc())
        .limit(50)
        .subquery()
    )
    count, mean = connection.execute(select(func.count(), func.avg(newest.c.length))).one()
    return int(mean) if count >= 5 else None


def report_of(article: Article) -> SourceReport:
    """What an article adds to an incident."""
    return SourceReport(
        source=article.source.id,
        name=article.source.name,
        family=article.source.family or article.source.id,
        stance=article.source.stance,
        trust=article.source.trust,
        title=article.title,
        url=article.url,
        language=article.language,
        published=article.published,
        article=article.id,
        backlog=article.backlog,
    )


def signatures(connection: Connection, ids: Iterable[str]) -> dict[str, bytes]:
    """The text signatures of articles, oldest first."""
    rows = connection.execute(
        select(articles.c.id, articles.c.signature).where(articles.c.id.in_(ids)).order_by(articles.c.published)
    )
    return {row.id: row.signature or b"" for row in rows}


# --- findings -----------------------------------------------------------------------------------------------------


def save_finding(connection: Connection, finding: Finding, incident: str, copy_of: str, now: datetime) -> None:
    """Store a finding as evidence of an incident."""
    connection.execute(
        insert(findings).values(
            id=finding.id,
            article=finding.article,
            incident=incident,
            verdict=finding.verdict,
            score=finding.score,
            event_type=finding.event_type.value,
            event_date=finding.event_date,
            copy_of=copy_of,
            recorded=now,
            document=_FINDING.dump_json(finding).decode(),
        )
    )


def drop_findings(connection: Connection, article: str) -> tuple[str, ...]:
    """Forget what an earlier reading of an article said; returns the incidents it was evidence of."""
    rows = connection.execute(select(findings.c.incident).where(findings.c.article == article).distinct())
    touched = tuple(row.incident for row in rows if row.incident)
    connection.execute(delete(findings).where(findings.c.article == article))
    return touched


def evidence_of(connection: Connection, incident: str) -> list[Evidence]:
    """All evidence of an incident, oldest report first."""
    rows = connection.execute(
        select(findings.c.document, findings.c.copy_of, articles)
        .join(articles, articles.c.id == findings.c.article)
        .where(findings.c.incident == incident)
        .order_by(articles.c.published, findings.c.id)
    )
    return [
        Evidence(
            _FINDING.validate_json(row.document),
            SourceReport(
                source=row.source,
                name=row.source_name,
                family=row.family,
                stance=row.stance,
                trust=row.trust,
                title=row.title,
                url=row.url,
                language=row.language,
                published=row.published,
                article=row.id,
                copy_of=row.copy_of,
                backlog=row.backlog,
            ),
        )
        for row in rows
    ]


# --- incidents ----------------------------------------------------------------------------------------------------


def sketches(
    connection: Connection,
    governorates: Sequence[str],
    earliest: date,
    latest: date,
    *,
    killed: int | None = None,
    newest: int | None = None,
) -> list[Sketch]:
    """The incidents of these governorates whose day lies within two days, both included.

    With `killed` only those with this toll, with `newest` only so many, the latest first.
    """
    query = select(incident_keys.c.sketch).where(
        incident_keys.c.governorate.in_(governorates), incident_keys.c.day.between(earliest, latest)
    )
    if killed is not None:
        query = query.where(incident_keys.c.killed == killed)
    if newest is not None:
        query = query.order_by(incident_keys.c.day.desc()).limit(newest)
    return [_SKETCH.validate_json(text) for text in dict.fromkeys(row.sketch for row in connection.execute(query))]


def load_incident(connection: Connection, incident: str) -> Incident:
    """The newest revision. Raises KeyError if there is none of this id."""
    document = connection.execute(select(incidents.c.document).where(incidents.c.id == incident)).scalar_one_or_none()
    if document is None:
        raise KeyError(incident)
    return _INCIDENT.validate_json(document)


def list_incidents(connection: Connection, limit: int | None = None) -> list[Incident]:
    """Incidents as they stand, the most recently changed first."""
    query = select(incidents.c.document).order_by(incidents.c.updated.desc(), incidents.c.id).limit(limit)
    return [_INCIDENT.validate_json(row.document) for row in connection.execute(query)]


def list_revisions(connection: Connection, incident: str = "") -> list[Incident]:
    """Every revision, of one incident or of all, in the order in which they were recorded."""
    query = select(incident_revisions.c.document).order_by(
        incident_revisions.c.recorded, incident_revisions.c.incident, incident_revisions.c.revision
    )
    if incident:
        query = query.where(incident_revisions.c.incident == incident)
    return [_INCIDENT.validate_json(row.document) for row in connection.execute(query)]


def save_incident(
    connection: Connection, previous: Incident | None, current: Incident, sketch: Sketch, now: datetime
) -> None:
    """Store an incident as it stands; a new revision number is kept for good beside it."""
    document = _INCIDENT.dump_json(current).decode()
    values = {
        "revision": current.revision,
        "status": current.status,
        "updated": current.updated,
        "document": document,
    }
    if previous is None:
        connection.execute(insert(incidents).values(id=current.id, first_seen=current.first_seen, **values))
    else:
        connection.execute(update(incidents).where(incidents.c.id == current.id).values(**values))
    connection.execute(delete(incident_keys).where(incident_keys.c.incident == current.id))
    text = _SKETCH.dump_json(sketch).decode()
    for governorate in sketch.governorates:
        connection.execute(
            insert(incident_keys).values(
                incident=current.id, governorate=governorate, day=sketch.day, killed=sketch.killed, sketch=text
            )
        )
    if previous is None or previous.revision != current.revision:
        connection.execute(
            insert(incident_revisions).values(
                incident=current.id,
                revision=current.revision,
                change=current.change,
                recorded=now,
                document=document,
            )
        )


def close_quiet(connection: Connection, before: datetime) -> int:
    """Close the open incidents of which nothing was heard since; returns how many. No revision: nobody need be told."""
    rows = connection.execute(
        select(incidents.c.document).where(incidents.c.status == "open", incidents.c.updated < before)
    ).all()
    for row in rows:
        closed = replace(_INCIDENT.validate_json(row.document), status="closed")
        connection.execute(
            update(incidents)
            .where(incidents.c.id == closed.id)
            .values(status="closed", document=_INCIDENT.dump_json(closed).decode())
        )
    return len(rows)


def clear_texts(connection: Connection, before: datetime) -> None:
    """Empty the texts of old articles; that they were, and what was found in them, stays."""
    connection.execute(
        update(articles)
        .where(articles.c.published < before, articles.c.body != "")
        .values(body="", summary="", lead="", description="", search="")
    )


def any_incident_since(connection: Connection, since: datetime) -> bool:
    """True if an incident began or changed since."""
    return connection.execute(select(incidents.c.id).where(incidents.c.updated >= since).limit(1)).first() is not None


# --- the archive --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A report of the archive."""

    article: str
    source: str
    source_name: str
    title: str
    url: str
    published: datetime


def search(connection: Connection, words: Sequence[str], limit: int) -> list[FoundReport]:
    """Reports whose folded text holds every one of the words, newest first; spelling variants are one."""
    query = select(articles).order_by(articles.c.published.desc()).limit(limit)
    for word in words:
        query = query.where(articles.c.search.contains(fold(word).strip(), autoescape=True))
    return [
        FoundReport(row.id, row.source, row.source_name, row.title, row.url, row.published)
        for row in connection.execute(query)
    ]
