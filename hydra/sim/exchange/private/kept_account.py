"""An account whose changes are on the disk before anyone hears of them."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from hydra.durations import SECOND_MS
from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.settings import AccountSettings
from hydra.sim.exchange.account.user_events import UserEvent
from hydra.sim.exchange.faults import OF_POSITIONS, FaultKind
from hydra.sim.exchange.market import PlayedMarket
from hydra.sim.exchange.message_faults import Faults
from hydra.sim.exchange.private.account_file import OwnAccount
from hydra.sim.exchange.private.fields import OF_SIGNATURE, Fields
from hydra.sim.exchange.private.journal import AccountChange, AccountJournal
from hydra.sim.exchange.private.market_seen import MarketSeen
from hydra.sim.exchange.private.operations import OPERATIONS
from hydra.sim.exchange.private.order_faults import shown_book
from hydra.sim.exchange.refusals import Refusal

_SETTINGS: Final = "SETTINGS"
_PERCENT: Final = Decimal(100)
_SMALLEST_SHARE: Final = Decimal("0.01")
"""Of a mark price that a fault lets jump."""


class KeptAccount:
    """The account of a served market.

    A change is named by method and path as in `OPERATIONS`, by the kind of a fault of positions, or SETTINGS.
    """

    def __init__(
        self,
        own: OwnAccount,
        folder: Path,
        market: PlayedMarket,
        faults: Faults,
        tell: Callable[[UserEvent], None],
    ) -> None:
        self._own, self._market, self._faults, self._tell = own, market, faults, tell
        self._journal = AccountJournal(folder, own.settings)
        self._seen = MarketSeen(market)
        self._events: list[UserEvent] = []
        pairs = {pair.symbol: pair for pair in market.source.pairs}
        self.account = Account(
            pairs, self._seen, self._events.append, market.start_ms, self._journal.settings
        )
        self.last_ms = market.start_ms
        """The instant of the newest change or second."""
        market.after_second = self._end_second
        self._is_going_on = False
        self._reached_ms = 0

    async def go_on(self) -> None:
        """Play the market up to where it was, with everything that was asked of the account in its place.

        At least its first two seconds: before them there are no prices.
        """
        self._is_going_on = True
        for change in self._journal.changes:
            await self._play_to(change.after_ms)
            with suppress(Refusal):
                self._do(change)
        await self._play_to(max(self._journal.reached_ms or 0, self._market.start_ms + SECOND_MS))
        self._is_going_on = False
        self._events.clear()
        self._journal.changes.clear()
        self._take_settings()

    async def _play_to(self, instant_ms: int) -> None:
        while self._market.sent_ms < instant_ms:
            await self._market.send_second(self._market.sent_ms + SECOND_MS)

    def _take_settings(self) -> None:
        """How the exchange behaves may be set anew with each start."""
        begun = self.account.settings
        wanted = replace(self._own.settings, start_balance_usd=begun.start_balance_usd)
        if wanted != begun:
            sent = {name: str(value) for name, value in asdict(wanted).items()}
            self._change(_SETTINGS, sent, self.last_ms)

    def ask(self, call: str, fields: Fields, now_ms: int, fault: FaultKind | None = None) -> Any:
        """The answer to a call of `OPERATIONS`. fault: of `OF_ORDERS`, acts on this order.

        Raises:
            Refusal: the account refuses.
        """
        operation = OPERATIONS[call]
        if not operation.changes:
            # A question moves no time: what was asked leaves no trace in the account.
            return operation.answer(self.account, fields, self.last_ms)
        return self._change(call, fields.values, now_ms, fault.value if fault else "")

    def _change(self, call: str, sent: Mapping[str, str], now_ms: int, fault: str = "") -> Any:
        sent = {name: text for name, text in sent.items() if name not in OF_SIGNATURE}
        change = AccountChange(self._market.sent_ms, max(now_ms, self.last_ms), call, sent, fault)
        try:
            answer, refused = self._do(change), None
        except Refusal as refusal:
            # It may have used an id.
            answer, refused = None, refusal
        self._journal.add(change)
        self._tell_events()
        if refused is not None:
            raise refused
        return answer

    def _do(self, change: AccountChange) -> Any:
        self.last_ms = change.now_ms
        account, sent = self.account, change.sent
        if change.call == _SETTINGS:
            account.settings = msgspec.convert(sent, AccountSettings, strict=False)
        elif change.call == FaultKind.AUTO_DELEVERAGE:
            account.auto_deleverage(sent["symbol"], change.now_ms)
        elif change.call == FaultKind.LIQUIDATION:
            symbol, jumped = sent["symbol"], Decimal(sent["mark_price"])
            mark = self._seen.mark_price(symbol)
            with self._seen.at_mark(symbol, jumped):
                account.on_mark(symbol, change.now_ms, mark)
        else:
            return self._operate(change)
        return None

    def _operate(self, change: AccountChange) -> Any:
        fields = Fields(change.sent, self._market.place)
        operation = OPERATIONS[change.call]
        settings = self.account.settings
        if not change.fault:
            return operation.answer(self.account, fields, change.now_ms)
        kind = FaultKind(change.fault)
        step = self._market.source.pairs[fields.pair()].filters.step_size
        try:
            if kind is FaultKind.EXPIRED:
                self.account.settings = replace(settings, refuses_post_only=False)
            with self._seen.showing(shown_book(kind, change.sent, step)):
                return operation.answer(self.account, fields, change.now_ms)
        finally:
            self.account.settings = settings

    def _end_second(self, now_ms: int) -> None:
        self.last_ms = max(self.last_ms, now_ms)
        self.account.on_time(now_ms)
        if self._is_going_on:
            return
        for one in self._faults.of_kinds(OF_POSITIONS):
            for symbol in self._market.place:
                amount = self.account.position(symbol).amount
                if amount and one.acts(one.fault.kind, symbol, now_ms, now_ms):
                    self._force(one.fault.kind, symbol, amount, one.fault.number)
        self._tell_events()

    def _force(self, kind: FaultKind, symbol: str, amount: Decimal, percent: float) -> None:
        against = (Decimal(str(percent)) / _PERCENT).copy_sign(-amount)
        jumped = self._seen.mark_price(symbol) * max(_SMALLEST_SHARE, 1 + against)
        self._change(kind, {"symbol": symbol, "mark_price": str(jumped)}, self.last_ms)

    def _tell_events(self) -> None:
        events = self._events.copy()
        self._events.clear()
        for event in events:
            self._tell(event)

    def reach(self) -> None:
        """What was sent so far will be told now: after an end by force the market goes on from here."""
        if self._reached_ms != self._market.sent_ms:
            self._journal.reach(self._market.sent_ms)
            self._reached_ms = self._market.sent_ms

    def close(self) -> None:
        """Let another exchange serve the account."""
        self._journal.close()
