"""The feature vectors of the models: names in the order in which the models read them.

Source: features.md sections 1 and 2; C50 (49 = 39 names with the one-hots expanded), C52, C58.
"""

from typing import Final

SIGNAL_SCORER_FEATURES_V1: Final = (
    "signal_direction",
    "signal_confidence",
    "source_FUNDING_SQUEEZE",
    "source_LIQUIDATION_REVERSAL",
    "source_OI_DIVERGENCE",
    "source_CROWDING_FADE",
    "source_FUNDING_CARRY",
    "expected_return",
    "expected_adverse_excursion",
    "return_1m",
    "return_5m",
    "return_15m",
    "return_1h",
    "volatility_5m",
    "volatility_1h",
    "price_vs_sma_20",
    "price_vs_sma_50",
    "rsi_14",
    "atr_14",
    "funding_rate",
    "funding_rate_zscore",
    "funding_annualized",
    "funding_momentum",
    "oi_delta_pct",
    "oi_delta_zscore",
    "oi_price_divergence",
    "liq_imbalance",
    "liq_velocity",
    "liq_zscore",
    "ob_imbalance",
    "spread_bps",
    "bid_depth_usd",
    "ask_depth_usd",
    "long_short_ratio",
    "taker_buy_sell_ratio",
    "regime_TRENDING_UP",
    "regime_TRENDING_DOWN",
    "regime_RANGING",
    "regime_HIGH_VOLATILITY",
    "regime_CASCADE_RISK",
    "regime_SQUEEZE_LONG",
    "regime_SQUEEZE_SHORT",
    "volatility_regime_encoded",
    "cascade_probability",
    "hour_of_day_sin",
    "hour_of_day_cos",
    "day_of_week_sin",
    "day_of_week_cos",
    "minutes_to_funding",
)

# Columns on five-minute bars carry the prefix m5_; features.md names them without it. The others are
# the columns of section 1 under their own names (funding_zscore and oi_zscore by alias, C52).
REGIME_FEATURES_V1: Final = (
    "return_1h",
    "return_4h",
    "return_24h",
    "m5_sma_20_slope",
    "m5_sma_50_slope",
    "m5_price_vs_sma_20",
    "m5_price_vs_sma_50",
    "m5_adx_14",
    "volatility_5m",
    "volatility_1h",
    "volatility_24h",
    "volatility_zscore",
    "m5_atr_14",
    "m5_atr_zscore",
    "m5_bollinger_width",
    "funding_rate",
    "funding_rate_zscore",
    "oi_delta_pct",
    "oi_delta_zscore",
    "long_short_ratio",
    "liq_velocity",
    "liq_imbalance",
    "cascade_probability",
    "m5_volume_zscore",
    "m5_cvd_momentum",
)

# What layer 2 and the generators measure beside the two vectors.
LAYER_2_QUANTITIES_V1: Final = (
    "last_close",
    "atr_14_abs",
    "oi_usd",
    "realized_volatility",
    "volatility_percentile",
    "realized_volatility_zscore",
    "expected_range_1h_low",
    "expected_range_1h_high",
)

# All that layers 2 and 3 compute for a decision, each column once.
DECISION_FEATURES_V1: Final = tuple(
    dict.fromkeys((*SIGNAL_SCORER_FEATURES_V1, *REGIME_FEATURES_V1, *LAYER_2_QUANTITIES_V1))
)
