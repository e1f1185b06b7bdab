"""The commands as a person runs them, on a real store and a real site.

Each is executed at least once, here or in test_acceptance.py; what more is asked of it starts quickly, see nursery.py.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crawler.cli import app
from crawler.shipped import shipped
from tests import nursery
from tests.origin import Answer
from tests.world import CLASH, RASID, WEATHER, World, open_world

RSS = {"Content-Type": "application/rss+xml"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world in which one clash and the weather were reported, and told."""
    with open_world(tmp_path_factory.mktemp("world"), quick=True) as made:
        made.outlet.publish("weather", *WEATHER)
        made.outlet.publish("clash", *CLASH)
        made.start("--once")
        assert made.process is not None
        assert made.process.wait(60) == 0, made.log
        yield made


def only(output: str) -> dict[str, object]:
    lines = output.splitlines()
    assert len(lines) == 1, output
    return json.loads(lines[0])  # type: ignore[no-any-return]


def test_every_command_has_help_with_an_example() -> None:
    runner = CliRunner()
    names = [["sources", "add"], ["incidents", "show"], ["deliveries", "retry"], ["deliveries", "resume"]]
    names += [
        [str(command.name or command.callback.__name__)] for command in app.registered_commands if command.callback
    ]
    names += [[str(group.name)] for group in app.registered_groups]
    for name in names:
        result = runner.invoke(app, [*name, "--help"])
        assert result.exit_code == 0, name
        assert "Example: rasid" in result.stdout, name


def test_the_incident_is_exported_in_each_form(world: World) -> None:
    rows = list(csv.DictReader(io.StringIO(world.rasid("export", quick=False).stdout)))
    assert len(rows) == 1
    assert rows[0]["event_type"] == "Battles"
    assert rows[0]["admin1"] == "Basra"
    assert rows[0]["fatalities"] == "1"
    line = only(world.rasid("export", "--format", "jsonl").stdout)
    assert line["event_type"] == "armed_clash"
    features = json.loads(world.rasid("export", "--format", "geojson").stdout)["features"]
    assert features[0]["geometry"]["type"] == "Point"
    assert "<rss" in world.rasid("export", "--format", "rss").stdout


def test_incidents_are_shown_acknowledged_and_judged_by_people(world: World) -> None:
    incident = str(only(world.rasid("incidents", "--json").stdout)["id"])
    shown = world.rasid("incidents", "show", incident, quick=False).stdout
    assert "Abu al-Khasib" in shown
    assert "named in full" in shown
    assert world.rasid("ack", incident).returncode == 0
    assert world.rasid("verdict", incident, "true", "--note", "seen", quick=False).returncode == 0
    missing = world.rasid("ack", "inc_none")
    assert missing.returncode == 1
    assert "inc_none" in missing.stderr


def test_silences_are_added_listed_and_ended(world: World) -> None:
    added = world.rasid("silence", "governorate=basra", "--for", "6h", "--reason", "march", quick=False)
    assert added.returncode == 0
    silence = only(world.rasid("silence", "list", "--json").stdout)
    assert silence["matchers"] == {"governorate": "basra"}
    assert world.rasid("silence", "remove", str(silence["id"])).returncode == 0
    assert world.rasid("silence", "list", "--json").stdout == ""
    wrong = world.rasid("silence", "province=basra")
    assert wrong.returncode == 1
    assert "province" in wrong.stderr


def test_deliveries_list_what_was_sent(world: World) -> None:
    lines = [json.loads(line) for line in world.rasid("deliveries", "--json", quick=False).stdout.splitlines()]
    assert {line["channel"] for line in lines} == {"desk", "hook"}
    assert {line["state"] for line in lines} == {"sent"}
    assert world.rasid("deliveries", "retry", "msg_none", quick=False).returncode == 1


