"""Binance's words for orders in HYDRA's: types, states, and why an order expired.

A state that is not known here is damage, because what follows from it is not known either.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from hydra.domain import OrderState, OrderType
from hydra.exchange.wire_numbers import LARGEST_NUMBER

_STATES: Final = {
    "NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
    "NEW_INSURANCE": OrderState.OPEN,
    "NEW_ADL": OrderState.OPEN,
}
_TYPES: Final = {
    "LIMIT": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "TAKE_PROFIT_MARKET": OrderType.TAKE_PROFIT_MARKET,
}
_POST_ONLY: Final = "GTX"
_WAITING: Final = frozenset({"NEW", "TRIGGERING"})
_TRIGGERED: Final = "TRIGGERED"
_FINISHED: Final = "FINISHED"
_EXPIRY: Final = {
    "1": "it would have traded with the account's own order",
    "2": "the rest of an IOC order",
    "3": "the rest of an IOC order that would have traded with the account's own",
    "4": "a reduce-only order of higher priority took its place, or it would have turned the position",
    "5": "the position was liquidated",
    "6": "the position that it was tied to is gone",
    "7": "the symbol was delisted",
    "8": "a triggered stop took its place",
    "9": "the rest of a market order found no counterpart",
}


class Row(Struct, kw_only=True, rename="camel", gc=False):
    """A row of an answer or an event whose amounts are exact and finite."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not (value.is_finite() and abs(value) < LARGEST_NUMBER):
                raise ValueError(f"{name} is no amount")


def state_of(status: str) -> OrderState:
    """Of an ordinary order.

    Raises:
        ValueError: the word is not known.
    """
    if status not in _STATES:
        raise ValueError(f"the state {status} is not known")
    return _STATES[status]


def conditional_state_of(status: str, filled: Decimal, quantity: Decimal) -> OrderState:
    """Of a conditional order of which `filled` is told; see `OrderSeen`.

    Raises:
        ValueError: the word is not known.
    """
    if status in _WAITING:
        return OrderState.OPEN
    if status == _TRIGGERED:
        return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
    if status == _FINISHED:
        return OrderState.FILLED if filled and filled >= quantity else OrderState.EXPIRED
    return state_of(status)


def type_of(word: str, time_in_force: str) -> OrderType | None:
    """None: a type that HYDRA does not send."""
    if word == "LIMIT" and time_in_force == _POST_ONLY:
        return OrderType.POST_ONLY
    return _TYPES.get(word)


def expiry_words(code: str) -> str:
    """Why an order expired (`er`); empty: it did not, or it is not told."""
    return _EXPIRY.get(code, "" if code == "0" else f"reason {code}")


def told(amount: Decimal) -> Decimal | None:
    """The exchange writes 0 for a price that there is not."""
    return amount or None
