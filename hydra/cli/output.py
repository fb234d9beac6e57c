"""Where the answers go: the terminal in its own width, files and pipes in a width that cuts nothing."""

from typing import Final

from rich.console import Console

_WIDTH_ELSEWHERE: Final = 160


def output_console() -> Console:
    """Standard output; without a terminal wide enough for every table, and plain."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, _WIDTH_ELSEWHERE))
