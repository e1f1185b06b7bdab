"""Related news, tickers and tags are not the report. The shapes are those of real pages, the words invented."""

import pytest

from pipelines.furniture import read_lines

STORY = "قالت مديرية الدفاع المدني إن فرقها سيطرت على حريق اندلع في مخزن وسط المدينة من دون تسجيل إصابات بين العمال."


def prose(text: str, cut_at: tuple[str, ...] = ()) -> list[str]:
    return [text[line.start : line.end] for line in read_lines(text, cut_at) if line.role == "prose"]


@pytest.mark.parametrize(
    "box",
    [
        "اقرأ أيضاً:\n• الصدر ينهي تجميد سرايا السلام في البصرة\n• أسعار الدولار",
        "اقرأ/ي أيضًا: اشتباك بين العصائب والسرايا في البصرة",
        "أهم الاخبار\nاشتباك في البصرة\n"
        "قال مصدر أمني إن اشتباكا اندلع بين سرايا السلام وقوة من الشرطة وسط البصرة مساء أمس وأسفر عن جرحى.",
        "أخبار ذات صلة\nقتلى باشتباكات بين سرايا السلام والعصائب في البصرة",
        "كلمات دلالية: البصرة، سرايا السلام، واسط",
        "آخر الأخبار | الأكثر قراءة | سرايا السلام في البصرة",
        "بلدية البصرة تفتتح حديقة | سرايا السلام تستعرض | مزاد الفاو",
        "تابعنا عبر: فيسبوك، تويتر",
        "Most read\nSaraya al-Salam fighter killed in Basra\nOil prices edge up",
        "Read more:\nAsaib office burned in Kut",
        "Related news\nBasra: Saraya al-Salam and Asaib exchange fire, security source",
        "هشتگ: سرایا السلام، بصره",
    ],
)
def test_what_stands_below_the_report_is_left_out(box: str) -> None:
    assert prose(f"{STORY}\n\n{box}") == [STORY]


def test_a_report_of_one_sentence_is_kept_before_a_related_story_of_many() -> None:
    sentence = "اندلع حريق في مخزن بالكوت"
    other = "قال مصدر أمني إن عناصر من سرايا السلام انتشروا في شوارع الكوت بعد منتصف الليل ثم انسحبوا منها بعد ساعتين."
    assert prose(f"{sentence}\nأهم الاخبار\n{other}") == [sentence]


def test_a_ticker_above_the_report_is_left_out() -> None:
    assert prose(f"آخر الأخبار\nسرايا السلام تغلق مقرا\nمباراة الليلة\n{STORY}") == [STORY]


def test_prose_goes_on_behind_a_box_in_its_middle() -> None:
    second = "وأضافت أن المخزن يعود إلى تاجر من أهالي المنطقة وأن الخسائر اقتصرت على الأضرار المادية في البضائع."
    assert prose(f"{STORY}\nاقرأ أيضا: توتر في البصرة\n{second}") == [STORY, second]


def test_headlines_glued_behind_the_last_paragraph_are_left_out() -> None:
    story = "A fire broke out in a warehouse in the centre of Kut on Monday, the civil defence said."
    assert prose(f"{story}\nAsaib office burned in Basra") == [story]


def test_a_body_without_full_stops_loses_nothing() -> None:
    lines = ["اشتباكات بين فصيلين وسط البصرة", "القوات الأمنية تطوق المكان"]
    assert prose("\n".join(lines)) == lines


def test_the_headings_of_a_source_cut_its_pages() -> None:
    assert prose(f"{STORY}\nمن موقعنا\n{STORY}", ("من موقعنا",)) == [STORY]


def test_a_sentence_that_begins_like_a_button_is_read() -> None:
    assert prose("شارك المئات من عناصر سرايا السلام في استعراض وسط البصرة.") != []
    items = ["- المصدر: مقتل مقاتلين اثنين وجرح ثمانية", "- القصف وقع عند الساعة 3:40 فجرا قرب المنفذ الحدودي"]
    assert prose("\n".join(items)) == items
    assert prose(f"{STORY}\nشارك الخبر\nالمصدر: وكالات") == [STORY]


def test_dates_and_bylines_are_headers() -> None:
    roles = [line.role for line in read_lines(f"1-09-2022, 13:28\nBy News Desk\n{STORY}")]
    assert roles == ["header", "header", "prose"]
