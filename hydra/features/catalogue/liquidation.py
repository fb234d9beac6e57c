"""Liquidations of the last hour: 0 if there was none while the feed was up, null if it was down."""

import polars as pl

from hydra.durations import FIVE_MINUTES, MINUTE
from hydra.features.expressions import least_present, rolling_sum, z_score
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn
from hydra.layers.layer3_signals import liquidation_imbalance

_DAY_BUCKETS = 288
_WEEK_MINUTES = 7 * 1440
_HOUR_MINUTES = 60
_LEAST_CLUSTER_HISTORY = 20
_BUCKET_MINUTES = 5
_DAY_MINUTES = _DAY_BUCKETS * _BUCKET_MINUTES
# The sixtieth value of the hour is `liq_zscore` at the decision.
_EARLIER_MINUTES = _HOUR_MINUTES - 1
_HEARD = ("liquidations.side", "liquidations.value_usd", "heartbeats.time")
_INPUTS = (*_HEARD, "liquidation_gaps.missing_seconds")

_FEED_ALIVE = pl.col("time") - pl.col("heartbeat_time") <= pl.duration(seconds=60)
_LONG, _SHORT = pl.col("recent_long_usd"), pl.col("recent_short_usd")


def _while_alive(value: pl.Expr) -> pl.Expr:
    return pl.when(_FEED_ALIVE).then(value)


def _if_heard(value: pl.Expr, minutes: int) -> pl.Expr:
    """Null where the feed is down, or more than 5% of the last minutes lies in its gaps."""
    seconds = minutes * 60
    is_heard = seconds - pl.col(f"missing_{minutes}m_seconds") >= least_present(seconds)
    return _while_alive(pl.when(is_heard).then(value))


def _bucket_sum() -> pl.Expr:
    """Liquidated USD of a clock bucket, in its last minute; null if a minute has no heartbeat."""
    ends = pl.col("position") % _BUCKET_MINUTES == _BUCKET_MINUTES - 1
    return pl.when(ends).then(pl.col("liquidated_usd").rolling_sum(_BUCKET_MINUTES))


_LEAST_BUCKETS = least_present(_DAY_BUCKETS)
_BUCKETS = pl.col("bucket_usd")
_DAY_HEARD = (_LEAST_BUCKETS + 1) * FIVE_MINUTES
_CLUSTERS_HEARD = (_LEAST_CLUSTER_HISTORY + _HOUR_MINUTES) * MINUTE

WORKING = (
    WorkingColumn("bucket_usd", Grid.LIQUIDATION_DAY, _bucket_sum()),
    WorkingColumn(
        "day_mean_usd", Grid.LIQUIDATION_DAY, _BUCKETS.rolling_mean(_DAY_MINUTES, min_samples=_LEAST_BUCKETS)
    ),
    WorkingColumn(
        "day_deviation_usd",
        Grid.LIQUIDATION_DAY,
        _BUCKETS.rolling_std(_DAY_MINUTES, min_samples=_LEAST_BUCKETS, ddof=1),
    ),
    # The row that a decision reads ended between one and two minutes before it.
    WorkingColumn("bucket_mean_usd", Grid.LIQUIDATION_DAY, pl.col("day_mean_usd").shift(_BUCKET_MINUTES - 1)),
    WorkingColumn(
        "bucket_deviation_usd", Grid.LIQUIDATION_DAY, pl.col("day_deviation_usd").shift(_BUCKET_MINUTES - 1)
    ),
    WorkingColumn(
        "minute_zscore",
        Grid.LIQUIDATION_DAY,
        pl.when(pl.col("liquidated_usd").is_not_null()).then(
            z_score(
                pl.col("liquidated_usd").rolling_sum(_BUCKET_MINUTES, min_samples=1),
                pl.col("day_mean_usd").shift(_BUCKET_MINUTES),
                pl.col("day_deviation_usd").shift(_BUCKET_MINUTES),
            )
        ),
    ),
    WorkingColumn(
        "highest_earlier_zscore",
        Grid.LIQUIDATION_DAY,
        pl.col("minute_zscore").rolling_max(_EARLIER_MINUTES, min_samples=1),
    ),
    WorkingColumn(
        "cluster_threshold_usd",
        Grid.LIQUIDATION_1M,
        pl.when(pl.col("liquidated_usd") > 0)
        .then(pl.col("liquidated_usd"))
        .shift(1)
        .rolling_quantile(
            0.99, interpolation="linear", window_size=_WEEK_MINUTES, min_samples=_LEAST_CLUSTER_HISTORY
        ),
    ),
    WorkingColumn(
        "cluster_minutes",
        Grid.LIQUIDATION_1M,
        rolling_sum(
            (pl.col("liquidated_usd") > pl.col("cluster_threshold_usd")).cast(pl.Int32), _HOUR_MINUTES
        ),
    ),
)

