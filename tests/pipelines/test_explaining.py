"""Why a report would alert or not, told to a newcomer."""

from pipelines.explaining import explain
from pipelines.lexicon import load_lexicon
from pipelines.models import Watch
from tests.pipelines.reports import report

LEXICON = load_lexicon()


def reasons(body: str, title: str = "") -> str:
    return "\n".join(explain(report(body, title), LEXICON, Watch()).reasons)


def test_names_are_marked_where_they_stand() -> None:
    body = "اشتباك بين «سرايا السلام» وقوة أمنية في البصرة."
    (text,) = explain(report(body), LEXICON, Watch()).texts
    marked = {body[mark.start : mark.end]: mark.label for mark in text.marks}
    assert marked["سرايا السلام"] == "group: Saraya al-Salam"
    assert marked["اشتباك"] == "action: armed_clash"


def test_furniture_is_shown_as_such() -> None:
    body = "تعادل الميناء مع زاخو بهدف لكل منهما في الجولة السادسة عشرة.\nاقرأ أيضاً: سرايا السلام في البصرة"
    explanation = explain(report(body), LEXICON, Watch())
    assert "furniture" in {mark.kind for mark in explanation.texts[0].marks}
    assert "furniture of the page" in explanation.reasons[0]


def test_an_alert_says_what_it_needed() -> None:
    assert "alert: armed_clash in Basra, Saraya al-Salam" in reasons(
        "اشتبكت سرايا السلام مع قوة أمنية في البصرة مساء أمس."
    )


def test_each_thing_that_may_be_missing_is_named() -> None:
    assert "no watched group is named" in reasons("حريق في البصرة.")
    assert "about Maysan" in reasons("سرايا السلام تحرق مقرا في ميسان.")
    assert "no sentence tells of an act" in reasons("سرايا السلام فصيل معروف في العراق.\nالبصرة مدينة كبيرة على النهر.")
    assert "no text" in reasons("")
