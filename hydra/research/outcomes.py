"""What a signal on its own comes to: entry, stop, target, time limit, funding and fees, and nothing else.

The one engine of barriers for baselines and labels: the bars are played by the paper exchange that plays them
live and in a backtest. Layer 2, the kill switch, the thesis and the rest of the portfolio have no say.
Source: C66 (label_managed), C114, C126; DESIGN, law 7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from hydra.backtest.bars import BarGrid
from hydra.backtest.exit_bounds import ExitBoundsTable, row_at
from hydra.backtest.market import BacktestMarket, at_costs
from hydra.backtest.simulation import Simulation
from hydra.backtest.skip_quiet_minutes import Grids, next_event
from hydra.domain import ReasonCode, TradabilityStatus
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.layers.layer4_filters import exact, order_quantity
from hydra.layers.layer5_orders import DecisionKey, entry_order
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import Verdict
from hydra.trading.entries import best_bid_ask
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.kill_rows import LatchedKills
from hydra.trading.market_rows import Price
from hydra.trading.minute_rows import GENERATOR_INPUTS, AssessedPair
from hydra.trading.pair_state import (
    PAPER_ACCOUNT,
    EntryTerms,
    Order,
    PairState,
    Position,
    accepted_paper_order,
)
from hydra.trading.paper_exchange import PaperExchange
from hydra.trading.parameters import Rules
from hydra.trading.position_checks import ExitContext, check_holdings

_NO_RUN: Final = 0


@dataclass(frozen=True, slots=True)
class PlannedTrade:
    """A trade as it is decided: at the minute `row` of a market, in its pair `column`.

    direction: +1 LONG, -1 SHORT. quantity: base units. reference_price: the last price at the decision,
    around which the entry is quoted. leverage: of the isolated margin, so it places the liquidation price.
    """

    row: int
    column: int
    direction: int
    quantity: Decimal
    reference_price: Decimal
    stop_price: Decimal
    target_price: Decimal
    leverage: Decimal
    max_holding_hours: float

    @property
    def opposite(self) -> "PlannedTrade":
        """The other side of it, its exits as far away."""
        return replace(
            self,
            direction=-self.direction,
            stop_price=2 * self.reference_price - self.stop_price,
            target_price=2 * self.reference_price - self.target_price,
        )

    @property
    def entry_terms(self) -> EntryTerms:
        """What the position to come is held to."""
        return EntryTerms(
            self.direction, self.leverage, self.stop_price, self.target_price, self.max_holding_hours
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trade came to; amounts in USDT.

    label_start: the instant of the decision. label_end: the instant of the decision at which the outcome was
    known. It depends on facts that became known after label_start and by label_end, on no others.
    barrier: what ended it; ENTRY_TIMEOUT where nothing was filled. net_fraction: of the notional at entry,
    None where nothing was filled.
    """

    filled: bool
    label_start: datetime
    label_end: datetime
    barrier: ReasonCode
    gross_usd: Decimal
    fees_usd: Decimal
    funding_usd: Decimal
    net_usd: Decimal
    net_fraction: Decimal | None


@dataclass(frozen=True, slots=True)
class BothSides:
    """A closed position, and what both sides of its decision came to on their own; None: not yet known."""

    position: Position
    own: Outcome | None
    opposite: Outcome | None


