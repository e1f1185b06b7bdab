"""The messages whose every form is kept in golden/: run `python -m tests.alerts.golden_messages` to write them anew.

Look at what changed before committing it; the HTML in a browser, at the width of a phone too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from alerts.channels.apprise import apprise_text
from alerts.channels.slack_blocks import fallback, render_blocks
from alerts.messages import (
    ListMessage,
    Message,
    Section,
    Telling,
    compose,
    render_html,
    render_minimal,
    render_text,
    webhook_body,
)
from alerts.policy import Policy, material_changes
from pipelines.models import Certainty, EventType, Incident, Passage, Place, Range, Severity
from tests.alerts.samples import NAMES, NOW, finding, incident, report, second

GOLDEN = Path(__file__).parent / "golden"


def messages() -> Iterator[tuple[str, Message]]:
    """Each by the name of its files."""
    one = incident()
    two = second(one)
    denied = replace(
        two,
        revision=3,
        sources=(
            *two.sources,
            report("Movement Office", minutes=60, stance="faction", tags=("denial",), title="نفي وقوع أي اشتباك"),
        ),
    )
    gone = replace(denied, revision=4, status="retracted", change="retracted")
    yield "new", _told(one)
    yield "update", _told(two, one)
    yield "denial", _told(denied, two)
    yield "retraction", _told(gone, denied)
    yield "english_unconfirmed", _told(_gunfire_in_kut())
    yield "delayed_replay", _told(one, late=timedelta(hours=8), mark="REPLAY")
    yield (
        "digest",
        ListMessage(
            kind="digest",
            subject="rasid digest 25 Sep 2025",
            first_line="DIGEST 25 Sep 2025: 1 told, 0 held, 1 not told, 0 in doubt; 28 of 30 sources well",
            first_line_ar="الموجز اليومي 25 أيلول 2025",
            sections=(
                Section("Told", "أُبلغ عنه", ("[CRITICAL] Armed clash, Abu al-Khasib",), ("https://a.example/1",)),
                Section("Not told, and why", "لم يُبلغ عنه", ("[LOW] اجتماع · severity low is below",), ("",)),
                Section("Sources that are ill", "مصادر متعطلة", ("964media: no new item for 9 hours",)),
            ),
            decided=NOW,
            footer=("rasid incidents · rasid status · rasid silence list",),
        ),
    )


def forms(message: Message) -> Iterator[tuple[str, str]]:
    """Each form by the ending of its file."""
    yield "txt", render_text(message)
    yield "html", render_html(message)
    yield "minimal.txt", render_minimal(message)
    yield "apprise.txt", apprise_text(message)
    blocks = {"text": fallback(message), "blocks": render_blocks(message)}
    yield "slack.json", json.dumps(blocks, ensure_ascii=False, indent=1) + "\n"
    yield "webhook.json", json.dumps(json.loads(webhook_body(message)), ensure_ascii=False, indent=1) + "\n"


def _told(current: Incident, before: Incident | None = None, late: timedelta | None = None, mark: str = "") -> Message:
    changes = material_changes(before, current, Policy()) if before else ()
    change = current.change if before else "new"
    return compose(current, Telling(change, changes, NOW, late=late, mark=mark), NAMES)


def _gunfire_in_kut() -> Incident:
    text = (
        "Members of Saraya al-Salam and security forces in Kut fired gunshots into the air, lasting a few minutes. "
        "Call +964 770 123 4567 for details."
    )
    marks = tuple((text.index(word), text.index(word) + len(word)) for word in ("Saraya al-Salam", "Kut"))
    kut = Place("place.kut", "Kut", "الكوت", "city", "wasit", "wasit.kut", 32.5128, 45.8183, 2)
    return incident(
        id="inc_kut",
        event_type=EventType.SHOOTING,
        severity=Severity.HIGH,
        certainty=Certainty.POSSIBLE,
        groups=("saraya_al_salam",),
        governorates=("wasit",),
        districts=("wasit.kut",),
        places=(kut,),
        event_date=None,
        time_precision=3,
        injured=Range(0, 0),
        headline="Heavy gunfire reported in Kut & nearby, sources say",
        headline_lang="en",
        sources=(
            report(
                "Tigris <Daily>", title="Heavy gunfire reported in Kut", language="en", injured=None, tags=("hearsay",)
            ),
        ),
        findings=(
            finding(passages=(Passage("body", text, marks),), why=("the group is named in full: Saraya al-Salam",)),
        ),
    )


def main() -> None:
    """Write every form of every message."""
    GOLDEN.mkdir(exist_ok=True)
    for name, message in messages():
        for ending, text in forms(message):
            (GOLDEN / f"{name}.{ending}").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
