"""The scenario of the whys and reports."""

from collections.abc import Iterator

import psycopg
import pytest

from hydra.answers.report import RunReport, read_report
from tests.support.why_scenario import write_why_scenario


@pytest.fixture
def why_scenario(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


@pytest.fixture
def report(why_scenario: psycopg.Connection) -> RunReport:
    """The report of the run that traded."""
    return read_report(why_scenario, 7)
