"""The live table of a run: what the five layers said in the last closed cycle, one row a pair.

Source: README document, "Dashboard" (its columns, in its order).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row
from rich import box
from rich.table import Table
from rich.text import Text

from hydra.answers.formatting import counted, minute_text, price_text
from hydra.answers.run_events import WITHOUT_DATA
from hydra.answers.styled_text import styled
from hydra.db import queries
from hydra.domain import ReasonCode, Regime, TradabilityStatus
from hydra.trading.runs import Run

_COLOURS = {
    TradabilityStatus.ALLOW: "green",
    TradabilityStatus.RESTRICT: "yellow",
    TradabilityStatus.BLOCK: "red",
}


@dataclass(frozen=True)
class PipelineRow:
    """One pair in one cycle; None where a layer had nothing to say. `size_usd` only when approved."""

    time: datetime
    symbol: str
    price: float | None
    tradability: str | None
    regime: int | None
    source: str | None
    side: str | None
    confidence: float | None
    score: float | None
    size_usd: Decimal | None
    reason_code: str | None
    is_blocked_by_data: bool | None = None

    @property
    def final(self) -> str:
        """The outcome: a trade, or the reason against one."""
        if self.size_usd is not None:
            return f"TRADE {self.side}"
        return self.reason_code or "-"


def read_pipeline(connection: psycopg.Connection, run: Run) -> list[PipelineRow]:
    """The rows of the last closed cycle, in the order of the instruments; empty before the first."""
    values = {
        "run_id": run.run_id,
        "instrument_ids": list(run.instrument_ids),
        "without_data": list(WITHOUT_DATA),
    }
    with connection.cursor(row_factory=class_row(PipelineRow)) as cursor:
        return cursor.execute(queries.load("stages/pipeline"), values).fetchall()


def blocked_words(rows: Sequence[PipelineRow]) -> str:
    """The pairs that are blocked by their data in this minute, in words; empty if none."""
    blocked = [row.symbol for row in rows if row.is_blocked_by_data]
    return f"{len(blocked)} of {len(rows)} pairs blocked by data: {', '.join(blocked)}" if blocked else ""


def pipeline_table(run: Run, rows: list[PipelineRow]) -> Table:
    """The rows as a table of `rich` for 80 columns; the title says which market and which minute."""
    minute = f"{minute_text(rows[0].time)} UTC" if rows else "waiting for the first decision"
    table = Table(
        title=f"run {run.run_id}, {run.mode.value}, {run.label} market: {minute}",
        caption=blocked_words(rows) or None,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    for heading in ("pair", "price", "layer 2", "best signal", "conf", "score", "size", "outcome"):
        is_number = heading in {"price", "conf", "score", "size"}
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=is_number)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def pipeline_line(run: Run, rows: list[PipelineRow]) -> str:
    """The same in one line, for an output that is no terminal."""
    if not rows:
        return f"run {run.run_id}: waiting for the first decision"
    quiet = sum(row.reason_code == ReasonCode.NO_SIGNAL for row in rows)
    entered = sum(row.size_usd is not None for row in rows)
    said = (
        f"{counted(quiet, 'pair')} without a signal, {len(rows) - quiet - entered} vetoed, {entered} entered"
    )
    blocked = blocked_words(rows)
    return f"run {run.run_id} ({run.label}) {minute_text(rows[0].time)} UTC: {said}" + (
        f"; {blocked}" if blocked else ""
    )


def _cells(row: PipelineRow) -> tuple[str | Text, ...]:
    colour = _COLOURS.get(TradabilityStatus(row.tradability), "white") if row.tradability else "white"
    regime = "-" if row.regime is None else Regime(row.regime).name
    final = _spaced(row.final)
    return (
        row.symbol,
        price_text(row.price),
        styled((row.tradability or "-", colour), f" {_spaced(regime)}"),
        f"{_spaced(row.source)} {row.side}" if row.source else "-",
        "-" if row.confidence is None else f"{row.confidence:.2f}",
        "-" if row.score is None else f"{row.score:.2f}",
        "-" if row.size_usd is None else f"{row.size_usd:,.0f}",
        styled((final, "bold green")) if row.size_usd is not None else final,
    )


def _spaced(code: str) -> str:
    """A code with spaces, so that a narrow column wraps between its words."""
    return code.replace("_", " ")
