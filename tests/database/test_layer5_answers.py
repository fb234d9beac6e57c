"""Positions and exits through their tables: every check, its urgency, and what its order makes of it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hydra.db import queries
from hydra.db.engine import connect
from hydra.domain import Side
from tests.support.paper_market import BTC, PaperMarket, instant

QUIET = (50_000.0, 50_010.0, 49_990.0, 50_000.0)
TERMS = ("50000", "49500", "51000")


@pytest.fixture
def market(database_url: str) -> Iterator[PaperMarket]:
    with connect(database_url, autocommit=True) as connection:
        yield PaperMarket(connection)


def hold(market: PaperMarket, **terms: Any) -> None:
    """A long position since minute 1."""
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS, **terms)
    market.candle(1, QUIET)
    market.settle(1)


def check(market: PaperMarket, minute: int, **assessment: Any) -> str:
    """The verdict of the check in `minute`, on a bar that trades nowhere."""
    market.candle(minute, QUIET)
    market.assess(minute, **assessment)
    market.settle(minute)
    market.execute(minute)
    return market.checks()[-1][0]


def exits(market: PaperMarket) -> list[tuple[str, str, str | None]]:
    """Type, state and reason of every exit order."""
    return market.connection.execute(
        "SELECT order_type, state, reason_code FROM hydra.orders"
        " WHERE run_id = %s AND role = 'EXIT' ORDER BY order_id",
        (market.run.run_id,),
    ).fetchall()


def test_a_position_that_is_well_is_checked_and_held(market: PaperMarket) -> None:
    hold(market)
    assert check(market, 2) == "NORMAL"
    numbers = market.checks()[-1][1]
    # 24 h return: -3 % as at the signal; the signal bet on its reversal.
    assert numbers["thesis_health"] == 1.0
    assert numbers["hours_held"] == pytest.approx(1 / 60)
    assert exits(market) == []


URGENT = [
    ("CASCADE", {"reason_code": "CASCADE", "tradability": "BLOCK"}),
    ("DATA_STALE", {"reason_code": "DATA_STALE", "tradability": "BLOCK", "data_outage_seconds": 301.0}),
]
ORDINARY = [("THESIS_BROKEN", {"return_24h": -0.007}), ("THESIS_BROKEN", {"return_24h": 0.01})]


@pytest.mark.parametrize(("code", "assessment"), URGENT)
def test_an_urgent_exit_goes_to_market_at_the_next_open(
    market: PaperMarket, code: str, assessment: dict[str, Any]
) -> None:
    hold(market)
    assert check(market, 2, **assessment) == code
    assert exits(market) == [("MARKET", "OPEN", code)]
    market.candle(3, (49_900.0, 49_950.0, 49_850.0, 49_900.0))
    market.settle(3)
    # 49,900 less 1.25 bps: 49,893.7625, down to the tick.
    assert market.fills()[-1][:2] == (Decimal("49893.7"), Decimal("0.2"))
    assert market.position()["exit_reason_code"] == code


def test_an_outage_that_does_not_last_leaves_the_position_on_its_stops(market: PaperMarket) -> None:
    hold(market)
    stale = {"reason_code": "DATA_STALE", "tradability": "BLOCK", "data_outage_seconds": 300.0}
    assert check(market, 2, **stale) == "NORMAL"


@pytest.mark.parametrize(("code", "assessment"), ORDINARY)
def test_an_ordinary_exit_waits_a_minute_as_maker_then_goes_to_market(
    market: PaperMarket, code: str, assessment: dict[str, Any]
) -> None:
    hold(market)
    assert check(market, 2, **assessment) == code
    assert exits(market) == [("POST_ONLY", "OPEN", code)]
    market.candle(3, (50_000.0, 50_001.3, 49_950.0, 49_960.0))
    market.settle(3)
    # The ask 50,001.25 up to the tick, 50,001.3, was only touched; the close less 1.25 bps: 49,953.755.
    assert exits(market) == [("POST_ONLY", "CANCELED", code), ("MARKET", "FILLED", code)]
    assert market.fills()[-1][0] == Decimal("49953.7")
    assert market.position()["exit_reason_code"] == code


def test_a_passive_exit_earns_the_maker_fee(market: PaperMarket) -> None:
    hold(market)
    check(market, 2, return_24h=0.01)
    market.candle(3, (50_000.0, 50_002.0, 49_950.0, 49_960.0))
    market.settle(3)
    # 0.2 x 50,001.3 x 0.0002
    assert market.fills()[-1] == (Decimal("50001.3"), Decimal("0.2"), Decimal("2.000052"), True)
    assert exits(market) == [("POST_ONLY", "FILLED", "THESIS_BROKEN")]


def test_the_holding_time_ends_a_position(market: PaperMarket) -> None:
    hold(market, hours=0.05)
    assert check(market, 3) == "NORMAL"
    assert check(market, 4) == "MAX_HOLDING_TIME"


def test_near_the_liquidation_a_position_is_left_at_once(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", ("50000", "30000", "60000"), leverage="10")
    market.candle(1, QUIET)
    market.settle(1)
    # 4,819.2 from entry to liquidation: within 20 % of it below 46,143.4.
    market.candle(2, (46_200.0, 46_210.0, 46_100.0, 46_100.0))
    market.assess(2)
    market.settle(2)
    market.execute(2)
    assert exits(market) == [("MARKET", "OPEN", "LIQUIDATION_NEAR")]


def test_extreme_volatility_closes_after_two_evaluations(market: PaperMarket) -> None:
    extreme = {"reason_code": "VOLATILITY_EXTREME", "tradability": "BLOCK", "volatility_regime": 4}
    hold(market)
    assert check(market, 5, **extreme) == "NORMAL"
    assert check(market, 9, **extreme) == "NORMAL"
    assert check(market, 10, **extreme) == "VOLATILITY_EXTREME"
    assert exits(market) == [("POST_ONLY", "OPEN", "VOLATILITY_EXTREME")]


def test_a_pair_that_differs_at_the_exchange_loses_its_working_entry_and_keeps_its_position(
    market: PaperMarket,
) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS)
    market.candle(1, QUIET, volume=0.5)
    market.settle(1)
    market.differ(BTC)
    market.assess(1)
    market.execute(1)
    assert market.orders()[0] == (
        "ENTRY", "CANCELED", Decimal("0.2"), Decimal("0.05"), "ACCOUNT_DIFFERS"
    )  # fmt: skip
    assert exits(market) == []
    assert market.position()["state"] == "OPEN"


def test_a_kill_flattens_and_withdraws_entries(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS)
    market.candle(1, QUIET, volume=0.5)
    market.settle(1)
    market.latch(1)
    market.assess(1)
    market.execute(1)
    assert market.orders()[0] == ("ENTRY", "CANCELED", Decimal("0.2"), Decimal("0.05"), "KILL_SWITCH")
    assert exits(market) == [("MARKET", "OPEN", "KILL_SWITCH")]
    market.candle(2, QUIET)
    market.settle(2)
    assert (market.position()["state"], market.position()["quantity"]) == ("CLOSED", 0)
    assert {order[1] for order in market.orders()} <= {"CANCELED", "FILLED"}


def test_an_urgent_demand_takes_the_place_of_an_exit_that_waits(market: PaperMarket) -> None:
    hold(market)
    check(market, 2, return_24h=0.01)
    market.latch(2)
    market.execute(2)
    assert exits(market) == [("POST_ONLY", "CANCELED", "THESIS_BROKEN"), ("MARKET", "OPEN", "KILL_SWITCH")]


def test_where_layer_2_blocks_a_working_entry_is_withdrawn(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS)
    market.settle(1)
    market.assess(1, reason_code="DATA_STALE", tradability="BLOCK", entries_allowed=False)
    market.execute(1)
    assert market.orders() == [("ENTRY", "CANCELED", Decimal("0.2"), Decimal(0), "DATA_STALE")]


def test_a_restricted_minute_leaves_a_working_entry(market: PaperMarket) -> None:
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS)
    market.settle(1)
    market.assess(1, reason_code="VOLATILITY_HIGH", tradability="RESTRICT", entries_allowed=False)
    market.execute(1)
    assert market.orders()[0][1] == "OPEN"


def test_stop_and_target_rest_for_all_that_is_held(market: PaperMarket) -> None:
    hold(market)
    resting = [order for order in market.orders() if order[1] == "OPEN"]
    assert [order[:3] for order in resting] == [
        ("STOP", "OPEN", Decimal("0.2")),
        ("TARGET", "OPEN", Decimal("0.2")),
    ]


def test_after_all_of_it_no_audit_finds_anything(market: PaperMarket) -> None:
    hold(market)
    check(market, 2, return_24h=0.01)
    market.candle(3, (50_000.0, 50_002.0, 49_950.0, 49_960.0), volume=0.5)
    market.settle(3)
    market.connection.execute("DELETE FROM market.candles_1m")
    own = {
        name: [row for row in market.connection.execute(queries.load(name)) if row[0] == market.run.run_id]
        for name in queries.names("audits")
        if name.removeprefix("audits/") in AUDITS
    }
    assert {name: rows for name, rows in own.items() if rows} == {}
    assert market.position()["closed_time"] == instant(3)


AUDITS = (
    "order_disagrees_with_fills",
    "position_does_not_add_up",
    "position_without_stop",
    "equity_does_not_add_up",
    "cash_is_not_what_was_earned",
    "order_disagrees_with_events",
    "order_outlives_position",
    "order_larger_than_decision",
    "event_sequence_with_holes",
)
