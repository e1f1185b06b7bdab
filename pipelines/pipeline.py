"""The whole way of an article, from its page to the incidents it changes.

judge_page   page → article → findings        pure, slow; runs in the worker process; see judging.py
record       findings → incidents → store     one transaction, fast; whoever opened it plans the alerts in it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from pipelines import grouping, incidents
from pipelines.archive import reports
from pipelines.copies import is_copy
from pipelines.grouping import Evidence, Sketch
from pipelines.judging import Judged
from pipelines.lexicon import Lexicon
from pipelines.models import Incident, Revision

_RELATED = 30  # incidents looked at for one that a new one follows from


def record(connection: Connection, judged: Judged, lexicon: Lexicon, now: datetime) -> tuple[Revision, ...]:
    """Store an article and its findings; return what became new or different about incidents.

    A text that was judged before changes nothing. An edited one replaces its earlier findings.
    """
    article = judged.article
    if reports.known_hash(connection, article.id) == judged.content_hash:
        return ()
    before = reports.drop_findings(connection, article.id)
    reports.save_article(connection, article, judged.content_hash, judged.signature, judged.search, now)
    revisions = [
        _place(connection, Evidence(finding, reports.report_of(article)), judged.signature, before, lexicon, now)
        for finding in judged.findings
    ]
    touched = {revision.current.id for revision in revisions}
    revisions += [_withdraw(connection, incident, lexicon, now) for incident in before if incident not in touched]
    return _latest(revisions)


def _place(
    connection: Connection,
    evidence: Evidence,
    text_signature: bytes,
    before: Sequence[str],
    lexicon: Lexicon,
    now: datetime,
) -> Revision:
    """Put one finding into the incident it belongs to, or open a new one."""
    sketches = _candidates(connection, evidence)
    own = [sketch for sketch in sketches if sketch.incident in before]
    chosen = grouping.choose(evidence, own) or grouping.choose(evidence, sketches)
    if chosen is None:
        days = grouping.reach_of_related(evidence)
        earlier = reports.sketches(connection, evidence.finding.governorates, *days, newest=_RELATED) if days else []
        related = grouping.follows(evidence, earlier)
        current = incidents.revise(None, [evidence], now, lexicon, related)
        reports.save_incident(connection, None, current, grouping.sketch_of(current), now)
        reports.save_finding(connection, evidence.finding, current.id, "", now)
        return Revision(None, current)
    previous = reports.load_incident(connection, chosen.incident)
    known = reports.evidence_of(connection, previous.id)
    copied = _copied(connection, evidence, text_signature, known)
    evidence = Evidence(evidence.finding, replace(evidence.report, copy_of=copied))
    current = incidents.revise(previous, [*known, evidence], now, lexicon)
    reports.save_incident(connection, previous, current, grouping.sketch_of(current), now)
    reports.save_finding(connection, evidence.finding, current.id, copied, now)
    return Revision(previous, current)


def _candidates(connection: Connection, evidence: Evidence) -> list[Sketch]:
    """The incidents that a finding is compared with: few, however large the archive is."""
    governorates = evidence.finding.governorates
    found = reports.sketches(connection, governorates, *grouping.reach(evidence))
    days = grouping.reach_of_reposts(evidence)
    if days:
        found += reports.sketches(connection, governorates, *days, killed=evidence.finding.killed)
    return list({sketch.incident: sketch for sketch in found}.values())


def _copied(connection: Connection, evidence: Evidence, text_signature: bytes, known: Sequence[Evidence]) -> str:
    """The article of this incident that the new one repeats, "" if it is an account of its own."""
    signatures = reports.signatures(connection, {item.report.article for item in known})
    for article, other in signatures.items():
        if article != evidence.report.article and is_copy(text_signature, other):
            return article
    return ""


def _withdraw(connection: Connection, incident_id: str, lexicon: Lexicon, now: datetime) -> Revision:
    """An edited article no longer reports this incident: tell it from what is left, or take it back."""
    previous = reports.load_incident(connection, incident_id)
    left = reports.evidence_of(connection, incident_id)
    current = incidents.revise(previous, left, now, lexicon) if left else incidents.withdrawn(previous, now)
    reports.save_incident(connection, previous, current, grouping.sketch_of(current), now)
    return Revision(previous, current)


def _latest(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """One step per incident: two findings of one article may both have moved it; nothing said again is left out."""
    steps: dict[str, tuple[Incident | None, Incident]] = {}
    for revision in revisions:
        first = steps[revision.current.id][0] if revision.current.id in steps else revision.previous
        steps[revision.current.id] = (first, revision.current)
    return tuple(
        Revision(previous, current)
        for previous, current in steps.values()
        if previous is None or previous.revision != current.revision
    )
