"""Executes the orders of one run: looks at its pairs whenever something is heard, and carries out the calls.

A call never holds up the looks: while one waits for its answer, the others go on, so that a position whose
stop is not answered is still closed in time.
Source: docs/architecture.md, "Live orders"; docs/architecture.md, laws 1 and 5.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from hydra.errors import RetryError
from hydra.exchange.account import AccountEvent, OrderUpdate, StreamBegan, StreamEnded, TradingAccount
from hydra.execution.calls import Ask, Call, Cancel, Send
from hydra.execution.exchange_calls import ExchangeCalls
from hydra.execution.news import News, PairMemory, Shown, StreamBroken
from hydra.execution.pair_rows import PairRows

LOOK_EVERY_S: Final = 0.5
"""Pairs at work are looked at so often even if nothing is heard."""

ENTRIES_END_S: Final = 8.0
"""So long a run that is stopped waits for the ends of its entries and exits."""

_DIAL_AGAIN_S: Final = 1.0
_ENDED_LOOK_S: Final = 0.1
T = TypeVar("T")


@dataclass(slots=True)
class _Pair:
    """What the process holds of a pair. under_way: the calls that wait for their answers."""

    instrument_id: int
    memory: PairMemory = field(default_factory=PairMemory)
    news: list[News] = field(default_factory=list)
    under_way: set[tuple[type, str]] = field(default_factory=set)
    is_looking: bool = False
    look_again: bool = False


class Executor:
    """The orders of one run at one account.

    now: the exchange's time. tell: gets a sentence for what a person should know. connected: called when a
    user stream begins. is_compared: see `PairOrders`. The connection of `rows` is used by one thread only.
    """

    def __init__(
        self,
        rows: PairRows,
        account: TradingAccount,
        calls: ExchangeCalls,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        connected: Callable[[], None] = lambda: None,
        is_compared: Callable[[], bool] = lambda: True,
    ) -> None:
        self._rows, self._account, self._calls = rows, account, calls
        self._now, self._tell, self._connected = now, tell, connected
        self._is_ending, self._is_compared = False, is_compared
        self._pairs = {one: _Pair(one) for one in rows.symbols}
        self._by_symbol = {symbol: self._pairs[one] for one, symbol in rows.symbols.items()}
        self._database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rows")
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Execute until cancelled.

        Raises:
            StopError: the exchange refuses the user stream for good.
            psycopg.Error: the database went away: start again.
        """
        self._start(self._listen())
        try:
            while not self._failed.done():
                self._woken.clear()
                at_work = await self._in_database(self._rows.at_work)
                for one, pair in self._pairs.items():
                    if one in at_work or pair.memory.requote is not None:
                        self._look_soon(pair)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), LOOK_EVERY_S)
            self._failed.result()
        finally:
            # A call that is answered just then starts another look.
            while self._tasks:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
            self._database.shutdown()

    def wake(self) -> None:
        """A stage has committed something: look at once."""
        self._woken.set()

    async def unheld_entries(self) -> set[str]:
        """The symbols in which the exchange may have an entry and nothing is held."""
        waiting = await self._in_database(self._rows.waiting_entries)
        return {self._rows.symbols[one.instrument_id] for one in waiting if one.is_sent and not one.is_held}

    async def end_entries(self) -> None:
        """Cancel entries, with the stops of those that bought nothing; finish exits at market.

        Waits some seconds for their ends.
        """
        self._is_ending = True
        with suppress(TimeoutError):
            async with asyncio.timeout(ENTRIES_END_S):
                while await self._in_database(self._rows.has_orders_to_end):
                    self.wake()
                    await asyncio.sleep(_ENDED_LOOK_S)

    async def _listen(self) -> None:
        """Hold the user stream, one after the other."""
        while True:
            try:
                await self._account.listen(self._hear)
            except RetryError as error:
                self._tell(f"the user stream: {error}")
                await asyncio.sleep(_DIAL_AGAIN_S)

    def _hear(self, event: AccountEvent) -> None:
        if isinstance(event, OrderUpdate):
            pair = self._by_symbol.get(event.order.symbol)
            if pair is not None:
                self._tell_pair(pair, Shown(event.order, trade=event.trade))
        elif isinstance(event, StreamBegan | StreamEnded):
            if isinstance(event, StreamBegan):
                self._connected()
            for pair in self._pairs.values():
                self._tell_pair(pair, StreamBroken())

    def _tell_pair(self, pair: _Pair, news: News) -> None:
        pair.news.append(news)
        self._look_soon(pair)

    def _look_soon(self, pair: _Pair) -> None:
        pair.look_again = True
        if not pair.is_looking:
            pair.is_looking = True
            self._start(self._look(pair))

    async def _look(self, pair: _Pair) -> None:
        """Look until there is nothing new."""
        try:
            while pair.look_again:
                pair.look_again = False
                news, pair.news = pair.news, []
                seen = partial(self._rows.look, pair.instrument_id, pair.memory, news, self._now())
                is_compared = self._is_compared()
                calls = await self._in_database(
                    partial(seen, is_ending=self._is_ending, is_compared=is_compared)
                )
                for call in calls:
                    self._call_soon(pair, call)
        finally:
            pair.is_looking = False

    def _call_soon(self, pair: _Pair, call: Call) -> None:
        """Carry it out beside the looks. Another question about the same is not asked meanwhile."""
        order = call.order.client_order_id if isinstance(call, Send | Cancel | Ask) else ""
        key = (Ask if isinstance(call, Cancel) else type(call), order)
        is_answered_soon = key in pair.under_way or (Send, order) in pair.under_way
        if isinstance(call, Send) or not is_answered_soon:
            pair.under_way.add(key)
            self._start(self._carry_out(pair, call, key))

    async def _carry_out(self, pair: _Pair, call: Call, key: tuple[type, str]) -> None:
        try:
            news = await self._calls.carry_out(self._rows.symbols[pair.instrument_id], call)
        finally:
            pair.under_way.discard(key)
        if news is not None:
            self._tell_pair(pair, news)

    async def _in_database(self, act: Callable[..., T], *values: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, act, *values)

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)
            self._woken.set()
