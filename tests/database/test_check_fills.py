"""`hydra check fills` on stored runs: fills side by side, and what is wrong or not comparable."""

import json
from collections.abc import Iterator

import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from tests.support.command_line import hydra
from tests.support.servers.databases import TestServer
from tests.support.trade_scenario import write_scenario

SECOND_RUN = """
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume) VALUES
    (1, '2025-06-01 00:59Z', '2025-06-01 01:00:02Z', 101, 103, 101, 102, 5),
    (2, '2025-06-01 00:05Z', '2025-06-01 00:06:02Z', 50, 51, 49, 50, 5);
UPDATE hydra.orders SET limit_price = 100 WHERE order_id = 21;
UPDATE hydra.orders SET limit_price = 50 WHERE order_id = 23;
INSERT INTO hydra.runs (run_id, mode, market_origin, label, feeds, config, config_hash, readings_hash,
        feature_set_version, cost_model_version, code_version)
    OVERRIDING SYSTEM VALUE
    SELECT 8, mode, market_origin, label, feeds, config, config_hash, readings_hash, feature_set_version,
        cost_model_version, code_version
    FROM hydra.runs WHERE run_id = 7;
INSERT INTO hydra.assessments (run_id, instrument_id, time, tradability, reason_code, reason)
    SELECT 8, instrument_id, time, tradability, reason_code, reason FROM hydra.assessments WHERE run_id = 7;
INSERT INTO hydra.signals (run_id, instrument_id, time, source, side, confidence, expected_return,
        expected_adverse_excursion, holding_period_minutes, score, score_kind, approved, chosen, reason_code,
        reason, thesis)
    SELECT 8, instrument_id, time, source, side, confidence, expected_return, expected_adverse_excursion,
        holding_period_minutes, score, score_kind, approved, chosen, reason_code, reason, thesis
    FROM hydra.signals WHERE run_id = 7;
INSERT INTO hydra.risk_decisions (run_id, instrument_id, time, source, side, approved, reason_code, reason,
        recommended_size_usd, recommended_leverage, stop_loss_price, take_profit_price, max_holding_hours)
    SELECT 8, instrument_id, time, source, side, approved, reason_code, reason, recommended_size_usd,
        recommended_leverage, stop_loss_price, take_profit_price, max_holding_hours
    FROM hydra.risk_decisions WHERE run_id = 7;
INSERT INTO hydra.orders (order_id, run_id, instrument_id, client_order_id, decision_time, role, order_type,
        side, reduce_only, quantity, limit_price, reference_price, state, filled_quantity, placed_time)
    OVERRIDING SYSTEM VALUE
    SELECT order_id + 20, 8, instrument_id, 'second' || client_order_id, decision_time, role, order_type,
        side, reduce_only, quantity, limit_price, reference_price, state, filled_quantity, placed_time
    FROM hydra.orders WHERE order_id IN (21, 22);
INSERT INTO hydra.fills (fill_id, order_id, trade_id, time, price, quantity, fee_usd, is_maker, evidence)
    OVERRIDING SYSTEM VALUE
    VALUES (51, 41, '1', '2025-06-01 00:05:30Z', 100, 4, 0.1, true, 'EXCHANGE'),
        (52, 41, '2', '2025-06-01 00:05:40Z', 100, 6, 0.1, true, 'EXCHANGE'),
        (53, 42, '3', '2025-06-01 00:59:50Z', 101.9, 10, 0.5, false, 'EXCHANGE');
"""
"""Run 8: BTC as in run 7, at an exchange; ETH's entry does not fill."""


@pytest.fixture(autouse=True)
def url(servers: dict[Edition, TestServer], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database of its own, with the two runs."""
    with servers[Edition.APACHE].migrated() as url:
        monkeypatch.setenv("HYDRA_DATABASE_URL", url)
        with connect(url) as connection:
            write_scenario(connection)
            connection.execute(SECOND_RUN.encode())
        yield url


def test_fills_are_listed_side_by_side_with_what_differs_and_by_how_much() -> None:
    found = hydra("check", "fills", "--run", "7", "--against", "8", "--json")
    assert found.status == 0, found.out
    told = json.loads(found.out)
    assert (told["compared"], told["decided_otherwise"], told["outside"]) == (8, [], [])
    listed = {(one["base"], one["role"]): (one["difference"], one["worse_usd"]) for one in told["fills"]}
    assert listed["BTC", "ENTRY"] == ("same", "0")
    assert listed["ETH", "ENTRY"] == ("not filled in one", None)
    assert listed["BTC", "TARGET"] == ("slippage model against book", "1.0")
    words = hydra("check", "fills", "--run", "7", "--against", "8").out
    assert "0 of 8 verdicts differ, 0 fills are outside their bound" in words.replace("\n", " ")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "UPDATE hydra.fills SET price = 110 WHERE fill_id = 53",
            "not inside what its minute traded, 101 to 103",
        ),
        ("UPDATE hydra.fills SET price = 100.5 WHERE fill_id = 51", "worse than its limit 100"),
        (
            "UPDATE hydra.assessments SET tradability = 'RESTRICT' WHERE run_id = 8 AND instrument_id = 1",
            "Decided otherwise: assessments of BTC at 2025-06-01 00:05",
        ),
        (
            "UPDATE hydra.signals SET confidence = 0.65 WHERE run_id = 8 AND source = 'FUNDING_CARRY'",
            "Decided otherwise: signals FUNDING_CARRY of BTC at 2025-06-01 00:05",
        ),
    ],
)
def test_what_may_not_be_is_status_1(url: str, fault: str, words: str) -> None:
    with connect(url, autocommit=True) as owner:
        owner.execute(fault.encode())
    found = hydra("check", "fills", "--run", "7", "--against", "8")
    assert found.status == 1, found.out
    assert words in found.out.replace("\n", " ")


def test_runs_without_a_common_minute_are_status_2(url: str) -> None:
    with connect(url, autocommit=True) as owner:
        owner.execute("UPDATE hydra.assessments SET time = time + interval '1 day' WHERE run_id = 8")
        owner.execute("DELETE FROM hydra.fills WHERE order_id IN (41, 42)")
    assert hydra("check", "fills", "--run", "7", "--against", "8").status == 2
