"""The dated terms of the universe (C127)."""

from decimal import Decimal
from pathlib import Path

import pytest

from hydra.errors import StopError
from hydra.exchange.instruments import SOURCE, load_instrument_terms
from hydra.universe import UNIVERSE, find_pair

# The maintenance amounts that the exchange itself answered, against those that follow from our table.
CUMULATIVE_USD = {
    "BTC": ["0", "50", "950", "11450", "131450", "481450", "2981450"],
    "ETH": ["0", "50", "950", "11450", "131450", "381450", "2006450"],
    "SOL": ["0", "30", "380", "8380", "28380", "228380", "2228380"],
    "LTC": ["0", "50", "300", "800", "4550", "29550", "279550"],
    "DOGE": ["0", "20", "170", "7670", "11670", "51670", "451670"],
}


def test_every_pair_of_the_universe_has_terms_in_its_order() -> None:
    assert [terms.pair for terms in load_instrument_terms()] == list(UNIVERSE)


@pytest.mark.parametrize(("base", "expected"), CUMULATIVE_USD.items())
def test_maintenance_amounts_are_those_the_exchange_answers(base: str, expected: list[str]) -> None:
    terms = next(terms for terms in load_instrument_terms() if terms.pair.base == base)
    assert [bracket.cumulative_usd for bracket in terms.brackets] == [Decimal(text) for text in expected]


def test_maintenance_margin_is_continuous_at_every_bracket_edge() -> None:
    for terms in load_instrument_terms():
        for below, above in zip(terms.brackets, terms.brackets[1:], strict=False):
            edge = below.notional_cap_usd
            assert edge == above.notional_floor_usd
            assert (
                edge * below.maintenance_margin_rate - below.cumulative_usd
                == edge * above.maintenance_margin_rate - above.cumulative_usd
            )


def test_quantities_and_ticks_are_positive_and_ordered() -> None:
    for terms in load_instrument_terms():
        filters = terms.filters
        assert filters.tick_size > 0
        assert 0 < filters.step_size <= filters.min_quantity
        assert filters.min_quantity < filters.max_market_quantity <= filters.max_quantity
        assert filters.min_notional_usd > 0


def test_a_missing_pair_is_named(tmp_path: Path) -> None:
    path = tmp_path / "instruments.toml"
    path.write_text(SOURCE.read_text().replace("[DOGEUSDT]", "[PEPEUSDT]"))
    with pytest.raises(StopError, match="DOGEUSDT"):
        load_instrument_terms(path)


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "instruments.toml"
    path.write_text(SOURCE.read_text().replace('tick_size = "0.1"', 'tick_size = "a tenth"'))
    with pytest.raises(StopError, match="a number is written wrongly"):
        load_instrument_terms(path)


@pytest.mark.parametrize("name", ["BTC", "btcusdt", "BTC/USDT", "BTC-USDT", "cmt_btcusdt", "BTC/USDT:USDT"])
def test_every_alias_of_the_sources_finds_the_pair(name: str) -> None:
    pair = find_pair(name)
    assert pair is not None
    assert pair.instrument_id == 1


def test_an_unknown_name_finds_no_pair() -> None:
    assert find_pair("PEPEUSDT") is None
