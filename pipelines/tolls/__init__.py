"""How many were killed and injured, as one sentence says it, in Arabic, English, Persian and Sorani.

A sentence about victims says what befell them ("killed"), who they were ("a policeman and his son", «شرطيان»), and by
the order of its words who belongs to what: an Arabic verb or a gerund stands before its victims, a passive or a Persian
verb behind them, a noun such as «قتيلان» tells its own number. So a sentence is read in three steps: `words` (what each
word can be; the words themselves stand in `words.toml`), `people` (counted people), `fates` (who belongs to what).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.tolls.fates import sentence_of, suffered
from pipelines.tolls.words import read


@dataclass(frozen=True, slots=True)
class Toll:
    """The numbers a sentence gives; None where it gives none."""

    killed: int | None = None
    injured: int | None = None


def toll(text: str) -> Toll:
    """The highest numbers of killed and injured a sentence gives."""
    sentence = sentence_of(read(text))
    return Toll(suffered(sentence, "killed"), suffered(sentence, "injured"))


def victims(text: str) -> int | None:
    """The highest number of victims ("10 ضحايا", "10 casualties"): dead and injured together, where no more is said."""
    return suffered(sentence_of(read(text)), "victims")
