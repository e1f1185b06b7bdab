"""`rasid init` and `rasid check`: a configuration is begun, and tried. See cli.py for their options."""

from __future__ import annotations

from pathlib import Path

from alerts.channels import Envelope, open_channels
from alerts.errors import DeliveryError
from alerts.messages import ListMessage
from crawler import config as configs
from crawler import display
from crawler.config import Configuration
from crawler.errors import CrawlerError
from crawler.timing import utc_now


def init(path: Path) -> None:
    """`rasid init`"""
    if path.exists():
        raise CrawlerError(f"{path}: is there already; name another file, or move it away")
    path.write_text((Path(__file__).parent / "init.toml").read_text(encoding="utf-8"), encoding="utf-8")
    display.line(f"{path}: written; set contact and a channel in it, then run `rasid check --send`")


def check(config: Path | None, live: bool, send: bool, json: bool) -> None:
    """`rasid check`"""
    configuration = configs.load(config)
    settings = configuration.settings
    names = [name for name, channel in settings.channels.items() if channel.enabled]
    feeds = sum(len(source.feeds) for source in configuration.sources)
    if json:
        display.json_line(
            kind="config",
            config=str(configuration.path),
            ok=True,
            sources=len(configuration.sources),
            feeds=feeds,
            channels=names,
        )
    else:
        display.line(
            f"{configuration.path}: no errors; {len(configuration.sources)} sources, {feeds} feeds; "
            f"channels: {', '.join(names)}"
        )
        if not settings.contact:
            display.line("contact is empty: `rasid run` will not crawl without it", 2, "yellow")
    failed = send and not _send_test(configuration, json)
    if live:
        configs.require_contact(configuration)
        failed = _try_live(configuration, json) or failed
    if failed:
        raise CrawlerError("not everything works: see above")


def _send_test(configuration: Configuration, json: bool) -> bool:
    """A marked message through each channel; True if every receiver took it."""
    channels = open_channels(configuration.settings.channels, configuration.secrets, echo=display.echo)
    now = utc_now()
    message = ListMessage(
        kind="test",
        subject="rasid: test message",
        first_line="TEST: this channel works. Nothing has happened.",
        first_line_ar="اختبار: هذه القناة تعمل. لم يحدث شيء.",
        sections=(),
        decided=now,
        mark="TEST",
    )
    well = True
    for name, channel in channels.items():
        for number, recipient in enumerate(channel.settings.recipients):
            envelope = Envelope(f"msg_test_{now:%Y%m%d%H%M%S}_{number}", recipient, now)
            try:
                channel.send(message, envelope)
                problem = ""
            except DeliveryError as error:
                problem, well = str(error), False
            if json:
                display.json_line(kind="send", channel=name, recipient=recipient, ok=not problem, problem=problem)
            else:
                display.line(f"{name} {recipient}: {problem or 'sent'}", 2, "red" if problem else "green")
    return well


def _try_live(configuration: Configuration, json: bool) -> bool:
    """Each feed polled once; True if one that counts does not work."""
    from crawler.loop import run  # with all that crawling needs, which a check of the file alone does without
    from crawler.trying import try_feeds

    tried = run(lambda: try_feeds(configuration, configuration.sources))
    display.print_tried(tried, json)
    return any(one.problem and not one.probation for one in tried)
