"""Candles and mark-price bars: klines of the exchange's archive, and recorded Parquet.

Archive, without or with this header row (of mark prices only the five first columns mean something):
    open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore
    1700000040000,100.0,102.0,99.0,101.0,10.0,1700000099999,1005.0,7,4.0,402.0,0
Parquet: open_time, open, high, low, close and, for candles, volume.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.exchange.archive.contents import FAULT, LINE
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import in_named_period, of_named_symbol, require_named_interval
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.archive.parsed_file import ParsedFile, read_rows
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    Rule,
    SplitRows,
    not_negative,
    number,
    positive,
    possible_price,
    possible_size,
    possible_time,
    present,
    split_by_rules,
    unreadable,
    utc_instant,
)

_PRICES: Final = ("open", "high", "low", "close")
_CLOSE_TOLERANCE: Final = timedelta(milliseconds=1)
_ARCHIVE_QUANTITIES: Final = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume")
_ARCHIVE_COLUMNS: Final = (
    "open_time", *_PRICES, "volume", "close_time", *_ARCHIVE_QUANTITIES, "ignore"
)  # fmt: skip
_OPTIONAL: Final = ("close_time", *_ARCHIVE_QUANTITIES, "symbol")
_LARGEST_COUNT: Final = 2**31


def parse_candles(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Candles of 1 or 5 minutes. The quantities that the source lacks are null (C128).

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_rows(source, _ARCHIVE_COLUMNS, ("open_time", *_PRICES, "volume"), _OPTIONAL)
    quantities = tuple(name for name in ("volume", *_ARCHIVE_QUANTITIES) if name in raw.columns)
    rules = (*_quantity_rules(quantities), present("volume"), _move_without_trade())
    split = _split_bars(file, raw, now, rules, (*_PRICES, *quantities))
    table = "candles_1m" if file.timeframe_minutes == 1 else "candles_5m_recorded"
    rows = split.kept.select(
        "time",
        _known_at(table, file, raw),
        *(number(name) for name in (*_PRICES, "volume")),
        _optional(raw, "quote_volume"),
        _optional(raw, "count").cast(pl.Int32).alias("trade_count"),
        _optional(raw, "taker_buy_volume"),
        _optional(raw, "taker_buy_quote_volume"),
    )
    return ParsedFile({table: rows}, split.rejected, raw.height, split.repeated, lines=split.kept[LINE])


def parse_mark_prices(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Mark-price bars of a minute or an hour.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_rows(source, _ARCHIVE_COLUMNS, ("open_time", *_PRICES), _OPTIONAL)
    split = _split_bars(file, raw, now, (), _PRICES)
    rows = split.kept.select(
        pl.lit(file.timeframe_minutes, pl.Int16).alias("timeframe_minutes"),
        "time",
        _known_at("mark_prices", file, raw),
        *(number(name) for name in _PRICES),
    )
    lines = split.kept[LINE]
    return ParsedFile({"mark_prices": rows}, split.rejected, raw.height, split.repeated, lines=lines)


def _split_bars(
    file: Recognised, raw: pl.DataFrame, now: datetime, rules: tuple[Rule, ...], values: tuple[str, ...]
) -> SplitRows:
    timed = raw.with_columns(utc_instant(raw, "open_time").alias("time"))
    require_named_interval(file, timed["time"])
    claims = (
        *of_named_symbol(file, raw),
        *_time_rules(file, now),
        *_close_time(file, raw),
        *in_named_period(file.path),
        *_price_rules(),
    )
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    return split_by_rules(file.path, timed, (*claims, *rules), columns, values)


def _time_rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    minutes, time = file.timeframe_minutes, pl.col("time")
    return (
        *possible_time(time + timedelta(minutes=minutes), now),
        Rule(f"time is off the grid of {minutes} min", time != time.dt.truncate(f"{minutes}m")),
    )


def _close_time(file: Recognised, raw: pl.DataFrame) -> tuple[Rule, ...]:
    """The column of close times, where there is one, must say the interval of the name."""
    if "close_time" not in raw.columns:
        return ()
    distance = utc_instant(raw, "close_time") - pl.col("time") - timedelta(minutes=file.timeframe_minutes)
    wrong = (distance > timedelta(0)) | (distance < -_CLOSE_TOLERANCE)
    reason = f"close_time is not the end of a bar of {file.timeframe_minutes} min"
    return (Rule(reason, wrong, contradicts_file=True),)


def _price_rules() -> tuple[Rule, ...]:
    high, low = number("high"), number("low")
    ends = (number("open"), number("close"))
    outside = pl.any_horizontal(*(end > high for end in ends), *(end < low for end in ends))
    return (
        *(unreadable(name) for name in _PRICES),
        *(positive(name) for name in _PRICES),
        *(possible_price(name) for name in _PRICES),
        Rule("high below low", high < low),
        Rule("open or close outside of high and low", outside),
    )


def _quantity_rules(names: tuple[str, ...]) -> tuple[Rule, ...]:
    kinds = (unreadable, not_negative, possible_size)
    rules = [kind(name) for kind in kinds for name in names]
    for part, whole in (("taker_buy_volume", "volume"), ("taker_buy_quote_volume", "quote_volume")):
        if part in names and whole in names:
            rules.append(Rule(f"{part} is above {whole}", number(part) > number(whole)))
    if "count" in names:
        count = number("count")
        rules.append(
            Rule("count is not a whole number", (count != count.floor()) | (count >= _LARGEST_COUNT))
        )
    return tuple(rules)


def _move_without_trade() -> Rule:
    """Klines of mark, index and premium prices look like candles, except that their volume is zero."""
    moved = (number("volume") == 0) & (number("high") > number("low"))
    return Rule("the price moves without volume, as mark prices do", moved, contradicts_file=True)


def _known_at(table: str, file: Recognised, raw: pl.DataFrame) -> pl.Expr:
    """A bar is true at its close; its own stamp is `close_time`, if the file has it."""
    close = pl.col("time") + timedelta(minutes=file.timeframe_minutes)
    stamp = utc_instant(raw, "close_time") if "close_time" in raw.columns else close
    return known_at(table, close, stamp)


def _optional(raw: pl.DataFrame, name: str) -> pl.Expr:
    return number(name) if name in raw.columns else pl.lit(None, pl.Float64).alias(name)
