"""Configuration: every mistake at once, with file, key path and the nearest right name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.policy import Policy
from crawler.config import load, merge
from crawler.errors import ConfigError
from crawler.shipped import shipped


def problems(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.problems


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_the_shipped_file_is_valid_and_holds_the_thirty_sources() -> None:
    configuration = load(shipped("config.toml"))
    assert len(configuration.settings.sources) == 30
    assert configuration.sources[0].id == "shafaq_ar"
    assert configuration.settings.contact == ""


def test_the_file_that_init_writes_is_valid(path: Path) -> None:
    path.write_text((Path(shipped("config.toml")).parent / "crawler" / "init.toml").read_text(encoding="utf-8"))
    assert len(load(path).sources) == 30


def test_all_mistakes_are_listed_together(path: Path) -> None:
    found = problems(
        path,
        """
contcat = "desk@example.org"
retention = "365"
[watch]
groups = ["saraya_al_salm"]
[[sources]]
id = "x"
name = "X"
stance = "partisan"
  [[sources.feeds]]
  url = "ftp://x.example/"
  evry = "1m"
[channels.desk]
type = "email"
to = ["a@example.org"]
from = "b@example.org"
host = "h.example.org"
username = "u"
password = "literal"
""",
    )
    text = "\n".join(found)
    assert f"{path}: contcat: unknown key; did you mean `contact`?" in found
    assert "retention" in text
    assert "sources[x].stance: 'partisan' is none of" in text
    assert "sources[x].feeds[0].evry: unknown key; did you mean `every`?" in text
    assert "sources[x].feeds[0].url" in text
    assert "channels.desk.password" in text
    assert "literal" not in text.replace("literally", "")
    assert len(found) >= 6


def test_an_unknown_group_names_the_nearest(path: Path) -> None:
    found = problems(path, '[watch]\ngroups = ["saraya_al_salm"]\n')
    assert found == [
        f"{path}: watch.groups: the lexicon knows no group `saraya_al_salm`; did you mean `saraya_al_salam`?"
    ]


def test_a_missing_secret_is_a_mistake_like_any_other(path: Path) -> None:
    found = problems(
        path,
        """
[channels.hook]
type = "webhook"
url = "https://example.org/in"
secret = { env = "RASID_NO_SUCH_VARIABLE" }
""",
    )
    assert len(found) == 1
    assert "channels.hook.secret" in found[0]
    assert "RASID_NO_SUCH_VARIABLE" in found[0]


def test_a_syntax_error_names_the_line(path: Path) -> None:
    assert "line 2" in problems(path, 'contact = "x"\n[watch\n')[0]


def test_text_that_is_not_utf8_and_a_file_that_is_not_there_say_so(path: Path) -> None:
    path.write_bytes(b'contact = "\xc8\xd5"')
    with pytest.raises(ConfigError, match="UTF-8"):
        load(path)
    with pytest.raises(ConfigError, match="no such file"):
        load(path.parent / "none.toml")


def test_a_bad_selector_and_a_listing_without_one(path: Path) -> None:
    found = problems(
        path,
        """
[[sources]]
id = "x"
name = "X"
body = "div[["
[[sources]]
id = "y"
name = "Y"
""",
    )
    assert "sources[x].body" in found[0]
    found = problems(
        path, '[[sources]]\nid = "y"\nname = "Y"\n[[sources.feeds]]\nurl = "https://y.example"\nkind = "listing"\n'
    )
    assert "a listing needs a CSS selector" in found[0]


def test_one_feed_twice_and_one_id_twice(path: Path) -> None:
    one = '[[sources]]\nid = "x"\nname = "X"\n[[sources.feeds]]\nurl = "https://x.example/feed"\n'
    text = "\n".join(problems(path, one + one))
    assert "this id is used 2 times" in text
    assert "keep it once" in text


def test_another_database_gets_one_clear_line(path: Path) -> None:
    assert 'only "sqlite" works so far' in problems(path, 'database = "postgresql://x"\n')[0]


def test_a_file_that_extends_the_shipped_one_changes_sources_by_id(path: Path) -> None:
    path.write_text(
        """
extends = "shipped"
contact = "desk@example.org"
[[sources]]
id = "shafaq_ar"
enabled = false
[[sources]]
id = "mine"
name = "Mine"
[network]
delay = "7s"
""",
        encoding="utf-8",
    )
    configuration = load(path)
    assert len(configuration.settings.sources) == 31
    assert "shafaq_ar" not in {source.id for source in configuration.sources}
    assert configuration.settings.network.delay == timedelta(seconds=7)
    assert configuration.state == path.parent / "state"


def test_merging_lays_tables_over_each_other_by_key() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}}) == {"a": {"b": 9, "c": 2}, "d": 3}


def test_the_shipped_file_explains_every_key_of_the_policy_with_its_default() -> None:
    assert load(shipped("config.toml")).settings.policy == Policy()
    text = shipped("config.toml").read_text(encoding="utf-8").split("[policy]")[1].split("\n# ---")[0]
    assert {line.split(" = ")[0] for line in text.splitlines() if " = " in line} == set(Policy.model_fields)
