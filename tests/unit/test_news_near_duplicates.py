"""What counts as a repeat of a headline, and what must not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.news.items import Headline, items_of
from hydra.news.near_duplicates import KnownTitle, RecentTitles, normalised, says_the_same

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)

REPEATS = [
    ("VanEck Seeks SEC Approval for First AVAX ETF", "VanEck Seeks SEC Approval for First-Ever AVAX ETF"),
    ("Bitcoin tops $100,000", "BREAKING: Bitcoin tops $100000!"),
    ("US Government Taps Chainlink to Publish Data", "US government taps Chainlink to publish data"),
    ("Binance to Support Network Upgrade & Hard Fork", "Binance to support network upgrade hard fork"),
    ("Solana’s upgrade is live", "Solana's upgrade live"),
    (
        "Bancor Sues Uniswap Over Alleged AMM Patent Infringement",
        "Bancor sues Uniswap over alleged patent infringement",
    ),
]
NO_REPEATS = [
    (
        "SEC approves Solana ETF from VanEck after long delay",
        "SEC rejects Solana ETF from VanEck after long delay",
    ),
    ("Binance sues SEC over its new listing rules", "SEC sues Binance over its new listing rules"),
    ("Bitcoin hits $100,000 on heavy ETF inflows", "Bitcoin hits $110,000 on heavy ETF inflows"),
    (
        "Large exchange halts all withdrawals for users",
        "Large exchange denies it halts all withdrawals for users",
    ),
    (
        "Exchange hacked for millions in hot wallets today",
        "Exchange not hacked for millions in hot wallets today",
    ),
    ("Whale moves old coins to Binance this morning", "Whale moves old coins from Binance this morning"),
    ("SEC delays decision on the ETF again today", "SEC delays decision on the Solana ETF again today"),
    ("Price analysis 6/25 of the big coins", "Price analysis 6/26 of the big coins"),
    ("Bitcoin falls", "Bitcoin falls hard"),
    ("Tether mints one billion more on Tron", "Tether burns one billion more on Tron"),
    ("ETH ETF inflows hit record high as funds buy", "BTC ETF inflows hit record high as funds buy"),
]


@pytest.mark.parametrize(("one", "other"), REPEATS)
def test_the_same_in_other_spelling_is_a_repeat(one: str, other: str) -> None:
    assert says_the_same(normalised(one), normalised(other))
    assert says_the_same(normalised(other), normalised(one))


@pytest.mark.parametrize(("one", "other"), NO_REPEATS)
def test_another_statement_is_none(one: str, other: str) -> None:
    assert not says_the_same(normalised(one), normalised(other))
    assert not says_the_same(normalised(other), normalised(one))


def test_the_publisher_at_the_end_is_no_part_of_a_title() -> None:
    assert normalised("Bitcoin falls - CoinDesk", "coindesk") == normalised("Bitcoin falls")
    assert normalised("Bitcoin falls - again", "coindesk") != normalised("Bitcoin falls")


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_rule_is_symmetric_and_a_title_repeats_itself(one: str, other: str) -> None:
    first, second = normalised(one), normalised(other)
    assert says_the_same(first, second) == says_the_same(second, first)
    assert says_the_same(first, first)


@given(st.lists(st.sampled_from("alpha beta gamma delta epsilon zeta eta 5".split()), max_size=9), st.data())  # noqa: SIM905  # shorter so
def test_the_index_finds_what_a_look_at_all_finds(words: list[str], data: st.DataObject) -> None:
    added = data.draw(st.lists(st.sampled_from(["news", "today", "not", "alpha"]), max_size=3))
    place = data.draw(st.integers(0, len(words)))
    stored, new = tuple(words), (*words[:place], *added, *words[place:])
    for one, other in ((stored, new), (new, stored)):
        recent = RecentTitles()
        recent.add([KnownTitle("first", NOW, one)])
        expected = "first" if one and other and says_the_same(one, other) else None
        assert recent.repeated(other, NOW) == expected


def test_a_repeat_names_the_earliest_and_only_of_two_days() -> None:
    words = normalised("Exchange halts withdrawals for all its users")
    recent = RecentTitles()
    recent.add(
        KnownTitle(name, NOW - timedelta(hours=hours), words)
        for name, hours in (("old", 49), ("first", 48), ("second", 1), ("to come", -1))
    )
    assert recent.repeated(words, NOW) == "first"


def test_of_two_in_one_batch_the_later_known_repeats_the_earlier() -> None:
    titles = ("Exchange halts withdrawals for all its users", "EXCHANGE HALTS WITHDRAWALS FOR ALL ITS USERS")
    headlines = [
        (Headline(source, title, NOW - timedelta(hours=1)), NOW + timedelta(seconds=seconds))
        for source, title, seconds in (("b", titles[1], 5), ("a", titles[0], 0))
    ]
    first, second = items_of(headlines, RecentTitles())
    assert (first.source, first.duplicate_of) == ("a", None)
    assert (second.source, second.duplicate_of) == ("b", first.item_id)


@pytest.mark.parametrize(
    ("published", "time", "note"),
    [
        (None, NOW, "no publish time: it counts from when it was read"),
        (
            NOW + timedelta(days=400),
            NOW,
            "publish time 2028-01-01 12:00:00 is to come: it counts from when it was read",
        ),
        (
            datetime(1970, 1, 1, tzinfo=UTC),
            NOW,
            "publish time 1970-01-01 cannot be: it counts from when it was read",
        ),
        (NOW - timedelta(days=9), NOW - timedelta(days=9), None),
    ],
)
def test_the_time_of_an_item_is_never_after_it_was_known(
    published: datetime | None, time: datetime, note: str | None
) -> None:
    (item,) = items_of([(Headline("a", "Title", published), NOW)], RecentTitles())
    assert (item.time, item.note, item.known_at) == (time, note, NOW)


@pytest.mark.parametrize(
    ("url", "is_kept"),
    [
        ("https://a.example/x?y=1", True), ("javascript:alert(1)", False), ("https://u:p@a.example/", False),
        ("https://a.example/\u202e", False), ("https://a.example/" + "x" * 2_000, False),
        ("/relative", False), ("data:text/html,x", False),
    ],
)  # fmt: skip
def test_only_an_address_that_a_browser_may_open_is_kept(url: str, is_kept: bool) -> None:
    (item,) = items_of([(Headline("a", "Title", NOW, url=url), NOW)], RecentTitles())
    assert (item.url == url) is is_kept


def test_an_item_has_one_id_whatever_else_changes() -> None:
    before, after = (
        Headline("a", "Title", NOW, own_id="7"),
        Headline("a", "Title, corrected", None, own_id="7"),
    )
    (first,), (second,) = (list(items_of([(one, NOW)], RecentTitles())) for one in (before, after))
    assert first.item_id == second.item_id
    assert not list(items_of([(after, NOW)], RecentTitles(), [first.item_id]))
