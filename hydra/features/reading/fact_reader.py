"""What became known between two instants, input by input, out of the database.

Source: DESIGN, law 3; features.md section 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from adbc_driver_manager.dbapi import Connection

from hydra.db.arrow import read_frame


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the features.

    query: the file in sql/ that reads it. anchor: whose warm-up it is read with.
    key: what tells two of its rows apart within one instrument, `time` first.
    latest: where two reads give the same key, the row with the larger value of this column is the fact;
    None where a fact has one row and is written once.
    """

    query: str
    anchor: str
    key: tuple[str, ...] = ("time",)
    latest: str | None = None


INPUTS: Final[dict[str, Input]] = {
    "candles_1m": Input("reads/candles_1m", "candles_1m"),
    "candles_5m_recorded": Input("reads/candles_5m_recorded", "candles_5m"),
    "funding_rates": Input("reads/funding_rates", "funding_rates"),
    "open_interest_5m": Input("reads/open_interest_5m", "open_interest_5m", latest="measured_at"),
    "positioning": Input("reads/positioning", "positioning"),
    "liquidations": Input("reads/liquidations", "liquidations", key=("time", "side", "price", "quantity")),
    "order_book_tops": Input("reads/order_book_tops", "order_book_tops"),
    "heartbeats": Input("reads/heartbeats", "heartbeats", key=("time", "feed")),
}


def read_known(
    connection: Connection,
    instrument_ids: Sequence[int],
    starts: Mapping[str, datetime],
    known_after: datetime,
    as_of: datetime,
    inputs: Mapping[str, Input] = INPUTS,
) -> dict[str, pl.DataFrame]:
    """For every one of `inputs` the rows with known_after < known_at <= as_of, not earlier than its start.

    starts: earliest time per input, as `anchor` gives it. Each frame is sorted by pair and key.
    """
    ids = list(instrument_ids)
    return {
        name: read_frame(connection, source.query, (ids, starts[source.anchor], known_after, as_of))
        for name, source in inputs.items()
    }


def read_whole_buckets(
    connection: Connection, instrument_ids: Sequence[int], start: datetime, as_of: datetime
) -> pl.DataFrame:
    """The five-minute buckets of the rollup that were whole at `as_of`, not earlier than `start`."""
    return read_frame(connection, "reads/candles_5m_whole", (list(instrument_ids), start, as_of))


def count_imports(connection: Connection) -> int:
    """How many imports the database has seen; each brings facts whose known_at lies in the past."""
    return int(read_frame(connection, "reads/import_count", ()).item())
