"""The exceptions of this package: catch `CrawlerError` to catch them all."""


class CrawlerError(Exception):
    """Something in the running of rasid failed; the message says what, where and what to do."""


class ConfigError(CrawlerError):
    """The configuration is wrong; `problems` lists every fault, one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LockedError(CrawlerError):
    """Another instance holds the store."""
