"""Pages in the shapes of Iraqi sites → the report, and nothing that stands around it.

The pages are invented, their shapes are those of real publishing systems. Numbers (f051–f071) are of the list of
hostile articles.
"""

import json
import time
from datetime import UTC, datetime

import pytest

from pipelines.extraction import Furniture, decode, read_page
from pipelines.markup import MAX_TAGS, bounded
from pipelines.models import Entry, Page, Source

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
URL = "https://site.example/231218-slug.html"
TITLE = "مشاجرة مسلحة وسط الكوت تنتهي باعتقال خمسة أشخاص"
BODY = [
    "أفاد مصدر أمني في محافظة واسط، اليوم السبت، بأن مشاجرة مسلحة اندلعت وسط مدينة الكوت بين عائلتين من سكنة المدينة.",
    "وقال المصدر إن القوات الأمنية تدخلت وفضت النزاع واعتقلت خمسة أشخاص من الطرفين وضبطت أسلحة خفيفة كانت بحوزتهم.",
    "وأضاف أن قائد الشرطة أمر بفتح تحقيق في الحادث وتعزيز الدوريات في الأحياء القريبة من مركز المدينة لمنع تجدده.",
]
OTHER = "عصائب أهل الحق ترد على تصريحات بشأن فصائل العراق في البصرة وتتوعد بالرد خلال أيام على من يهددها."
TICKER = ["انفجار عبوة قرب مقر سرايا السلام", "عصائب أهل الحق تعقد مؤتمرا في البصرة", "أسعار الدولار اليوم في بغداد"]


def paragraphs(texts):
    return "".join(f"<p>{text}</p>" for text in texts)


def page(content, *, title=TITLE, head=""):
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{content}</body></html>"


def read(html, *, source=None, entry=None, usual=None, url=URL):
    entry = entry or Entry(link=URL, title=TITLE)
    return read_page(entry, Page(url, html), source or Source("site", "Site"), "id", NOW, usual)


def datalife(texts=BODY, marked=True):
    """The shape of DataLife Engine: a ticker above the article, another story below it, under a heading."""
    ticker = "".join(f"<li><a href=x>{line}</a></li>" for line in TICKER)
    name = (lambda words: f' class="{words}"') if marked else (lambda words: "")
    return page(
        f"<header{name('head')}><ul{name('menu')}><li><a href='/'>الرئيسية</a></li></ul></header>"
        f"<div{name('ticker')}><h4>آخر الأخبار</h4><ul>{ticker}</ul></div>"
        f"<div{name('main')}><article{name('full')}><h1>{TITLE}</h1><span{name('time')}>17-05-2024, 14:22</span>"
        f"<div{name('news-content')}>{paragraphs(texts)}</div>"
        f"<h3>أهم الاخبار</h3><div{name('rel')}><h4><a href=y>عصائب أهل الحق ترد</a></h4><p>{OTHER}</p></div>"
        "</article></div>"
        f"<footer><p>جميع الحقوق محفوظة</p></footer>"
    )


# --- furniture -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marked", [True, False], ids=["class names", "no class names"])
@pytest.mark.parametrize("texts", [BODY, BODY[:2], BODY[:1]], ids=["three", "two", "one sentence"])
def test_ticker_and_other_stories_stay_out_however_short_the_report(texts, marked):
    """With a one-sentence body trafilatura alone returned only the other story."""
    body = read(datalife(texts, marked)).body
    for text in texts:
        assert text in body
    assert OTHER not in body
    assert not any(line in body for line in TICKER)


def test_a_source_can_name_its_body():
    html = page(f"<div class=junk>{paragraphs([OTHER] * 5)}</div><div class='news-content'>{paragraphs(BODY)}</div>")
    body = read(html, source=Source("site", "Site", body="div.news-content")).body
    assert body == "\n".join(BODY)


def test_a_selector_that_misses_falls_back():
    assert BODY[0] in read(datalife(), source=Source("site", "Site", body="div.rebuilt")).body


def test_a_source_can_name_headings_after_which_all_is_furniture():
    html = page(f"<article><h1>{TITLE}</h1>{paragraphs(BODY)}<h5>من الأرشيف</h5>{paragraphs([OTHER])}</article>")
    assert OTHER in read(html).body
    assert OTHER not in read(html, source=Source("site", "Site", cut_at=("من الأرشيف",))).body


