"""For how long a position had no stop, from the exchange's own records."""

from typing import Any

import pytest

from tests.support.account_records import longest_uncovered

SECOND = 1_000


def trade(time_ms: int, side: str, quantity: str) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "time": str(time_ms), "side": side, "qty": quantity}


def stop(
    side: str, quantity: str, created_ms: int, ended_ms: int = 0, triggered_ms: int = 0
) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderType": "STOP_MARKET",
        "side": side,
        "quantity": quantity,
        "closePosition": False,
        "createTime": str(created_ms),
        "updateTime": str(ended_ms or created_ms),
        "triggerTime": str(triggered_ms),
        "algoStatus": "CANCELED" if ended_ms else "NEW",
    }


ROUND = (trade(10 * SECOND, "BUY", "2"), trade(60 * SECOND, "SELL", "2"))


@pytest.mark.parametrize(
    ("trades", "stops", "seconds"),
    [
        (ROUND, [stop("SELL", "2", 11_500, 60_000)], 1.5),
        (ROUND, [stop("SELL", "2", 9_000, 60_000)], 0.0),
        (ROUND, [], 50.0),
        (ROUND, [stop("BUY", "2", 9_000, 60_000)], 50.0),
        (ROUND, [stop("SELL", "1", 11_000, 60_000)], 50.0),
        (ROUND, [stop("SELL", "2", 10_000, 30_000), stop("SELL", "2", 33_000, 70_000)], 3.0),
        (ROUND, [stop("SELL", "2", 10_000, 61_000, triggered_ms=58_000)], 2.0),
        ((trade(0, "SELL", "1"), trade(9_000, "BUY", "1")), [stop("BUY", "1", 4_000)], 4.0),
    ],
)
def test_the_longest_time_without_a_stop_for_all_that_is_held(
    trades: tuple[dict[str, Any], ...], stops: list[dict[str, Any]], seconds: float
) -> None:
    (found,) = longest_uncovered(trades, stops)
    assert found.seconds == seconds


def test_a_stop_that_closes_the_position_covers_all_that_is_held() -> None:
    closing = {**stop("SELL", "0", 20_000, 60_000), "closePosition": True}
    (found,) = longest_uncovered(ROUND, [closing])
    assert found.seconds == 10.0


def test_targets_are_no_cover() -> None:
    target = {**stop("SELL", "2", 9_000, 60_000), "orderType": "TAKE_PROFIT_MARKET"}
    (found,) = longest_uncovered(ROUND, [target])
    assert found.seconds == 50.0
