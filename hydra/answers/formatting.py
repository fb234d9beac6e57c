"""Quantities as people read them: a label and a value with its unit. Undefined is "-", never 0 or -0."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from hydra.domain import Regime, VolatilityRegime
from hydra.durations import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS

UNDEFINED: Final = "-"

_LABELS: Final = {
    "funding_rate": "funding per 8 h",
    "oi_delta_pct": "open interest, change in 60 min",
    "liq_imbalance": "liquidation imbalance",
    "return_24h": "price, change in 24 h",
    "long_short_ratio": "longs per short",
    "cascade_probability": "cascade score",
    "volatility_percentile": "volatility rank",
    "volatility_regime": "volatility",
    "kelly": "Kelly fraction",
}
_FRACTIONS: Final = frozenset(
    {
        "oi_delta_pct", "return_24h", "kelly", "loss_at_stop", "daily_drawdown", "drawdown",
        "expected_return", "expected_adverse_excursion", "realized_volatility", "thesis_health",
        "portfolio_heat",
    }
)  # fmt: skip
_CODES: Final = {"regime": Regime, "volatility_regime": VolatilityRegime}
_SIX_DIGITS: Final = 100_000


def label(name: str) -> str:
    """What a quantity is called: `funding_rate` is "funding per 8 h", others lose unit and underscores."""
    plain = name.removesuffix("_usd").removesuffix("_seconds").removesuffix("_bps").replace("_", " ")
    return _LABELS.get(name, plain)


def shown(name: str, value: object) -> str:
    """A value of the quantity `name` with its unit; "-" where it is unknown or not finite.

    Units follow the names (law 6): _usd USDT, _bps, _seconds; fractions become percent, codes their words.
    """
    if isinstance(value, bool | str):
        return str(value)
    if not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return UNDEFINED
    if name in _CODES:
        return _CODES[name](int(value)).name
    return _with_unit(name, value)


def _with_unit(name: str, value: float | Decimal) -> str:
    if name == "funding_rate":
        return f"{fixed(value * 100, 4, signed=True)} %"
    if name.endswith("_usd"):
        return usd(value)
    if name.endswith("_bps"):
        return f"{fixed(value, 1)} bps"
    if name.endswith("_seconds"):
        return duration(float(value))
    return percent(value) if name in _FRACTIONS else f"{value + 0:.8g}"


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


def exact(value: Decimal) -> str:
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
