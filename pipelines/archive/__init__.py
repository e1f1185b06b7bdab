"""The store: one database holding articles, findings and incidents, and the tables of the other two packages."""

from pipelines.archive.engine import Store, open_store
from pipelines.archive.tables import UtcDateTime, metadata

__all__ = ["Store", "UtcDateTime", "metadata", "open_store"]
