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
    config = {"settings": {}, "instrument_ids": [1, 2, 3]}
    version = ("abc", "d", "f", "1")
    assert newer == RunSummary(
        8, "paper", "recorded", "not ended", False, None, None, 0, 0, [], config, [], *version, 1
    )
    until = datetime(2025, 6, 1, 10, 5, tzinfo=UTC)
    assert older == RunSummary(
        7,
        "paper",
        "simulated",
        "stopped",
        None,
        until,
        Decimal(10_050),
        2,
        1,
        ["SOL"],
        config,
        [],
        *version,
        1,
    )


def test_a_run_lists_what_is_not_the_default(database_url: str) -> None:
    with psycopg.connect(database_url, options="-c timezone=UTC") as connection:
        write_why_scenario(connection)
        connection.execute(
            """
            UPDATE hydra.runs SET
                config = config || '{"settings": {"max_positions": 3}, "stress": ["fees_x2"]}'
            WHERE run_id = 7
            """
        )
        newer, older = list_runs(connection)
        connection.rollback()
    assert newer.overrides == []
    assert [one.assignment for one in older.overrides] == ["MAX_POSITIONS=3", "stress fees_x2"]
