"""Whether a request satisfies the contract's filters; what does not raises the exchange's refusal."""

import re
from decimal import Decimal
from typing import Final

from hydra.sim.exchange.account import refusals
from hydra.sim.exchange.account.contract import Contract
from hydra.sim.exchange.account.requests import ConditionalRequest, OrderRequest
from hydra.sim.exchange.account.words import (
    CONDITIONAL_LIMIT_TYPES,
    CONDITIONAL_TYPES,
    OrderSide,
    OrderType,
    TimeInForce,
)
from hydra.sim.exchange.refusals import illegal_characters, missing, not_required
from hydra.sim.exchange.trading_rules import LARGEST_PRICE, MULTIPLIER_DOWN, MULTIPLIER_UP

_LONGEST_ID: Final = 36
_ID_CHARACTERS: Final = re.compile(r"[.A-Z:/a-z0-9_-]+")
_BOOK_TIMES: Final = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTX})


def check_client_id(client_id: str, parameter: str) -> None:
    """Length and alphabet.

    Raises:
        Refusal: -4015, -1100.
    """
    if not 1 <= len(client_id) <= _LONGEST_ID:
        raise refusals.CLIENT_ID_NOT_VALID
    if not _ID_CHARACTERS.fullmatch(client_id):
        raise illegal_characters(parameter, r"^[\.A-Z\:/a-z0-9_-]{1,36}$")


def check_order(contract: Contract, request: OrderRequest, mark: Decimal) -> None:
    """An order for the book.

    Raises:
        Refusal: -4120, -1102, -1115, or that of a filter.
    """
    if request.type in CONDITIONAL_TYPES:
        raise refusals.USE_ALGO_ENDPOINT
    if request.type not in (OrderType.LIMIT, OrderType.MARKET):
        raise refusals.BAD_ORDER_TYPE
    is_limit = request.type is OrderType.LIMIT
    check_quantity(contract, request.quantity, is_market=not is_limit)
    if is_limit:
        if request.price is None:
            raise missing("price")
        if request.time_in_force not in _BOOK_TIMES:
            raise refusals.BAD_TIME_IN_FORCE
        check_limit_price(contract, request.side, request.price, mark)
    elif request.price is not None:
        raise not_required("price")
    price = mark if request.price is None else request.price
    check_notional(contract, request.quantity, price, reduce_only=request.reduce_only)


def check_conditional(contract: Contract, request: ConditionalRequest) -> None:
    """A conditional order: its form and its filters; no margin, no position.

    Raises:
        Refusal: -1116, -1102, -1106, -1115, -4136, -4137, or that of a filter.
    """
    if request.type not in CONDITIONAL_TYPES:
        raise refusals.BAD_ORDER_TYPE
    is_limit = request.type in CONDITIONAL_LIMIT_TYPES
    if request.close_position:
        _check_close_position(request, is_limit=is_limit)
    elif request.quantity is None:
        raise missing("quantity")
    else:
        check_quantity(contract, request.quantity, is_market=not is_limit)
    check_price(contract, request.trigger_price)
    if is_limit and request.price is None:
        raise missing("price")
    if not is_limit and request.price is not None:
        raise not_required("price")
    if request.price is not None:
        check_price(contract, request.price)
    if request.quantity is not None:
        price = request.price or request.trigger_price
        check_notional(contract, request.quantity, price, reduce_only=request.reduce_only)


def _check_close_position(request: ConditionalRequest, *, is_limit: bool) -> None:
    if is_limit:
        raise refusals.close_position_type(request.type)
    if request.quantity is not None:
        raise refusals.QUANTITY_WITH_CLOSE_POSITION
    if request.reduce_only:
        raise not_required("reduceOnly")


def check_quantity(contract: Contract, quantity: Decimal, *, is_market: bool) -> None:
    """LOT_SIZE or MARKET_LOT_SIZE.

    Raises:
        Refusal: -4003, -1111, -4004, -4005, -4023.
    """
    filters = contract.pair.filters
    if quantity <= 0:
        raise refusals.QUANTITY_NOT_POSITIVE
    _check_digits(quantity, contract.quantity_unit)
    if quantity < filters.min_quantity:
        raise refusals.QUANTITY_TOO_SMALL
    if quantity > (filters.max_market_quantity if is_market else filters.max_quantity):
        raise refusals.QUANTITY_TOO_LARGE
    if quantity % filters.step_size:
        raise refusals.QUANTITY_OFF_STEP


def check_price(contract: Contract, price: Decimal) -> None:
    """PRICE_FILTER.

    Raises:
        Refusal: -4013, -4002, -1111, -4014.
    """
    tick = contract.pair.filters.tick_size
    if price > LARGEST_PRICE:
        raise refusals.PRICE_TOO_HIGH
    _check_digits(price, contract.price_unit)
    if price < tick:
        raise refusals.PRICE_TOO_LOW
    if price % tick:
        raise refusals.PRICE_OFF_TICK


def check_limit_price(contract: Contract, side: OrderSide, price: Decimal, mark: Decimal) -> None:
    """PRICE_FILTER, and PERCENT_PRICE: a BUY not too high, a SELL not too low; nothing on the other side.

    Raises:
        Refusal: that of `check_price`, -4016, -4024.
    """
    check_price(contract, price)
    highest, lowest = mark * MULTIPLIER_UP, mark * MULTIPLIER_DOWN
    if mark and side is OrderSide.BUY and price > highest:
        raise refusals.price_above_multiplier(contract.price(highest))
    if mark and side is OrderSide.SELL and price < lowest:
        raise refusals.price_below_multiplier(contract.price(lowest))


def check_notional(contract: Contract, quantity: Decimal, price: Decimal, *, reduce_only: bool) -> None:
    """MIN_NOTIONAL, from which reduce-only orders are exempt.

    Raises:
        Refusal: -4164.
    """
    least = contract.pair.filters.min_notional_usd
    if not reduce_only and quantity * price < least:
        raise refusals.notional_too_small(least)


def _check_digits(number: Decimal, unit: Decimal) -> None:
    if number % unit:
        raise refusals.TOO_PRECISE
