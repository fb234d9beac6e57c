"""What an exchange shows of the account of the run of the trade scenario, as a test changes it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg

from hydra.domain import OrderState, OrderType
from hydra.exchange.account import BalanceSeen, IncomeSeen, OrderSeen, PositionSeen, TradeSeen
from hydra.reconciliation.snapshot import AccountSnapshot, OrderName

RUN = 7
NOW = datetime(2025, 6, 1, 0, 10, tzinfo=UTC)
SINCE = datetime(2025, 6, 1, tzinfo=UTC)
BTC, ETH = "BTCUSDT", "ETHUSDT"
WALLET_USD = Decimal("1019.2")
"""1,000 as the ledger began, and what the positions of the scenario earned."""

FURTHER = """
UPDATE hydra.orders
SET exchange_order_id = CASE client_order_id WHEN 'a' THEN '101' WHEN 'b' THEN '9' WHEN 'c' THEN '103'
        ELSE '8' END,
    trigger_price = CASE role WHEN 'STOP' THEN 52 WHEN 'TARGET' THEN 102 END,
    recorded_at = now() - interval '2 minutes';
UPDATE hydra.fills
SET trade_id = CASE trade_id WHEN 't1' THEN '201' WHEN 't2' THEN '202' ELSE '203' END, evidence = 'EXCHANGE',
    time = least(time, '2025-06-01 00:09Z');
INSERT INTO hydra.reconciliations (run_id, time, cause, duration_s, differences, left_open, wallet_usd,
    booked_usd, begins_ledger)
VALUES (7, '2025-06-01 00:00Z', 'START', 0.1, 0, 0, 1000, 0, true)
"""


def write_traded(connection: psycopg.Connection) -> None:
    """The scenario's trades as an exchange would have made them, and the ledger's beginning."""
    for statement in FURTHER.split(";"):
        connection.execute(statement.encode())


def an_order(client_id: str, symbol: str = BTC, **terms: Any) -> OrderSeen:
    """An ordinary order to buy 10 at 99, open."""
    made = OrderSeen(
        symbol=symbol,
        client_order_id=client_id,
        exchange_order_id=500,
        is_conditional=False,
        order_type=OrderType.LIMIT,
        state=OrderState.OPEN,
        is_buy=True,
        quantity=Decimal(10),
        filled_quantity=Decimal(0),
        average_price=None,
        limit_price=Decimal(99),
        trigger_price=None,
        reduce_only=False,
        time=NOW,
    )
    return replace(made, **terms)


STOP = an_order(
    "d",
    ETH,
    exchange_order_id=8,
    is_conditional=True,
    order_type=OrderType.STOP_MARKET,
    quantity=Decimal(20),
    limit_price=None,
    trigger_price=Decimal(52),
    reduce_only=True,
)


def a_trade(trade_id: int, order_id: int, symbol: str = BTC, **terms: Any) -> TradeSeen:
    """A buy of 10 at 100."""
    made = TradeSeen(
        symbol=symbol,
        trade_id=trade_id,
        exchange_order_id=order_id,
        client_order_id=None,
        is_buy=True,
        price=Decimal(100),
        quantity=Decimal(10),
        fee=Decimal("0.2"),
        fee_asset="USDT",
        is_maker=True,
        realised_usd=Decimal(0),
        time=datetime(2025, 6, 1, 0, 6, tzinfo=UTC),
    )
    return replace(made, **terms)


def income(kind: str, amount: str, number: int, symbol: str = ETH, **terms: Any) -> IncomeSeen:
    """A change of the wallet."""
    made = IncomeSeen(
        kind, symbol, Decimal(amount), "USDT", number, None, datetime(2025, 6, 1, 0, 8, tzinfo=UTC)
    )
    return replace(made, **terms)


def in_agreement() -> AccountSnapshot:
    """The account as the tables say that it is."""
    return AccountSnapshot(
        time=NOW,
        since=SINCE,
        orders=(STOP,),
        not_found=(),
        trades=(
            a_trade(201, 101),
            a_trade(202, 900, is_buy=False, price=Decimal(102), fee=Decimal("0.5"), is_maker=False),
            a_trade(203, 103, ETH, is_buy=False, price=Decimal(50), quantity=Decimal(20)),
        ),
        positions=(PositionSeen(ETH, Decimal(-20), Decimal(50), True, Decimal(50), Decimal(60), 5),),
        balance=BalanceSeen(WALLET_USD, Decimal(500)),
        income=(
            income("COMMISSION", "-0.2", 1, BTC, trade_id=201),
            income("REALIZED_PNL", "20", 2, BTC, trade_id=202),
            income("COMMISSION", "-0.5", 3, BTC, trade_id=202),
            income("COMMISSION", "-0.2", 4, trade_id=203),
        ),
    )


def named(client_id: str, symbol: str = BTC, *, is_conditional: bool = False) -> OrderName:
    """By what an order is asked for."""
    return OrderName(symbol, client_id, is_conditional)
