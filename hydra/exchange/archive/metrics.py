"""Open interest and positioning, from one file of metrics.

Archive, with this header row; empty cells are served as "":
    create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,...
    2023-11-14 22:15:00,BTCUSDT,1000.5,36018000.0,"","",1.25,0.9
Parquet: the same names. Labels are snapped to the nearest five minutes; a row is stored under the end of its
period, however the file labels periods (see `_labels_are_starts`; C133).
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from hydra.durations import FIVE_MINUTES
from hydra.errors import BadDataError
from hydra.exchange.archive.contents import FAULT, LINE
from hydra.exchange.archive.file_bytes import FileBytes
from hydra.exchange.archive.filename_checks import in_named_period, named_period, of_named_symbol
from hydra.exchange.archive.known_at import known_at
from hydra.exchange.archive.parsed_file import ParsedFile, read_rows
from hydra.exchange.archive.recognition import Recognised
from hydra.exchange.archive.rules import (
    TIME_TYPE,
    Rule,
    not_negative,
    number,
    possible_instant,
    possible_size,
    possible_time,
    split_by_rules,
    unreadable,
    utc_instant,
)

PERIOD: Final = FIVE_MINUTES
LABELS_CHANGED: Final = datetime(2026, 6, 25, tzinfo=UTC)
"""From this day on the archive is reported to label a period by its start; before, by its end."""
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


def parse_metrics(file: Recognised, source: FileBytes, now: datetime) -> ParsedFile:
    """Rows of open_interest and of positioning; a row without any value for a table is left out of it.

    Raises:
        BadDataError: the file as a whole cannot be read, or is not what its name says.
    """
    raw = read_rows(source, ("create_time", "symbol", *_VALUES), ("create_time", *_VALUES), ("symbol",))
    rules = (*of_named_symbol(file, raw), *_time_rules(file, now), *_value_rules(), _nearest())
    columns = [name for name in raw.columns if name not in {LINE, FAULT}]
    labelled = _labelled(raw)
    are_starts, note = _labels_are_starts(file, labelled["label"])
    split = split_by_rules(file.path, _snapped(labelled, are_starts), rules, columns, tuple(_VALUES))
    numbers = split.kept.select(
        "time",
        # Both tables of the file have the same lag.
        known_at("open_interest", pl.col("time"), pl.col("measured_at")),
        *(number(name).alias(column) for name, column in _VALUES.items()),
    )
    interest = _stated(numbers.select("time", "known_at", *_INTEREST))
    positioning = _stated(numbers.drop(_INTEREST))
    stated = pl.concat([interest.select("time"), positioning.select("time")]).n_unique()
    tables = {"open_interest": interest, "positioning": positioning}
    return ParsedFile(tables, split.rejected, raw.height, split.repeated, numbers.height - stated, note)


def _labelled(raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with its own time as `stated_at` and the nearest grid point as `label`."""
    stated = (
        pl.col("create_time").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_zone="UTC")
        if raw.schema["create_time"] == pl.String
        else utc_instant(raw, "create_time")
    )
    timed = raw.with_columns(possible_instant(stated).alias("stated_at"))
    return timed.with_columns(pl.col("stated_at").dt.round("5m").alias("label"))


def _labels_are_starts(file: Recognised, labels: pl.Series) -> tuple[pl.Expr, tuple[str, ...]]:
    """Whether the labels are the starts of their periods, and notes about the choice.

    The file of a day holds the label of one midnight: its own (00:00 to 23:55: starts) or the next one (00:05
    to 00:00: ends). A file of a day that holds neither, and a file of many days, are read by the date.

    Raises:
        BadDataError: the file of a day holds both midnights.
    """
    by_date = pl.col("label") >= pl.lit(LABELS_CHANGED, TIME_TYPE)
    period = named_period(file.path)
    if period is None:
        return by_date, ()
    begins, ends = (bool((labels == midnight).any()) for midnight in period)
    if begins and ends:
        raise BadDataError(
            f"{file.path}: its labels run from midnight to midnight: neither the starts (00:00 to 23:55) nor "
            "the ends (00:05 to 00:00) of the day's periods; remove the row of another day's file"
        )
    if begins or ends:
        return pl.lit(begins), ()
    kind = "starts" if period[0] >= LABELS_CHANGED else "ends"
    return by_date, (
        f"{file.path}: without a label at midnight; by its date its labels are the {kind} of periods",
    )


def _snapped(labelled: pl.DataFrame, are_starts: pl.Expr) -> pl.DataFrame:
    """`labelled` with the end of its period as `time`, and as `measured_at` on the file's own clock.

    distance: from the stated time to the label. is_farther: another row of this label is nearer.
    """
    until_end = pl.when(are_starts).then(PERIOD).otherwise(timedelta(0))
    ended = labelled.with_columns(
        (pl.col("label") + until_end).alias("time"),
        (pl.col("stated_at") + until_end).alias("measured_at"),
        (pl.col("stated_at") - pl.col("label")).abs().alias("distance"),
    )
    return ended.with_columns(
        (pl.col("distance") > pl.col("distance").min().over("time")).alias("is_farther")
    )


def _time_rules(file: Recognised, now: datetime) -> tuple[Rule, ...]:
    return (
        *possible_time(pl.col("time"), now),
        Rule("time is more than 150 s off the 5-minute grid", pl.col("distance") > SNAP),
        *in_named_period(file.path),
    )


def _value_rules() -> tuple[Rule, ...]:
    kinds = (unreadable, not_negative, possible_size)
    return tuple(kind(name) for kind in kinds for name in _VALUES)


def _nearest() -> Rule:
    return Rule("another row lies nearer to this grid point", pl.col("is_farther"))


def _stated(rows: pl.DataFrame) -> pl.DataFrame:
    values = [name for name in rows.columns if name not in {"time", "known_at"}]
    return rows.filter(pl.any_horizontal(pl.col(values).is_not_null()))
