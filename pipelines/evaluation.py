"""How good the filter is: labelled cases judged, grouped and compared with their labels.

Every figure stands with its 95 % Wilson interval, for cases are few; and because one incident may hold a fifth of all
cases, with its mean over incidents too. Borderline cases are judged and grouped but left out of precision and recall.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from pipelines import grouping, incidents
from pipelines.archive.reports import report_of
from pipelines.errors import PipelineError
from pipelines.findings import ALERT, judge
from pipelines.grouping import IRAQ, Evidence
from pipelines.lexicon import Lexicon
from pipelines.models import Article, Finding, Incident, Source, Watch

Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled report; see the README for the format."""

    id: str
    lang: str
    title: str
    body: str
    published: datetime
    relevant: str  # yes, no, borderline
    groups: tuple[str, ...] = ()
    governorates: tuple[str, ...] = ()
    event_type: str = "none"
    killed: int | None = None
    injured: int | None = None
    incident: str = ""
    source_name: str = ""
    source_url: str = ""

    def article(self) -> Article:
        """The case as the chain would meet it, read on its day of publication."""
        source = Source(
            id=self.source_name or "case", name=self.source_name, language=self.lang, family=self.source_name
        )
        return Article(
            id=self.id,
            source=source,
            url=self.source_url,
            title=self.title,
            body=self.body,
            published=self.published,
            first_seen=self.published,
            language=self.lang,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one case: unions over its alerting findings, the rest of its highest-scoring one."""

    id: str
    relevant: bool
    digest: bool
    score: float
    groups: tuple[str, ...]
    governorates: tuple[str, ...]
    places: tuple[str, ...]
    event_type: str
    killed: int | None
    injured: int | None
    incident: str

    def json(self) -> Figures:
        """The line `rasid evaluate --json` prints for the case."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results, in the order of the cases, and the summary line."""

    results: tuple[Result, ...]
    summary: Figures


Grouper = Callable[[Sequence[tuple[Article, tuple[Finding, ...]]]], dict[str, str]]
"""From articles with findings, in order of publication, to the incident id of each finding id."""


def load_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a JSON Lines file. Raises PipelineError with file and line for the first fault."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    cases = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cases.append(_case(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PipelineError(
                f"{path}:{number}: not a labelled case ({error}); see the README for the format"
            ) from error
    return tuple(cases)


def evaluate(
    cases: Iterable[Case], lexicon: Lexicon, watch: Watch | None = None, group: Grouper | None = None
) -> Evaluation:
    """Judge and group labelled cases, and compare with the labels."""
    cases = tuple(cases)
    watch = watch or Watch()
    ordered = sorted(cases, key=lambda case: case.published)
    judged = [(case.article(), judge(case.article(), lexicon, watch)) for case in ordered]
    grouped = group(judged) if group else group_findings(judged, lexicon)
    found = {article.id: _result(article, findings, grouped) for article, findings in judged}
    results = tuple(found[case.id] for case in cases)
    return Evaluation(results, _summary(cases, results))


def group_findings(judged: Sequence[tuple[Article, tuple[Finding, ...]]], lexicon: Lexicon) -> dict[str, str]:
    """The incident id of each finding, by the same decisions as in the chain, without a store."""
    known: dict[str, tuple[Incident, list[Evidence]]] = {}
    placed: dict[str, str] = {}
    for article, findings in judged:
        for finding in findings:
            evidence = Evidence(finding, report_of(article))
            sketches = [grouping.sketch_of(incident) for incident, _ in known.values()]
            chosen = grouping.choose(evidence, sketches)
            if chosen is None:
                incident = incidents.revise(None, [evidence], article.published, lexicon)
                known[incident.id] = (incident, [evidence])
            else:
                previous, before = known[chosen.incident]
                incident = incidents.revise(previous, [*before, evidence], article.published, lexicon)
                known[incident.id] = (incident, [*before, evidence])
            placed[finding.id] = incident.id
    return placed