def test_a_cut_heading_works_inside_a_body_selector_and_in_feed_text():
    html = page(f"<div class=t>{paragraphs([*BODY, 'أهم الأخبار', OTHER])}</div>")
    assert OTHER not in read(html, source=Source("site", "Site", body="div.t")).body
    entry = Entry(link=URL, title=TITLE, content="\n".join([*BODY * 2, "إقرأ أيضاً", "أخبار أخرى", OTHER]))
    assert OTHER not in read_page(entry, None, Source("site", "Site"), "id", NOW).body


def test_see_also_in_the_middle_costs_only_its_link():
    middle = f"<p><strong>اقرأ أيضاً: <a href=x>{TICKER[1]}</a></strong></p>"
    html = page(f"<article><h1>{TITLE}</h1><p>{BODY[0]}</p>{middle}<p>{BODY[1]}</p><p>{BODY[2]}</p></article>")
    body = read(html).body
    assert all(text in body for text in BODY)
    assert TICKER[1] not in body


def test_dozens_of_headlines_as_plain_text_before_the_body():
    """The shape of an agency that prints all its headlines before every report."""
    ticker = "".join(
        f"<div><a href='/Details?key={number}'>{line} {number}</a></div>" for number, line in enumerate(TICKER * 12)
    )
    html = page(f"<form><div>{ticker}</div><div><h2>{TITLE}</h2><div>{paragraphs(BODY)}</div></div></form>")
    body = read(html).body
    assert all(text in body for text in BODY)
    assert not any(line in body for line in TICKER)


def test_a_whole_page_in_one_form_keeps_its_body():
    html = datalife().replace("<body>", "<body><form method=post action='./'>").replace("</body>", "</form></body>")
    assert all(text in read(html).body for text in BODY)


def test_english_and_kurdish_boundaries():
    for heading in ("Related News", "Most Read", "هەواڵی پەیوەندیدار", "You may also like"):
        html = page(f"<article><h1>{TITLE}</h1>{paragraphs(BODY)}<h4>{heading}</h4>{paragraphs([OTHER])}</article>")
        assert OTHER not in read(html).body, heading


def test_what_recurs_across_the_pages_of_a_host_is_furniture():
    furniture, source = Furniture(), Source("site", "Site")
    slogan = "وكالة إخبارية مستقلة تتابع أخبار سرايا السلام وعصائب أهل الحق في البصرة وواسط على مدار الساعة."

    def body(number, texts, link=URL):
        html = page(f"<article><h1>{TITLE}</h1>{paragraphs([*texts, slogan])}</article>")
        entry = Entry(link=link, title=TITLE)
        return read_page(entry, Page(link, html), source, str(number), NOW, None, furniture).body

    bodies = [body(number, [f"{number} {text}" for text in BODY]) for number in range(5)]
    assert [slogan in text for text in bodies] == [True, True, True, False, False]
    assert all(text in bodies[4] for text in (f"4 {one}" for one in BODY))
    assert slogan in body(9, BODY, link="https://another.example/1"), "each host has its own"


def test_a_report_published_again_and_again_keeps_its_text():
    furniture, source, html = Furniture(), Source("site", "Site"), datalife()
    for number in range(6):
        article = read_page(Entry(link=URL, title=TITLE), Page(URL, html), source, str(number), NOW, None, furniture)
        assert BODY[0] in article.body


# --- where else a report may stand -----------------------------------------------------------------------------------


def linked_data(text):
    document = {"@context": "https://schema.org", "@graph": [{"@type": "NewsArticle", "articleBody": text,
                "datePublished": "2026-11-20T22:10:00+03:00"}]}  # fmt: skip
    return f'<script type="application/ld+json">{json.dumps(document, ensure_ascii=False)}</script>'


def test_json_ld_is_used_only_where_the_page_itself_gives_little():
    full = page(f"<article><h1>{TITLE}</h1>{paragraphs(BODY)}</article>", head=linked_data(BODY[0][:60]))
    assert all(text in read(full).body for text in BODY)
    drawn_by_script = page("<div id=app></div>", head=linked_data("\n".join(BODY)))
    assert read(drawn_by_script).body.split() == " ".join(BODY).split()


