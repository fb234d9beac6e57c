"""The outcome of a single signal: entry, stop, target, time limit, funding and fees, and nothing else.

The only engine of barriers for baselines and labels: the bars are played by the paper exchange, as live and
in a backtest. Layer 2, the kill switch, the thesis and the rest of the portfolio do not intervene.
Source: C66 (label_managed), C114, C126; docs/architecture.md, law 7.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from hydra.backtest.bars import BarGrid
from hydra.backtest.exit_bounds import ExitBoundsTable, row_at
from hydra.backtest.market import BacktestMarket, at_costs
from hydra.backtest.minute_player import MinutePlayer
from hydra.backtest.simulation import Simulation
from hydra.backtest.skip_quiet_minutes import Grids, next_event
from hydra.domain import ReasonCode, TradabilityStatus
from hydra.trading.entries import entry_plan
from hydra.trading.kill_switch import StoppedPairs
from hydra.trading.minute_rows import GENERATOR_INPUTS, AssessedPair
from hydra.trading.pair_state import EntryPlan, Order, PairState, Position
from hydra.trading.parameters import Rules

_NO_RUN: Final = 0
_NO_KILLS: Final = StoppedPairs(frozenset())


@dataclass(frozen=True, slots=True)
class PlannedTrade:
    """A trade as decided: its plan, and the minute `row` of a market."""

    row: int
    plan: EntryPlan

    @property
    def opposite(self) -> "PlannedTrade":
        """The same trade on the other side."""
        return PlannedTrade(self.row, self.plan.opposite)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a trade; amounts in USDT.

    label_start: the instant of the decision. label_end: the instant of the decision at which the outcome was
    known. It depends only on facts that became known after label_start and by label_end.
    barrier: what ended it; ENTRY_TIMEOUT if nothing was filled. notional_usd: at entry; 0 where nothing was
    filled.
    """

    filled: bool
    label_start: datetime
    label_end: datetime
    barrier: ReasonCode
    gross_usd: Decimal
    fees_usd: Decimal
    funding_usd: Decimal
    net_usd: Decimal
    notional_usd: Decimal

    @property
    def net_fraction(self) -> Decimal | None:
        """The net result as a fraction of the notional; None where nothing was filled."""
        return self.net_usd / self.notional_usd if self.filled else None


@dataclass(frozen=True, slots=True)
class BothSides:
    """A closed position, and the outcomes of both sides of its decision on their own; None: not yet known."""

    position: Position
    own: Outcome | None
    opposite: Outcome | None


@dataclass(frozen=True, slots=True)
class _End:
    """How a trade stands when nothing of it is left: the minute, its position if it had one, its entry."""

    row: int
    position: Position | None
    entry: Order | None