def cross_validated(cases: Sequence[Case], results: Sequence[Result]) -> Figures:
    """Precision and recall when the alert threshold is chosen without the incident it is tested on.

    Each incident is left out in turn, with every n-th of the irrelevant cases; on the rest the threshold with the best
    F1 (the nearest to ALERT among equals) is chosen and applied to what was left out.
    """
    score = {result.id: result.score if result.relevant or result.digest else 0.0 for result in results}
    decided = [case for case in cases if case.relevant != "borderline"]
    folds = sorted({case.incident for case in decided if case.relevant == "yes"})
    noes = [case for case in decided if case.relevant == "no"]
    fold_of = {case.id: folds[index % len(folds)] for index, case in enumerate(noes)} if folds else {}
    tp = fp = fn = 0
    for fold in folds:
        inside = [c for c in decided if (c.incident if c.relevant == "yes" else fold_of[c.id]) == fold]
        inner = {case.id for case in inside}
        threshold = _best_threshold([case for case in decided if case.id not in inner], score)
        for case in inside:
            said = score[case.id] >= threshold
            tp += said and case.relevant == "yes"
            fp += said and case.relevant == "no"
            fn += not said and case.relevant == "yes"
    return {"folds": len(folds), "precision": _ratio(tp, tp + fp), "recall": _ratio(tp, tp + fn)}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion; (0, 1) of nothing."""
    if of == 0:
        return 0.0, 1.0
    z = 1.959964
    share = hits / of
    centre = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return round((centre - spread) / scale, 4), round((centre + spread) / scale, 4)


def b_cubed(gold: Mapping[str, str], found: Mapping[str, str]) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 of a grouping (Bagga and Baldwin 1998) over the items of `gold`."""
    if not gold:
        return 0.0, 0.0, 0.0
    same_gold: dict[str, set[str]] = defaultdict(set)
    same_found: dict[str, set[str]] = defaultdict(set)
    for item, label in gold.items():
        same_gold[label].add(item)
        same_found[found.get(item) or f"alone {item}"].add(item)
    precision = recall = 0.0
    for item, label in gold.items():
        mine = same_found[found.get(item) or f"alone {item}"]
        shared = len(mine & same_gold[label])
        precision += shared / len(mine)
        recall += shared / len(same_gold[label])
    precision, recall = precision / len(gold), recall / len(gold)
    return round(precision, 4), round(recall, 4), round(2 * precision * recall / (precision + recall), 4)


# --- one case --------------------------------------------------------------------------------------------------------


def _case(row: object) -> Case:
    if not isinstance(row, dict):
        raise ValueError("the line is not a JSON object")
    relevant = str(row["relevant"])
    if relevant not in ("yes", "no", "borderline"):
        raise ValueError(f'relevant: {relevant!r}; write "yes", "no" or "borderline"')
    return Case(
        id=str(row["id"]),
        lang=str(row.get("lang") or "ar"),
        title=str(row.get("title") or ""),
        body=str(row.get("body") or ""),
        published=_published(str(row["published"])),
        relevant=relevant,
        groups=tuple(str(item) for item in row.get("groups") or ()),
        governorates=tuple(str(item) for item in row.get("governorates") or ()),
        event_type=str(row.get("event_type") or "none"),
        killed=None if row.get("killed") is None else int(row["killed"]),
        injured=None if row.get("injured") is None else int(row["injured"]),
        incident=str(row.get("incident") or ""),
        source_name=str(row.get("source_name") or ""),
        source_url=str(row.get("source_url") or ""),
    )


def _published(text: str) -> datetime:
    """A day is taken as its last hour in Iraq: what is read on that day is read by then."""
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), time(23), IRAQ).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=IRAQ)).astimezone(UTC)


def _result(article: Article, findings: Sequence[Finding], grouped: Mapping[str, str]) -> Result:
    alerts = [finding for finding in findings if finding.verdict == "alert"]
    top = findings[0] if findings else None
    arabic = article.language != "en"
    return Result(
        id=article.id,
        relevant=bool(alerts),
        digest=not alerts and bool(findings),
        score=top.score if top else 0.0,
        groups=_union(finding.groups for finding in alerts),
        governorates=_union(finding.governorates for finding in alerts),
        places=_union((p.name_ar if arabic else p.name_en for p in finding.places) for finding in alerts),
        event_type=top.event_type.value if top else "none",
        killed=top.killed if top else None,
        injured=top.injured if top else None,
        incident=grouped.get(top.id, "") if top else "",
    )


def _union(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))


# --- the summary -----------------------------------------------------------------------------------------------------