class OutcomePlayer:
    """Plays planned trades on one market, each as if it were alone."""

    def __init__(self, market: BacktestMarket, bars: BarGrid, rules: Rules) -> None:
        self._market = at_costs(market, rules.costs)
        self._bars = bars
        self._rules = rules
        self._grids = _grids(bars)

    def play(self, trade: PlannedTrade) -> Outcome | None:
        """What `trade` comes to; None if the market ends before."""
        holding = self._entered(trade)
        row = trade.row
        while row + 1 < len(self._market.minutes):
            row = self._following(row, trade.column, holding)
            if row >= len(self._market.minutes):
                break
            entry, cycle, terms = holding.entry, self._cycle(row), self._terms(row, trade.column)
            self._settle(row, cycle, terms, trade.column, holding)
            if _is_over(holding):
                return self._outcome(trade, row, holding.position, entry)
            self._check(row, cycle, terms, trade.column, holding)
            holding.ended.clear()
        return None

    def _entered(self, trade: PlannedTrade) -> PairState:
        cycle, terms = self._cycle(trade.row), self._terms(trade.row, trade.column)
        key = DecisionKey(PAPER_ACCOUNT, _NO_RUN, terms.instrument_id, cycle.time)
        touch = best_bid_ask(trade.reference_price, terms)
        plan = entry_order(key, trade.direction, trade.quantity, touch, terms.filters)
        entry = accepted_paper_order(plan, key, trade.reference_price, cycle.time)
        return PairState(terms.instrument_id, entry=entry, terms=trade.entry_terms)

    def _following(self, row: int, column: int, holding: PairState) -> int:
        """The next minute at which something can happen."""
        if holding.position is None or holding.entry is not None or holding.exit is not None:
            return row + 1
        pairs = len(self._market.instrument_ids)
        kept = ExitBoundsTable(pairs, self._market.minutes, self._rules.positions)
        kept.put(column, holding.position, None)
        return int(next_event(row + 1, self._grids, kept.book, np.zeros(pairs, np.bool_)))

    def _settle(self, row: int, cycle: Cycle, terms: InstrumentSpec, column: int, holding: PairState) -> None:
        exchange = PaperExchange(_NO_RUN, terms, self._rules.execution)
        due = self._bars.settlements.get((row, column), [])
        exchange.play(holding, self._bars.bars(row, column), due)
        exchange.time_out(holding, cycle.time)

    def _check(self, row: int, cycle: Cycle, terms: InstrumentSpec, column: int, holding: PairState) -> None:
        key = holding.instrument_id
        around = ExitContext(
            bets={},
            extremes={},
            kills=LatchedKills(frozenset()),
            prices=self._prices(row, column, key),
            terms={key: terms},
        )
        check_holdings({key: holding}, {key: _undisturbed(key)}, cycle, self._rules, around)

    def _prices(self, row: int, column: int, instrument_id: int) -> Mapping[int, Price]:
        last = float(self._bars.last_price[row, column])
        if np.isnan(last):
            return {}
        return {instrument_id: Price(exact(last), exact(float(self._bars.mark_price[row, column])))}

    def _outcome(
        self, trade: PlannedTrade, row: int, position: Position | None, entry: Order | None
    ) -> Outcome:
        start, end = self._cycle(trade.row).as_of, self._cycle(row).as_of
        if position is None:
            reason = entry.reason_code if entry is not None else None
            nothing = Decimal(0)
            return Outcome(False, start, end, _known(reason), nothing, nothing, nothing, nothing, None)
        notional_usd = position.peak_quantity * position.entry_price
        return Outcome(
            filled=True,
            label_start=start,
            label_end=end,
            barrier=_known(position.exit_reason_code),
            gross_usd=position.gross_pnl_usd,
            fees_usd=position.fees_usd,
            funding_usd=position.funding_usd,
            net_usd=position.net_pnl_usd,
            net_fraction=position.net_pnl_usd / notional_usd,
        )

    def _cycle(self, row: int) -> Cycle:
        time = self._market.time_of(row)
        return Cycle(_NO_RUN, time, time + DECISION_DELAY)

    def _terms(self, row: int, column: int) -> InstrumentSpec:
        return self._market.terms.at(self._market.time_of(row))[self._market.instrument_ids[column]]


def opposite_outcomes(simulation: Simulation) -> list[BothSides]:
    """For every closed position of `simulation` what its decision and the opposite one come to alone."""
    prepared = simulation.prepared
    market = prepared.market
    player = OutcomePlayer(market, prepared.bars, simulation.rules)
    planned = {(trade.row, trade.column): trade for trade in approved_trades(simulation)}
    found = []
    for position in simulation.log.journal.positions:
        if position.closed_time is not None:
            column = market.instrument_ids.index(position.instrument_id)
            trade = planned[row_at(market.minutes, position.decision_time), column]
            found.append(BothSides(position, player.play(trade), player.play(trade.opposite)))
    return found


def approved_trades(simulation: Simulation) -> list[PlannedTrade]:
    """Every trade that layer 4 approved in `simulation`, filled or not, in the order of time."""
    return [
        _planned(simulation.prepared.market, row, column, verdict)
        for (row, column), verdict in simulation.log.verdicts.items()
        if verdict.decision is not None and verdict.decision.approved
    ]


def _planned(market: BacktestMarket, row: int, column: int, verdict: Verdict) -> PlannedTrade:
    decision, candidate = verdict.decision, verdict.candidate
    if decision is None or candidate is None:
        raise AssertionError("what is approved was a candidate")
    terms = market.terms.at(market.time_of(row))[candidate.instrument_id]
    price = exact(candidate.price)
    return PlannedTrade(
        row=row,
        column=column,
        direction=candidate.direction,
        quantity=order_quantity(decision.recommended_size_usd, price, terms.filters),
        reference_price=price,
        stop_price=decision.stop_loss_price,
        target_price=decision.take_profit_price,
        leverage=exact(decision.recommended_leverage),
        max_holding_hours=decision.max_holding_hours,
    )


def _grids(bars: BarGrid) -> Grids:
    """A market without signals, in which only bars and settlements happen."""
    shape = bars.last_price.shape
    mark_open, mark_high, mark_low, _ = bars.marked
    return Grids(
        key=np.full(shape, -1, np.int8),
        entries_allowed=np.zeros(shape, np.bool_),
        is_alarmed=bars.has_settlement | bars.is_irregular,
        mark_open=mark_open,
        mark_high=mark_high,
        mark_low=mark_low,
        mark_price=bars.mark_price,
        strengths=np.zeros((1, *shape)),
        is_kill_due=np.zeros(shape, np.bool_),
        must_stop=np.zeros(shape[0], np.bool_),
    )


def _undisturbed(instrument_id: int) -> AssessedPair:
    """A pair of which layer 2 has nothing to say."""
    return AssessedPair(
        instrument_id=instrument_id,
        tradability=TradabilityStatus.ALLOW,
        reason_code=ReasonCode.NORMAL,
        regime=None,
        volatility_regime=None,
        cascade_probability=None,
        numbers={"measured": dict.fromkeys(GENERATOR_INPUTS), "data_outage_seconds": None},
        news_action=None,
    )


def _is_over(holding: PairState) -> bool:
    """Nothing is held and nothing works."""
    return not holding.is_open and holding.entry is None


def _known(reason: ReasonCode | None) -> ReasonCode:
    if reason is None:
        raise AssertionError("a trade ends for a reason")
    return reason