class OutcomePlayer:
    """Simulates planned trades on one market, each as if it were alone."""

    def __init__(self, market: BacktestMarket, bars: BarGrid, rules: Rules) -> None:
        market = at_costs(market, rules.costs)
        self._market = market
        self._rules = rules
        self._grids = _grids(bars)
        self._player = MinutePlayer(_NO_RUN, market, bars, rules)

    def play(self, trade: PlannedTrade) -> Outcome | None:
        """The outcome of `trade`; None if the market ends before."""
        end = self._played(trade)
        return None if end is None else self._outcome(trade, end)

    def position(self, trade: PlannedTrade) -> Position | None:
        """The closed position of `trade`; None if nothing was filled, or the market ends before."""
        end = self._played(trade)
        return None if end is None else end.position

    def _played(self, trade: PlannedTrade) -> "_End | None":
        player, row = self._player, trade.row
        state = PairState(trade.plan.instrument_id)
        player.enter(state, trade.plan, player.cycle(row))
        while row + 1 < len(self._market.minutes):
            row = self._following(row, state)
            if row >= len(self._market.minutes):
                break
            entry, cycle = state.entry, player.cycle(row)
            player.collect(row, cycle, [state])
            if _is_over(state):
                return _End(row, state.position, entry)
            key = state.instrument_id
            player.check(row, cycle, {key: state}, {key: _undisturbed(key)}, {}, {}, _NO_KILLS)
            state.ended.clear()
        return None

    def _following(self, row: int, state: PairState) -> int:
        """The next minute at which something can happen."""
        if state.position is None or state.entry is not None or state.exit is not None:
            return row + 1
        pairs = len(self._market.instrument_ids)
        kept = ExitBoundsTable(pairs, self._market.minutes, self._rules.positions)
        kept.put(self._player.column_of[state.instrument_id], state.position, None)
        return int(next_event(row + 1, self._grids, kept.opened, np.zeros(pairs, np.bool_)))

    def _outcome(self, trade: PlannedTrade, ended: "_End") -> Outcome:
        start, end = self._player.cycle(trade.row).as_of, self._player.cycle(ended.row).as_of
        position = ended.position
        if position is None:
            reason = ended.entry.reason_code if ended.entry is not None else None
            nothing = Decimal(0)
            return Outcome(False, start, end, _known(reason), nothing, nothing, nothing, nothing, nothing)
        return Outcome(
            filled=True,
            label_start=start,
            label_end=end,
            barrier=_known(position.exit_reason_code),
            gross_usd=position.gross_pnl_usd,
            fees_usd=position.fees_usd,
            funding_usd=position.funding_usd,
            net_usd=position.net_pnl_usd,
            notional_usd=position.peak_quantity * position.entry_price,
        )


def opposite_outcomes(simulation: Simulation) -> list[BothSides]:
    """For every closed position of `simulation` the outcomes of both sides of its decision, alone."""
    prepared = simulation.prepared
    market = prepared.market
    player = OutcomePlayer(market, prepared.bars, simulation.rules)
    planned = {(trade.row, trade.plan.instrument_id): trade for trade in approved_trades(simulation)}
    found = []
    for position in simulation.log.journal.positions:
        if position.closed_time is not None:
            trade = planned[row_at(market.minutes, position.decision_time), position.instrument_id]
            found.append(BothSides(position, player.play(trade), player.play(trade.opposite)))
    return found


def approved_trades(simulation: Simulation) -> list[PlannedTrade]:
    """Every trade that layer 4 approved in `simulation`, filled or not, in the order of time."""
    return [
        PlannedTrade(row, entry_plan(verdict.candidate, verdict.decision))
        for (row, _), verdict in simulation.log.verdicts.items()
        if verdict.decision is not None and verdict.decision.approved and verdict.candidate is not None
    ]


def _grids(bars: BarGrid) -> Grids:
    """A market without signals, with only bars and settlements."""
    shape = bars.last_price.shape
    mark_open, mark_high, mark_low, _ = bars.marked
    return Grids(
        key=np.full(shape, -1, np.int8),
        entries_allowed=np.zeros(shape, np.bool_),
        may_close=bars.has_settlement | bars.is_irregular,
        mark_open=mark_open,
        mark_high=mark_high,
        mark_low=mark_low,
        mark_price=bars.mark_price,
        is_stale=bars.is_stale,
        strengths=np.zeros((1, *shape)),
        is_kill_due=np.zeros(shape, np.bool_),
        must_stop=np.zeros(shape[0], np.bool_),
    )


def _undisturbed(instrument_id: int) -> AssessedPair:
    """A pair with no objection from layer 2."""
    return AssessedPair(
        instrument_id=instrument_id,
        tradability=TradabilityStatus.ALLOW,
        reason_code=ReasonCode.NORMAL,
        regime=None,
        volatility_regime=None,
        cascade_probability=None,
        numbers={"measured": dict.fromkeys(GENERATOR_INPUTS), "data_outage_seconds": None},
    )


def _is_over(state: PairState) -> bool:
    """Whether no position is held and no order is working."""
    return not state.is_open and state.entry is None


def _known(reason: ReasonCode | None) -> ReasonCode:
    if reason is None:
        raise AssertionError("a trade ends for a reason")
    return reason
