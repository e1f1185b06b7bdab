"""A message as Slack's Block Kit. What comes from the world goes into plain text, never into Slack's markup.

Slack escapes only & < and >; * _ ~ and ` have no escape, so markup blocks hold our own words only, and matched
phrases are made bold by rich text, which is not parsed. One language per block: Slack takes the direction of a line
from its first strong character.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts.cleaning import cut, size
from alerts.messages import Excerpt, IncidentMessage, ListMessage, Message

# docs.slack.dev/reference/block-kit/blocks; the total is a limit seen in practice (bolt-js #2509: 13,200 fail)
MOST_BLOCKS = 50
HEADER = 150
SECTION = 3000
CONTEXT = 2000
FALLBACK = 300
TOTAL = 10_000

Block = dict[str, Any]


def render_blocks(message: Message) -> list[Block]:
    """At most 50 blocks and 10,000 characters; the most important first, the rest left out."""
    blocks: list[Block] = []
    room = TOTAL
    for block in _incident(message) if isinstance(message, IncidentMessage) else _list(message):
        room -= _length(block)
        if room < 0 or len(blocks) == MOST_BLOCKS:
            break
        blocks.append(block)
    return blocks


def fallback(message: Message) -> str:
    """The text of notifications and of clients without blocks, escaped, at most 300 characters."""
    text = message.first_line
    if isinstance(message, IncidentMessage):
        text = f"{message.first_line} · {message.summary_en}"
    return escape(text, FALLBACK)


def escape(text: str, limit: int) -> str:
    """Escaped as Slack asks, and at most `limit` characters afterwards, never cut within an entity."""
    room = limit
    while True:
        escaped = cut(text, room).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if size(escaped) <= limit:
            return escaped
        room -= max(1, (size(escaped) - limit) // 4)


def _incident(m: IncidentMessage) -> Iterator[Block]:
    yield {"type": "header", "text": _plain(m.first_line, HEADER)}
    yield {"type": "section", "text": _plain(m.headline_ar, SECTION)}
    if m.headline != m.headline_ar:
        yield {"type": "section", "text": _plain(m.headline, SECTION)}
    yield {"type": "section", "text": _plain(m.summary_en, SECTION)}
    english = "\n".join(f"{fact.label_en}: {fact.value_en}" for fact in m.facts)
    yield {"type": "section", "text": _plain(english, SECTION)}
    arabic = "\n".join(f"{fact.label_ar}: {fact.value_ar}" for fact in m.facts if fact.value_ar)
    yield {"type": "section", "text": _plain(arabic, SECTION)}
    for fact in m.facts:
        if fact.link:
            yield {"type": "section", "text": {"type": "mrkdwn", "text": f"<{_url(fact.link)}>", "verbatim": True}}
    for excerpt in m.excerpts:
        yield _quote(excerpt)
    for source in m.sources:
        about = f" · {source.about}" if source.about else ""
        elements: list[Block] = [_plain(f"{source.name}{about}", CONTEXT), _plain(source.title, CONTEXT)]
        if source.link:
            elements.append({"type": "mrkdwn", "text": f"<{_url(source.link)}>", "verbatim": True})
        yield {"type": "context", "elements": [element for element in elements if element["text"]]}
    if m.more_sources:
        yield {"type": "context", "elements": [_plain(f"and {m.more_sources} more sources", CONTEXT)]}
    if m.caveats:
        yield {"type": "context", "elements": [_plain("\n".join(f"• {one.value_en}" for one in m.caveats), CONTEXT)]}
        yield {"type": "context", "elements": [_plain("\n".join(one.value_ar for one in m.caveats), CONTEXT)]}
    if m.why:
        yield {"type": "context", "elements": [_plain("Why\n" + "\n".join(f"• {one}" for one in m.why), CONTEXT)]}
    yield {"type": "context", "elements": [_plain("\n".join(m.footer), CONTEXT)]}


def _list(m: ListMessage) -> Iterator[Block]:
    yield {"type": "header", "text": _plain(m.first_line, HEADER)}
    for section in m.sections:
        title = f"{section.title_en} / {section.title_ar}" if section.title_ar else section.title_en
        yield {"type": "section", "text": _plain(title, SECTION)}
        text = ""
        for line in section.lines:
            if size(text) + size(line) > SECTION // 2:
                yield {"type": "section", "text": _plain(text, SECTION)}
                text = ""
            text += f"• {line}\n"
        if text:
            yield {"type": "section", "text": _plain(text, SECTION)}
    if m.footer:
        yield {"type": "context", "elements": [_plain("\n".join(m.footer), CONTEXT)]}


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": escape(text.strip(), limit), "emoji": False}


def _quote(excerpt: Excerpt) -> Block:
    elements: list[Block] = []
    for piece in excerpt.pieces:
        # Rich text is shown as it is; angle brackets are changed all the same, so that no parser can see a mention.
        element: Block = {"type": "text", "text": piece.text.replace("<", "‹").replace(">", "›")}
        if piece.marked:
            element["style"] = {"bold": True}
        elements.append(element)
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": elements}]}


def _url(link: str) -> str:
    return link.replace("&", "&amp;")


def _length(block: Block) -> int:
    if block["type"] == "rich_text":
        return sum(len(element["text"]) for element in block["elements"][0]["elements"])
    if block["type"] == "context":
        return sum(len(element["text"]) for element in block["elements"])
    return len(block["text"]["text"])
