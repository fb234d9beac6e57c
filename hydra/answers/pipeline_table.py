"""The live table of a run: what the five layers said in the last closed cycle, one row a pair.

Source: README document, "Dashboard" (Symbol, Price, L2 Regime, Best Signal, Conf, Score, L4 Size, Final).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.rows import class_row
from rich.table import Table

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

    @property
    def final(self) -> str:
        """What came of it: a trade, or the reason against one."""
        if self.size_usd is not None:
            return f"TRADE {self.side}"
        return self.reason_code or "-"


def read_pipeline(connection: psycopg.Connection, run: Run) -> list[PipelineRow]:
    """The rows of the last closed cycle, in the order of the instruments; empty before the first."""
    values = {"run_id": run.run_id, "instrument_ids": list(run.instrument_ids)}
    with connection.cursor(row_factory=class_row(PipelineRow)) as cursor:
        return cursor.execute(queries.load("stages/pipeline"), values).fetchall()


def pipeline_table(run: Run, rows: list[PipelineRow], note: str = "") -> Table:
    """The rows as a table of `rich`; the title says which market and which minute."""
    minute = f"{rows[0].time:%Y-%m-%d %H:%M} UTC" if rows else "waiting for the first decision"
    table = Table(
        title=f"run {run.run_id}, {run.mode.value}, {run.label} market: {minute}", caption=note or None
    )
    for heading in ("Symbol", "Price", "L2 Regime", "Best Signal", "Conf", "Score", "L4 Size", "Final"):
        table.add_column(
            heading, justify="right" if heading in {"Price", "Conf", "Score", "L4 Size"} else "left"
        )
    for row in rows:
        table.add_row(*_cells(row))
    return table


def pipeline_line(run: Run, rows: list[PipelineRow]) -> str:
    """The same in one line, for an output that is no terminal."""
    if not rows:
        return f"run {run.run_id}: waiting for the first decision"
    trades = [f"{row.symbol} {row.final} {row.size_usd:.0f} USDT" for row in rows if row.size_usd is not None]
    quiet = sum(row.reason_code == ReasonCode.NO_SIGNAL for row in rows)
    said = "; ".join(trades) or f"{quiet} pairs without a signal, {len(rows) - quiet} vetoed"
    return f"run {run.run_id} ({run.label}) {rows[0].time:%Y-%m-%d %H:%M}: {said}"


def _cells(row: PipelineRow) -> tuple[str, ...]:
    colour = _COLOURS.get(TradabilityStatus(row.tradability), "white") if row.tradability else "white"
    regime = "-" if row.regime is None else Regime(row.regime).name
    final = f"[bold green]{row.final}[/]" if row.size_usd is not None else row.final
    return (
        row.symbol,
        "-" if row.price is None else f"{row.price:,.6g}",
        f"[{colour}]{row.tradability or '-'}[/] {regime}",
        f"{row.source} {row.side}" if row.source else "-",
        "-" if row.confidence is None else f"{row.confidence:.2f}",
        "-" if row.score is None else f"{row.score:.2f}",
        "-" if row.size_usd is None else f"{row.size_usd:,.0f}",
        final,
    )
