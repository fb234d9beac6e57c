"""Training rows of the scorer hold the product's own features, as known at their minute, and the label."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from hydra.backtest.columns import assessed_rows
from hydra.errors import BadDataError
from hydra.features.facts import MarketFacts
from hydra.features.for_models.signal_features import SIGNAL_CONTEXT, signal_features
from hydra.features.vectors import SIGNAL_SCORER_FEATURES_V1
from hydra.trading.model_scorer import ModelScorer
from hydra.training.labels.managed_trade import SIGNAL_KEY
from hydra.training.signal_rows import signal_training_rows
from hydra.training.training_rows import TrainingRows
from tests.unit.test_labels_managed_trade import MANY_TRADES, labels, simulated

pytestmark = pytest.mark.slow

SETTLEMENT = datetime(2025, 6, 1, 8, tzinfo=UTC)


@cache
def rows() -> TrainingRows:
    return signal_training_rows(simulated().prepared, MANY_TRADES)


def test_every_labelled_signal_is_a_row_with_its_own_label() -> None:
    wanted = labels().drop_nulls("label").sort("time", "instrument_id", "source", maintain_order=True)
    kept = ["label", "label_start", "label_end", "barrier", "net_bps", "cost_version"]
    assert rows().frame.select(*SIGNAL_KEY, *kept).equals(wanted.select(*SIGNAL_KEY, *kept))
    assert rows().counts.labelled == len(rows()) > 500
    assert rows().counts.rows == labels().height
    assert ((rows().uniqueness > 0) & (rows().uniqueness <= 1)).all()
    assert rows().effective_size < 0.1 * len(rows())


def test_the_features_are_those_that_the_product_stores_and_the_signals_own() -> None:
    frame = rows().frame
    assert rows().matrix.shape == (len(rows()), 49)
    decisions = frame.select("instrument_id", "time").unique(maintain_order=True)
    stored = assessed_rows(simulated().prepared.market, decisions, MANY_TRADES)
    of_market = [name for name in SIGNAL_SCORER_FEATURES_V1 if name in stored.columns]
    of_market = [name for name in of_market if stored[name].null_count() < stored.height]
    assert len(of_market) >= 25
    joined = frame.select("instrument_id", "time").join(
        stored.select("instrument_id", "time", *of_market), on=("instrument_id", "time"), how="left"
    )
    for name in of_market:
        if name.startswith(("source_", "signal_", "regime_", "expected_", "volatility_regime")):
            continue
        assert frame[name].equals(joined[name].cast(pl.Float64), check_names=False), name
    own = frame.select(
        (pl.col("signal_direction") == pl.when(pl.col("side") == "LONG").then(1).otherwise(-1))
        .all()
        .alias("side"),
        pl.all_horizontal(
            pl.col(f"source_{name}") == (pl.col("source") == name).cast(pl.Float64)
            for name in ("OI_DIVERGENCE", "LIQUIDATION_REVERSAL", "FUNDING_CARRY")
        )
        .all()
        .alias("source"),
    )
    assert own.row(0) == (True, True)


def test_a_model_in_service_reads_the_numbers_that_it_was_trained_on() -> None:
    frame, names = rows().frame, SIGNAL_SCORER_FEATURES_V1
    scorer = ModelScorer("signal-scorer@1", names, lambda matrix: matrix[:, 0])
    signals = simulated().columns.scored.select(*SIGNAL_KEY, *SIGNAL_CONTEXT.keys() - set(SIGNAL_KEY))
    signals = signals.with_columns(pl.col("source", "side").cast(pl.String()))
    of_minute = frame.select(*SIGNAL_KEY, *scorer.needs)
    read = scorer.matrix(of_minute.join(signals, on=SIGNAL_KEY, how="left", maintain_order="left"))
    differing = [
        name
        for place, name in enumerate(names)
        if not np.array_equal(read[:, place], rows().matrix[:, place], equal_nan=True)
    ]
    assert differing == []


def looking_ahead(evaluate: Callable[[MarketFacts, pl.DataFrame], pl.DataFrame]) -> set[str]:
    """The features of signals before the settlement that change when what is known later is taken away."""
    facts = simulated().prepared.market.facts
    scored = simulated().columns.scored
    early = scored.filter(pl.col("time") <= SETTLEMENT - timedelta(hours=1))
    assert early.height > 100
    known = facts.known_by(early["time"].max())
    assert known.candles_1m.height < facts.candles_1m.height
    assert known.funding_rates.height < facts.funding_rates.height
    whole, cut = evaluate(facts, early), evaluate(known, early)
    return {name for name in whole.columns if not whole[name].equals(cut[name])}


def test_a_row_uses_only_facts_known_at_its_decision() -> None:
    assert looking_ahead(signal_features) == set()


def test_planted_leak_future_funding() -> None:
    """A settlement that counts as known eight hours before it happened."""

    def peeking(facts: MarketFacts, signals: pl.DataFrame) -> pl.DataFrame:
        early = facts.funding_rates.with_columns(pl.col("known_at", "time") - pl.duration(hours=8))
        return signal_features(replace(facts, funding_rates=early), signals)

    assert "funding_rate" in looking_ahead(peeking)


def test_signals_without_their_context_are_refused() -> None:
    signals = simulated().columns.scored.drop("side").head(3)
    with pytest.raises(BadDataError, match="lack the columns side"):
        signal_features(simulated().prepared.market.facts, signals)
    assert set(SIGNAL_CONTEXT) <= set(simulated().columns.scored.columns)


def test_the_hash_is_of_every_value() -> None:
    same = signal_training_rows(simulated().prepared, MANY_TRADES)
    assert same.data_hash == rows().data_hash
    changed = rows().frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 7).then(None).otherwise(pl.col("rsi_14")).alias("rsi_14")
    )
    assert replace(rows(), frame=changed).data_hash != rows().data_hash
    flipped = rows().frame.with_columns((1 - pl.col("label")).alias("label"))
    assert replace(rows(), frame=flipped).data_hash != rows().data_hash


def test_rows_without_a_label_or_a_feature_are_refused() -> None:
    with pytest.raises(BadDataError, match="have to be labelled"):
        replace(rows(), frame=rows().frame.with_columns(pl.lit(None, pl.Int8).alias("label")))
    with pytest.raises(BadDataError, match="lack the columns rsi_14"):
        replace(rows(), frame=rows().frame.drop("rsi_14"))


def test_some_rows_are_the_same_rows() -> None:
    some = np.array([3, 8, 20])
    assert rows().at(some).labels.tolist() == rows().labels[some].tolist()
    assert rows().at(some).first_start == rows().frame["label_start"][3]
