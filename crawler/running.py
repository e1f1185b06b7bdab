"""The commands that crawl: run, replay, sources add. See cli.py for their options.

Apart from commands.py because they need Scrapy, trafilatura and more, which take a second to import.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace as changed
from datetime import datetime, timedelta
from pathlib import Path

from alerts import desk
from alerts.channels import open_channels
from alerts.messages import incident_json
from alerts.settings import AnyChannelSettings, ConsoleSettings, FolderSettings
from crawler import config as configs
from crawler import display
from crawler.config import Configuration, NetworkSettings
from crawler.daemon import Daemon, run_once
from crawler.daemon import run as run_daemon
from crawler.errors import ConfigError
from crawler.intake import Outcome
from crawler.loop import run as run_loop
from crawler.replay import Ended, Site, sources_of
from crawler.replay import replay as replay_reports
from crawler.reports import read_folder
from crawler.shipped import shipped
from crawler.state import open_locked
from crawler.timing import utc_now
from crawler.trying import add_source, find_feed
from pipelines.archive import Store, reports
from pipelines.grouping import IRAQ


def run(config: Path | None, once: bool) -> None:
    """`rasid run`"""
    configuration = configs.load(config)
    configs.require_contact(configuration)
    channels = open_channels(configuration.settings.channels, configuration.secrets, echo=display.echo)
    state = open_locked(configuration.state)
    try:
        daemon = Daemon(configuration, state, channels)
        run_loop(lambda: run_once(daemon) if once else run_daemon(daemon))
    finally:
        state.close()


def replay(folder: Path | None, config: Path | None, out: Path | None, as_of: datetime | None, json: bool) -> None:
    """`rasid replay`"""
    configuration = configs.load(config or shipped("config.toml"), secrets=config is not None)
    end = as_of.replace(tzinfo=IRAQ) if as_of else None
    found = read_folder(folder or shipped("seeds"), end or utc_now())
    out = out or Path(tempfile.mkdtemp(prefix="rasid-messages-"))
    settings: dict[str, AnyChannelSettings] = dict(configuration.settings.channels) if config else {}
    if not config:
        settings["folder"] = FolderSettings(type="folder", folder=out, digest=True)
    if not config and not json:
        settings["console"] = ConsoleSettings(type="console")
    site = Site()
    show = _Show(configuration, json)
    try:
        used = changed(
            configuration,
            settings=configuration.settings.model_copy(
                update={
                    "sources": [],
                    "network": NetworkSettings(allow_private=["127.0.0.0/8"], delay=timedelta(0)),
                    "contact": "replay@rasid.example",
                }
            ),
            replayed=sources_of(found, site),
        )
        channels = open_channels(settings, configuration.secrets, echo=show.message)
        mark = "REPLAY" if config else ""
        ended = run_loop(lambda: replay_reports(found, used, channels, site, end, mark, show.outcome, show.incidents))
    finally:
        site.close()
    show.end(ended, out if not config else None)


class _Show:
    """What a replay prints: each report with its findings, the messages, and the incidents at the end."""

    def __init__(self, configuration: Configuration, json: bool) -> None:
        self._labels = configuration.lexicon
        self._json = json
        self._counts = {"reports": 0, "incidents": 0, "sent": 0, "withheld": 0}

    def outcome(self, outcome: Outcome) -> None:
        """A report was judged."""
        self._counts["reports"] += 1
        article, findings = outcome.judged.article, outcome.judged.findings
        if self._json:
            for finding in findings:
                display.json_line(kind="finding", **display.finding_fields(article, finding))
            return
        display.print_article(article)
        if not findings:
            display.line("nothing of the watch", 2, "dim")
        for finding in findings:
            display.print_finding(finding, self._labels)
        for revision in outcome.revisions:
            what = f"revision {revision.current.revision} of" if revision.previous else "opens"
            display.line(f"→ {what} {revision.current.id}: {revision.current.summary_en}", 2, "green")

    def message(self, text: str) -> None:
        """The console channel sends a message."""
        display.line(text)

    def incidents(self, store: Store) -> None:
        """The incidents as they stand at the end, and what became of every delivery."""
        with store.read() as connection:
            found = sorted(reports.list_incidents(connection), key=lambda incident: incident.first_seen)
            deliveries = desk.deliveries(connection, limit=100_000)
            revisions = reports.list_revisions(connection)
        self._counts["incidents"] = len(found)
        self._counts["sent"] = sum(one.state == "sent" for one in deliveries)
        self._counts["withheld"] = sum(one.state == "withheld" for one in deliveries)
        if self._json:
            for revision in revisions:
                extra = {"changed": revision.changed, "related": revision.related, "doubtful": revision.doubtful}
                display.json_line(kind="incident", **incident_json(revision), **extra)
            for one in reversed(deliveries):
                display.json_line(kind="delivery", **display.delivery_fields(one))
            return
        display.heading("═══ Incidents ═══")
        for incident in found:
            display.print_incident(incident)
        withheld = [one for one in reversed(deliveries) if one.state == "withheld"]
        if withheld:
            display.heading("═══ Not sent, and why ═══")
            for one in withheld:
                display.line(f"{one.incident} revision {one.revision} · {one.channel}: {one.reason}", 2)

    def end(self, ended: Ended, out: Path | None) -> None:
        """The last lines."""
        if self._json:
            return
        counts = self._counts
        display.heading(
            f"{counts['reports']} reports, {counts['incidents']} incidents, {counts['sent']} messages sent, "
            f"{counts['withheld']} withheld; the clock stopped at {display.local(ended.at, 'Asia/Baghdad')}"
        )
        if ended.silent_digests:
            display.line(f"{ended.silent_digests} daily digests with nothing to say were left out", 2)
        if out is not None:
            display.line(f"messages as .eml and .json: {out}", 2)


def sources_add(url: str, config: Path | None) -> None:
    """`rasid sources add`"""
    configuration = configs.load(config, secrets=False)
    configs.require_contact(configuration)
    if configuration.path == shipped("config.toml"):
        raise ConfigError([f"{url}: the shipped configuration is not written to; make your own with `rasid init`"])
    found = run_loop(lambda: find_feed(configuration, url))
    written = add_source(configuration.path, found, "ar")
    display.line(f"{configuration.path}: added, with {found.entries} entries, newest {found.newest}")
    display.line(written)
