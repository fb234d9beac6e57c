"""Plays a minute of a market on the states of pairs, with the venue and the checks of a live run.

Source: docs/architecture.md (one rule, every mode); C126, C131, C132.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from hydra.backtest.bars import BarGrid
from hydra.backtest.market import BacktestMarket, instant_of
from hydra.layers.layer4_filters import exact
from hydra.trading.cycle import Cycle
from hydra.trading.entries import submit_entry
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.kill_switch import StoppedPairs
from hydra.trading.market_rows import Price
from hydra.trading.minute_rows import AssessedPair
from hydra.trading.order_flow import not_recorded
from hydra.trading.pair_state import EntryPlan, PairState
from hydra.trading.paper_exchange import PaperExchange
from hydra.trading.parameters import Rules
from hydra.trading.position_checks import ExitContext, ThesisAtEntry, check_pair_states


class MinutePlayer:
    """Plays minutes (rows) of one market on its pairs (columns)."""

    def __init__(self, run_id: int, market: BacktestMarket, bars: BarGrid, rules: Rules) -> None:
        self.market = market
        self.bars = bars
        self.column_of = {key: column for column, key in enumerate(market.instrument_ids)}
        self._run_id = run_id
        self._rules = rules
        self._venue = PaperExchange(run_id, rules.execution)

    def cycle(self, row: int) -> Cycle:
        return Cycle(self._run_id, self.market.time_of(row), self.market.as_of(row))

    def specs(self, cycle: Cycle) -> Mapping[int, InstrumentSpec]:
        """The terms of the pairs at a minute."""
        return self.market.terms.at(cycle.time)

    def collect(self, row: int, cycle: Cycle, states: Iterable[PairState]) -> None:
        """Play the bars, recorded books and trades, and settlements of a minute on `states`."""
        columns = {state.instrument_id: self.column_of[state.instrument_id] for state in states}
        flow = self.market.flow
        venue = PaperExchange(
            self._run_id,
            self._rules.execution,
            self.specs(cycle),
            {key: self.bars.bars(row, column) for key, column in columns.items()},
            {key: self.bars.settlements.get((row, column), ()) for key, column in columns.items()},
            not_recorded if flow is None else partial(flow.of, self.market.as_of(row)),
        )
        for state in states:
            venue.collect(state, cycle.time)

    def prices(self, row: int, states: Iterable[PairState]) -> dict[int, Price]:
        """The last known price of every open position, of any age (C132)."""
        found = {}
        for state in states:
            if state.is_open:
                column = self.column_of[state.instrument_id]
                last, mark = self.bars.last_price.item(row, column), self.bars.mark_price.item(row, column)
                known = instant_of(self.bars.price_minute.item(row, column))
                found[state.instrument_id] = Price(exact(last), exact(mark), known)
        return found

    def close_at_last_marks(self, row: int, cycle: Cycle, states: Sequence[PairState]) -> None:
        """Close the open positions of `states` whose last known price is stale, at that price (C132)."""
        venue = PaperExchange(self._run_id, self._rules.execution, self.specs(cycle))
        prices = self.prices(row, states)
        for state in states:
            price = prices.get(state.instrument_id)
            if price is not None and price.is_stale(cycle.time):
                venue.close_at_last_mark(state, cycle.time, price)

    def enter(self, state: PairState, plan: EntryPlan, cycle: Cycle) -> None:
        submit_entry(state, plan, cycle, self.specs(cycle)[plan.instrument_id], self._venue)

    def check(
        self,
        row: int,
        cycle: Cycle,
        states: Mapping[int, PairState],
        assessed: Mapping[int, AssessedPair],
        theses: Mapping[int, ThesisAtEntry],
        extremes: Mapping[int, int],
        kills: StoppedPairs,
    ) -> None:
        """See `check_pair_states`."""
        context = ExitContext(theses, extremes, kills, self.prices(row, states.values()), self.specs(cycle))
        check_pair_states(states, assessed, cycle, self._rules, context, self._venue)
