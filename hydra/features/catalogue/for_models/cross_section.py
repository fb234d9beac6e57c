"""A pair compared with the others at the same close: leaders, ranks, betas, correlations, sectors (recipe).

A bar counts only if it is present for both the leader and the pair.
"""

import math
from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import over_deviation, recipe_feature
from hydra.features.engine.leaders import LEADERS
from hydra.features.expressions import (
    ZERO_DEVIATION,
    bars_so_far,
    correlation_parts,
    price_change,
    rolling_deviation,
)
from hydra.features.facts import Grid
from hydra.features.feature import OF_HISTORY, Feature, WorkingColumn
from hydra.universe import SECTORS, UNIVERSE

_BETA_BARS: Final = 240
_HOUR: Final = 60
_LEAST_PAIRS: Final = 2
_INSTRUMENT = pl.col("instrument_id")
_OWN = pl.col("return_1m")
_NO_VARIANCE: Final = ZERO_DEVIATION**2


def _scaled(change: str, deviation: str, bars: int) -> pl.Expr:
    return over_deviation(pl.col(change) / math.sqrt(bars), pl.col(deviation))


def _leader_columns(leader: str) -> tuple[WorkingColumn, ...]:
    close = f"{leader}_close"
    return (
        WorkingColumn(f"{leader}_bars_so_far", Grid.M1, bars_so_far(close)),
        WorkingColumn(f"{leader}_return_1m", Grid.M1, pl.col(close) / pl.col(close).shift(1) - 1),
        WorkingColumn(
            f"{leader}_deviation_60", Grid.M1, rolling_deviation(pl.col(f"{leader}_return_1m"), _HOUR, ddof=1)
        ),
        WorkingColumn(f"{leader}_change_5m", Grid.M1, price_change(close, 5, f"{leader}_bars_so_far")),
        WorkingColumn(
            f"{leader}_scaled", Grid.M1, _scaled(f"{leader}_change_5m", f"{leader}_deviation_60", 5)
        ),
        WorkingColumn(
            f"{leader}_hour_return",
            Grid.HOUR,
            (pl.col(f"{leader}_hour_close") / pl.col(f"{leader}_hour_close").shift(1)).log(),
        ),
    )


def _leader() -> pl.Expr:
    """Mean of the leaders without the pair itself."""
    others = [pl.when(id_ != _INSTRUMENT).then(pl.col(f"{name}_scaled")) for name, id_ in LEADERS.items()]
    # If a leader is missing, the mean is null; only the pair itself is left out.
    known = pl.all_horizontal(pl.col(f"{name}_scaled").is_not_null() for name in LEADERS)
    return pl.when(known).then(pl.mean_horizontal(others)).tanh()


def _beta() -> pl.Expr:
    covariance, variance, _ = correlation_parts(pl.col("btc_return_1m"), _OWN, _BETA_BARS)
    slope = pl.when(variance <= _NO_VARIANCE).then(1.0 + covariance * 0.0).otherwise(covariance / variance)
    itself = pl.when(covariance.is_not_null()).then(1.0)
    return pl.when(LEADERS["btc"] == _INSTRUMENT).then(itself).otherwise(slope)


def _correlation(leader: str, hours: int) -> Feature:
    covariance, one, other = correlation_parts(pl.col("hour_return"), pl.col(f"{leader}_hour_return"), hours)
    moved = (one > _NO_VARIANCE) & (other > _NO_VARIANCE)
    itself = pl.when(covariance.is_not_null()).then(1.0)
    value = pl.when(moved).then((covariance / (one * other).sqrt()).clip(-1, 1))
    return recipe_feature(
        f"corr_{leader}_{hours}",
        pl.when(LEADERS[leader] == _INSTRUMENT).then(itself).otherwise(value),
        f"Pearson correlation of hourly log returns with {leader.upper()}; itself 1",
        unit="-1..1",
        window=f"{hours} h1",
        null_rule="NW; null without variance",
        pit="X",
        grid=Grid.HOUR,
        bounds=(-1, 1),
    )


def _rank() -> pl.Expr:
    """100 * (pairs below + half of the equal ones, with itself) / pairs; null with fewer than two."""
    change = pl.col("return_1h")
    count = change.count().over("time")
    rank = change.rank("average").over("time")
    return pl.when(change.is_not_null() & (count >= _LEAST_PAIRS)).then(100 * (rank - 0.5) / count)


def _beyond_the_others() -> pl.Expr:
    change = pl.col("change_20m")
    count = change.count().over("time")
    others = (change.sum().over("time") - change) / (count - 1)
    return pl.when(count >= _LEAST_PAIRS).then(change - others)


def _sector(sector: str) -> Feature:
    change = pl.col("return_24h")
    members = list(SECTORS[sector])
    basket = pl.when(_INSTRUMENT.is_in(members)).then(change).mean().over("time")
    listed = ", ".join(pair.base for pair in UNIVERSE if pair.instrument_id in members) or "none of the pairs"
    return recipe_feature(
        f"sector_rot_{sector}",
        basket - change.mean().over("time"),
        f"mean 24 h return of the sector ({listed}) less that of all pairs",
        unit="fraction",
        window="24 h",
        null_rule="NW; no member: null",
        pit="X",
        grid=Grid.UNIVERSE,
        heard=OF_HISTORY if members else None,
    )


WORKING = (
    *(column for leader in LEADERS for column in _leader_columns(leader)),
    WorkingColumn("btc_change_20m", Grid.M1, price_change("btc_close", 20, "btc_bars_so_far")),
    WorkingColumn("hour_return", Grid.HOUR, (pl.col("hour_close") / pl.col("hour_close").shift(1)).log()),
)

FEATURES = (
    recipe_feature(
        "leader",
        _leader(),
        "tanh(mean over BTC and ETH, without itself, of return_5m/(std1(return_1m, 60) x sqrt 5))",
        unit="-1..1",
        window="60 m1",
        null_rule="NW, Z=0",
        pit="X",
        bounds=(-1, 1),
    ),
    recipe_feature(
        "rs",
        _rank(),
        "100 x mid-rank of the 60-minute return among all pairs: (below + half of the equal)/pairs",
        unit="0..100",
        window="60 m1",
        null_rule="NW; null with fewer than two pairs",
        pit="X",
        grid=Grid.UNIVERSE,
        bounds=(0, 100),
    ),
    recipe_feature(
        "btc_beta",
        _beta(),
        "cov(return_1m, BTC's)/var(BTC's) over 240 minutes; BTC itself 1",
        unit="ratio",
        window="240 m1",
        null_rule="NW, Z=1",
        pit="X",
        sources="C98",
    ),
    recipe_feature(
        "btc_divergence",
        over_deviation(
            (pl.col("change_20m") - pl.col("btc_beta") * pl.col("btc_change_20m")) / math.sqrt(20),
            pl.col("realized_sigma_60"),
        ),
        "(20-minute return - btc_beta x BTC's)/(std1(return_1m, 60) x sqrt 20)",
        unit="sd",
        window="240 m1",
        null_rule="NW, Z=0",
        pit="X",
    ),
    recipe_feature(
        "cross_momentum",
        _beyond_the_others(),
        "20-minute return less the mean of the other pairs'",
        unit="fraction",
        window="20 m1",
        null_rule="NW; null without another pair",
        pit="X",
        grid=Grid.UNIVERSE,
    ),
    *(_correlation("btc", hours) for hours in (24, 168, 720)),
    *(_correlation("eth", hours) for hours in (24, 168, 720)),
    *(_sector(sector) for sector in SECTORS),
)
