"""Nothing from a feed or page adds a header, mention, link, script or template expression, or turns text around.

Each payload stands in every field that the world can fill, and goes out through every form and real servers.
"""

from __future__ import annotations

import json
import re
import unicodedata
from email.message import EmailMessage

import lxml.html
import pytest

from alerts.channels import Envelope
from alerts.channels.email import build_mail, wire_format
from alerts.channels.slack_blocks import fallback, render_blocks
from alerts.cleaning import clean, safe_link
from alerts.messages import IncidentMessage, Telling, compose, render_html, render_text, webhook_body
from alerts.policy import Change
from pipelines.models import Passage
from tests.alerts.desk import Desk
from tests.alerts.golden_messages import forms
from tests.alerts.receivers import Hook, Inbox
from tests.alerts.samples import ABU_AL_KHASIB, NAMES, NOW, finding, incident, report

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "svg": "<svg/onload=alert(1)>",
    "style": "<style>*{display:none}</style>",
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "form": '<form action="https://evil.example"><input name=password></form>',
    "closing": "</td></tr></table></title></body></html><h1>owned</h1>",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &#60;b&#62;",
    "slack_channel": "<!channel> <!here> <!everyone>",
    "slack_user": "<@U12345678> <#C12345678> <!subteam^S1>",
    "slack_link": "<https://evil.example|bank.example>",
    "slack_markup": "*bold* _it_ ~gone~ `code` ```block```\n> quote",
    "discord": "@everyone @here <@123456789012345678> <@&42>",
    "telegram": "<b unbalanced [x](https://evil.example) _*MarkdownV2*_",
    "template": "{{7*7}} {% for x in y %} {{ config.__class__ }} ${7*7} #{7*7} %s %(x)s {0.__class__}",
    "header": "x\r\nBcc: victim@example.org\r\n\r\nbody",
    "bare_breaks": "x\rBcc: a@b\nBcc: c@d\x0bBcc: e@f\x0cBcc: g@h\x85Bcc: i@j\u2028Bcc: k@l\u2029Bcc: m@n",
    "nul": "a\x00b\x01c\x1bd\x7fe\x9ff",
    "smuggling": "\r\n.\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n",
    "smuggling_bare": "\n.\nMAIL FROM:<evil@example.org>\n\r.\r",
    "dots": ".\n..\n...",
    "bidi": "\u202egnp.exe\u202c \u2066\u2067\u2068x\u2069 \u200e\u200f\u061c \u202a\u202b\u202d",
    "unbalanced": "\u202e\u2066\u2067 never closed",
    "invisible": "a\u200bb\u2060c\ufeffd\u00ade\U000e0041f",
    "surrogate": "a\ud800b\udfff",
    "nonchar": "a\uffffb\ufdd0c\U0001fffe",
    "zalgo": "a" + "\u0300" * 300,
    "long": "ط" * 20_000,
}


def poisoned(payload: str) -> IncidentMessage:
    """An incident with the payload in every field that comes from outside."""
    source = report(
        f"Wire {payload}",
        title=f"title {payload}",
        url=f"https://wire.example/{payload}",
        tags=("hearsay", payload),
        family=payload,
    )
    text = f"قبل {payload} بعد"
    one = incident(
        headline=f"عنوان {payload}",
        headline_lang="ar",
        sources=(source,),
        findings=(finding(passages=(Passage("body", text, ((0, len(text)),)),), why=(f"because {payload}",)),),
        summary_en=f"summary {payload}",
    )
    changes = (Change("official", "", f"Wire {payload}"),)
    return compose(one, Telling("update", changes, NOW, acknowledged_by=f"me {payload}"), NAMES)


def mail_of(payload: str) -> EmailMessage:
    return build_mail(poisoned(payload), Envelope("msg_x", "r@example.org", NOW), "s@example.org", "r@example.org", "d")


each_payload = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
TAGS = {"html", "head", "meta", "title", "body", "div", "table", "tr", "td", "tbody", "a", "b", "bdi", "br", "span"}
TAGS |= {"mark", "ul", "li"}


@each_payload
def test_51_a_mail_holds_no_element_or_attribute_but_ours(payload: str) -> None:
    page = lxml.html.document_fromstring(
        render_html(poisoned(payload)).encode(), parser=lxml.html.HTMLParser(encoding="utf-8")
    )
    for element in page.iter():
        assert element.tag in TAGS
        for name, value in element.attrib.items():
            assert name in ("style", "dir", "lang", "href", "role", "width", "cellpadding", "cellspacing", "align") or (
                element.tag in ("meta", "html") and name in ("charset", "name", "content", "lang")
            )
            assert name != "style" or "url(" not in value
    links = [element.get("href") for element in page.iter("a")]
    hosts = {re.sub(r"^https://([^/]+)/.*$", r"\1", link or "") for link in links}
    assert hosts <= {"www.openstreetmap.org", "wire.example"}
    assert all(element.text_content() == element.get("href") for element in page.iter("a"))


@each_payload
def test_52_53_slack_sees_no_mention_link_or_markup_of_theirs(payload: str) -> None:
    message = poisoned(payload)
    said = json.dumps({"text": fallback(message), "blocks": render_blocks(message)}, ensure_ascii=False)
    for found in re.findall(r"<[^>]*>", said):
        assert re.fullmatch(r"<https://(www\.openstreetmap\.org|wire\.example)/[^|<>\s]*>", found), found
    for block in render_blocks(message):
        for element in [block, *block.get("elements", [])]:
            if element.get("type") == "mrkdwn" or (element.get("text", {}) and element.get("type") == "section"):
                text = element["text"]["text"] if isinstance(element["text"], dict) else element["text"]
                kind = element["text"]["type"] if isinstance(element["text"], dict) else element["type"]
                assert kind == "plain_text" or text.startswith("<https://")


