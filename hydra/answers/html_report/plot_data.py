"""The data of the page's plots and trade table: read from the rows, packed into one string."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import psycopg

from hydra.answers.html_report.equity_bars import EquityBars, read_equity_bars
from hydra.answers.html_report.market_bars import MarketBars, read_market_bars
from hydra.answers.html_report.time_grid import TimeGrid
from hydra.answers.report import RunReport
from hydra.answers.run_choice import Row
from hydra.answers.trade_table import TRADE_COLUMNS, page_rows
from hydra.arrays import Floats
from hydra.durations import MINUTE

Period = tuple[datetime, datetime]

# These limits keep a page under 1.5 MB: a bar takes about 30 bytes of it, a trade about 60.
_MOST_BARS: Final = 12_000
_MOST_BARS_A_PAIR: Final = 3_000
_MOST_WINDOWS: Final = 80
_WINDOW_BARS: Final = 100
OPENING_TRADES: Final = 6_000

_LEAST_ROOM: Final = 20 * MINUTE
_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class PlotData:
    """The bars of the whole period and, in finer bars, of the stretches around single trades (by number).

    period: None as long as nothing is decided; then there are no bars.
    """

    period: Period | None
    equity: EquityBars | None
    pairs: Mapping[str, MarketBars]
    windows: Mapping[int, MarketBars]

    @property
    def has_equity(self) -> bool:
        """Whether a minute was booked."""
        return self.equity is not None and not bool(np.isnan(self.equity.equity_usd).all())


def read_plot_data(connection: psycopg.Connection, report: RunReport) -> PlotData:
    """The bars behind the plots of a run."""
    period, facts = period_of(report), report.facts
    if period is None:
        return PlotData(None, None, {}, {})
    instruments = dict(zip(facts["pairs"], facts["instrument_ids"], strict=True))
    most = min(_MOST_BARS // max(len(instruments), 1), _MOST_BARS_A_PAIR)
    grid = TimeGrid.over(*period, most)
    pairs = {base: read_market_bars(connection, number, grid) for base, number in instruments.items()}
    closes = {base: np.array(bars.columns["close"], np.float64) for base, bars in pairs.items()}
    windows = {
        trade["number"]: read_market_bars(connection, instruments[trade["base"]], window)
        for trade, window in windows_of(report.trades, period, grid, instruments)
    }
    return PlotData(period, read_equity_bars(connection, facts["run_id"], grid, closes), pairs, windows)


def period_of(report: RunReport) -> Period | None:
    """From the first decided minute to the last, or to the last close if that is later; None before any."""
    facts = report.facts
    start = facts["data_from"] or facts["first_minute"]
    ends = [facts["last_minute"] or facts["data_to"], *(trade["closed_time"] for trade in report.trades)]
    end = max((time for time in ends if time is not None), default=None)
    return None if start is None or end is None or end <= start else (start, end)


def windows_of(
    trades: Sequence[Row], period: Period, grid: TimeGrid, bases: Iterable[str]
) -> Iterable[tuple[Row, TimeGrid]]:
    """The trades that get finer bars than `grid`: those with the largest results, won or lost."""
    known = set(bases)
    largest = sorted(trades, key=lambda trade: (-abs(trade["net_pnl_usd"]), trade["number"]))
    for trade in largest[:_MOST_WINDOWS]:
        window = TimeGrid.over(*around(trade, period), _WINDOW_BARS)
        if trade["base"] in known and window.minutes < grid.minutes:
            yield trade, window


def around(trade: Row, period: Period) -> Period:
    """The lifetime of a trade (of an open one, to the end of the period) and a third of it before and after.

    The margins are at least 20 minutes each.
    """
    start, end = trade["opened_time"], trade["closed_time"] or period[1]
    room = max((end - start) / 3, _LEAST_ROOM)
    return start - room, end + room


def opening_pair(trades: Sequence[Row], bases: Sequence[str]) -> str:
    """The pair that the page shows first: the one with the most trades, else the first."""
    counts = [sum(trade["base"] == base for trade in trades) for base in bases]
    return bases[counts.index(max(counts))] if bases else ""


def packed(report: RunReport, data: PlotData) -> str:
    """The input of the page's script: JSON, deflated, in base64 (which needs no escaping in HTML)."""
    text = json.dumps(page_json(report, data), separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def page_json(report: RunReport, data: PlotData) -> dict[str, Any]:
    """Columns of numbers by name; null where a value is unknown, instants in seconds since 1970, UTC."""
    equity = data.equity
    return {
        "run": report.facts["run_id"],
        "equity": None if equity is None or not data.has_equity else _equity_json(equity),
        "kills": [
            [int(kill["latched_time"].timestamp()), kill["base"] or kill["scope"]] for kill in report.kills
        ],
        "pairs": {base: _bars_json(bars) for base, bars in data.pairs.items()},
        "windows": {str(number): _bars_json(bars) for number, bars in data.windows.items()},
        "columns": [[column.key, column.heading, column.kind] for column in TRADE_COLUMNS],
        "trades": page_rows(report.trades[-OPENING_TRADES:]),
        "opens": opening_pair(report.trades, list(data.pairs)),
    }


def _equity_json(bars: EquityBars) -> dict[str, Any]:
    series = {
        "equity": bars.equity_usd, "hold": bars.hold_usd,
        "drawdown": bars.drawdown, "exposure": bars.exposure_usd,
    }  # fmt: skip
    return {**_grid_json(bars.grid), **{name: _short(values) for name, values in series.items()}}


def _bars_json(bars: MarketBars) -> dict[str, Any]:
    return {**_grid_json(bars.grid), **{name: _short(values) for name, values in bars.columns.items()}}


def _grid_json(grid: TimeGrid) -> dict[str, int]:
    return {"start": grid.start_seconds, "seconds": grid.bar_seconds}


def _short(values: Floats | Sequence[float | None]) -> list[float | None]:
    """Rounded to seven digits; null for values that are not finite."""
    return [
        None if value is None or not np.isfinite(value) else float(f"{value:.{_DIGITS}g}") for value in values
    ]
