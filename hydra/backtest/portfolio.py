"""The portfolio's path: minute by minute where something can happen, in one leap where nothing can.

A minute is played in the order of the live stages, by their own functions: settle, decide, execute.
Source: DESIGN, law 2; C20, C117, C119, C120, C122, C123.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hydra.backtest.alarms import evaluation_rows
from hydra.backtest.bars import BarGrid
from hydra.backtest.columns import SIDES, SOURCES, DecisionColumns
from hydra.backtest.hourly_closes import HourlyCloses
from hydra.backtest.market import BacktestMarket
from hydra.backtest.next_minute import (
    Grids,
    Limits,
    OpenBook,
    next_minute,
    open_signals,
)
from hydra.backtest.open_book import BookEntry, open_book, row_at
from hydra.backtest.walked_path import LastExit, LatchedKill, Path, empty_path
from hydra.domain import KillScope, ReasonCode, SignalSource
from hydra.features.decision_frame import DECISION_DELAY
from hydra.layers.layer4_filters import exact
from hydra.layers.layer4_kill import Kill
from hydra.layers.layer4_limits import Book
from hydra.ledger.portfolio import Portfolio
from hydra.trading.correlation_rows import Company, company_at
from hydra.trading.cycle import Cycle
from hydra.trading.decision_rows import JudgedSignal, Verdict
from hydra.trading.entries import ApprovedDecision, entry_of
from hydra.trading.holdings import Holding, Position
from hydra.trading.kill_rows import LatchedKills
from hydra.trading.market_rows import Price
from hydra.trading.pair_terms import TradingTerms
from hydra.trading.paper_exchange import PaperExchange
from hydra.trading.parameters import Rules
from hydra.trading.portfolio_rows import book_of, cash_after, equity_row, open_position
from hydra.trading.position_checks import Bet, Surroundings, check_holdings, extremes_in_a_row
from hydra.trading.row_writer import Row
from hydra.trading.verdicts import Minute, decide, direction_held, new_kills

KEYS: Final = len(SOURCES) * SIDES
EVERYTHING: Final = 0
STOPPED_OUT: Final = frozenset({ReasonCode.STOP_HIT, ReasonCode.LIQUIDATED})


@dataclass
class PortfolioWalk:
    """One run over one market. plays_every_minute: no minute is leapt over (`--rows all`; tests)."""

    run_id: int
    market: BacktestMarket
    columns: DecisionColumns
    bars: BarGrid
    hourly: HourlyCloses
    grids: Grids
    rules: Rules
    plays_every_minute: bool = False
    holdings: dict[int, Holding] = field(default_factory=dict)
    bets: dict[int, Bet] = field(default_factory=dict)
    latched: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Begin with the initial balance, nothing held."""
        shape = self.columns.key.shape
        self.column_of = {key: column for column, key in enumerate(self.market.instrument_ids)}
        self.free_row = np.zeros((shape[1], KEYS), np.int64)
        self.evaluations = evaluation_rows(self.market.minutes, self.rules.positions.extreme_evaluations)
        self.portfolio = Portfolio.start(self.rules.initial_balance, self.market.time_of(0))
        self.signals = self.columns.judged.select(_OF_A_SIGNAL)
        self.path = empty_path(shape, keeps_quiet_checks=self.plays_every_minute)

    def walk(self, progress: Callable[[float], None] = lambda _share: None) -> Path:
        """Play the whole market; `progress` hears the share that is done, 0..1."""
        rows = len(self.market.minutes)
        row = 0
        while row < rows:
            row = self._leap(row)
            if row < rows:
                self._play(row)
                row += 1
                progress(row / rows)
        return self.path

    # Leaping

    def _leap(self, start: int) -> int:
        """The next row that has to be played; the highest equity before it is booked."""
        if self.plays_every_minute or any(_works(one) for one in self.holdings.values()):
            return start
        row, best = next_minute(start, self.grids, self._open_book(), self._limits(), self.path.leapt)
        if best >= 0:
            self._mark(best)
        for instrument_id in self.holdings:
            self.path.held[start:row, self.column_of[instrument_id]] = True
        return int(row)

    def _mark(self, row: int) -> None:
        opened = [open_position(one, self._prices(row)) for one in self.holdings.values() if one.is_open]
        self.portfolio, _ = self.portfolio.marked(opened, self.market.time_of(row))

    def _open_book(self) -> OpenBook:
        opened = [one.position for one in self.holdings.values() if one.position is not None]
        entries = [
            BookEntry(self.column_of[one.instrument_id], one, self.bets[one.instrument_id]) for one in opened
        ]
        return open_book(entries, self.market.minutes, self.rules.positions)

    def _limits(self) -> Limits:
        columns = range(len(self.market.instrument_ids))
        kills = LatchedKills(frozenset(self.latched))
        ids = self.market.instrument_ids
        return Limits(
            is_held=np.array([ids[column] in self.holdings for column in columns]),
            is_killed=np.array([kills.stops(ids[column]) for column in columns]),
            free_row=self.free_row,
            is_full=len(self.holdings) >= self.rules.risk.limits.max_positions,
            cash_usd=float(self.portfolio.cash_usd),
            day_peak_usd=float(self.portfolio.day_peak_usd),
            daily_drawdown=1.0 if EVERYTHING in self.latched else self.rules.risk.kill.daily_drawdown,
        )

    # Playing

    def _play(self, row: int) -> None:
        time = self.market.time_of(row)
        cycle = Cycle(self.run_id, time, time + DECISION_DELAY)
        terms = self.market.terms.at(time)
        self._settle(row, cycle, terms)
        prices = self._prices(row)
        equity = equity_row(self.portfolio, self.holdings.values(), prices, cycle)
        self.path.equity[row] = equity
        self.portfolio = Portfolio(
            self.portfolio.cash_usd, equity["peak_usd"], equity["day_peak_usd"], time.date()
        )
        for instrument_id in self.holdings:
            self.path.held[row, self.column_of[instrument_id]] = True
        approved = self._decide(row, cycle, terms, self._book(equity))
        self._execute(row, cycle, terms, prices, approved)

    def _settle(self, row: int, cycle: Cycle, terms: Mapping[int, TradingTerms]) -> None:
        for instrument_id in sorted(self.holdings):
            column = self.column_of[instrument_id]
            exchange = PaperExchange(self.run_id, terms[instrument_id], self.rules.execution)
            holding = self.holdings[instrument_id]
            due = self.bars.settlements.get((row, column), [])
            exchange.play(holding, self.bars.bars(row, column), due)
            exchange.time_out(holding, cycle.time)
        self.portfolio = cash_after(self.portfolio, self.holdings.values())
        self._take()

    def _take(self) -> None:
        """Hand what happened to the journal; note exits; forget pairs in which nothing is left."""
        for instrument_id, holding in list(self.holdings.items()):
            position = holding.position
            self.path.journal.take(holding)
            if position is not None and holding.position is None:
                self._note_exit(position)
            if holding.position is None and not holding.orders:
                del self.holdings[instrument_id]

    def _note_exit(self, position: Position) -> None:
        if position.closed_time is None:
            raise AssertionError("a position without quantity is closed")
        stopped_out = position.exit_reason_code in STOPPED_OUT
        column = self.column_of[position.instrument_id]
        key = key_of(self.bets.pop(position.instrument_id).source, position.direction)
        self.path.exits.setdefault((column, key), []).append(LastExit(position.closed_time, stopped_out))
        limits = self.rules.risk.limits
        wait = limits.cooldown_after_stop_minutes if stopped_out else limits.cooldown_minutes
        self.free_row[column, key] = row_at(
            self.market.minutes, position.closed_time + timedelta(minutes=wait)
        )

    def _prices(self, row: int) -> dict[int, Price]:
        found = {}
        for instrument_id, holding in self.holdings.items():
            column = self.column_of[instrument_id]
            last = float(self.bars.last_price[row, column])
            if holding.is_open and not np.isnan(last):
                mark = float(self.bars.mark_price[row, column])
                found[instrument_id] = Price(exact(last), exact(mark))
        return found

    def _book(self, equity: Row) -> Book:
        columns = ("equity_usd", "day_peak_usd", "peak_usd", "exposure_usd", "portfolio_heat")
        return book_of(tuple(equity[name] for name in columns), self.holdings)

    # Deciding

    def _decide(
        self, row: int, cycle: Cycle, terms: Mapping[int, TradingTerms], book: Book
    ) -> list[ApprovedDecision]:
        columns = self._columns_to_judge(row, book)
        if not columns:
            return []
        ids = self.market.instrument_ids
        pairs = {ids[column]: self.columns.assessed(row, column, ids[column]) for column in columns}
        chosen = {
            ids[column]: self.judged_signal(row, column, cycle.time)
            for column in columns
            if self.columns.chosen[row, column] >= 0
        }
        minute = Minute(
            pairs=pairs,
            signals=chosen,
            holdings=self.holdings,
            terms={key: terms[key] for key in chosen if key in terms},
            company=self._company(cycle, chosen),
            kills=LatchedKills(frozenset(self.latched)),
            book=book,
        )
        kills = new_kills(minute, self.rules.risk)
        self._latch(row, kills)
        verdicts = decide(minute, kills, self.rules.risk)
        for instrument_id, verdict in verdicts.items():
            self.path.verdicts[row, self.column_of[instrument_id]] = verdict
        return [
            self._approved(row, one) for one in verdicts.values() if one.decision and one.decision.approved
        ]

    def _columns_to_judge(self, row: int, book: Book) -> list[int]:
        """The pairs with a signal or a kill condition; all of them once the day's drawdown is too deep.

        A signal whose gate is known to be shut is noted as passed over, not judged.
        """
        if EVERYTHING in self.latched:
            return []
        if book.daily_drawdown > self.rules.risk.kill.daily_drawdown:
            return list(range(len(self.market.instrument_ids)))
        if self.plays_every_minute:
            wanted = (self.columns.chosen[row] >= 0) | self.grids.is_kill_due[row]
        else:
            wanted = open_signals(row, self.grids, self._limits(), self.path.leapt)
            wanted |= self.grids.is_kill_due[row]
        return [int(column) for column in np.flatnonzero(wanted)]

    def judged_signal(self, row: int, column: int, time: datetime) -> JudgedSignal:
        """The chosen signal of a cell, with the last exit of its pair, source and side before `time`."""
        key = int(self.columns.key[row, column])
        exits = self.path.exits.get((column, key), [])
        last = next((one for one in reversed(exits) if one.time <= time), None)
        return JudgedSignal(
            **self.signals.row(int(self.columns.chosen[row, column]), named=True),
            minutes_since_exit=None if last is None else (time - last.time).total_seconds() / 60,
            stopped_out=last is not None and last.stopped_out,
        )

    def best_signal(self, row: int, column: int) -> JudgedSignal | None:
        """The best of a cell's signals where none was chosen; None where no generator fired."""
        own = [self.signals.row(index, named=True) for index in self.columns.signals_of(row, column)]
        best = min(own, key=lambda one: (-one["score"], one["source"]), default=None)
        return None if best is None else JudgedSignal(**best, minutes_since_exit=None, stopped_out=False)

    def _company(self, cycle: Cycle, chosen: Mapping[int, JudgedSignal]) -> dict[int, Company]:
        """Only a pair that holds nothing yet can join the others."""
        # In the order in which the rows are read live: positions by pair, then working entries as they came.
        opened = sorted(key for key, one in self.holdings.items() if one.position is not None)
        waiting = [key for key, one in self.holdings.items() if one.position is None]
        held = {key: direction_held(self.holdings[key]) for key in (*opened, *waiting)}
        if not held:
            return {}
        found = {}
        for key, signal in chosen.items():
            if key not in held:
                own = self.column_of[key]
                each = [
                    self.hourly.correlation(cycle.time, cycle.as_of, own, self.column_of[other])
                    for other in held
                ]
                found[key] = company_at(signal.direction, each, list(held.values()))
        return found

    def _latch(self, row: int, kills: Mapping[int, Kill]) -> None:
        for instrument_id, kill in kills.items():
            self.path.kills.append(LatchedKill(row, self.column_of[instrument_id], kill))
            self.latched.add(instrument_id if kill.scope is KillScope.PAIR else EVERYTHING)

    def _approved(self, row: int, verdict: Verdict) -> ApprovedDecision:
        decision, candidate, signal = verdict.decision, verdict.candidate, verdict.signal
        if decision is None or candidate is None or signal is None:
            raise AssertionError("what is approved was a candidate")
        strength = self.columns.judged["thesis_strength"][
            int(self.columns.chosen[row, self.column_of[candidate.instrument_id]])
        ]
        self.bets[candidate.instrument_id] = Bet(candidate.source, strength)
        return ApprovedDecision(
            instrument_id=candidate.instrument_id,
            side=signal.side,
            recommended_size_usd=decision.recommended_size_usd,
            recommended_leverage=exact(decision.recommended_leverage),
            reference_price=exact(candidate.price),
            stop_loss_price=decision.stop_loss_price,
            take_profit_price=decision.take_profit_price,
            max_holding_hours=decision.max_holding_hours,
        )

    # Executing

    def _execute(
        self,
        row: int,
        cycle: Cycle,
        terms: Mapping[int, TradingTerms],
        prices: Mapping[int, Price],
        approved: list[ApprovedDecision],
    ) -> None:
        if self.holdings:
            self._check(row, cycle, terms, prices)
        for decision in approved:
            key = decision.instrument_id
            holding = self.holdings.setdefault(key, Holding(key))
            holding.entry, holding.terms = entry_of(decision, cycle, terms[key]), decision.entry_terms
        self._take()

    def _check(
        self, row: int, cycle: Cycle, terms: Mapping[int, TradingTerms], prices: Mapping[int, Price]
    ) -> None:
        columns = {key: self.column_of[key] for key in self.holdings}
        around = Surroundings(
            bets=self.bets,
            extremes={key: self._extremes(row, column) for key, column in columns.items()},
            kills=LatchedKills(frozenset(self.latched)),
            prices=prices,
            terms=terms,
        )
        assessed = {key: self.columns.assessed(row, column, key) for key, column in columns.items()}
        check_holdings(self.holdings, assessed, cycle, self.rules, around)

    def _extremes(self, row: int, column: int) -> int:
        rows = [int(one[row]) for one in self.evaluations if one[row] >= 0]
        return extremes_in_a_row([int(self.columns.volatility_regime[one, column]) for one in rows])


_OF_A_SIGNAL: Final = (
    "instrument_id", "source", "side", "confidence", "score", "expected_return", "expected_adverse_excursion",
    "holding_period_minutes", "chosen", "reason_code",
)  # fmt: skip


def key_of(source: SignalSource, direction: int) -> int:
    """See `DecisionColumns`."""
    return SOURCES.index(source) * SIDES + (direction < 0)


def _works(holding: Holding) -> bool:
    """An order works that the next bar may fill or time may end."""
    return holding.entry is not None or holding.exit is not None
