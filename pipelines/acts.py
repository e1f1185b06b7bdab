"""One act that covers several governorates is one finding: an order to close the offices in both is not two orders.

Scenes (a clash here, a parade there) stay apart: they are separate events even when one sentence tells of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from pipelines.models import EventType, Finding

Item = TypeVar("Item")

_ACTS = frozenset((EventType.ORDER_OR_STATEMENT, EventType.POLITICAL))


def join_acts(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, with those that tell one act in several governorates made one; order is kept."""
    joined: list[Finding] = []
    for finding in findings:
        same = next((index for index, other in enumerate(joined) if _is_one_act(other, finding)), None)
        if same is None:
            joined.append(finding)
        else:
            joined[same] = _joined(joined[same], finding)
    return tuple(joined)


def _is_one_act(one: Finding, other: Finding) -> bool:
    """Both are acts of the same groups on the same day, and one passage proves both."""
    return (
        one.event_type in _ACTS
        and one.event_type == other.event_type
        and set(one.groups) == set(other.groups)
        and one.event_date == other.event_date
        and bool({passage.text for passage in one.passages} & {passage.text for passage in other.passages})
    )


def _joined(one: Finding, other: Finding) -> Finding:
    """The surer finding, with the places and passages of both."""
    return replace(
        one,
        governorates=_union(one.governorates, other.governorates),
        districts=_union(one.districts, other.districts),
        places=_union(one.places, other.places),
        people=_union(one.people, other.people),
        tags=_union(one.tags, other.tags),
        passages=_union(one.passages, other.passages),
        why=_union(one.why, other.why),
    )


def _union(*parts: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(item for part in parts for item in part))
