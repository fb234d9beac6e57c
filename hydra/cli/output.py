"""The console for answers: a terminal in its own width, files and pipes wide enough for every table."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

_WIDTH_ELSEWHERE: Final = 160


def output_console() -> Console:
    """Standard output; without a terminal wide enough for every table, and plain."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, _WIDTH_ELSEWHERE))


def progress_bar(console: Console, *columns: ProgressColumn) -> Progress:
    """A bar on a terminal that leaves nothing behind; nothing elsewhere, not even an empty line."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_line(console: Console, line: str | Text) -> None:
    """Print a line of rich markup; a terminal wraps it between words and below its own indent."""
    text = Text.from_markup(line) if isinstance(line, str) else line
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    indent = len(text.plain) - len(text.plain.lstrip())
    console.print(Padding(text[indent:], (0, 0, 0, indent)))


def print_plain(console: Console, line: str) -> None:
    """The same without markup: paths and texts of others may contain brackets."""
    print_line(console, Text(line))


def open_table(words: Sequence[str], numbers: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table for 80 columns: words wrap between words, numbers and times are never cut."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.show_edge = table.pad_edge = False
    for heading in words:
        table.add_column(heading)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
