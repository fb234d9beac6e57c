"""Training rows of the signal scorer: every signal of a market, its 49 features, its managed trade.

Signals that layer 4 does not approve, or whose entry is not filled, have no label and are counted only.
Source: C66 (label_managed), C67; docs/practice.md, "Labels".
"""

from typing import Final

from hydra.backtest.columns import decide_columns
from hydra.backtest.market import instant_of
from hydra.backtest.simulation import PreparedMarket
from hydra.durations import MINUTE
from hydra.features.for_models.signal_features import signal_features
from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1
from hydra.ledger.costs import cost_version
from hydra.trading.parameters import Rules
from hydra.training.labels.label_rows import count_labels
from hydra.training.labels.managed_trade import managed_trade_labels
from hydra.training.training_rows import TrainingRows
from hydra.training.uniqueness import with_uniqueness

MANAGED_TRADE: Final = "managed_trade"
"""Name of the label."""


def signal_training_rows(prepared: PreparedMarket, rules: Rules) -> TrainingRows:
    """The labelled signals of a market under `rules`, ordered by time, pair and generator.

    Beside the features: source, side, barrier, score (of the scorer in use, the baseline), gross_bps,
    fees_bps, funding_bps and net_bps. Uniqueness is among the labels of the same pair.

    Raises:
        BadDataError: a fact is off its grid.
    """
    market = prepared.market
    columns = decide_columns(market, prepared.inputs, rules)
    labels = with_uniqueness(managed_trade_labels(market, prepared.bars, columns, rules))
    is_labelled = labels["unlabelled"].is_null()
    signals = columns.scored.filter(is_labelled)
    frame = (
        labels.filter(is_labelled)
        .drop("unlabelled")
        .with_columns(signals["score"])
        .hstack(signal_features(market.facts, signals))
    )
    first, last = int(market.minutes[0]), int(market.minutes[-1])
    return TrainingRows(
        frame=frame.sort("time", "instrument_id", "source", maintain_order=True),
        features=SIGNAL_SCORER_FEATURES_V1,
        label=MANAGED_TRADE,
        counts=count_labels(labels),
        period=(instant_of(first), instant_of(last) + MINUTE),
        cost_version=cost_version(rules.costs),
    )
