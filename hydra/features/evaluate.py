"""Features for decisions: the same code for eight rows at one minute and for millions in a backtest.

A value at a decision instant t uses only facts with known_at <= t. Facts that arrived on time are placed by
the clock, for all decisions at once; decisions that missed a late fact are
evaluated again on the facts known by then. Source: docs/features.md; docs/architecture.md, laws 2 and 3.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Final

import polars as pl

from hydra.durations import MINUTE_US
from hydra.errors import BadDataError
from hydra.features.catalogue import ALIASES, CATALOGUE, WORKING_COLUMNS
from hydra.features.catalogue.layer2 import MONTH_BARS
from hydra.features.engine.decision_frame import DECISION_SCHEMA
from hydra.features.engine.event_windows import liquidation_columns
from hydra.features.engine.fact_slices import moments, near_rows
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.grids import GridRows, build_grid
from hydra.features.engine.lateness import DecisionInstants, late_epochs
from hydra.features.engine.layout import as_value, gather
from hydra.features.engine.leaders import leader_columns
from hydra.features.engine.monthly_percentile import MONTH_SHARES, month_share
from hydra.features.engine.order_flow import order_flow_columns
from hydra.features.engine.plan import GridPlan, make_plan
from hydra.features.engine.trade_windows import trade_columns
from hydra.features.engine.trailing_rank import previous_ranks
from hydra.features.engine.universe_frame import universe_rows
from hydra.features.facts import Grid, MarketFacts

Evaluate = Callable[[MarketFacts, pl.DataFrame], pl.DataFrame]
"""`feature_matrix`, or another way to evaluate features: (facts, decisions) -> values."""

# Context columns: their names in the decision frame and in expressions, and their type. Two would otherwise
# have the name of the feature that copies them.
_CONTEXT: Final[dict[str, tuple[str, pl.DataType]]] = {
    "side": ("side", pl.String()),
    "confidence": ("confidence", pl.Float64()),
    "source": ("source", pl.String()),
    "expected_return": ("signal_expected_return", pl.Float64()),
    "expected_adverse_excursion": ("signal_adverse_excursion", pl.Float64()),
    "regime": ("regime", pl.Int64()),
    "volatility_regime": ("volatility_regime", pl.Int64()),
}
_LIQUIDATION_COLUMNS: Final = {
    "recent_long_usd", "recent_short_usd", "last_5m_usd", "heartbeat_time", "missing_60m_seconds",
    "missing_5m_seconds",
}  # fmt: skip
_TRADE_COLUMNS: Final = {
    "hour_trades", "last_trades", "last_quantity", "last_signed_quantity", "traded_5m_usd",
    "large_flow_5m_usd",
}  # fmt: skip
_FLOW_COLUMNS: Final = {"order_flow", "flow_top_quantity", "flow_covered_seconds"}
_RANK_COLUMNS: Final = {"month_not_above", "month_samples"}
_EVENT: Final = ("known_at", "side", "value_usd")
_HEARTBEAT: Final = ("known_at", "feed")
_GAP: Final = ("known_at", "missing_seconds")
_TRADE: Final = ("known_at", "price", "quantity", "buyer_is_maker")
_LEVELS: Final = ("known_at", "best_bid", "best_ask", "best_bid_quantity", "best_ask_quantity")
_HOUR_LOOKBACK_US: Final = 62 * MINUTE_US
_SHORT_LOOKBACK_US: Final = 6 * MINUTE_US
_GRID_THREADS: Final = 2
# With fewer decisions, most results come from the cache, and threads cost more than they save.
_FEW_DECISIONS: Final = 64
_LOOKS_AT_OTHERS: Final = leader_columns("close") | leader_columns("hour_close")

MARKET_FEATURES: Final = tuple(
    name for name, feature in CATALOGUE.items() if feature.grid not in (Grid.EVALUATION, Grid.SAMPLE)
)


def feature_matrix(
    facts: MarketFacts,
    decisions: pl.DataFrame,
    names: Sequence[str] | None = None,
    memory: GridMemory | None = None,
) -> pl.DataFrame:
    """The features `names` (all but those of past evaluations, if None) at each decision.

    decisions: instrument_id Int16 and time (the decision instant t, microseconds, UTC), any order; and
    the context that signal and regime features copy: side, confidence, source, expected_return,
    expected_adverse_excursion, regime and volatility_regime (codes of the enumerations); a feature whose
    context column is absent is null. `names` may contain aliases, which then name their columns. A caller
    that decides minute after minute passes the same `memory` each time, to reuse results that did not change.

    Returns the decisions' key and one Float64 column a feature, in the decisions' order.

    Raises:
        BadDataError: an unknown feature, a decision without key, or a fact off its grid.
    """
    wanted = MARKET_FEATURES if names is None else tuple(names)
    plan = _plan(wanted)
    _check_decisions(decisions)
    if not decisions.height:
        return decisions.select(*DECISION_SCHEMA, *(pl.lit(None, pl.Float64).alias(name) for name in wanted))
    memory = memory or GridMemory()
    matrix = _evaluate(facts, decisions, plan, memory)
    matrix = _with_late_decisions(matrix, facts, decisions, plan, memory)
    return decisions.select(tuple(DECISION_SCHEMA)).hstack(matrix.select(_canonical(wanted)))


@lru_cache(maxsize=64)
def _canonical(wanted: tuple[str, ...]) -> tuple[pl.Expr, ...]:
    return tuple(pl.col(ALIASES.get(name, name)).cast(pl.Float64).alias(name) for name in wanted)


@lru_cache(maxsize=64)
def _plan(names: tuple[str, ...]) -> Mapping[Grid, GridPlan]:
    canonical = tuple(dict.fromkeys(ALIASES.get(name, name) for name in names))
    unknown = [name for name in canonical if name not in MARKET_FEATURES]
    if unknown:
        raise BadDataError(f"no such market feature: {', '.join(unknown)}; docs/features.md lists them all")
    return make_plan({**CATALOGUE, **WORKING_COLUMNS}, canonical)


def _check_decisions(decisions: pl.DataFrame) -> None:
    found = {name: decisions.schema.get(name) for name in DECISION_SCHEMA}
    if found != DECISION_SCHEMA:
        raise BadDataError(f"decisions have key columns {found}, expected {DECISION_SCHEMA}")
    if decisions.select(pl.any_horizontal(pl.col(*DECISION_SCHEMA).is_null().any())).item():
        raise BadDataError("decisions have rows without instrument_id or time; drop or complete them")


def _with_late_decisions(
    matrix: pl.DataFrame,
    facts: MarketFacts,
    decisions: pl.DataFrame,
    plan: Mapping[Grid, GridPlan],
    memory: GridMemory,
) -> pl.DataFrame:
    """`matrix` with the rows of decisions that missed a late fact replaced."""
    looks_at_others = any(_LOOKS_AT_OTHERS & set(steps.base) for steps in plan.values())
    of_any_pair = looks_at_others or Grid.UNIVERSE in plan
    for rows in late_epochs(facts, DecisionInstants.of(decisions), memory, of_any_pair=of_any_pair):
        touched = decisions[rows]
        known = facts.known_by(touched["time"].max())
        truncated = _evaluate(known, touched, plan, GridMemory())
        matrix = matrix.with_columns(
            matrix[name].scatter(rows, truncated[name].cast(matrix.schema[name])) for name in matrix.columns
        )
    return matrix


def _evaluate(
    facts: MarketFacts, decisions: pl.DataFrame, plan: Mapping[Grid, GridPlan], memory: GridMemory
) -> pl.DataFrame:
    """One column per feature, with every fact known at its nominal time."""
    instants = DecisionInstants.of(decisions)
    at_decision = plan.get(Grid.DECISION)
    asked = set(at_decision.base) if at_decision else set()
    grids = [grid for grid in plan if grid not in (Grid.DECISION, Grid.UNIVERSE, Grid.HOUR)]
    jobs = [
        partial(_universe_columns, plan, facts, decisions, memory)
        if grid is Grid.M1 and Grid.UNIVERSE in plan
        else partial(_grid_columns, grid, plan[grid], facts, instants, asked, memory)
        for grid in grids
    ]
    jobs += [partial(sums, facts, instants, memory) for columns, sums in _EVENT_SUMS if asked & columns]
    parts = [job() for job in jobs] if decisions.height <= _FEW_DECISIONS else _in_parallel(jobs)
    columns = [_context(decisions), *parts]
    frame = pl.concat([part for part in columns if part.width], how="horizontal")
    if Grid.HOUR in plan:
        frame = frame.hstack(_hour_columns(plan[Grid.HOUR], facts, instants, asked, frame, memory))
    exports = [name for steps in plan.values() for name in steps.exports]
    return _decide(frame, at_decision, exports)


def _universe_columns(
    plan: Mapping[Grid, GridPlan], facts: MarketFacts, decisions: pl.DataFrame, memory: GridMemory
) -> pl.DataFrame:
    """The columns of M1 and of UNIVERSE at the decisions; M1 is computed for every pair."""
    every = universe_rows(facts, decisions)
    minutes = _grid_columns(Grid.M1, plan[Grid.M1], facts, DecisionInstants.of(every.frame), set(), memory)
    compared = plan[Grid.UNIVERSE].run(every.frame.hstack(minutes))
    return gather(minutes.hstack(compared), every.own)


def _hour_columns(
    steps: GridPlan,
    facts: MarketFacts,
    instants: DecisionInstants,
    asked: set[str],
    current: pl.DataFrame,
    memory: GridMemory,
) -> pl.DataFrame:
    """The columns of HOUR at the decisions, and the monthly percentiles of their values.

    current: the decisions' columns of the other grids.
    """
    built = build_grid(Grid.HOUR, facts, instants, steps.base, memory)
    values = steps.run(built.frame, built.begins)
    shares = [
        month_share(current[value], values[sample], built.begins, built.rows).alias(name)
        for name, (value, sample) in MONTH_SHARES.items()
        if name in asked
    ]
    return gather(values, built.rows).with_columns(shares)


def _liquidations(facts: MarketFacts, instants: DecisionInstants, memory: GridMemory) -> pl.DataFrame:
    names = ("liquidations", "heartbeats", "liquidation_gaps")
    near = [near_rows(facts, name, instants, _HOUR_LOOKBACK_US, memory) for name in names]
    events, heartbeats, gaps = near
    beside = (*(one.ranges for one in near), *instants.places, moments(instants, *near))
    return memory.keep(
        "liquidations",
        lambda: liquidation_columns(
            events.frame(_EVENT), heartbeats.frame(_HEARTBEAT), gaps.frame(_GAP), instants
        ),
        tuple(one.source for one in near),
        beside,
    )


def _trades(facts: MarketFacts, instants: DecisionInstants, memory: GridMemory) -> pl.DataFrame:
    trades = near_rows(facts, "trades", instants, _HOUR_LOOKBACK_US, memory)
    return trade_columns(trades.frame(_TRADE), instants)


def _order_flow(facts: MarketFacts, instants: DecisionInstants, memory: GridMemory) -> pl.DataFrame:
    levels = near_rows(facts, "order_book_levels", instants, _SHORT_LOOKBACK_US, memory)
    sound = (pl.col("best_bid") > 0) & (pl.col("best_ask") > pl.col("best_bid"))
    return order_flow_columns(levels.frame(_LEVELS).filter(sound), instants)


_EventSums = Callable[[MarketFacts, DecisionInstants, GridMemory], pl.DataFrame]
_EVENT_SUMS: Final[tuple[tuple[set[str], _EventSums], ...]] = (
    (_LIQUIDATION_COLUMNS, _liquidations),
    (_TRADE_COLUMNS, _trades),
    (_FLOW_COLUMNS, _order_flow),
)


def _in_parallel(jobs: Sequence[Callable[[], pl.DataFrame]]) -> list[pl.DataFrame]:
    """The results in order. The grids are independent and spend most time outside the interpreter."""
    with ThreadPoolExecutor(_GRID_THREADS) as pool:
        return list(pool.map(lambda job: job(), jobs))


def _decide(frame: pl.DataFrame, steps: GridPlan | None, exports: Sequence[str]) -> pl.DataFrame:
    if steps is None:
        return frame.select(exports)
    own = GridPlan(steps.base, steps.stages, tuple(dict.fromkeys(exports)))
    return own.run(frame)


def _grid_columns(
    grid: Grid,
    steps: GridPlan,
    facts: MarketFacts,
    instants: DecisionInstants,
    asked: set[str],
    memory: GridMemory,
) -> pl.DataFrame:
    built = build_grid(grid, facts, instants, steps.base, memory)
    values = memory.keep((grid, steps.exports), lambda: steps.run(built.frame, built.begins), (built.frame,))
    is_ranked = grid is Grid.M5_MONTH and bool(asked & _RANK_COLUMNS)
    return memory.keep(
        (grid, steps.exports, is_ranked),
        lambda: _read(values, built, is_ranked=is_ranked),
        (values,),
        as_value(built.rows),
    )


def _read(values: pl.DataFrame, built: GridRows, *, is_ranked: bool) -> pl.DataFrame:
    """The grid row that each decision reads, with its rank among the previous rows if `is_ranked`."""
    columns = gather(values, built.rows)
    if not is_ranked:
        return columns
    ranks = previous_ranks(values["realized_volatility"], built.begins, MONTH_BARS, built.rows)
    return columns.hstack(ranks)


def _context(decisions: pl.DataFrame) -> pl.DataFrame:
    given = [
        (pl.col(name) if name in decisions.columns else pl.lit(None)).cast(kind).alias(own)
        for name, (own, kind) in _CONTEXT.items()
    ]
    return decisions.select(pl.col("time"), *given)
