"""Feeds as broken as they come.

Numbers in names are those of the hostile-feed list (f001–f050) and of the manners of polling (b01–b32).
"""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.feeds import MAX_ENTRIES, NotAFeed, parse_feed
from tests.origin import rss

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URL = "https://site.example/rss.xml"
TITLE = "سرايا السلام تنتشر في البصرة قرب مقر عصائب أهل الحق"


def parse(body, content_type="application/rss+xml", language="ar"):
    return parse_feed(body if isinstance(body, bytes) else body.encode(), content_type, URL, language, NOW)


def channel(*items, head=""):
    joined = "".join(f"<item>{item}</item>" for item in items)
    namespace = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'<rss version="2.0" {namespace}><channel>{head}{joined}</channel></rss>'


def one(item, **arguments):
    (entry,) = parse(channel(f"<link>https://site.example/1</link>{item}"), **arguments).entries
    return entry


def refusal(body, content_type="text/html"):
    with pytest.raises(NotAFeed) as refused:
        parse(body, content_type)
    return refused.value


# --- formats ---------------------------------------------------------------------------------------------------------


def test_rss_atom_rdf_and_json_say_the_same():
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><id>urn:1</id><title>{TITLE}</title>
        <link rel="alternate" href="https://site.example/1"/><summary>s</summary>
        <published>2026-11-20T10:00:00+03:00</published></entry></feed>"""
    rdf = f"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>t</title></channel><item rdf:about="urn:1">
        <title>{TITLE}</title><link>https://site.example/1</link><description>s</description>
        <dc:date>2026-11-20T10:00:00+03:00</dc:date></item></rdf:RDF>"""
    json = f"""{{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{{"id": "urn:1",
        "title": "{TITLE}", "url": "https://site.example/1", "summary": "s",
        "date_published": "2026-11-20T10:00:00+03:00"}}]}}"""
    plain = channel(
        f"<guid>urn:1</guid><link>https://site.example/1</link><title>{TITLE}</title><description>s</description>"
        "<pubDate>Fri, 20 Nov 2026 10:00:00 +0300</pubDate>",
        head="<title>t</title>",
    )
    found = [parse(text) for text in (plain, atom, rdf, json)]
    assert len({feed.entries for feed in found}) == 1, [feed.entries for feed in found]
    assert {feed.title for feed in found} == {"t"}
    assert [feed.format for feed in found] == ["rss20", "atom10", "rss10", "json1"]
    assert all(feed.problems == () and feed.complete for feed in found)


def test_f023_the_content_type_does_not_decide():
    for content_type in ("text/html", "application/octet-stream", "", "text/plain; charset=nonsense"):
        assert parse(rss(("https://site.example/1", TITLE)), content_type).entries[0].title == TITLE


def test_full_text_of_the_feed_comes_as_plain_text():
    entry = one(
        "<description><![CDATA[<p>قصير</p>]]></description>"
        "<content:encoded><![CDATA[<p>الفقرة الأولى</p><script>x()</script><p>الثانية&nbsp;هنا</p>]]></content:encoded>"
    )
    assert entry.content == "الفقرة الأولى\nالثانية هنا"
    assert entry.summary == "قصير"


def test_the_line_that_wordpress_puts_under_every_text_is_dropped():
    entry = one("<description>Clash in Kut. The post Clash in Kut appeared first on Iraqi News.</description>")
    assert entry.summary == "Clash in Kut."


def test_google_news_titles_lose_their_publisher_and_keep_it():
    entry = one(
        f'<title>{TITLE} - شفق نيوز</title><source url="https://shafaq.com">شفق نيوز</source>'
        f"<description>&lt;a href='x'&gt;{TITLE}&lt;/a&gt;&amp;nbsp;&lt;font&gt;شفق نيوز&lt;/font&gt;</description>"
    )
    assert (entry.title, entry.publisher, entry.summary) == (TITLE, "شفق نيوز", "")


def test_hints_and_hub_are_noted():
    feed = parse(
        channel(
            head='<ttl>60</ttl><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>'
        )
    )
    assert (feed.hint, feed.hub) == (timedelta(minutes=60), "https://hub.example/")


# --- encodings -------------------------------------------------------------------------------------------------------

_ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1256", "iso-8859-6"]


@pytest.mark.parametrize("encoding", _ENCODINGS)
@pytest.mark.parametrize("declared", ["", "utf-8", "windows-1256", "iso-8859-1"])
@pytest.mark.parametrize("header", ["", "; charset=utf-8", "; charset=windows-1256", "; charset=iso-8859-1"])
def test_f027_six_encodings_however_labelled_give_one_text(encoding, declared, header):
    label = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    text = label + channel(f"<link>https://site.example/1</link><title>{TITLE}</title>")
    feed = parse(text.encode(encoding), f"application/xml{header}")
    assert [entry.title for entry in feed.entries] == [TITLE]


