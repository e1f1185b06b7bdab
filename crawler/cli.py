"""The `rasid` command. Each command is a few lines over a function elsewhere."""

from __future__ import annotations

import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Optional

import typer

from alerts.errors import AlertError
from crawler.choices import Format, Verdict
from crawler.errors import ConfigError, CrawlerError, LockedError
from pipelines.errors import PipelineError

app = typer.Typer(
    name="rasid",
    help="Watches Iraqi news for what armed groups do in Basra and Wasit, and tells people within minutes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Config = Annotated[
    Optional[Path],  # noqa: UP045  (typer reads the annotation)
    typer.Option("--config", help="Configuration file (default: ./config.toml, else the shipped one)."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON Lines on stdout, nothing else.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")]


def main() -> None:
    """Run a command. Exit: 0 done, 1 the work failed, 2 wrong usage or configuration, 3 another instance runs."""
    try:
        app()
    except ConfigError as error:
        _fail(error.problems, 2)
    except LockedError as error:
        _fail([str(error)], 3)
    except (CrawlerError, PipelineError, AlertError) as error:
        _fail(str(error).splitlines(), 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


# What a command needs is imported when it is called. All of it takes a second and more, and the worker process of the
# daemon, which imports this module too, needs none of it.


def _module(name: str) -> ModuleType:
    return import_module(f"crawler.{name}")


def _fail(lines: list[str], code: int) -> None:
    for line in lines:
        sys.stderr.write(f"rasid: {line}\n")
    sys.exit(code)


@app.command()
def replay(
    folder: Annotated[Optional[Path], typer.Argument(help="Folder of reports (default: the seeds).")] = None,  # noqa: UP045
    config: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--config", help="Use this file's channels, watch and policy; messages are marked REPLAY."),
    ] = None,
    out: Annotated[Optional[Path], typer.Option(help="Folder for the messages (.eml, .json).")] = None,  # noqa: UP045
    as_of: Annotated[
        Optional[datetime],  # noqa: UP045
        typer.Option("--as-of", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="End the replay at this time in Baghdad."),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Run the whole chain on a folder of reports: served on loopback, crawled, judged, grouped and alerted.

    Example: rasid replay seeds/demo --out /tmp/messages
    """
    _module("logs").configure(verbose=True) if verbose else _module("logs").quiet()
    _module("running").replay(folder, config, out, as_of, json)


@app.command()
def run(
    config: Config = None,
    once: Annotated[bool, typer.Option("--once", help="Poll every due feed once, send what is due, and end.")] = False,
    verbose: Verbose = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log as JSON.")] = False,
) -> None:
    """The daemon, in the foreground; stops cleanly on SIGTERM and SIGINT.

    Example: rasid run --config /etc/rasid/config.toml
    """
    _module("logs").configure(verbose=verbose, as_json=json_logs)
    _module("running").run(config, once)


@app.command()
def check(
    config: Config = None,
    live: Annotated[bool, typer.Option("--live", help="Poll each feed once and say what came.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send a marked test message through each channel.")] = False,
    json: Json = False,
) -> None:
    """Validate the configuration: every error at once.

    Example: rasid check --send
    """
    _module("logs").quiet()
    _module("checking").check(config, live, send, json)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("config.toml"),
) -> None:
    """Write a commented config.toml here, which starts from the shipped one.

    Example: rasid init
    """
    _module("checking").init(path)


@app.command()
def explain(
    what: Annotated[
        str, typer.Argument(metavar="FILE|URL|-", help="A text, an HTML page, an address, or - for stdin.")
    ],
    config: Config = None,
    published: Annotated[
        Optional[datetime],  # noqa: UP045
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When it was published (default: now)."),
    ] = None,
    language: Annotated[str, typer.Option(help="ar, en, ckb or fa (default: guessed).")] = "",
    title: Annotated[str, typer.Option(help="Its headline, if the text does not begin with it.")] = "",
    json: Json = False,
) -> None:
    """What was found in a text, and why it would or would not alert.

    Example: rasid explain seeds/003_29c80b085d4b1a37.txt --published 2024-01-14
    """
    _module("logs").quiet()
    _module("explaining").explain(what, config, published, language, title, json)


@app.command()
def evaluate(
    cases: Annotated[Path, typer.Argument(help="Labelled cases, JSON Lines.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Precision, recall, field accuracy and grouping on labelled cases.

    Example: rasid evaluate tests/data/dev.jsonl
    """
    _module("logs").quiet()
    _module("explaining").evaluate(cases, config, json)


@app.command()
def status(config: Config = None, json: Json = False) -> None:
    """Daemon, sources, outbox and dead letters at a glance.

    Example: rasid status
    """
    _module("logs").quiet()
    _module("commands").status(config, json)


sources_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(sources_app, name="sources")


@sources_app.callback()
def sources(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """The sources and how they are: fresh, quiet, broken, blocked, thin or undated.

    Example: rasid sources
    """
    _module("logs").quiet()
    if context.invoked_subcommand is None:
        _module("commands").sources(config, json)


@sources_app.command("add")
def sources_add(
    url: Annotated[str, typer.Argument(help="A site, a feed, a sitemap or a listing page.")],
    config: Config = None,
) -> None:
    """Find the feed, sitemap or listing of a site and write its TOML into the configuration.

    Example: rasid sources add https://www.example.com
    """
    _module("running").sources_add(url, config)


incidents_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(incidents_app, name="incidents")


@incidents_app.callback()
def incidents(
    context: typer.Context,
    config: Config = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50,
    json: Json = False,
) -> None:
    """The incidents, the most recently changed first.

    Example: rasid incidents --limit 10
    """
    _module("logs").quiet()
    if context.invoked_subcommand is None:
        _module("commands").incidents(config, limit, json)


@incidents_app.command("show")
def incidents_show(
    incident: Annotated[str, typer.Argument(metavar="ID")], config: Config = None, json: Json = False
) -> None:
    """One incident with its findings, reasons and revisions.

    Example: rasid incidents show inc_k7q2abcdef
    """
    _module("commands").incident(incident, config, json)


deliveries_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
app.add_typer(deliveries_app, name="deliveries")


@deliveries_app.callback()
def deliveries(
    context: typer.Context,
    config: Config = None,
    state: Annotated[str, typer.Option(help="Only held, queued, sent, dead, withheld or parked.")] = "",
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50,
    json: Json = False,
) -> None:
    """What was sent, waits, was withheld or refused, newest first.

    Example: rasid deliveries --state dead
    """
    _module("logs").quiet()
    if context.invoked_subcommand is None:
        _module("commands").deliveries(config, state, limit, json)


@deliveries_app.command("retry")
def deliveries_retry(delivery: Annotated[str, typer.Argument(metavar="ID")], config: Config = None) -> None:
    """Send a dead letter again, with the same id.

    Example: rasid deliveries retry msg_abc
    """
    _module("commands").deliveries_retry(delivery, config)


@deliveries_app.command("resume")
def deliveries_resume(channel: Annotated[str, typer.Argument()], config: Config = None) -> None:
    """Use a channel again that its receiver had refused for good.

    Example: rasid deliveries resume desk
    """
    _module("commands").deliveries_resume(channel, config)


@app.command()
def ack(
    incident: Annotated[str, typer.Argument(metavar="ID")],
    author: Annotated[str, typer.Option(help="Who says so (default: the user name).")] = "",
    config: Config = None,
) -> None:
    """Acknowledge an incident: mere corroboration is no longer sent, material changes still are.

    Example: rasid ack inc_k7q2abcdef
    """
    _module("commands").ack(incident, author, config)


@app.command()
def silence(
    words: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…|list|remove ID")],
    duration: Annotated[str, typer.Option("--for", help="How long: 2h, 1d …")] = "2h",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    author: Annotated[str, typer.Option(help="Who says so (default: the user name).")] = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Be quiet about what matches, until a time; the digest lists it all the same. Also: list, remove ID.

    KEY is incident, group, governorate, district, place, event_type, severity or source; all must match.

    Example: rasid silence governorate=basra event_type=protest --for 6h --reason "known march"
    """
    _module("logs").quiet()
    if words == ["list"]:
        _module("commands").silence_list(config, json)
    elif words[0] == "remove":
        _module("commands").silence_remove(words[1:], config)
    else:
        _module("commands").silence_add(words, duration, reason, author, config)


@app.command()
def verdict(
    incident: Annotated[str, typer.Argument(metavar="ID")],
    what: Annotated[Verdict, typer.Argument(metavar="true|false|duplicate")],
    note: Annotated[str, typer.Option(help="In your words.")] = "",
    author: Annotated[str, typer.Option(help="Who says so (default: the user name).")] = "",
    config: Config = None,
) -> None:
    """Say whether an alert was right.

    Example: rasid verdict inc_k7q2abcdef false --note "a training accident"
    """
    _module("commands").verdict(incident, what, note, author, config)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="All of them must occur; spelling variants are found.")],
    config: Config = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20,
    json: Json = False,
) -> None:
    """Search the archive of reports.

    Example: rasid search سرايا السلام
    """
    _module("logs").quiet()
    _module("commands").search(words, config, limit, json)


@app.command()
def export(
    format: Annotated[Format, typer.Option(help="csv (ACLED-shaped), jsonl, geojson or rss.")] = Format.CSV,
    config: Config = None,
) -> None:
    """The incidents on stdout, for other programs.

    Example: rasid export --format geojson > incidents.geojson
    """
    _module("logs").quiet()
    _module("commands").export(format, config)
