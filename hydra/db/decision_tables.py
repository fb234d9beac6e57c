"""Schema `hydra`, the deciding half: runs, cycles, features as used, and the verdicts of layers 2 to 4.

The key of a verdict is (run, instrument, time): a doubled message finds nothing to do (law 1).
Source: DESIGN, "Tables" and laws 1, 2; layers document (StatisticalResult, Signal, RiskDecision); C33, C48.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hydra.db.metadata import (
    METADATA,
    TIMESTAMP,
    check,
    enumerated,
    instrument_id,
    money,
    one_of,
    real,
    run_id,
)
from hydra.domain import (
    CycleState,
    MarketOrigin,
    NewsAction,
    ReasonCode,
    SignalSource,
    TradabilityStatus,
    TradingMode,
)


def decision_time() -> Column[object]:
    """The minute that was decided: the open of the next minute, UTC, on the run's clock."""
    return Column(
        "time",
        TIMESTAMP,
        primary_key=True,
        nullable=False,
        comment="The decided minute: the instant its candle closed, on the run's clock",
    )


def minute_key(*further: str) -> PrimaryKeyConstraint:
    """The key of what the stages of a cycle read by the minute: all pairs of one lie together."""
    return PrimaryKeyConstraint("run_id", "time", "instrument_id", *further)


def decided_at() -> Column[object]:
    """Wall-clock time of the verdict; never compared between runs."""
    return Column(
        "decided_at",
        TIMESTAMP,
        nullable=False,
        server_default=func.now(),
        comment="Wall clock",
    )


def reason_code() -> Column[str]:
    """The verdict's reason."""
    return enumerated("reason_code", "Why (ReasonCode); the words are in reason")


def reason() -> Column[str]:
    """The verdict's reason in words."""
    return Column("reason", Text, nullable=False, comment="The reason in words, with its numbers")


def numbers() -> Column[object]:
    """Whatever else decided."""
    return Column(
        "numbers",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="What decided",
    )


