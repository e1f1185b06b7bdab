"""One report has one canonical link, whatever address it was met under."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.urls import canonical, is_crawlable, resolve, site


@pytest.mark.parametrize(
    "same",
    [
        ("https://example.org/a", "http://example.org/a/", "https://www.example.org/a#x", "https://m.example.org/a"),
        ("https://example.org/a", "https://example.org/a?utm_source=x&utm_medium=y", "https://example.org/a?fbclid=1"),
        ("https://example.org/a", "https://example.org/a/amp/", "https://example.org/a/amp", "https://amp.example.org/a"),
        ("https://example.org/a", "https://example.org:443/a", "HTTPS://EXAMPLE.ORG/a", "https://example.org//a"),
        ("https://example.org/%D8%A3%D9%85%D9%86", "https://example.org/%d8%a3%d9%85%d9%86", "https://example.org/أمن"),
        ("https://example.org/a?b=1&c=2", "https://example.org/a?c=2&b=1"),
        (
            "https://www.alsumaria.tv/news/security/519907/a-slug",
            "https://www.alsumaria.tv/news/security/519907/another?src=rss",
            "https://alsumaria.tv/news/localnews/519907/alsumaria-article",
        ),
        (
            "https://burathanews.com/arabic/news/101799",
            "http://mail.burathanews.com/arabic/news/101799",
            "ftp.burathanews.com/arabic/news/101799".join(("http://", "")),
        ),
        ("https://infoplusnetwork.com/news/security/x", "https://infoplusnetwork.com/news/security/x?page=3"),
        ("https://www.almaalomah.com/feed-item", "https://almaalomah.me/feed-item"),
        ("https://baghdadtoday.news/231218-slug.html", "https://baghdadtoday.news/231218-.html"),
        ("https://ninanews.com/Website/News/Details?key=709782", "https://www.ninanews.com/website/news/details?Key=709782"),
        ("https://www.aljazeera.net/news/1/x", "https://www.aljazeera.net/news/1/x?traffic_source=rss"),
    ],
)  # fmt: skip
def test_f036_addresses_of_one_report_are_one(same):
    assert len({canonical(url) for url in same}) == 1, [canonical(url) for url in same]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/b"),
        ("https://example.org/?p=1", "https://example.org/?p=2"),
        ("https://example.org/index.php?newsid=8434", "https://example.org/index.php?newsid=8435"),
        ("https://example.org/read?source=8434", "https://example.org/read?source=8435"),
        ("https://burathanews.com/arabic/news/1017", "https://burathanews.com/arabic/articles/1017"),
        ("https://www.kurdistan24.net/ar/story/81/x", "https://www.kurdistan24.net/en/story/81/x"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a"),
        ("https://en.964media.com/33333/", "https://964media.com/33333/"),
    ],
)
def test_different_reports_stay_different(one, other):
    assert canonical(one) != canonical(other)


def test_an_older_google_news_wrapper_gives_the_address_inside():
    inside = b"\x08\x13\x22\x1ehttps://example.org/news/12345\xd2\x01\x00"
    wrapper = f"https://news.google.com/rss/articles/{base64.urlsafe_b64encode(inside).decode().rstrip('=')}?oc=5"
    assert canonical(wrapper) == "https://example.org/news/12345"


def test_a_newer_google_news_wrapper_stays_and_loses_its_parameters():
    wrapper = "https://news.google.com/rss/articles/CBMiqwFBVV95cUxOb3BhcXVl"
    assert canonical(f"{wrapper}?oc=5&hl=ar") == canonical(f"{wrapper}?oc=5&hl=ar")
    assert canonical(f"{wrapper}?oc=5") == wrapper


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.org/x", "//example.org/x", "/x",
        "", "https://", "https:///x", "http://127.0.0.1:8888\\@example.org/", "https://user:pass@example.org/",
        "https://example.org/a b", "https://example.org/x.pdf", "https://example.org/x.mp4", "http://[::1", "x" * 3000,
        "https://example.org:99999/",
    ],
)  # fmt: skip
def test_f048_what_cannot_be_the_page_of_a_report(url):
    assert not is_crawlable(url)


def test_links_are_resolved_against_their_page():
    assert resolve("../b?x=1#top", "https://example.org/news/a/") == "https://example.org/news/b?x=1"
    assert resolve("//cdn.example.org/a", "https://example.org/") == "https://cdn.example.org/a"
    assert resolve("javascript:void(0)", "https://example.org/") == ""


def test_the_site_of_a_url_is_its_registrable_domain():
    assert site("https://feeds.bbci.co.uk/x") == "bbci.co.uk"
    assert site("https://www.alsumaria.tv/x") == "alsumaria.tv"
    assert site("http://127.0.0.1:80/") == "127.0.0.1"


_PATHS = st.lists(st.text("abcأمن%2Fد0-_.;~ ", max_size=8), max_size=4).map("/".join)
_QUERIES = st.dictionaries(
    st.sampled_from(["id", "p", "utm_source", "src", "page", "q"]), st.text(max_size=6), max_size=3
)


_HOSTS = st.sampled_from(["example.org", "www.m.example.org", "alsumaria.tv", "محمد.iq"])


@given(st.sampled_from(["http", "https"]), _HOSTS, _PATHS, _QUERIES)
def test_canonical_is_idempotent(scheme, host, path, query):
    url = f"{scheme}://{host}/{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"
    once = canonical(url)
    assert canonical(once) == once


@given(st.text(max_size=80))
def test_canonical_takes_any_text(text):
    once = canonical(text)
    assert canonical(once) == once
