"""What the commands do: open what they need, ask the parts, print. See cli.py for their options."""

from __future__ import annotations

import getpass
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from alerts import desk
from alerts.messages import incident_json
from alerts.settings import Duration
from crawler import config as configs
from crawler import display, exporting
from crawler.choices import Format, Verdict
from crawler.config import Configuration
from crawler.errors import ConfigError, CrawlerError
from crawler.overview import overview, source_rows
from crawler.state import State, is_locked, open_beside
from crawler.timing import utc_now
from pipelines.archive import reports
from pipelines.grouping import IRAQ

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


# --- looking ------------------------------------------------------------------------------------------------------


def incidents(config: Path | None, limit: int, json: bool) -> None:
    """`rasid incidents`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        found = reports.list_incidents(connection, limit)
    if json:
        for incident in found:
            display.json_line(**incident_json(incident))
        return
    display.table(
        "Incidents",
        ("id", "rev", "status", "severity", "certainty", "what", "updated"),
        [
            (
                incident.id,
                incident.revision,
                incident.status + (" (doubtful)" if incident.doubtful else ""),
                incident.severity,
                incident.certainty,
                incident.summary_en,
                display.local(incident.updated, configuration.settings.timezone),
            )
            for incident in found
        ],
    )


def incident(identity: str, config: Path | None, json: bool) -> None:
    """`rasid incidents show`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        try:
            found = reports.load_incident(connection, identity)
        except KeyError as error:
            raise CrawlerError(f"there is no incident {identity}; `rasid incidents` lists them") from error
    if json:
        display.json_line(**incident_json(found))
        return
    display.print_incident(found)
    for finding in found.findings:
        display.print_finding(finding, configuration.lexicon)


def status(config: Path | None, json: bool) -> None:
    """`rasid status`"""
    configuration, state = _beside(config)
    now = utc_now()
    with state.store.read() as connection:
        found = overview(connection, configuration.sources, now)
        outbox = desk.outbox_status(connection, now)
    running = is_locked(configuration.state)
    if json:
        display.json_line(running=running, **asdict(found), outbox=asdict(outbox))
        return
    display.line(f"daemon     {'running' if running else 'not running'}, last step {display.ago(found.alive, now)}")
    display.line(
        f"feeds      {found.feeds} known, {found.failing} failing, next poll {display.ago(found.next_poll, now)}"
    )
    display.line(
        f"reports    {found.articles} read, newest {display.ago(found.newest_article, now)}; "
        f"{found.waiting_pages} pages waiting"
    )
    display.line(f"incidents  {found.open_incidents} open of {found.incidents}")
    display.line(
        f"outbox     {outbox.sent} sent, {outbox.queued + outbox.sending} waiting, {outbox.held} held, "
        f"{outbox.withheld} withheld, {outbox.dead} dead, {outbox.parked} parked"
    )
    for channel in outbox.channels:
        what = "OFF" if channel.off else f"pausing until {channel.closed_until}"
        display.line(f"channel    {channel.channel}: {what}: {channel.reason}", 0, "red")
    if outbox.dead:
        display.line(
            "dead letters: `rasid deliveries --state dead` lists them, `rasid deliveries retry ID` sends again", 2
        )


def sources(config: Path | None, json: bool) -> None:
    """`rasid sources`"""
    configuration, state = _beside(config)
    now = utc_now()
    with state.store.read() as connection:
        rows = source_rows(connection, configuration.sources, now)
    if json:
        for row in rows:
            display.json_line(**asdict(row))
        return
    display.table(
        "Sources",
        ("source", "state", "since", "last success", "last new", "evidence"),
        [
            (
                row.source,
                row.state + (" (probation)" if row.probation else ""),
                display.ago(row.since, now) if row.since else "",
                display.ago(row.last_success, now),
                display.ago(row.last_new, now),
                row.evidence,
            )
            for row in rows
        ],
    )


