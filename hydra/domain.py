"""The domain's enumerations. Their values are stored in the database and shown to users."""

from enum import IntEnum, StrEnum


class Side(StrEnum):
    """The side of a signal or a position (layers document, "Signal Structure")."""

    LONG = "LONG"
    SHORT = "SHORT"
    FLAT = "FLAT"


class Regime(IntEnum):
    """Market regime (layers document, "ML-Based Regime Detection"; C14).

    SQUEEZE_LONG: shorts are being squeezed (shorts pay, price up).
    SQUEEZE_SHORT: longs are being squeezed (longs pay, price down).
    """

    TRENDING_UP = 0
    TRENDING_DOWN = 1
    RANGING = 2
    HIGH_VOLATILITY = 3
    CASCADE_RISK = 4
    SQUEEZE_LONG = 5
    SQUEEZE_SHORT = 6


class VolatilityRegime(IntEnum):
    """Rank of the realised volatility; LOW is reserved (C11)."""

    LOW = 0
    NORMAL = 1
    ELEVATED = 2
    HIGH = 3
    EXTREME = 4


class TradabilityStatus(StrEnum):
    """Layer 2's verdict (layers document, "Output")."""

    ALLOW = "ALLOW"
    RESTRICT = "RESTRICT"
    BLOCK = "BLOCK"


class SignalSource(StrEnum):
    """The five behavioural generators, in the order of the layers document (and of the one-hots)."""

    FUNDING_SQUEEZE = "FUNDING_SQUEEZE"
    LIQUIDATION_REVERSAL = "LIQUIDATION_REVERSAL"
    OI_DIVERGENCE = "OI_DIVERGENCE"
    CROWDING_FADE = "CROWDING_FADE"
    FUNDING_CARRY = "FUNDING_CARRY"


class TradingMode(StrEnum):
    """Where orders go; BACKTEST: history is decided again."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"
    BACKTEST = "backtest"

    @property
    def is_at_exchange(self) -> bool:
        """Whether orders go to an exchange."""
        return self in {TradingMode.TESTNET, TradingMode.LIVE}


class MarketOrigin(StrEnum):
    """Where a run's market comes from. GENERATED is shown as "simulated" wherever it appears."""

    GENERATED = "generated"
    RECORDED = "recorded"
    EXCHANGE = "exchange"


class CycleState(StrEnum):
    """How far a decision minute of a run has come; each stage moves it one state on.

    FILLS_BOOKED: fills, funding and exits of the minute are booked. ASSESSED, SIGNALLED, DECIDED: layers
    2, 3, 4 have answered. CLOSED: layer 5 and the positions too. SKIPPED: too late to decide honestly, left
    without a decision.
    """

    OPEN = "OPEN"
    FILLS_BOOKED = "FILLS_BOOKED"
    ASSESSED = "ASSESSED"
    SIGNALLED = "SIGNALLED"
    DECIDED = "DECIDED"
    CLOSED = "CLOSED"
    SKIPPED = "SKIPPED"


class NewsAction(StrEnum):
    """The news analyst's view of a pair (layers document, "PairAnalysis")."""

    BULLISH = "bullish"
    BEARISH = "bearish"
    HOLD = "hold"
    EXIT = "exit"


