"""The tables of the crawler: what is due when, and what has been seen."""

from __future__ import annotations

from pydantic import TypeAdapter
from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from crawler.scheduling import FeedState
from pipelines.archive import UtcDateTime, metadata

STATE = TypeAdapter(FeedState)  # how `feeds.state` is read and written

feeds = Table(
    "feeds",
    metadata,
    Column("url", Text, primary_key=True),
    Column("source", String(64), nullable=False, index=True),
    Column("added", UtcDateTime, nullable=False),
    Column("next_poll", UtcDateTime, nullable=False, index=True),
    Column("state", Text, nullable=False),  # the scheduling.FeedState as JSON: validators, failures, rhythm
)

entries = Table(
    "entries",
    metadata,
    Column("id", String(32), primary_key=True),  # the article's id: one report, whatever its addresses
    Column("source", String(64), nullable=False),
    Column("feed", Text, nullable=False),
    Column("link", Text, nullable=False),
    Column("document", Text, nullable=False),  # the Entry as JSON
    Column("entry_hash", String(64), nullable=False),  # of what the feed says of it: a change means an edit
    Column("first_seen", UtcDateTime, nullable=False),
    Column("first_poll", Boolean, nullable=False),  # there when the feed was first polled: when it came is not known
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_fetch", UtcDateTime, nullable=True),  # None: nothing more to fetch
    Column("leased", Boolean, nullable=False, default=False),  # being fetched now, or when the program was cut off
    Column("problem", Text, nullable=False, default=""),  # why the page could not be had, the last time
)
Index("ix_entries_next_fetch", entries.c.next_fetch)
Index("ix_entries_source_first_seen", entries.c.source, entries.c.first_seen)

host_pauses = Table(  # hosts that asked to be left alone
    "host_pauses",
    metadata,
    Column("host", Text, primary_key=True),  # with its port, if it is named
    Column("until", UtcDateTime, nullable=False),
)

source_health = Table(  # how each source was when last looked at: what changed since is told
    "source_health",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("document", Text, nullable=False),  # the health.Health as JSON
)

daemon = Table(  # one row: what `rasid status` says of the daemon
    "daemon",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("started", UtcDateTime, nullable=False),
    Column("alive", UtcDateTime, nullable=False),
)

clock_marks = Table(  # one row: what was last done by the clock
    "clock_marks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", UtcDateTime, nullable=False),  # the last digest, or the first start
)
