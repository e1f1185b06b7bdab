"""Listing pages and sitemaps as feeds, and finding the feed of a site."""

import gzip
from datetime import UTC, datetime

import pytest

from crawler.feeds import MAX_ENTRIES, NotAFeed
from crawler.listings import discover, parse_listing, parse_sitemap

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URL = "https://www.al-mirbad.example/Latest"
TITLES = [
    "إطلاق نار كثيف قرب مقر في منطقة كرمة علي شمالي البصرة",
    "القبض على متهمين بالنزاعات العشائرية في أبي الخصيب",
    "محافظ البصرة يوجه بفتح تحقيق في حادث الجسر الإيطالي",
]


def card(number, title, date="", href=None):
    href = href or f"/detail/{number}?src=list"
    return (
        f"<div class=card><a href='{href}'><img src=x.jpg alt='{title}'></a><h3><a href='{href}'>{title}</a></h3>"
        f"<span class=time>{date}</span><a href='{href}#more'>المزيد</a></div>"
    )


def listing(*cards):
    head = "<html><head><title>آخر الأخبار</title></head><body><a href='/'>الرئيسية</a>"
    return f"{head}<div>{''.join(cards)}</div></body></html>"


def parse(html, selector="a[href*='/detail/']", **arguments):
    return parse_listing(html.encode() if isinstance(html, str) else html, URL, selector, NOW, **arguments)


# --- listings --------------------------------------------------------------------------------------------------------


def test_each_report_is_one_entry_with_its_headline_and_date_in_the_order_of_the_page():
    dates = ["20-11-2026, 14:22", "20 تشرين الثاني 2026", "منذ 5 دقائق"]
    feed = parse(listing(*(card(number, title, dates[number]) for number, title in enumerate(TITLES))))
    assert [entry.title for entry in feed.entries] == TITLES
    assert [entry.link for entry in feed.entries] == [
        f"https://www.al-mirbad.example/detail/{number}?src=list" for number in range(3)
    ]
    assert [entry.published and entry.published.isoformat() for entry in feed.entries] == [
        "2026-11-20T11:22:00+00:00", "2026-11-19T21:00:00+00:00", "2026-11-21T09:55:00+00:00",
    ]  # fmt: skip
    assert (feed.format, feed.title) == ("listing", "آخر الأخبار")


def test_a_time_element_is_believed_before_the_text():
    html = listing(
        f"<article><a href='/detail/1'>{TITLES[0]}</a><time datetime='2026-11-20T10:00:00Z'>أمس</time></article>"
    )
    assert parse(html).entries[0].published == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_date_of_one_card_is_not_taken_for_another():
    feed = parse(listing(card(1, TITLES[0]), card(2, TITLES[1], "20-11-2026")))
    assert [entry.published is None for entry in feed.entries] == [True, False]


def test_a_listing_without_dates_says_so():
    assert any("no link has a date" in problem for problem in parse(listing(card(1, TITLES[0]))).problems)


def test_links_away_and_links_without_a_headline_are_no_entries():
    feed = parse(
        listing(
            card(1, TITLES[0]),
            card(2, TITLES[1], href="https://elsewhere.example/detail/2"),
            card(3, TITLES[2], href="javascript:open('/detail/3')"),
            "<a href='/detail/4'>4</a>",
        )
    )
    assert [entry.title for entry in feed.entries] == [TITLES[0]]
    assert feed.dropped > 0


def test_the_selector_may_choose_what_holds_the_links():
    assert [entry.title for entry in parse(listing(card(1, TITLES[0])), "div.card").entries] == [TITLES[0]]


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("", "empty"),
        (listing("<p>rebuilt</p>"), "html"),
        ("<html><head><title>Just a moment...</title></head><body>cf_chl_opt</body></html>", "challenge"),
    ],
)
def test_b22_a_page_that_lists_nothing_is_no_success(html, reason):
    with pytest.raises(NotAFeed) as refused:
        parse(html)
    assert refused.value.reason == reason


def test_a_listing_in_windows_1256_is_read():
    feed = parse(listing(card(1, TITLES[0])).encode("windows-1256"), content_type="text/html")
    assert feed.entries[0].title == TITLES[0]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "weight", ["<p>a" * 1_200_000, "<a " + " ".join(f"x{number}=1" for number in range(300_000)) + ">"]
)
def test_f041_f066_a_listing_made_heavy_is_bounded(weight):
    cards = "".join(f"<a href='/news/{number}'>اشتباك مسلح في أبي الخصيب {number}</a>" for number in range(3))
    found = parse_listing(f"<html><body>{cards}{weight}".encode(), "https://site.example/", "a", NOW)
    assert len(found.entries) == 3


