"""Settled funding.

Archive, by month, with this header row:
    calc_time,funding_interval_hours,last_funding_rate
    1700006400002,8,0.00010000
Parquet: funding_time_raw, funding_rate. Times carry a jitter of milliseconds; they are stored on the hour.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import FAULT, LINE
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import in_named_period, of_named_symbol
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.archive.parsed_file import ParsedFile, read_rows
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    Rule,
    number,
    possible_time,
    present,
    split_by_rules,
    unreadable,
    utc_instant,
)

JITTER: Final = timedelta(minutes=5)
INTERVALS_HOURS: Final = (1, 2, 4, 8)
DEFAULT_HOURS: Final = 8

_STATED_HOURS: Final = "funding_interval_hours"
_ARCHIVE_COLUMNS: Final = ("calc_time", _STATED_HOURS, "last_funding_rate")
_PARQUET_COLUMNS: Final = ("funding_time_raw", "funding_rate")


def parse_funding_rates(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Settlements on the hour, each with the hours since the one before.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_rows(source, _ARCHIVE_COLUMNS, _PARQUET_COLUMNS, (_STATED_HOURS, "symbol"))
    is_archive = "calc_time" in raw.columns
    rate = "last_funding_rate" if is_archive else "funding_rate"
    settled = utc_instant(raw, "calc_time" if is_archive else "funding_time_raw")
    timed = raw.with_columns(settled.alias("settled_at"), settled.dt.round("1h").alias("time"))
    rules = (*of_named_symbol(file, raw), *_time_rules(file, now), *_rate_rules(rate), *_hours_rules(raw))
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    split = split_by_rules(file.path, timed, rules, columns, (rate,))
    rows = split.kept.select(
        "time",
        known_at("funding_rates", pl.col("time"), pl.col("settled_at")),
        number(rate).alias("rate"),
        _interval_hours(raw),
        pl.lit(None, pl.Float64).alias("mark_price"),
    )
    return ParsedFile({"funding_rates": rows}, split.rejected, raw.height, split.repeated)


def hours_between() -> pl.Expr:
    """Hours since the settlement before, on a column `time`, ascending.

    A hole is not an interval: a distance that the exchange does not use, or one longer than both neighbours.
    It takes the interval before it; the first row takes that of the next.
    """
    hours = pl.col("time").diff().dt.total_hours()
    longer_than_before = (hours > hours.shift(1)).fill_null(value=False)
    longer_than_next = (hours > hours.shift(-1)).fill_null(value=True)
    is_interval = hours.is_in(INTERVALS_HOURS) & ~(longer_than_before & longer_than_next)
    usual = pl.when(is_interval).then(hours)
    return usual.forward_fill().backward_fill().fill_null(DEFAULT_HOURS).cast(pl.Int16)


def _interval_hours(raw: pl.DataFrame) -> pl.Expr:
    if _STATED_HOURS not in raw.columns:
        return hours_between().alias("interval_hours")
    stated = number(_STATED_HOURS).cast(pl.Int16)
    return pl.coalesce(stated, hours_between()).alias("interval_hours")


def _time_rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    jitter = (pl.col("settled_at") - pl.col("time")).abs()
    return (
        *possible_time(pl.col("time"), now),
        Rule("time is more than 5 min off the hour", jitter > JITTER),
        *in_named_period(file.path),
    )


def _rate_rules(rate: str) -> tuple[Rule, ...]:
    return (unreadable(rate), present(rate), Rule("a rate of 100 % or more", number(rate).abs() >= 1))


def _hours_rules(raw: pl.DataFrame) -> tuple[Rule, ...]:
    if _STATED_HOURS not in raw.columns:
        return ()
    unknown = ~number(_STATED_HOURS).is_in([float(hours) for hours in INTERVALS_HOURS])
    return (unreadable(_STATED_HOURS), Rule(f"{_STATED_HOURS} is not 1, 2, 4 or 8", unknown))
