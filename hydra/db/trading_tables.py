"""Schema `hydra`, the trading half: orders, fills, positions, equity, kill switch.

Money is numeric. An order's row commits before the exchange hears of it (law 5).
Source: DESIGN, "Tables" and laws 4 to 6; practice.md, "Position management"; C20, C117, C122, C123, C126.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hydra.db.decision_tables import numbers
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
    KillScope,
    OrderRole,
    OrderState,
    OrderType,
    PositionEventKind,
    PositionState,
    ReasonCode,
)


def plain_instrument_id(*, nullable: bool = False) -> Column[int]:
    """The instrument, outside the key."""
    column = instrument_id(referenced=True)
    column.primary_key = False
    column.nullable = nullable
    return column


def recorded_at() -> Column[object]:
    """Wall-clock time of the row; never compared between runs."""
    return Column(
        "recorded_at", TIMESTAMP, nullable=False, server_default=func.now(), comment="Wall clock of the row"
    )


positions = Table(
    "positions",
    METADATA,
    Column("position_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    run_id(keyed=False),
    plain_instrument_id(),
    Column("decision_time", TIMESTAMP, nullable=False, comment="The risk decision that opened it"),
    enumerated("side", "LONG or SHORT"),
    enumerated("state", "OPEN, CLOSING or CLOSED"),
    Column("opened_time", TIMESTAMP, nullable=False, comment="First entry fill, run's clock"),
    Column("closed_time", TIMESTAMP, comment="Last exit fill, run's clock; null while open"),
    money("quantity", "Held now, base units; 0 once closed", nullable=False),
    money("peak_quantity", "The most that was held, base units", nullable=False),
    money("entry_price", "Average over the entry fills", nullable=False),
    money("exit_price", "Average over the exit fills so far"),
    money("leverage", "As set on the exchange", nullable=False),
    money("stop_price", "The stop that rests on the exchange; null: unprotected"),
    money("target_price", "The target that rests on the exchange"),
    money("liquidation_price", "By bracket on mark price"),
    Column("max_holding_until", TIMESTAMP, nullable=False, comment="Closed no later than this (C47)"),
    enumerated("exit_reason_code", "What closed it (ReasonCode); null while open", nullable=True),
    money("gross_pnl_usd", "Realised price profit before costs, USDT", nullable=False),
    money("fees_usd", "Fees paid, USDT, positive: cost", nullable=False),
    money("funding_usd", "Funding, USDT, positive: received", nullable=False),
    money("net_pnl_usd", "gross - fees + funding, USDT", nullable=False),
    Column("mark_source", Text, nullable=False, comment="mark, or last where no mark is recorded (C126)"),
    recorded_at(),
    Column(
        "cost_basis_usd",
        Numeric,
        nullable=False,
        server_default=text("0"),
        comment="What is held now was bought or sold short for, USDT: the sum of price x quantity of its"
        " fills; 0 once closed",
    ),
    check("side", "side IN ('LONG', 'SHORT')"),
    one_of("state", PositionState),
    one_of("exit_reason_code", ReasonCode),
    check("closed", "(state = 'CLOSED') = (closed_time IS NOT NULL)"),
    check("quantity", "quantity >= 0 AND (state <> 'CLOSED' OR quantity = 0)"),
    ForeignKeyConstraint(
        ["run_id", "instrument_id", "decision_time"],
        ["hydra.risk_decisions.run_id", "hydra.risk_decisions.instrument_id", "hydra.risk_decisions.time"],
    ),
    Index(None, "run_id", "instrument_id", "opened_time", unique=True),
    Index(None, "run_id", "instrument_id", "closed_time"),
    Index(
        "positions_one_open_idx",
        "run_id",
        "instrument_id",
        unique=True,
        postgresql_where=text("state <> 'CLOSED'"),
    ),
    schema="hydra",
    comment="One row per position, from the first entry fill to the last exit fill; one open per pair (C117)",
)

position_events = Table(
    "position_events",
    METADATA,
    Column(
        "position_id",
        BigInteger,
        ForeignKey("hydra.positions.position_id"),
        primary_key=True,
        comment="Position",
    ),
    Column("sequence", Integer, primary_key=True, autoincrement=False, comment="From 1, without holes"),
    Column("time", TIMESTAMP, nullable=False, comment="When, run's clock"),
    enumerated("kind", "What happened (PositionEventKind)"),
    money("amount_usd", "Cash effect, USDT, positive: received"),
    enumerated("reason_code", "Verdict of a check or cause of a change (ReasonCode)", nullable=True),
    numbers(),
    recorded_at(),
    one_of("kind", PositionEventKind),
    one_of("reason_code", ReasonCode),
    schema="hydra",
    comment="What happened to a position: fills, protection, funding, checks, close",
)

orders = Table(
    "orders",
    METADATA,
    Column("order_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    run_id(keyed=False),
    plain_instrument_id(),
    Column("client_order_id", Text, nullable=False, unique=True, comment="Deterministic per decision"),
    Column(
        "decision_time",
        TIMESTAMP,
        nullable=False,
        comment="The risk decision behind it",
    ),
    Column("position_id", BigInteger, ForeignKey("hydra.positions.position_id"), comment="Null until filled"),
    enumerated("role", "ENTRY, STOP, TARGET or EXIT"),
    enumerated("order_type", "How it executes (OrderType)"),
    Column("side", Text, nullable=False, comment="BUY or SELL"),
    Column("reduce_only", Boolean, nullable=False, comment="Can only close"),
    money("quantity", "Ordered, base units", nullable=False),
    money("limit_price", "Null for market orders"),
    money("trigger_price", "Mark price that triggers stop or target"),
    money(
        "reference_price",
        "Mid (or last) at the decision: slippage counts from it",
        nullable=False,
    ),
    enumerated("state", "Where it stands (OrderState)"),
    money("filled_quantity", "Filled so far, base units", nullable=False),
    money("average_price", "Over its fills; null without"),
    Column("exchange_order_id", Text, comment="The exchange's id; null until it answered"),
    enumerated("reason_code", "Why it was sent (exits) or ended (ReasonCode)", nullable=True),
    Column("placed_time", TIMESTAMP, nullable=False, comment="When it was decided, run's clock"),
    Column("finished_time", TIMESTAMP, comment="When it reached its last state, run's clock"),
    recorded_at(),
    one_of("role", OrderRole),
    one_of("order_type", OrderType),
    one_of("state", OrderState),
    one_of("reason_code", ReasonCode),
    check("side", "side IN ('BUY', 'SELL')"),
    check("quantity", "quantity > 0 AND filled_quantity >= 0 AND filled_quantity <= quantity"),
    check("role_reduces", "reduce_only = (role <> 'ENTRY')"),
    ForeignKeyConstraint(
        ["run_id", "instrument_id", "decision_time"],
        ["hydra.risk_decisions.run_id", "hydra.risk_decisions.instrument_id", "hydra.risk_decisions.time"],
    ),
    Index(None, "run_id", "instrument_id", "placed_time"),
    Index(None, "position_id"),
    Index(
        "orders_working_idx",
        "run_id",
        postgresql_where=text("state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')"),
    ),
    schema="hydra",
    comment="Layer 5: every order, committed before the exchange was called",
)

order_events = Table(
    "order_events",
    METADATA,
    Column("order_id", BigInteger, ForeignKey("hydra.orders.order_id"), primary_key=True, comment="Order"),
    Column("sequence", Integer, primary_key=True, autoincrement=False, comment="From 1, without holes"),
    Column("time", TIMESTAMP, nullable=False, comment="When, run's clock"),
    enumerated("state", "The state it went into (OrderState)"),
    enumerated("reason_code", "Why (ReasonCode)", nullable=True),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="The answer"),
    recorded_at(),
    one_of("state", OrderState),
    one_of("reason_code", ReasonCode),
    schema="hydra",
    comment="The life of every order, state by state",
)

fills = Table(
    "fills",
    METADATA,
    Column("fill_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    Column("order_id", BigInteger, ForeignKey("hydra.orders.order_id"), nullable=False, comment="Order"),
    Column("trade_id", Text, nullable=False, comment="The exchange's id of the trade"),
    Column("time", TIMESTAMP, nullable=False, comment="When, run's clock"),
    money("price", "Price", nullable=False),
    money("quantity", "Base units", nullable=False),
    money("fee_usd", "Fee, USDT, positive: cost", nullable=False),
    Column("is_maker", Boolean, nullable=False, comment="True: we provided the liquidity"),
    recorded_at(),
    check("amounts", "price > 0 AND quantity > 0"),
    Index(None, "order_id", "trade_id", unique=True),
    schema="hydra",
    comment="Every fill of every order; a repeated report of a trade finds its row",
)

equity = Table(
    "equity",
    METADATA,
    run_id(),
    Column("time", TIMESTAMP, primary_key=True, nullable=False, comment="The decided minute"),
    money("cash_usd", "Wallet balance, USDT", nullable=False),
    money("unrealised_usd", "Open positions at mark, USDT", nullable=False),
    money("equity_usd", "cash + unrealised (C122)", nullable=False),
    money("day_peak_usd", "Highest equity since 00:00 UTC", nullable=False),
    money("peak_usd", "Highest equity of the run", nullable=False),
    money("exposure_usd", "Sum of open notionals, working entries included (C120)", nullable=False),
    real("portfolio_heat", "Sum of what all stops together would lose, fraction of equity"),
    recorded_at(),
    Column(
        "stale_positions",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="Open positions whose last known price is older than ten minutes (C132)",
    ),
    schema="hydra",
    comment="Cash, unrealised profit and exposure of a run, one row a cycle",
)

kill_switch = Table(
    "kill_switch",
    METADATA,
    Column("kill_id", BigInteger, Identity(always=True), primary_key=True, comment="Key"),
    run_id(keyed=False),
    enumerated("scope", "portfolio or pair (C20)"),
    plain_instrument_id(nullable=True),
    Column("latched_time", TIMESTAMP, nullable=False, comment="When it latched, run's clock"),
    Column("cause", Text, nullable=False, comment="The kill condition, or the operator's words"),
    numbers(),
    Column("cleared_time", TIMESTAMP, comment="When it was cleared, run's clock; null: still latched"),
    Column("cleared_by", Text, comment="Who cleared it"),
    Column("clear_reason", Text, comment="Why it was cleared, in the operator's words"),
    recorded_at(),
    one_of("scope", KillScope),
    check("scope_instrument", "(scope = 'pair') = (instrument_id IS NOT NULL)"),
    check(
        "clearing_is_complete",
        "(cleared_time IS NULL) = (cleared_by IS NULL) AND (cleared_time IS NULL) = (clear_reason IS NULL)",
    ),
    Index(
        "kill_switch_one_latched_idx",
        "run_id",
        text("coalesce(instrument_id, 0)"),
        unique=True,
        postgresql_where=text("cleared_time IS NULL"),
    ),
    schema="hydra",
    comment="The kill switch: latched with cause and numbers, cleared only with a name and a reason (C123)",
)
