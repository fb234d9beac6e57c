"""docs/security.md promises nothing that no test attacks."""

import ast
import re
from pathlib import Path

import pytest

from hydra.paths import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)
PROMISES = [
    part for part in re.split(r"\n(?=- \*\*)", TEXT.partition("## What HYDRA does not promise")[0])[1:]
]


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_every_test_that_is_named_exists(file: str, name: str) -> None:
    tree = ast.parse((PROJECT_ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    assert len(PROMISES) > 20
    assert [promise for promise in PROMISES if "::test_" not in promise] == []


def test_its_links_lead_somewhere() -> None:
    for document in (PROJECT_ROOT / "docs" / "security.md", PROJECT_ROOT / "SECURITY.md"):
        for link in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            assert Path(document.parent / link).is_file()
