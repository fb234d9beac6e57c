"""An order in the words of `hydra why`."""

from decimal import Decimal
from typing import Any

import pytest

from hydra.answers.cost_steps import cost_split
from hydra.answers.order_words import order_words
from hydra.ledger.costs import CostParameters

ORDER = {
    "order_type": "POST_ONLY", "side": "BUY", "limit_price": Decimal(20), "trigger_price": None,
    "state": "CANCELED", "quantity": Decimal(50), "reason_code": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("filled", "evidence", "ahead", "words"),
    [
        (0, [], None, "0 of 50 filled"),
        (0, [], Decimal("1200.5"), "0 of 50 filled (1200.5 ahead of it in the queue)"),
        (
            12,
            ["BOOK"],
            Decimal(0),
            "12 of 50 filled at 20 (by the recorded book and trades, 0 ahead of it in the queue)",
        ),
        (
            50,
            ["BAR", "BOOK"],
            Decimal(3),
            "50 of 50 filled at 20 (by the bar and the recorded book and trades)",
        ),
    ],
)
def test_an_order_says_what_its_fills_rest_on_and_how_much_is_ahead(
    filled: int, evidence: list[str], ahead: Decimal | None, words: str
) -> None:
    average = Decimal(20) if filled else None
    found = order_words(
        {
            **ORDER,
            "filled_quantity": Decimal(filled),
            "average_price": average,
            "evidence": evidence,
            "queue_ahead": ahead,
        }
    )
    assert found == f"post-only order to buy at 20: canceled, {words}"


@pytest.mark.parametrize(("evidence", "spread", "slippage"), [("BAR", "0.25", "0.75"), ("BOOK", "0", "1")])
def test_what_a_recorded_book_cost_is_slippage_not_a_model_spread(
    evidence: str, spread: str, slippage: str
) -> None:
    """10,000 USDT of BTC, half of 0.5 bps is 0.25; the fill cost 1 more than the price at the decision."""
    fill: dict[str, Any] = {
        "base": "BTC",
        "is_maker": False,
        "evidence": evidence,
        "fees_usd": Decimal(5),
        "notional_usd": Decimal(10_000),
        "shortfall_usd": Decimal(1),
    }
    closed = [{"gross_pnl_usd": Decimal(-1), "fees_usd": Decimal(5), "funding_usd": Decimal(0)}]
    found = cost_split(closed, [fill], CostParameters())
    assert (found.spread_usd, found.slippage_usd) == (Decimal(spread), Decimal(slippage))
