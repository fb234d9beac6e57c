"""The catalogue: every feature of HYDRA, defined once, by family.

Source: features.md sections 1, 2 and 5; C110 (one definition for live, backtest and training).
"""

from typing import Final

from hydra.features.catalogue import (
    clock,
    funding,
    layer2,
    liquidation,
    open_interest,
    order_book,
    oscillators,
    positioning,
    price,
    regime,
    signal,
    trend,
    volatility,
    volume,
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
}

CATALOGUE: Final[dict[str, Feature]] = {
    feature.name: feature for family in FAMILIES.values() for feature in family
}

WORKING_COLUMNS: Final[dict[str, WorkingColumn]] = {
    column.name: column
    for module in (
        price, volatility, trend, oscillators, volume, funding, open_interest, positioning, liquidation,
        order_book, layer2, clock,
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
}
