"""An account at Binance USD-M, or at the simulated exchange, which speaks the same protocol.

Orders go through ccxt's own endpoints with parameters of ours, because its unified calls round prices and
read terse answers as unfilled. No call is sent twice but one whose time the exchange found off.
Source: docs/exchange.md, "The account".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ccxt.base.errors import BaseError

from hydra.errors import BadDataError, OrderRefusedError, StopError
from hydra.exchange.account import (
    AccountTerms,
    BalanceSeen,
    IncomeSeen,
    LimitLeft,
    OnEvent,
    OrderSeen,
    PositionSeen,
    TradeSeen,
)
from hydra.exchange.binance import account_answers as answers
from hydra.exchange.binance.account_answers import each, itself, one
from hydra.exchange.binance.calls import Calls
from hydra.exchange.binance.change_refusals import (
    NO_SUCH_OPEN_ORDER,
    NO_SUCH_ORDER,
    SAME_MARGIN_TYPE,
    error_of_change,
    outcome_unknown,
)
from hydra.exchange.binance.client import ORDERS_1_MIN, ORDERS_10_S, WEIGHT, BinanceClient
from hydra.exchange.binance.instrument_terms import instrument_terms
from hydra.exchange.binance.order_requests import order_request
from hydra.exchange.binance.user_stream import UserStream
from hydra.exchange.exchange_clock import ServerClock
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.refusals import error_of, refusing_answer
from hydra.exchange.wire_numbers import instant_of, to_ms
from hydra.layers.layer5_orders import OrderPlan

_LIMITS: Final = {
    WEIGHT: "weight a minute",
    ORDERS_10_S: "orders in 10 s",
    ORDERS_1_MIN: "orders a minute",
}
_PAGE: Final = 1_000
_LONGEST_SPAN: Final = timedelta(days=7)


class BinanceAccount:
    """See `hydra.exchange.account.TradingAccount`."""

    def __init__(self, client: BinanceClient, venue: str, connection_life_hours: float) -> None:
        self.venue: Final = venue
        self._client = client
        self._calls = Calls(client)
        self._user_stream = UserStream(self._calls, connection_life_hours)

    async def _change(self, what: str, endpoint: str, **parameters: str) -> Any:
        """The decoded answer to a call that changes something.

        Raises:
            OutcomeUnknownError, OrderRefusedError, RetryError, StopError: see `TradingAccount`.
        """
        try:
            answer = await self._calls.signed(endpoint, **parameters)
        except BaseError as error:
            raise error_of_change(self._calls.host, what, error) from None
        if not isinstance(answer, dict):
            raise outcome_unknown(what, f"{self._calls.host} answers no JSON")
        return answer

    async def _found(self, endpoint: str, **parameters: Any) -> Any:
        """The decoded answer; None: there is no such order."""
        try:
            answer = await self._calls.signed(endpoint, **parameters)
        except BaseError as error:
            refused = refusing_answer(error)
            if refused is not None and refused.code == NO_SUCH_ORDER:
                return None
            raise error_of(self._calls.host, error) from None
        self._calls.refuse_nothing(answer)
        return answer

    # Orders.

    async def place(self, symbol: str, plan: OrderPlan) -> OrderSeen:
        """See `TradingAccount`."""
        what = f"the order {plan.client_order_id} of {symbol}"
        request = order_request(symbol, plan)
        answer = await self._change(what, request.endpoint, **request.parameters)
        try:
            if plan.order_type.is_conditional:
                return one("algoOrder", answer, answers.ConditionalRow, answers.conditional_seen)
            return one("order", answer, answers.OrderRow, answers.order_seen)
        except BadDataError as error:
            raise outcome_unknown(what, str(error)) from None

    async def cancel(self, symbol: str, client_order_id: str, *, is_conditional: bool) -> bool:
        """See `TradingAccount`."""
        what = f"the cancel of the order {client_order_id} of {symbol}"
        try:
            if is_conditional:
                await self._change(what, "fapiPrivateDeleteAlgoOrder", clientAlgoId=client_order_id)
            else:
                await self._change(
                    what, "fapiPrivateDeleteOrder", symbol=symbol, origClientOrderId=client_order_id
                )
        except OrderRefusedError as refused:
            if refused.code == NO_SUCH_OPEN_ORDER:
                return False
            raise
        return True

    async def order(self, symbol: str, client_order_id: str) -> OrderSeen | None:
        """See `TradingAccount`."""
        return await self._order(symbol, origClientOrderId=client_order_id)

    async def _order(self, symbol: str, **key: Any) -> OrderSeen | None:
        answer = await self._found("fapiPrivateGetOrder", symbol=symbol, **key)
        if answer is None:
            return None
        return one("order", answer, answers.OrderRow, answers.order_seen)

    async def conditional_order(self, symbol: str, client_order_id: str) -> OrderSeen | None:
        """See `TradingAccount`."""
        lists: dict[str, dict[str, int]] = {
            "fapiPrivateGetOpenAlgoOrders": {},
            "fapiPrivateGetAllAlgoOrders": {"limit": _PAGE},
        }
        for endpoint, parameters in lists.items():
            found = [
                order
                for order in await self._conditional_orders(endpoint, symbol=symbol, **parameters)
                if order.client_order_id == client_order_id
            ]
            if found:
                return await self._with_child(max(found, key=lambda order: order.exchange_order_id))
        return None

    async def _with_child(self, order: OrderSeen) -> OrderSeen:
        if order.child_order_id is None:
            return order
        child = await self._order(order.symbol, orderId=order.child_order_id)
        return answers.with_child(order, child)

    async def _conditional_orders(self, endpoint: str, **parameters: Any) -> list[OrderSeen]:
        rows = await self._calls.ask_signed(endpoint, **parameters)
        return each("algoOrders", rows, answers.ConditionalRow, answers.conditional_seen)

    async def open_orders(self, symbol: str | None = None) -> list[OrderSeen]:
        """See `TradingAccount`."""
        of_symbol = {} if symbol is None else {"symbol": symbol}
        rows = await self._calls.ask_signed("fapiPrivateGetOpenOrders", **of_symbol)
        return each("openOrders", rows, answers.OrderRow, answers.order_seen)

    async def open_conditional_orders(self, symbol: str | None = None) -> list[OrderSeen]:
        """See `TradingAccount`."""
        of_symbol = {} if symbol is None else {"symbol": symbol}
        return await self._conditional_orders("fapiPrivateGetOpenAlgoOrders", **of_symbol)

    async def cancel_entries_after(self, symbol: str, seconds: float) -> None:
        """See `TradingAccount`."""
        await self._change(
            f"the countdown of {symbol}",
            "fapiPrivatePostCountdownCancelAll",
            symbol=symbol,
            countdownTime=str(round(seconds * 1_000)),
        )

    # Positions and money.

    async def positions(self) -> list[PositionSeen]:
        """See `TradingAccount`. v3/positionRisk tells no leverage, symbolConfig does."""
        answer = await self._calls.ask_signed("fapiPrivateV3GetPositionRisk")
        rows = [row for row in each("positionRisk", answer, answers.PositionRow, itself) if row.position_amt]
        if not rows:
            return []
        configs = {config.symbol: config for config in await self._symbol_configs()}
        missing = sorted({row.symbol for row in rows} - configs.keys())
        if missing:
            raise BadDataError(f"symbolConfig: the answer lacks {', '.join(missing)}")
        return [answers.position_seen(row, configs[row.symbol]) for row in rows]

    async def _symbol_configs(self, **parameters: Any) -> list[answers.SymbolConfigRow]:
        answer = await self._calls.ask_signed("fapiPrivateGetSymbolConfig", **parameters)
        return each("symbolConfig", answer, answers.SymbolConfigRow, itself)

    async def _symbol_config(self, symbol: str) -> answers.SymbolConfigRow:
        for config in await self._symbol_configs(symbol=symbol):
            if config.symbol == symbol:
                return config
        raise BadDataError(f"symbolConfig: the answer lacks {symbol}")

    async def balance(self) -> BalanceSeen:
        """See `TradingAccount`."""
        for row in await self._balances():
            if row.asset == answers.ASSET:
                return answers.balance_seen(row)
        raise BadDataError(f"balance: the answer lacks {answers.ASSET}")

    async def _balances(self) -> list[answers.BalanceRow]:
        answer = await self._calls.ask_signed("fapiPrivateV3GetBalance")
        return each("balance", answer, answers.BalanceRow, itself)

    async def trades(self, symbol: str, start: datetime) -> list[TradeSeen]:
        """See `TradingAccount`. A week a call; a full page is continued by ids, up to the newest trade."""
        now = instant_of((await self._calls.server_clock()).time_us)
        found: dict[int, TradeSeen] = {}
        while start <= now:
            end = start + _LONGEST_SPAN
            page = await self._trades(symbol, startTime=to_ms(start), endTime=to_ms(end) - 1)
            found |= page
            if len(page) == _PAGE:
                return list((found | await self._trades_after(symbol, max(page))).values())
            start = end
        return list(found.values())

    async def _trades_after(self, symbol: str, trade_id: int) -> dict[int, TradeSeen]:
        found: dict[int, TradeSeen] = {}
        while page := await self._trades(symbol, fromId=trade_id + 1):
            found |= page
            trade_id = max(page)
        return found

    async def _trades(self, symbol: str, **parameters: Any) -> dict[int, TradeSeen]:
        rows = await self._calls.ask_signed(
            "fapiPrivateGetUserTrades", symbol=symbol, limit=_PAGE, **parameters
        )
        page = each("userTrades", rows, answers.TradeRow, answers.trade_seen)
        return {trade.trade_id: trade for trade in sorted(page, key=lambda trade: trade.trade_id)}

    async def income(self, start: datetime) -> list[IncomeSeen]:
        """See `TradingAccount`."""
        now = await self._calls.server_clock()
        found: list[IncomeSeen] = []
        page: list[IncomeSeen] = []
        number = 0
        while not number or len(page) == _PAGE:
            number += 1
            rows = await self._calls.ask_signed(
                "fapiPrivateGetIncome",
                startTime=to_ms(start),
                endTime=now.time_us // 1_000,
                page=number,
                limit=_PAGE,
            )
            page = each("income", rows, answers.IncomeRow, answers.income_seen)
            found += page
        return found

    # Terms.

    async def set_isolated(self, symbol: str) -> None:
        """See `TradingAccount`."""
        try:
            await self._change(
                f"the margin type of {symbol}",
                "fapiPrivatePostMarginType",
                symbol=symbol,
                marginType="ISOLATED",
            )
        except OrderRefusedError as refused:
            if refused.code != SAME_MARGIN_TYPE:
                raise
        if not (await self._symbol_config(symbol)).is_isolated:
            raise StopError(
                f"{self._calls.host} shows cross margin for {symbol} although isolated margin was set: set "
                "it there by hand"
            )

    async def set_leverage(self, symbol: str, leverage: int) -> int:
        """See `TradingAccount`."""
        await self._change(
            f"the leverage of {symbol}",
            "fapiPrivatePostLeverage",
            symbol=symbol,
            leverage=str(leverage),
        )
        return (await self._symbol_config(symbol)).leverage

    async def terms(self) -> AccountTerms:
        """See `TradingAccount`."""
        answer = await self._calls.ask_signed("fapiPrivateGetAccountConfig")
        config = one("accountConfig", answer, answers.AccountConfigRow, itself)
        others = [row.asset for row in await self._balances() if row.balance and row.asset != answers.ASSET]
        key = await self._key_restrictions()
        return AccountTerms(
            can_trade=config.can_trade and (key is None or key.enable_futures),
            can_withdraw=None if key is None else key.enable_withdrawals,
            is_one_way=not config.dual_side_position,
            is_single_asset=not config.multi_assets_margin,
            other_assets=tuple(sorted(others)),
        )

    async def server_clock(self) -> ServerClock:
        """See `TradingAccount`."""
        return await self._calls.server_clock()

    async def instrument_terms(self, symbols: Sequence[str]) -> list[InstrumentTerms]:
        """See `TradingAccount`."""
        return await instrument_terms(self._calls, symbols, f"{{}} of {self.venue}")

    def limits(self) -> list[LimitLeft]:
        """See `TradingAccount`."""
        told = {pool: self._client.budget.left(pool) for pool in _LIMITS}
        return [LimitLeft(_LIMITS[pool], left, limit.most) for pool, (left, limit) in told.items()]

    async def _key_restrictions(self) -> answers.KeyRestrictionsRow | None:
        """What the key may do; None: neither demo trading tells it, nor every proxy lets it through."""
        if not self._client.hosts.keys:
            return None
        try:
            answer = await self._calls.ask_signed("sapiGetAccountApiRestrictions")
        except StopError:
            return None
        return one("apiRestrictions", answer, answers.KeyRestrictionsRow, itself)

    # The user stream.

    async def listen(self, on_event: OnEvent) -> None:
        """See `TradingAccount`."""
        await self._user_stream.hold(on_event)

    async def close(self) -> None:
        """See `TradingAccount`."""
        await self._user_stream.close()
        await self._client.close()
