"""The report says where the data of a run had holes, or longer candles."""

from hydra.answers.data_sentences import data_sentences

WHOLE = {"stale_minutes": 0, "config": {}}


def test_nothing_is_said_of_data_without_holes() -> None:
    trades = [{"base": "BTC", "exit_reason_code": "STOP_HIT"}]
    assert list(data_sentences(WHOLE, trades)) == []


def test_stale_prices_and_pairs_that_did_not_come_back_are_named() -> None:
    trades = [{"base": base, "exit_reason_code": "DATA_ENDED"} for base in ("LTC", "ADA")]
    stale, ended = data_sentences({**WHOLE, "stale_minutes": 1234}, trades)
    assert stale.startswith("In 1,234 minutes")
    assert ended.endswith("no more data came: ADA, LTC.")


def test_stretches_of_five_minute_candles_and_what_is_unknown_in_them_are_named() -> None:
    bars = {
        "stretches": [["2025-10-10T20:05:00+00:00", "2025-10-11T04:00:00+00:00"]],
        "candles": {"1": 96, "2": 96},
        "missing_inputs": ["return_24h"],
    }
    played, unknown = data_sentences({**WHOLE, "config": {"five_minute_bars": bars}}, [])
    assert "2025-10-10 20:05 to 2025-10-11 04:00 UTC: 192 of them" in played
    assert unknown.endswith("give no signal: return_24h.")