def _summary(cases: Sequence[Case], results: Sequence[Result]) -> Figures:
    pairs = list(zip(cases, results, strict=True))
    decided = [(case, result) for case, result in pairs if case.relevant != "borderline"]
    languages = sorted({case.lang for case in cases})
    gold = {case.id: case.incident for case, _ in pairs if case.incident and case.relevant == "yes"}
    precision, recall, f1 = b_cubed(gold, {result.id: result.incident for result in results})
    return {
        "kind": "summary",
        "cases": len(cases),
        "borderline": len(pairs) - len(decided),
        "threshold": ALERT,
        **_relevance(decided),
        **_fields(decided),
        "b_cubed": {"precision": precision, "recall": recall, "f1": f1, "cases": len(gold)},
        "by_language": {
            language: {
                **_relevance([pair for pair in decided if pair[0].lang == language]),
                **_fields([pair for pair in decided if pair[0].lang == language]),
            }
            for language in languages
        },
        "by_incident": _by_incident(decided),
        "cross_validated": cross_validated(cases, results),
    }


def _relevance(pairs: Sequence[tuple[Case, Result]]) -> Figures:
    tp = sum(case.relevant == "yes" and result.relevant for case, result in pairs)
    fp = sum(case.relevant == "no" and result.relevant for case, result in pairs)
    fn = sum(case.relevant == "yes" and not result.relevant for case, result in pairs)
    precision, recall = wilson(tp, tp + fp), wilson(tp, tp + fn)
    return {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": len(pairs) - tp - fp - fn,
        "precision": _ratio(tp, tp + fp),
        "precision_interval": precision,
        "recall": _ratio(tp, tp + fn),
        "recall_interval": recall,
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "f1_interval": (_harmonic(precision[0], recall[0]), _harmonic(precision[1], recall[1])),
    }


def _fields(pairs: Sequence[tuple[Case, Result]]) -> Figures:
    true = [(case, result) for case, result in pairs if case.relevant == "yes" and result.relevant]
    right: dict[str, list[bool]] = {
        "groups": [set(case.groups) == set(result.groups) for case, result in true],
        "governorates": [set(case.governorates) == set(result.governorates) for case, result in true],
        "event_type": [case.event_type == result.event_type for case, result in true],
        "killed": [case.killed == result.killed for case, result in true if case.killed is not None],
        "injured": [case.injured == result.injured for case, result in true if case.injured is not None],
    }
    right["toll"] = right["killed"] + right["injured"]
    figures: Figures = {}
    for name, hits in right.items():
        figures[f"{name}_accuracy"] = _ratio(sum(hits), len(hits))
        figures[f"{name}_interval"] = wilson(sum(hits), len(hits))
        figures[f"{name}_cases"] = len(hits)
    return figures


def _by_incident(pairs: Sequence[tuple[Case, Result]]) -> Figures:
    """Means over incidents, so that an incident told thirty times counts once."""
    members: dict[str, list[tuple[Case, Result]]] = defaultdict(list)
    for case, result in pairs:
        if case.relevant == "yes" and case.incident:
            members[case.incident].append((case, result))
    recalls = [sum(result.relevant for _, result in group) / len(group) for group in members.values()]
    figures: Figures = {"incidents": len(members), "recall": _mean(recalls)}
    for name in ("groups", "governorates", "event_type"):
        shares = []
        for group in members.values():
            value = _fields(group)[f"{name}_accuracy"]
            if isinstance(value, float) and any(result.relevant for _, result in group):
                shares.append(value)
        figures[f"{name}_accuracy"] = _mean(shares)
    return figures


def _best_threshold(cases: Sequence[Case], score: Mapping[str, float]) -> float:
    def f1(threshold: float) -> float:
        tp = sum(score[c.id] >= threshold for c in cases if c.relevant == "yes")
        fp = sum(score[c.id] >= threshold for c in cases if c.relevant == "no")
        yes = sum(c.relevant == "yes" for c in cases)
        return 2 * tp / (tp + fp + yes) if yes else 0.0

    candidates = sorted({ALERT, *(round(value / 100, 2) for value in range(40, 91, 5))})
    return max(candidates, key=lambda threshold: (f1(threshold), -abs(threshold - ALERT)))


def _ratio(hits: int, of: int) -> float:
    return round(hits / of, 4) if of else 0.0


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _harmonic(one: float, two: float) -> float:
    return round(2 * one * two / (one + two), 4) if one + two else 0.0
