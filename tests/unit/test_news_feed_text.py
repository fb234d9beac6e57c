"""Feeds as real ones are: RSS 2.0 with CDATA and entities, Atom, latin-1; and what is no feed."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.errors import BadDataError
from hydra.news.cleaning import cleaned
from hydra.news.coindesk import read_articles
from hydra.news.feed_text import MOST_HEADLINES, read_feed
from hydra.news.items import LONGEST_TITLE, items_of
from hydra.news.near_duplicates import RecentTitles
from tests.support.feed_server import rss, sample

NOW = datetime(2026, 11, 27, 13, tzinfo=UTC)
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, (b"&l%d;" % (level - 1) if level else b"lol") * 10) for level in range(10)
)


def test_rss_with_cdata_entities_and_time_zones() -> None:
    read = read_feed("paper", sample("rss20.xml"))
    assert [cleaned(one.title, LONGEST_TITLE) for one in read.headlines] == [
        "Solana ETF inflows hit $40M as SOL reclaims $200",
        "AT&T stablecoin payments – what we know",
        "No date and no guid",
    ]
    assert [one.published for one in read.headlines] == [
        datetime(2026, 11, 27, 12, 14, 5, tzinfo=UTC),
        datetime(2026, 11, 27, 12, 2, tzinfo=UTC),
        None,
    ]
    assert read.headlines[0].own_id == "5f0c7a4e-solana-etf"
    assert read.headlines[0].tags == ("Markets", "Solana")
    assert read.left_out == "1 entries without a title were left out"


def test_a_row_of_rss_holds_no_markup_no_script_and_no_address_that_acts() -> None:
    read = read_feed("paper", sample("rss20.xml"))
    items = {item.title: item for item in items_of([(one, NOW) for one in read.headlines], RecentTitles())}
    solana = items["Solana ETF inflows hit $40M as SOL reclaims $200"]
    assert solana.summary == "Spot funds took in $40 million on Thursday."
    assert (solana.instrument_ids, solana.category, solana.note) == ([3], "Markets", None)
    assert items["No date and no guid"].url is None
    assert items["No date and no guid"].time == NOW
    assert items["No date and no guid"].note == "no publish time: it counts from when it was read"


def test_atom_with_html_titles_and_offsets() -> None:
    read = read_feed("ledger", sample("atom.xml"))
    first, second = read.headlines
    assert cleaned(first.title, LONGEST_TITLE) == "Cardano’s upgrade goes live"
    assert cleaned(first.summary, 100) == "ADA holders vote next."
    assert first.published == datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
    assert second.published == datetime(2026, 11, 27, 10, tzinfo=UTC)
    assert first.own_id == "tag:ledgerweekly.example,2026:101"


@pytest.mark.parametrize("content_type", ["", "text/xml", "application/rss+xml; charset=ISO-8859-1"])
def test_latin_1_is_read_as_it_says(content_type: str) -> None:
    read = read_feed("boerse", sample("latin1.xml"), content_type)
    assert read.headlines[0].title == "Zürich: Münzprägestätte führt Ether-Fonds für 5 £ ein"


@pytest.mark.parametrize(
    "body", [b"", b"not a feed", bytes(range(256)) * 50, b"<html><body>Just a moment...</body></html>", b"{}"]
)
def test_what_is_no_feed_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadDataError, match=r"^paper: what it answered is no RSS or Atom feed"):
        read_feed("paper", body)


def test_a_body_that_looks_like_a_path_is_not_opened(tmp_path: Path) -> None:
    """feedparser opens what it takes for a file or an address."""
    inside = tmp_path / "feed.xml"
    inside.write_bytes(rss("Secret"))
    with pytest.raises(BadDataError):
        read_feed("paper", os.fsencode(inside))


def test_entities_neither_grow_without_end_nor_read_files() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [' + LAUGHS + b"]>" + rss("a").replace(b"<![CDATA[a]]>", b"&l9;")
    )
    assert all(len(one.title) < 10_000 for one in read_feed("paper", bomb).headlines)
    outside = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    with_file = outside + rss("a").replace(b"<![CDATA[a]]>", b"Title &f;")
    assert "root:" not in read_feed("paper", with_file).headlines[0].title


@given(
    name=st.sampled_from(["rss20.xml", "atom.xml", "latin1.xml"]),
    places=st.lists(st.integers(0, 3_000), min_size=1, max_size=12),
    planted=st.sampled_from(
        [b"&#x110000;", b"&#99999999999;", b"<gml:pos>1 a</gml:pos>", b"<![x[", b"\xff\xfe", b"http://[::1"]
    ),
)
def test_a_damaged_feed_is_read_or_refused_and_nothing_else(
    name: str, places: list[int], planted: bytes
) -> None:
    body = bytearray(sample(name))
    for place in places:
        body[place % len(body) : place % len(body) + place % 7] = planted
    try:
        headlines = read_feed("paper", bytes(body)).headlines
    except BadDataError:
        return
    assert all(item.title for item in items_of([(one, NOW) for one in headlines], RecentTitles()))


@pytest.mark.parametrize("planted", [b"&#x110000;", b"&#99999999999;"])
def test_a_sign_that_does_not_exist_is_the_feeds_own_matter(planted: bytes) -> None:
    body = b"<rss><channel><item><title>a</title>" + planted + b"</item><item>"
    with pytest.raises(BadDataError, match="no feed that can be read"):
        read_feed("paper", body)


def test_a_flood_is_cut_and_said() -> None:
    read = read_feed("paper", rss(*(f"Headline {number}" for number in range(MOST_HEADLINES + 50))))
    assert len(read.headlines) == MOST_HEADLINES
    assert read.left_out == "of 250 headlines in one answer the first 200 were read"


def test_a_feed_that_breaks_off_gives_what_came() -> None:
    assert len(read_feed("paper", sample("rss20.xml")[:1_400]).headlines) == 1


def test_articles_of_the_data_api() -> None:
    body = b"""{"Data": [
        {"ID": 7, "TITLE": "XRP rallies", "URL": "https://x.example/7", "BODY": "A <b>body</b>",
         "PUBLISHED_ON": 1795780800, "CATEGORY_DATA": [{"CATEGORY": "XRP"}, {"CATEGORY": "TRADING"}]},
        {"ID": 8, "TITLE": "Odd time", "PUBLISHED_ON": 1e300}, {"ID": 9}, 5], "Err": {}}"""
    read = read_articles("coindesk data", body)
    first, second = read.headlines
    assert (first.own_id, first.published, first.tags) == (
        "7", datetime(2026, 11, 27, 12, tzinfo=UTC), ("XRP", "TRADING"),
    )  # fmt: skip
    assert second.published is None
    assert read.left_out == "2 entries without a title were left out"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"Data": 5}', b"[" * 100_000])
def test_another_answer_of_the_data_api_is_refused(body: bytes) -> None:
    with pytest.raises(BadDataError, match=r"^coindesk data: "):
        read_articles("coindesk data", body)
