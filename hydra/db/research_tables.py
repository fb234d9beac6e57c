"""What research leaves: counts of verdicts of backtests, and schema `ml` with studies and trials.

Source: practice.md 3.5 (every trial is counted); DESIGN, "Tables".
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Identity,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hydra.db.metadata import METADATA, TIMESTAMP, check, enumerated, instrument_id, money, run_id

veto_counts = Table(
    "veto_counts",
    METADATA,
    run_id(),
    instrument_id(referenced=True),
    Column(
        "hour",
        TIMESTAMP,
        primary_key=True,
        nullable=False,
        comment="Hour of the decided minutes, its start",
    ),
    Column(
        "layer",
        SmallInteger,
        primary_key=True,
        autoincrement=False,
        nullable=False,
        comment="2 statistical, 3 signals, 4 risk",
    ),
    Column("passed", Boolean, primary_key=True, nullable=False, comment="True: let through"),
    enumerated("reason_code", "Why (ReasonCode)", key=True),
    Column("verdicts", Integer, nullable=False, comment="How many verdicts"),
    check("layer", "layer IN (2, 3, 4)"),
    check("verdicts", "verdicts > 0"),
    schema="hydra",
    comment="How many verdicts of a backtest let through or stopped, and why;"
    " all of its minutes, stored or not",
)

studies = Table(
    "studies",
    METADATA,
    Column("study_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column("name", Text, nullable=False, comment="Unique; a sweep is resumed by it"),
    enumerated("kind", "backtest or sweep"),
    Column(
        "market",
        Text,
        nullable=False,
        comment="Origin and venue of the market: trials on one market are counted together",
    ),
    Column("data_from", TIMESTAMP, nullable=False, comment="First decided minute"),
    Column("data_to", TIMESTAMP, nullable=False, comment="End of the decided range"),
    Column("data_hash", Text, nullable=False, comment="sha256 of the facts"),
    Column("specification", JSONB, nullable=False, comment="What was asked for"),
    Column("decision_set", Text, nullable=False, comment="Hash of the readings (hydra/readings.toml)"),
    Column("code_version", Text, nullable=False, comment="Commit of the code; + when it was changed"),
    Column("created_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="Wall clock"),
    UniqueConstraint("name"),
    check("kind", "kind IN ('backtest', 'sweep')"),
    check("range", "data_to > data_from"),
    schema="ml",
    comment="A question put to a stretch of market: one backtest, or a sweep over settings",
)

trials = Table(
    "trials",
    METADATA,
    Column("trial_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column(
        "study_id",
        BigInteger,
        ForeignKey("ml.studies.study_id"),
        nullable=False,
        comment="The study (ml.studies)",
    ),
    Column("number", Integer, nullable=False, comment="Place in the study, from 1"),
    Column(
        "parameters",
        JSONB,
        nullable=False,
        comment='Settings that differ from those of the environment: {"KEY": value}',
    ),
    enumerated("state", "PLANNED, DONE or FAILED; a planned one whose row is locked is being worked on"),
    Column(
        "run_id",
        BigInteger,
        ForeignKey("hydra.runs.run_id"),
        comment="Its run, where the rows are stored (hydra.runs)",
    ),
    Column("first_day", Date, comment="UTC day of the first of daily_returns"),
    Column(
        "daily_returns",
        ARRAY(Float(53)),
        comment="Net return of every UTC day, fraction of the equity before",
    ),
    Column("trades", Integer, comment="Closed positions"),
    money("net_pnl_usd", "Change of equity, USDT, all costs in"),
    Column(
        "metrics",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Figures by name; undefined ones are null",
    ),
    Column("error", Text, comment="Why it failed"),
    Column("finished_at", TIMESTAMP, comment="Wall clock"),
    UniqueConstraint("study_id", "number"),
    check("state", "state IN ('PLANNED', 'DONE', 'FAILED')"),
    check(
        "done_is_complete",
        "state <> 'DONE' OR (first_day IS NOT NULL AND daily_returns IS NOT NULL AND trades IS NOT NULL"
        " AND net_pnl_usd IS NOT NULL)",
    ),
    schema="ml",
    comment="Every set of settings that was ever scored: what a deflated Sharpe ratio has to know",
)
