"""Where the files that come with rasid are: in the installed package, else at the root of the repository."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "shipped"
_REPOSITORY = Path(__file__).parent.parent


def shipped(name: str) -> Path:
    """The path of "config.toml" or "seeds"."""
    packaged = _PACKAGED / name
    return packaged if packaged.exists() else _REPOSITORY / name
