"""Refusals of the account's side, with Binance's codes and words."""

from decimal import Decimal
from typing import Final

from hydra.sim.exchange.refusals import Refusal, refusal


def _told(code: int, message: str) -> Refusal:
    return refusal(400, code, message)


TOO_PRECISE: Final = _told(-1111, "Precision is over the maximum defined for this asset.")
BAD_TIME_IN_FORCE: Final = _told(-1115, "Invalid timeInForce.")
BAD_ORDER_TYPE: Final = _told(-1116, "Invalid orderType.")
UNKNOWN_ORDER: Final = _told(-2011, "Unknown order sent.")
NO_SUCH_ORDER: Final = _told(-2013, "Order does not exist.")
MARGIN_INSUFFICIENT: Final = _told(-2019, "Margin is insufficient.")
WOULD_TRIGGER: Final = _told(-2021, "Order would immediately trigger.")
REDUCE_ONLY_REJECTED: Final = _told(-2022, "ReduceOnly Order is rejected.")
TOO_MANY_ORDERS: Final = _told(-2025, "Reach max open order limit.")
POSITION_TOO_LARGE: Final = _told(-2027, "Exceeded the maximum allowable position at current leverage.")
LEVERAGE_TOO_SMALL: Final = _told(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
PRICE_TOO_HIGH: Final = _told(-4002, "Price greater than max price.")
QUANTITY_NOT_POSITIVE: Final = _told(-4003, "Quantity less than or equal to zero.")
QUANTITY_TOO_SMALL: Final = _told(-4004, "Quantity less than min quantity.")
QUANTITY_TOO_LARGE: Final = _told(-4005, "Quantity greater than max quantity.")
PRICE_TOO_LOW: Final = _told(-4013, "Price less than min price.")
PRICE_OFF_TICK: Final = _told(-4014, "Price not increased by tick size.")
CLIENT_ID_NOT_VALID: Final = _told(-4015, "Client order id is not valid.")
QUANTITY_OFF_STEP: Final = _told(-4023, "Quantity not increased by step size.")
TOO_MANY_CONDITIONAL: Final = _told(-4045, "Reach max stop order limit.")
SAME_MARGIN_TYPE: Final = _told(-4046, "No need to change margin type.")
MARGIN_TYPE_WITH_ORDERS: Final = _told(-4047, "Margin type cannot be changed if there exists open orders.")
MARGIN_TYPE_WITH_POSITION: Final = _told(-4048, "Margin type cannot be changed if there exists position.")
SAME_POSITION_SIDE: Final = _told(-4059, "No need to change position side.")
CLIENT_ID_DUPLICATED: Final = _told(-4116, "ClientOrderId is duplicated.")
REDUCE_ONLY_OVER_POSITION: Final = _told(
    -4118, "ReduceOnly Order Failed. Please check your existing position and open orders"
)
USE_ALGO_ENDPOINT: Final = _told(
    -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
)
CLOSING_ORDER_EXISTS: Final = _told(
    -4130, "An open stop or take profit order with GTE and closePosition in the direction is existing."
)
NO_COUNTERPARTY_IN_BOUND: Final = _told(
    -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."
)
QUANTITY_WITH_CLOSE_POSITION: Final = _told(-4137, "Quantity must be zero with closePosition equals true")
LEVERAGE_REDUCTION: Final = _told(
    -4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions."
)
GTE_WITHOUT_POSITION: Final = _told(
    -4509,
    "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are "
    "available.",
)
FOK_UNFILLABLE: Final = _told(
    -5021,
    "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not "
    "be recorded in the order history",
)
POST_ONLY_WOULD_TRADE: Final = _told(
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will "
    "not be recorded in the order history",
)
ONLY_LIMIT_IS_CHANGED: Final = _told(-5025, "Limit orders only supported")
TOO_MANY_CHANGES: Final = _told(-5026, "Exceed maximum modify order limit.")
NOTHING_TO_CHANGE: Final = _told(-5027, "No need to modify the order.")


def close_position_type(order_type: str) -> Refusal:
    """-4136: closePosition with a type that has a price."""
    return _told(-4136, f"Target strategy invalid for orderType {order_type},closePosition true")


def price_above_multiplier(limit: Decimal) -> Refusal:
    """-4016: a BUY beyond PERCENT_PRICE."""
    return _told(-4016, f"Limit price can't be higher than {limit}.")


def price_below_multiplier(limit: Decimal) -> Refusal:
    """-4024: a SELL beyond PERCENT_PRICE."""
    return _told(-4024, f"Limit price can't be lower than {limit}.")


def leverage_not_valid(leverage: int) -> Refusal:
    """-4028: no bracket allows it."""
    return _told(-4028, f"Leverage {leverage} is not valid")


def notional_too_small(minimum: Decimal) -> Refusal:
    """-4164: below MIN_NOTIONAL and not reduce-only."""
    return _told(
        -4164, f"Order's notional must be no smaller than {minimum} (unless you choose reduce only)."
    )
