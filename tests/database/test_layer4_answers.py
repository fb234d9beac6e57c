"""Layer 4 through its tables: every veto can be reached, and each says why in words and numbers."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.domain import KillScope, ReasonCode, Side
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_limits import LimitParameters
from hydra.layers.layer4_risk import RiskParameters
from hydra.reason_words import WORDS
from hydra.trading.parameters import Rules
from tests.support.paper_market import BTC, ETH, PaperMarket, instant

QUIET = (50_000.0, 50_010.0, 49_990.0, 50_000.0)
TERMS = ("50000", "49500", "51000")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url, autocommit=True) as opened:
        yield opened


def verdict(market: PaperMarket, minute: int = 10, **assessment: Any) -> dict[str, Any]:
    """Layer 4's row on BTC with a chosen signal and the given assessment."""
    market.assess(minute, **assessment)
    market.signal(minute)
    return market.decide(minute)[BTC]


def with_risk(**changes: Any) -> Rules:
    return Rules(risk=replace(RiskParameters(), **changes))


def with_limits(**changes: Any) -> Rules:
    return with_risk(limits=replace(LimitParameters(), **changes))


def held(market: PaperMarket, leverage: str = "2", size_usd: str = "10000", pair: int = BTC) -> None:
    """A position since minute 1."""
    market.candle(0, QUIET, pair=pair)
    market.approve(0, Side.LONG, size_usd, TERMS, leverage=leverage, pair=pair)
    market.candle(1, QUIET, pair=pair)
    market.settle(1)


def test_a_signal_within_every_limit_is_sized_and_approved(connection: psycopg.Connection) -> None:
    row = verdict(PaperMarket(connection))
    # Kelly (0.55 x 2 - 0.45) / 2 = 0.325, a quarter of it of 10,000: 812.5; leverage 5 x 0.55 = 2.75:
    # 2,234.375; BTC's multipliers are 1; in steps of 0.001 BTC: 0.044 at the bid of 49,998.7.
    assert (row["approved"], row["reason_code"]) == (True, "APPROVED")
    assert row["printed_size_usd"] == Decimal("2234.375")
    assert row["recommended_size_usd"] == Decimal("2199.9428")
    assert row["recommended_leverage"] == Decimal("2.75")
    assert (row["stop_loss_price"], row["take_profit_price"]) == (Decimal("49500"), Decimal("51000"))
    assert row["max_holding_hours"] == 4.0
    assert row["numbers"]["correlation_penalty"] == 1.0


