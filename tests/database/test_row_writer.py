"""Rows name their columns: what a table lacks is refused, what only some rows name is null in the others."""

from collections.abc import Iterator

import psycopg
import pytest

from hydra.errors import StopError
from hydra.trading.row_writer import insert_row, insert_rows, update_rows

RUN = {
    "mode": "paper", "market_origin": "generated", "label": "simulated", "feeds": [], "config": {},
    "config_hash": "", "readings_hash": "", "feature_set_version": "", "cost_model_version": "",
    "code_version": "",
}  # fmt: skip


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        yield opened
        opened.rollback()


def test_rows_go_in_by_the_columns_that_they_name_and_give_back_their_keys(
    connection: psycopg.Connection,
) -> None:
    keys = insert_rows(connection, "runs", [RUN, {**RUN, "seed": 7}], ("seed", "run_id"))
    assert [key[0] for key in keys] == [None, 7]
    seeds = connection.execute("SELECT seed FROM hydra.runs ORDER BY run_id").fetchall()
    assert seeds == [(None,), (7,)]


def test_a_column_that_the_table_does_not_have_is_refused(connection: psycopg.Connection) -> None:
    for write in (insert_rows, update_rows):
        with pytest.raises(StopError, match=r"hydra.runs has no column colour, wind: run `hydra db up`"):
            write(connection, "runs", [RUN, {**RUN, "wind": 1, "colour": 2}])


def test_an_update_changes_the_rows_of_its_keys_and_no_others(connection: psycopg.Connection) -> None:
    keys = insert_rows(connection, "runs", [{**RUN, "seed": 1}, {**RUN, "seed": 2}], ("run_id",))
    update_rows(connection, "runs", [{**RUN, "run_id": keys[1][0], "seed": 9, "end_reason": "done"}])
    rows = connection.execute("SELECT seed, end_reason FROM hydra.runs ORDER BY run_id").fetchall()
    assert rows == [(1, None), (2, "done")], "the seed of a run is written once"


def test_an_infinite_number_of_a_single_row_stays_infinite(connection: psycopg.Connection) -> None:
    (key,) = insert_rows(connection, "runs", [RUN], ("run_id",))
    money = ("cash_usd", "unrealised_usd", "equity_usd", "day_peak_usd", "peak_usd", "exposure_usd")
    row = {"run_id": key[0], "time": "2025-06-01 00:00Z", **dict.fromkeys(money, 0)}
    insert_row(connection, "equity", {**row, "portfolio_heat": float("inf")})
    assert connection.execute("SELECT portfolio_heat FROM hydra.equity").fetchall() == [(float("inf"),)]
