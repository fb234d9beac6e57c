"""The account's records as Binance's REST answers."""

from typing import Any

from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.records import ConditionalOrder, Income, Order, UserTrade

Answer = dict[str, Any]


def order_receipt(order: Order) -> Answer:
    """The answer of POST, PUT, DELETE order and of batches: without avgPrice and cumQuote."""
    raise NotImplementedError


def order_row(order: Order) -> Answer:
    """A row of GET order, openOrder, openOrders, allOrders."""
    raise NotImplementedError


def conditional_receipt(order: ConditionalOrder) -> Answer:
    """The answer of POST algoOrder."""
    raise NotImplementedError


def conditional_cancel_receipt(order: ConditionalOrder) -> Answer:
    """The answer of DELETE algoOrder: code is a string."""
    raise NotImplementedError


def open_conditional_row(order: ConditionalOrder) -> Answer:
    """A row of GET openAlgoOrders."""
    raise NotImplementedError


def conditional_row(order: ConditionalOrder) -> Answer:
    """A row of GET allAlgoOrders, and GET algoOrder."""
    raise NotImplementedError


def trade_row(trade: UserTrade) -> Answer:
    """A row of GET userTrades."""
    raise NotImplementedError


def income_row(income: Income) -> Answer:
    """A row of GET income."""
    raise NotImplementedError


def account_v3(account: Account) -> Answer:
    """GET /fapi/v3/account."""
    raise NotImplementedError


def account_v2(account: Account) -> Answer:
    """GET /fapi/v2/account."""
    raise NotImplementedError


def balances(account: Account) -> list[Answer]:
    """GET /fapi/v3/balance."""
    raise NotImplementedError


def position_risk_v3(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v3/positionRisk: positions that are not flat."""
    raise NotImplementedError


def position_risk_v2(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v2/positionRisk: every symbol."""
    raise NotImplementedError


def symbol_config(account: Account, symbol: str | None) -> list[Answer]:
    """GET /fapi/v1/symbolConfig."""
    raise NotImplementedError


def account_config(account: Account, now_ms: int) -> Answer:
    """GET /fapi/v1/accountConfig."""
    raise NotImplementedError


def commission_rate(account: Account, symbol: str) -> Answer:
    """GET /fapi/v1/commissionRate."""
    raise NotImplementedError
