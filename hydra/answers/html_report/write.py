"""Writes the page of a run to a file."""

from pathlib import Path
from typing import Final

import psycopg

from hydra.answers.html_report.evaluation import evaluate
from hydra.answers.html_report.page import page
from hydra.answers.html_report.run_record import read_record
from hydra.errors import StopError

_MOST_PICTURES: Final = 240
"""More trades with candles of their own would make the page too large to send."""


def write_html_report(connection: psycopg.Connection, run_id: int, path: Path) -> None:
    """Write the report of a run, finished or not, as one self-contained HTML page to `path`.

    Raises:
        StopError: there is no such run, or the file cannot be written.
    """
    record = read_record(connection, run_id, _MOST_PICTURES)
    text = page(record, evaluate(record))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StopError(f"the report cannot be written to {path}: {error.strerror}") from None