FEATURES = (
    Feature(
        name="liq_imbalance",
        unit="-1..1",
        window="last 100, at most 60 min old",
        inputs=_INPUTS,
        null_rule="Z=0; feed down null; null if gaps of the last 60 min are longer than 5% of it",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; layers document, LIQUIDATION_REVERSAL; C19, C56",
        description="(long - short)/(long + short) of the liquidated USD; long: long positions were closed",
        expression=_if_heard(liquidation_imbalance(_LONG, _SHORT), _HOUR_MINUTES),
        lowest=-1.0,
        highest=1.0,
        heard=MINUTE,
    ),
    Feature(
        name="liq_velocity",
        unit="fraction",
        window="last 100, at most 60 min old",
        inputs=(*_INPUTS, "open_interest_5m.value_usd"),
        null_rule="0; feed or open interest down null; gaps as liq_imbalance",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; layers document, check_cascade; C19, C56",
        description="liquidated USD / open interest in USDT",
        expression=_if_heard(pl.col("known_liq_velocity"), _HOUR_MINUTES),
        lowest=0.0,
        heard=MINUTE,
    ),
    Feature(
        name="known_liq_velocity",
        unit="fraction",
        window="last 100, at most 60 min old",
        inputs=(*_HEARD, "open_interest_5m.value_usd"),
        null_rule="0; feed or open interest down null",
        pit="E",
        grid=Grid.DECISION,
        source="layers document, check_cascade; C19, C56",
        description=(
            "liq_velocity of what was heard, whatever gaps there were: at least so much was liquidated, "
            "which is enough for a gate to close"
        ),
        expression=_while_alive((_LONG + _SHORT) / pl.col("oi_usd")),
        lowest=0.0,
        heard=MINUTE,
    ),
    Feature(
        name="liq_zscore",
        unit="sd",
        window="24 h (288 five-minute buckets)",
        inputs=_INPUTS,
        null_rule="Z=0; NW; feed down null; null if gaps of the last 5 min are longer than 5% of it",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; C113",
        description=(
            "USD liquidated in the last 5 minutes against the 288 clock buckets that ended before them; "
            "a bucket is known if each of its minutes has a heartbeat"
        ),
        expression=_if_heard(
            z_score(pl.col("last_5m_usd"), pl.col("bucket_mean_usd"), pl.col("bucket_deviation_usd")),
            _BUCKET_MINUTES,
        ),
        heard=_DAY_HEARD,
    ),
    Feature(
        name="liq_zscore_max_1h",
        unit="sd",
        window="60 min, each minute against 24 h",
        inputs=_INPUTS,
        null_rule="as liq_zscore; the largest of those known",
        pit="E",
        grid=Grid.DECISION,
        source="C129",
        description=(
            "the largest of liq_zscore and of the z-scores of the five minutes up to the end of each of the "
            "59 clock minutes that ended at least a minute ago; a minute is known if it has a heartbeat"
        ),
        expression=_while_alive(pl.max_horizontal("liq_zscore", "highest_earlier_zscore")),
        heard=_DAY_HEARD,
    ),
    Feature(
        name="liquidation_clusters",
        unit="minutes, 0..60",
        window="60 min, against 7 d",
        inputs=_HEARD,
        null_rule="NW (min 20 minutes with liquidations in 7 d); feed down null",
        pit="E",
        grid=Grid.DECISION,
        source="strategy document, Advanced Feature Categories",
        description=(
            "of the 60 clock minutes that ended at least a minute ago, the number with more liquidated USD "
            "than the 99th percentile of the non-zero minutes of the 7 days before; a minute is known if it "
            "has a heartbeat"
        ),
        expression=_while_alive(pl.col("cluster_minutes")),
        lowest=0.0,
        highest=60.0,
        heard=_CLUSTERS_HEARD,
    ),
)
