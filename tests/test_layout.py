"""The house: which package may import which."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "pipelines": {"pipelines"},
    "alerts": {"alerts", "pipelines"},
    "crawler": {"crawler", "alerts", "pipelines"},
}
PACKAGES = set(MAY_IMPORT)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_imports_point_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for name in _imported(path)
        if name.split(".")[0] in (PACKAGES | {"tests"}) - MAY_IMPORT[package]
    ]
    assert wrong == []


def test_the_top_level_holds_what_was_agreed_and_what_tools_require() -> None:
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("no git here")
    agreed = {"pyproject.toml", "README.md", "crawler", "pipelines", "alerts", "tests", "seeds", "config.toml"}
    tools = {"LICENSE", ".gitignore", ".ci", "constraints.txt"}
    assert set(listed) <= agreed | tools


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.append(node.module)
    return names
