"""`rasid replay`: the whole chain on reports of a folder, over HTTP on loopback, on a virtual clock."""

from __future__ import annotations

import email
import json
import subprocess
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from crawler.shipped import shipped
from tests.world import RASID

Line = dict[str, Any]


def replay(*arguments: str) -> tuple[list[Line], list[Line], list[Line]]:
    """Findings, incident revisions and deliveries of a replay."""
    done = subprocess.run(
        [str(RASID), "replay", "--json", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return tuple([line for line in lines if line["kind"] == kind] for kind in ("finding", "incident", "delivery"))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def whole(out: Path) -> tuple[list[Line], list[Line], list[Line]]:
    return replay("--out", str(out))


def last(incidents: list[Line]) -> list[Line]:
    return list({one["id"]: one for one in incidents}.values())


def test_the_seeds_hold_a_clash_in_kut_a_scene_in_basra_and_an_old_parade(whole: Any) -> None:
    _, incidents, deliveries = whole
    seeds = [one for one in last(incidents) if "2024-01" in one["first_seen"]]
    kut, basra, parade = (
        next(one for one in seeds if one["governorates"] == ["wasit"]),
        next(one for one in seeds if one["governorates"] == ["basra"] and one["event_date"]),
        next(one for one in seeds if one["event_type"] == "show_of_force"),
    )
    assert len(seeds) == 3
    assert kut["event_type"] == "armed_clash"
    assert sorted(kut["groups"]) == ["asaib_ahl_al_haq", "saraya_al_salam"]
    assert kut["independent_sources"] == 2
    assert basra["groups"] == ["saraya_al_salam"]
    assert any(place["name_en"] == "Italian Bridge" for place in basra["places"])
    assert parade["governorates"] == ["basra"]
    assert parade["event_date"] is None
    assert {one["state"] for one in deliveries if one["incident"] == parade["id"]} == {"withheld"}


def test_the_demo_shows_a_thread_with_a_copy_a_second_voice_and_a_higher_toll(whole: Any) -> None:
    _, incidents, deliveries = whole
    clash = next(
        one
        for one in last(incidents)
        if "Abu al-Khasib" in one["summary_en"] or "basra.abu_al_khasib" in one["districts"]
    )
    assert clash["killed"]["max"] == 3
    assert clash["independent_sources"] == 3  # the copy is no voice of its own
    sent = [one for one in deliveries if one["incident"] == clash["id"] and one["state"] == "sent"]
    assert min(sent, key=lambda one: one["revision"])["change"] == "new"
    assert 2 <= len(sent) <= 4  # two voices, a higher toll: never one message per report


def test_the_demo_shows_a_denial_and_silence_where_nothing_happened(whole: Any) -> None:
    findings, incidents, _ = whole
    denied = next(one for one in last(incidents) if one["event_type"] == "attack_on_office")
    revisions = [one for one in incidents if one["id"] == denied["id"]]
    assert any("denied" in change for one in revisions for change in one["changed"])
    told = {one["url"] for one in findings}
    for silent in ("20765", "611", "5520", "basrah-crude", "3311"):  # Samarra, football, Gaza, oil, a traffic accident
        assert not any(url.endswith(silent) for url in told)


def test_an_order_for_both_governorates_is_one_incident(whole: Any) -> None:
    _, incidents, _ = whole
    orders = [one for one in last(incidents) if one["event_type"] == "order_or_statement"]
    assert len(orders) == 1
    assert sorted(orders[0]["governorates"]) == ["basra", "wasit"]


def test_the_messages_lie_in_the_folder_as_mails_of_one_thread_each(whole: Any, out: Path) -> None:
    mails = [email.message_from_bytes(path.read_bytes(), policy=default) for path in sorted(out.glob("*.eml"))]
    assert mails
    by_subject: dict[str, list[Any]] = {}
    for mail in mails:
        by_subject.setdefault(str(mail["Subject"]), []).append(mail)
    threads = [thread for thread in by_subject.values() if len(thread) > 1]
    assert threads
    for thread in threads:
        assert all(thread[0]["Message-ID"] in mail["References"] for mail in thread[1:])


def test_as_of_ends_the_replay(tmp_path: Path) -> None:
    _, incidents, _ = replay("--as-of", "2024-01-14T12:00", "--out", str(tmp_path))
    assert {one["governorates"][0] for one in incidents} == {"wasit", "basra"}
    assert all(one["independent_sources"] == 1 for one in incidents)


def test_a_named_configuration_gives_channels_and_its_messages_are_marked(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[channels.console]\ntype = "console"\n[watch]\ngovernorates = ["wasit"]\n')
    done = subprocess.run(
        [str(RASID), "replay", str(shipped("seeds")), "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "REPLAY" in done.stdout
    assert "Italian Bridge" not in done.stdout
