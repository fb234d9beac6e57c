"""The outcomes for the eye and for machines."""

import dataclasses
import json
import os
import platform
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tests.peers.outcome import TRADES_TOLERANCE, Outcome, astray
from tests.peers.peers import NOT_COMPARABLE, Does
from tests.peers.work import Work

HEADINGS = (
    "load s",
    "backtest s",
    "write s",
    "process s",
    "its CPU s",
    "bars/s",
    "peak MiB",
    "trades",
    "net USDT",
)


def shown(outcomes: list[Outcome]) -> RenderableType:
    """Two tables, the figures and what each system does, and what is not comparable."""
    notes = [f"* {note}" for note in NOT_COMPARABLE]
    failures = [f"[red]{one.name}: NOT RUN: {escape(one.not_run)}[/red]" for one in outcomes if one.not_run]
    strays = [f"[red]{name}: its trades are not those of the same work[/red]" for name in astray(outcomes)]
    return Group(figures(outcomes), capabilities(outcomes), *notes, *failures, *strays)


def figures(outcomes: list[Outcome]) -> Table:
    """What was measured: medians of the runs, the most of the memory."""
    runs = max((len(one.runs) for one in outcomes), default=0)
    table = Table(
        title=f"the same candles in the same run (median of {runs}, interleaved)", title_justify="left"
    )
    table.add_column("system")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for one in outcomes:
        table.add_row(
            titled(one), *(numbers_of(one) if one.runs else ["not run", *[""] * (len(HEADINGS) - 1)])
        )
    return table


def titled(outcome: Outcome) -> str:
    """The name of the system with its release."""
    name, _, variant = outcome.name.partition(", ")
    return ", ".join(filter(None, (f"{name} {outcome.release}".strip(), variant)))


def numbers_of(outcome: Outcome) -> list[str]:
    """The cells after the name."""
    return [
        f"{outcome.loading_seconds:,.2f}",
        f"{outcome.backtest_seconds:,.2f}",
        known(outcome.writing_seconds, ",.2f"),
        f"{outcome.process_seconds:,.1f}",
        f"{outcome.cpu_seconds:,.1f}",
        f"{outcome.bars_per_second:,.0f}",
        f"{outcome.peak_mib:,.0f}",
        f"{outcome.trades:,}" if outcome.same_work else f"{outcome.trades:,} (its own)",
        known(outcome.net_usdt, ",.0f"),
    ]


def known(value: float | None, form: str) -> str:
    """The value in that form, or a dash where there is none."""
    return "-" if value is None else format(value, form)


def capabilities(outcomes: list[Outcome]) -> Table:
    """What each system's backtest does, as it was run."""
    table = Table(
        "system", "filled at", *(field.name.replace("_", " ") for field in dataclasses.fields(Does))
    )
    for one in outcomes:
        table.add_row(one.name, one.filled_at, *dataclasses.astuple(one.does))
    return table


def as_json(work: Work, outcomes: list[Outcome]) -> dict[str, Any]:
    """Everything that was measured, run by run, with the figures of the table."""
    return {
        "work": {name: value for name, value in dataclasses.asdict(work).items() if name != "folder"},
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "trades_tolerance": TRADES_TOLERANCE,
        "trades_astray": astray(outcomes),
        "not_comparable": list(NOT_COMPARABLE),
        "systems": [dataclasses.asdict(one) | {"figures": figures_of(one)} for one in outcomes],
    }


def figures_of(outcome: Outcome) -> dict[str, float | None] | None:
    """The medians of the table, None for what did not run."""
    if not outcome.runs:
        return None
    names = ("loading_seconds", "backtest_seconds", "writing_seconds", "process_seconds", "cpu_seconds")
    return {
        name: getattr(outcome, name) for name in (*names, "bars_per_second", "peak_mib", "trades", "net_usdt")
    }


def write_json(path: Path, work: Work, outcomes: list[Outcome]) -> None:
    """Write it where `make bench-peers` says."""
    path.write_text(json.dumps(as_json(work, outcomes), indent=2) + "\n", encoding="utf-8")