def test_a_lead_apart_from_the_body_and_the_description_are_kept_as_fields():
    lead = "نقلت وسائل إعلام عن شهود عيان سماع إطلاق نار كثيف قرب ساحة تموز وسط المدينة مساء الجمعة."
    html = page(
        f"<h1>{TITLE}</h1><div class='article__announce-text'>{lead}</div><div class=body>{paragraphs(BODY)}</div>",
        head='<meta property="og:description" content="وصف &amp;nbsp;الخبر &amp;quot;هنا&amp;quot;">',
    )
    article = read(html)
    assert lead in (article.lead, article.body) or lead in article.body
    assert article.description == 'وصف الخبر "هنا"'


def test_long_feed_text_is_taken_for_the_report():
    entry = Entry(link=URL, title=TITLE, content="\n".join(BODY * 2))
    article = read_page(entry, None, Source("site", "Site"), "id", NOW)
    assert (article.body, article.body_state) == (entry.content, "full")


@pytest.mark.parametrize("end", ["…", "...", "[…]", "Read more", "المزيد"])
def test_a_feed_text_that_ends_as_excerpts_do_is_not(end):
    entry = Entry(link=URL, title=TITLE, summary="\n".join(BODY * 2) + " " + end)
    article = read_page(entry, None, Source("site", "Site"), "id", NOW)
    assert (article.body, article.body_state, article.summary) == ("", "missing", entry.summary)


def test_a_page_that_could_not_be_had_leaves_title_and_summary():
    article = read_page(Entry(link=URL, title=TITLE, summary="خلاصة"), None, Source("site", "Site"), "id", NOW)
    assert (article.title, article.summary, article.body, article.body_state) == (TITLE, "خلاصة", "", "missing")


def test_an_entry_without_a_title_takes_the_pages():
    html = page(
        f"<article>{paragraphs(BODY)}</article>", head=f'<meta property="og:title" content="{TITLE}">', title="موقع"
    )
    assert read(html, entry=Entry(link=URL)).title == TITLE


def test_thin_is_much_shorter_than_usual_for_the_source():
    html = page(f"<article><h1>{TITLE}</h1><p>{BODY[0]}</p></article>")
    assert read(html, usual=3_000).body_state == "thin"
    assert read(html, usual=200).body_state == "full"
    assert read(html).body_state == "full"


# --- pages that are no report ----------------------------------------------------------------------------------------

