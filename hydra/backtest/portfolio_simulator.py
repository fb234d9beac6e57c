"""Simulates the portfolio: skips quiet minutes in a compiled loop and plays the others.

A minute is played with the functions of the live stages, in their order: book fills, decide, execute.
Source: docs/architecture.md, law 2; C20, C117, C119, C120, C122, C123.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from hydra.arrays import Flags
from hydra.backtest.assumed_operator import AssumedOperator
from hydra.backtest.bars import BarGrid
from hydra.backtest.columns import SIGNAL_SIDES, SIGNAL_SOURCES, DecisionColumns
from hydra.backtest.exit_bounds import ExitBoundsTable, row_at
from hydra.backtest.exit_triggers import evaluation_rows
from hydra.backtest.hourly_closes import Correlations, HourlyCloses
from hydra.backtest.kills_by_hand import KillByHand
from hydra.backtest.market import BacktestMarket
from hydra.backtest.minute_player import MinutePlayer
from hydra.backtest.scored_signals import ScoredSignals, key_of
from hydra.backtest.simulation_log import KillRecord, LastExit, SimulationLog, empty_log
from hydra.backtest.skip_quiet_minutes import EntryLimits, Grids, next_busy_minute, open_signals
from hydra.domain import KillScope, ReasonCode
from hydra.layers.layer4_kill import Kill, daily_drawdown_kills
from hydra.layers.layer4_limits import PortfolioState
from hydra.ledger.portfolio import Portfolio
from hydra.trading.correlation_rows import PortfolioCorrelation, portfolio_correlation_at
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import ScoredSignal, Verdict
from hydra.trading.entries import entry_plan
from hydra.trading.kill_switch import EVERYTHING, StoppedPairs
from hydra.trading.pair_state import EntryPlan, PairState, Position
from hydra.trading.parameters import Rules
from hydra.trading.portfolio_rows import (
    cash_after,
    equity_row,
    open_position,
    portfolio_state_of,
    working_heat,
    working_notional,
)
from hydra.trading.position_checks import ThesisAtEntry, extremes_in_a_row
from hydra.trading.verdicts import Minute, decide, direction_held, new_kills

KEYS: Final = len(SIGNAL_SOURCES) * SIGNAL_SIDES
_CLOSE_USD: Final = 1e-3
"""Larger than any rounding error of the float sums."""
STOPPED_OUT: Final = frozenset({ReasonCode.STOP_HIT, ReasonCode.LIQUIDATED})


@dataclass
class PortfolioSimulator:
    """One run over one market.

    plays_every_minute: skip none (`--rows all`; tests). closes_at_the_end: in the last minute, close the
    positions of pairs whose data have ended (C132). by_hand: the operator's latches and clears, in order;
    only with plays_every_minute.
    """

    run_id: int
    market: BacktestMarket
    columns: DecisionColumns
    bars: BarGrid
    hourly: HourlyCloses
    grids: Grids
    rules: Rules
    plays_every_minute: bool = False
    closes_at_the_end: bool = False
    by_hand: Sequence[KillByHand] = ()
    states: dict[int, PairState] = field(default_factory=dict)
    theses: dict[int, ThesisAtEntry] = field(default_factory=dict)
    kills: StoppedPairs = field(default_factory=lambda: StoppedPairs(frozenset()))

    def __post_init__(self) -> None:
        """Begin with the initial balance and no positions."""
        shape = self.columns.key.shape
        self.player = MinutePlayer(self.run_id, self.market, self.bars, self.rules)
        self.column_of = self.player.column_of
        self.free_row = np.zeros((shape[1], KEYS), np.int64)
        self.is_held, self.is_killed = np.zeros(shape[1], np.bool_), np.zeros(shape[1], np.bool_)
        self.may_exit, self.found = np.zeros(shape[1], np.bool_), np.zeros(shape[1], np.bool_)
        self.exits = ExitBoundsTable(shape[1], self.market.minutes, self.rules.positions)
        self.evaluations = evaluation_rows(self.market.minutes, self.rules.positions.extreme_evaluations)
        self.correlations = Correlations(self.hourly)
        self.kill_is_due: Flags = np.any(self.grids.is_kill_due, axis=1)
        self.portfolio = Portfolio.start(self.rules.initial_balance, self.market.time_of(0))
        self.log = empty_log(shape, self.rules.initial_balance, keeps_quiet_checks=self.plays_every_minute)
        self.operator = AssumedOperator(
            self.rules.resume_after_hours, self.market.minutes, self.market.instrument_ids, self.log.kills
        )
        self.signals = ScoredSignals(self.columns, self.log.exits)

    def run(self, progress: Callable[[float], None] = lambda _share: None) -> SimulationLog:
        """Simulate the whole market. progress: called with the share that is done, 0..1."""
        rows = len(self.market.minutes)
        row = 0
        while row < rows:
            row = self._skip(row)
            if row < rows:
                self._play(row)
                row += 1
                progress(row / rows)
        return self.log

    # Skipping

    def _skip(self, start: int) -> int:
        """The next row to play. Peaks are updated with the highest equity of the skipped rows."""
        if self.plays_every_minute:
            self.may_exit[:] = self.is_held
            return start
        has_order = any(_works(one) for one in self.states.values())
        skipped = next_busy_minute(
            start, self.grids, self.exits.opened, self._limits(), self.log.minutes, self.may_exit, has_order
        )
        if self._may_be_a_peak(skipped.best_usd):
            self._mark(skipped.best_row)
        self.log.held[start : skipped.row] = self.is_held
        return skipped.row

    def _may_be_a_peak(self, equity_usd: float) -> bool:
        """True if the equity may be a new peak of the day: then exact sums are needed."""
        return equity_usd > float(self.portfolio.day_peak_usd) - _CLOSE_USD

    def _may_be_deep(self, equity_usd: float) -> bool:
        """True if the day's drawdown is close to the kill limit, or beyond it."""
        limit = 1 - self.rules.risk.kill.daily_drawdown
        return equity_usd < float(self.portfolio.day_peak_usd) * limit + _CLOSE_USD

    def _mark(self, row: int) -> None:
        prices = self.player.prices(row, self.states.values())
        opened = [open_position(one, prices) for one in self.states.values() if one.is_open]
        self.portfolio, _ = self.portfolio.marked(opened, self.market.time_of(row))

    def _limits(self) -> EntryLimits:
        return EntryLimits(
            is_held=self.is_held,
            is_killed=self.is_killed,
            free_row=self.free_row,
            is_full=len(self.states) >= self.rules.risk.limits.max_positions,
            wake_row=self.operator.next_row,
            cash_usd=float(self.portfolio.cash_usd),
            day_peak_usd=float(self.portfolio.day_peak_usd),
            daily_drawdown=1.0 if self.kills.stops(EVERYTHING) else self.rules.risk.kill.daily_drawdown,
        )

    # Playing

    def _play(self, row: int) -> None:
        cycle = self.player.cycle(row)
        changing = sorted(self.states) if self._is_the_end(row) else self._to_collect()
        if changing:
            self._collect(row, cycle, changing)
        self.log.played[row] = True
        self.log.held[row] = self.is_held
        self._act_by_hand(row, is_after_layer_4=False)
        latched = self.kills
        approved = self._decide(row, cycle)
        self._act_by_hand(row, is_after_layer_4=True)
        # A newly latched kill switch affects every position and order.
        checked = self._to_check() if self.kills is latched else list(self.states)
        self._execute(row, cycle, checked, approved)
        if row >= self.operator.next_row:
            self._resume(row, cycle)

    def _is_the_end(self, row: int) -> bool:
        """True if positions without a current price must be closed now."""
        return self.closes_at_the_end and row == len(self.market.minutes) - 1

    def _to_collect(self) -> list[int]:
        """Instruments whose orders or positions may change in this minute."""
        return sorted(
            key for key, one in self.states.items() if _works(one) or self.may_exit[self.column_of[key]]
        )

    def _to_check(self) -> list[int]:
        """Instruments whose position may have to exit, or whose entry may be withdrawn, in this minute."""
        return sorted(
            key
            for key, one in self.states.items()
            if one.entry is not None or self.may_exit[self.column_of[key]]
        )

    def _collect(self, row: int, cycle: Cycle, changing: list[int]) -> None:
        held = [self.states[instrument_id] for instrument_id in changing]
        self.player.collect(row, cycle, held)
        if self._is_the_end(row):
            self.player.close_at_last_marks(row, cycle, held)
        self.portfolio = cash_after(self.portfolio, held)
        self.log.cash[row] = self.portfolio.cash_usd
        self._take(changing)

    def _take(self, changed: Iterable[int]) -> None:
        """Move new events to the journal, record exits, drop pairs without orders and position."""
        for instrument_id in changed:
            state, column = self.states[instrument_id], self.column_of[instrument_id]
            position = state.position
            self.log.journal.take(state)
            if state.position is not None:
                self.exits.put(column, state.position, self.theses[instrument_id])
            elif position is not None:
                self.exits.remove(column)
                self._note_exit(position)
            if state.position is None and not state.orders:
                del self.states[instrument_id]
            self.is_held[column] = instrument_id in self.states

    def _note_exit(self, position: Position) -> None:
        if position.closed_time is None:
            raise AssertionError("a position without quantity is closed")
        stopped_out = position.exit_reason_code in STOPPED_OUT
        column = self.column_of[position.instrument_id]
        key = key_of(self.theses.pop(position.instrument_id).source, position.direction)
        self.log.exits.setdefault((column, key), []).append(LastExit(position.closed_time, stopped_out))
        limits = self.rules.risk.limits
        wait = limits.cooldown_after_stop_minutes if stopped_out else limits.cooldown_minutes
        self.free_row[column, key] = row_at(
            self.market.minutes, position.closed_time + timedelta(minutes=wait)
        )

    # Deciding

    def _decide(self, row: int, cycle: Cycle) -> list[EntryPlan]:
        has_open = self._note(row)
        if not self._needs_exact_sums(row, cycle, has_open=has_open):
            return []
        portfolio = self._portfolio_state(row, cycle)
        columns = self._columns_to_decide(row, portfolio)
        if not columns:
            return []
        minute = self._minute(row, cycle, columns, portfolio)
        kills = new_kills(minute, self.rules.risk)
        if kills:
            self._latch(row, kills)
        verdicts = decide(minute, kills, self.rules.risk)
        for instrument_id, verdict in verdicts.items():
            self.log.verdicts[row, self.column_of[instrument_id]] = verdict
        return [self._plan(row, one) for one in verdicts.values() if one.decision and one.decision.approved]

    def _note(self, row: int) -> bool:
        """Record the minute like a skipped one; returns whether a signal passes the gates known here."""
        has_open = open_signals(
            row, self.grids, self.exits.opened, self._limits(), self.log.minutes, self.may_exit, self.found
        )
        self._add_working_entries(row)
        if self.plays_every_minute:
            self.may_exit[:] = self.is_held
        return has_open

    def _needs_exact_sums(self, row: int, cycle: Cycle, *, has_open: bool) -> bool:
        """True if layer 4 must decide, a day begins, or equity is close to a peak or to the kill limit."""
        if self.plays_every_minute or has_open or self.kill_is_due.item(row):
            return True
        equity_usd = float(self.portfolio.cash_usd) + self.log.minutes.unrealised_usd.item(row)
        is_near = self._may_be_deep(equity_usd) or self._may_be_a_peak(equity_usd)
        return is_near or cycle.time.date() != self.portfolio.day

    def _add_working_entries(self, row: int) -> None:
        """Add the exposure of working entries (C120)."""
        for state in self.states.values():
            if state.entry is not None:
                self.log.minutes.exposure_usd[row] += float(working_notional(state))
                self.log.minutes.heat_usd[row] += float(working_heat(state))

    def _minute(
        self,
        row: int,
        cycle: Cycle,
        columns: list[int],
        portfolio: PortfolioState,
    ) -> Minute:
        ids, specs = self.market.instrument_ids, self.player.specs(cycle)
        chosen = {
            ids[column]: self.signals.chosen(row, column, cycle.time)
            for column in columns
            if self.columns.chosen[row, column] >= 0
        }
        return Minute(
            pairs={ids[column]: self.columns.assessed(row, column, ids[column]) for column in columns},
            signals=chosen,
            states=self.states,
            terms={key: specs[key] for key in chosen if key in specs},
            portfolio_correlation=self._portfolio_correlations(cycle, chosen),
            kills=self.kills,
            portfolio=portfolio,
        )

    def _portfolio_state(self, row: int, cycle: Cycle) -> PortfolioState:
        """The portfolio for layer 4, from exact sums; updates the peaks."""
        held = self.states.values()
        equity = equity_row(self.portfolio, held, self.player.prices(row, held), cycle)
        self.portfolio = Portfolio(
            self.portfolio.cash_usd, equity["peak_usd"], equity["day_peak_usd"], cycle.time.date()
        )
        columns = ("equity_usd", "day_peak_usd", "peak_usd", "exposure_usd", "portfolio_heat")
        return portfolio_state_of(tuple(equity[name] for name in columns), self.states)

    def _columns_to_decide(self, row: int, portfolio: PortfolioState) -> list[int]:
        """The pairs for layer 4: with a signal that passes the gates known here, or with a kill condition.

        All pairs if the daily drawdown is above its limit.
        """
        if self.kills.stops(EVERYTHING):
            return []
        if portfolio.daily_drawdown > self.rules.risk.kill.daily_drawdown:
            return list(range(len(self.market.instrument_ids)))
        wanted = self.columns.chosen[row] >= 0 if self.plays_every_minute else self.found
        return [int(column) for column in np.flatnonzero(wanted | self.grids.is_kill_due[row])]

    def _portfolio_correlations(
        self, cycle: Cycle, chosen: Mapping[int, ScoredSignal]
    ) -> dict[int, PortfolioCorrelation]:
        """Correlations with the open pairs, for the chosen pairs that are not open."""
        # The order of a live run: positions by pair, then working entries as they were sent.
        opened = sorted(key for key, one in self.states.items() if one.position is not None)
        waiting = [key for key, one in self.states.items() if one.position is None]
        held = {key: direction_held(self.states[key]) for key in (*opened, *waiting)}
        if not held:
            return {}
        found = {}
        for key, signal in chosen.items():
            if key not in held:
                own = self.column_of[key]
                each = [
                    self.correlations.at(cycle.time, cycle.as_of, own, self.column_of[other])
                    for other in held
                ]
                found[key] = portfolio_correlation_at(signal.direction, each, list(held.values()))
        return found

    def _latch(self, row: int, kills: Mapping[int, Kill]) -> None:
        stopped = set(self.kills.instrument_ids)
        for instrument_id, kill in kills.items():
            self.log.kills.append(KillRecord(row, self.column_of[instrument_id], kill))
            stopped.add(instrument_id if kill.scope is KillScope.PAIR else EVERYTHING)
        self._stop(row, stopped)

    def _act_by_hand(self, row: int, *, is_after_layer_4: bool) -> None:
        """Apply the operator's latches and clears before this stage of the minute."""
        for change in self.by_hand:
            if (change.row, change.is_after_layer_4) == (row, is_after_layer_4):
                act = set.union if change.is_latched else set.difference
                # After layer 4, the change is first seen in the next minute.
                self._stop(
                    row + is_after_layer_4, act(set(self.kills.instrument_ids), {change.instrument_id})
                )

    def _resume(self, row: int, cycle: Cycle) -> None:
        """Let the assumed operator clear what is due (C130), with effect from the next minute."""
        is_too_deep = daily_drawdown_kills(
            self._portfolio_state(row, cycle).daily_drawdown, self.rules.risk.kill
        )
        cleared = self.operator.clear(row, self.grids.is_kill_due[row], is_too_deep=is_too_deep)
        if cleared:
            self._stop(row + 1, set(self.kills.instrument_ids) - cleared)

    def _stop(self, row: int, instrument_ids: set[int]) -> None:
        """Set the stopped pairs. row: the first minute whose verdicts see it."""
        self.kills = StoppedPairs(frozenset(instrument_ids))
        self.is_killed[:] = [self.kills.stops(key) for key in self.market.instrument_ids]
        self.log.stopped.append((row, self.is_killed.copy()))

    def _plan(self, row: int, verdict: Verdict) -> EntryPlan:
        decision, candidate = verdict.decision, verdict.candidate
        if decision is None or candidate is None:
            raise AssertionError("an approved decision has a candidate")
        strength = self.signals.strength(row, self.column_of[candidate.instrument_id])
        self.theses[candidate.instrument_id] = ThesisAtEntry(candidate.source, strength)
        return entry_plan(candidate, decision)

    # Executing

    def _execute(self, row: int, cycle: Cycle, checked: list[int], plans: list[EntryPlan]) -> None:
        if checked:
            self._check(row, cycle, {key: self.states[key] for key in checked})
        for plan in plans:
            key = plan.instrument_id
            self.player.enter(self.states.setdefault(key, PairState(key)), plan, cycle)
        self._take((*checked, *(plan.instrument_id for plan in plans)))

    def _check(self, row: int, cycle: Cycle, states: Mapping[int, PairState]) -> None:
        columns = {key: self.column_of[key] for key in states}
        extremes = {key: self._extremes(row, column) for key, column in columns.items()}
        assessed = {key: self.columns.assessed(row, column, key) for key, column in columns.items()}
        self.player.check(row, cycle, states, assessed, self.theses, extremes, self.kills)

    def _extremes(self, row: int, column: int) -> int:
        rows = [int(one[row]) for one in self.evaluations if one[row] >= 0]
        return extremes_in_a_row([int(self.columns.volatility_regime[one, column]) for one in rows])


def _works(state: PairState) -> bool:
    """True if the next bar may fill an order, or an order may time out."""
    return state.entry is not None or state.exit is not None
