"""Checks of a file's rows against its name and folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from hydra.errors import BadDataError
from hydra.exchange.archive.recognition import ARCHIVE_DATE, Recognised
from hydra.exchange.archive.rules import EARLIEST, LATEST, TIME_TYPE, Rule

_ENOUGH_DISTANCES: Final = 10
_KLINE_MINUTES: Final = (1, 3, 5, 15, 30, 60, 120, 240, 360, 480, 720, 1440)


def in_named_period(path: Path) -> tuple[Rule, ...]:
    """`time` must lie in the day or month of the file's name; no rule if the name has none.

    Metrics of a day may end at the next midnight, so both ends count.
    """
    period = named_period(path)
    if period is None:
        return ()
    first, end = (pl.lit(moment, TIME_TYPE) for moment in period)
    outside = (pl.col("time") < first) | (pl.col("time") > end)
    return (Rule("time lies outside of the period in the file's name", outside, contradicts_file=True),)


def of_named_symbol(file: Recognised, frame: pl.DataFrame) -> tuple[Rule, ...]:
    """The symbol column, if the file has one, must match the name."""
    if "symbol" not in frame.columns:
        return ()
    other = pl.col("symbol").cast(pl.String) != file.pair.exchange_symbol
    return (Rule("symbol is not that of the file's name", other, contradicts_file=True),)


def require_named_interval(file: Recognised, times: pl.Series) -> None:
    """Bars must be spaced at the interval of the name or folder.

    Raises:
        BadDataError: more than half of the distances between rows are another interval of the exchange.
    """
    minutes = times.drop_nulls().unique().sort().diff().drop_nulls().dt.total_minutes()
    if minutes.len() < _ENOUGH_DISTANCES:
        return
    usual = minutes.value_counts(sort=True).row(0)
    is_other = usual[0] in _KLINE_MINUTES and usual[0] != file.timeframe_minutes
    if is_other and usual[1] * 2 > minutes.len():
        raise BadDataError(
            f"{file.path}: its name or folder says bars of {file.timeframe_minutes} min, its rows are "
            f"{usual[0]} min apart; put it where it belongs or download it again"
        )


def named_period(path: Path) -> tuple[datetime, datetime] | None:
    """The day or month that the file is named after, from its first midnight to the one after its last day.

    Raises:
        BadDataError: the name holds no date of the calendar.
    """
    matched = ARCHIVE_DATE.search(path.stem)
    if matched is None:
        return None
    try:
        first = datetime(int(matched["year"]), int(matched["month"]), int(matched["day"] or 1), tzinfo=UTC)
    except ValueError as error:
        raise BadDataError(f"{path}: {matched[0]} is no date; restore the file's name") from error
    if not EARLIEST.year <= first.year < LATEST.year:
        raise BadDataError(
            f"{path}: {matched[0]} is no date from {EARLIEST.year} to {LATEST.year - 1}; restore its name"
        )
    if matched["day"]:
        return first, first + timedelta(days=1)
    return first, (first + timedelta(days=32)).replace(day=1)
