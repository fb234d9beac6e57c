"""Reads what the page shows of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from hydra.answers.html_report.trades import Trade, trades_of
from hydra.answers.report import RunReport, read_report
from hydra.answers.run_choice import rows_of
from hydra.settings import Settings

_OVERVIEW_CANDLES: Final = 180
_TRADE_CANDLES: Final = 60
_LEAST_ROOM: Final = timedelta(minutes=20)
_BAR_MINUTES: Final = (1, 2, 3, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 4320, 10080)

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class EquityMinutes:
    """Columns of the equity of a run, one entry a booked minute: USDT, a fraction, USDT."""

    times: Sequence[datetime]
    equity_usd: NDArray[np.float64]
    drawdown: NDArray[np.float64]
    exposure_usd: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices of one bar; `time` is its opening."""

    time: datetime
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True)
class CandleChart:
    """Candles of `minutes` minutes from `start` to `end`."""

    start: datetime
    end: datetime
    minutes: int
    candles: Sequence[Candle]


@dataclass(frozen=True, slots=True)
class PairRecord:
    """One pair of the run: its candles over the whole period, and around each trade that gets a picture."""

    base: str
    overview: CandleChart | None
    trades: Sequence[Trade]
    pictures: Mapping[int, CandleChart]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything that the page shows of a run beside the judgement of it.

    changed_settings: (name, value, default) of the settings that are not as HYDRA delivers them.
    """

    report: RunReport
    period: Period | None
    data_hash: str | None
    runs_on_this_market: int
    changed_settings: Sequence[tuple[str, str, str]]
    pairs: Sequence[PairRecord]
    trades: Sequence[Trade]
    equity: EquityMinutes
    maker_fees_usd: Decimal
    taker_fees_usd: Decimal


def read_record(connection: psycopg.Connection, run_id: int, most_pictures: int) -> RunRecord:
    """Read a run, finished or not. most_pictures: how many trades get candles of their own.

    Raises:
        StopError: there is no such run.
    """
    report = read_report(connection, run_id)
    (facts,) = rows_of(connection, "report/page_facts", run_id=run_id)
    trades = trades_of(rows_of(connection, "report/page_trades", run_id=run_id))
    fees = {row["is_maker"]: row["fees_usd"] for row in rows_of(connection, "report/fees", run_id=run_id)}
    period = period_of(report)
    drawn = pictured(trades, most_pictures)
    return RunRecord(
        report=report,
        period=period,
        data_hash=facts["data_hash"],
        runs_on_this_market=facts["runs_on_this_market"],
        changed_settings=changed_settings(facts["config"].get("settings", {})),
        pairs=[
            PairRecord(
                base=base,
                overview=None
                if period is None
                else _chart(connection, instrument_id, period, _OVERVIEW_CANDLES),
                trades=[trade for trade in trades if trade.instrument_id == instrument_id],
                pictures={
                    trade.number: _chart(connection, instrument_id, around(trade, period), _TRADE_CANDLES)
                    for trade in drawn
                    if trade.instrument_id == instrument_id
                },
            )
            for base, instrument_id in zip(facts["pairs"], facts["instrument_ids"], strict=True)
        ],
        trades=trades,
        equity=_equity(connection, run_id),
        maker_fees_usd=fees.get(True, Decimal(0)),
        taker_fees_usd=fees.get(False, Decimal(0)),
    )


def changed_settings(recorded: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Recorded settings that differ from the defaults of this code: (KEY, value, default)."""
    fields = Settings.model_fields
    defaults = {name: field.get_default() for name, field in fields.items()}
    plain = {name: getattr(value, "value", value) for name, value in defaults.items()}
    return [
        (name.upper(), str(value), str(plain[name]) if name in plain else "not a setting any more")
        for name, value in sorted(recorded.items())
        if name not in plain or plain[name] != value
    ]


def pictured(trades: Sequence[Trade], most: int) -> list[Trade]:
    """The trades that get a picture: all, or the `most` with the largest results, won or lost."""
    return sorted(trades, key=lambda trade: (-abs(trade.net_usd), trade.number))[:most]


def bar_minutes(span: timedelta, most: int) -> int:
    """The shortest bar of which at most `most` cover the span."""
    minutes = span / timedelta(minutes=1)
    return next((bar for bar in _BAR_MINUTES if minutes / bar <= most), _BAR_MINUTES[-1])


def _equity(connection: psycopg.Connection, run_id: int) -> EquityMinutes:
    rows = rows_of(connection, "report/equity_minutes", run_id=run_id)
    columns = {
        name: np.array([row[name] for row in rows], dtype=np.float64)
        for name in ("equity_usd", "drawdown", "exposure_usd")
    }
    return EquityMinutes([row["time"] for row in rows], **columns)


def period_of(report: RunReport) -> Period | None:
    """The decided stretch of time, to the last close if that is later; None as long as nothing is decided."""
    facts = report.facts
    start = facts["data_from"] or facts["first_minute"]
    ends = [facts["last_minute"] or facts["data_to"], *(trade["closed_time"] for trade in report.trades)]
    end = max((time for time in ends if time is not None), default=None)
    return None if start is None or end is None or end <= start else (start, end)


def around(trade: Trade, period: Period | None) -> Period:
    """The life of a trade, an open one's to the end of the period, with a third of it on both sides.

    On both sides there are at least `_LEAST_ROOM`.
    """
    end = trade.closed_time or (period[1] if period else trade.opened_time)
    room = max((end - trade.opened_time) / 3, _LEAST_ROOM)
    return trade.opened_time - room, end + room


def _chart(connection: psycopg.Connection, instrument_id: int, period: Period, most: int) -> CandleChart:
    start, end = period
    minutes = bar_minutes(end - start, most)
    rows = rows_of(
        connection, "report/candles", instrument_id=instrument_id, start=start, end=end, minutes=minutes
    )
    return CandleChart(start, end, minutes, [Candle(**row) for row in rows])
