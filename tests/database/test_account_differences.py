"""One comparison in SQL finds every way in which tables and exchange can differ, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hydra.domain import DifferenceKind as Kind
from hydra.domain import OrderState, OrderType
from hydra.exchange.account import BalanceSeen, PositionSeen
from hydra.reconciliation import records
from hydra.reconciliation.differences import Difference, find_differences, show
from tests.support.shown_account import (
    BTC,
    ETH,
    RUN,
    STOP,
    WALLET_USD,
    a_trade,
    an_order,
    in_agreement,
    income,
    named,
    write_traded,
)
from tests.support.trade_scenario import write_scenario

LATER = datetime(2025, 6, 1, 0, 9, 30, tzinfo=UTC)
SHORT_ETH = in_agreement().positions[0]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A run that has traded, in a transaction that never commits."""
    with psycopg.connect(database_url) as opened:
        write_scenario(opened)
        write_traded(opened)
        yield opened
        opened.rollback()


def found(connection: psycopg.Connection, **changes: Any) -> list[Difference]:
    """What differs if the exchange shows this instead of what the tables say."""
    snapshot = replace(in_agreement(), **changes)
    show(connection, snapshot)
    records.store_income(connection, RUN, snapshot.since)
    return find_differences(connection, RUN, snapshot)


def names(differences: list[Difference]) -> list[tuple[str, str, str]]:
    return [one.name for one in differences]


def test_an_account_as_the_tables_say_it_is_differs_in_nothing(connection: psycopg.Connection) -> None:
    assert found(connection) == []


def bought(quantity: int, number: int = 301) -> Any:
    """A trade of somebody else's order in ETH."""
    return a_trade(
        number, 999, ETH, price=Decimal(49), quantity=Decimal(quantity), is_maker=False, time=LATER
    )


