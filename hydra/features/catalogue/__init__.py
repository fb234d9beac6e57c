"""The catalogue: every feature of HYDRA, defined once, by family.

Source: docs/features.md; C110 (one definition for live, backtest and training).
"""

from typing import Final

from hydra.features.catalogue import (
    clock,
    funding,
    layer2,
    liquidation,
    open_interest,
    order_book,
    positioning,
    price,
    regime,
    signal,
    thresholds,
    trend,
    volatility,
    volume,
)
from hydra.features.catalogue.for_models import (
    averages,
    book_levels,
    compression,
    cross_section,
    liquidity,
    minute_volume,
    momentum,
    oscillators,
    sentiment,
    sequence_steps,
    trades,
)
from hydra.features.feature import Feature, WorkingColumn

FAMILIES: Final[dict[str, tuple[Feature, ...]]] = {
    "signal": signal.FEATURES,
    "price": price.FEATURES,
    "volatility": volatility.FEATURES,
    "trend": trend.FEATURES,
    "oscillator": oscillators.FEATURES,
    "volume": volume.FEATURES,
    "funding": funding.FEATURES,
    "open interest": open_interest.FEATURES,
    "positioning": positioning.FEATURES,
    "liquidation": liquidation.FEATURES,
    "order book": order_book.FEATURES,
    "regime": regime.FEATURES,
    "layer 2": layer2.FEATURES,
    "clock": clock.FEATURES,
    "recipe: averages": averages.FEATURES,
    "recipe: momentum": momentum.FEATURES,
    "recipe: compression": compression.FEATURES,
    "recipe: volume": minute_volume.FEATURES,
    "recipe: cross-section": cross_section.FEATURES,
    "recipe: liquidity": liquidity.FEATURES,
    "recipe: order book": book_levels.FEATURES,
    "recipe: trades": trades.FEATURES,
    "recipe: sentiment": sentiment.FEATURES,
    "sequence": sequence_steps.FEATURES,
    "thresholds": thresholds.FEATURES,
}

CATALOGUE: Final[dict[str, Feature]] = {
    feature.name: feature for family in FAMILIES.values() for feature in family
}

WORKING_COLUMNS: Final[dict[str, WorkingColumn]] = {
    column.name: column
    for module in (
        price, volatility, trend, oscillators, volume, funding, open_interest, positioning, liquidation,
        order_book, layer2, clock, averages, momentum, compression, minute_volume, cross_section, liquidity,
        book_levels, trades, sentiment, sequence_steps,
    )
    for column in module.WORKING
}  # fmt: skip

# Other names of the sources for the same column (C52).
ALIASES: Final[dict[str, str]] = {
    "funding_zscore": "funding_rate_zscore",
    "oi_zscore": "oi_delta_zscore",
    "delta_pct": "oi_delta_pct",
    "hour_sin": "hour_of_day_sin",
    "hour_cos": "hour_of_day_cos",
    "liquidation_velocity": "liq_velocity",
    "price_change_24h": "return_24h",
    "ret_1": "return_1m",
    "ret_5": "return_5m",
    "atr": "atr_14",
    "dow_sin": "day_of_week_sin",
    "dow_cos": "day_of_week_cos",
    "open_interest_change": "oi_delta_pct",
}
