"""docs/formulas.md: every printed formula with its function, its readings and its test.

The table is generated from the docstrings (lines `Formula:` and `Source:`) and from the tests that call the
functions. `python -m hydra.layers.document` writes it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hydra.errors import StopError
from hydra.paths import PROJECT_ROOT

DOCUMENT: Final = PROJECT_ROOT / "docs" / "formulas.md"
TESTS: Final = PROJECT_ROOT / "tests" / "unit"
ROOMS: Final = (
    "hydra/layers",
    "hydra/ledger",
    "hydra/training",
    "hydra/training/labels",
    "hydra/training/splits",
)
_READING: Final = re.compile(r"\bC\d{2,3}\b")


@dataclass(frozen=True, slots=True)
class Formula:
    """One row: `function` is its dotted path, `test` is file::function."""

    function: str
    formula: str
    source: str
    readings: tuple[str, ...]
    test: str


def public_functions(path: Path) -> Iterator[ast.FunctionDef]:
    """The module-level functions of a file whose names do not start with an underscore."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def docstring_line(docstring: str, mark: str) -> str:
    """The text after `mark:` with its indented continuation lines, in one line; empty if absent."""
    found = re.search(rf"^{mark}: (.*(?:\n[ ]{{4}}.*)*)", docstring, flags=re.MULTILINE)
    return " ".join(found.group(1).split()) if found else ""


def printed_formulas() -> list[Formula]:
    """All functions with a `Formula:` line, by file and place.

    Raises:
        StopError: one of them has no source or is called by no unit test.
    """
    called = _calls_by_test()
    rows = []
    for room in ROOMS:
        for path in sorted((PROJECT_ROOT / room).glob("*.py")):
            rows += [_row(path, node, called) for node in public_functions(path) if _is_formula(node)]
    return rows


def _is_formula(node: ast.FunctionDef) -> bool:
    return bool(docstring_line(ast.get_docstring(node) or "", "Formula"))


def _row(path: Path, node: ast.FunctionDef, called: dict[str, str]) -> Formula:
    docstring = ast.get_docstring(node) or ""
    source = docstring_line(docstring, "Source")
    function = ".".join((*path.relative_to(PROJECT_ROOT).with_suffix("").parts, node.name))
    if not source or node.name not in called:
        missing = "a unit test that calls it" if source else "a Source line in its docstring"
        raise StopError(f"{function} is a formula without {missing}; add it")
    readings = tuple(dict.fromkeys(_READING.findall(docstring)))
    return Formula(function, docstring_line(docstring, "Formula"), source, readings, called[node.name])


def _calls_by_test() -> dict[str, str]:
    """Name of a function -> the first unit test of the rules that calls it, directly or by a helper."""
    called: dict[str, str] = {}
    for pattern in (
        "test_layer*.py",
        "test_ledger_*.py",
        "test_positions*.py",
        "test_label*.py",
        "test_splits*.py",
    ):
        for path in sorted(TESTS.glob(pattern)):
            functions = {node.name: set(_called_names(node)) for node in public_functions(path)}
            for test in (name for name in functions if name.startswith("test_")):
                direct = functions[test]
                for name in direct.union(*(functions.get(helper, ()) for helper in direct)):
                    called.setdefault(name, f"tests/unit/{path.name}::{test}")
    return called


def _called_names(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def rendered() -> str:
    """The whole document."""
    lines = [
        "# The formulas",
        "",
        "Every formula of the source documents, and every formula that HYDRA adds, is one function.",
        "Written by `python -m hydra.layers.document` from docstrings and tests.",
        "",
        "| formula | function | source | readings | test |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in printed_formulas():
        cells = (row.formula, f"`{row.function}`", row.source, ", ".join(row.readings), f"`{row.test}`")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def write() -> None:
    """Bring docs/formulas.md up to date."""
    DOCUMENT.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    write()
