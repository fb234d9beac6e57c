"""The words of Binance USD-M for orders, positions and money, as they stand on the wire."""

from enum import StrEnum


class OrderSide(StrEnum):
    """What the order does."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is OrderSide.BUY else -1


class OrderType(StrEnum):
    """LIMIT and MARKET go to the book; the others are conditional orders."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    LIQUIDATION = "LIQUIDATION"


CONDITIONAL_TYPES = frozenset(
    {OrderType.STOP, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET}
)
CONDITIONAL_LIMIT_TYPES = frozenset({OrderType.STOP, OrderType.TAKE_PROFIT})


class TimeInForce(StrEnum):
    """How long an order works. GTX: post-only. GTE_GTC: while the position stands (conditional orders)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTE_GTC = "GTE_GTC"


class OrderStatus(StrEnum):
    """The state of an order in the book."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


class ConditionalStatus(StrEnum):
    """The state of a conditional order."""

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class ExecutionType(StrEnum):
    """What an ORDER_TRADE_UPDATE tells of."""

    NEW = "NEW"
    TRADE = "TRADE"
    CALCULATED = "CALCULATED"
    AMENDMENT = "AMENDMENT"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


class ExpiryReason(StrEnum):
    """Why an order expired (`er`)."""

    NONE = "0"
    IOC_REST = "2"
    REDUCE_ONLY_KNOCKED_OUT = "4"
    LIQUIDATED = "5"
    MARKET_REST_UNFILLED = "9"


class WorkingType(StrEnum):
    """The price that fires a conditional order."""

    CONTRACT_PRICE = "CONTRACT_PRICE"
    MARK_PRICE = "MARK_PRICE"


class MarginType(StrEnum):
    """As POST marginType and symbolConfig write it."""

    ISOLATED = "ISOLATED"
    CROSSED = "CROSSED"

    @property
    def short(self) -> str:
        """As positions write it."""
        return "isolated" if self is MarginType.ISOLATED else "cross"


class IncomeKind(StrEnum):
    """`incomeType` of GET income. Nobody transfers money here: there are no rows of TRANSFER."""

    TRANSFER = "TRANSFER"
    REALIZED_PNL = "REALIZED_PNL"
    FUNDING_FEE = "FUNDING_FEE"
    COMMISSION = "COMMISSION"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"


class UpdateReason(StrEnum):
    """`m` of ACCOUNT_UPDATE."""

    ORDER = "ORDER"
    FUNDING_FEE = "FUNDING_FEE"
    MARGIN_TYPE_CHANGE = "MARGIN_TYPE_CHANGE"
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
