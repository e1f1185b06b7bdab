"""Articles for tests of the filter."""

from datetime import UTC, datetime

from pipelines.models import Article, BodyState, Source


def report(
    body: str = "",
    title: str = "",
    *,
    day: str = "2024-01-14",
    language: str = "ar",
    summary: str = "",
    lead: str = "",
    description: str = "",
    body_state: BodyState = "full",
    cut_at: tuple[str, ...] = (),
) -> Article:
    """An article of an invented outlet, published in the evening of `day` in Iraq."""
    published = datetime.fromisoformat(f"{day}T18:00:00").replace(tzinfo=UTC)
    return Article(
        id="art_test",
        source=Source(id="outlet", name="Outlet", language=language, cut_at=cut_at),
        url="https://outlet.example/1",
        title=title,
        body=body,
        published=published,
        first_seen=published,
        summary=summary,
        lead=lead,
        description=description,
        language=language,
        body_state=body_state,
    )