def test_f040_a_listing_with_thousands_of_links_is_bounded():
    feed = parse(listing(*(f"<p><a href='/detail/{number}'>{TITLES[0]} {number}</a></p>" for number in range(3_000))))
    assert len(feed.entries) == MAX_ENTRIES


# --- sitemaps --------------------------------------------------------------------------------------------------------


def sitemap(*urls, name="urlset"):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<{name} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        f'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">{"".join(urls)}</{name}>'
    ).encode()


def news(number, title, date):
    return (
        f"<url><loc>https://site.example/{number}</loc><lastmod>2026-11-21T00:00:00Z</lastmod>"
        f"<image:image><image:loc>https://site.example/{number}.jpg</image:loc></image:image>"
        f"<news:news><news:publication_date>{date}</news:publication_date><news:title>{title}</news:title></news:news></url>"
    )


def test_a_news_sitemap_gives_titles_and_dates_newest_first():
    feed = parse_sitemap(
        sitemap(news(1, TITLES[0], "2026-11-19T10:00:00Z"), news(2, TITLES[1], "2026-11-20T10:00:00+03:00")), URL, NOW
    )
    assert [(entry.link, entry.title) for entry in feed.entries] == [
        ("https://site.example/2", TITLES[1]), ("https://site.example/1", TITLES[0]),
    ]  # fmt: skip
    assert feed.entries[1].published == datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert (feed.format, feed.complete, feed.problems) == ("sitemap", True, ())


def test_an_index_names_its_sitemaps_newest_first():
    feed = parse_sitemap(
        sitemap(
            "<sitemap><loc>https://site.example/old.xml</loc><lastmod>2026-01-01</lastmod></sitemap>",
            "<sitemap><loc>https://site.example/new.xml</loc><lastmod>2026-11-20</lastmod></sitemap>",
            name="sitemapindex",
        ),
        URL,
        NOW,
    )
    assert feed.nested == ("https://site.example/new.xml", "https://site.example/old.xml")
    assert feed.entries == ()


def test_a_sitemap_packed_as_a_file_is_read_and_a_bomb_is_cut():
    packed = gzip.compress(sitemap(news(1, TITLES[0], "2026-11-19T10:00:00Z")))
    assert parse_sitemap(packed, URL, NOW).entries[0].title == TITLES[0]
    with pytest.raises(NotAFeed):
        parse_sitemap(gzip.compress(b"\0" * 60_000_000), URL, NOW)
    with pytest.raises(NotAFeed):
        parse_sitemap(packed[:10] + b"broken", URL, NOW)


def test_f026_a_sitemap_cut_short_gives_what_is_whole():
    body = sitemap(*(news(number, TITLES[0], "2026-11-20") for number in range(20)))
    feed = parse_sitemap(body[: len(body) // 2], URL, NOW)
    assert 5 <= len(feed.entries) <= 11 and not feed.complete


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html><body>x</body></html>", "html"),
        (b"<rss version='2.0'><channel/></rss>", "unknown"),
        (
            b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>',
            "hostile",
        ),
        (b"nonsense", "unknown"),
    ],
)
def test_what_is_no_sitemap_is_named(body, reason):
    with pytest.raises(NotAFeed) as refused:
        parse_sitemap(body, URL, NOW)
    assert refused.value.reason == reason


# --- discovery -------------------------------------------------------------------------------------------------------


def test_the_feed_a_page_declares_comes_first():
    html = (
        '<html><head><link rel="alternate" type="application/rss+xml" title="تعليقات" href="/comments/feed/">'
        '<link rel="alternate" type="application/rss+xml" title="الأخبار" href="/feed/"></head><body>wp-content'
    )
    found = discover(html, "https://site.example/")
    assert (found[0].url, found[0].declared, found[0].title) == ("https://site.example/feed/", True, "الأخبار")
    assert not any("comments" in candidate.url for candidate in found)


@pytest.mark.parametrize(
    ("mark", "first"),
    [
        ("<link href='/wp-content/a.css'>", "https://site.example/feed/"),
        ("<script>var dle_root='/'</script>", "https://site.example/rss.xml"),
        ("<meta name=Generator content='Drupal 10'>", "https://site.example/rss.xml"),
        ("<meta name=generator content='Joomla!'>", "https://site.example/index.php?format=feed&type=rss"),
        ("", "https://site.example/ar/feed/"),
    ],
)
def test_else_the_habit_of_its_publishing_system_is_tried_first(mark, first):
    assert discover(f"<html><head>{mark}</head></html>", "https://site.example/ar/")[0].url == first


def test_a_link_to_a_feed_in_the_page_counts_and_sitemaps_come_last():
    found = discover("<a href='/rss/ar'>RSS</a>", "https://site.example/")
    assert found[0].url == "https://site.example/rss/ar" and found[0].declared
    assert [candidate.kind for candidate in found[-4:]] == ["sitemap"] * 4
