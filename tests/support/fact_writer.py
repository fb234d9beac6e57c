"""Puts rows of the fact tables into a database, in one transaction a table, as they come."""

from collections.abc import Mapping

import polars as pl
from adbc_driver_manager import StatementOptions

from hydra.db.arrow_connection import ArrowConnection


def write_rows(connection: ArrowConnection, rows: Mapping[str, pl.DataFrame]) -> None:
    """Append the rows of each table of schema market. Gaps are known when they end, their `time`."""
    for table, rows_of_table in rows.items():
        frame = rows_of_table
        if table == "gaps":
            frame = (
                frame.rename({"time": "gap_end"})
                .drop("known_at")
                .with_columns(missing_rows=pl.lit(0, dtype=pl.Int64()))
            )
        if not frame.is_empty():
            if table == "gaps":
                # No other table of facts asks for its instruments, and a made market has none.
                connection.execute("SET LOCAL session_replication_role = replica")
            append_rows(connection, table, frame)
            connection.commit()


def append_rows(connection: ArrowConnection, table: str, frame: pl.DataFrame) -> None:
    """Append rows to a table of schema market, in the transaction of the connection."""
    with connection.statement() as statement:
        statement.set_options(
            **{
                StatementOptions.INGEST_TARGET_TABLE.value: table,
                StatementOptions.INGEST_TARGET_DB_SCHEMA.value: "market",
                StatementOptions.INGEST_MODE.value: "adbc.ingest.mode.append",
            }
        )
        statement.bind_stream(frame.to_arrow())
        statement.execute_update()


def clear_market(connection: ArrowConnection) -> None:
    """Remove every fact and every import from schema market."""
    tables = (
        "candles_1m, candles_5m_recorded, funding_rates, open_interest, positioning, liquidations,"
        " order_books, feed_heartbeats, gaps, import_batches"
    )
    for table in tables.split(", "):
        connection.execute(f"DELETE FROM market.{table.strip()}")  # noqa: S608
    connection.commit()
