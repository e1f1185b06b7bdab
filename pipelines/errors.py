"""The exceptions of this package: catch `PipelineError` to catch them all."""


class PipelineError(Exception):
    """Something in the judging or storing of reports failed; the message says what, where and what to do."""


class LexiconError(PipelineError):
    """A lexicon file is wrong: the message lists every fault with file, key path and what to write instead."""


class StoreError(PipelineError):
    """The store cannot be used: not writable, damaged, or of a newer version."""
