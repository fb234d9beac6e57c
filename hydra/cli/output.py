"""Everything that a command prints: every string is plain text, escaped where it could act.

A terminal has its own width; files and pipes are wide enough for every table.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import typer
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

from hydra.answers.styled_text import styled
from hydra.outside_text import shown

_WIDTH_ELSEWHERE: Final = 160
_BEFORE_A_UNIT: Final = re.compile(r"(?<=\d) (?=(?:USDT|UTC|bps|min|s|h|d|%)(?!\w))")
_UNBROKEN: Final = "\ue000"
"""Stands for the blank before a unit while a line is wrapped: a private character, in no shown text."""


class TextConsole(Console):
    """A console on which every string is text: no markup, no highlighting, nothing that acts."""

    def render_str(self, text: str, **options: Any) -> Text:
        """`text` shown, in the style and layout of `options`."""
        plain = {"markup": False, "emoji": False, "highlight": False}
        return super().render_str(shown(text), **{**options, **plain})


def output_console() -> TextConsole:
    """Standard output; without a terminal wide enough for every table, and plain."""
    console = TextConsole()
    return console if console.is_terminal else TextConsole(width=max(console.width, _WIDTH_ELSEWHERE))


def error_console() -> TextConsole:
    """Standard error: progress, questions and complaints."""
    return TextConsole(stderr=True)


def progress_bar(console: Console, *columns: ProgressColumn) -> Progress:
    """A bar on a terminal that leaves nothing behind; nothing elsewhere, not even an empty line."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_line(console: Console, line: str | Text) -> None:
    """Print a line; a terminal wraps it between words, below its own indent, and never before a unit."""
    text = styled(line) if isinstance(line, str) else line
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    indent = len(text.plain) - len(text.plain.lstrip())
    for part in _wrapped(console, text[indent:], console.width - indent):
        console.print(Padding(part, (0, 0, 0, indent)))


def _wrapped(console: Console, text: Text, width: int) -> Iterable[Text]:
    text.plain = _BEFORE_A_UNIT.sub(_UNBROKEN, text.plain)
    for part in text.wrap(console, max(width, 1)):
        part.plain = part.plain.replace(_UNBROKEN, " ")
        yield part


def print_whole(line: str) -> None:
    """Print a line that is never wrapped: an address or a path to copy."""
    typer.echo(shown(line))


def print_json(value: object) -> None:
    """Print `value` for machines: strings as they are, in JSON's own escapes."""
    typer.echo(json.dumps(value, indent=2, default=str).replace("\x7f", "\\u007f"))


def print_done(lines: Iterable[str], errors: Iterable[str] = ()) -> None:
    """Tell what is done already; a terminal that is gone or full does not change it."""
    for console, said in ((output_console(), lines), (error_console(), errors)):
        try:
            for line in said:
                print_line(console, line)
            console.file.flush()
        except (OSError, ValueError, SystemExit):
            let_go(console.file)


def let_go(stream: Any) -> None:
    """Let what is left in `stream` go nowhere: Python would complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    except (OSError, ValueError):
        return
    finally:
        os.close(nowhere)


def ask(question: str) -> None:
    """Ask before what cannot be taken back.

    Raises:
        typer.Abort: the answer is no.
    """
    typer.confirm(shown(question), abort=True, err=True)


def open_table(
    words: Sequence[str | Text], numbers: Sequence[str | Text] = (), title: str | None = None
) -> Table:
    """An empty table for 80 columns: words wrap between words, numbers and times are never cut."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.show_edge = table.pad_edge = False
    for heading in words:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
