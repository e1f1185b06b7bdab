"""Logs go to stderr: one line an event, readable on a terminal, JSON elsewhere if asked for."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, verbose: bool = False, as_json: bool = False) -> None:
    """Set up structlog for rasid and for what its libraries log."""
    level = logging.DEBUG if verbose else logging.INFO
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _drop_empty,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("rasid").setLevel(level)
    # These tell of each request; what matters of it rasid says itself.
    for noisy in ("scrapy", "twisted", "asyncio", "apscheduler", "trafilatura", "htmldate", "justext", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def quiet() -> None:
    """Only what went wrong: for commands whose output is their point."""
    configure()
    logging.getLogger("rasid").setLevel(logging.WARNING)


def _drop_empty(logger: object, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return {key: value for key, value in event.items() if value is not None}
