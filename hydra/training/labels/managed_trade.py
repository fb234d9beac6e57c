"""The managed-trade label: what the trade of a signal would have brought, played by the paper exchange.

Layer 4 plans the trade of each signal on an untouched portfolio, whatever layer 3 scored; then entry, stop,
target, time limit, funding and fees decide, as in a backtest (`OutcomePlayer`).
Source: C66, C114, C126; docs/practice.md, "Labels".
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
import polars as pl

from hydra.backtest.bars import BarGrid
from hydra.backtest.columns import DecisionColumns
from hydra.backtest.market import BacktestMarket, at_costs
from hydra.backtest.scored_signals import ScoredSignals
from hydra.durations import EPOCH, MICROSECOND
from hydra.layers.layer4_limits import PortfolioState
from hydra.ledger.costs import cost_version
from hydra.research.outcomes import Outcome, OutcomePlayer, PlannedTrade
from hydra.trading.decision_rows import Verdict
from hydra.trading.entries import entry_plan
from hydra.trading.kill_switch import StoppedPairs
from hydra.trading.parameters import Rules
from hydra.trading.verdicts import Minute, decide
from hydra.training.labels.label_rows import Unlabelled, label_rows, unlabelled_where

SIGNAL_KEY: Final = ("instrument_id", "time", "source", "side")
"""What names a signal: its pair, the instant of its decision, its generator and its side."""

_BPS: Final = 10_000
_AMOUNTS: Final = {"gross_bps": "gross_usd", "fees_bps": "fees_usd", "funding_bps": "funding_usd",
                   "net_bps": "net_usd"}  # fmt: skip
_RESULT: Final = {"barrier": pl.String(), **dict.fromkeys(_AMOUNTS, pl.Float64())}


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
    verdicts = list(_verdicts(market, columns, rules))
    outcomes = [player.play(trade) if trade is not None else None for _, trade in verdicts]
    starts = np.array([_microseconds(market, row) for row in columns.places(market)[0]], np.int64)
    approved = np.array([trade is not None for _, trade in verdicts], np.bool_)
    is_over = np.array([one is not None for one in outcomes], np.bool_)
    is_over &= np.array([_ends_within(market, rules, trade) for _, trade in verdicts], np.bool_)
    is_filled = np.array([one is not None and one.filled for one in outcomes], np.bool_)
    unlabelled = unlabelled_where(
        [
            (Unlabelled.NOT_APPROVED, ~approved),
            (Unlabelled.END_OF_DATA, ~is_over),
            (Unlabelled.NOT_FILLED, ~is_filled),
        ]
    )
    result = pl.DataFrame([_result(one) for one in outcomes], schema=_RESULT, orient="row")
    ends = np.array([_end_us(one) for one in outcomes], np.int64)
    more = (*result, pl.lit(cost_version(rules.costs)).alias("cost_version"))
    signals = columns.scored.select(
        *SIGNAL_KEY[:2], *(pl.col(name).cast(pl.String) for name in SIGNAL_KEY[2:])
    )
    reasons = pl.Series("reason_code", [verdict.reason_code.value for verdict, _ in verdicts], pl.String)
    label = (result["net_bps"] > 0).cast(pl.Int8)
    return label_rows(signals.with_columns(reasons), label, (starts, ends), unlabelled, more)


def _verdicts(
    market: BacktestMarket, columns: DecisionColumns, rules: Rules
) -> Iterator[tuple[Verdict, PlannedTrade | None]]:
    """Layer 4's verdict on each signal as the only one, and the trade that it approves."""
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
            yield verdict, None
        else:
            yield verdict, PlannedTrade(int(row), entry_plan(candidate, decision))


def _ends_within(market: BacktestMarket, rules: Rules, trade: PlannedTrade | None) -> bool:
    """Whether the market lasts as long as the trade may."""
    if trade is None:
        return False
    waits = rules.execution.entry_timeout_seconds + rules.execution.exit_timeout_seconds
    longest = timedelta(hours=trade.plan.max_holding_hours, seconds=waits)
    return market.time_of(trade.row) + longest <= market.time_of(len(market.minutes) - 1)


def _microseconds(market: BacktestMarket, row: int) -> int:
    return (market.as_of(row) - EPOCH) // MICROSECOND


def _end_us(outcome: Outcome | None) -> int:
    return 0 if outcome is None else (outcome.label_end - EPOCH) // MICROSECOND


def _result(outcome: Outcome | None) -> dict[str, Any]:
    """The barrier and the amounts in basis points; null where nothing was filled."""
    if outcome is None or not outcome.filled:
        return dict.fromkeys(_RESULT)
    share = Decimal(_BPS) / outcome.notional_usd
    amounts = {name: float(getattr(outcome, amount) * share) for name, amount in _AMOUNTS.items()}
    return {"barrier": outcome.barrier.value, **amounts}
