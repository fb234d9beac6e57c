"""A report as the terminal shows it."""

from io import StringIO

from hydra.answers.report import RunReport
from hydra.cli.output import TextConsole
from hydra.cli.report_tables import print_report


def printed(report: RunReport, trades: int = 40, width: int = 160) -> str:
    """The tables of a report, of its trades the newest `trades`."""
    console = TextConsole(file=StringIO(), width=width)
    print_report(console, report, trades)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def words_of(text: str) -> str:
    """Everything that is printed, spaces and line ends single."""
    return " ".join(text.split())
