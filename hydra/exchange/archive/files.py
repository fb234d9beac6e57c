"""One file of history as typed rows for its tables, with what was refused.

known_at follows the table of facts in docs/features.md (C115): a candle is known two seconds after its
close, a settlement after five, a metrics row after a minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import LINE, read_csv, read_parquet
from hydra.exchange.archive.recognition import Layout, Recognised
from hydra.exchange.archive.rules import (
    REASON,
    TIME_TYPE,
    Judged,
    Rule,
    absent,
    epoch_time,
    judge,
    negative,
    number,
    on_grid,
    price_bar,
    unreadable,
)

CANDLE_LAG: Final = timedelta(seconds=2)
FUNDING_LAG: Final = timedelta(seconds=5)
METRICS_LAG: Final = timedelta(seconds=60)
FUNDING_TOLERANCE: Final = timedelta(minutes=5)
METRICS_TOLERANCE: Final = timedelta(seconds=150)
FUNDING_INTERVALS_HOURS: Final = (1, 2, 4, 8)
DEFAULT_FUNDING_HOURS: Final = 8

_KLINE_COLUMNS: Final = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
_BAR_COLUMNS: Final = ("open_time", "open", "high", "low", "close")
_CANDLE_COLUMNS: Final = (*_BAR_COLUMNS, "volume")
_FUNDING_CSV: Final = ("calc_time", "funding_interval_hours", "last_funding_rate")
_FUNDING_PARQUET: Final = ("funding_hour", "funding_time_raw", "funding_rate")
_METRICS_VALUES: Final = {
    "sum_open_interest": "contracts",
    "sum_open_interest_value": "value_usd",
    "count_toptrader_long_short_ratio": "top_account_long_short_ratio",
    "sum_toptrader_long_short_ratio": "top_position_long_short_ratio",
    "count_long_short_ratio": "long_short_ratio",
    "sum_taker_long_short_vol_ratio": "taker_buy_sell_ratio",
}
_METRICS_CSV: Final = ("create_time", "symbol", *_METRICS_VALUES)
_METRICS_PARQUET: Final = ("create_time", *_METRICS_VALUES)


@dataclass(frozen=True)
class ParsedFile:
    """The rows of a file per table of schema market, sorted by time, without instrument_id.

    rejected: line (Int64), reason, raw (the row as JSON text). repeated: rows that stood twice, equal.
    empty: rows that said nothing at all.
    """

    tables: dict[str, pl.DataFrame]
    rejected: pl.DataFrame
    rows_read: int
    repeated: int = 0
    empty: int = 0


def parse_file(file: Recognised, now: datetime) -> ParsedFile:
    """Read and judge one file. `now`: what lies after it is refused as future.

    Raises:
        BadDataError: the file as a whole cannot be read; the message says why and what to do.
    """
    match file.layout:
        case Layout.CANDLES:
            return _candles(file, now)
        case Layout.MARK_PRICES:
            return _mark_prices(file, now)
        case Layout.FUNDING:
            return _funding(file, now)
        case Layout.METRICS:
            return _metrics(file, now)


def _read(file: Recognised, csv: tuple[str, ...], parquet: tuple[str, ...]) -> pl.DataFrame:
    if file.path.suffix == ".parquet":
        return read_parquet(file.path, parquet)
    return read_csv(file.path, csv)


def _instant(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name).cast(TIME_TYPE) if frame.schema[name].is_temporal() else epoch_time(name)


def _candles(file: Recognised, now: datetime) -> ParsedFile:
    raw = _read(file, _KLINE_COLUMNS, _CANDLE_COLUMNS)
    timed = raw.with_columns(_instant(raw, "open_time").alias("time"))
    quantities = [name for name in _KLINE_COLUMNS[7:11] if name in raw.columns]
    rules = (
        *on_grid(file.timeframe_minutes, now),
        *price_bar(),
        unreadable("volume"),
        absent("volume"),
        negative("volume"),
        *(unreadable(name) for name in quantities),
        *(negative(name) for name in quantities),
    )
    judged = judge(timed, rules, tuple(raw.columns[1:]))
    length = timedelta(minutes=file.timeframe_minutes)
    rows = judged.kept.select(
        "time",
        (pl.col("time") + length + CANDLE_LAG).alias("known_at"),
        *(number(name) for name in ("open", "high", "low", "close", "volume")),
        _optional(raw, "quote_volume"),
        _optional(raw, "count").cast(pl.Int32).alias("trade_count"),
        _optional(raw, "taker_buy_volume"),
        _optional(raw, "taker_buy_quote_volume"),
    )
    table = "candles_1m" if file.timeframe_minutes == 1 else "candles_5m_recorded"
    return _parsed(raw, judged, {table: rows})


def _mark_prices(file: Recognised, now: datetime) -> ParsedFile:
    raw = _read(file, _KLINE_COLUMNS, _BAR_COLUMNS)
    timed = raw.with_columns(_instant(raw, "open_time").alias("time"))
    rules = (*on_grid(file.timeframe_minutes, now), *price_bar())
    judged = judge(timed, rules, tuple(raw.columns[1:]))
    length = timedelta(minutes=file.timeframe_minutes)
    rows = judged.kept.select(
        pl.lit(file.timeframe_minutes, pl.Int16).alias("timeframe_minutes"),
        "time",
        (pl.col("time") + length + CANDLE_LAG).alias("known_at"),
        *(number(name) for name in ("open", "high", "low", "close")),
    )
    return _parsed(raw, judged, {"mark_prices": rows})


def _funding(file: Recognised, now: datetime) -> ParsedFile:
    raw = _read(file, _FUNDING_CSV, _FUNDING_PARQUET)
    is_csv = "calc_time" in raw.columns
    rate = "last_funding_rate" if is_csv else "funding_rate"
    settled = _instant(raw, "calc_time" if is_csv else "funding_time_raw")
    timed = raw.with_columns(settled.alias("settled_at")).with_columns(
        pl.col("settled_at").dt.round("1h").alias("time")
    )
    jitter = (pl.col("settled_at") - pl.col("time")).abs()
    rules = (
        Rule("time is not a time", pl.col("time").is_null()),
        Rule("time is more than 5 min off the hour", jitter > FUNDING_TOLERANCE),
        Rule("time lies in the future", pl.col("time") > pl.lit(now, dtype=TIME_TYPE)),
        unreadable(rate),
        absent(rate),
        Rule("a rate of 100 % or more", number(rate).abs() >= 1),
    )
    judged = judge(timed, rules, tuple(raw.columns[1:]))
    hours = pl.col("funding_interval_hours").cast(pl.Int16) if is_csv else funding_intervals()
    rows = judged.kept.select(
        "time",
        (pl.col("time") + FUNDING_LAG).alias("known_at"),
        number(rate).alias("rate"),
        hours.alias("interval_hours"),
        pl.lit(None, pl.Float64).alias("mark_price"),
    )
    return _parsed(raw, judged, {"funding_rates": rows})


def funding_intervals() -> pl.Expr:
    """Hours since the settlement before, on a column `time`, ascending.

    A distance that is no interval of the exchange is a hole: the interval before it goes on to hold; the
    first row takes that of the next.
    """
    hours = pl.col("time").diff().dt.total_hours()
    usual = pl.when(hours.is_in(FUNDING_INTERVALS_HOURS)).then(hours)
    return usual.forward_fill().backward_fill().fill_null(DEFAULT_FUNDING_HOURS).cast(pl.Int16)


def _metrics(file: Recognised, now: datetime) -> ParsedFile:
    raw = _read(file, _METRICS_CSV, _METRICS_PARQUET)
    timed = _snapped(raw)
    values = tuple(_METRICS_VALUES)
    other_symbol = (
        [Rule("symbol is not that of the file name", pl.col("symbol") != file.pair.exchange_symbol)]
        if "symbol" in raw.columns
        else []
    )
    rules = (
        Rule("time is not a time", pl.col("measured_at").is_null()),
        Rule("time is more than 150 s off the 5-minute grid", pl.col("offset") > METRICS_TOLERANCE),
        Rule("time lies in the future", pl.col("time") > pl.lit(now, dtype=TIME_TYPE)),
        *other_symbol,
        *(unreadable(name) for name in values),
        *(negative(name) for name in values),
        Rule("another row lies nearer to this grid point", pl.col("is_farther")),
    )
    judged = judge(timed, rules, tuple(raw.columns[1:]))
    numbers = judged.kept.select(
        "time",
        (pl.col("time") + METRICS_LAG).alias("known_at"),
        *(number(name).alias(column) for name, column in _METRICS_VALUES.items()),
    )
    interest = _not_all_null(numbers.select("time", "known_at", "contracts", "value_usd"))
    positions = _not_all_null(numbers.drop("contracts", "value_usd"))
    said = pl.concat([interest.select("time"), positions.select("time")]).n_unique()
    tables = {"open_interest": interest, "positioning": positions}
    return _parsed(raw, judged, tables, empty=numbers.height - said)


def _snapped(raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with measured_at, its nearest grid point as `time`, and whether another row lies nearer."""
    created = pl.col("create_time")
    measured = (
        created.cast(TIME_TYPE)
        if raw.schema["create_time"].is_temporal()
        else created.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC").cast(TIME_TYPE)
    )
    timed = raw.with_columns(measured.alias("measured_at")).with_columns(
        pl.col("measured_at").dt.round("5m").alias("time")
    )
    offset = (pl.col("measured_at") - pl.col("time")).abs()
    nearest = timed.with_columns(offset.alias("offset"))
    return nearest.with_columns((pl.col("offset") > pl.col("offset").min().over("time")).alias("is_farther"))


def _not_all_null(rows: pl.DataFrame) -> pl.DataFrame:
    values = [name for name in rows.columns if name not in {"time", "known_at"}]
    return rows.filter(pl.any_horizontal(pl.col(values).is_not_null()))


def _optional(raw: pl.DataFrame, name: str) -> pl.Expr:
    return number(name) if name in raw.columns else pl.lit(None, pl.Float64).alias(name)


def _parsed(raw: pl.DataFrame, judged: Judged, tables: dict[str, pl.DataFrame], empty: int = 0) -> ParsedFile:
    return ParsedFile(tables, judged.rejected.select(LINE, REASON, "raw"), raw.height, judged.repeated, empty)
