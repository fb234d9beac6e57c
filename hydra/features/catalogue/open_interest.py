"""Open interest on its five-minute grid. Zero or less counts as missing (C19)."""

from datetime import timedelta

import polars as pl

from hydra.features.expressions import no_older_than, z_score_of, z_window
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

OPEN_INTEREST_LASTS = timedelta(minutes=10)
_DELTA_ROWS = 12
_ZSCORE_ROWS = 100
# A value is valid for ten minutes, two rows of the grid; its age is checked at the decision.
_CARRIED_ROWS = 2

_CONTRACTS = pl.when(pl.col("contracts") > 0).then(pl.col("contracts"))
_VALUE_USD = pl.when(pl.col("value_usd") > 0).then(pl.col("value_usd"))


def _carried(value: pl.Expr) -> pl.Expr:
    return value.forward_fill(limit=_CARRIED_ROWS)


def _time_of(column: str) -> pl.Expr:
    return _carried(pl.when(pl.col(column).is_not_null()).then(pl.col("fact_time")))


WORKING = (
    *z_window("contracts_change", Grid.OPEN_INTEREST, pl.col("contracts_change"), _ZSCORE_ROWS),
    WorkingColumn("open_contracts", Grid.OPEN_INTEREST, _CONTRACTS),
    WorkingColumn("open_value_usd", Grid.OPEN_INTEREST, _VALUE_USD),
    WorkingColumn(
        "contracts_change",
        Grid.OPEN_INTEREST,
        pl.col("open_contracts") / pl.col("open_contracts").shift(_DELTA_ROWS) - 1,
    ),
    WorkingColumn("last_contracts_change", Grid.OPEN_INTEREST, _carried(pl.col("contracts_change"))),
    WorkingColumn("contracts_change_time", Grid.OPEN_INTEREST, _time_of("contracts_change")),
    WorkingColumn("last_open_value_usd", Grid.OPEN_INTEREST, _carried(pl.col("open_value_usd"))),
    WorkingColumn("open_value_time", Grid.OPEN_INTEREST, _time_of("open_value_usd")),
)

FEATURES = (
    Feature(
        name="oi_delta_pct",
        unit="fraction",
        window="60 min",
        inputs=("open_interest_5m.contracts",),
        null_rule="NL(10 min)",
        pit="E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES; C19, C55",
        description="open interest in contracts / the same 60 minutes earlier - 1",
        expression=no_older_than("last_contracts_change", "contracts_change_time", OPEN_INTEREST_LASTS),
        lowest=-1.0,
    ),
    Feature(
        name="oi_delta_zscore",
        unit="sd",
        window="500 min (100 five-minute rows)",
        inputs=("open_interest_5m.contracts",),
        null_rule="NW, Z=0",
        pit="E",
        grid=Grid.OPEN_INTEREST,
        source="ML document, SIGNAL_SCORER_FEATURES; C113",
        description="oi_delta_pct on the five-minute grid against its last 100 values",
        expression=z_score_of(pl.col("contracts_change"), "contracts_change"),
    ),
    Feature(
        name="oi_price_divergence",
        unit="-1, 0 or 1",
        window="60 min",
        inputs=("candles_1m.close", "open_interest_5m.contracts"),
        null_rule="null if an input is",
        pit="B,E",
        grid=Grid.DECISION,
        source="ML document, SIGNAL_SCORER_FEATURES",
        description="-sign(return_1h) * sign(oi_delta_pct): +1 where price and open interest diverge",
        # Adding 0 turns -0.0 into 0.0.
        expression=-pl.col("return_1h").sign() * pl.col("oi_delta_pct").sign() + 0.0,
        lowest=-1.0,
        highest=1.0,
    ),
    Feature(
        name="oi_usd",
        unit="USDT",
        window="last value",
        inputs=("open_interest_5m.value_usd",),
        null_rule="NL(10 min)",
        pit="E",
        grid=Grid.DECISION,
        source="layers document, Data Sources (oi_usd); C19",
        description="open interest in USDT, the denominator of liq_velocity",
        expression=no_older_than("last_open_value_usd", "open_value_time", OPEN_INTEREST_LASTS),
        lowest=0.0,
    ),
)
