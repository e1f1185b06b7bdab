"""Which reports are copies of one another: near-duplicate text by MinHash over word shingles.

Agencies' texts are republished with a new headline or a cut last paragraph. Such a copy is no second voice.
Broder, "On the resemblance and containment of documents" (1997); the library is datasketch.
"""

from __future__ import annotations

import numpy
from datasketch import MinHash

from pipelines.text import fold

_PERMUTATIONS = 64
_SHINGLE = 3  # words
COPY = 0.55  # estimated Jaccard similarity from which two texts are one; two own accounts of an event stay below 0.2


def signature(text: str) -> bytes:
    """The MinHash of a text, 256 bytes; empty if it is too short to tell a copy from a coincidence."""
    words = fold(text).split()
    if len(words) < 4 * _SHINGLE:
        return b""
    minhash = MinHash(num_perm=_PERMUTATIONS, seed=1)
    minhash.update_batch(
        " ".join(words[start : start + _SHINGLE]).encode() for start in range(len(words) - _SHINGLE + 1)
    )
    return bytes(minhash.hashvalues.astype(numpy.uint32).tobytes())


def is_copy(first: bytes, second: bytes) -> bool:
    """True if two signatures are of texts that repeat one another almost word for word."""
    if not first or not second:
        return False
    same = numpy.frombuffer(first, numpy.uint32) == numpy.frombuffer(second, numpy.uint32)
    return bool(same.mean() >= COPY)
