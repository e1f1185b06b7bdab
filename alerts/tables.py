"""The tables of this package, on the one MetaData of the store. Times are stored in UTC.

A row of `deliveries` is one decision about one message to one recipient: told, to be told, held, withheld or refused.
What it tells stands in `messages`, so that a retry days later tells exactly what was decided.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, Integer, String, Table, Text, UniqueConstraint

from pipelines.archive import UtcDateTime, metadata

messages = Table(
    "messages",
    metadata,
    Column("incident", String(80), primary_key=True),  # id of the incident, or `digest-…`, `notice-…`, `summary-…`
    Column("revision", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),  # incident, digest, summary, notice, test
    Column("decided", UtcDateTime, nullable=False),
    Column("document", Text, nullable=False),  # the Incident, or the list message, as JSON
)

threads = Table(
    "threads",
    metadata,
    Column("incident", String(80), primary_key=True),
    Column("subject", Text, nullable=False),  # frozen: mail programs split a thread when its subject changes
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),  # webhook-id, and the left side of the Message-ID
    Column("incident", String(80), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("recipient", String(320), nullable=False),  # an address; empty where the channel is one receiver
    Column("kind", String(16), nullable=False),
    Column("change", String(16), nullable=False),  # new, update, corroborated, retracted; empty but for incidents
    Column("changes", Text, nullable=False),  # JSON: what is new to this recipient
    Column("state", String(16), nullable=False),  # held, queued, sending, sent, dead, withheld, parked
    Column("reason", Text, nullable=False),  # why held, withheld, dead or parked; for queued the last failure
    Column("gather", String(16), nullable=False),  # quiet, flood: to be told in one summary; told: it was
    Column("decided", UtcDateTime, nullable=False),
    Column("scheduled", UtcDateTime, nullable=False),  # when `due` was set: a row from the future means the clock fell
    Column("due", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("poison", Integer, nullable=False, default=0),  # attempts that broke our own code
    Column("ambiguous", Integer, nullable=False, default=0),  # attempts that may have been taken all the same
    Column("minimal", Boolean, nullable=False, default=False),  # the full form was refused: send the short one
    Column("lease", String(32), nullable=False, default=""),  # of the dispatcher that is sending it
    Column("receipt", Text, nullable=False, default=""),  # what the receiver calls it (Slack: ts)
    Column("sent", UtcDateTime, nullable=True),
    UniqueConstraint("incident", "revision", "channel", "recipient"),
    ForeignKeyConstraint(["incident", "revision"], ["messages.incident", "messages.revision"]),
)
Index("ix_deliveries_channel_state_due", deliveries.c.channel, deliveries.c.state, deliveries.c.due)
Index("ix_deliveries_state_decided", deliveries.c.state, deliveries.c.decided)

channel_states = Table(
    "channel_states",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("off", Boolean, nullable=False),  # refused for good by its receiver
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row; a success sets it to 0
    Column("closed_until", UtcDateTime, nullable=True),  # circuit breaker or Retry-After: nothing is sent before
)

silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("matchers", Text, nullable=False),  # JSON object: field → value
    Column("starts", UtcDateTime, nullable=False),
    Column("ends", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("incident", String(80), primary_key=True),
    Column("author", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

verdicts = Table(  # what people say of an incident: true, false, duplicate
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident", String(80), nullable=False, index=True),
    Column("verdict", String(16), nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

notices = Table(  # one row per subject of ops notices: how often it was reported, to limit the rate
    "notices",
    metadata,
    Column("key", String(120), primary_key=True),
    Column("last", UtcDateTime, nullable=False),
    Column("suppressed", Integer, nullable=False),
)