@each_payload
def test_54_55_chat_services_behind_apprise_see_no_mention(payload: str) -> None:
    from alerts.channels.apprise import apprise_text

    text = apprise_text(poisoned(payload))
    assert not re.search(r"@(everyone|here|channel)|<[@#!]", text, re.IGNORECASE)


def test_56_template_text_stays_literal() -> None:
    message = poisoned(PAYLOADS["template"])
    assert "{{7*7}}" in render_text(message)
    assert "49" not in render_text(message)
    assert "{{7*7}}" in render_html(message)


@each_payload
def test_57_no_header_is_added_or_changed(payload: str) -> None:
    mail = mail_of(payload)
    assert sorted(mail.keys()) == sorted(mail_of("plain").keys())
    for name, value in mail.items():
        assert "\n" not in str(value).replace("\r\n ", " ")
        assert name != "Bcc"


@each_payload
def test_58_one_message_arrives_and_its_lines_end_in_crlf_alone(payload: str) -> None:
    wire = wire_format(mail_of(payload))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)
    assert wire.isascii()
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998


def test_58_smuggled_commands_arrive_as_text_of_one_mail(desk: Desk, inbox: Inbox) -> None:
    desk.email(inbox.port)
    for number, payload in enumerate((PAYLOADS["smuggling"], PAYLOADS["smuggling_bare"], PAYLOADS["dots"])):
        desk.tell(incident(id=f"inc_{number}", headline=f"عنوان {payload}"))
    desk.dispatch()
    assert inbox.recipients() == ["reader@example.org"] * 3


@each_payload
def test_59_from_and_reply_to_never_come_from_a_report(payload: str) -> None:
    mail = mail_of(payload)
    assert mail["From"] == "rasid <s@example.org>"
    assert mail["Reply-To"] is None
    assert mail["To"] == "r@example.org"


@each_payload
def test_60_text_keeps_its_direction_in_every_form(payload: str) -> None:
    for ending, form in forms(poisoned(payload)):
        for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u200e\u200f\u061c":
            assert sign not in form, (ending, hex(ord(sign)))
        for line in form.splitlines():
            assert line.count("\u2068") == line.count("\u2069")


@each_payload
def test_no_control_or_unpaired_sign_reaches_any_form(payload: str) -> None:
    for ending, form in forms(poisoned(payload)):
        form.encode()
        bad = {letter for letter in form if unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn")} - {"\n"}
        assert not bad, (ending, bad)


@each_payload
def test_a_payload_goes_through_real_servers_once(payload: str, desk: Desk, inbox: Inbox, hook: Hook) -> None:
    desk.email(inbox.port)
    desk.webhook(hook.url)
    desk.slack(hook.url, "room")
    source = report(f"Wire {payload}", title=payload, url=f"https://wire.example/{payload}")
    desk.tell(incident(headline=payload, sources=(source,), summary_en=payload or "x"))
    desk.dispatch()
    assert desk.states() == ["sent"] * 3
    assert len(inbox.mails) == 1
    assert len(hook.requests) == 2


@each_payload
def test_the_webhook_is_one_json_object_without_hidden_signs(payload: str) -> None:
    body = json.loads(webhook_body(poisoned(payload)))
    assert set(body) == {"type", "timestamp", "subject", "first_line", "code", "data"}


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "ftp://x.example/",
        "//evil.example",
        "https://",
        "https://good.example\\@evil.example/",
        "java\nscript:alert(1)",
        "https://a b.example/",
        "https://[::1",
        "",
        "not a url",
    ],
)
def test_what_is_no_web_address_is_no_link(url: str) -> None:
    assert safe_link(url) == ""


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://user:secret@evil.example/x", "https://evil.example/x"),
        ("https://пример.example/ы", "https://xn--e1afmkfd.example/%D1%8B"),
        ("https://аpple.example/", "https://xn--pple-43d.example/"),
        ("https://x.example/أخبار?a=1&b=2", "https://x.example/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1?a=1&b=2"),
        ("https://x.example/a\u202eb", "https://x.example/ab"),
        ('https://x.example/"onmouseover="x', "https://x.example/%22onmouseover=%22x"),
        ("https://x.example/a|b<c>", "https://x.example/a%7Cb%3Cc%3E"),
        ("http://x.example:8080/", "http://x.example:8080/"),
    ],
)
def test_a_link_shows_where_it_leads(url: str, link: str) -> None:
    assert safe_link(url) == link


def test_joiners_of_persian_kurdish_and_emoji_stay() -> None:
    assert clean("می\u200cخواهم 👨\u200d👩") == "می\u200cخواهم 👨\u200d👩"


def test_a_hostile_place_name_is_cleaned_too() -> None:
    from dataclasses import replace

    place = replace(ABU_AL_KHASIB, name_en="Kut\u202e\r\nBcc: x", name_ar="الكوت\u2067")
    message = compose(incident(places=(place,), summary_en="x"), Telling("new", (), NOW), NAMES)
    assert "\n" not in message.subject
    assert "\u202e" not in render_text(message)
