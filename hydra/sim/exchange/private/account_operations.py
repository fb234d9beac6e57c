"""The account's money, positions and settings on the wire."""

from typing import Any, Final

from hydra.sim.exchange.account import account_answers, answers, refusals
from hydra.sim.exchange.account.account import Account
from hydra.sim.exchange.account.requests import Span
from hydra.sim.exchange.account.words import IncomeKind, MarginType
from hydra.sim.exchange.private.fields import NOT_SUPPORTED, WEEK_MS, Fields

Answer = Any
_DONE: Final = {"code": 200, "msg": "success"}
_INCOME_ROWS: Final = 100


def account_v2(account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET v2/account."""
    return account_answers.account_v2(account)


def account_v3(account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET v3/account."""
    return account_answers.account_v3(account)


def balances(account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET v2/balance, v3/balance."""
    return account_answers.balances(account)


def positions_v2(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET v2/positionRisk."""
    return account_answers.position_risk_v2(account, fields.optional_symbol())


def positions_v3(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET v3/positionRisk."""
    return account_answers.position_risk_v3(account, fields.optional_symbol())


def symbol_config(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET symbolConfig."""
    return account_answers.symbol_config(account, fields.optional_symbol())


def account_config(account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET accountConfig."""
    return account_answers.account_config(account)


def key_restrictions(account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET apiRestrictions."""
    return account_answers.key_restrictions(account)


def commission_rate(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET commissionRate."""
    return account_answers.commission_rate(account, fields.symbol())


def trades(account: Account, fields: Fields, _now_ms: int) -> Answer:
    """GET userTrades."""
    found = account.trades(fields.symbol(), fields.week("fromId"), fields.whole("orderId"))
    return [answers.trade_row(one) for one in found]


def incomes(account: Account, fields: Fields, now_ms: int) -> Answer:
    """GET income: of seven days if no time is named; page 1 holds the oldest rows of the range."""
    kind = fields.word("incomeType", IncomeKind) if "incomeType" in fields else None
    asked, page = fields.rows("fromId", _INCOME_ROWS), fields.whole("page") or 1
    start_ms = asked.start_ms
    if start_ms is None and asked.end_ms is None:
        start_ms = now_ms - WEEK_MS
    span = Span(start_ms, asked.end_ms, None, asked.limit * page)
    found = account.incomes(fields.optional_symbol(), kind, span)
    return [answers.income_row(one) for one in found[asked.limit * (page - 1) :]]


def position_side(_account: Account, _fields: Fields, _now_ms: int) -> Answer:
    """GET positionSide/dual: one-way mode."""
    return {"dualSidePosition": False}


def set_position_side(_account: Account, fields: Fields, _now_ms: int) -> Answer:
    """POST positionSide/dual: hedge mode is not simulated."""
    fields.text("dualSidePosition")
    raise NOT_SUPPORTED if fields.flag("dualSidePosition") else refusals.SAME_POSITION_SIDE


def set_leverage(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST leverage."""
    symbol, leverage = fields.symbol(), fields.mandatory_whole("leverage")
    largest = account.set_leverage(symbol, leverage, now_ms)
    return {"leverage": leverage, "maxNotionalValue": str(largest), "symbol": symbol}


def set_margin_type(account: Account, fields: Fields, now_ms: int) -> Answer:
    """POST marginType."""
    account.set_margin_type(fields.symbol(), fields.word("marginType", MarginType), now_ms)
    return _DONE
