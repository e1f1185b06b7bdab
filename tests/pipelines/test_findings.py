"""What a report says was done, by whom and where; and what is no finding at all."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.findings import ALERT, judge
from pipelines.lexicon import load_lexicon
from pipelines.models import EventType, Finding, Watch
from tests.pipelines.reports import report

LEXICON = load_lexicon()
WATCH = Watch()
SEEDS = Path(__file__).parents[2] / "seeds"
CLASH = "اشتبك مسلحون من سرايا السلام مع عناصر من عصائب أهل الحق وسط البصرة، مساء السبت، وسقط قتيلان."


def verdicts(body: str, title: str = "", **more: str) -> dict[str, str]:
    return {f.governorates[0]: f.verdict for f in judge(report(body, title, **more), LEXICON, WATCH)}  # type: ignore[arg-type]


def only(body: str, title: str = "", **more: str) -> Finding:
    (finding,) = judge(report(body, title, **more), LEXICON, WATCH)  # type: ignore[arg-type]
    return finding


# --- who, where, what ------------------------------------------------------------------------------------------------


def test_a_clash_is_found_with_groups_place_day_and_toll() -> None:
    finding = only(CLASH)
    assert finding.verdict == "alert"
    assert finding.groups == ("saraya_al_salam", "asaib_ahl_al_haq")
    assert finding.governorates == ("basra",)
    assert finding.event_type is EventType.ARMED_CLASH
    assert (finding.event_date, finding.time_precision) == (date(2024, 1, 13), 1)
    assert (finding.killed, finding.injured) == (2, None)


def test_every_verdict_names_its_features_and_weights() -> None:
    finding = only(CLASH)
    assert abs(sum(feature.weight for feature in finding.features) - finding.score) < 0.3
    assert len(finding.why) == len(finding.features)
    assert finding.passages[0].text == CLASH
    assert {CLASH[a:b] for a, b in finding.passages[0].marks} >= {"سرايا السلام", "عصائب أهل الحق"}


def test_a_district_stands_for_its_governorate() -> None:
    finding = only("نشب خلاف مسلح بين سرايا السلام والعصائب في قضاء أبي الخصيب.")
    assert finding.governorates == ("basra",)
    assert finding.districts == ("basra.abu_al_khasib",)
    assert finding.places[0].lat is not None
    assert finding.places[0].geo_precision == 2


def test_the_dateline_says_where_if_nothing_else_does() -> None:
    finding = only("شفق نيوز- البصرة\n\nأفاد مصدر أمني بأن خلافاً نشب بين السرايا والعصائب وتطور إلى عراك بالأيدي.")
    assert (finding.verdict, finding.governorates) == ("alert", ("basra",))


def test_two_scenes_are_two_findings() -> None:
    body = (
        "In Kut, members of Saraya al-Salam exchanged fire with a police patrol on Saturday and one policeman"
        " was injured.\n"
        "In Basra, security forces closed a bridge after Saraya al-Salam deployed in the north of the city."
    )
    findings = {f.governorates[0]: f for f in judge(report(body, language="en"), LEXICON, WATCH)}
    assert {place: f.verdict for place, f in findings.items()} == {"basra": "alert", "wasit": "alert"}
    assert findings["wasit"].injured == 1
    assert findings["basra"].injured is None


def test_one_order_may_lie_in_both() -> None:
    assert verdicts("أمر الصدر بتجميد سرايا السلام وغلق مقراتها في البصرة وواسط.") == {
        "basra": "alert",
        "wasit": "alert",
    }


def test_an_act_on_a_member_of_the_bloc_is_an_act_on_the_group() -> None:
    finding = only("أحرق محتجون منزل نائب عن كتلة صادقون في مدينة الكوت ليل السبت.")
    assert (finding.groups, finding.verdict) == (("asaib_ahl_al_haq",), "alert")
    assert finding.event_type is EventType.ATTACK_ON_OFFICE


def test_a_short_form_is_settled_by_the_other_group() -> None:
    assert only("اشتباكات بين السرايا والعصائب في البصرة.").verdict == "alert"


def test_a_short_form_that_nothing_settles_does_not_decide_alone() -> None:
    body = "شد المقاتلون العصائب على رؤوسهم ثم اقتتلوا في البصرة وقتل منهم خلق كثير."
    assert "alert" not in verdicts(body).values()


def test_names_broken_up_to_slip_past_filters_are_found() -> None:
    assert only("هاجم مسلحون من سر ايا السلام مقرا لـ عصـ ـائب أهل الحق في البصرة.").verdict == "alert"


def test_a_denial_is_told_as_one() -> None:
    assert "denial" in only("نفت شرطة البصرة وقوع اشتباك بين سرايا السلام وقوة أمنية في كرمة علي.").tags


def test_gunmen_without_a_name_near_the_palaces_go_to_the_digest() -> None:
    finding = only("أعلنت خلية الإعلام الأمني تعرض مجمع القصور الرئاسية في البصرة إلى قصف نفذه مسلحون مجهولون.")
    assert (finding.verdict, finding.groups) == ("digest", ())
    assert "unnamed" in finding.tags


def test_the_watch_is_data() -> None:
    watch = Watch(groups=("asaib_ahl_al_haq",), governorates=("maysan",))
    article = report("أحرق محتجون مقر عصائب أهل الحق في مدينة العمارة بمحافظة ميسان.")
    assert judge(article, LEXICON, WATCH) == ()
    (finding,) = judge(article, LEXICON, watch)
    assert (finding.governorates, finding.verdict) == (("maysan",), "alert")


# --- what is none ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "قتل عنصران من سرايا السلام بانفجار عبوة في سامراء، وهما من أبناء البصرة.",
        "سرايا السلام تنتشر في بغداد والنجف وكربلاء.",
        "أعلنت سرايا القدس مسؤوليتها عن الهجوم، وخرجت تظاهرات تضامن في البصرة.",
        "انتشرت العصائب الحمراء في إدلب بعد اشتباكات.",
        "وتأسست سرايا السلام عام 2014، وجمد الصدر نشاطها في البصرة في حزيران 2018.",
        "اعتقل قيس الخزعلي زعيم عصائب أهل الحق في البصرة عام 2007.",
        "تضررت محافظات البصرة وواسط وميسان وذي قار من موجة الحر.",
        "نزاع عشائري في البصرة يخلف ثلاثة قتلى وخمسة جرحى.",
        "سرايا - قال الناطق باسم الأمن العام إن مشاجرة وقعت في الزرقاء.",
        "نفى قيس الخزعلي زعيم عصائب أهل الحق ما نسب إليه بشأن رواتب الإقليم.",
    ],
)
def test_these_are_no_alerts(body: str) -> None:
    assert "alert" not in verdicts(body).values()


def test_a_group_in_the_furniture_of_the_page_is_not_the_report() -> None:
    body = "تعادل الميناء مع زاخو بهدف لكل منهما في الجولة السادسة عشرة من الدوري.\n\nاقرأ أيضاً:\n• " + CLASH
    assert judge(report(body), LEXICON, WATCH) == ()


def test_headlines_printed_above_the_report_are_not_its_dateline() -> None:
    headlines = "سرايا السلام تغلق مقرا في البصرة\nالذهب يرتفع\nأمطار في واسط"
    body = f"{headlines}\nقال مصدر إن عناصر من سرايا السلام اشتبكوا مع مهربين."
    assert "alert" not in verdicts(body).values()


def test_background_about_basra_in_a_report_from_elsewhere_is_not_news() -> None:
    body = (
        "تعرض مقر سرايا السلام في الناصرية لإطلاق نار ليل الخميس.\n"
        "وكانت عصائب أهل الحق قد نعت في وقت سابق اثنين من عناصرها قتلا في البصرة في مواجهات مع السرايا."
    )
    assert "alert" not in verdicts(body, "مقر السرايا في الناصرية تحت الرصاص").values()


def test_each_half_of_a_sentence_keeps_its_own_place() -> None:
    body = "اقتحمت سرايا السلام ساحة الاعتصام في النجف وقتلت سبعة، فيما شهدت ساحات البصرة والكوت هدوءا."
    assert "alert" not in verdicts(body).values()


# --- the seeds -------------------------------------------------------------------------------------------------------


def test_the_first_seed_tells_a_clash_and_retells_an_older_parade() -> None:
    (path,) = SEEDS.glob("000_*.txt")
    findings = {f.governorates[0]: f for f in judge(report(path.read_text(), language="en"), LEXICON, WATCH)}
    kut, basra = findings["wasit"], findings["basra"]
    assert (kut.verdict, kut.event_type) == ("alert", EventType.ARMED_CLASH)
    assert kut.groups == ("saraya_al_salam", "asaib_ahl_al_haq")
    assert (basra.verdict, basra.event_type) == ("digest", EventType.SHOW_OF_FORCE)
    assert "saraya_al_salam" in basra.groups
    assert "background" in basra.tags
    assert basra.event_date is None  # its Thursday is before an anniversary that is not in January


def test_the_second_seed_tells_of_basra_and_kut() -> None:
    (path,) = SEEDS.glob("003_*.txt")
    findings = {f.governorates[0]: f for f in judge(report(path.read_text(), language="en"), LEXICON, WATCH)}
    assert {place: f.verdict for place, f in findings.items()} == {"basra": "alert", "wasit": "alert"}
    assert {place.id for place in findings["wasit"].places} >= {"wasit.tammuz_square", "wasit.al_dhafaf_street"}
    assert findings["wasit"].event_type is EventType.SHOOTING


# --- thin pages and bad input ----------------------------------------------------------------------------------------


def test_a_missing_body_is_judged_on_what_the_feed_said() -> None:
    (finding,) = judge(report(title="توتر في البصرة", summary=CLASH, body_state="missing"), LEXICON, WATCH)
    assert finding.verdict == "alert"
    assert "thin" in finding.tags


def test_a_lead_that_extraction_lost_is_judged() -> None:
    body = "وأضاف المصدر أن القوات الأمنية انتشرت في المكان وأن الهدوء عاد بعد ساعتين من دون معرفة الأسباب."
    assert judge(report(body, lead=CLASH), LEXICON, WATCH)[0].verdict == "alert"


@pytest.mark.parametrize(
    "text", ["", " ", "البصرة", "سرايا السلام", "\u202e\u202d", "\x00", "." * 1000, "\ud800 سرايا السلام"]
)
def test_little_or_strange_text_gives_nothing(text: str) -> None:
    assert judge(report(text, text), LEXICON, WATCH) == ()


def test_bidi_signs_and_presentation_forms_hide_no_name() -> None:
    assert only("\u202eاشتباك بين ﺳﺮﺍﻳﺎ ﺍﻟﺴﻼﻡ وقوة أمنية في البصرة\u202c مساء السبت.").verdict == "alert"


def test_a_text_of_nothing_but_names_ends_in_time_and_says_it_was_cut() -> None:
    stuffing = "سرايا السلام البصرة اشتباك عصائب أهل الحق واسط " * 60_000
    assert all("truncated" in finding.tags for finding in judge(report(stuffing), LEXICON, WATCH))


WORDS = [
    "سرايا",
    "السلام",
    "عصائب",
    "أهل",
    "الحق",
    "العصائب",
    "السرايا",
    "البصرة",
    "واسط",
    "الكوت",
    "بغداد",
    "اشتباك",
    "قتل",
    "عام",
    "2018",
    "أمس",
    "قال",
    "فيما",
    "\n",
    ".",
    "،",
    "«",
    '"',
    "Saraya",
    "al-Salam",
    "Asaib",
    "in",
    "Basra",
    "Kut",
    "clash",
    "killed",
    "two",
    "after",
    "|",
    "اقرأ",
    "أيضا:",
    "Most",
    "read\n",
]


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join),
    st.text(max_size=80),
    st.sampled_from(["ar", "en", "fa", "ckb", "xx"]),
)
def test_nothing_raises_out_of_the_filter(body: str, title: str, language: str) -> None:
    for finding in judge(report(body, title, language=language), LEXICON, WATCH):
        assert 0 <= finding.score <= 1
        assert (finding.verdict == "alert") <= (finding.score >= ALERT)
        assert all(0 <= a < b <= len(p.text) for p in finding.passages for a, b in p.marks)


# --- seen on unseen cases --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (
            "مقتل مقاتل من سرايا السلام في الطارمية",
            "قتل مقاتل من سرايا السلام بهجوم في الطارمية شمالي بغداد، وهو من أهالي قضاء الصويرة التابع لمحافظة واسط.",
        ),
        (
            "صلح عشائري في الكوت",
            "انتهى نزاع مسلح بين عشيرتين في الكوت أوقع قتيلين، بحضور ممثلين عن عصائب أهل الحق.",
        ),
        (
            "مقتل عناصر من العصائب في بيجي",
            "قتل ثلاثة من عناصر عصائب أهل الحق بتفجير في قضاء بيجي، ونقلت جثامينهم إلى البصرة.",
        ),
        (
            "كتائب حزب الله تشيع أحد قيادييها في البصرة",
            "شيعت كتائب حزب الله أحد قيادييها في البصرة. وشارك في التشييع ممثلون عن فصائل أخرى بينها العصائب.",
        ),
    ],
)
def test_hometowns_guests_and_graves_are_not_where_a_group_acted(title: str, body: str) -> None:
    assert "alert" not in verdicts(body, title).values()


def test_a_deed_that_a_group_denies_is_told_as_a_denial() -> None:
    finding = only("Asaib Ahl al-Haq has denied any involvement in the abduction of an activist in Basra on Sunday.")
    assert finding.verdict == "alert"
    assert "denial" in finding.tags


def test_self_restraint_is_no_seizure() -> None:
    assert verdicts("دعت سرايا السلام في البصرة إلى ضبط النفس.").get("basra") != "alert"


def test_shots_at_an_office_are_an_attack_on_it() -> None:
    finding = only("تعرض مقر عصائب أهل الحق في البصرة إلى إطلاق نار من قبل مجهولين.")
    assert finding.event_type is EventType.ATTACK_ON_OFFICE


# --- roundups, lists, lookalikes -------------------------------------------------------------------------------------


def test_each_item_of_a_roundup_is_a_report_of_its_own() -> None:
    body = (
        "BAGHDAD – A sound bomb went off in Karada; nobody was hurt.\n\n"
        "WASIT – Gunmen fired at an Asa'ib Ahl al-Haq office in Kut on Saturday night; one guard was injured.\n\n"
        "ANBAR – A drone fell in the desert near Rutba."
    )
    finding = only(body, "Iraq daily brief: three drones over Anbar")
    assert (finding.verdict, finding.governorates) == ("alert", ("wasit",))
    assert finding.event_type is EventType.ATTACK_ON_OFFICE
    assert finding.injured == 1


def test_an_item_of_another_province_stays_there() -> None:
    body = (
        "في البصرة توقف ضخ الماء عن ثلاثة أحياء بسبب عطل.\n\n"
        "أما في ميسان فاشتبك عناصر من سرايا السلام مع مسلحين من عصائب أهل الحق وسط العمارة."
    )
    assert not judge(report(body, "المحافظات في يوم"), LEXICON, WATCH)


def test_a_list_of_parties_whose_offices_burn_is_no_mere_list() -> None:
    finding = only(
        "أضرم محتجون، مساء الخميس، النار في مكاتب منظمة بدر وكتائب حزب الله وعصائب أهل الحق في مدينة البصرة."
    )
    assert finding.groups == ("asaib_ahl_al_haq",)
    assert finding.event_type is EventType.ATTACK_ON_OFFICE


def test_the_saraya_of_a_text_about_saraya_al_khorasani_are_not_ours() -> None:
    body = "أحرق متظاهرون، الجمعة، مقراً لسرايا الخراساني المنضوية في الحشد الشعبي وسط الكوت."
    assert not [f for f in judge(report(body, 'محتجو الكوت يحرقون مقر "السرايا"'), LEXICON, WATCH) if f.groups]


def test_who_welcomes_a_decree_orders_nothing() -> None:
    body = "Protests are likely in Basra. Asaib Ahl al-Haq welcomed the decree that closes the offices of all brigades."
    assert not [f for f in judge(report(body, "Weekly outlook", language="en"), LEXICON, WATCH) if f.verdict == "alert"]


def test_what_somebody_had_accused_a_group_of_is_not_said_by_the_group() -> None:
    body = "وكان مصدر أمني قد اتهم عناصر من سرايا السلام بمهاجمة مبنى للشرطة في شط العرب مساء أمس."
    assert only(body, "قائممقام شط العرب يتوعد المهاجمين").verdict == "alert"


def test_history_goes_on_within_its_paragraph() -> None:
    body = (
        "He was seized in Baghdad in May 2007. The kidnappers belonged to Asaib Ahl al-Haq and wanted Qais al-Khazali, "
        "who had been arrested by British troops in Basra two months before."
    )
    assert not [f for f in judge(report(body, "Seven years on", language="en"), LEXICON, WATCH) if f.verdict == "alert"]


def test_both_sides_are_the_groups_named_before() -> None:
    body = (
        "أراد شبان من عصائب أهل الحق رفع صورة مرشح في أبي الخصيب قرب بيت أحد أفراد سرايا السلام.\n\n"
        "ثم ظهرت العصي. أصيب عدد من الطرفين ولم يعلن أي منهما شيئاً."
    )
    finding = only(body)
    assert finding.verdict == "alert"
    assert set(finding.groups) == {"saraya_al_salam", "asaib_ahl_al_haq"}


def test_a_deed_in_southern_iraq_without_a_province_is_doubtful() -> None:
    body = "قتل عنصر من عصائب أهل الحق بهجوم مسلح في جنوب العراق، بحسب مصدر أمني."
    finding = only(body)
    assert (finding.verdict, finding.governorates, "south" in finding.tags) == ("digest", ("basra",), True)
    assert not judge(report(body + " ووقع الهجوم في قضاء المجر الكبير بمحافظة ميسان."), LEXICON, WATCH)


def test_a_second_province_with_a_subject_of_its_own_is_not_where_it_happened() -> None:
    title = "قيادي في سرايا السلام ينجو من اغتيال في ميسان وعشيرته في البصرة تهدد"
    body = "نجا قيادي في سرايا السلام من محاولة اغتيال في قلعة صالح بمحافظة ميسان."
    assert not [f for f in judge(report(body, title), LEXICON, WATCH) if f.verdict == "alert"]


def test_a_report_about_the_capital_may_turn_to_a_province() -> None:
    body = (
        "رفع حظر التجول في بغداد بعد انسحاب المحتجين من المنطقة الخضراء.\n\nوعادت الحركة إلى جسور العاصمة.\n\n"
        "{turn} تبادل عناصر من «العصائب» وآخرون من «سرايا السلام» إطلاق النار في قضاء الحي ما أسفر عن جرح اثنين."
    )
    title = "هدوء حذر في بغداد بعد انسحاب المحتجين"
    verdicts = [
        judge(report(body.format(turn=turn), title), LEXICON, WATCH)[0].verdict
        for turn in ("وفي محافظة واسط،", "وقالت مصادر إن مسلحين في واسط نزلوا إلى الشارع فيما")
    ]
    assert verdicts == ["alert", "digest"]


def test_a_governor_is_not_the_place_of_a_meeting_in_the_capital() -> None:
    body = (
        "استقبل الأمين العام لحركة عصائب أهل الحق قيس الخزعلي في مكتبه ببغداد محافظ واسط، وبحثا الواقع الخدمي.\n\n"
        "وقدم المحافظ شرحاً عن مشاريع الطرق في الكوت."
    )
    assert not [
        f for f in judge(report(body, "الخزعلي يستقبل محافظ واسط في بغداد"), LEXICON, WATCH) if f.verdict == "alert"
    ]


def test_bands_of_thieves_are_no_group() -> None:
    body = (
        "حذر مدير كهرباء الجنوب من عصائب منظمة تسرق الأسلاك في البصرة.\n\n"
        "وقال إن هذه العصائب تعمل ليلاً في القبلة، وقد ألقت الشرطة القبض على خمسة من أفرادها أمس."
    )
    assert not [f for f in judge(report(body), LEXICON, WATCH) if f.verdict == "alert"]


def test_what_happened_some_years_ago_is_no_alert() -> None:
    body = (
        "قبل ثلاثة أعوام كان أهالي حي بريهة في البصرة يحصون آثار الرصاص، بعد ليلة تقاتل فيها عناصر سرايا السلام "
        "وعصائب أهل الحق وقتل أربعة منهم."
    )
    assert not [f for f in judge(report(body), LEXICON, WATCH) if f.verdict == "alert"]


def test_an_association_that_speaks_is_not_the_group() -> None:
    body = (
        "A journalist in Basra has gone into hiding after receiving threats from members of Asaib Ahl al-Haq, "
        "a press freedom group said on Thursday."
    )
    assert only(body, language="en").verdict == "alert"


def alerted(body: str, title: str = "", **more: str) -> bool:
    return "alert" in {f.verdict for f in judge(report(body, title, **more), LEXICON, WATCH)}  # type: ignore[arg-type]


def test_a_sentence_with_an_abbreviated_name_is_no_dateline() -> None:
    body = "Fighting between men of Saraya al-Salam (SaS) and Asaib Ahl al-Haq (AAH) was reported in Zubair, Basra."
    assert alerted(body, language="en")


def test_dots_in_brackets_end_no_sentence() -> None:
    body = 'وقال المصدر إن "القصف أصاب مخزنا (...) لعصائب أهل الحق" في قضاء الصويرة بمحافظة واسط وجرح حارسين.'
    assert only(body).passages[0].text == body


def test_the_sadr_militia_of_old_newspapers_is_not_the_saraya() -> None:
    body = (
        "أعلن الجيش البريطاني أن جنوده خاضوا معارك عنيفة مع ميليشيا مقتدى الصدر في حي الجمهورية وسط البصرة، وأن ثلاثة "
        "مسلحين قتلوا في المواجهات التي استمرت حتى الفجر."
    )
    assert verdicts(body, "معارك بين البريطانيين وميليشيا الصدر في البصرة") == {"basra": "digest"}


def test_who_accuses_others_is_no_party_to_what_is_told_beside_it() -> None:
    body = (
        "تردد أن من الشروط إطلاق معتقلين أوقفوا في البصرة والديوانية خلال «صولة "
        "الفرسان».\n\nوشهد الأسبوعان الماضيان إخلاء سبيل 200 موقوف.\n\n"
        "واتهم مسؤول في «عصائب أهل الحق»، في حديث هاتفي، الحكومة بأنها تستثني معتقلي الجماعة من العفو."
    )
    assert not judge(report(body, "«العصائب» تشكو الإقصاء"), LEXICON, WATCH)


def test_a_title_and_lead_about_a_group_that_was_there_just_now_are_news_in_any_words() -> None:
    body = "عناصر من سرايا السلام كانوا مساء الجمعة عند بوابات الحقول غربي البصرة، كما قال سكان من القرى المجاورة."
    assert alerted(body, "سرايا السلام عند بوابات الحقول النفطية غربي البصرة")
    assert not alerted(body.replace("مساء الجمعة", "في عام 2016"), "سرايا السلام عند بوابات الحقول النفطية")


def test_a_sentence_may_say_where_and_between_whom_what_was_told_before_happened() -> None:
    body = (
        "A quarrel over a wall poster grew into an armed clash on Sunday and several people were hurt, police said.\n\n"
        "It happened in the Zubair district of Basra, between Saraya al-Salam and Asaib Ahl al-Haq."
    )
    assert alerted(body, "Poster quarrel turns bloody", language="en")


def test_a_place_in_another_clause_is_not_where_the_group_did_it() -> None:
    body = (
        "فرضت وزارة الخزانة عقوبات على شركتين تمولان عصائب أهل الحق.\n\n"
        "والفصيل متهم بهجمات على مصالح أميركية، ويشغل حلفاؤه مقاعد في مجلس البصرة."
    )
    assert not alerted(body, "عقوبات على شركتين مرتبطتين بالعصائب")


def test_where_a_road_is_cut_is_a_place_but_between_two_towns_it_may_be_either() -> None:
    body = (
        "Members of Asaib Ahl al-Haq on Saturday cut the road to {} to protest against a dismissal, an official said."
    )
    assert alerted(body.format("Safwan in Basra"), "Fighters block border road", language="en")
    assert not alerted(
        "قطع عناصر من سرايا السلام الطريق السريع الرابط بين الناصرية والبصرة احتجاجا على اعتقال زميل.", "في ذي قار"
    )


def test_a_league_in_the_name_of_a_group_is_no_sport() -> None:
    body = "League of the Righteous gunmen hurled stones at the stadium police in Kut on Saturday and hurt two of them."
    assert alerted(body, "League of the Righteous men beat police in Kut", language="en")


def test_a_report_cut_in_its_last_paragraph_still_says_who_it_was() -> None:
    body = (
        "أطلق مسلحون النار على متظاهرين وسط الكوت، اليوم السبت.\n\nوقال مصدر أمني إن اثنين جرحا.\n\n"
        "ونشر نائب عن المحافظة مقطعا مصورا قال إنه لأحد أعضاء عصائب أهل الحق وهو يطلق ال"
    )
    assert alerted(body, "رصاص على متظاهري الكوت", day="2022-01-08")


def test_officials_who_identify_the_dead_speak_and_not_the_group_they_name() -> None:
    body = (
        "A dispute at a checkpoint south of Basra turned into a shootout between two "
        "forces, residents said on Tuesday.\n\n"
        "One man was killed.\n\n"
        "The officials identified those who manned the checkpoint as members of Saraya al-Salam, loyal to the cleric "
        "Moqtada al-Sadr, and said that the convoy was that of Asaib Ahl al-Haq."
    )
    finding = only(body, "One dead in shootout near Basra", language="en")
    assert (finding.verdict, finding.killed) == ("alert", 1)


@pytest.mark.parametrize(
    "tie",
    [
        "Several of the attackers wore T-shirts of Saraya al-Salam, the families said.",
        "The men were the escorts of a local figure in Asaib Ahl al-Haq.",
        "The pickups carried the insignia of Asaib Ahl al-Haq, three families said.",
    ],
)
def test_shirts_escorts_and_insignia_say_whose_men_they_were(tie: str) -> None:
    body = (
        f"Gunmen beat a doctor and smashed the ward of a hospital in Kut on Tuesday, the health office said.\n\n{tie}"
    )
    assert alerted(body, "Gunmen beat doctor in Kut hospital", language="en")


def test_an_outlet_named_for_a_city_is_no_place_but_the_city_today_is() -> None:
    body = 'قال المصدر لـ(بغداد اليوم) إن "اشتباكا اندلع بين سرايا السلام وعصائب أهل الحق في حي الجمهورية وأصيب ثلاثة".'
    assert verdicts(body, "اشتباك في البصرة") == {"basra": "alert"}
    assert not alerted("اندلع اشتباك في بغداد اليوم بين سرايا السلام وعصائب أهل الحق بعد توتر شهدته البصرة قبل أيام.")


def test_a_depot_run_by_the_group_is_the_groups_and_a_channel_it_owns_is_not_the_deed() -> None:
    body = (
        "An explosion ripped through an ammunition store near Basra on Monday, killing "
        "one person, officials said.\n\n{}"
    )
    run = (
        "The depot is run by Asaib Ahl al-Haq's 41st Brigade, part of the Popular "
        "Mobilization Forces, two officials said."
    )
    owned = "The Al-Ahd channel, which is owned by Asaib Ahl al-Haq, was the first to show pictures."
    assert alerted(body.format(run), "Blast at arms depot near Basra", language="en")
    assert not alerted(body.format(owned), "Blast at arms depot near Basra", language="en")


def test_a_bloc_that_condemns_an_attack_on_its_own_deputy_is_struck_itself() -> None:
    body = (
        "أدانت كتلة صادقون النيابية، اليوم الاثنين، استهداف منزل النائب عنها في قضاء القرنة شمالي البصرة بعبوة صوتية."
    )
    assert alerted(body, "صادقون تدين استهداف منزل نائبها في القرنة")


def test_a_direction_from_the_capital_does_not_move_a_report_there() -> None:
    body = (
        "KUT, Iraq - Two people died and 14 were injured when a munitions store of Asaib "
        "Ahl al-Haq exploded inside a camp "
        "southeast of Baghdad late on Monday, officials said."
    )
    finding = only(body, "Blast in militia depot, two dead", language="en")
    assert (finding.governorates, finding.killed, finding.injured) == (("wasit",), 2, 14)


def test_a_clash_told_only_to_be_denied_by_the_police_is_no_alert() -> None:
    body = (
        "نفت قيادة شرطة محافظة البصرة صحة مقطع مصور زعم ناشروه أنه لاشتباك بين سرايا "
        "السلام وعصائب أهل الحق في الهارثة.\n\n"
        "وقال مدير إعلامها إن المقطع قديم ولم يحصل أي احتكاك."
    )
    assert verdicts(body, "شرطة البصرة تنفي وقوع اشتباك في الهارثة") in ({}, {"basra": "digest"})
    told = (
        body
        + "\n\nلكن مصدرا أمنيا قال إن اشتباكا بالأسلحة وقع مساء الجمعة بين سرايا السلام وعصائب أهل الحق في الهارثة."
    )
    assert alerted(told, "شرطة البصرة تنفي وقوع اشتباك في الهارثة")


def test_a_title_that_calls_it_a_hoax_is_believed() -> None:
    body = (
        "مقطع قيل إنه يظهر اشتباكات اندلعت مساء الجمعة بين سرايا السلام وعصائب أهل الحق "
        "في البصرة صور في طرابلس الليبية."
    )
    assert not alerted(body, "هذا المقطع لا يصور اشتباكات البصرة")


def test_what_another_report_recalls_at_its_end_is_no_news_even_from_the_same_town() -> None:
    body = (
        "Two people were wounded on Wednesday as members of two tribes traded fire in al-Dayr, north of Basra.\n\n"
        "The road to Qurna was shut.\n\nArmy vehicles stood between the villages.\n\n"
        "{} fighters of Saraya al-Salam and Asaib Ahl al-Haq fought in the center of the city, leaving several dead."
    )
    title = "Tribal gun battle near Basra"
    assert not alerted(body.format("Last month"), title, language="en", day="2022-10-05")
    assert not alerted(body.format("In August"), title, language="en", day="2022-10-05")
    assert alerted(body.format("On Tuesday night"), title, language="en", day="2022-10-05")


def test_what_a_group_was_founded_to_fight_is_no_fight() -> None:
    body = (
        "Two men of another faction were killed on Tuesday in a shooting at a checkpoint "
        "west of Basra, an official said.\n\n"
        "The alliance also has in it Asaib Ahl al-Haq, which was formed to fight the Islamic State group."
    )
    assert not alerted(body, "Two killed in checkpoint shooting in Basra", language="en")


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (
            "احتجاجات على الكهرباء في البصرة",
            "قطع محتجون الطريق في البصرة ليل الأحد.\n\nوكانت احتجاجات 2018 قد انتهت بحرق "
            "مقار أحزاب بينها عصائب أهل الحق.",
        ),
        (
            "Basra seeks money for water",
            "Hospitals in Basra reported 300 cases, far from the 118,000 of 2018. Offices of "
            "militias, Asaib Ahl al-Haq's among "
            "them, were set alight that September.",
        ),
        (
            "هل هوجم مقر العصائب في الزبير؟",
            "الادعاء: نشرت صفحات مقطعا قالت إنه يظهر هجوما لسرايا السلام على مقر عصائب أهل "
            "الحق في الزبير بالبصرة ليلة أمس.\n\n"
            "الحقيقة: المقطع من بابل.",
        ),
        (
            "إصابة شرطيين خلال مداهمة في الحيانية",
            "أصيب شرطيان بجروح اليوم السبت حين داهمت قوة منزل متهم في البصرة.\n\n"
            "وكان المتهم يحمل هوية مزورة باسم عصائب أهل الحق.",
        ),
        (
            "Two killed in minibus crash near Kut",
            "Two people died on Sunday when a minibus overturned near Kut.\n\nOne of the "
            "dead served with Saraya al-Salam.",
        ),
        (
            "قتيل بانفجار إطار في العزيزية",
            "توفي عامل بانفجار إطار في العزيزية، فظن الأهالي أنه استهداف لمقر سرايا السلام القريب.",
        ),
        (
            "Khazali: no battlefield for others",
            "The leader of Asaib Ahl al-Haq, Qais al-Khazali, said on Friday that the "
            "council of Basra had shown others how to "
            "fight corruption.",
        ),
        (
            "انتشار لسرايا السلام في مدينة الصدر ببغداد",
            "انتشر مسلحون من سرايا السلام في مدينة الصدر ببغداد، واعتقلت الشرطة مشتبها به من "
            "سكنة قضاء الصويرة في محافظة واسط.",
        ),
    ],
)
def test_what_stands_beside_the_news_of_basra_and_kut_is_no_alert(title: str, body: str) -> None:
    assert not alerted(body, title, language="en" if title.isascii() else "ar")


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (
            "خطة لمنع الاحتكاك ليلة الاقتراع",
            "وضعت شرطة واسط خطة انتشار، وقال ضابط إنه لا توجد معلومات عن هجوم تنوي سرايا السلام القيام به في الكوت.",
        ),
        (
            "الخزعلي: ملوحة المياه وصمة",
            "طالب زعيم عصائب أهل الحق قيس الخزعلي، الاثنين، الحكومة بإغلاق منافذ الملح "
            "وزيادة الإطلاقات المائية إلى البصرة.",
        ),
        (
            "فيلم عن ليلة بريهة",
            "يستعيد الفيلم الاشتباكات التي دارت بين سرايا السلام وعصائب أهل الحق في حي بريهة وسط البصرة.",
        ),
        (
            "مواكب البصرة تستعد",
            "قال عضو هيئة المواكب إن بينها موكب سرايا السلام الخدمي قرب ساحة سعد في "
            "البصرة.\n\nوانتشرت مفارز الصحة قربها.",
        ),
    ],
)
def test_plans_appeals_films_and_processions_are_no_alerts(title: str, body: str) -> None:
    assert not alerted(body, title)


# --- what was done ---------------------------------------------------------------------------------------------------


def kind(body: str, title: str = "", **more: str) -> EventType:
    return judge(report(body, title, **more), LEXICON, WATCH)[0].event_type  # type: ignore[arg-type]


def test_a_leader_quoted_in_the_title_makes_a_statement() -> None:
    body = "قال زعيم عصائب أهل الحق قيس الخزعلي إن من أحرق مقر حركته في البصرة ليل الخميس يريد جرها إلى صراع."
    assert kind(body, "الخزعلي: لن ننجر إلى الاقتتال") is EventType.ORDER_OR_STATEMENT


def test_who_writes_to_whom_in_the_title_makes_a_statement() -> None:
    body = "بعث مقتدى الصدر برسالة إلى قيس الخزعلي بعد اشتباك بين سرايا السلام وعصائب أهل الحق في البصرة قتل فيه شخص."
    assert kind(body, "رسالة من الصدر إلى الخزعلي") is EventType.ORDER_OR_STATEMENT


def test_the_arrest_that_shots_answered_is_not_the_event() -> None:
    body = "أطلق عناصر من سرايا السلام الرصاص على مديرية للشرطة في البصرة مساء الجمعة بسبب اعتقال أحدهم."
    assert kind(body) in {EventType.SHOOTING, EventType.ARMED_CLASH}


def test_what_somebody_suffered_before_his_burial_is_not_the_event() -> None:
    body = (
        "شيع المئات في الكوت اليوم جثمان عنصر في سرايا السلام الذي اغتيل قبل يومين، وأمهل المشيعون الشرطة ثلاثة أيام."
    )
    assert kind(body, "تشييع في الكوت ومهلة للشرطة") is not EventType.ASSASSINATION


def test_a_clash_that_is_only_feared_is_not_what_happened() -> None:
    body = "استعرض عناصر من سرايا السلام بالعجلات في كرمة علي شمالي البصرة، وسط مخاوف من صدام مع عصائب أهل الحق."
    assert kind(body) is EventType.SHOW_OF_FORCE


def test_troops_that_come_after_shots_are_not_the_event() -> None:
    body = 'انتشرت قطعات من الجيش في شط العرب بعد أن أطلق مسلحون من "سرايا السلام" الرصاص على مديرية للشرطة.'
    assert kind(body) in {EventType.SHOOTING, EventType.ARMED_CLASH}


def test_whoever_escapes_a_bomb_was_meant() -> None:
    body = "نجا قيادي في سرايا السلام من انفجار عبوة زرعت عند باب داره في كرمة علي شمالي البصرة، من دون جرحى."
    finding = only(body)
    assert finding.event_type is EventType.ASSASSINATION_ATTEMPT
    assert finding.injured == 0


def test_a_bomb_under_a_car_is_an_attempt_on_its_owner() -> None:
    body = "انفجرت عبوة لاصقة أسفل عجلة قيادي في سرايا السلام أمام داره في حي القبلة بالبصرة وأصيب سائقه بجروح."
    assert kind(body) is EventType.ASSASSINATION_ATTEMPT


def test_an_attempt_in_which_nobody_was_killed_is_no_assassination() -> None:
    body = (
        "أفاد مصدر أمني بنجاة قيادي في سرايا السلام من محاولة اغتيال في قضاء الزبير غربي البصرة، وقال إن اثنين "
        "من مرافقيه أصيبا بجروح طفيفة ولم يقتل أحد في الهجوم."
    )
    assert kind(body) is EventType.ASSASSINATION_ATTEMPT
    sorani = "چەکدارانی نەناسراو هێرشیان کردە سەر ئۆتۆمبێلی بەرپرسێکی عەسائیبی ئەهلی حەق لە واست بەڵام ڕزگاری بوو."
    assert kind(sorani, "بەرپرسێکی عەسائیب لە واست لە هێرشێک ڕزگاری دەبێت", language="ckb") is (
        EventType.ASSASSINATION_ATTEMPT
    )


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("أعلن مقتدى الصدر أنه يمنع أي استعراض مسلح لسرايا السلام في البصرة، وجاء ذلك في توجيه صدر اليوم.", "ar"),
        ("Muqtada al-Sadr on Saturday barred all armed parades of Saraya al-Salam in Basra, his office said.", "en"),
    ],
)
def test_what_a_leader_forbids_was_not_done(body: str, language: str) -> None:
    assert kind(body, language=language) is EventType.ORDER_OR_STATEMENT


def test_a_total_counts_more_than_the_dead_of_one_side_in_the_title() -> None:
    body = (
        "اشتبكت سرايا السلام مع عصائب أهل الحق في القرنة شمالي البصرة مساء الثلاثاء، وقال ضابط إن الحصيلة ثلاثة قتلى."
    )
    assert only(body, "مقتل عنصرين من سرايا السلام في القرنة").killed == 3


def test_a_toll_that_adds_up_over_weeks_is_not_the_toll() -> None:
    body = (
        "A woman was killed and her son badly hurt when a weapons store of Asaib Ahl al-Haq was bombed in Suwaira, "
        "Wasit province.\n\nSince February strikes on such groups have killed at least 20 fighters in Iraq."
    )
    finding = only(body, language="en")
    assert (finding.killed, finding.injured) == (1, 1)


# --- a deed without a name, and a name further down ------------------------------------------------------------------


def test_a_report_may_say_only_later_whose_man_was_killed() -> None:
    body = (
        "Two men were shot dead in their car on the road to Suwaira, in Wasit province, early on Saturday.\n\n"
        "Both were taken to the hospital in the town.\n\n"
        "One of them led a battalion of Asa'ib Ahl al-Haq, a relative said."
    )
    finding = only(body, "Two killed in ambush in Wasit", language="en")
    assert (finding.verdict, finding.groups) == ("alert", ("asaib_ahl_al_haq",))
    assert any(feature.name == "bound_report" for feature in finding.features)


@pytest.mark.parametrize(
    "later",
    [
        "وأدان زعيم عصائب أهل الحق قيس الخزعلي الحادث ودعا إلى محاسبة الجناة.",
        "وسبق لعناصر من سرايا السلام أن اشتبكوا مع عصائب أهل الحق في المدينة عام 2022.",
        "ودعا مكتب عصائب أهل الحق في البصرة إلى التهدئة، معرباً عن استعداده للمساهمة في الصلح.",
        "وطالب مكتب سرايا السلام بكشف الجناة، وعرضت نقابة الأطباء تعليق العمل في العيادات.",
        "وما زالت فصائل أكبر، مثل عصائب أهل الحق، خارج الحساب.",
        "ولو كان المهاجمون من سرايا السلام لأعلنت ذلك، بحسب المصدر.",
    ],
)
def test_a_group_that_only_comments_or_is_recalled_is_not_tied_to_the_deed(later: str) -> None:
    body = f"قتل شاب بهجوم مسلح في منطقة القبلة غربي البصرة مساء الأحد.\n\nونقلت الجثة إلى الطب العدلي.\n\n{later}"
    assert not [f for f in judge(report(body, "مقتل شاب في البصرة"), LEXICON, WATCH) if f.verdict == "alert"]


def test_what_another_faction_did_is_not_tied_to_a_group_named_later() -> None:
    body = (
        "هاجم مسلحون من كتائب حزب الله مقراً للشرطة في البصرة مساء الأحد.\n\n"
        "ويقع مكتب عصائب أهل الحق في شارع قريب من المكان."
    )
    assert not [
        f
        for f in judge(report(body, "كتائب حزب الله تهاجم مقراً للشرطة في البصرة"), LEXICON, WATCH)
        if f.verdict == "alert"
    ]


def test_the_same_few_words_over_and_over_are_no_report() -> None:
    body = "سرايا السلام البصرة اشتباك عصائب أهل الحق قتلى الكوت. " * 40
    assert not [f for f in judge(report(body, "سرايا السلام البصرة"), LEXICON, WATCH) if f.verdict == "alert"]


def test_a_live_page_is_read_by_the_minute() -> None:
    body = (
        "This page is being updated.\n\n"
        "11:55 pm: Men of Saraya al-Salam surrounded an office of Asa'ib Ahl al-Haq near the Kut barrage and fired.\n\n"
        "9:30 pm: The UN mission calls for restraint in Baghdad."
    )
    found = judge(report(body, "Live: protesters leave the Green Zone in Baghdad", language="en"), LEXICON, WATCH)
    assert [(f.verdict, f.governorates) for f in found] == [("alert", ("wasit",))]


def test_the_armed_wing_of_the_sadrists_is_another_where_the_mahdi_army_is_named() -> None:
    deed = "قتل ثلاثة مسلحين من {} في اشتباكات مع القوات البريطانية وسط البصرة أمس."
    assert verdicts(deed.format("الجناح العسكري للتيار الصدري")) == {"basra": "alert"}
    assert "alert" not in verdicts(deed.format("جيش المهدي، الجناح العسكري للتيار الصدري،")).values()
    assert "alert" not in verdicts(deed.format("التيار الصدري") + " وقال إن جناحه المسلح، جيش المهدي، باق.").values()
    named = deed.format("سرايا السلام، الجناح العسكري للتيار الصدري ووريثة جيش المهدي،")
    assert verdicts(named) == {"basra": "alert"}


def test_a_headline_that_begins_with_a_place_lies_there() -> None:
    body = (
        "شهدت مدينة العمارة، مركز ميسان، ليلة أمس اشتباكا بين سرايا السلام وعصائب أهل الحق أسفر عن ثلاثة قتلى.\n\n"
        "ونقل جريحان إلى مستشفى في البصرة."
    )
    found = verdicts(body, "العمارة: 3 قتلى باشتباك السرايا والعصائب وإسعاف البصرة يستقبل الجرحى")
    assert "alert" not in found.values()


def test_what_an_anniversary_recalls_is_no_event() -> None:
    body = (
        "تمر هذه الأيام ذكرى احتجاجات أيلول 2018 في البصرة، التي سقط فيها خمسة عشر متظاهراً.\n\n"
        "بدأت الاحتجاجات بعد تسمم آلاف السكان، ثم أحرق المحتجون مقار أحزاب وفصائل بينها عصائب أهل الحق."
    )
    assert "alert" not in verdicts(body, "في ذكرى أيلول البصرة.. خمسة عشر قتيلاً بلا محاكمة").values()


def test_what_a_report_about_baghdad_tells_last_of_basra_goes_to_the_digest() -> None:
    body = (
        "أفادت مصادر اليوم بأن قتالا عنيفا يجري في المنطقة الخضراء وسط بغداد وتستخدم فيه قذائف الهاون.\n\n"
        "وأعلنت السلطات حظر التجوال في العاصمة حتى إشعار آخر.\n\n"
        "وقالت مصادر إن إطلاق نار كثيفا وقع قرب مقر لسرايا السلام بمنطقة الطويسة في محافظة البصرة."
    )
    assert verdicts(body, "قتال في المنطقة الخضراء وسط بغداد") == {"basra": "digest"}


def test_what_a_headline_dates_years_back_does_not_lie_where_the_headline_says() -> None:
    body = (
        "LONDON — A former officer told a closed session that releasing Qais al-Khazali would free a man certain to "
        "fight again.\n\nThe movement he leads, Asaib Ahl al-Haq, is today a pillar of the governing coalition."
    )
    assert "alert" not in verdicts(body, "Inquiry hears of 2007 Basra hostage deal", language="en").values()


def test_a_link_to_the_group_that_the_report_denies_is_none() -> None:
    body = (
        "أصدرت محكمة تحقيق الكوت مذكرة قبض بحق مدير أسبق في دائرة صحة واسط بتهمة هدر المال العام.\n\n"
        "وتداولت صفحات أن المتهم محسوب على عصائب أهل الحق، إلا أن مصدرا قال إن الملف إداري ولا علاقة لأي حركة به."
    )
    assert "alert" not in verdicts(body, "مذكرة قبض بحق مدير سابق في صحة واسط").values()


def test_whose_candidate_or_minister_somebody_is_makes_no_deed_of_the_group() -> None:
    appeal = (
        "ردت الهيئة القضائية للانتخابات طعنا تقدم به مرشح عن كتلة صادقون التابعة لعصائب أهل الحق، طالب فيه بإعادة العد "
        "والفرز اليدوي لأربع محطات في قضاء أبي الخصيب جنوب البصرة."
    )
    assert "alert" not in verdicts(appeal, "القضاء الانتخابي يرد طعنا لمرشح عن صادقون في أبي الخصيب").values()
    minister = (
        "افتتح وزير التعليم، خلال زيارة إلى محافظة البصرة، مختبرات في كلية العلوم.\n\n"
        "والتقى الوزير، الذي رشحته للحقيبة حركة عصائب أهل الحق، رؤساء الجامعات ووجه بزيادة مقاعد الدراسات العليا."
    )
    assert "alert" not in verdicts(minister, "وزير التعليم يفتتح مختبرات في جامعة البصرة").values()
    seats = (
        "در بصره ائتلاف نبنی پنج کرسی به دست آورد که دو کرسی آن به جریان صادقون، شاخه سیاسی عصائب اهل الحق، می‌رسد "
        "و درباره ائتلاف تصمیم گرفت."
    )
    assert "alert" not in verdicts(seats, "نتیجه نهایی شوراهای استانی عراق در بصره", language="fa").values()
    attacked = (
        "هاجم مسلحون منزل مرشح عن كتلة صادقون التابعة لعصائب أهل الحق في قضاء أبي الخصيب جنوب البصرة بقنبلة يدوية."
    )
    assert verdicts(attacked) == {"basra": "alert"}


def test_where_the_dead_are_buried_is_not_where_they_died() -> None:
    body = (
        "مرّ موكب تشييع مقاتل في سرايا السلام من شوارع مدينة الكوت، صباح الأحد، في طريقه إلى النجف، بعد يوم من مقتله "
        "بنيران قناص في جزيرة سامراء.\n\nوشارك في التشييع أهالي حي الجوادين."
    )
    assert "alert" not in verdicts(body, "واسط تشيع مقاتلا سقط في سامراء").values()
    here = "شيع أهالي الكوت، صباح الأحد، مقاتلا في سرايا السلام قتل ليلة أمس في هجوم مسلح على داره في حي الجوادين."
    assert verdicts(here) == {"wasit": "alert"}


def test_a_line_that_begins_with_a_year_is_of_that_year() -> None:
    body = (
        "1985: العثور على حطام السفينة تايتانيك.\n"
        "2022: مقتل أربعة أشخاص في البصرة باشتباكات بين سرايا السلام وعصائب أهل الحق.\n"
        "2023: المنتخب العراقي يغادر إلى تايلند."
    )
    assert "alert" not in verdicts(body, "1 أيلول.. افتتاح مطار وليلة رصاص في البصرة", day="2025-09-01").values()


def test_a_report_about_another_country_is_not_about_basra_in_its_last_line() -> None:
    body = (
        "IDLIB — Hayat Tahrir al-Sham put 300 fighters on show on Monday after a course in raids.\n\n"
        "Analysts say its raids killed at least 20 soldiers this summer.\n\n"
        "The name has caused confusion with Iraq's Asaib Ahl al-Haq, which fought on the other side; a page on Monday "
        "showed Iraqis in Basra under a caption about Idlib."
    )
    assert "alert" not in verdicts(body, "HTS parades fighters at Idlib graduation", language="en").values()


def test_a_text_without_marks_is_no_single_sentence() -> None:
    cup = "اختتمت بطولة الفرق الشعبية التي رعتها سرايا السلام وتوج الفائز بالكأس "
    filler = "وقال مصدر في الشرطة إن الوضع هادئ وإن القوات الأمنية انتشرت في الشوارع ومنعت حركة العجلات " * 4
    killing = "وقتل شخص بهجوم مسلح في قضاء الزبير جنوبي البصرة مساء أمس"
    assert "alert" not in verdicts(cup + filler + killing).values()


def test_a_deed_told_of_nowhere_lies_where_the_next_sentence_says() -> None:
    body = (
        "Two men on a motorcycle threw a grenade into the yard of a lawmaker of Asa'ib Ahl al-Haq overnight.\n\n"
        "The house is in the Janina quarter of Basra. Nobody was hurt."
    )
    assert verdicts(body, "Grenade thrown at lawmaker's house", language="en") == {"basra": "alert"}
    items = (
        "Shooting: Two men enrolled in Saraya al-Salam opened fire over a parking space.\n\n"
        "Fire (Basra): Crews put out a blaze in a carpet store."
    )
    assert "alert" not in verdicts(items, "Security briefing", language="en").values()


def test_a_card_of_the_group_ties_a_deed_to_it_unless_it_is_forged() -> None:
    body = (
        "Two policemen were wounded on Friday when gunmen shot at a patrol in Kut, a security source said.\n\n"
        "One of them had produced an identity card of Saraya al-Salam."
    )
    assert verdicts(body, "Two policemen wounded as gunmen open fire in Kut", language="en") == {"wasit": "alert"}
    forged = body + " The card is a forgery, police experts confirmed."
    assert "alert" not in verdicts(forged, "Two policemen wounded in Kut", language="en").values()


def test_where_somebody_was_going_is_not_where_it_happened() -> None:
    body = (
        "أوقفت شرطة واسط ثمانية أشخاص بعد اعتدائهم على منتسبي سيطرة النعمانية واقتحامهم الحاجز بالأسلحة.\n\n"
        "وتبين من هوياتهم أنهم عناصر في عصائب أهل الحق كانوا في طريقهم إلى بغداد."
    )
    assert verdicts(body, "توقيف مسلحين هاجموا سيطرة النعمانية") == {"wasit": "alert"}


def test_an_office_that_stands_beside_a_place_does_nothing_there() -> None:
    body = (
        "سجلت دائرة صحة البصرة ارتفاع الإصابات بالكوليرا إلى 14 حالة، أغلبها في قضاءي شط العرب وأبي الخصيب.\n\n"
        "وقال مدير الصحة العامة إن الفرق الرقابية أغلقت تسع محطات تحلية أهلية، منها محطة في الطويسة ملاصقة لمقر سرايا "
        "السلام السابق وأخريات في خمسة ميل، وإن أصحابها أحيلوا إلى القضاء."
    )
    assert "alert" not in verdicts(body, "صحة البصرة: 14 إصابة مؤكدة بالكوليرا وإغلاق محطات تحلية مخالفة").values()
    bombed = "انفجرت عبوة ناسفة مساء السبت قرب مقر سرايا السلام في الطويسة وسط البصرة وأصيب حارس."
    assert verdicts(bombed) == {"basra": "alert"}


def test_what_a_town_had_not_seen_since_adds_up_nothing() -> None:
    body = (
        "Two people were killed on Thursday when Saraya al-Salam and Asaib Ahl al-Haq fought in al-Hayy, Wasit, a town "
        "that had not seen fighting since 2008."
    )
    assert only(body, language="en").killed == 2


def test_where_the_wounded_are_treated_or_the_accused_tried_is_not_where_it_happened() -> None:
    ward = (
        "استقبل مستشفى البصرة التعليمي جريحين من سرايا السلام أصيبا قبل يومين بانفجار عبوة ناسفة في منطقة مطيبيجة شرق "
        "سامراء."
    )
    assert "alert" not in verdicts(ward, "مستشفى البصرة يستقبل جريحين من سامراء").values()
    court = (
        "أصدرت محكمة جنايات البصرة حكما بالإعدام على مدان بالمشاركة في هجوم على رتل لعصائب أهل الحق في بيجي أسفر عن "
        "مقتل سبعة مقاتلين."
    )
    assert "alert" not in verdicts(court).values()
    here = "نقل جريحان من سرايا السلام إلى مستشفى البصرة التعليمي بعد انفجار عبوة قرب مقرهما في الزبير مساء السبت."
    assert verdicts(here) == {"basra": "alert"}


def test_an_accident_that_turns_into_a_battle_is_no_accident() -> None:
    body = "تبادل مسلحون من سرايا السلام الرصاص مع آخرين من عصائب أهل الحق في البصرة عقب حادث سير بسيط.\n\nوسقط قتيلان."
    assert verdicts(body, "حادث سير يتحول إلى معركة بين ميليشيتين في البصرة") == {"basra": "alert"}
    crash = "قتل عنصران من سرايا السلام بحادث سير على طريق البصرة."
    assert "alert" not in verdicts(crash, "مقتل شخصين بحادث سير في البصرة").values()


def test_exercises_films_and_streets_named_for_a_group_are_no_deeds() -> None:
    drill = (
        "نفذ الدفاع المدني في واسط ممارسة افتراضية على انفجار سيارة وسط الكوت.\n\n"
        "وشمل السيناريو إخلاء مكتب عصائب أهل الحق ونقل جرحى مثل أدوارهم متطوعون."
    )
    assert "alert" not in verdicts(drill, "إخلاء وهمي وسط الكوت").values()
    street = "تعرض سائق أجرة للطعن على يد راكبين في شارع شهداء سرايا السلام بمنطقة القبلة في البصرة."
    assert "alert" not in verdicts(street, "طعن سائق أجرة في شارع شهداء سرايا السلام").values()
    film = (
        "عرضت قاعة في البصرة الفيلم الروائي «ظل النخلة» الذي يتابع مقاتلا من سرايا السلام يعود إلى أبي الخصيب.\n\n"
        "وفيه تنطلق رصاصة وسط البستان."
    )
    assert "alert" not in verdicts(film, "«ظل النخلة».. رصاصة واحدة تكفي لحكاية").values()


def test_the_movement_that_khazali_leads_is_the_group() -> None:
    body = (
        "ألقت طائرة مسيرة حمولتها على مخازن في الدبوني شمال واسط وسقط قتيلان.\n\n"
        "ونعت الحركة التي يقودها الخزعلي شهيدين في الموقع ذاته."
    )
    assert verdicts(body, "مسيرة تقصف مخازن شمال الكوت") == {"wasit": "alert"}


def test_whom_the_group_holds_responsible_for_others_dead_is_no_deed_of_its_own() -> None:
    blame = (
        "حمّل المتحدث باسم عصائب أهل الحق، في مؤتمر صحفي ببغداد، قائد عمليات البصرة مسؤولية مقتل متظاهرين برصاص قواته "
        "أمام مبنى المحافظة ليلة أمس."
    )
    assert "alert" not in verdicts(blame, "العصائب تحمل قيادة العمليات مسؤولية قتل متظاهري البصرة").values()
    own = (
        "حمّل المتحدث باسم عصائب أهل الحق جهات مأجورة مسؤولية إضرام النار في مكتب الحركة في البصرة ليلة أمس، وإصابة "
        "خمسة من حراسه."
    )
    assert verdicts(own, "العصائب: من أحرق مكتبنا في البصرة عصابات") == {"basra": "alert"}


def test_whose_statement_about_a_deed_came_in_is_no_deed_of_his() -> None:
    body = (
        "Relatives of a patient fired a pistol inside a hospital in Kut on Wednesday, police in Wasit said.\n\n"
        "Statements condemning the attack came from the governor, from the Sadiqoun bloc of Asaib Ahl al-Haq."
    )
    assert "alert" not in verdicts(body, "Doctor shot at in Kut hospital", language="en").values()
