"""The compiled loop stops at the first minute in which a rule may have something to say of a position."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from hydra.backtest.exit_bounds import ExitBoundsTable
from hydra.backtest.exit_triggers import STRENGTH_OF
from hydra.backtest.skip_quiet_minutes import Grids, next_event
from hydra.domain import SignalSource
from hydra.layers.positions import PositionParameters
from hydra.trading.pair_state import Position
from hydra.trading.position_checks import ThesisAtEntry

ROWS, PAIRS, COLUMN, HIT = 12, 2, 1, 7
START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = int(START.timestamp()) // 60 + np.arange(ROWS, dtype=np.int64)
BET = ThesisAtEntry(SignalSource.FUNDING_SQUEEZE, 0.004)

LONG = Position(
    instrument_id=2,
    decision_time=START,
    direction=1,
    opened_time=START,
    leverage=Decimal(10),
    max_holding_until=START + timedelta(hours=6),
    mark_source="mark",
    quantity=Decimal(3),
    entry_price=Decimal(100),
    cost_basis_usd=Decimal(300),
    stop_price=Decimal(80),
    target_price=Decimal(120),
    liquidation_price=Decimal(90),
)
SHORT = replace(
    LONG, direction=-1, stop_price=Decimal(120), target_price=Decimal(80), liquidation_price=Decimal(110)
)


def quiet_grids(direction: int = 1) -> Grids:
    """Marks at the entry price, theses of a side as strong as at the signal, no alarm."""
    shape = (ROWS, PAIRS)
    strengths = np.zeros((max(STRENGTH_OF.values()) + 1, *shape))
    strengths[STRENGTH_OF[BET.source]] = direction * BET.strength
    return Grids(
        key=np.full(shape, -1, np.int8),
        entries_allowed=np.ones(shape, np.bool_),
        may_close=np.zeros(shape, np.bool_),
        is_kill_due=np.zeros(shape, np.bool_),
        mark_open=np.full(shape, 100.0),
        mark_high=np.full(shape, 100.0),
        mark_low=np.full(shape, 100.0),
        mark_price=np.full(shape, 100.0),
        is_stale=np.zeros(shape, np.bool_),
        strengths=strengths,
        must_stop=np.zeros(ROWS, np.bool_),
    )


def first_event(position: Position, grids: Grids) -> tuple[int, list[bool]]:
    """The first row with an event, and which pairs it touches."""
    kept = ExitBoundsTable(PAIRS, MINUTES, PositionParameters())
    kept.put(COLUMN, position, BET)
    may_exit = np.zeros(PAIRS, np.bool_)
    return int(next_event(0, grids, kept.opened, may_exit)), may_exit.tolist()


def test_nothing_happens_to_a_position_at_its_entry_price() -> None:
    for position in (LONG, SHORT):
        assert first_event(position, quiet_grids(position.direction)) == (ROWS, [False, False])


@pytest.mark.parametrize(
    ("position", "grid", "near", "far"),
    [
        (LONG, "mark_low", 80.01, 80.0),
        (LONG, "mark_high", 119.99, 120.0),
        # 90 + 0.2 x 10: less than a fifth of the way to the liquidation is left.
        (LONG, "mark_open", 92.01, 91.99),
        (LONG, "mark_price", 92.01, 91.99),
        (SHORT, "mark_high", 119.99, 120.0),
        (SHORT, "mark_low", 80.01, 80.0),
        (SHORT, "mark_open", 107.99, 108.01),
        (SHORT, "mark_price", 107.99, 108.01),
    ],
)
def test_the_loop_stops_where_a_mark_reaches_what_bounds_a_position(
    position: Position, grid: str, near: float, far: float
) -> None:
    grids = quiet_grids(position.direction)
    getattr(grids, grid)[2, COLUMN] = near
    getattr(grids, grid)[HIT - 1, 1 - COLUMN] = far
    getattr(grids, grid)[HIT, COLUMN] = far
    assert first_event(position, grids) == (HIT, [False, True])


def test_a_liquidation_out_of_reach_bounds_nothing() -> None:
    grids = quiet_grids()
    grids.mark_price[HIT, COLUMN] = 81.0
    assert first_event(replace(LONG, liquidation_price=Decimal(0)), grids)[0] == ROWS


def test_a_weak_thesis_an_alarm_and_the_end_of_the_holding_time_stop_the_loop() -> None:
    weak, alarmed = quiet_grids(), quiet_grids()
    weak.strengths[STRENGTH_OF[BET.source], 2, COLUMN] = BET.strength * 0.26
    weak.strengths[STRENGTH_OF[BET.source], HIT, COLUMN] = BET.strength * 0.24
    alarmed.may_close[HIT, COLUMN] = True
    brief = replace(LONG, max_holding_until=START + timedelta(minutes=HIT))
    assert first_event(LONG, weak)[0] == HIT
    assert first_event(LONG, alarmed)[0] == HIT
    assert first_event(brief, quiet_grids())[0] == HIT


def test_a_position_that_is_removed_bounds_nothing() -> None:
    grids = quiet_grids()
    grids.mark_low[HIT, COLUMN] = 1.0
    kept = ExitBoundsTable(PAIRS, MINUTES, PositionParameters())
    kept.put(COLUMN, LONG, BET)
    kept.remove(COLUMN)
    assert next_event(0, grids, kept.opened, np.zeros(PAIRS, np.bool_)) == ROWS
