"""Every place that prints, prints text: no markup, nothing that acts, in any encoding, units with values."""

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from rich.table import Table

from hydra.answers.styled_text import stacked, styled
from hydra.cli.output import TextConsole, open_table, print_line
from hydra.paths import PROJECT_ROOT
from tests.support.command_line import hydra
from tests.support.outside_texts import ATTACKS, arguments, that_act

PRINTS = PROJECT_ROOT / "hydra" / "cli" / "output.py"
STYLES = PROJECT_ROOT / "hydra" / "answers" / "styled_text.py"
NOT_ELSEWHERE = {
    "Console": "make a TextConsole (hydra.cli.output)",
    "Text": "compose it with styled (hydra.answers.styled_text)",
    "assemble": "compose it with styled (hydra.answers.styled_text)",
    "from_markup": "compose it with styled (hydra.answers.styled_text)",
    "print": "print_line (hydra.cli.output)",
    "echo": "print_line, print_whole or print_json (hydra.cli.output)",
    "secho": "print_line (hydra.cli.output)",
    "confirm": "ask (hydra.cli.output)",
}


def test_nothing_is_printed_but_through_the_one_place_that_escapes() -> None:
    """A call of these elsewhere could print text from outside as markup, or raw."""
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{line}: {name}: {NOT_ELSEWHERE[name]}"
        for room in ("hydra", "workers")
        for path in sorted((PROJECT_ROOT / room).rglob("*.py"))
        if path not in {PRINTS, STYLES}
        for line, name in calls(path)
        if name in NOT_ELSEWHERE
    ]
    assert found == []


def test_no_module_reads_markup() -> None:
    named = [
        str(path.relative_to(PROJECT_ROOT))
        for path in (PROJECT_ROOT / "hydra").rglob("*.py")
        if "rich.markup" in path.read_text(encoding="utf-8")
    ]
    assert named == []


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """The names that a module calls; a console's own `print` is its escaping one."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                yield node.lineno, called.id
            elif isinstance(called, ast.Attribute) and called.attr != "print":
                yield node.lineno, called.attr


def printed(line: object, *, width: int = 80, is_terminal: bool = False) -> str:
    console = TextConsole(file=StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    if isinstance(line, Table):
        console.print(line)
    else:
        print_line(console, line)  # type: ignore[arg-type]  # what it takes
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_markup_stays_text_and_nothing_acts(attack: str, *, is_terminal: bool) -> None:
    for line in (f"why: {attack}", styled("why: ", (attack, "red"))):
        output = printed(line, width=200, is_terminal=is_terminal)
        assert that_act(output) == []
        assert len(output.splitlines()) == 1


def test_markup_is_seen_as_it_was_written() -> None:
    assert printed("it is [/red] and [bold]bold[/bold]") == "it is [/red] and [bold]bold[/bold]\n"


@given(arguments)
def test_a_table_of_any_texts_holds_nothing_that_acts(text: str) -> None:
    table = open_table((text, stacked(text, text)), (), text)
    table.add_row(text, stacked(text, text))
    assert that_act(printed(table)) == []


@settings(max_examples=15)
@given(arguments)
def test_a_complaint_about_the_command_line_repeats_it_escaped(text: str) -> None:
    for call in (
        (text,),
        ("why", "BTC", "--run", f"x{text}"),
        ("kill", f"--x{text}"),
        ("sweep", "a", "b", text),
    ):
        answer = hydra(*call)
        assert answer.status == 2, answer
        assert that_act(answer.out + answer.err) == []


def test_what_an_encoding_cannot_say_is_escaped() -> None:
    answer = hydra("Zürich", encoding="ascii")
    assert (answer.status, "Z\\xfcrich" in answer.err) == (2, True)


@pytest.mark.parametrize("width", range(20, 60))
def test_a_value_and_its_unit_stand_on_one_line(width: int) -> None:
    line = "   net 1,234.50 USDT, spread 0.5 bps, held 42 s (3.5 min, 6.1 h, 12.0 d), +0.0100 % at 10:05 UTC"
    lines = [one.strip() for one in printed(line, width=width, is_terminal=True).splitlines()]
    assert " ".join(lines) == line.strip()
    units = ("USDT", "bps", "s", "min", "h", "d", "%", "UTC")
    assert not [one for one in lines if one.split(",")[0].split()[0].rstrip(",);") in units]


def test_a_wrapped_line_stays_below_its_own_indent() -> None:
    lines = printed("   one two three four five", width=12, is_terminal=True).splitlines()
    assert {len(line) - len(line.lstrip()) for line in lines} == {3}
