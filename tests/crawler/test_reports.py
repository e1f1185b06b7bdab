"""A folder of reports: what is read from it, and how what is missing is made up for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.reports import FolderError, read_folder
from crawler.shipped import shipped

NOW = datetime(2025, 1, 10, 9, tzinfo=UTC)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_the_seeds_come_with_outlet_link_and_date() -> None:
    reports = {report.id: report for report in read_folder(shipped("seeds"), NOW)}
    seed = reports["003_29c80b085d4b1a37"]
    assert seed.link == "https://en.964media.com/8728/"
    assert seed.published.date().isoformat() == "2024-01-14"
    assert seed.page is not None
    assert "Overnight tensions" in seed.page
    assert len(reports) == 15


def test_a_text_without_an_index_takes_title_and_date_from_itself(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "BASRA, January 8 — Gunfire was heard. More follows.\n" + "x" * 200)
    write(tmp_path, "b.txt", "عنوان قصير\nنص الخبر هنا.")
    write(tmp_path, "c.txt", "A first sentence that is its own title. " + "And so it goes on " * 10)
    found = {report.id: report for report in read_folder(tmp_path, NOW)}
    assert found["a"].published.date().isoformat() == "2025-01-08"
    assert found["b"].title == "عنوان قصير"
    assert found["b"].page is not None
    assert "عنوان قصير</p>" in found["b"].page  # the first line stays in the body
    assert found["b"].outlet.language == "ar"
    assert found["b"].published == NOW
    assert found["c"].title == "A first sentence that is its own title."


def test_a_feed_serves_its_items_and_says_when_a_page_is_missing(tmp_path: Path) -> None:
    write(
        tmp_path,
        "site.xml",
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Site</title>'
        "<item><title>One</title><link>https://site.example/1</link>"
        "<pubDate>Wed, 08 Jan 2025 10:00:00 +0300</pubDate></item>"
        "<item><title>Two</title><link>https://site.example/2</link></item></channel></rss>",
    )
    write(tmp_path, "1.html", "<html><title>One</title><body><p>Text</p></body></html>")
    found = {report.id: report for report in read_folder(tmp_path, NOW)}
    assert found["site/1"].page is not None
    assert found["site/2"].page is None
    assert not found["site/2"].dated


def test_labelled_cases_can_be_replayed(tmp_path: Path) -> None:
    write(tmp_path, "c.jsonl", '{"id": "x", "lang": "ar", "title": "ع", "body": "ن", "published": "2024-05-01"}\n')
    assert read_folder(tmp_path, NOW)[0].published.date().isoformat() == "2024-05-01"


def test_every_file_that_cannot_be_read_is_listed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xc8\xd5\xd1\xc9")
    write(tmp_path, "b.jsonl", '{"id": 1}\n')
    write(tmp_path, "c.xml", "<html><body>no feed</body></html>")
    write(tmp_path, "reports.toml", '[[reports]]\nfile = "none.txt"\n')
    with pytest.raises(FolderError) as caught:
        read_folder(tmp_path, NOW)
    text = str(caught.value)
    for name in ("a.txt", "b.jsonl", "c.xml", "none.txt"):
        assert name in text


def test_an_empty_folder_and_no_folder_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="holds no report"):
        read_folder(tmp_path, NOW)
    with pytest.raises(FolderError, match="is no folder"):
        read_folder(tmp_path / "none", NOW)