def test_f027_a_wrong_label_is_told():
    text = '<?xml version="1.0" encoding="windows-1256"?>' + channel(
        f"<link>https://site.example/1</link><title>{TITLE}</title>"
    )
    assert "declared as windows-1256, read as utf-8" in parse(text).problems


def test_text_that_was_mangled_before_it_was_sent_is_mended():
    mangled = TITLE.encode("windows-1256").decode("windows-1252")
    assert one(f"<title>{mangled}</title>").title == TITLE


def test_a_lost_first_byte_costs_one_letter():
    body = (
        channel(f"<link>https://site.example/1</link><title>@@{TITLE}</title>")
        .encode()
        .replace("@@س".encode(), b"\xb3")
    )
    (entry,) = parse(body).entries
    assert entry.title.endswith(TITLE[1:])


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("a&amp;amp;b", "a&b"),
        ("&lt;b&gt;x&lt;/b&gt; y", "x y"),
        ("&amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;", "x"),
        ("<![CDATA[ one \r\n two ]]>", "one two"),
        ("&#x20;x&#160;y", "x y"),
        ("x<![CDATA[<script>alert(1)</script>]]>", "x"),
        ("5 &lt; 6", "5 < 6"),
    ],
)
def test_titles_are_plain_and_on_one_line(title, expected):
    assert one(f"<title>{title}</title>").title == expected


def test_f028_f029_f030_characters_that_no_text_should_hold_are_dropped():
    entry = one("<title>a\x00b\x07c\ufffed&#0;e&#xD800;f&#x1F;</title>")
    entry.title.encode()
    assert not any(ord(letter) < 32 or letter in "\ufffe\uffff" for letter in entry.title)
    assert entry.title.replace("\ufffd", "").replace("&#0;", "")[:4] == "abcd"


# --- what survives, what is refused ----------------------------------------------------------------------------------


def test_f026_b23_a_feed_cut_short_gives_its_whole_entries_and_is_not_complete():
    body = rss(*((f"https://site.example/{number}", TITLE) for number in range(10)))
    feed = parse(body[: len(body) * 2 // 3])
    assert 5 <= len(feed.entries) < 10
    assert not feed.complete
    assert any(problem.startswith("degraded") for problem in feed.problems)
    assert {entry.title for entry in feed.entries} == {TITLE}


def test_a_bare_ampersand_costs_nothing():
    feed = parse(
        channel("<link>https://site.example/1</link><title>a & b</title>", "<link>https://site.example/2</link>")
    )
    assert len(feed.entries) == 2 and feed.complete


def test_leading_junk_costs_nothing():
    assert len(parse(b"\n\n  \xef\xbb\xbf" + rss(("https://site.example/1", "x"))).entries) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"<!DOCTYPE html><html><head><title>Shafaq</title></head><body>news</body></html>", "html"),
        (
            b"<html><head><title>Just a moment...</title><script>window._cf_chl_opt={}</script></head></html>",
            "challenge",
        ),
        (
            b"<html><body><form action='https://consent.google.com/save'>Before you continue</form></body></html>",
            "consent",
        ),
        (b"<html><body><input type='password'></body></html>", "login"),
        (b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>', "sitemap"),
        (b'{"a": 1}', "unknown"),
        (b'{"a": ', "unknown"),
        (b"<svg><a/></svg>", "unknown"),
        (b"%PDF-1.4 ...", "unknown"),
    ],
)
def test_f024_f025_b22_what_is_no_feed_is_named(body, reason):
    error = refusal(body)
    assert error.reason == reason
    assert "\n" not in error.what and len(error.what) < 200


def test_the_refusal_survives_the_way_back_from_the_worker():
    import pickle

    copy = pickle.loads(pickle.dumps(NotAFeed("html", "a page")))
    assert (copy.reason, copy.what, str(copy)) == ("html", "a page", "a page")


def test_a_feed_without_entries_is_a_feed():
    assert parse(channel()).entries == ()


def test_f048_links_that_cannot_be_fetched_are_dropped_and_counted():
    links = ["/relative", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "", "https://site.example/1"]
    feed = parse(channel(*(f"<link>{link}</link><title>{link}x</title>" for link in links)))
    assert [entry.link for entry in feed.entries] == ["https://site.example/1"]
    assert feed.dropped == 5 and any("5 entries dropped" in problem for problem in feed.problems)


