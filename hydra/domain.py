"""The words of the field as types. Values are what the database stores and what people read."""

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
    """Where orders go, or that the run is a re-computation of the past."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"
    BACKTEST = "backtest"


class MarketOrigin(StrEnum):
    """Where a run's market comes from. GENERATED is shown as "simulated" wherever it appears."""

    GENERATED = "generated"
    RECORDED = "recorded"
    EXCHANGE = "exchange"
