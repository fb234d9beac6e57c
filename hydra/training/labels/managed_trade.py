"""The managed-trade label: what the trade of a signal would have brought, played by the paper exchange.

Layer 4 plans the trade of each signal on an untouched portfolio, whatever layer 3 scored; then entry, stop,
target, time limit, funding and fees decide, as in a backtest (`OutcomePlayer`).
Source: C66, C114, C126; docs/practice.md, "Labels".
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from hydra.backtest.bars import BarGrid
from hydra.backtest.columns import DecisionColumns
from hydra.backtest.market import BacktestMarket, at_costs
from hydra.backtest.scored_signals import ScoredSignals
from hydra.domain import ReasonCode
from hydra.durations import EPOCH, MICROSECOND
from hydra.layers.layer4_limits import PortfolioState
from hydra.ledger.costs import cost_version
from hydra.research.outcomes import OutcomePlayer, PlannedTrade
from hydra.trading.entries import entry_plan
from hydra.trading.kill_switch import StoppedPairs
from hydra.trading.parameters import Rules
from hydra.trading.verdicts import Minute, decide
from hydra.training.labels.label_rows import Unlabelled, label_rows

SIGNAL_KEY: Final = ("instrument_id", "time", "source", "side")
"""What names a signal: its pair, the instant of its decision, its generator and its side."""

_BPS: Final = 10_000
_AMOUNTS: Final = {
    "gross_bps": "gross_usd",
    "fees_bps": "fees_usd",
    "funding_bps": "funding_usd",
    "net_bps": "net_usd",
}
_FOUND: Final = {
    "reason_code": pl.String(),
    "unlabelled": pl.String(),
    "label_start": pl.Int64(),
    "label_end": pl.Int64(),
    "barrier": pl.String(),
    **dict.fromkeys(_AMOUNTS, pl.Float64()),
}


def managed_trade_labels(
    market: BacktestMarket, bars: BarGrid, columns: DecisionColumns, rules: Rules
) -> pl.DataFrame:
    """1 where a signal's trade ends with a profit after all costs, else 0, for every signal of `columns`.

    Columns: SIGNAL_KEY, layer 4's reason_code, the label, and gross_bps (at the fills, so with spread and
    slippage), fees_bps, funding_bps (positive is received) and net_bps, of the notional at entry. A signal
    that layer 4 does not approve, or whose entry is not filled, has no label.
    """
    market = at_costs(market, rules.costs)
    player = OutcomePlayer(market, bars, rules)
    found = pl.DataFrame(
        (
            _played(row, reason, trade, market, rules, player)
            for row, reason, trade in planned_trades(market, columns, rules)
        ),
        schema=_FOUND,
        orient="row",
    )
    signals = columns.scored.select(
        *SIGNAL_KEY[:2], *(pl.col(name).cast(pl.String) for name in SIGNAL_KEY[2:])
    ).with_columns(found["reason_code"])
    span = found["label_start"].to_numpy(), found["label_end"].to_numpy()
    label = (found["net_bps"] > 0).cast(pl.Int8)
    more = (
        found["barrier"],
        *found.select(*_AMOUNTS),
        pl.lit(cost_version(rules.costs)).alias("cost_version"),
    )
    return label_rows(signals, label, span, found["unlabelled"], more)


def planned_trades(
    market: BacktestMarket, columns: DecisionColumns, rules: Rules
) -> Iterator[tuple[int, ReasonCode, PlannedTrade | None]]:
    """Of each signal its row, layer 4's verdict on it as the only one, and the trade that it approves."""
    signals = ScoredSignals(columns, {})
    portfolio = PortfolioState(equity_usd=rules.initial_balance_usd)
    for index, (row, column) in enumerate(zip(*columns.places(market), strict=True)):
        key = market.instrument_ids[column]
        minute = Minute(
            pairs={key: columns.assessed(row, column, key)},
            signals={key: replace(signals.alone(index), chosen=True)},
            states={},
            terms=market.terms.at(market.time_of(row)),
            portfolio_correlation={},
            kills=StoppedPairs(frozenset()),
            portfolio=portfolio,
        )
        verdict = decide(minute, {}, rules.risk)[key]
        decision, candidate = verdict.decision, verdict.candidate
        if decision is None or candidate is None or not decision.approved:
            yield int(row), verdict.reason_code, None
        else:
            yield int(row), verdict.reason_code, PlannedTrade(int(row), entry_plan(candidate, decision))


def _played(
    row: int,
    reason: ReasonCode,
    trade: PlannedTrade | None,
    market: BacktestMarket,
    rules: Rules,
    player: OutcomePlayer,
) -> tuple[object, ...]:
    """A row of _FOUND."""
    start = (market.as_of(row) - EPOCH) // MICROSECOND
    nothing = (None,) * (1 + len(_AMOUNTS))
    if trade is None:
        return reason.value, Unlabelled.NOT_APPROVED.value, start, start, *nothing
    outcome = player.play(trade) if ends_within(market, rules, trade) else None
    if outcome is None:
        return reason.value, Unlabelled.END_OF_DATA.value, start, start, *nothing
    end = (outcome.label_end - EPOCH) // MICROSECOND
    if not outcome.filled:
        return reason.value, Unlabelled.NOT_FILLED.value, start, end, *nothing
    share = Decimal(_BPS) / outcome.notional_usd
    amounts = (float(getattr(outcome, name) * share) for name in _AMOUNTS.values())
    return reason.value, None, start, end, outcome.barrier.value, *amounts


def ends_within(market: BacktestMarket, rules: Rules, trade: PlannedTrade) -> bool:
    """Whether the market lasts as long as the trade may."""
    waits = rules.execution.entry_timeout_seconds + rules.execution.exit_timeout_seconds
    longest = timedelta(hours=trade.plan.max_holding_hours, seconds=waits)
    return market.time_of(trade.row) + longest <= market.time_of(len(market.minutes) - 1)
