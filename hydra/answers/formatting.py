"""Quantities as people read them: a label and a value with its unit. Undefined is "-", never 0 or -0."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from hydra.domain import Regime, VolatilityRegime
from hydra.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

UNDEFINED: Final = "-"

_LABELS: Final = {
    "correlation_average": "average correlation with the open positions",
    "correlation_penalty": "size factor for correlated positions",
    "correlation_signed": "average correlation with their sides",
    "cascade_probability": "cascade score (0 to 0.9)",
    "gate_cascade_probability": "cascade score (0 to 0.9)",
    "data_outage_seconds": "data outage",
    "exposure_left_usd": "exposure left below its limit",
    "extreme_evaluations": "five-minute evaluations in a row with extreme volatility",
    "final_size_usd": "size after every limit",
    "funding_rate": "funding per 8 h",
    "heat_size_usd": "largest size for the portfolio heat",
    "hours_held": "held for",
    "kelly": "Kelly fraction",
    "liq_imbalance": "liquidation imbalance (-1 to 1)",
    "liq_velocity": "liquidated share of the open interest",
    "liq_zscore_max_1h": "largest z-score of liquidations in the last hour",
    "liquidation_velocity": "liquidated share of the open interest",
    "long_short_ratio": "longs per short",
    "loss_at_stop": "loss at the stop with costs",
    "margin_size_usd": "largest size for the free margin",
    "max_holding_hours": "held at most",
    "minutes_since_exit": "since the last exit",
    "oi_delta_pct": "change of open interest in 60 min",
    "positions": "positions open or working",
    "printed_size_usd": "size before our limits",
    "realized_volatility": "volatility a year",
    "recommended_leverage": "leverage",
    "recommended_size_usd": "size",
    "return_24h": "change of price in 24 h",
    "risk_capped_size_usd": "size within the risk per trade",
    "score": "score (0 to 1)",
    "confidence": "confidence (0 to 1)",
    "thesis_health": "what is left of the trade's reason",
    "volatility_percentile": "volatility rank in 30 days",
    "volatility_regime": "volatility",
}
_FRACTIONS: Final = frozenset(
    {
        "oi_delta_pct", "return_24h", "kelly", "loss_at_stop", "daily_drawdown", "drawdown",
        "expected_return", "expected_adverse_excursion", "realized_volatility", "thesis_health",
        "portfolio_heat", "liquidation_velocity", "liq_velocity", "volatility_percentile",
    }
)  # fmt: skip
_CODES: Final = {"regime": Regime, "volatility_regime": VolatilityRegime}
_SIX_DIGITS: Final = 100_000
_THOUSAND: Final = 1_000


def label(name: str) -> str:
    """What a quantity is called: `funding_rate` is "funding per 8 h", others lose unit and underscores."""
    plain = name.removesuffix("_usd").removesuffix("_seconds").removesuffix("_bps").replace("_", " ")
    return _LABELS.get(name, plain)


def with_unit(name: str, value: object) -> str:
    """A value of the quantity `name`, rounded and with its unit; "-" where it is unknown or not finite.

    Units follow the names (law 6): _usd USDT, _bps, _seconds, minutes_ and _hours; a _price keeps six
    digits, leverage is "3.25x"; fractions become percent, codes their words, other numbers keep three digits.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return UNDEFINED
    if name in _CODES:
        return _CODES[name](int(value)).name
    return _number_with_unit(name, float(value))


def _number_with_unit(name: str, value: float) -> str:
    if name == "funding_rate":
        return f"{fixed(value * 100, 4, signed=True)} %"
    for suffix, show in _UNITS.items():
        if name.endswith(suffix):
            return show(value)
    if name.startswith("minutes_"):
        return duration(value * MINUTE_SECONDS)
    return percent(value) if name in _FRACTIONS else _rounded(value)


def _rounded(value: float) -> str:
    if abs(value) >= _THOUSAND:
        return fixed(value, 0)
    return f"{value + 0:.3g}" if value == 0 or abs(value) >= 1 / _THOUSAND else fixed(value, 3)


def fixed(value: float | Decimal, digits: int = 2, *, signed: bool = False) -> str:
    """A number with separated thousands and `digits` decimals; one that rounds to zero has no sign."""
    text = f"{value:{'+' if signed else ''},.{digits}f}"
    return text if any(digit in text for digit in "123456789") else text.lstrip("+-")


def usd(value: float | Decimal | None) -> str:
    """An amount in USDT with cents; "-" for None."""
    return UNDEFINED if value is None else f"{fixed(value)} USDT"


def percent(fraction: float | Decimal | None, digits: int = 2) -> str:
    """A fraction as percent; "-" for None."""
    return UNDEFINED if fraction is None else f"{fixed(fraction * 100, digits)} %"


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 trade", "2,000 trades"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def minute_text(time: datetime | None) -> str:
    """An instant as 2025-06-01 10:05, UTC; "-" for None."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}" if time else UNDEFINED


def words_of_code(code: str | None) -> str:
    """A code in words: OI_DIVERGENCE is "OI divergence"; "-" for None."""
    return code.replace("_", " ").capitalize().replace("Oi ", "OI ") if code else UNDEFINED


def exact_text(value: Decimal) -> str:
    """A price or quantity with all its digits and no zeros behind them."""
    return f"{value.normalize():f}"


def price_text(value: float | Decimal | None) -> str:
    """A price in six digits, or with all of those before the point; "-" for None."""
    if value is None:
        return UNDEFINED
    number = float(value)
    return fixed(number, 1) if abs(number) >= _SIX_DIGITS else f"{number + 0:.6g}"


def duration(seconds: float | None) -> str:
    """An age or a span in the largest fitting unit: "42 s", "3.5 min", "6.1 h", "12.0 d"; "-" for None."""
    if seconds is None or not math.isfinite(seconds):
        return UNDEFINED
    if seconds < 2 * MINUTE_SECONDS:
        return f"{fixed(seconds, 0)} s"
    if seconds < 2 * HOUR_SECONDS:
        return f"{seconds / MINUTE_SECONDS:.1f} min"
    if seconds < 2 * DAY_SECONDS:
        return f"{seconds / HOUR_SECONDS:.1f} h"
    return f"{fixed(seconds / DAY_SECONDS, 1)} d"


_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "_usd": usd,
    "_bps": lambda value: f"{fixed(value, 1)} bps",
    "_seconds": duration,
    "_price": price_text,
    "leverage": lambda value: f"{value:.3g}x",
    "hours_held": lambda value: duration(value * HOUR_SECONDS),
    "_hours": lambda value: duration(value * HOUR_SECONDS),
}
"""By the end of a quantity's name: how its value is written."""
