"""Carries out what differences lead to: bookings, cancels, stops.

Source: docs/exchange.md, "Reconciliation".
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from hydra.errors import OrderRefusedError, RetryError
from hydra.exchange.account import TradingAccount
from hydra.reconciliation import records
from hydra.reconciliation.bookings import PairBooking, book, bookings_of
from hydra.reconciliation.differences import Difference
from hydra.reconciliation.protection import PairAtRisk, Protection
from hydra.reconciliation.rules import ANSWERS, Action
from hydra.reconciliation.sending import cancel
from hydra.reconciliation.snapshot import AccountSnapshot
from hydra.trading.instrument_spec import read_terms
from hydra.trading.parameters import Rules


@dataclass(frozen=True)
class Corrections:
    """Corrects the differences of one run."""

    connection: psycopg.Connection
    run_id: int
    rules: Rules
    account: TradingAccount
    protection: Protection

    async def carry_out(self, differences: Sequence[Difference], snapshot: AccountSnapshot) -> None:
        """Do what the differences lead to: the tables first, then the exchange.

        What the exchange refuses stays a difference, with its words.

        Raises:
            StopError, BadDataError: see `TradingAccount`.
        """
        to_book = [one for one in differences if ANSWERS[one.kind].action is Action.BOOK]
        refused: dict[int, str] = {}
        for booking in bookings_of(to_book, snapshot):
            try:
                await asyncio.to_thread(self._book, booking, snapshot.time)
            except psycopg.IntegrityError as error:
                # Rows that do not fit must not keep the other pairs from being executed.
                refused[booking.instrument_id] = f"not booked: {error.diag.message_primary}"
        await asyncio.to_thread(self._note, to_book, refused)
        for one in differences:
            action = ANSWERS[one.kind].action
            if action in {Action.CANCEL, Action.PROTECT} and one.instrument_id is not None:
                await self._at_exchange(one, self._pair(one.symbol, one.instrument_id, snapshot))

    async def _at_exchange(self, difference: Difference, pair: PairAtRisk) -> None:
        answer = ANSWERS[difference.kind]
        try:
            if answer.action is Action.PROTECT:
                done = await self.protection.protect(pair)
            else:
                is_conditional = bool(difference.shown("is_conditional"))
                await cancel(self.account, pair.symbol, difference.subject, is_conditional=is_conditional)
                done = answer.done
        except (OrderRefusedError, RetryError) as error:
            done = f"not mended yet: {error}"
        await asyncio.to_thread(records.note_done, self.connection, self.run_id, difference, done)

    def _pair(self, symbol: str, instrument_id: int, snapshot: AccountSnapshot) -> PairAtRisk:
        held = next((one for one in snapshot.positions if one.symbol == symbol), None)
        mark = None if held is None else held.mark_price or held.entry_price
        return PairAtRisk(symbol, instrument_id, mark, snapshot.time)

    def _book(self, booking: PairBooking, time: datetime) -> None:
        with self.connection.transaction():
            spec = read_terms(self.connection, [booking.instrument_id], time, self.rules.costs)[
                booking.instrument_id
            ]
            book(self.connection, self.run_id, booking, spec)

    def _note(self, booked: Sequence[Difference], refused: Mapping[int, str]) -> None:
        for one in booked:
            done = refused.get(one.instrument_id or 0, ANSWERS[one.kind].done)
            records.note_done(self.connection, self.run_id, one, done)