def test_a_quiet_pair_has_its_row_too(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    market.assess(10)
    market.assess(10, ETH)
    market.signal(10, ETH, approved=False, chosen=False, reason_code="SCORE_LOW")
    rows = market.decide(10)
    assert [rows[pair]["reason_code"] for pair in (BTC, ETH)] == ["NO_SIGNAL", "NO_SIGNAL"]
    assert rows[BTC]["reason"] == "no generator fired"
    assert rows[ETH]["reason"].endswith("the best was OI_DIVERGENCE LONG: SCORE_LOW")


@pytest.mark.parametrize(
    ("assessment", "words"),
    [
        ({"funding_rate": 0.0051}, "FUNDING_SPIKE: Funding spike 0.510% > 0.5%"),
        ({"funding_rate": -0.0051}, "FUNDING_SPIKE: Funding spike 0.510% > 0.5%"),
        ({"cascade_probability": 0.9}, "CASCADE: Cascade probability 90% > 70%"),
    ],
)
def test_a_kill_condition_latches_with_cause_and_numbers(
    connection: psycopg.Connection, assessment: dict[str, Any], words: str
) -> None:
    market = PaperMarket(connection)
    market.assess(10, ETH)
    row = verdict(market, **assessment)
    assert (row["reason_code"], row["trigger_kill_switch"]) == ("KILL_SWITCH", True)
    kills = connection.execute(
        "SELECT scope, cause, latched_time, (numbers->>'instrument_id')::int FROM hydra.kill_switch"
        " WHERE run_id = %s",
        (market.run.run_id,),
    ).fetchall()
    assert kills == [("portfolio", words, instant(10), BTC)]
    market.assess(11, ETH)
    market.signal(11, ETH)
    later = market.decide(11)[ETH]
    assert (later["reason_code"], later["trigger_kill_switch"]) == ("KILL_SWITCH", False)


def test_a_pair_that_differs_at_the_exchange_is_not_entered_until_that_is_mended(
    connection: psycopg.Connection,
) -> None:
    market = PaperMarket(connection)
    market.differ(ETH)
    assert verdict(market)["reason_code"] == "APPROVED"
    market.differ(BTC, blocks_entries=False)
    assert verdict(market, 11)["reason_code"] == "APPROVED"
    market.differ(BTC)
    row = verdict(market, 12)
    assert (row["approved"], row["reason_code"]) == (False, "ACCOUNT_DIFFERS")
    assert row["reason"] == WORDS[ReasonCode.ACCOUNT_DIFFERS]
    connection.execute("UPDATE hydra.account_differences SET mended_time = now()")
    assert verdict(market, 13)["reason_code"] == "APPROVED"


def test_the_kill_of_one_pair_stops_the_others_of_the_same_minute(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    market.assess(10, ETH, cascade_probability=0.9)
    assert verdict(market)["reason_code"] == "KILL_SWITCH"


def test_a_kill_of_a_pair_leaves_the_others(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection, with_risk(kill=KillParameters(scope=KillScope.PAIR)))
    market.assess(10, ETH, cascade_probability=0.9)
    assert verdict(market)["reason_code"] == "APPROVED"


def test_a_lost_twentieth_of_the_day_kills(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    held(market)
    market.candle(2, (47_000.0, 47_000.0, 46_900.0, 47_000.0))
    market.settle(2)
    assert market.cash() < 9_500
    row = verdict(market, 3)
    assert (row["reason_code"], row["kill_reason"]) == ("KILL_SWITCH", "Daily drawdown 6.08% > 5%")


def test_what_layer_2_forbids_is_not_tradable(connection: psycopg.Connection) -> None:
    row = verdict(
        PaperMarket(connection), tradability="RESTRICT", reason_code="VOLATILITY_HIGH", entries_allowed=False
    )
    assert row["reason_code"] == "NOT_TRADABLE"
    assert "VOLATILITY_HIGH" in row["reason"]


def test_a_pair_with_a_working_entry_takes_no_other(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    market.candle(0, QUIET)
    market.approve(0, Side.LONG, "10000", TERMS)
    assert verdict(market, 1)["reason_code"] == "POSITION_EXISTS"


@pytest.mark.parametrize(("minute", "code"), [(61, "COOLDOWN"), (241, "COOLDOWN"), (242, "APPROVED")])
def test_after_a_stop_the_same_source_and_side_waits_four_hours(
    connection: psycopg.Connection, minute: int, code: str
) -> None:
    market = PaperMarket(connection)
    held(market, size_usd="1000")
    market.candle(2, (49_000.0, 49_100.0, 48_900.0, 49_000.0))
    market.settle(2)
    assert market.position()["exit_reason_code"] == "STOP_HIT"
    assert verdict(market, minute)["reason_code"] == code


@pytest.mark.parametrize(("minute", "code"), [(61, "COOLDOWN"), (62, "APPROVED")])
def test_after_a_target_an_hour_is_enough(connection: psycopg.Connection, minute: int, code: str) -> None:
    market = PaperMarket(connection)
    held(market, size_usd="1000")
    market.candle(2, (50_000.0, 51_500.0, 50_000.0, 51_000.0))
    market.settle(2)
    assert verdict(market, minute)["reason_code"] == code


def test_the_other_side_need_not_wait(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    held(market, size_usd="1000")
    market.candle(2, (49_000.0, 49_100.0, 48_900.0, 49_000.0))
    market.settle(2)
    market.assess(10)
    market.signal(10, side="SHORT")
    assert market.decide(10)[BTC]["reason_code"] == "APPROVED"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (with_limits(max_positions=1), ReasonCode.MAX_POSITIONS),
        (with_limits(max_exposure_usd=10_010.0), ReasonCode.MAX_EXPOSURE),
        (with_limits(max_heat=0.01001), ReasonCode.PORTFOLIO_HEAT),
    ],
)
def test_limits_count_what_is_already_held(
    connection: psycopg.Connection, rules: Rules, code: ReasonCode
) -> None:
    market = PaperMarket(connection, rules)
    held(market)
    market.assess(10, ETH, last_close=2_500.0)
    market.signal(10, ETH)
    assert market.decide(10)[ETH]["reason_code"] == code


def test_margin_that_is_taken_is_not_free(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    held(market, leverage="1")
    market.assess(10, ETH, last_close=2_500.0)
    market.signal(10, ETH)
    assert market.decide(10)[ETH]["reason_code"] == "INSUFFICIENT_MARGIN"


def test_no_edge_no_trade(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    market.assess(10)
    market.signal(10, confidence=0.3)
    assert market.decide(10)[BTC]["reason_code"] == "NO_EDGE"


def test_a_small_account_cannot_order(connection: psycopg.Connection) -> None:
    assert (
        verdict(PaperMarket(connection, Rules(initial_balance_usd=100.0)))["reason_code"]
        == "SIZE_BELOW_MINIMUM"
    )


def test_a_stop_beyond_the_liquidation_is_refused(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection, with_risk(liquidation_buffer=0.9))
    market.assess(10)
    market.signal(10, expected_adverse_excursion=0.05, confidence=0.8)
    assert market.decide(10)[BTC]["reason_code"] == "STOP_BEYOND_LIQUIDATION"


def test_of_two_signals_the_better_takes_the_last_place(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection, with_limits(max_positions=1))
    market.assess(10)
    market.assess(10, ETH, last_close=2_500.0)
    market.signal(10, score=0.60)
    market.signal(10, ETH, score=0.61)
    rows = market.decide(10)
    assert [rows[pair]["reason_code"] for pair in (BTC, ETH)] == ["MAX_POSITIONS", "APPROVED"]


def test_beside_a_position_whose_correlation_is_unknown_the_size_shrinks(
    connection: psycopg.Connection,
) -> None:
    market = PaperMarket(connection)
    held(market, size_usd="1000")
    market.assess(10, ETH, last_close=2_500.0)
    market.signal(10, ETH)
    row = market.decide(10)[ETH]
    assert row["numbers"]["correlation_penalty"] == 0.3
    assert row["numbers"]["correlation_average"] is None


def test_a_pair_without_stored_filters_is_not_ordered(connection: psycopg.Connection) -> None:
    market = PaperMarket(connection)
    connection.execute(
        "INSERT INTO market.instruments VALUES (99, 'simulated-x', 'perpetual', 'X', 'X', 'X', 'USDT', '{}')"
        " ON CONFLICT DO NOTHING"
    )
    market.assess(10, 99)
    market.signal(10, 99)
    row = market.decide(10)[99]
    assert (row["reason_code"], row["approved"]) == ("NOT_TRADABLE", False)
    assert "no order filters" in row["reason"]
