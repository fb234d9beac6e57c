"""The table of faults in docs/live.md: each fault of the simulated exchange, held by a test that exists."""

import ast
import re
from pathlib import Path

from hydra.sim.exchange.faults import FaultKind

ROOT = Path(__file__).resolve().parents[2]
TITLE = "## Faults of the exchange, and the tests that hold them"


def _rows() -> list[list[str]]:
    section = (ROOT / "docs/live.md").read_text(encoding="utf-8").split(TITLE)[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_kind_of_fault_has_a_row() -> None:
    told = {name for row in _rows() for name in re.findall(r"`([a-z_0-9]+)`", row[0])}
    assert told == {kind.value for kind in FaultKind}


def test_every_row_names_a_test_that_exists() -> None:
    for fault, answer, test in _rows():
        assert answer, fault
        file, _, name = test.strip("`").partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test
