"""A generated market in memory, in the form that a backtest takes; needs no database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from hydra.backtest.market import MARK_SCHEMA, BacktestMarket, DatedTerms, epoch_minute
from hydra.backtest.recorded_flow import RecordedFlow
from hydra.exchange.instruments import load_instrument_terms
from hydra.features.facts import SOURCES, MarketFacts, empty_frame
from hydra.features.reading.five_minute_bars import bars_as_of
from hydra.layers.layer4_filters import InstrumentFilters
from hydra.layers.layer5_book_fills import MOST_BOOK_AGE, OrderFlow, PublicTrade, RecordedBook
from hydra.ledger.costs import PAIR_COSTS
from hydra.ledger.liquidation import MaintenanceBracket
from hydra.sim.market.market import Market
from hydra.sim.market.settings import MarketSettings
from hydra.trading.bars import Bar
from hydra.trading.instrument_spec import InstrumentSpec
from hydra.trading.order_flow import is_recorded
from hydra.universe import UNIVERSE

_FIVE = pl.duration(minutes=5)
_PIECE_MINUTES = 20 * 1440
_FRAMES = (
    "candles_1m", "mark_prices", "funding_rates", "open_interest", "positioning", "liquidations",
    "order_books", "feed_heartbeats", "trades",
)  # fmt: skip


def generated_market(settings: MarketSettings, minutes: int) -> BacktestMarket:
    """`minutes` of decisions from settings.start on the market of `settings`, its warm-up before them."""
    market = Market(settings)
    ids = tuple(pair.instrument_id for pair in market.pairs)
    facts = _advanced(market, settings.warm_up_days * 1440 + minutes + 1)
    decided = epoch_minute(settings.start) + np.arange(minutes, dtype=np.int64)
    return BacktestMarket(
        instrument_ids=ids,
        minutes=decided,
        facts=facts_of(facts, settings.start + timedelta(minutes=minutes)),
        mark_prices=facts["mark_prices"].select(
            pl.col(name).cast(kind) for name, kind in MARK_SCHEMA.items()
        ),
        funding_marks=facts["funding_rates"].select("instrument_id", "time", "mark_price"),
        terms=DatedTerms((settings.start,), (terms_of(ids),)),
        flow=_flow(facts) if settings.with_trades else None,
    )


def _flow(facts: Mapping[str, pl.DataFrame]) -> RecordedFlow:
    """Books and trades as they are read from a database; every fact of a minute is known in time."""
    books, trades = (
        facts[name].partition_by("instrument_id", as_dict=True) for name in ("order_books", "trades")
    )
    ranges = {key[0]: (one["time"].min(), one["time"].max()) for key, one in trades.items()}

    def read(as_of: datetime, bar: Bar) -> OrderFlow | None:
        since = bar.time - MOST_BOOK_AGE
        near = books[bar.instrument_id,].filter(
            pl.col("time").is_between(since, bar.end), pl.col("known_at") <= as_of
        )
        inside = trades[bar.instrument_id,].filter(
            pl.col("time").is_between(bar.time, bar.end, closed="left"), pl.col("known_at") <= as_of
        )
        flow = OrderFlow(
            [RecordedBook(*row) for row in near.select(RecordedBook._fields).iter_rows()],
            [PublicTrade(*row) for row in inside.select(PublicTrade._fields).iter_rows()],
        )
        return flow if is_recorded(flow, bar) else None

    return RecordedFlow(ranges, read)  # type: ignore[arg-type]  # polars types min and max widely


def _advanced(market: Market, minutes: int) -> dict[str, pl.DataFrame]:
    """The frames of a stretch, made in pieces: what is not needed of a piece is let go."""
    pieces: dict[str, list[pl.DataFrame]] = {name: [] for name in _FRAMES}
    for begin in range(0, minutes, _PIECE_MINUTES):
        made = market.advance(min(_PIECE_MINUTES, minutes - begin))
        for name, parts in pieces.items():
            parts.append(getattr(made, name))
    return {name: pl.concat(parts).sort("instrument_id", "time") for name, parts in pieces.items()}


def facts_of(market: Mapping[str, pl.DataFrame], as_of: datetime) -> MarketFacts:
    """The facts of a generated stretch as the features see them."""
    candles = market["candles_1m"].select(list(SOURCES["candles_1m"].columns))
    grid = pl.col("time").dt.offset_by("-1us").dt.truncate("5m") + _FIVE
    interest = (
        market["open_interest"]
        .sort("instrument_id", "time")
        .group_by("instrument_id", grid.alias("grid"), maintain_order=True)
        .agg(pl.col("known_at", "contracts", "value_usd").last())
        .with_columns(pl.max_horizontal("known_at", "grid").alias("known_at"))
        .rename({"grid": "time"})
    )
    none = empty_frame("candles_5m")
    return MarketFacts(
        candles_1m=candles,
        candles_5m=bars_as_of(none, candles, none, as_of),
        funding_rates=market["funding_rates"].select(list(SOURCES["funding_rates"].columns)),
        open_interest_5m=interest.select(list(SOURCES["open_interest_5m"].columns)),
        positioning=market["positioning"].select(list(SOURCES["positioning"].columns)),
        liquidations=market["liquidations"].select(list(SOURCES["liquidations"].columns)),
        order_book_tops=_tops(market["order_books"]),
        heartbeats=market["feed_heartbeats"]
        .filter(pl.col("feed").is_in(["liquidations", "order_book"]))
        .select(list(SOURCES["heartbeats"].columns))
        .sort("instrument_id", "time"),
    )


def _tops(books: pl.DataFrame) -> pl.DataFrame:
    def depth(side: str) -> pl.Expr:
        return (
            (pl.col(f"{side}_prices").list.head(20) * pl.col(f"{side}_quantities").list.head(20)).list.sum()
        ).alias(f"{side}_depth_usd")

    if books.is_empty():
        return empty_frame("order_book_tops")
    return books.with_columns(
        pl.col("bid_prices").list.first().alias("best_bid"),
        pl.col("ask_prices").list.first().alias("best_ask"),
        depth("bid"),
        depth("ask"),
    ).select(list(SOURCES["order_book_tops"].columns))


def terms_of(instrument_ids: tuple[int, ...]) -> dict[int, InstrumentSpec]:
    """The universe's terms of trading, by the ids of a market whose first pairs are the universe."""
    stored = {one.pair.base: one for one in load_instrument_terms()}
    found = {}
    for instrument_id, pair in zip(instrument_ids, UNIVERSE, strict=False):
        terms = stored[pair.base]
        found[instrument_id] = InstrumentSpec(
            instrument_id=instrument_id,
            pair=pair,
            costs=PAIR_COSTS[pair.base],
            filters=InstrumentFilters(
                terms.filters.tick_size,
                terms.filters.step_size,
                terms.filters.min_quantity,
                min(terms.filters.max_quantity, terms.filters.max_market_quantity),
                terms.filters.min_notional_usd,
            ),
            maintenance=tuple(
                MaintenanceBracket(
                    float(one.notional_cap_usd), float(one.maintenance_margin_rate), float(one.cumulative_usd)
                )
                for one in terms.brackets
            ),
            leverage_brackets=tuple(
                (float(one.notional_cap_usd), float(one.initial_leverage)) for one in terms.brackets
            ),
        )
    return found
