"""Puts rows of the fact tables into a database, in one transaction a table, as they come."""

from collections.abc import Mapping

import polars as pl
from adbc_driver_manager.dbapi import Connection


def write_rows(connection: Connection, rows: Mapping[str, pl.DataFrame]) -> None:
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
            with connection.cursor() as cursor:
                if table == "gaps":
                    # No other table of facts asks for its instruments, and a made market has none.
                    cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.adbc_ingest(table, frame.to_arrow(), mode="append", db_schema_name="market")
            connection.commit()


def clear_market(connection: Connection) -> None:
    """Remove every fact and every import from schema market."""
    tables = (
        "candles_1m, candles_5m_recorded, funding_rates, open_interest, positioning, liquidations,"
        " order_books, feed_heartbeats, gaps, import_batches"
    )
    with connection.cursor() as cursor:
        for table in tables.split(", "):
            cursor.execute(f"DELETE FROM market.{table.strip()}")  # noqa: S608
    connection.commit()
