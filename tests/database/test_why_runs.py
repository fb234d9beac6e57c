"""`hydra status` lists the runs, the newest first, with how far each has come."""

from datetime import UTC, datetime
from decimal import Decimal

import psycopg

from hydra.answers.run_list import RunSummary, list_runs
from tests.support.why_scenario import write_why_scenario


def test_a_run_is_summed_up_from_its_rows(database_url: str) -> None:
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        write_why_scenario(connection)
        newer, older = list_runs(connection)
        assert list_runs(connection, 1) == [newer]
        connection.rollback()
    assert newer == RunSummary(8, "paper", "recorded", "not ended", None, None, 0, 0, 0)
    until = datetime(2025, 6, 1, 10, 5, tzinfo=UTC)
    assert older == RunSummary(7, "paper", "simulated", "stopped", until, Decimal(10_050), 2, 1, 1)
