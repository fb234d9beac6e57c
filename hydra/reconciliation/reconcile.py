"""Reconciliation: compare, mend what HYDRA may mend, compare again, and leave the rest to a person.

A difference counts once it was found in two looks, so that what happens between the questions is none.
Source: docs/exchange.md, "Reconciliation"; docs/architecture.md, laws 1 and 5.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final

import psycopg

from hydra.domain import ReconciliationCause
from hydra.exchange.account import TradingAccount
from hydra.reconciliation import records
from hydra.reconciliation.corrections import Corrections
from hydra.reconciliation.differences import Difference, find_differences, show
from hydra.reconciliation.protection import KeyOfDecision, Protection
from hydra.reconciliation.records import Reconciled
from hydra.reconciliation.requests import RequestsAtExchange
from hydra.reconciliation.rules import ANSWERS, Action
from hydra.reconciliation.snapshot import AccountSnapshot, OrderName, take_snapshot
from hydra.trading.exchange_trades import QUOTE
from hydra.trading.operator_requests import RequestAnswer, answer_request, waiting_requests
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run

_MOST_ROUNDS: Final = 6
"""A missed fill closes a position, then its stop has to go: each is found after the one before is mended."""


@dataclass(frozen=True)
class Reconciliation:
    """Compares one run with its account. connection: of the worker, in autocommit, used by nothing else.

    now: the exchange's time. key: see `Venue.key`. look_again_s: between the two looks in which a difference
    has to be found.
    """

    connection: psycopg.Connection
    run: Run
    account: TradingAccount
    now: Callable[[], datetime]
    key: KeyOfDecision
    look_again_s: float = 0.5
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def reconcile(self, cause: ReconciliationCause) -> Reconciled:
        """Compare, mend, and record what was found and what stands.

        Raises:
            RetryError: the exchange cannot be asked now; nothing is known of the account.
            StopError, BadDataError: see `TradingAccount`.
            psycopg.Error: the database went away.
        """
        async with self._one_at_a_time:
            return await self._reconcile(cause)

    async def _reconcile(self, cause: ReconciliationCause) -> Reconciled:
        began = time.monotonic()
        await self._answer_requests()
        snapshot, differences = await self._look_twice()
        reconciliation_id = await asyncio.to_thread(self._begin, snapshot, cause)
        tried: set[tuple[str, str, str]] = set()
        for _ in range(_MOST_ROUNDS):
            await asyncio.to_thread(self._note, reconciliation_id, snapshot, differences)
            to_mend = [one for one in differences if self._can_mend(one) and one.name not in tried]
            if not to_mend:
                break
            tried.update(one.name for one in to_mend)
            await self._corrections.carry_out(to_mend, snapshot)
            snapshot, differences = await self._look_twice()
        return await asyncio.to_thread(self._end, reconciliation_id, snapshot, time.monotonic() - began)

    @cached_property
    def _pairs(self) -> dict[str, int]:
        return records.pairs_of_run(self.connection, self.run.run_id)

    @cached_property
    def _protection(self) -> Protection:
        return Protection(self.connection, self.run.run_id, self.account, self.key)

    @cached_property
    def _corrections(self) -> Corrections:
        rules = rules_of_run(self.run)
        return Corrections(self.connection, self.run.run_id, rules, self.account, self._protection)

    @cached_property
    def _requests(self) -> RequestsAtExchange:
        rules = rules_of_run(self.run)
        return RequestsAtExchange(self.connection, self.run.run_id, rules, self.account, self._protection)

    async def _answer_requests(self) -> None:
        """Carry out what operators have asked for since the last comparison."""
        for request in await asyncio.to_thread(waiting_requests, self.connection, self.run.run_id):
            snapshot, _ = await self._look()
            if request.symbol == QUOTE:
                answer = await asyncio.to_thread(self._take_over_wallet, snapshot)
            else:
                answer = await self._requests.carry_out(request, snapshot)
            await asyncio.to_thread(answer_request, self.connection, request.request_id, answer)

    def _take_over_wallet(self, snapshot: AccountSnapshot) -> RequestAnswer:
        """From now on later wallets are compared with this one."""
        with self.connection.transaction():
            number = self._begin(snapshot, ReconciliationCause.OPERATOR)
            wallet = snapshot.balance.wallet_usd
            records.end(self.connection, number, 0.0, wallet, begins_ledger=True)
        return RequestAnswer(f"later balances are compared with the {wallet} USDT of now", is_done=True)

    async def _look_twice(self) -> tuple[AccountSnapshot, list[Difference]]:
        """The newest snapshot, and the differences that stood in two of them, or were known before."""
        snapshot, first = await self._look()
        known = await asyncio.to_thread(records.open_names, self.connection, self.run.run_id)
        if {one.name for one in first} <= known:
            return snapshot, first
        await asyncio.sleep(self.look_again_s)
        snapshot, second = await self._look()
        before = known | {one.name for one in first}
        return snapshot, [one for one in second if one.name in before]

    async def _look(self) -> tuple[AccountSnapshot, list[Difference]]:
        since = await asyncio.to_thread(records.shown_since, self.connection, self.run.run_id)
        snapshot = await take_snapshot(
            self.account, sorted(self._pairs), since, self.now(), self._orders_to_ask
        )
        return snapshot, await asyncio.to_thread(self._compare, snapshot)

    async def _orders_to_ask(self, open_ids: Sequence[str]) -> list[OrderName]:
        return await asyncio.to_thread(records.orders_to_ask, self.connection, self.run.run_id, open_ids)

    def _compare(self, snapshot: AccountSnapshot) -> list[Difference]:
        with self.connection.transaction():
            show(self.connection, snapshot)
            records.store_income(self.connection, self.run.run_id, snapshot.since)
            return find_differences(self.connection, self.run.run_id, snapshot)

    def _begin(self, snapshot: AccountSnapshot, cause: ReconciliationCause) -> int:
        return records.begin(self.connection, self.run.run_id, snapshot.time, cause)

    def _note(
        self, reconciliation_id: int, snapshot: AccountSnapshot, differences: Sequence[Difference]
    ) -> None:
        with self.connection.transaction():
            records.note(self.connection, self.run.run_id, reconciliation_id, snapshot.time, differences)

    def _end(self, reconciliation_id: int, snapshot: AccountSnapshot, duration_s: float) -> Reconciled:
        wallet = snapshot.balance.wallet_usd
        return records.end(self.connection, reconciliation_id, duration_s, wallet, begins_ledger=False)

    @staticmethod
    def _can_mend(difference: Difference) -> bool:
        return ANSWERS[difference.kind].action is not Action.REPORT and difference.instrument_id is not None
