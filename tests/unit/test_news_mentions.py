"""Which pairs a headline concerns; ids: 1 BTC, 2 ETH, 3 SOL, 4 BNB, 5 ADA, 6 XRP, 7 LTC, 8 DOGE."""

import pytest

from hydra.news.mentions import concerned, mentioned


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Bitcoin hits a record", {1}),
        ("BITCOIN, ETHEREUM AND CARDANO FALL", {1, 2, 5}),
        ("Price analysis 1/1: BTC, ETH, XRP, BNB, SOL, DOGE, ADA, AVAX, LINK, TON", {1, 2, 3, 4, 5, 6, 8}),
        ("Is Litecoin (LTC) merge mining the new trend?", {7}),
        ("$SOL and $DOGE rally", {3, 8}),
        ("BTCUSDT open interest, ETH/USD funding", {1, 2}),
        ("Ether ETFs smash records", {2}),
        ("Binance Coin (BNB) price prediction", {4}),
        ("Ripple CEO sees stablecoins exploding", {6}),
        ("Ｂｉｔｃｏｉｎ in full width", {1}),
        # Words that only look like names.
        ("El sol sale para todos", set()),
        ("Solar panels are tokenised on Algorand", set()),
        ("Click the link in bio", set()),
        ("Chainlink Price Prediction: Can LINK rally", set()),
        ("The ripple effect of the Fed's decision", set()),
        ("Ripple effect: rate cuts ripple through markets", set()),
        ("Losses ripple across exchanges", set()),
        ("Funds vanish into the ether", set()),
        ("Binance lists a new token", set()),
        ("Ada Lovelace honoured", set()),
        ("Wallets fail ADA compliance test", set()),
        ("Bitcoin Cash rallies 7%", set()),
        ("Bitcoin Cash rallies as Bitcoin stalls", {1}),
        ("Ethereum Classic and Ethereum Name Service", set()),
        ("Bitcoin Solaris presale", set()),
        ("Elon Musk’s DOGE wants to terminate US education department", set()),
        ("DOGE employees gain access to federal payments", set()),
        ("Dogecoin falls as Musk's DOGE is sued by agencies", {8}),
        ("DOGE Speculation Soars as Leaked Code Hints at Payments on Elon Musk’s X App", {8}),
        ("SOLIDITY bug, RADAR, BNBS, ETHOS, LTCG", set()),
        ("", set()),
    ],
)
def test_golden(title: str, expected: set[int]) -> None:
    assert mentioned(title) == expected


def test_tags_count_in_any_case_and_only_of_the_eight() -> None:
    assert concerned("A quiet day", None, ["btc", "S", "X", "NOT", "Solana", ""]) == (1, 3)


def test_a_tag_for_the_department_does_not_count() -> None:
    assert concerned("Musk's DOGE audits the treasury", None, ["DOGE", "BTC"]) == (1,)


def test_the_summary_counts_where_title_and_tags_name_none() -> None:
    assert concerned("Exchange hacked", "Solana tokens were taken", []) == (3,)
    assert concerned("Bitcoin exchange hacked", "Solana tokens were taken", []) == (1,)


def test_a_headline_that_names_none_concerns_the_market() -> None:
    assert concerned("SEC sues an exchange", "More follows", ["regulation"]) == ()