def deliveries(config: Path | None, wanted: str, limit: int, json: bool) -> None:
    """`rasid deliveries`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        found = desk.deliveries(connection, state=wanted, limit=limit)
    if json:
        for one in found:
            display.json_line(**display.delivery_fields(one))
        return
    timezone = configuration.settings.timezone
    display.table(
        "Deliveries",
        ("id", "incident", "rev", "channel", "to", "state", "when", "why"),
        [
            (
                one.id,
                one.incident,
                one.revision,
                one.channel,
                one.recipient,
                one.state,
                display.local(one.sent or one.due, timezone),
                one.reason,
            )
            for one in found
        ],
    )


def search(words: list[str], config: Path | None, limit: int, json: bool) -> None:
    """`rasid search`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        found = reports.search(connection, words, limit)
    if json:
        for one in found:
            display.json_line(**asdict(one))
        return
    display.table(
        "Reports",
        ("published", "source", "title", "link"),
        [
            (display.local(one.published, configuration.settings.timezone), one.source_name, one.title, one.url)
            for one in found
        ],
    )


def export(format: Format, config: Path | None) -> None:
    """`rasid export`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        found = [incident for incident in reports.list_incidents(connection) if not incident.doubtful]
    sys.stdout.write(exporting.render(format.value, found, configuration.lexicon))


# --- acting -------------------------------------------------------------------------------------------------------


def ack(identity: str, author: str, config: Path | None) -> None:
    """`rasid ack`"""
    _, state = _beside(config)
    with state.store.write() as connection:
        desk.acknowledge(connection, identity, _author(author), utc_now())
    display.line(f"{identity}: acknowledged by {_author(author)}")


def verdict(identity: str, what: Verdict, note: str, author: str, config: Path | None) -> None:
    """`rasid verdict`"""
    _, state = _beside(config)
    with state.store.write() as connection:
        desk.record_verdict(connection, identity, what.value, _author(author), note, utc_now())
    display.line(f"{identity}: {what.value}, says {_author(author)}")


def silence_add(matchers: list[str], until: str, reason: str, author: str, config: Path | None) -> None:
    """`rasid silence add`"""
    wrong = [matcher for matcher in matchers if "=" not in matcher]
    if wrong:
        raise ConfigError(
            [f"{matcher}: is no matcher; write KEY=VALUE, such as governorate=basra" for matcher in wrong]
        )
    try:
        duration = _DURATION.validate_python(until)
    except ValidationError as error:
        raise ConfigError([f"--for: {fault['msg']}" for fault in error.errors()]) from error
    _, state = _beside(config)
    now = utc_now()
    with state.store.write() as connection:
        pairs = dict(matcher.split("=", 1) for matcher in matchers)
        added = desk.add_silence(connection, pairs, now, now + duration, _author(author), reason)
    display.line(f"silence {added.id} until {added.ends.astimezone(IRAQ):%d %b %Y %H:%M}")


def silence_list(config: Path | None, json: bool) -> None:
    """`rasid silence list`"""
    configuration, state = _beside(config)
    with state.store.read() as connection:
        found = desk.list_silences(connection, utc_now())
    if json:
        for one in found:
            display.json_line(**asdict(one))
        return
    display.table(
        "Silences",
        ("id", "matchers", "until", "author", "reason"),
        [
            (
                one.id,
                " ".join(f"{key}={value}" for key, value in one.matchers.items()),
                display.local(one.ends, configuration.settings.timezone),
                one.author,
                one.reason,
            )
            for one in found
        ],
    )


def silence_remove(words: list[str], config: Path | None) -> None:
    """`rasid silence remove`"""
    if len(words) != 1 or not words[0].isdigit():
        raise ConfigError(["silence remove: name one silence by its number; `rasid silence list` shows them"])
    _, state = _beside(config)
    with state.store.write() as connection:
        desk.remove_silence(connection, int(words[0]), utc_now())
    display.line(f"silence {words[0]}: ended")


def deliveries_retry(identity: str, config: Path | None) -> None:
    """`rasid deliveries retry`"""
    _, state = _beside(config)
    with state.store.write() as connection:
        found = desk.retry(connection, identity, utc_now())
    display.line(f"{found.id}: is due again on {found.channel}")


def deliveries_resume(channel: str, config: Path | None) -> None:
    """`rasid deliveries resume`"""
    _, state = _beside(config)
    with state.store.write() as connection:
        waiting = desk.resume_channel(connection, channel, utc_now())
    display.line(f"{channel}: in use again; {waiting} messages wait for it")


def _beside(config: Path | None) -> tuple[Configuration, State]:
    configuration = configs.load(config, secrets=False)
    return configuration, open_beside(configuration.state)


def _author(named: str) -> str:
    return named or getpass.getuser()
