"""`hydra check fills`: how fills differ, which are outside their bound, and which verdicts may differ."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hydra.checks.fills import (
    FillDifference,
    FillSeen,
    StoredVerdict,
    compare_verdicts,
    outside_its_bound,
    pair_fills,
)
from hydra.domain import OrderRole
from hydra.ledger.costs import PAIR_COSTS

MINUTE = timedelta(minutes=1)
DECIDED = datetime(2025, 6, 10, 8, 0, tzinfo=UTC)
MAKER = FillSeen(
    base="BTC",
    decision_time=DECIDED,
    role=OrderRole.ENTRY,
    is_buy=True,
    order_quantity=Decimal(2),
    limit_price=Decimal(100),
    time=DECIDED + MINUTE,
    price=Decimal(100),
    quantity=Decimal(2),
    is_maker=True,
    evidence="EXCHANGE",
    low=Decimal(99),
    high=Decimal(101),
)
TAKER = replace(MAKER, is_maker=False, limit_price=None)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (MAKER, ""),
        (replace(MAKER, price=Decimal("99.5")), ""),
        (replace(MAKER, price=Decimal("100.1")), "worse than its limit 100"),
        (replace(MAKER, is_buy=False, price=Decimal("99.9")), "worse than its limit 100"),
        (replace(MAKER, low=Decimal("100.2")), "its minute did not trade there, only 100.2 to 101"),
        (
            replace(MAKER, is_buy=False, high=Decimal("99.8")),
            "its minute did not trade there, only 99 to 99.8",
        ),
        (replace(MAKER, limit_price=None), "a maker's fill of an order without a limit"),
        (TAKER, ""),
        (replace(TAKER, price=Decimal("101.11")), ""),
        (replace(TAKER, price=Decimal("101.2")), "not inside what its minute traded, 99 to 101"),
        (replace(TAKER, price=Decimal("98.8")), "not inside what its minute traded, 99 to 101"),
        (replace(TAKER, low=None), "no candle of its minute is stored"),
    ],
)
def test_a_fill_is_inside_what_its_minute_allows(fill: FillSeen, words: str) -> None:
    assert outside_its_bound(fill, PAIR_COSTS["BTC"]) == words


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ([MAKER], FillDifference.SAME),
        ([replace(MAKER, quantity=Decimal(1)), replace(MAKER, quantity=Decimal(1))], FillDifference.SAME),
        ([], FillDifference.NOT_FILLED),
        ([replace(MAKER, quantity=Decimal(1))], FillDifference.PARTIAL),
        ([TAKER], FillDifference.QUEUE),
        ([replace(MAKER, time=DECIDED + 4 * MINUTE)], FillDifference.QUEUE),
        ([replace(MAKER, price=Decimal("99.9"))], FillDifference.PRICE),
    ],
)
def test_how_the_fills_of_a_decision_differ(other: list[FillSeen], difference: FillDifference) -> None:
    (pair,) = pair_fills([MAKER], other)
    assert pair.difference is difference


def test_a_market_order_in_another_minute() -> None:
    (pair,) = pair_fills([TAKER], [replace(TAKER, time=DECIDED + 4 * MINUTE)])
    assert pair.difference is FillDifference.TIME


@pytest.mark.parametrize(("is_buy", "bps", "usd"), [(True, 100, 2), (False, -100, -2)])
def test_a_worse_price_costs(is_buy: bool, bps: int, usd: int) -> None:
    one = replace(TAKER, is_buy=is_buy)
    (pair,) = pair_fills([one], [replace(one, price=Decimal(101))])
    assert (pair.worse_bps, pair.worse_usd) == (Decimal(bps), Decimal(usd))


def verdict(minute: int, kind: str = "assessments", **values: Any) -> StoredVerdict:
    return StoredVerdict("BTC", DECIDED + minute * MINUTE, kind, "", values)


def test_verdicts_are_compared_where_both_assessed() -> None:
    one = [
        verdict(0, tradability="ALLOW"),
        verdict(0, "signals", side="LONG"),
        verdict(1, tradability="ALLOW"),
    ]
    other = [verdict(0, tradability="ALLOW"), verdict(2, tradability="BLOCK")]
    found = compare_verdicts(one, other, None)
    assert (found.compared, found.later) == (2, [])
    (difference,) = found.differing
    assert (difference.kind, difference.one, difference.other) == ("signals", {"side": "LONG"}, None)


def test_risk_decisions_may_differ_once_fills_do_and_nothing_else_may() -> None:
    both = [verdict(minute, tradability="ALLOW") for minute in range(6)]
    one = [*both, *(verdict(minute, "risk_decisions", approved=True) for minute in (1, 3))]
    other = [*both, *(verdict(minute, "risk_decisions", approved=False) for minute in (1, 3))]
    found = compare_verdicts(one, other, DECIDED + 3 * MINUTE)
    assert [row.time for row in found.differing] == [DECIDED + MINUTE]
    assert [row.time for row in found.later] == [DECIDED + 3 * MINUTE]
    blocked = replace(both[5], verdict={"tradability": "BLOCK"})
    found = compare_verdicts(both, [*both[:5], blocked], DECIDED)
    assert len(found.differing) == 1
