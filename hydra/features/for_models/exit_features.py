"""What the exit predictor sees of an open position: 24 names, 34 columns with the one-hots expanded.

A pure function over columns: a row is a position at a decision instant, or a training example.
Source: docs/features.md; ML document, exit predictor.
"""

from typing import Final

import polars as pl

from hydra.domain import Regime, SignalSource
from hydra.errors import BadDataError
from hydra.features.catalogue.signal import DIRECTION
from hydra.features.vectors import EXIT_PREDICTOR_FEATURES_V1

POSITION_COLUMNS: Final = (
    "time", "side", "entry_time", "entry_price", "mark_price", "stop_loss_price", "take_profit_price",
    "liquidation_price", "funding_paid_usd", "entry_notional_usd", "source", "confidence",
    "thesis_strength", "entry_thesis_strength", "entry_funding_rate", "entry_oi_contracts", "entry_regime",
    "entry_volatility_1h",
)  # fmt: skip
"""Of the position. Prices in quote units, amounts in USDT, times in UTC, regimes as codes; a price that the
position does not have is null. funding_paid_usd: net since entry, received is negative. thesis_strength:
what `hydra.layers.layer3_signals.thesis_strength` gives now and gave at entry."""

MARKET_COLUMNS: Final = (
    "funding_rate", "oi_delta_pct", "oi_contracts", "regime", "volatility_1h", "volatility_regime",
    "return_1h", "return_15m", "cascade_probability", "liq_velocity",
)  # fmt: skip
"""Of the pair at the decision: features under their own names, open contracts, layer 2's codes."""

_MARK, _ENTRY = pl.col("mark_price"), pl.col("entry_price")
_MOVE: Final = _MARK / _ENTRY - 1
_HOURS: Final = (pl.col("time") - pl.col("entry_time")).dt.total_microseconds() / 3_600_000_000


def exit_features(positions: pl.DataFrame) -> pl.DataFrame:
    """EXIT_PREDICTOR_FEATURES_V1 as Float64 columns, in that order, a row for each of `positions`.

    positions: POSITION_COLUMNS and MARKET_COLUMNS; unknown values are null, and so is what depends on them.

    Raises:
        BadDataError: names the columns that are missing.
    """
    missing = [name for name in (*POSITION_COLUMNS, *MARKET_COLUMNS) if name not in positions.columns]
    if missing:
        raise BadDataError(f"positions lack the columns {', '.join(missing)}")
    columns = {**_position(), **_thesis(), **_market(), **_since_entry()}
    return positions.select(columns[name].cast(pl.Float64).alias(name) for name in EXIT_PREDICTOR_FEATURES_V1)


def _position() -> dict[str, pl.Expr]:
    return {
        "position_side": DIRECTION,
        "unrealized_pnl_pct": DIRECTION * _MOVE,
        "time_in_position_hours": _HOURS,
        "distance_to_stop_loss": DIRECTION * (_MARK - pl.col("stop_loss_price")) / _MARK,
        "distance_to_take_profit": DIRECTION * (pl.col("take_profit_price") - _MARK) / _MARK,
        "distance_to_liquidation": DIRECTION * (_MARK - pl.col("liquidation_price")) / _MARK,
        "funding_paid_pct": pl.col("funding_paid_usd") / pl.col("entry_notional_usd"),
    }


def _thesis() -> dict[str, pl.Expr]:
    """What remains of the thesis (0 if there was none), and which generator it came from."""
    now, at_entry = pl.col("thesis_strength"), pl.col("entry_thesis_strength")
    health = pl.when(at_entry <= 0).then(0.0).otherwise((now / at_entry).clip(0, 1))
    flags = {
        f"original_signal_source_{source.value}": pl.col("source") == source.value for source in SignalSource
    }
    return {"thesis_health": health, **flags, "original_confidence": pl.col("confidence")}


def _market() -> dict[str, pl.Expr]:
    flags = {f"current_regime_{regime.name}": pl.col("regime") == regime.value for regime in Regime}
    return {
        "current_funding_rate": pl.col("funding_rate"),
        "current_oi_delta": pl.col("oi_delta_pct"),
        **flags,
        "current_volatility": pl.col("volatility_1h"),
        "volatility_regime": pl.col("volatility_regime"),
        "return_last_1h": pl.col("return_1h"),
        "return_last_15m": pl.col("return_15m"),
        "cascade_probability": pl.col("cascade_probability"),
        "liq_velocity": pl.col("liq_velocity"),
    }


def _since_entry() -> dict[str, pl.Expr]:
    contracts, volatility = pl.col("entry_oi_contracts"), pl.col("entry_volatility_1h")
    rise = pl.col("volatility_1h") / volatility - 1
    return {
        "funding_vs_entry": pl.col("funding_rate") - pl.col("entry_funding_rate"),
        "oi_vs_entry": pl.when(contracts > 0).then(pl.col("oi_contracts") / contracts - 1),
        "regime_changed": pl.col("regime") != pl.col("entry_regime"),
        "volatility_vs_entry": pl.when(volatility == 0).then(pl.col("volatility_1h") * 0.0).otherwise(rise),
        "return_since_entry": _MOVE,
    }
