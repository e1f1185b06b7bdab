"""Which reports are copies of one another: shared shingles of words.

Agencies' texts are republished with a new headline or without their last paragraph. Such a copy is no second voice.
Broder, "On the resemblance and containment of documents" (1997). Containment, not resemblance, because a cut copy is a
copy; exact sets, not MinHash, because the texts of one incident are few and short.
"""

from __future__ import annotations

from array import array
from zlib import crc32

from pipelines.text import fold

_SHINGLE = 3  # words
_FEWEST = 10  # shingles; below that a repetition may be chance
_MOST = 2_000  # shingles kept of a text
COPY = 0.6  # share of the shorter text found in the longer from which it is a copy; own accounts stay below a fifth


def signature(text: str) -> bytes:
    """The shingles of a text, 4 bytes each; empty if it is too short to tell a copy from chance."""
    words = fold(text).split()
    starts = range(min(len(words) - _SHINGLE + 1, _MOST))
    shingles = {crc32(" ".join(words[start : start + _SHINGLE]).encode()) for start in starts}
    return array("I", sorted(shingles)).tobytes() if len(shingles) >= _FEWEST else b""


def is_copy(first: bytes, second: bytes) -> bool:
    """True if most of the shorter text stands word for word in the longer one."""
    one, other = set(array("I", first)), set(array("I", second))
    if not one or not other:
        return False
    return len(one & other) / min(len(one), len(other)) >= COPY
