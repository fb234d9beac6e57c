"""The report of a run, computed from its rows: the answer behind `hydra report`.

Source: docs/practice.md (honest reporting); docs/architecture.md; C05, C104, C112, C122, C123.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from hydra.answers.cost_steps import CostStep, cost_split, cost_steps, shortfall_by_position
from hydra.answers.data_sentences import data_sentences
from hydra.answers.deflated_sharpe import read_luck
from hydra.answers.figures import EquitySummary, FigureTable, Measured, ReportFigure, figure_tables
from hydra.answers.funnel import FunnelStep, read_funnel
from hydra.answers.news_sentence import news_sentence
from hydra.answers.order_latency import latency_sentence, read_order_latency
from hydra.answers.performance import read_baselines, read_performance, trade_results
from hydra.answers.plain_values import plain
from hydra.answers.run_choice import Row, rows_of
from hydra.answers.run_facts import sample_sentence, worth_of_figures
from hydra.answers.run_overrides import Override, overrides_of
from hydra.answers.scorer_sentence import in_sample_sentence, scorer_sentences
from hydra.answers.trade_groups import SPLITS, TradeGroup, trade_groups
from hydra.domain import PositionState, SignalSource
from hydra.errors import StopError
from hydra.ledger.bootstrap import FEWEST_DAYS
from hydra.trading.parameters import costs_in
from hydra.trading.upgrades import versions_of_run


@dataclass(frozen=True, slots=True)
class GeneratorCount:
    """Pair-minutes in which a generator fired, and what became of its signals (C05, C112)."""

    source: SignalSource
    seen: int = 0
    too_weak: int = 0
    without_cascade: int = 0
    outranked: int = 0
    stopped_by_news: int = 0
    restricted: int = 0
    vetoed: int = 0
    approved: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """The content of every form of the report. facts, trades and kills are rows by column name.

    trades: in the order of opening, open ones too. groups: the closed trades by each key of `SPLITS`.
    """

    facts: Row
    overrides: Sequence[Override]
    measured: Measured
    figures: Sequence[FigureTable]
    costs: Sequence[CostStep]
    trades: Sequence[Row]
    groups: Mapping[str, Sequence[TradeGroup]]
    funnel: Sequence[FunnelStep]
    generators: Sequence[GeneratorCount]
    kills: Sequence[Row]
    sentences: Sequence[str]

    @property
    def closed_trades(self) -> list[Row]:
        """The closed trades; the results count no others."""
        return closed_of(self.trades)

    def figure(self, key: str) -> ReportFigure | None:
        """The figure of that key; None where the run has none."""
        return next((one for table in self.figures for one in table.figures if one.key == key), None)

    def cost(self, key: str) -> CostStep:
        """The step of that key on the way to the net result."""
        return next(step for step in self.costs if step.key == key)


def closed_of(trades: Sequence[Row]) -> list[Row]:
    """The closed ones of rows of `sql/report/trades.sql`."""
    return [trade for trade in trades if trade["state"] == PositionState.CLOSED]


def read_report(connection: psycopg.Connection, run_id: int) -> RunReport:
    """The report of a run, finished or not.

    Raises:
        StopError: there is no such run.
    """
    found = rows_of(connection, "report/run", run_id=run_id)
    if not found:
        raise StopError(f"there is no run {run_id} in this database: `hydra runs list` names them")
    facts = {**found[0], "versions": versions_of_run(connection, run_id)}
    trades = rows_of(connection, "report/trades", run_id=run_id)
    closed = closed_of(trades)
    fills = rows_of(connection, "report/fill_costs", run_id=run_id)
    measured = _measured(connection, run_id, trades, fills)
    figures = figure_tables(measured)
    generators = _generators(rows_of(connection, "report/generators", run_id=run_id))
    vetoes = sum(one.stopped_by_news for one in generators)
    return RunReport(
        facts=facts,
        overrides=overrides_of(facts["config"], facts["feeds"]),
        measured=measured,
        figures=figures,
        costs=cost_steps(cost_split(closed, fills, costs_in(facts["config"]))),
        trades=trades,
        groups={key: trade_groups(closed, split) for key, split in SPLITS.items()},
        funnel=read_funnel(connection, run_id),
        generators=generators,
        kills=rows_of(connection, "report/kills", run_id=run_id),
        sentences=[
            *in_sample_sentence(facts),
            *worth_of_figures(facts),
            *data_sentences(facts, trades),
            *scorer_sentences(connection, run_id),
            *news_sentence(run_id, vetoes, closed),
            *latency_sentence(read_order_latency(connection, run_id)),
            _sample(measured),
        ],
    )


def report_json(report: RunReport) -> dict[str, Any]:
    """The report for programs: instants in ISO 8601, money as exact text, figures as people see them."""
    answer: dict[str, Any] = plain(asdict(report))
    del answer["measured"]
    return answer


def _measured(
    connection: psycopg.Connection, run_id: int, trades: Sequence[Row], fills: Sequence[Row]
) -> Measured:
    closed = closed_of(trades)
    (equity,) = rows_of(connection, "report/equity", run_id=run_id)
    shortfall = shortfall_by_position(fills)
    return Measured(
        equity=EquitySummary(**equity),
        performance=read_performance(connection, run_id, trades),
        trade_results=trade_results(closed),
        baselines=read_baselines(connection, run_id, equity["start_usd"], closed, shortfall),
        luck=read_luck(connection, run_id),
        closed_trades=len(closed),
        open_trades=len(trades) - len(closed),
    )


def _sample(measured: Measured) -> str:
    """The size of the sample, and what can be concluded from it."""
    days, net = measured.trade_results.days, measured.trade_results.expectancy_usd
    size = sample_sentence(measured.closed_trades, days)
    if net.low is None or net.high is None:
        return f"{size} An interval needs {FEWEST_DAYS} days with trades: no figure here shows an edge."
    interval = (
        f"The net result of a trade lies in {net.low:,.2f} to {net.high:,.2f} USDT with 95 % confidence"
    )
    if net.low <= 0 <= net.high:
        return f"{size} {interval}. This includes zero: neither a profit nor a loss is shown."
    return f"{size} {interval}."


def _generators(rows: Sequence[Row]) -> list[GeneratorCount]:
    """All of them, those that never fired too."""
    counted = {row["source"]: row for row in rows}
    return [
        GeneratorCount(**{**counted[source], "source": source})
        if source in counted
        else GeneratorCount(source)
        for source in SignalSource
    ]
