"""docs/formulas.md says what the code says, and no printed formula is missing from it."""

import ast
import importlib
from pathlib import Path

import pytest

from hydra.errors import StopError
from hydra.layers import document
from hydra.paths import PROJECT_ROOT
from hydra.readings import load_readings

ROWS = document.printed_formulas()
PRINTED = ("layers document", "ML document", "README document", "strategy document")
"""A function whose source line names one of these is a printed formula."""


def test_the_document_is_up_to_date() -> None:
    written = document.DOCUMENT.read_text(encoding="utf-8")
    assert written == document.rendered(), "run `python -m hydra.layers.document`"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.function.rpartition(".")[2])
def test_every_row_names_a_function_and_a_test_that_exist(row: document.Formula) -> None:
    module, _, name = row.function.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))
    file, _, test = row.test.partition("::")
    tree = ast.parse((PROJECT_ROOT / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_reading_of_a_formula_is_a_reading() -> None:
    known = {reading.id for reading in load_readings()}
    assert {name for row in ROWS for name in row.readings} <= known


def test_every_function_that_cites_a_printed_document_stands_in_the_table() -> None:
    listed = {row.function for row in ROWS}
    missing = []
    for room in document.ROOMS:
        for path in sorted((PROJECT_ROOT / room).glob("*.py")):
            for node in document.public_functions(path):
                source = document.docstring_line(ast.get_docstring(node) or "", "Source")
                name = ".".join((*path.relative_to(PROJECT_ROOT).with_suffix("").parts, node.name))
                if any(text in source for text in PRINTED) and name not in listed:
                    missing.append(name)
    assert missing == []


def test_the_four_documents_that_print_formulas_are_watched() -> None:
    assert {text for text in PRINTED if any(text in row.source for row in ROWS)} == set(PRINTED)


def test_private_functions_are_no_formulas_and_a_bar_does_not_split_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.py"
    path.write_text("def shown() -> None: ...\n\n\ndef _hidden() -> None: ...\n")
    assert [node.name for node in document.public_functions(path)] == ["shown"]
    row = document.Formula("a.b", "|x| > 1", "source", ("C01", "C02"), "tests/t.py::test")
    monkeypatch.setattr(document, "printed_formulas", lambda: [row])
    assert document.rendered().splitlines()[-1] == (
        r"| \|x\| > 1 | `a.b` | source | C01, C02 | `tests/t.py::test` |"
    )


@pytest.mark.parametrize(
    ("docstring", "missing"),
    [
        ("Formula: 1 + 1\n    Source: layers document.", "a unit test that calls it"),
        ("Formula: 1 + 1", "a Source line in its docstring"),
    ],
)
def test_a_formula_without_source_or_test_stops_the_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docstring: str, missing: str
) -> None:
    room = tmp_path / "hydra" / "layers"
    room.mkdir(parents=True)
    (room / "sums.py").write_text(f'def lonely() -> None:\n    """Two.\n\n    {docstring}\n    """\n')
    monkeypatch.setattr(document, "PROJECT_ROOT", tmp_path)
    with pytest.raises(StopError, match=rf"^hydra\.layers\.sums\.lonely is a formula without {missing}; add"):
        document.printed_formulas()


def test_writing_gives_the_rendered_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "formulas.md")
    document.write()
    assert (tmp_path / "formulas.md").read_text(encoding="utf-8") == document.rendered()


@pytest.mark.parametrize(
    "name",
    [
        "check_data_health",
        "check_volatility",
        "check_cascade",
        "rule_based_regime",
        "decision_matrix",
        "funding_squeeze",
        "liquidation_reversal",
        "oi_divergence",
        "crowding_fade",
        "funding_carry",
        "rule_based_signal_score",
        "should_trade",
        "kelly_size",
        "calculate_size",
        "correlation_penalty",
        "calculate_leverage",
        "calculate_exits",
        "check_kill_switch",
        "funding_payment",
        "isolated_liquidation_price",
    ],
)
def test_the_printed_functions_keep_their_printed_names(name: str) -> None:
    assert name in {row.function.rpartition(".")[2] for row in ROWS}