def test_f034_entries_that_share_a_guid_are_both_kept():
    feed = parse(
        channel(
            *(f"<guid>same</guid><link>https://site.example/{number}</link><title>{number}</title>" for number in "12")
        )
    )
    assert [entry.title for entry in feed.entries] == ["1", "2"]
    assert {entry.guid for entry in feed.entries} == {""}
    assert any("guid" in problem for problem in feed.problems)


def test_f031_a_feed_whose_dates_are_nonsense_is_undated_and_says_so():
    dates = ["0000-00-00", "25:61", "Fri, 99 Foo 2026", "9999-12-31T00:00:00Z", ""]
    feed = parse(
        channel(*(f"<link>https://s.example/{n}</link><pubDate>{date}</pubDate>" for n, date in enumerate(dates)))
    )
    assert {entry.published for entry in feed.entries} == {None}
    assert any("no entry has a date" in problem for problem in feed.problems)


def test_dates_are_read_by_rasids_own_rules_where_feedparser_guesses():
    assert one("<pubDate>17-05-2024, 14:22</pubDate>").published == datetime(2024, 5, 17, 11, 22, tzinfo=UTC)


def test_f040_of_too_many_entries_the_newest_are_taken():
    day = datetime(2026, 1, 1, tzinfo=UTC)
    items = [
        f"<link>https://s.example/{number}</link><pubDate>{(day + timedelta(minutes=number)).isoformat()}</pubDate>"
        for number in range(3_000)
    ]
    feed = parse(channel(*items))
    assert len(feed.entries) == MAX_ENTRIES
    assert {entry.link for entry in feed.entries} == {f"https://s.example/{number}" for number in range(2_500, 3_000)}
    assert any("2500 entries left out" in problem for problem in feed.problems)


# --- attacks ---------------------------------------------------------------------------------------------------------


def _bounded(body):
    """The outcome of a parse that must not take long."""
    begun = time.process_time()
    try:
        return parse(body)
    except NotAFeed as refused:
        return refused
    finally:
        assert time.process_time() - begun < 10


def test_f001_external_entities_are_refused_and_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SENTINEL")
    body = f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]>{channel("<title>&x;</title><link>https://s.example/1</link>")}'
    assert refusal(body).reason == "hostile"


def test_f002_f003_entity_bombs_are_refused_at_once():
    laughs = "".join(f"<!ENTITY l{n} '" + f"&l{n - 1};" * 10 + "'>" for n in range(1, 10))
    bomb = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>' + channel("<title>&l9;</title>")
    quadratic = '<!DOCTYPE rss [<!ENTITY a "' + "x" * 100_000 + '">]>' + channel("<title>" + "&a;" * 5_000 + "</title>")
    quoted = bomb.replace("<!DOCTYPE rss", "<!DOCTYPE rss SYSTEM 'a>b'")
    for body in (bomb, quadratic, bomb.replace("<!ENTITY", "<!entity"), quoted):
        begun = time.process_time()
        assert refusal(body).reason == "hostile"
        assert time.process_time() - begun < 0.5


def test_f004_an_external_doctype_is_not_fetched_and_does_no_harm():
    body = (
        '<!DOCTYPE rss PUBLIC "-//Netscape" "http://127.0.0.1:1/rss-0.91.dtd">'
        + rss(("https://s.example/1", "x")).decode()
    )
    assert len(parse(body.replace('<?xml version="1.0"?>', "")).entries) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<rss version='2.0'><channel><item>" + "<a>" * 100_000,
        channel("<link>https://s.example/1</link>" + "<b>" * 50_000 + "</b>" * 50_000),
        "<rss version='2.0'><channel>" + "<item>" * 300_000,
        "<rss version='2.0'><channel><item>" + "<![CDATA[" * 300_000,
        "<rss version='2.0'><channel><item><description>"
        + "&lt;!--" * 300_000
        + "</description></item></channel></rss>",
        "<rss version='2.0'><channel>" + "<x " * 300_000,
        "<rss " + "a='b' " * 300_000 + "><channel/></rss>",
        "{" * 300_000,
        "[" * 300_000,
    ],
    ids=["nested", "closed", "items", "cdata", "comments", "open tags", "attributes", "json", "json list"],
)
def test_f041_shapes_made_to_stall_a_parser_are_bounded(body):
    _bounded(body.encode())


def test_f042_one_entry_of_five_megabytes_is_cut():
    body = channel("<link>https://s.example/1</link><description>" + "كلمة " * 600_000 + "</description>")
    feed = _bounded(body.encode())
    assert len(feed.entries[0].summary) <= 200_000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_not_a_feed(body):
    for framed in (
        body,
        rss(("https://s.example/1", "x"))[:120] + body,
        b'{"version": "https://jsonfeed.org/1", "items": [' + body,
    ):
        with suppress(NotAFeed):
            parse(framed)
