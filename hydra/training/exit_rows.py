"""Training rows of the exit predictor: a position each quarter of an hour, 34 features, the hour after.

The positions are the trades that layer 4 approves, whatever layer 3 scored, one at a time in a pair; the
paper exchange plays each to its end, as for the scorer's label. Rows of one position depend on each other,
so the label of each lasts until the last one of its position is known: no split divides a position (C72).
Source: ML document, exit predictor; C71, C72; docs/practice.md, "Labels".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl

from hydra.arrays import TIME
from hydra.backtest.columns import DecisionColumns, decide_columns, decision_keys
from hydra.backtest.exit_bounds import row_at
from hydra.backtest.market import BacktestMarket, at_costs, instant_of
from hydra.backtest.simulation import PreparedMarket
from hydra.domain import PositionEventKind, Side
from hydra.durations import MINUTE
from hydra.features.catalogue.open_interest import OPEN_INTEREST_LASTS
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from hydra.features.for_models.exit_features import exit_features
from hydra.features.vectors import EXIT_PREDICTOR_FEATURES_V1
from hydra.layers.layer3_signals import GENERATORS
from hydra.ledger.costs import cost_version
from hydra.research.outcomes import OutcomePlayer
from hydra.trading.pair_state import Position
from hydra.trading.parameters import Rules
from hydra.trading.verdicts import UNKNOWN_CODE
from hydra.training.labels.exit_now import exit_labels
from hydra.training.labels.label_rows import count_labels
from hydra.training.labels.managed_trade import ends_within, planned_trades
from hydra.training.labels.minute_prices import minute_prices
from hydra.training.training_rows import TrainingRows
from hydra.training.uniqueness import with_uniqueness

EXIT_NOW: Final = "exit_now"
"""Name of the label."""

EVERY_MINUTES: Final = 15
"""Between two rows of a position: four labels are alive at a time."""

_KEY: Final = ("instrument_id", "time")
_THESES: Final = tuple(dict.fromkeys(one.thesis.column for one in GENERATORS.values()))
_FEATURES: Final = tuple(
    dict.fromkeys(
        (
            "funding_rate", "oi_delta_pct", "volatility_1h", "return_1h", "return_15m", "cascade_probability",
            "liq_velocity", *_THESES,
        )
    )
)  # fmt: skip
_AT_ENTRY: Final = ("funding_rate", "oi_contracts", "regime", "volatility_1h")
_ENTERING: Final = frozenset({PositionEventKind.OPENED, PositionEventKind.INCREASED})


def exit_training_rows(prepared: PreparedMarket, rules: Rules) -> TrainingRows:
    """The labelled moments of positions, ordered by time and pair.

    Beside the features: position (its number), side, and leaving_saves (a fraction of the entry price, before
    costs, which leaving later pays too).

    Raises:
        BadDataError: a fact is off its grid.
    """
    market = at_costs(prepared.market, rules.costs)
    columns = decide_columns(market, prepared.inputs, rules)
    positions = pl.DataFrame(_played(prepared, market, columns, rules), schema=_POSITION, orient="row")
    held = _with_market(prepared, market, columns, _moments(positions))
    labels = with_uniqueness(
        exit_labels(
            minute_prices(market, prepared.bars), held.select(*_KEY, "position", "side", "entry_price")
        )
    )
    frame = (
        labels.drop("entry_price")
        .hstack(exit_features(held))
        .filter(pl.col("unlabelled").is_null())
        .drop("unlabelled")
        .with_columns(pl.col("label_end").max().over("position"))
    )
    first, last = int(market.minutes[0]), int(market.minutes[-1])
    return TrainingRows(
        frame=frame.sort("time", "instrument_id"),
        features=EXIT_PREDICTOR_FEATURES_V1,
        label=EXIT_NOW,
        counts=count_labels(labels),
        period=(instant_of(first), instant_of(last) + MINUTE),
        cost_version=cost_version(rules.costs),
    )


_POSITION: Final[dict[str, Any]] = {
    "position": pl.Int64(),
    "instrument_id": pl.Int16(),
    "decided": TIME,
    "side": pl.String(),
    "source": pl.String(),
    "confidence": pl.Float64(),
    "entry_thesis_strength": pl.Float64(),
    "entry_time": TIME,
    "closed_time": TIME,
    "entry_price": pl.Float64(),
    "stop_loss_price": pl.Float64(),
    "take_profit_price": pl.Float64(),
    "liquidation_price": pl.Float64(),
    "entry_notional_usd": pl.Float64(),
    "funding": pl.List(pl.Struct({"known_at": TIME, "paid_usd": pl.Float64()})),
}
"""A position. decided: the instant of its decision. entry_time: of its last entry fill."""


def _played(
    prepared: PreparedMarket, market: BacktestMarket, columns: DecisionColumns, rules: Rules
) -> Iterator[tuple[Any, ...]]:
    """A row of _POSITION for each trade that was filled; while one lasts, its pair's signals pass by."""
    player = OutcomePlayer(market, prepared.bars, rules)
    known_at = {
        (prepared.bars.instrument_ids[column], one.time): market.as_of(row)
        for (row, column), settlements in prepared.bars.settlements.items()
        for one in settlements
    }
    said = columns.scored.select(
        "time", pl.col("side", "source").cast(pl.String), "confidence", "thesis_strength"
    )
    free_from: dict[int, int] = {}
    number = 0
    for index, (row, _, trade) in enumerate(planned_trades(market, columns, rules)):
        if trade is None or row < free_from.get(trade.plan.instrument_id, 0):
            continue
        position = player.position(trade) if ends_within(market, rules, trade) else None
        if position is not None and position.closed_time is not None:
            number += 1
            free_from[position.instrument_id] = row_at(market.minutes, position.closed_time)
            yield number, position.instrument_id, *said.row(index), *_numbers(position, known_at)


