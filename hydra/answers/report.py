"""What came of a run, from its rows alone: the answer behind `hydra report`.

Source: practice.md 3.9 (honest reporting); DESIGN, laws 7 and 10; C05, C104, C112, C122, C123.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import psycopg

from hydra.answers.data_sentences import data_sentences
from hydra.answers.deflated_sharpe import Luck, read_luck
from hydra.answers.performance import (
    Baselines,
    Performance,
    TradeResults,
    read_baselines,
    read_performance,
    trade_results,
    win_rate_of,
)
from hydra.answers.run_choice import Row, rows_of
from hydra.answers.why_gates import GateVerdict
from hydra.domain import PositionState, ReasonCode, SignalSource
from hydra.errors import StopError
from hydra.layers.layer2_matrix import RESTRICTING
from hydra.ledger.baselines import RandomSide
from hydra.ledger.bootstrap import Estimate
from hydra.ledger.cost_split import CostSplit
from hydra.ledger.costs import PAIR_COSTS, half_spread
from hydra.reason_words import Gate, gate_of

PAPER_SENTENCE: Final = (
    "Paper fills are simulated: a resting order fills only when a later bar trades through it, at most a "
    "tenth of the bar's volume; what a real queue or a real market impact does is not in these numbers."
)
SIMULATED_SENTENCE: Final = (
    "The market is generated: it says how HYDRA behaves, nothing about what it would earn."
)


@dataclass(frozen=True, slots=True)
class EquityPath:
    """Equity of the run, USDT; the fall within a day as a fraction (C31). None where no cycle was booked."""

    minutes: int
    start_usd: Decimal | None
    end_usd: Decimal | None
    unrealised_usd: Decimal | None
    max_daily_drawdown: Decimal | None
    max_exposure_usd: Decimal | None
    max_portfolio_heat: float | None


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
    """Everything that the report shows. facts, trades and kills are rows of the run by column name.

    performance: None where no cycle was booked. luck: None for a run that is no trial.
    """

    facts: Row
    equity: EquityPath
    performance: Performance | None
    costs: CostSplit
    trades: Sequence[Row]
    trade_results: TradeResults
    baselines: Baselines
    luck: Luck | None
    by_source: Sequence[Group]
    by_pair: Sequence[Group]
    funnel: Sequence[FunnelStep]
    generators: Sequence[GeneratorCount]
    kills: Sequence[Row]
    sentences: Sequence[str]

    @property
    def coin(self) -> tuple[RandomSide | None, str]:
        """The baseline of random sides, and how the other side of a trade was found."""
        if self.luck is not None and self.luck.random_side is not None:
            return self.luck.random_side, "the other side played by the same barriers"
        return self.baselines.random_side, "the other side closed at the same instant"

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
    fills = rows_of(connection, "report/fill_costs", run_id=run_id)
    return RunReport(
        facts=facts[0],
        equity=EquityPath(**equity),
        performance=read_performance(connection, run_id, trades),
        costs=_costs(closed, fills),
        trades=trades,
        trade_results=trade_results(closed),
        baselines=read_baselines(connection, run_id, equity["start_usd"], closed, _shortfall(fills)),
        luck=read_luck(connection, run_id),
        by_source=_groups(closed, "source"),
        by_pair=_groups(closed, "base"),
        funnel=_funnel(connection, run_id),
        generators=_generators(rows_of(connection, "report/generators", run_id=run_id)),
        kills=rows_of(connection, "report/kills", run_id=run_id),
        sentences=[*_sentences(facts[0]), *data_sentences(facts[0], trades)],
    )


def _costs(closed: Sequence[Row], fills: Sequence[Row]) -> CostSplit:
    """The fees of the fills are those of their positions (sql/audits/position_does_not_add_up.sql)."""
    spread = sum((_spread_usd(fill) for fill in fills), Decimal(0))
    maker_fees = _total((fill for fill in fills if fill["is_maker"]), "fees_usd")
    return CostSplit(
        gross_usd=_total(closed, "gross_pnl_usd"),
        maker_fees_usd=maker_fees,
        taker_fees_usd=_total(closed, "fees_usd") - maker_fees,
        funding_usd=_total(closed, "funding_usd"),
        spread_usd=spread,
        slippage_usd=_total(fills, "shortfall_usd") - spread,
    )


def _shortfall(fills: Sequence[Row]) -> dict[int, Decimal]:
    """By position: what its fills cost against the prices at the decisions, USDT."""
    shortfall: dict[int, Decimal] = {}
    for fill in fills:
        name = fill["position_id"]
        shortfall[name] = shortfall.get(name, Decimal(0)) + fill["shortfall_usd"]
    return shortfall


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
        win_rate_of(closed),
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
    return sentences