class NewsConfidence(StrEnum):
    """How sure the news analyst is of its view (layers document, "PairAnalysis")."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ScanTrigger(StrEnum):
    """Why the news analyst was asked. REPLAYED: it was not; a stored scan is repeated (C109)."""

    SCHEDULE = "schedule"
    FORCED = "forced"
    REPLAYED = "replayed"


class ScanOutcome(StrEnum):
    """What a scan of the news analyst came to. All but ANALYZED and PARTIAL leave no analysis (C24, C25).

    PARTIAL: pairs are missing in the answer or invalid; they have none. NO_KEY, NO_MODEL, NO_BUDGET, NO_NEWS:
    nothing was asked. MALFORMED: the answer is not of the schema. CUT_OFF: it ended at the limit of tokens.
    """

    ANALYZED = "ANALYZED"
    PARTIAL = "PARTIAL"
    NO_KEY = "NO_KEY"
    NO_MODEL = "NO_MODEL"
    NO_BUDGET = "NO_BUDGET"
    NO_NEWS = "NO_NEWS"
    REFUSED = "REFUSED"
    TIMED_OUT = "TIMED_OUT"
    RATE_LIMITED = "RATE_LIMITED"
    OVERLOADED = "OVERLOADED"
    UNREACHABLE = "UNREACHABLE"
    BAD_KEY = "BAD_KEY"
    UNKNOWN_MODEL = "UNKNOWN_MODEL"
    MALFORMED = "MALFORMED"
    CUT_OFF = "CUT_OFF"


class OrderRole(StrEnum):
    """What an order is for. STOP and TARGET rest on the exchange while the position lives."""

    ENTRY = "ENTRY"
    STOP = "STOP"
    TARGET = "TARGET"
    EXIT = "EXIT"


class OrderType(StrEnum):
    """How an order executes (layers document, "Order Types"); reduce-only is a flag of its own."""

    LIMIT = "LIMIT"
    POST_ONLY = "POST_ONLY"
    MARKET = "MARKET"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"

    @property
    def is_conditional(self) -> bool:
        """True if it waits for its trigger price, in a store of its own at the exchange."""
        return self in {OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET}


class FillEvidence(StrEnum):
    """What says that an order filled.

    BAR: the minute's bar (C126). BOOK: recorded trades, behind the queue of the recorded order book.
    EXCHANGE: the exchange's own trade.
    """

    BAR = "BAR"
    BOOK = "BOOK"
    EXCHANGE = "EXCHANGE"


class OrderState(StrEnum):
    """The life of an order. PLANNED commits before the exchange is called (law 5).

    UNKNOWN: the exchange gave no answer; it is asked by the order's id what happened.
    """

    PLANNED = "PLANNED"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"


class OrderRefusal(StrEnum):
    """Why an exchange refuses an order, as far as what to do next depends on it.

    DUPLICATE_ID: an open order has this id. WOULD_TAKE: post-only, and it would take liquidity.
    WOULD_TRIGGER: conditional, and its trigger is passed. NOTHING_TO_REDUCE: reduce-only without a position
    that it reduces. REDUCED_BY_OTHERS: open reduce-only orders take the position already: cancel them first.
    NO_MARGIN: the balance does not bear it. OFF_FILTERS: price or quantity breaks a filter. TOO_MANY_ORDERS:
    the account may open no more. POSITION_TOO_LARGE: for its leverage. OTHER: see the message.
    """

    DUPLICATE_ID = "DUPLICATE_ID"
    WOULD_TAKE = "WOULD_TAKE"
    WOULD_TRIGGER = "WOULD_TRIGGER"
    NOTHING_TO_REDUCE = "NOTHING_TO_REDUCE"
    REDUCED_BY_OTHERS = "REDUCED_BY_OTHERS"
    NO_MARGIN = "NO_MARGIN"
    OFF_FILTERS = "OFF_FILTERS"
    TOO_MANY_ORDERS = "TOO_MANY_ORDERS"
    POSITION_TOO_LARGE = "POSITION_TOO_LARGE"
    OTHER = "OTHER"


class PositionState(StrEnum):
    """CLOSING: an exit order works; the position is still exposed."""

    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class PositionEventKind(StrEnum):
    """What can happen to a position."""

    OPENED = "OPENED"
    INCREASED = "INCREASED"
    REDUCED = "REDUCED"
    PROTECTED = "PROTECTED"
    CHECKED = "CHECKED"
    FUNDING = "FUNDING"
    CLOSED = "CLOSED"


class ReconciliationCause(StrEnum):
    """Why the tables were compared with the exchange. OPERATOR: a request of theirs was carried out."""

    START = "START"
    RECONNECT = "RECONNECT"
    MINUTE = "MINUTE"
    OPERATOR = "OPERATOR"


class DifferenceKind(StrEnum):
    """How the tables and the exchange can differ (docs/exchange.md, "Reconciliation")."""

    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    ORDER_CHANGED = "ORDER_CHANGED"
    ORDER_ARRIVED = "ORDER_ARRIVED"
    ORDER_ENDED = "ORDER_ENDED"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    ORDER_LIVES_ON = "ORDER_LIVES_ON"
    FILL_MISSED = "FILL_MISSED"
    FILL_NOT_FOUND = "FILL_NOT_FOUND"
    FILL_DIFFERS = "FILL_DIFFERS"
    POSITION_UNKNOWN = "POSITION_UNKNOWN"
    POSITION_DIFFERS = "POSITION_DIFFERS"
    POSITION_CLOSED = "POSITION_CLOSED"
    POSITION_UNPROTECTED = "POSITION_UNPROTECTED"
    LEVERAGE_DIFFERS = "LEVERAGE_DIFFERS"
    BALANCE_DIFFERS = "BALANCE_DIFFERS"
    INCOME_DIFFERS = "INCOME_DIFFERS"


class RequestVerb(StrEnum):
    """What an operator asks for a pair: to take over its position, or to close and cancel everything."""

    ADOPT = "ADOPT"
    FLATTEN = "FLATTEN"


class KillScope(StrEnum):
    """What a latched kill switch stops (C20)."""

    PORTFOLIO = "portfolio"
    PAIR = "pair"


class ReasonCode(StrEnum):
    """The reason of a layer's verdict. Every verdict row has exactly one.

    Layer 2 (decision matrix; C04, C09, C10, C111), layer 3 (C03, C06, C118, C129), layer 4 (C20, C36, C39,
    C40, C117, C120, C123), then the exits of a position (docs/practice.md, "Position management"; C42, C47).
    """

    NORMAL = "NORMAL"
    WARMING_UP = "WARMING_UP"
    DATA_MISSING = "DATA_MISSING"
    DATA_STALE = "DATA_STALE"
    VOLATILITY_EXTREME = "VOLATILITY_EXTREME"
    VOLATILITY_HIGH = "VOLATILITY_HIGH"
    CASCADE = "CASCADE"
    CASCADE_WARNING = "CASCADE_WARNING"
    FUNDING_EXTREME = "FUNDING_EXTREME"

    SIGNAL_CHOSEN = "SIGNAL_CHOSEN"
    SIGNAL_OUTRANKED = "SIGNAL_OUTRANKED"
    NO_SIGNAL = "NO_SIGNAL"
    CONFIDENCE_LOW = "CONFIDENCE_LOW"
    SCORE_LOW = "SCORE_LOW"
    NO_CASCADE = "NO_CASCADE"
    NEWS_HOLD = "NEWS_HOLD"
    NEWS_EXIT = "NEWS_EXIT"
    NEWS_AGAINST = "NEWS_AGAINST"

    APPROVED = "APPROVED"
    NOT_TRADABLE = "NOT_TRADABLE"
    KILL_SWITCH = "KILL_SWITCH"
    ACCOUNT_DIFFERS = "ACCOUNT_DIFFERS"
    COOLDOWN = "COOLDOWN"
    POSITION_EXISTS = "POSITION_EXISTS"
    MAX_POSITIONS = "MAX_POSITIONS"
    MAX_EXPOSURE = "MAX_EXPOSURE"
    PORTFOLIO_HEAT = "PORTFOLIO_HEAT"
    NO_EDGE = "NO_EDGE"
    SIZE_BELOW_MINIMUM = "SIZE_BELOW_MINIMUM"
    STOP_BEYOND_LIQUIDATION = "STOP_BEYOND_LIQUIDATION"
    ENTRY_BEYOND_STOP = "ENTRY_BEYOND_STOP"

    STOP_HIT = "STOP_HIT"
    TARGET_HIT = "TARGET_HIT"
    THESIS_BROKEN = "THESIS_BROKEN"
    MAX_HOLDING_TIME = "MAX_HOLDING_TIME"
    LIQUIDATION_NEAR = "LIQUIDATION_NEAR"
    LIQUIDATED = "LIQUIDATED"
    CLOSED_ELSEWHERE = "CLOSED_ELSEWHERE"
    FLATTENED = "FLATTENED"
    DATA_ENDED = "DATA_ENDED"
    UNPROTECTED = "UNPROTECTED"
    ENTRY_TIMEOUT = "ENTRY_TIMEOUT"
    EXCHANGE_REFUSED = "EXCHANGE_REFUSED"

    SPREAD_WIDE = "SPREAD_WIDE"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    MINUTE_TOO_OLD = "MINUTE_TOO_OLD"
    CLOCK_OFF = "CLOCK_OFF"


class KillCause(StrEnum):
    """Which kill condition fired, in the order of the checks (layers document, "Kill Switches")."""

    DAILY_DRAWDOWN = "DAILY_DRAWDOWN"
    FUNDING_SPIKE = "FUNDING_SPIKE"
    CASCADE = "CASCADE"
    REGIME_BREAK = "REGIME_BREAK"


class ExitUrgency(StrEnum):
    """URGENT: market reduce-only at once. ORDINARY: passive first, then market (C42, C43)."""

    URGENT = "URGENT"
    ORDINARY = "ORDINARY"


class ModelStatus(StrEnum):
    """What the log of publications makes of a model."""

    CANDIDATE = "CANDIDATE"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class PublicationAction(StrEnum):
    """What was done with a model: a row of its log. REFUSED: it was to be published, and may not be."""

    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    PINNED = "PINNED"
    UNPINNED = "UNPINNED"
    ROLLED_BACK = "ROLLED_BACK"
    RETIRED = "RETIRED"
