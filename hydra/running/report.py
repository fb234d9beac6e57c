"""What came of a run, from its rows alone: the answer behind `hydra report`.

Source: practice.md 3.9 (honest reporting); DESIGN, laws 7 and 10; C05, C104, C112, C122, C123.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

import psycopg

from hydra.domain import PositionState, ReasonCode, SignalSource
from hydra.errors import StopError
from hydra.layers.layer2_matrix import RESTRICTING
from hydra.ledger.costs import PAIR_COSTS, half_spread
from hydra.ledger.trade_statistics import (
    ClosedTrade,
    Estimate,
    days_with_trades,
    net_per_trade,
    profit_factor,
    win_rate,
)
from hydra.running.reason_words import Gate, gate_of
from hydra.running.run_choice import Row, rows_of
from hydra.running.why_gates import GateVerdict

PAPER_SENTENCE: Final = (
    "Paper fills are simulated: a resting order fills only when a later bar trades through it, at most a "
    "tenth of the bar's volume; what a real queue or a real market impact does is not in these numbers."
)
BASELINE_SENTENCE: Final = "Baseline: always flat, which earns 0.00 % and risks nothing."
SIMULATED_SENTENCE: Final = (
    "The market is generated: it says how HYDRA behaves, nothing about what it would earn."
)


@dataclass(frozen=True, slots=True)
class EquityPath:
    """Equity of the run in USDT, drawdowns as fractions (C31, C122); None where no cycle was booked."""

    minutes: int
    start_usd: Decimal | None
    end_usd: Decimal | None
    unrealised_usd: Decimal | None
    max_drawdown: Decimal | None
    max_daily_drawdown: Decimal | None
    max_exposure_usd: Decimal | None
    max_portfolio_heat: float | None

    @property
    def total_return(self) -> Decimal | None:
        """Fraction gained from the first to the last booked minute."""
        if not self.start_usd or self.end_usd is None:
            return None
        return self.end_usd / self.start_usd - 1


@dataclass(frozen=True, slots=True)
class Costs:
    """From the price profit at the decisions' prices to the net result of the closed positions, USDT.

    Costs are positive; a spread that was earned by resting orders is negative. funding is positive where
    received. gross = at_decision_prices - spread - slippage; net = gross - fees + funding.
    """

    gross_usd: Decimal
    fees_usd: Decimal
    funding_usd: Decimal
    spread_usd: Decimal
    slippage_usd: Decimal

    @property
    def at_decision_prices_usd(self) -> Decimal:
        """What the positions would have earned at the prices that were decided on, without any cost."""
        return self.gross_usd + self.spread_usd + self.slippage_usd

    @property
    def net_usd(self) -> Decimal:
        """What they earned."""
        return self.gross_usd - self.fees_usd + self.funding_usd


@dataclass(frozen=True, slots=True)
class Group:
    """Closed trades of one generator or one pair."""

    name: str
    trades: int
    gross_usd: Decimal
    net_usd: Decimal
    win_rate: Estimate


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How often a gate gave one answer. passed: let through; reason_code None: filled."""

    gate: Gate
    passed: bool
    reason_code: ReasonCode | None
    verdicts: int

    @property
    def answer(self) -> GateVerdict:
        """Passed, stopped, or restricted: layer 2's milder verdict (C04)."""
        if self.gate is Gate.STATISTICAL and self.reason_code in RESTRICTING:
            return GateVerdict.RESTRICTED
        return GateVerdict.PASSED if self.passed else GateVerdict.STOPPED


