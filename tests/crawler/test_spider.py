"""The spider that fetches pages: a real crawler against real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crawler.crawling import read_pages
from tests.origin import Answer, Origin

FILM = 50_000_000  # bytes that each answer would like to send


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as one:
        yield one


def test_a_page_comes_decoded_and_what_is_missing_is_named(origin: Origin) -> None:
    origin["/page"] = Answer("<p>نص".encode("cp1256"), headers={"Content-Type": "text/html; charset=windows-1256"})
    origin["/bare"] = Answer(b"<p>text")
    (page, fine), (bare, fine_too), (nothing, problem), (no_page, no_link) = read_pages(
        origin.url("/page"), origin.url("/bare"), origin.url("/none"), "no link"
    )
    assert page is not None and "نص" in page.html and fine is None
    assert bare is not None and "text" in bare.html and fine_too is None
    assert nothing is None and problem is not None and problem.kind == "not_found"
    assert no_page is None and no_link is not None and no_link.kind == "failed"


@pytest.mark.parametrize(
    "content_type", ["application/pdf", "video/mp4", "image/jpeg", "application/octet-stream", "audio/mpeg"]
)
def test_f070_what_is_no_page_is_cut_at_its_headers(origin: Origin, content_type: str) -> None:
    sent = []

    def film() -> Iterator[bytes]:
        for _ in range(FILM // 50_000):
            sent.append(50_000)
            yield b"\x01" * 50_000

    origin["/film"] = Answer(chunks=film(), pause=0.005, headers={"Content-Type": content_type})
    origin["/page"] = Answer(b"<p>text", headers={"Content-Type": "text/html"})
    (film_page, problem), (page, _) = read_pages(origin.url("/film"), origin.url("/page"))
    assert film_page is None
    assert problem is not None and problem.kind == "not_text" and content_type in problem.detail
    assert page is not None, "the host goes on being read"
    assert sum(sent) < 2_000_000, "the cap of a page would have let 5 MB through"


def test_f070_a_file_that_calls_itself_a_page_is_no_text(origin: Origin) -> None:
    origin["/pdf"] = Answer(b"%PDF-1.7\n\x01\x02", headers={"Content-Type": "text/html"})
    ((page, problem),) = read_pages(origin.url("/pdf"))
    assert page is None
    assert problem is not None and problem.kind == "not_text"


def test_f069_a_link_into_a_private_network_is_not_connected_to() -> None:
    ((page, problem),) = read_pages("http://10.0.0.1/admin")
    assert page is None
    assert problem is not None and problem.kind == "private_address"