def _numbers(position: Position, known_at: Mapping[tuple[int, datetime], datetime]) -> tuple[Any, ...]:
    return (
        max(event.time for event in position.events if event.kind in _ENTERING),
        position.closed_time,
        float(position.entry_price),
        float(position.stop_price),
        float(position.target_price),
        float(position.liquidation_price) or None,
        float(position.peak_quantity * position.entry_price),
        [
            {
                "known_at": known_at[position.instrument_id, event.time],
                "paid_usd": -float(event.amount_usd or 0),
            }
            for event in position.events
            if event.kind is PositionEventKind.FUNDING
        ],
    )


def _moments(positions: pl.DataFrame) -> pl.DataFrame:
    """Each quarter of an hour from the last entry fill of a position to its close, with the funding paid."""
    every = f"{EVERY_MINUTES}m"
    first = pl.col("entry_time").dt.truncate(every) + DECISION_DELAY
    moments = (
        positions.with_columns(
            pl.datetime_ranges(first, pl.col("closed_time"), every, closed="left").alias("time")
        )
        .explode("time")
        .filter(pl.col("time") > pl.col("entry_time"))
        .sort("time")
    )
    paid = (
        positions.select("position", "funding")
        .explode("funding")
        .unnest("funding")
        .drop_nulls("known_at")
        .sort("known_at")
        .with_columns(pl.col("paid_usd").cum_sum().over("position").alias("funding_paid_usd"))
    )
    return moments.join_asof(
        paid.select("position", "known_at", "funding_paid_usd"),
        left_on="time",
        right_on="known_at",
        by="position",
        check_sortedness=False,
    ).with_columns(pl.col("funding_paid_usd").fill_null(0.0))


def _market_at(
    prepared: PreparedMarket, market: BacktestMarket, columns: DecisionColumns, keys: pl.DataFrame
) -> pl.DataFrame:
    """`keys` of decided minutes with MARKET_COLUMNS, the columns of the theses and mark_price."""
    decided = decision_keys(market).with_columns(
        pl.Series("mark_price", prepared.bars.mark_price.reshape(-1)).fill_nan(None),
        *(
            pl.Series(name, codes.reshape(-1)).cast(pl.Int64).replace(UNKNOWN_CODE, None)
            for name, codes in (("regime", columns.regime), ("volatility_regime", columns.volatility_regime))
        ),
    )
    known = keys.join(decided, on=_KEY, how="inner").sort(_KEY)
    features = feature_matrix(market.facts, known.select(_KEY), _FEATURES)
    return _with_contracts(market.facts, known.hstack(features.drop(_KEY)))


def _with_contracts(facts: MarketFacts, known: pl.DataFrame) -> pl.DataFrame:
    """With oi_contracts: the newest open interest that was known, unless it is too old."""
    polls = facts.open_interest_5m.select(
        "instrument_id", "known_at", pl.col("time").alias("polled"), pl.col("contracts").alias("oi_contracts")
    ).sort("known_at")
    joined = known.sort("time").join_asof(
        polls, left_on="time", right_on="known_at", by="instrument_id", check_sortedness=False
    )
    is_fresh = pl.col("time") - pl.col("polled") <= OPEN_INTEREST_LASTS
    return joined.with_columns(pl.when(is_fresh).then("oi_contracts").alias("oi_contracts"))


def _with_market(
    prepared: PreparedMarket, market: BacktestMarket, columns: DecisionColumns, moments: pl.DataFrame
) -> pl.DataFrame:
    """`moments` with what `exit_features` reads; those in holes of the market are left out."""
    instants = pl.concat(
        [moments.select(_KEY), moments.select("instrument_id", pl.col("decided").alias("time"))]
    )
    known = _market_at(prepared, market, columns, instants.unique())
    at_entry = known.select(
        "instrument_id",
        pl.col("time").alias("decided"),
        *(pl.col(name).alias(f"entry_{name}") for name in _AT_ENTRY),
    )
    direction = pl.when(pl.col("side") == Side.LONG.value).then(1).otherwise(-1).alias("direction")
    strengths = [
        pl.when(pl.col("source") == source.value).then(one.thesis.expression())
        for source, one in GENERATORS.items()
    ]
    return (
        moments.join(known, on=_KEY, how="inner", maintain_order="left")
        .join(at_entry, on=("instrument_id", "decided"), how="left", maintain_order="left")
        .with_columns(direction)
        .with_columns(pl.coalesce(strengths).alias("thesis_strength"))
    )