AGREED = in_agreement()
CLOSED = (
    "UPDATE hydra.positions SET state = 'CLOSED', quantity = 0, closed_time = now() WHERE position_id = 12"
)
FOREIGN_STOP = replace(STOP, client_order_id="android_1", exchange_order_id=77)
PLANNED = "UPDATE hydra.orders SET state = 'PLANNED', recorded_at = now() WHERE client_order_id = 'd'"
UNFILLED = "DELETE FROM hydra.fills WHERE trade_id = '203'"
PLANTED: dict[str, tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = {
    "an order that nobody knows": (
        "", {"orders": (STOP, an_order("web_1"))}, [(Kind.ORDER_UNKNOWN, BTC, "web_1")],
    ),
    "a conditional order that nobody knows": (
        "", {"orders": (STOP, FOREIGN_STOP)}, [(Kind.ORDER_UNKNOWN, ETH, "android_1")],
    ),
    "an order of a pair that the run does not trade": (
        "", {"orders": (STOP, an_order("web_1", "SOLUSDT"))}, [(Kind.ORDER_UNKNOWN, "SOLUSDT", "web_1")],
    ),
    "a stop whose trigger was moved": (
        "", {"orders": (replace(STOP, trigger_price=Decimal(53)),)}, [(Kind.ORDER_CHANGED, ETH, "d")],
    ),
    "an order whose answer was lost": (
        "UPDATE hydra.orders SET state = 'UNKNOWN' WHERE client_order_id = 'a'",
        {"orders": (STOP, an_order("a"))}, [(Kind.ORDER_ARRIVED, BTC, "a")],
    ),
    "a stop cancelled by hand": (
        "", {"orders": (replace(STOP, state=OrderState.CANCELED),)},
        [(Kind.ORDER_ENDED, ETH, "d"), (Kind.POSITION_UNPROTECTED, ETH, "")],
    ),
    "a stop that the exchange does not have": (
        "", {"orders": (), "not_found": (named("d", ETH, is_conditional=True),)},
        [(Kind.ORDER_NOT_FOUND, ETH, "d"), (Kind.POSITION_UNPROTECTED, ETH, "")],
    ),
    "a stop for less than the position": (
        "UPDATE hydra.orders SET quantity = 19 WHERE client_order_id = 'd'",
        {"orders": (replace(STOP, quantity=Decimal(19)),)}, [(Kind.POSITION_UNPROTECTED, ETH, "")],
    ),
    "a cancelled order that still rests": (
        "UPDATE hydra.orders SET state = 'CANCELED', order_type = 'LIMIT' WHERE client_order_id = 'b'",
        {"orders": (STOP, an_order("b"))}, [(Kind.ORDER_LIVES_ON, BTC, "b")],
    ),
    "a missed fill of a known order": (
        "DELETE FROM hydra.fills WHERE trade_id = '201'", {}, [(Kind.FILL_MISSED, BTC, "201")],
    ),
    "a missed fill that opened a position": (
        f"{CLOSED}; {UNFILLED}", {}, [(Kind.FILL_MISSED, ETH, "203")],
    ),
    "a missed fill of a triggered stop": (
        "",
        {
            "orders": (
                replace(STOP, state=OrderState.FILLED, filled_quantity=Decimal(20), child_order_id=999),
            ),
            "trades": (*AGREED.trades, bought(20)),
            "positions": (),
        },
        [(Kind.FILL_MISSED, ETH, "301"), (Kind.ORDER_ENDED, ETH, "d")],
    ),
    "a fill that the exchange does not have": (
        "", {"trades": AGREED.trades[1:]}, [(Kind.FILL_NOT_FOUND, BTC, "201")],
    ),
    "a fill at another price": (
        "", {"trades": (replace(AGREED.trades[0], price=Decimal(101)), *AGREED.trades[1:])},
        [(Kind.FILL_DIFFERS, BTC, "201")],
    ),
    "a fill with another fee": (
        "", {"trades": (replace(AGREED.trades[0], fee=Decimal("0.20000001")), *AGREED.trades[1:])},
        [(Kind.FILL_DIFFERS, BTC, "201")],
    ),
    "a position that nobody knows": (
        "", {"positions": (SHORT_ETH, PositionSeen(BTC, Decimal(3), Decimal(100), True, None, None, 5))},
        [(Kind.POSITION_UNKNOWN, BTC, "")],
    ),
    "a position of a pair that the run does not trade": (
        "", {"positions": (SHORT_ETH, PositionSeen("SOLUSDT", Decimal(3), Decimal(100), False))},
        [(Kind.POSITION_UNKNOWN, "SOLUSDT", "")],
    ),
    "a position that somebody increased": (
        "", {"positions": (replace(SHORT_ETH, quantity=Decimal(-25)),)}, [(Kind.POSITION_DIFFERS, ETH, "")],
    ),
    "a position that somebody turned": (
        "", {"positions": (replace(SHORT_ETH, quantity=Decimal(5)),)}, [(Kind.POSITION_DIFFERS, ETH, "")],
    ),
    "a position that is gone, and no trade says why": (
        "", {"positions": ()}, [(Kind.POSITION_DIFFERS, ETH, "")],
    ),
    "a position that others' trades closed": (
        "", {"positions": (), "trades": (*AGREED.trades, bought(20))}, [(Kind.POSITION_CLOSED, ETH, "")],
    ),
    "a position that others increased and then closed": (
        "",
        {
            "positions": (),
            "trades": (*AGREED.trades, replace(bought(5), is_buy=False), bought(25, 302)),
        },
        [(Kind.POSITION_DIFFERS, ETH, "")],
    ),
    "a stop whose position is gone": (
        CLOSED, {"positions": ()}, [(Kind.ORDER_LIVES_ON, ETH, "d")],
    ),
    "a position that others' trades reduced": (
        "",
        {
            "positions": (replace(SHORT_ETH, quantity=Decimal(-13)),),
            "trades": (*AGREED.trades, bought(5), bought(2, 302)),
        },
        [(Kind.POSITION_CLOSED, ETH, "")],
    ),
    "another leverage": (
        "", {"positions": (replace(SHORT_ETH, leverage=20),)}, [(Kind.LEVERAGE_DIFFERS, ETH, "")],
    ),
    "cross margin": (
        "", {"positions": (replace(SHORT_ETH, is_isolated=False),)}, [(Kind.LEVERAGE_DIFFERS, ETH, "")],
    ),
    "a balance that nothing explains": (
        "", {"balance": BalanceSeen(WALLET_USD - Decimal("0.00000003"), None)},
        [(Kind.BALANCE_DIFFERS, "USDT", "")],
    ),
    "a withdrawal": (
        "",
        {
            "balance": BalanceSeen(WALLET_USD - 100, None),
            "income": (*AGREED.income, income("TRANSFER", "-100", 9, "")),
        },
        [(Kind.BALANCE_DIFFERS, "USDT", "")],
    ),
    "income that is no longer what it was": (
        "INSERT INTO hydra.exchange_income (run_id, kind, transaction_id, time, symbol, trade_id, asset,"
        " amount) VALUES (7, 'COMMISSION', '1', '2025-06-01 00:08Z', 'BTCUSDT', '201', 'USDT', -0.3)",
        {}, [(Kind.INCOME_DIFFERS, BTC, "COMMISSION 1")],
    ),
}  # fmt: skip
"""What is planted in the tables and what the exchange shows; and all that then differs."""


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_difference_is_found_alone(connection: psycopg.Connection, planted: str) -> None:
    statements, changes, expected = PLANTED[planted]
    for statement in filter(None, statements.split(";")):
        connection.execute(statement.encode())
    assert names(found(connection, **changes)) == expected


def test_every_kind_is_planted() -> None:
    assert {name[0] for _, _, expected in PLANTED.values() for name in expected} == set(Kind)


SAME: dict[str, tuple[str, dict[str, Any]]] = {
    "an order that is planned and not sent yet": (
        f"{CLOSED}; {PLANNED}",
        {"orders": (), "positions": (), "balance": AGREED.balance},
    ),
    "a stop that closes whatever is held": ("", {"orders": (replace(STOP, quantity=Decimal(0)),)}),
    "the ordinary order that a stop has become": (
        "",
        {
            "orders": (
                replace(STOP, child_order_id=999),
                an_order("d", ETH, exchange_order_id=999, order_type=OrderType.MARKET, limit_price=None),
            )
        },
    ),
    "a fee in another asset": (
        "", {"trades": (replace(AGREED.trades[0], fee_asset="BNB"), *AGREED.trades[1:])},
    ),
    "others' trades that cost something": (
        "",
        {
            "trades": (*AGREED.trades, bought(1), replace(bought(1, 302), is_buy=False)),
            "income": (*AGREED.income, income("COMMISSION", "-0.5", 9, trade_id=301)),
            "balance": BalanceSeen(WALLET_USD - Decimal("0.5"), None),
        },
    ),
    "funding of a position": (
        "", {"income": (*AGREED.income, income("FUNDING_FEE", "-0.1", 9)),
             "balance": BalanceSeen(WALLET_USD - Decimal("0.1"), None)},
    ),
    "the rounding of an exit": ("", {"balance": BalanceSeen(WALLET_USD + Decimal("0.00000001"), None)}),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_what_only_looks_like_a_difference_is_none(connection: psycopg.Connection, case: str) -> None:
    statements, changes = SAME[case]
    for statement in filter(None, statements.split(";")):
        connection.execute(statement.encode())
    assert found(connection, **changes) == []


def test_a_difference_says_exactly_what_both_say(connection: psycopg.Connection) -> None:
    (one,) = found(connection, positions=(replace(SHORT_ETH, quantity=Decimal("-25.000000010")),))
    assert one.instrument_id == 2
    assert '"quantity": -20' in (one.in_tables or "")
    assert one.shown("quantity") == Decimal("-25.000000010")


def test_working_orders_that_are_not_listed_are_asked_for(connection: psycopg.Connection) -> None:
    assert records.orders_to_ask(connection, RUN, []) == [named("d", ETH, is_conditional=True)]
    assert records.orders_to_ask(connection, RUN, ["d"]) == []


def test_income_is_stored_once_and_funding_goes_to_the_position_that_was_open(
    connection: psycopg.Connection,
) -> None:
    """Rate and mark of the settlement are noted with it, as far as they are recorded."""
    connection.execute(
        "INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours, mark_price)"
        " VALUES (2, '2025-06-01 00:08Z', '2025-06-01 00:08Z', -0.0001, 8, 50)"
    )
    funding = (*AGREED.income, income("FUNDING_FEE", "-0.1", 9), income("FUNDING_FEE", "0.3", 10, "SOLUSDT"))
    for _ in range(2):
        found(connection, income=funding, balance=BalanceSeen(WALLET_USD + Decimal("0.2"), None))
        connection.execute(
            "DROP TABLE shown_orders, shown_trades, shown_positions, shown_balances, shown_income"
        )
    rows = connection.execute(
        "SELECT p.funding_usd, p.net_pnl_usd, e.amount_usd, e.sequence, e.numbers"
        " FROM hydra.positions AS p"
        " JOIN hydra.position_events AS e USING (position_id) WHERE e.kind = 'FUNDING'"
    ).fetchall()
    numbers = {"rate": -0.0001, "mark_price": 50, "mark_source": "exchange"}
    assert rows == [(Decimal("-0.1"), Decimal("-0.3"), Decimal("-0.1"), 3, numbers)]
    stored = connection.execute("SELECT count(*), count(position_id) FROM hydra.exchange_income").fetchone()
    assert stored == (6, 1)
    audited = connection.execute(
        "SELECT kind, amount_usd, formula_usd, bound_usd FROM audit.income_by_formula"
    ).fetchall()
    assert audited == [("FUNDING_FEE", Decimal("-0.1"), Decimal("-0.10000000"), Decimal("0.00100001"))]