runs = Table(
    "runs",
    METADATA,
    Column("run_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    enumerated("mode", "Where orders go: paper, testnet, live; or backtest"),
    enumerated("market_origin", "Where the market comes from: generated, recorded, exchange"),
    Column("label", Text, nullable=False, comment="Shown beside every number: simulated, recorded or live"),
    Column("seed", BigInteger, comment="Seed of a generated market"),
    Column("feeds", ARRAY(Text), nullable=False, comment="Declared feeds: stale or missing blocks (C111)"),
    Column("config", JSONB, nullable=False, comment="Every setting of the run; no secrets"),
    Column("config_hash", Text, nullable=False, comment="sha256 of config"),
    Column("decision_set", Text, nullable=False, comment="Hash of the readings (hydra/readings.toml)"),
    Column("feature_set_version", Text, nullable=False, comment="Version of the feature definitions"),
    Column("cost_model_version", Text, nullable=False, comment="Version of the cost model (law 7)"),
    Column("code_version", Text, nullable=False, comment="Commit of the code; + when it was changed"),
    Column("data_from", TIMESTAMP, comment="First decided minute; null: from the start"),
    Column("data_to", TIMESTAMP, comment="End of the decided range; null: open-ended"),
    Column("data_hash", Text, comment="Hash of the facts used; null while a live run goes on"),
    Column("started_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="Wall clock"),
    Column("ended_at", TIMESTAMP, comment="Wall clock of the end; null while running"),
    Column("end_reason", Text, comment="finished, stopped, or what went wrong"),
    one_of("mode", TradingMode),
    one_of("market_origin", MarketOrigin),
    check(
        "label",
        "label = CASE market_origin WHEN 'generated' THEN 'simulated'"
        " WHEN 'recorded' THEN 'recorded' ELSE 'live' END",
    ),
    schema="hydra",
    comment="One row per run: which market, which rules, which code; every decision names its run",
)

cycles = Table(
    "cycles",
    METADATA,
    run_id(),
    decision_time(),
    enumerated("state", "How far the stages have come (CycleState); CLOSED once layer 5 has committed"),
    Column("as_of", TIMESTAMP, nullable=False, comment="Only facts known by then may be used"),
    Column("opened_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="Wall clock"),
    Column("closed_at", TIMESTAMP, comment="Wall clock of the end; null while open"),
    one_of("state", CycleState),
    Index(
        "cycles_unfinished_idx",
        "run_id",
        "time",
        postgresql_where=text("state NOT IN ('CLOSED', 'SKIPPED')"),
    ),
    schema="hydra",
    comment="The minutes that a run's clock has opened; in replay the next waits until this one is closed",
)

features = Table(
    "features",
    METADATA,
    run_id(referenced=False),
    instrument_id(),
    decision_time(),
    Column("feature_set_version", Text, nullable=False, comment="Names and order of the vector"),
    Column("vector", ARRAY(Float(53)), nullable=False, comment="As used; null where a null rule applied"),
    Column(
        "newest_known_at",
        TIMESTAMP,
        comment="Newest known_at used; never after as_of",
    ),
    decided_at(),
    schema="hydra",
    comment="The feature vector of every decision, as it was used",
)

assessments = Table(
    "assessments",
    METADATA,
    run_id(),
    instrument_id(referenced=True),
    decision_time(),
    enumerated("tradability", "ALLOW, RESTRICT or BLOCK"),
    reason_code(),
    reason(),
    Column("regime", SmallInteger, comment="Market regime 0..6 (Regime); null if it could not be told"),
    real("regime_confidence", "0..1", nullable=True),
    Column("volatility_regime", SmallInteger, comment="0..4 (VolatilityRegime); null: no window yet"),
    real("volatility_zscore", "Standard deviations from the trailing mean", nullable=True),
    real("realized_volatility", "Annualised, fraction", nullable=True),
    real("cascade_probability", "0..1 (a rule's score)", nullable=True),
    real("liquidation_velocity", "Liquidated value a minute over open interest", nullable=True),
    real("expected_range_low_1h", "Lower end of the expected range of the next hour, price", nullable=True),
    real("expected_range_high_1h", "Upper end of the expected range of the next hour, price", nullable=True),
    Column("regime_break_alert", Boolean, nullable=False, server_default="false", comment="A break"),
    numbers(),
    decided_at(),
    minute_key(),
    one_of("tradability", TradabilityStatus),
    one_of("reason_code", ReasonCode),
    check("regime", "regime BETWEEN 0 AND 6"),
    check("volatility_regime", "volatility_regime BETWEEN 0 AND 4"),
    schema="hydra",
    comment="Layer 2: is it safe to trade this pair in this minute, and why (StatisticalResult)",
)

signals = Table(
    "signals",
    METADATA,
    run_id(),
    instrument_id(referenced=True),
    decision_time(),
    enumerated("source", "The generator that fired", key=True),
    enumerated("side", "LONG or SHORT"),
    real("confidence", "0..1, the generator's own; not a probability"),
    real("expected_return", "Fraction"),
    real("expected_adverse_excursion", "Fraction"),
    Column("holding_period_minutes", Integer, nullable=False, comment="Intended holding time"),
    Column("regime", SmallInteger, comment="Market regime at the signal (Regime)"),
    real("score", "0..1: a rule score, or a model's probability (see score_kind)", nullable=True),
    Column("score_kind", Text, comment="rule, or the model's id in the registry"),
    Column("approved", Boolean, nullable=False, comment="Passed the gates of layer 3"),
    Column("chosen", Boolean, nullable=False, comment="The one signal of this minute that goes to layer 4"),
    reason_code(),
    reason(),
    Column("thesis", Text, nullable=False, comment="What the trade bets on, in words (C17)"),
    Column(
        "metadata",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Its numbers",
    ),
    decided_at(),
    minute_key("source"),
    one_of("source", SignalSource),
    check("side", "side IN ('LONG', 'SHORT')"),
    one_of("reason_code", ReasonCode),
    check("confidence", "confidence BETWEEN 0 AND 1"),
    check("score", "score BETWEEN 0 AND 1"),
    check("chosen", "approved OR NOT chosen"),
    Index(
        "signals_one_chosen_idx",
        "run_id",
        "instrument_id",
        "time",
        unique=True,
        postgresql_where=text("chosen"),
    ),
    schema="hydra",
    comment="Layer 3: one row per generator that fired, scored, gated; at most one chosen a pair and minute",
)

news_views = Table(
    "news_views",
    METADATA,
    run_id(),
    instrument_id(referenced=True),
    Column("time", TIMESTAMP, primary_key=True, nullable=False, comment="When it was formed, run's clock"),
    enumerated("action", "bullish, bearish, hold or exit"),
    Column("confidence", Text, nullable=False, comment="high, medium or low"),
    Column("reason", Text, nullable=False, comment="The analyst's words, untrusted (C25)"),
    Column("model_id", Text, nullable=False, comment="Which model answered"),
    Column("item_ids", ARRAY(Text), nullable=False, comment="The headlines it saw (market.news_items)"),
    Column("answer", JSONB, nullable=False, comment="The validated answer as it came"),
    decided_at(),
    one_of("action", NewsAction),
    check("confidence", "confidence IN ('high', 'medium', 'low')"),
    schema="hydra",
    comment="Layer 3: what the news analyst said about a pair (advisory; can only restrict)",
)

risk_decisions = Table(
    "risk_decisions",
    METADATA,
    run_id(),
    instrument_id(referenced=True),
    decision_time(),
    enumerated("source", "Generator of the judged signal; null if there was none", nullable=True),
    enumerated("side", "LONG or SHORT; null without a signal", nullable=True),
    Column("approved", Boolean, nullable=False, comment="False: vetoed, see reason_code"),
    reason_code(),
    reason(),
    money("printed_size_usd", "Notional by the printed formula, before caps (C33), USDT"),
    money("recommended_size_usd", "Notional after risk cap, limits and rounding (C48), USDT"),
    money("recommended_leverage", "After pair, setting and bracket caps (C36)"),
    money("reference_price", "Price that sizes and distances were measured from"),
    money("stop_loss_price", "Price of the protective stop"),
    money("take_profit_price", "Price of the target"),
    real("max_holding_hours", "Position is closed after this long (C47)", nullable=True),
    Column(
        "trigger_kill_switch",
        Boolean,
        nullable=False,
        server_default="false",
        comment="Latches it",
    ),
    Column("kill_reason", Text, comment="Which kill condition, in words"),
    numbers(),
    decided_at(),
    minute_key(),
    ForeignKeyConstraint(
        ["run_id", "instrument_id", "time", "source"],
        [
            "hydra.signals.run_id",
            "hydra.signals.instrument_id",
            "hydra.signals.time",
            "hydra.signals.source",
        ],
    ),
    one_of("source", SignalSource),
    check("side", "side IN ('LONG', 'SHORT')"),
    one_of("reason_code", ReasonCode),
    check(
        "approved_is_complete",
        "NOT approved OR (source IS NOT NULL AND side IS NOT NULL AND recommended_size_usd > 0"
        " AND recommended_leverage > 0 AND stop_loss_price > 0 AND take_profit_price > 0"
        " AND max_holding_hours > 0)",
    ),
    schema="hydra",
    comment="Layer 4: trade or veto, how large, with which stop, and why (RiskDecision)",
)