NO_REPORTS = {
    "cloudflare": page("<h1>site.example</h1><p>Checking if the site connection is secure</p>"
                       "<script>window._cf_chl_opt={}</script>", title="Just a moment..."),
    "consent": page("<h1>Before you continue</h1><form><button>موافق</button></form>", title="Before you continue"),
    "login": page("<h1>تسجيل الدخول</h1><form><input name=u><input type=password></form>", title="تسجيل الدخول"),
    "soft 404": page("<h1>404</h1><p>عذرا الصفحة التي تبحث عنها غير موجودة</p>", title="الصفحة غير موجودة"),
    "soft 404 en": page("<h1>Page not found</h1><p>Sorry, nothing here.</p>", title="Not found"),
    "empty": "", "no text": page("<img src=x>"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_REPORTS)
def test_f068_what_is_no_report_is_never_stored_as_text(name):
    article = read(NO_REPORTS[name])
    assert (article.body, article.body_state) == ("", "missing")


def test_f068_being_led_to_the_front_page_is_a_lost_article():
    assert read(datalife().replace(TITLE, "بغداد"), url="https://site.example/").body_state == "missing"


def test_a_report_that_tells_of_a_404_is_a_report():
    html = datalife().replace(TITLE, "موقع الوزارة يعرض خطأ 404 not found")
    assert read(html, entry=Entry(link=URL, title="موقع الوزارة يعرض خطأ 404 not found")).body_state == "full"


# --- dates -----------------------------------------------------------------------------------------------------------


def test_the_feeds_date_comes_first_then_the_pages_metadata_then_first_sight():
    dated = page(f"<article>{paragraphs(BODY)}</article>", head=linked_data("x"))
    feeds = datetime(2026, 11, 19, tzinfo=UTC)
    assert read(dated, entry=Entry(link=URL, title=TITLE, published=feeds)).published == feeds
    article = read(dated)
    assert (article.published, article.dated) == (datetime(2026, 11, 20, 19, 10, tzinfo=UTC), True)
    article = read(datalife())
    assert (article.published, article.dated) == (NOW, False)


@pytest.mark.parametrize("date", ["1439-07-04T12:23:48Z", "2027-11-20T22:10:00Z", "soon", "0000-00-00"])
def test_f032_metadata_that_cannot_be_is_not_believed(date):
    html = page(
        f"<article>{paragraphs(BODY)}</article>", head=f'<meta property="article:published_time" content="{date}">'
    )
    assert (read(html).published, read(html).dated) == (NOW, False)


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1256", "iso-8859-6", "utf-16"])
@pytest.mark.parametrize("meta", ["", "utf-8", "windows-1256"])
@pytest.mark.parametrize("header", ["text/html", "text/html; charset=utf-8", "text/html; charset=windows-1256"])
def test_f027_pages_are_decoded_by_what_the_bytes_are(encoding, meta, header):
    html = page(paragraphs(text.replace("،", ",") for text in BODY), head=f'<meta charset="{meta}">' if meta else "")
    assert decode(html.encode(encoding), header) == html


# --- hostile pages ---------------------------------------------------------------------------------------------------


def test_f051_scripts_styles_and_vectors_leave_no_text():
    html = page(f"<article><h1>{TITLE}</h1>{paragraphs(BODY)}<script>alert('سرايا')</script><style>p{{}}</style>"
                f"<svg><text>سرايا</text></svg><p onclick='x()'>{BODY[0]} نهاية</p></article>")  # fmt: skip
    assert "alert" not in read(html).body and "سرايا" not in read(html).body


def test_f028_control_characters_are_dropped():
    html = page(f"<article><h1>{TITLE}</h1><p>{BODY[0]}\x00\x07</p><p>{BODY[1]}&#0;&#8;</p></article>")
    body = read(html).body
    assert not any(ord(letter) < 32 and letter != "\n" for letter in body)


@pytest.mark.parametrize(
    "content",
    [
        "<p>x" * 100_000, "<div>" * 50_000 + "text", "<span>" * 50_000, "<a href=x>x</a>" * 60_000, "<br>" * 200_000,
        "<table>" + "<tr><td>x" * 60_000, "<h4>أهم الأخبار</h4>" * 20_000, "<div><h4>اقرأ أيضا</h4>" * 3_000,
        "<!--" * 200_000, "<p>" + "x " * 900_000,
    ],
    ids=["soup", "divs", "spans", "links", "breaks", "table", "boundaries", "asides", "comments", "one paragraph"],
)  # fmt: skip
def test_f066_shapes_made_to_stall_are_read_in_seconds(content):
    """Well below the limit at which the worker would be killed, on any machine."""
    begun = time.process_time()
    read(page(f"<h1>{TITLE}</h1>{content}"))
    assert time.process_time() - begun < 10


def test_f066_the_report_in_a_soup_is_still_found():
    body = read(page(f"<article><h1>{TITLE}</h1>{paragraphs(BODY)}{'<p>x' * 50_000}</article>")).body
    assert all(text in body for text in BODY)


def test_linked_data_that_is_broken_or_deep_does_no_harm():
    for text in ("{", "[" * 100_000, '{"@graph": ' * 5_000, '"x"', "null", '{"articleBody": 7}'):
        html = page(paragraphs(BODY), head=f'<script type="application/ld+json">{text}</script>')
        assert BODY[0] in read(html).body


def test_f066_a_page_of_bare_tags_is_read_up_to_its_limit() -> None:
    began = "<html><body><p>أفاد مصدر أمني باندلاع اشتباك في قضاء أبي الخصيب.</p>"
    cut = bounded(began + "<p>x" * 1_000_000)
    assert cut.startswith(began)
    assert cut.count("<") == MAX_TAGS
    assert bounded(began) == began
