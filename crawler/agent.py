"""Who asks: the name that rasid gives itself to sites."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version


def user_agent(contact: str) -> str:
    """`rasid/<version> (+<contact>)`: who asks, and whom to write to."""
    try:
        number = version("rasid")
    except PackageNotFoundError:  # run from a source tree
        number = "0"
    return f"rasid/{number} (+{re.sub(r'[^!-~]', '', contact)})"
