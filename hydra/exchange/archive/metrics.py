"""Open interest and positioning, from one file of metrics.

Archive, with this header row; empty cells are served as "":
    create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,...
    2023-11-14 22:15:00,BTCUSDT,1000.5,36018000.0,"","",1.25,0.9
Parquet: the same names. Times are snapped to the nearest five minutes.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import FAULT, LINE
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import in_named_period, of_named_symbol
from hydra.exchange.archive.parsed_file import ParsedFile, read_rows
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    TIME_TYPE,
    Rule,
    instant,
    judge,
    not_negative,
    number,
    possible_time,
    unreadable,
)

METRICS_LAG: Final = timedelta(seconds=60)
SNAP: Final = timedelta(seconds=150)

_VALUES: Final = {
    "sum_open_interest": "contracts",
    "sum_open_interest_value": "value_usd",
    "count_toptrader_long_short_ratio": "top_account_long_short_ratio",
    "sum_toptrader_long_short_ratio": "top_position_long_short_ratio",
    "count_long_short_ratio": "long_short_ratio",
    "sum_taker_long_short_vol_ratio": "taker_buy_sell_ratio",
}
_INTEREST: Final = ("contracts", "value_usd")


def metrics(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Rows of open_interest and of positioning; a row without any value of a table is none of it.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_rows(source, ("create_time", "symbol", *_VALUES), ("create_time", *_VALUES), ("symbol",))
    rules = (*of_named_symbol(file, raw), *_time_rules(file, now), *_value_rules(), _nearest())
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    judged = judge(file.path, _snapped(raw), rules, columns, tuple(_VALUES))
    numbers = judged.kept.select(
        "time",
        (pl.col("time") + METRICS_LAG).alias("known_at"),
        *(number(name).alias(column) for name, column in _VALUES.items()),
    )
    interest = _stated(numbers.select("time", "known_at", *_INTEREST))
    positioning = _stated(numbers.drop(_INTEREST))
    stated = pl.concat([interest.select("time"), positioning.select("time")]).n_unique()
    tables = {"open_interest": interest, "positioning": positioning}
    return ParsedFile(tables, judged.rejected, raw.height, judged.repeated, numbers.height - stated)


def _snapped(raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with its nearest grid point as `time`, its distance, and whether another row lies nearer."""
    measured = (
        pl.col("create_time").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC")
        if raw.schema["create_time"] == pl.String
        else instant(raw, "create_time")
    )
    timed = raw.with_columns(measured.cast(TIME_TYPE).alias("measured_at"))
    gridded = timed.with_columns(pl.col("measured_at").dt.round("5m").alias("time"))
    distant = gridded.with_columns((pl.col("measured_at") - pl.col("time")).abs().alias("distance"))
    nearest = pl.col("distance").min().over("time")
    return distant.with_columns((pl.col("distance") > nearest).alias("is_farther"))


def _time_rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    return (
        *possible_time(pl.col("time"), now),
        Rule("time is more than 150 s off the 5-minute grid", pl.col("distance") > SNAP),
        *in_named_period(file.path),
    )


def _value_rules() -> tuple[Rule, ...]:
    return (*(unreadable(name) for name in _VALUES), *(not_negative(name) for name in _VALUES))


def _nearest() -> Rule:
    return Rule("another row lies nearer to this grid point", pl.col("is_farther"))


def _stated(rows: pl.DataFrame) -> pl.DataFrame:
    values = [name for name in rows.columns if name not in {"time", "known_at"}]
    return rows.filter(pl.any_horizontal(pl.col(values).is_not_null()))
