"""What rasid knows by name, and what it says about a faulty file."""

from pathlib import Path

import pytest

from pipelines.errors import LexiconError
from pipelines.lexicon import load_lexicon
from pipelines.mentions import find_mentions


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_lexicon_knows_the_groups_and_all_eighteen_governorates() -> None:
    lexicon = load_lexicon()
    assert lexicon.entity("saraya_al_salam").name_ar == "سرايا السلام"
    assert lexicon.entity("asaib_ahl_al_haq").short_en == "Asa'ib"
    assert len(lexicon.of_kind("governorate")) == 18
    district = lexicon.entity("basra.abu_al_khasib")
    assert (district.governorate, district.district, district.place_kind) == (
        "basra",
        "basra.abu_al_khasib",
        "district",
    )


def test_it_is_read_once() -> None:
    assert load_lexicon() is load_lexicon()


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(KeyError, match="saraya_al_salam"):
        load_lexicon().entity("saraya_al_salaam")


def test_a_user_adds_a_group_with_places_and_watches_it(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [[group]]
        id = "badr"
        name_en = "Badr Organization"
        name_ar = "منظمة بدر"
        alone.ar = ["(منظمة|فيلق) بدر"]

        [[place]]
        id = "diyala.khalis"
        kind = "district"
        governorate = "diyala"
        name_en = "Khalis"
        alone.ar = ["قضاء الخالص"]
        """,
    )
    lexicon = load_lexicon([path])
    found = {m.entity for m in find_mentions("عناصر من فيلق بدر في قضاء الخالص", lexicon)}
    assert {"badr", "diyala.khalis"} <= found
    assert "badr" not in load_lexicon().entities


def test_a_user_overrides_an_entry_by_its_id(tmp_path: Path) -> None:
    path = write(
        tmp_path, '[[group]]\nid = "saraya_al_salam"\nreplace = true\nshort_en = "SaS"\nalone.en = ["Sadr Guards"]\n'
    )
    lexicon = load_lexicon([path])
    assert lexicon.entity("saraya_al_salam").short_en == "SaS"
    assert lexicon.entity("saraya_al_salam").name_en == "Saraya al-Salam"
    assert [
        m.form for m in find_mentions("Saraya al-Salam and Sadr Guards", lexicon) if m.entity == "saraya_al_salam"
    ] == ["Sadr Guards"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[grup]]\nid = 'x'\n", "grup: unknown table; did you mean 'group'?"),
        ("[group]\nid = 'x'\n", "write [[group]], not [group]"),
        ("[[group]]\nname_en = 'x'\n", "[[group]] 1: id: write a short name"),
        ("[[group]]\nid = 'x'\nalon.ar = ['س س']\n", "[[group]] x: alon: unknown key; did you mean 'alone'?"),
        ("[[group]]\nid = 'x'\nalone.arr = ['س س']\n", "x: alone.arr: unknown language; did you mean 'ar'?"),
        ("[[group]]\nid = 'x'\nalone.ar = 'سرايا'\n", "x: alone.ar: write a list of texts"),
        ("[[group]]\nid = 'x'\nalone.ar = ['س']\n", "too short"),
        ("[[group]]\nid = 'x'\nalone.ar = ['(سرايا|كتائب السلام']\n", "brackets do not pair"),
        ("[[place]]\nid = 'x'\nalone.ar = ['مدينة']\n", "governorate: missing"),
        ("[[place]]\nid = 'x'\ngovernorate = 'basrah'\n", "'basrah' is not in the lexicon; did you mean 'basra'?"),
        ("[[place]]\nid = 'x'\ngovernorate = 'basra'\nlat = 'north'\n", "lat: 'north' is not a number"),
        ("[[action]]\ntype = 'clash'\nar = ['قتال']\n", "type: 'clash' is no event type; did you mean 'armed_clash'?"),
        ("[[person]]\nid = 'basra'\n", "id: taken by a governorate"),
        ("[[group]]\nid = \n", "line 2"),
    ],
)
def test_a_fault_is_named_with_file_key_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(LexiconError) as error:
        load_lexicon([path])
    assert says in str(error.value)
    assert str(path) in str(error.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[[grup]]\nid = 'x'\n[[place]]\nid = 'y'\n")
    with pytest.raises(LexiconError, match=r"(?s)grup.*governorate: missing"):
        load_lexicon([path])


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"nowhere\.toml: cannot be read"):
        load_lexicon([tmp_path / "nowhere.toml"])


def test_bytes_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes("[[group]]\nid = 'سرايا'\n".encode("cp1256"))
    with pytest.raises(LexiconError, match="not UTF-8"):
        load_lexicon([path])