def test_check_live_says_what_each_feed_brings_and_what_to_do(world: World) -> None:
    world.origin["/shell"] = Answer(b"<html><body>Welcome</body></html>", headers={"Content-Type": "text/html"})
    text = world.config.read_text(encoding="utf-8")
    config = world.folder / "live.toml"
    config.write_text(
        text.replace(
            "[channels.desk]",
            f'[[sources]]\nid = "shell"\nname = "Shell"\n[[sources.feeds]]\nurl = "{world.origin.url("/shell")}"\n'
            "[channels.desk]",
        ),
        encoding="utf-8",
    )
    done = world.rasid("check", "--live", "--json", "--config", str(config), quick=False)
    lines = {line["source"]: line for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "feed"}
    assert done.returncode == 1
    assert lines["outlet"]["entries"] == 2
    assert lines["outlet"]["body"] == "full"
    assert lines["outlet"]["problem"] == ""
    assert lines["shell"]["problem"].startswith("not_a_feed")
    assert "rasid sources add" in lines["shell"]["advice"]


def test_check_send_reaches_every_receiver(world: World) -> None:
    mails, hooks = len(world.inbox.mails), len(world.hook.requests)
    done = world.rasid("check", "--send", "--json")
    assert done.returncode == 0, done.stderr
    assert len(world.inbox.mails) == mails + 1
    assert len(world.hook.requests) == hooks + 1
    assert b"TEST" in world.inbox.mails[-1][1]


def test_sources_add_finds_the_feed_of_a_site_and_writes_it(world: World) -> None:
    home = f'<html><head><link rel="alternate" type="application/rss+xml" href="{world.outlet.feed}"></head></html>'
    world.origin["/home"] = Answer(home.encode(), headers={"Content-Type": "text/html"})
    config = world.folder / "mine.toml"
    config.write_text(
        'contact = "a@example.org" # mine\n[network]\nallow_private = ["127.0.0.0/8"]\ndelay = "0s"\n', encoding="utf-8"
    )
    done = world.rasid("sources", "add", world.origin.url("/home"), "--config", str(config), quick=False)
    assert done.returncode == 0, done.stderr
    written = config.read_text(encoding="utf-8")
    assert world.outlet.feed in written
    assert "# mine" in written
    assert world.rasid("check", "--config", str(config)).returncode == 0
    world.origin["/empty"] = Answer(b"<html></html>", headers={"Content-Type": "text/html"})
    none = world.rasid("sources", "add", world.origin.url("/empty"), "--config", str(config))
    assert none.returncode in (0, 1)


def test_explain_shows_marks_reasons_and_verdict() -> None:
    seed = shipped("seeds") / "003_29c80b085d4b1a37.txt"
    done = subprocess.run(
        [str(RASID), "explain", str(seed), "--published", "2024-01-14"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ALERT" in done.stdout
    assert "Saraya al-Salam" in done.stdout
    assert "an alert needs" in done.stdout


def test_evaluate_gives_the_figures_on_labelled_cases(tmp_path: Path) -> None:
    labelled = Path(__file__).parents[1] / "data" / "dev.jsonl"
    cases = tmp_path / "cases.jsonl"
    cases.write_text("".join(labelled.read_text(encoding="utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")
    done = subprocess.run([str(RASID), "evaluate", str(cases), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *results, summary = map(json.loads, done.stdout.splitlines())
    assert len(results) == 5
    assert summary["kind"] == "summary"


def test_init_writes_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    first = subprocess.run([str(RASID), "init", str(path)], capture_output=True, text=True, check=False)
    assert first.returncode == 0
    second = subprocess.run([str(RASID), "init", str(path)], capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "is there already" in second.stderr


def test_a_wrong_configuration_ends_with_2_and_lists_everything(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('contcat = "x"\n[watch]\ngroups = ["nobody"]\n', encoding="utf-8")
    done = subprocess.run([str(RASID), "check", "--config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "contcat" in done.stderr


def test_run_refuses_to_crawl_without_a_contact(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('extends = "shipped"\n', encoding="utf-8")
    done = subprocess.run([str(RASID), "run", "--config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "contact" in done.stderr


def test_a_state_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be", encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text('contact = "a@example.org"\n', encoding="utf-8")
    done = nursery.run(RASID, ["run", "--config", str(path)], os.environ)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "state") in done.stderr


def test_a_damaged_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "rasid.db").write_bytes(b"this is no database, but somebody's file" * 40)
    path = tmp_path / "config.toml"
    path.write_text('contact = "a@example.org"\n', encoding="utf-8")
    done = nursery.run(RASID, ["run", "--config", str(path)], os.environ)
    assert done.returncode == 1
    assert "rasid.db" in done.stderr
    assert (folder / "rasid.db").read_bytes().startswith(b"this is no database")