@dataclass(frozen=True, slots=True)
class GeneratorCount:
    """Pair-minutes in which a generator fired, and what became of its signals (C05, C112)."""

    source: SignalSource
    seen: int = 0
    too_weak: int = 0
    outranked: int = 0
    stopped_by_news: int = 0
    restricted: int = 0
    vetoed: int = 0
    approved: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything that the report shows. facts, trades and kills are rows of the run by column name."""

    facts: Row
    equity: EquityPath
    costs: Costs
    trades: Sequence[Row]
    days: int
    win_rate: Estimate
    profit_factor: Estimate
    net_per_trade: Estimate
    by_source: Sequence[Group]
    by_pair: Sequence[Group]
    funnel: Sequence[FunnelStep]
    generators: Sequence[GeneratorCount]
    kills: Sequence[Row]
    sentences: Sequence[str]

    @property
    def closed_trades(self) -> list[Row]:
        """The positions that are closed: only they count."""
        return [trade for trade in self.trades if trade["state"] == PositionState.CLOSED]


def read_report(connection: psycopg.Connection, run_id: int) -> RunReport:
    """The report of a run, finished or not.

    Raises:
        StopError: there is no such run.
    """
    facts = rows_of(connection, "report/run", run_id=run_id)
    if not facts:
        raise StopError(f"there is no run {run_id} in this database: `hydra status` lists the runs")
    (equity,) = rows_of(connection, "report/equity", run_id=run_id)
    trades = rows_of(connection, "report/trades", run_id=run_id)
    closed = [trade for trade in trades if trade["state"] == PositionState.CLOSED]
    statistics = [_closed_trade(trade) for trade in closed]
    return RunReport(
        facts=facts[0],
        equity=EquityPath(**equity),
        costs=_costs(closed, rows_of(connection, "report/fill_costs", run_id=run_id)),
        trades=trades,
        days=days_with_trades(statistics),
        win_rate=win_rate(statistics),
        profit_factor=profit_factor(statistics),
        net_per_trade=net_per_trade(statistics),
        by_source=_groups(closed, "source"),
        by_pair=_groups(closed, "base"),
        funnel=_funnel(connection, run_id),
        generators=_generators(rows_of(connection, "report/generators", run_id=run_id)),
        kills=rows_of(connection, "report/kills", run_id=run_id),
        sentences=_sentences(facts[0]),
    )


def _closed_trade(trade: Row) -> ClosedTrade:
    return ClosedTrade(trade["closed_time"].astimezone(UTC).date(), float(trade["net_pnl_usd"]))


def _costs(closed: Sequence[Row], fills: Sequence[Row]) -> Costs:
    spread = sum((_spread_usd(fill) for fill in fills), Decimal(0))
    shortfall = sum((fill["shortfall_usd"] for fill in fills), Decimal(0))
    return Costs(
        gross_usd=_total(closed, "gross_pnl_usd"),
        fees_usd=_total(closed, "fees_usd"),
        funding_usd=_total(closed, "funding_usd"),
        spread_usd=spread,
        slippage_usd=shortfall - spread,
    )


def _spread_usd(fill: Row) -> Decimal:
    """Half the model spread: paid by takers, earned by makers; without a model it is slippage."""
    costs = PAIR_COSTS.get(str(fill["base"]))
    if costs is None:
        return Decimal(0)
    half = half_spread(Decimal(fill["notional_usd"]), costs.spread_bps)
    return -half if fill["is_maker"] else half


def _total(rows: Iterable[Row], column: str) -> Decimal:
    return sum((row[column] for row in rows), Decimal(0))


def _groups(closed: Sequence[Row], column: str) -> list[Group]:
    names = sorted({str(trade[column]) for trade in closed})
    return [_group(name, [trade for trade in closed if str(trade[column]) == name]) for name in names]


def _group(name: str, closed: Sequence[Row]) -> Group:
    return Group(
        name,
        len(closed),
        _total(closed, "gross_pnl_usd"),
        _total(closed, "net_pnl_usd"),
        win_rate([_closed_trade(trade) for trade in closed]),
    )


def _funnel(connection: psycopg.Connection, run_id: int) -> list[FunnelStep]:
    """The verdicts of all layers by gate; layer 5 counts what became of approved decisions."""
    steps = [
        FunnelStep(_gate(row), row["passed"], ReasonCode(row["reason_code"]), row["verdicts"])
        for row in rows_of(connection, "report/funnel", run_id=run_id)
    ]
    for row in rows_of(connection, "report/entries", run_id=run_id):
        code = ReasonCode(row["reason_code"]) if row["reason_code"] else None
        steps.append(FunnelStep(Gate.EXECUTION, row["filled"], code, row["decisions"]))
    order = list(Gate)
    return sorted(steps, key=lambda step: (order.index(step.gate), not step.passed, -step.verdicts))


def _gate(row: Row) -> Gate:
    return gate_of(row["layer"], ReasonCode(row["reason_code"]))


def _generators(rows: Sequence[Mapping[str, Any]]) -> list[GeneratorCount]:
    """All five, those that never fired too."""
    counted = {row["source"]: row for row in rows}
    return [
        GeneratorCount(**{**counted[source], "source": source})
        if source in counted
        else GeneratorCount(source)
        for source in SignalSource
    ]


def _sentences(facts: Row) -> list[str]:
    sentences = [PAPER_SENTENCE] if facts["mode"] in {"paper", "backtest"} else []
    if facts["label"] == "simulated":
        sentences.append(SIMULATED_SENTENCE)
    return [*sentences, BASELINE_SENTENCE]
