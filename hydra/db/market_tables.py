"""Schema `market`: the facts. Written once, each with the time it was true and the time it was known.

Source: DESIGN, "Tables" and law 3; features.md section 0; C124, C125, C127, C128.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from hydra.db.metadata import METADATA, TIMESTAMP, check, event_time, instrument_id, known_at, real

instruments = Table(
    "instruments",
    METADATA,
    Column("instrument_id", SmallInteger, primary_key=True, autoincrement=False, comment="Key; never reused"),
    Column("venue", Text, nullable=False, comment="The exchange, e.g. binance"),
    Column("kind", Text, nullable=False, comment="perpetual or spot (C124)"),
    Column("symbol", Text, nullable=False, comment="HYDRA's key: ccxt's unified symbol (C21)"),
    Column("exchange_symbol", Text, nullable=False, comment="The exchange's own name, e.g. BTCUSDT"),
    Column("base", Text, nullable=False, comment="Base asset"),
    Column("quote", Text, nullable=False, comment="Quote asset"),
    Column("aliases", ARRAY(Text), nullable=False, comment="Other names of the same instrument (C21)"),
    check("kind", "kind IN ('perpetual', 'spot')"),
    Index(None, "venue", "kind", "exchange_symbol", unique=True),
    schema="market",
    comment="What is traded or watched: one row per venue, kind and symbol",
)

instrument_filters = Table(
    "instrument_filters",
    METADATA,
    instrument_id(referenced=True),
    Column("valid_from", TIMESTAMP, primary_key=True, comment="From when these filters hold"),
    Column("tick_size", Numeric, nullable=False, comment="Smallest price step, quote units"),
    Column("step_size", Numeric, nullable=False, comment="Smallest quantity step, base units"),
    Column("min_quantity", Numeric, nullable=False, comment="Smallest order quantity, base units"),
    Column("max_quantity", Numeric, nullable=False, comment="Largest limit-order quantity, base units"),
    Column(
        "max_market_quantity", Numeric, nullable=False, comment="Largest market-order quantity, base units"
    ),
    Column("min_notional_usd", Numeric, nullable=False, comment="Smallest order value, USDT"),
    Column("funding_interval_hours", SmallInteger, nullable=False, comment="Hours between settlements"),
    Column("source", Text, nullable=False, comment="Where the numbers come from, with date (C127)"),
    schema="market",
    comment="The exchange's order filters of an instrument, dated (C127)",
)

leverage_brackets = Table(
    "leverage_brackets",
    METADATA,
    instrument_id(referenced=True),
    Column("valid_from", TIMESTAMP, primary_key=True, comment="From when these brackets hold"),
    Column("bracket", SmallInteger, primary_key=True, autoincrement=False, comment="1 is the smallest"),
    Column("notional_floor_usd", Numeric, nullable=False, comment="Lower edge of the notional, USDT"),
    Column("notional_cap_usd", Numeric, nullable=False, comment="Upper edge of the notional, USDT"),
    Column("maintenance_margin_rate", Numeric, nullable=False, comment="Fraction of the notional"),
    Column("cumulative_usd", Numeric, nullable=False, comment="Maintenance amount deducted, USDT"),
    Column("initial_leverage", SmallInteger, nullable=False, comment="Highest leverage in this bracket"),
    Column("source", Text, nullable=False, comment="Where the numbers come from, with date (C127)"),
    schema="market",
    comment="Maintenance-margin brackets of an instrument, dated; liquidation prices come from here",
)


def _candle_columns() -> list[SchemaItem]:
    return [
        real("open", "First traded price, quote units"),
        real("high", "Highest traded price"),
        real("low", "Lowest traded price"),
        real("close", "Last traded price"),
        real("volume", "Traded quantity, base units"),
        real("quote_volume", "Traded value, USDT; null where the source has none (C128)", nullable=True),
        Column("trade_count", Integer, comment="Number of trades; null where the source has none"),
        real("taker_buy_volume", "Taker-bought quantity, base units; null if unknown", nullable=True),
        real("taker_buy_quote_volume", "Taker-bought value, USDT; null if unknown", nullable=True),
    ]


def _known_at_index() -> Index:
    """Finds what became known since the last decision. Block ranges: a B-tree would slow every COPY."""
    return Index(
        None,
        "known_at",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
    )


candles_1m = Table(
    "candles_1m",
    METADATA,
    instrument_id(),
    event_time("Open of the minute, UTC"),
    known_at(),
    *_candle_columns(),
    _known_at_index(),
    schema="market",
    comment="Closed one-minute candles of perpetuals, stored under their open time",
)

candles_5m_recorded = Table(
    "candles_5m_recorded",
    METADATA,
    instrument_id(),
    event_time("Open of the five minutes, UTC"),
    known_at(),
    *_candle_columns(),
    _known_at_index(),
    schema="market",
    comment="Five-minute candles that came as such, without one-minute rows behind them (C124)",
)

funding_rates = Table(
    "funding_rates",
    METADATA,
    instrument_id(),
    event_time("Settlement instant, UTC, on the hour"),
    known_at(),
    real("rate", "Settled rate per interval, fraction; positive: longs pay shorts"),
    Column("interval_hours", SmallInteger, nullable=False, comment="Hours since the settlement before"),
    real("mark_price", "Mark price at the settlement; null where the source has none", nullable=True),
    schema="market",
    comment="Settled funding, one row per settlement",
)

mark_prices = Table(
    "mark_prices",
    METADATA,
    instrument_id(),
    Column(
        "timeframe_minutes",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        nullable=False,
        comment="Length of the bar: 1 (live, archive) or 60 (hourly history)",
    ),
    event_time("Open of the bar, UTC"),
    known_at(),
    real("open", "First mark price of the bar"),
    real("high", "Highest mark price"),
    real("low", "Lowest mark price"),
    real("close", "Last mark price"),
    schema="market",
    comment="Mark-price bars: liquidation, stops and unrealised profit are measured on these",
)

open_interest = Table(
    "open_interest",
    METADATA,
    instrument_id(),
    event_time("Instant of the measurement, UTC; history lies on the five-minute grid"),
    known_at(),
    real("contracts", "Open interest, base units; null if the source's cell was empty", nullable=True),
    real("value_usd", "Open interest, USDT; null if the source's cell was empty", nullable=True),
    _known_at_index(),
    schema="market",
    comment="Open interest as measured: 15 s polls live, the five-minute grid in history",
)

positioning = Table(
    "positioning",
    METADATA,
    instrument_id(),
    event_time("End of the five-minute period, UTC"),
    known_at(),
    real("long_short_ratio", "All accounts: long accounts / short accounts", nullable=True),
    real("top_account_long_short_ratio", "Top traders by accounts: long / short", nullable=True),
    real("top_position_long_short_ratio", "Top traders by position size: long / short", nullable=True),
    real("taker_buy_sell_ratio", "Taker buy volume / taker sell volume", nullable=True),
    schema="market",
    comment="Crowd positioning and taker flow in five-minute periods",
)

liquidations = Table(
    "liquidations",
    METADATA,
    instrument_id(),
    event_time("Exchange time of the forced order, UTC"),
    Column("side", Text, primary_key=True, nullable=False, comment="The liquidated position: LONG or SHORT"),
    Column("price", Float(53), primary_key=True, nullable=False, comment="Average fill price, quote units"),
    Column("quantity", Float(53), primary_key=True, nullable=False, comment="Filled quantity, base units"),
    known_at(),
    real("value_usd", "price x quantity, USDT"),
    check("side", "side IN ('LONG', 'SHORT')"),
    schema="market",
    comment="Forced orders of this venue only (C124); the public stream is an undercount (C107)",
)

order_books = Table(
    "order_books",
    METADATA,
    instrument_id(),
    event_time("Exchange time of the snapshot, UTC"),
    known_at(),
    Column("bid_prices", ARRAY(Float(53)), nullable=False, comment="Best first, at most 20 levels"),
    Column("bid_quantities", ARRAY(Float(53)), nullable=False, comment="Base units, parallel to bid_prices"),
    Column("ask_prices", ARRAY(Float(53)), nullable=False, comment="Best first, at most 20 levels"),
    Column("ask_quantities", ARRAY(Float(53)), nullable=False, comment="Base units, parallel to ask_prices"),
    Column("last_update_id", BigInteger, comment="The exchange's update id of the snapshot"),
    check(
        "levels",
        "cardinality(bid_prices) = cardinality(bid_quantities)"
        " AND cardinality(ask_prices) = cardinality(ask_quantities)",
    ),
    schema="market",
    comment="Order-book snapshots, one row each, levels as arrays",
)

trades = Table(
    "trades",
    METADATA,
    instrument_id(),
    event_time("Exchange time of the trade, UTC"),
    Column("trade_id", BigInteger, primary_key=True, autoincrement=False, comment="The exchange's id"),
    known_at(),
    real("price", "Trade price, quote units"),
    real("quantity", "Quantity, base units"),
    Column("buyer_is_maker", Boolean, nullable=False, comment="True: the taker sold"),
    schema="market",
    comment="Public (aggregate) trades with the aggressor's side",
)

sentiment = Table(
    "sentiment",
    METADATA,
    Column("source", Text, primary_key=True, comment="e.g. fear_and_greed"),
    event_time("When the value was published, UTC"),
    known_at(),
    real("value", "The published value in the source's own scale"),
    schema="market",
    comment="Market-wide sentiment readings (advisory: absence never blocks, C111)",
)

news_items = Table(
    "news_items",
    METADATA,
    event_time("Publish time, UTC"),
    Column("item_id", Text, primary_key=True, comment="The source's id, or the sha256 of source and title"),
    known_at(),
    Column("source", Text, nullable=False, comment="Who published it"),
    Column("title", Text, nullable=False, comment="Headline, untrusted text (C25)"),
    Column("category", Text, comment="The source's category"),
    Column("currencies", ARRAY(Text), nullable=False, comment="Currency tags of the source"),
    schema="market",
    comment="Headlines (advisory and untrusted, C25)",
)

feed_heartbeats = Table(
    "feed_heartbeats",
    METADATA,
    Column("feed", Text, primary_key=True, comment="e.g. liquidations, order_book, candles_1m"),
    instrument_id(),
    event_time("When the feed was seen alive, UTC"),
    known_at(),
    schema="market",
    comment="Proof of life per feed: silence with a heartbeat is 0, without one it is unknown",
)

import_batches = Table(
    "import_batches",
    METADATA,
    Column("batch_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column("path", Text, nullable=False, comment="The file as named by the user"),
    Column("sha256", Text, nullable=False, comment="Of the file's bytes"),
    Column("layout", Text, nullable=False, comment="The recognised layout of the file"),
    Column("target_table", Text, nullable=False, comment="Where its rows went"),
    Column("rows_read", BigInteger, nullable=False, comment="Rows in the file"),
    Column("rows_inserted", BigInteger, nullable=False, comment="Rows that were new"),
    Column("rows_unchanged", BigInteger, nullable=False, comment="Rows already stored with the same values"),
    Column(
        "rows_revised", BigInteger, nullable=False, comment="Rows stored with other values: kept aside (C125)"
    ),
    Column("rows_quarantined", BigInteger, nullable=False, comment="Rows that were refused, with reasons"),
    Column("first_time", TIMESTAMP, comment="Earliest fact in the file"),
    Column("last_time", TIMESTAMP, comment="Latest fact in the file"),
    Column(
        "ingested_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="When it was imported"
    ),
    Column("rollups_fresh", Boolean, nullable=False, comment="False until every rollup covers these rows"),
    schema="market",
    comment="One row per file and import: what came in, what did not, and when",
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column(
        "batch_id", BigInteger, ForeignKey("market.import_batches.batch_id"), comment="Null for live feeds"
    ),
    Column("origin", Text, nullable=False, comment="File or feed that the row came from"),
    Column("line", BigInteger, comment="Line or row number in the file, from 1, header included"),
    Column("target_table", Text, nullable=False, comment="Where the row would have gone"),
    Column("reason", Text, nullable=False, comment="Which rule it broke"),
    Column("raw", JSONB, nullable=False, comment="The row as it came"),
    Column("quarantined_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="When"),
    Index(None, "origin", "line"),
    schema="market",
    comment="Rows that were refused: where they came from, what they said, which rule they broke",
)

revisions = Table(
    "revisions",
    METADATA,
    Column("revision_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column(
        "batch_id", BigInteger, ForeignKey("market.import_batches.batch_id"), comment="Null for live feeds"
    ),
    Column("target_table", Text, nullable=False, comment="The table of the fact"),
    Column("key", JSONB, nullable=False, comment="The fact's primary key"),
    Column("stored", JSONB, nullable=False, comment="The values that stay"),
    Column("offered", JSONB, nullable=False, comment="The values that arrived later"),
    Column("known_at", TIMESTAMP, nullable=False, comment="When the later values became known"),
    Column(
        "applied", Boolean, nullable=False, server_default="false", comment="True: a repair replaced the fact"
    ),
    Column("reason", Text, comment="Why a repair was made, in the operator's words"),
    Index(None, "target_table", "key", "offered", unique=True),
    schema="market",
    comment="Facts that arrived again with other values: the first stays, the other is kept here (C125)",
)

gaps = Table(
    "gaps",
    METADATA,
    Column("source_table", Text, primary_key=True, comment="The table with the hole"),
    instrument_id(referenced=True),
    Column("gap_start", TIMESTAMP, primary_key=True, comment="First missing time on the grid, inclusive"),
    Column("gap_end", TIMESTAMP, nullable=False, comment="First present time after the hole, exclusive"),
    Column("missing_rows", BigInteger, nullable=False, comment="How many grid points are missing"),
    Column("detected_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="When it was found"),
    schema="market",
    comment="Holes in gridded facts; features over a hole are null, never interpolated",
)
