"""The trades of a run as one table: the columns of the page's table and of the CSV file."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from hydra.answers.formatting import words_of_code
from hydra.answers.performance import risk_usd
from hydra.answers.report import RunReport
from hydra.answers.run_choice import Row
from hydra.answers.run_facts import fact_list
from hydra.errors import StopError
from hydra.outside_text import shown, spreadsheet_text

Cell = str | float | int | None


class ColumnKind(StrEnum):
    """How a cell is written. TIME: seconds since 1970, UTC. SIGNED: an amount whose sign is shown."""

    TEXT = "text"
    COUNT = "count"
    TIME = "time"
    DURATION = "duration"
    PRICE = "price"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class TradeColumn:
    """One column. key: its heading in the CSV file, with its unit; heading: on the page."""

    key: str
    heading: str
    kind: ColumnKind
    value: Callable[[Row], Any]


def r_multiple(trade: Row) -> float | None:
    """Net result of a closed trade in multiples of what its stop would have lost; None without a stop."""
    risk = risk_usd(trade)
    return float(trade["net_pnl_usd"]) / risk if trade["closed_time"] and risk > 0 else None


def _held_seconds(trade: Row) -> float | None:
    closed: datetime | None = trade["closed_time"]
    return None if closed is None else (closed - trade["opened_time"]).total_seconds()


def _reason(trade: Row) -> str:
    return words_of_code(trade["exit_reason_code"]) if trade["closed_time"] else "Open"


def _exit_price(trade: Row) -> Decimal | None:
    """The average of all exit fills; None while the position is open."""
    return trade["exit_price"] if trade["closed_time"] else None


def _column(name: str) -> Callable[[Row], Any]:
    return lambda trade: trade[name]


TRADE_COLUMNS: Final[Sequence[TradeColumn]] = (
    TradeColumn("number", "no.", ColumnKind.COUNT, _column("number")),
    TradeColumn("pair", "pair", ColumnKind.TEXT, _column("base")),
    TradeColumn("side", "side", ColumnKind.TEXT, _column("side")),
    TradeColumn("opened_utc", "opened", ColumnKind.TIME, _column("opened_time")),
    TradeColumn("closed_utc", "closed", ColumnKind.TIME, _column("closed_time")),
    TradeColumn("net_usd", "net, USDT", ColumnKind.SIGNED, _column("net_pnl_usd")),
    TradeColumn("net_r", "net, R", ColumnKind.SIGNED, r_multiple),
    TradeColumn("exit_reason", "why it ended", ColumnKind.TEXT, _reason),
    TradeColumn("generator", "generator", ColumnKind.TEXT, lambda trade: words_of_code(trade["source"])),
    TradeColumn("held_seconds", "held", ColumnKind.DURATION, _held_seconds),
    TradeColumn("quantity", "quantity", ColumnKind.PRICE, _column("peak_quantity")),
    TradeColumn("entry_price", "entry", ColumnKind.PRICE, _column("entry_price")),
    TradeColumn("stop_price", "stop", ColumnKind.PRICE, _column("stop_loss_price")),
    TradeColumn("target_price", "target", ColumnKind.PRICE, _column("take_profit_price")),
    TradeColumn("exit_price", "exit", ColumnKind.PRICE, _exit_price),
    TradeColumn("gross_usd", "gross", ColumnKind.SIGNED, _column("gross_pnl_usd")),
    TradeColumn("fees_usd", "fees", ColumnKind.SIGNED, lambda trade: -trade["fees_usd"]),
    TradeColumn("funding_usd", "funding", ColumnKind.SIGNED, _column("funding_usd")),
)
"""Amounts are what they add to the net result: a fee is negative, funding received is positive."""


def page_rows(trades: Iterable[Row]) -> list[list[Cell]]:
    """A row a trade, its cells as the page needs them: numbers as numbers, instants as seconds since 1970."""
    return [[_page_cell(column.value(trade)) for column in TRADE_COLUMNS] for trade in trades]


def _page_cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, Decimal | float):
        return float(f"{value:.8g}")
    return value if value is None or isinstance(value, int) else shown(str(value))


def write_csv(report: RunReport, path: Path) -> list[Path]:
    """Write the trades to the file `path`; into a folder, trades, figures and facts of the run. The files.

    Amounts keep every digit, instants are ISO 8601 in UTC, an unknown cell is empty.

    Raises:
        StopError: a file cannot be written.
    """
    trades: list[Sequence[object]] = [[column.key for column in TRADE_COLUMNS], *_csv_rows(report.trades)]
    if not path.is_dir():
        return [_write_file(path, trades)]
    files: Mapping[str, Sequence[Sequence[object]]] = {
        "trades": trades,
        "figures": list(_figure_rows(report)),
        "facts": [("name", "value"), *fact_list(report.facts), *_override_rows(report)],
    }
    number = report.facts["run_id"]
    return [_write_file(path / f"run-{number}-{name}.csv", rows) for name, rows in files.items()]


def _csv_rows(trades: Iterable[Row]) -> Iterator[Sequence[object]]:
    return ([_csv_cell(column.value(trade)) for column in TRADE_COLUMNS] for trade in trades)


def _csv_cell(value: Any) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _figure_rows(report: RunReport) -> Iterable[Sequence[object]]:
    yield ("table", "key", "name", "value", "unit", "low_95", "high_95", "n", "remark")
    for table in report.figures:
        for one in table.figures:
            yield (table.title, one.key, one.name, one.value, one.unit, one.low, one.high, one.n, one.remark)


def _override_rows(report: RunReport) -> Iterable[tuple[str, str]]:
    return ((f"{one.kind} {one.name}", one.value) for one in report.overrides)


def _write_file(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    safe = ([spreadsheet_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(safe)
    except OSError as error:
        raise StopError(f"{path} cannot be written: {error.strerror}") from None
    return path
