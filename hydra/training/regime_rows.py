"""Training rows of the regime classifier: a decision each quarter of an hour, 25 features, the hour after.

Source: C62, C63; docs/practice.md, "Labels".
"""

from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.backtest.columns import decide_columns, decision_keys
from hydra.backtest.market import instant_of
from hydra.backtest.simulation import PreparedMarket
from hydra.durations import MINUTE
from hydra.features.evaluate import feature_matrix
from hydra.features.vectors import REGIME_FEATURES_V1
from hydra.ledger.costs import cost_version
from hydra.trading.parameters import Rules
from hydra.training.labels.forward_regime import WINDOW_MINUTES, forward_regime_labels
from hydra.training.labels.label_rows import count_labels
from hydra.training.labels.minute_prices import minute_prices
from hydra.training.training_rows import TrainingRows
from hydra.training.uniqueness import with_uniqueness

FORWARD_REGIME: Final = "forward_regime"
"""Name of the label."""

EVERY_MINUTES: Final = 15
"""Between two decisions of a pair: four labels are alive at a time. The whole hours are among them."""

_KEY: Final = ("instrument_id", "time")
_WINDOW: Final = timedelta(minutes=WINDOW_MINUTES)


def regime_training_rows(prepared: PreparedMarket, rules: Rules) -> TrainingRows:
    """The labelled decisions of a market, ordered by time and pair; the label is a code of `Regime`.

    Beside the features two baselines: rule_regime, layer 2's regime at the decision, and last_regime, the
    label of the hour before it, both null where unknown.

    Raises:
        BadDataError: a fact is off its grid.
    """
    market = prepared.market
    is_asked = np.repeat(market.minutes % EVERY_MINUTES == 0, len(market.instrument_ids))
    columns = decide_columns(market, prepared.inputs, rules)
    keys = decision_keys(market).with_columns(
        pl.Series("rule_regime", columns.regime.reshape(-1)).replace(-1, None)
    )
    decisions = keys.filter(pl.Series(is_asked))
    features = feature_matrix(market.facts, decisions.select(_KEY), REGIME_FEATURES_V1)
    prices = minute_prices(market, prepared.bars)
    labels = forward_regime_labels(prices, decisions, features)
    before = labels.select("instrument_id", pl.col("time") + _WINDOW, pl.col("label").alias("last_regime"))
    frame = (
        with_uniqueness(labels)
        .hstack(features.drop(_KEY))
        .join(before, on=_KEY, how="left", maintain_order="left")
    )
    first, last = int(market.minutes[0]), int(market.minutes[-1])
    return TrainingRows(
        frame=frame.filter(pl.col("unlabelled").is_null()).drop("unlabelled").sort("time", "instrument_id"),
        features=REGIME_FEATURES_V1,
        label=FORWARD_REGIME,
        counts=count_labels(labels),
        period=(instant_of(first), instant_of(last) + MINUTE),
        cost_version=cost_version(rules.costs),
    )
