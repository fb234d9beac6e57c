"""Open positions: thesis health, the distance to liquidation, and the order of the exit checks."""

import math
from dataclasses import replace

import pytest

from hydra.domain import ExitUrgency, ReasonCode, Side
from hydra.layers.positions import (
    PositionParameters,
    PositionSnapshot,
    block_verdict,
    check_position,
    direction_of,
    liquidation_is_near,
    thesis_health,
)

PRINTED = PositionParameters()
CALM = PositionSnapshot(
    direction=1,
    mark_price=100.0,
    entry_price=100.0,
    liquidation_price=80.0,
    hours_held=1.0,
    max_holding_hours=4.0,
    thesis_health=1.0,
)
URGENT, ORDINARY = ExitUrgency.URGENT, ExitUrgency.ORDINARY


@pytest.mark.parametrize(
    ("now", "entry", "health"),
    [
        (0.5, 1.0, 0.5),
        (0.25, 0.5, 0.5),
        (2.0, 1.0, 1.0),
        (-0.5, 1.0, 0.0),
        (0.5, 0.0, 0.0),
        (0.5, -1.0, 0.0),
        (0.0, 0.5, 0.0),
    ],
)
def test_thesis_health_is_the_share_that_is_left(now: float, entry: float, health: float) -> None:
    assert thesis_health(now, entry) == health


def test_an_unknown_thesis_stays_unknown_unless_there_was_none() -> None:
    assert math.isnan(thesis_health(math.nan, 1.0))
    assert thesis_health(math.nan, 0.0) == 0.0


@pytest.mark.parametrize(
    ("direction", "mark", "liquidation", "near"),
    [
        (1, 84.0, 80.0, False),
        (1, 83.9, 80.0, True),
        (1, 79.0, 80.0, True),
        (-1, 116.0, 120.0, False),
        (-1, 116.1, 120.0, True),
        (1, 0.1, 0.0, False),
    ],
)
def test_the_last_fifth_before_liquidation_is_near(
    direction: int, mark: float, liquidation: float, near: bool
) -> None:
    assert liquidation_is_near(direction, mark, 100.0, liquidation, 0.2) is near


def test_a_cheap_coin_nears_its_liquidation_like_any_other() -> None:
    assert liquidation_is_near(1, 0.163, 0.2, 0.16, 0.2)
    assert not liquidation_is_near(1, 0.169, 0.2, 0.16, 0.2)


@pytest.mark.parametrize(
    ("changed", "reason", "urgency"),
    [
        ({"kill_latched": True, "layer2_reason": ReasonCode.CASCADE}, ReasonCode.KILL_SWITCH, URGENT),
        ({"layer2_reason": ReasonCode.CASCADE, "mark_price": 81.0}, ReasonCode.CASCADE, URGENT),
        ({"outage_seconds": 301.0}, ReasonCode.DATA_STALE, URGENT),
        ({"mark_price": 83.0, "thesis_health": 0.0}, ReasonCode.LIQUIDATION_NEAR, URGENT),
        ({"mark_price": 83.0, "extreme_evaluations": 2}, ReasonCode.LIQUIDATION_NEAR, URGENT),
        ({"extreme_evaluations": 2, "thesis_health": 0.0}, ReasonCode.VOLATILITY_EXTREME, ORDINARY),
        ({"thesis_health": 0.249, "hours_held": 9.0}, ReasonCode.THESIS_BROKEN, ORDINARY),
        ({"hours_held": 4.0}, ReasonCode.MAX_HOLDING_TIME, ORDINARY),
    ],
)
def test_exit_checks_in_their_order(
    changed: dict[str, object], reason: ReasonCode, urgency: ExitUrgency
) -> None:
    verdict = check_position(replace(CALM, **changed), PRINTED)  # type: ignore[arg-type]
    assert verdict is not None
    assert (verdict.reason_code, verdict.urgency) == (reason, urgency)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"hours_held": 3.99},
        {"thesis_health": 0.25},
        {"thesis_health": math.nan},
        {"extreme_evaluations": 1, "layer2_reason": ReasonCode.VOLATILITY_EXTREME},
        {"outage_seconds": 300.0, "layer2_reason": ReasonCode.DATA_STALE},
        {"layer2_reason": ReasonCode.VOLATILITY_HIGH},
        {"layer2_reason": ReasonCode.CASCADE_WARNING},
    ],
)
def test_what_only_stops_entries_leaves_the_position_open(changed: dict[str, object]) -> None:
    assert check_position(replace(CALM, **changed), PRINTED) is None  # type: ignore[arg-type]


def test_an_outage_goes_before_extreme_volatility() -> None:
    state = replace(CALM, outage_seconds=400.0, extreme_evaluations=3)
    verdict = block_verdict(state, PRINTED)
    assert verdict is not None
    assert verdict.reason_code is ReasonCode.DATA_STALE


def test_sides_have_signs() -> None:
    assert [direction_of(side) for side in (Side.LONG, Side.SHORT, Side.FLAT)] == [1, -1, 0]
