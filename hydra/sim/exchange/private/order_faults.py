"""What faults do to orders: refusals, and the book that an order meets."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal
from functools import partial
from typing import Final

from hydra.sim.exchange.account import refusals
from hydra.sim.exchange.account.words import OrderSide, OrderType, TimeInForce
from hydra.sim.exchange.faults import FaultKind
from hydra.sim.exchange.private.fields import NUMBER
from hydra.sim.exchange.private.market_seen import ShownBook, with_best, with_offer
from hydra.sim.exchange.refusals import Refusal, refusal

ORDER_ENDPOINTS: Final = ("/order", "/algoOrder")
_OVERLOADED: Final = refusal(
    503,
    -1008,
    "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. "
    "Please try again.",
)
_WORDED: Final = (
    _OVERLOADED,
    refusals.MARGIN_INSUFFICIENT,
    refusals.WOULD_TRIGGER,
    refusals.REDUCE_ONLY_REJECTED,
    refusals.CLIENT_ID_DUPLICATED,
    refusals.REDUCE_ONLY_OVER_POSITION,
    refusals.POST_ONLY_WOULD_TRADE,
)
_BY_CODE: Final = {one.code: one for one in _WORDED}
_OF_REDUCING: Final = frozenset({refusals.REDUCE_ONLY_REJECTED, refusals.REDUCE_ONLY_OVER_POSITION})
_AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def refusal_of(code: int) -> Refusal:
    """How the exchange words a code."""
    return _BY_CODE.get(code) or refusal(400, code, "The order is refused.")


def may_be_refused(code: int, sent: Mapping[str, str]) -> bool:
    """Whether the exchange could give this code to this order: -1008 never to one that reduces."""
    reduces = "true" in (sent.get("reduceOnly"), sent.get("closePosition"))
    refused = _BY_CODE.get(code)
    if refused is refusals.POST_ONLY_WOULD_TRADE:
        return sent.get("timeInForce") == TimeInForce.GTX
    return reduces if refused in _OF_REDUCING else not (refused is _OVERLOADED and reduces)


def shown_book(kind: FaultKind, sent: Mapping[str, str], step: Decimal) -> ShownBook | None:
    """The book that an order meets under a fault; None: the fault does not concern this order."""
    if sent.get("side") not in set(OrderSide) or not NUMBER.fullmatch(sent.get("quantity", "")):
        return None
    taker, asked = OrderSide(sent["side"]), Decimal(sent["quantity"])
    takes_at_once = sent.get("type") == OrderType.MARKET or sent.get("timeInForce") in _AT_ONCE
    if kind is FaultKind.HALF_FILLED:
        half = (asked / 2).quantize(step, ROUND_DOWN)
        return partial(with_offer, taker=taker, quantity=half) if half else None
    if sent.get("timeInForce") == TimeInForce.GTX:
        price = sent.get("price", "")
        return partial(with_best, taker=taker, price=price) if NUMBER.fullmatch(price) else None
    return partial(with_offer, taker=taker, quantity=Decimal(0)) if takes_at_once else None
