"""The page of a small run: its numbers are those of the rows, and it refers to nothing outside itself."""

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import psycopg
import pytest

from hydra.answers.html_report import plot_data
from hydra.answers.html_report.market_bars import MarketBars
from hydra.answers.html_report.page import page, write_html_report
from hydra.answers.report import read_report
from hydra.answers.trade_table import write_csv
from hydra.errors import StopError
from tests.support.html_page import HtmlPage
from tests.support.why_scenario import write_why_scenario

# Two hours of BTC around its trade: 100 at the opening, a high of 103 in the minute of the exit.
CANDLES = """
INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)
    SELECT 1, t, t + interval '62 s', 100, CASE t WHEN '2025-06-01 11:59Z' THEN 103 ELSE 101 END, 99, 100.5, 5
    FROM generate_series(timestamptz '2025-06-01 09:30Z', '2025-06-01 12:30Z', '1 min') AS t
"""

HOSTILE = '<script>alert("x")</script>&amp;'
"""What nobody should have written into a cause, a reason or a setting."""

PLANTED = (
    "UPDATE hydra.kill_switch SET cause = %(text)s",
    "UPDATE market.instruments SET base = 'BTC<b>' WHERE instrument_id = 1",
    """
    UPDATE hydra.runs SET end_reason = %(text)s, code_version = %(text)s, data_hash = 'facts-hash',
        config = jsonb_build_object(
            'instrument_ids', '[1, 2, 3]'::jsonb,
            'settings', jsonb_build_object(
                'max_positions', 3, 'max_leverage', 10.0, 'llm_model', %(text)s::text),
            'stress', '["spread_x5"]'::jsonb
        )
    """,
)


def plant(connection: psycopg.Connection, text: str) -> None:
    """Put `text` wherever a person or another program may write words that the page shows."""
    for statement in PLANTED:
        connection.execute(statement, {"text": text})


MARKET = """
INSERT INTO market.funding_rates (instrument_id, time, known_at, rate, interval_hours, mark_price) VALUES
    (1, '2025-06-01 08:00Z', '2025-06-01 08:00:05Z', 0.0001, 8, 100),
    (1, '2025-06-01 11:00Z', '2025-06-01 11:00:05Z', -0.0002, 8, 100);
INSERT INTO market.candles_5m_recorded (instrument_id, time, known_at, open, high, low, close, volume) VALUES
    (1, '2025-06-01 12:00Z', '2025-06-01 12:05:02Z', 100, 900, 90, 100, 5),
    (1, '2025-06-01 12:35Z', '2025-06-01 12:40:02Z', 100, 500, 90, 100, 5);
INSERT INTO market.open_interest (instrument_id, time, known_at, contracts) VALUES
    (1, '2025-06-01 09:50Z', '2025-06-01 09:50:05Z', 700),
    (1, '2025-06-01 10:05Z', '2025-06-01 10:05:05Z', 800);
INSERT INTO market.liquidations (instrument_id, time, side, price, quantity, known_at, value_usd) VALUES
    (1, '2025-06-01 10:03:10Z', 'LONG', 100, 1, '2025-06-01 10:03:12Z', 100),
    (1, '2025-06-01 10:03:50Z', 'LONG', 100, 2, '2025-06-01 10:03:52Z', 200),
    (1, '2025-06-01 10:03:50Z', 'SHORT', 100, 5, '2025-06-01 10:03:52Z', 500);
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario with candles, in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        opened.execute(CANDLES)
        yield opened
        opened.rollback()


def text_of_page(connection: psycopg.Connection, run_id: int) -> str:
    report = read_report(connection, run_id)
    return page(report, plot_data.read_plot_data(connection, report))


def read_page(connection: psycopg.Connection, run_id: int = 7) -> HtmlPage:
    return HtmlPage(text_of_page(connection, run_id))


def test_the_headline_and_the_figures_are_those_of_the_rows(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    tiles = read.text_of("tiles")
    # 10,000 to 10,050; from 10,400 down to 10,040; 29.19 and -4.14 net; 29.19 / 4.14.
    for words in ("return 0.50 %", "+25.05 USDT", "3.46 %", "closed trades 2 closed on 2", "50.00 %", "7.05"):
        assert words in tiles
    assert read.row("figures", "net per trade")[1:4] == ["12.53 USDT", "-", "2"]
    assert read.row("figures", "always flat")[1] == "0.00 USDT"
    assert read.row("figures", "equity at the end")[-1] == "1 open, 25.00 USDT unrealised"


def test_the_costs_lead_from_the_decisions_prices_to_net(connection: psycopg.Connection) -> None:
    costs = [(row[0].split()[0], row[2]) for row in read_page(connection).tables["costs"][1:]]
    assert costs == [
        ("at", "+26.00"), ("spread", "0.00"), ("slippage", "0.00"), ("gross", "+26.00"), ("maker", "-0.20"),
        ("taker", "-0.65"), ("funding", "-0.10"), ("net", "+25.05"),
    ]  # fmt: skip


def test_results_are_split_by_everything_that_trades_have_in_common(connection: psycopg.Connection) -> None:
    table = read_page(connection).tables["splits"]
    rows = {row[0]: (row[1], row[2], row[4]) for row in table if len(row) == 5}
    assert rows["Funding squeeze"] == ("1", "100.0 %", "+29.19")
    assert rows["Crowding fade"] == ("1", "0.0 %", "-4.14")
    assert rows["BTC"] == ("1", "100.0 %", "+29.19")
    assert rows["Not known"] == ("2", "50.0 %", "+25.05")
    assert rows["LONG"] == ("1", "100.0 %", "+29.19")
    assert rows["Target hit"] == ("1", "100.0 %", "+29.19")
    assert rows["10:00"] == rows["2025-06"] == ("2", "50.0 %", "+25.05")
    assert (rows["2025-06-01"][2], rows["2025-06-02"][2]) == ("+29.19", "-4.14")


def test_the_funnel_counts_every_gate_and_what_went_on(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    gates = read.text_of("funnel")
    # 21 pair-minutes: one has stale data, 20 go on; 8 signals and 12 quiet minutes, of the signals one is
    # stopped by the news and one is too weak.
    for words in (
        "1. Data health 20 of 21 let through",
        "2. Statistical 19 of 20 let through",
        "3. ML score 8 of 21 let through",
        "4. LLM analysis 7 of 8 let through",
        "5. Risk 2 of 6 let through",
        "6. Execution 1 of 2 let through",
    ):
        assert words in gates
    stale = next(row for row in read.tables["funnel"] if row[1].startswith("DATA_STALE"))
    assert (stale[0], stale[3]) == ("stopped", "1 4.8 %")
    assert read.row("funnel", "OI divergence")[1:] == ["2", "0", "0", "0", "0", "0", "1", "1"]


def test_the_table_of_trades_holds_every_trade_once(connection: psycopg.Connection) -> None:
    plotted = read_page(connection).plotted
    keys = [key for key, _, _ in plotted["columns"]]
    first, second, third = (dict(zip(keys, row, strict=True)) for row in plotted["trades"])
    assert (first["pair"], first["side"], first["net_usd"]) == ("BTC", "LONG", 29.19)
    # 1 June 2025, 10:01 to 12:00; 29.19 / (10 x 1.4) = 2.085; 0.71 of fees are paid.
    assert (first["opened_utc"], first["held_seconds"], first["fees_usd"]) == (1_748_772_060, 7_140, -0.71)
    assert (first["stop_price"], first["net_r"]) == (98.5, pytest.approx(2.085))
    assert second["exit_reason"] != third["exit_reason"] == "Open"
    assert third["exit_price"] is third["closed_utc"] is None


def test_the_market_of_a_pair_is_drawn_from_its_rows(connection: psycopg.Connection) -> None:
    connection.execute(MARKET)
    plotted = read_page(connection).plotted
    bars = plotted["pairs"]["BTC"]
    # From 10:00 on 1 June to the last close, at 9:00 on the day after: 1,381 bars of a minute.
    assert (bars["start"], bars["seconds"], len(bars["close"])) == (1_748_772_000, 60, 1_381)

    def bar(name: str, hour: int, minute: int) -> float | None:
        value: float | None = bars[name][60 * (hour - 10) + minute]
        return value

    assert [bar(name, 11, 59) for name in ("open", "high", "low", "close")] == [100, 103, 99, 100.5]
    # C128: without a traded value, volume x (high + low + close) / 3.
    assert bar("volume_usd", 10, 30) == pytest.approx(5 * (101 + 99 + 100.5) / 3)
    # After 12:30 only a five-minute candle is recorded; the one of 12:00 has minutes of its own.
    assert (bar("close", 12, 31), bar("high", 12, 0), bar("high", 12, 35)) == (None, 101, 500)
    assert [bar("funding", *at) for at in ((10, 0), (10, 59), (11, 0))] == [0.0001, 0.0001, -0.0002]
    assert [bar("open_interest", *at) for at in ((10, 0), (10, 4), (12, 0))] == [700, 700, 800]
    assert (bar("long_liquidations_usd", 10, 3), bar("short_liquidations_usd", 10, 3)) == (300, 500)
    assert plotted["opens"] == "BTC"


def test_equity_is_drawn_in_steps_from_its_rows(connection: psycopg.Connection) -> None:
    equity = read_page(connection).plotted["equity"]
    # Rows at 10, 11, 12, 33 and 34 h; from 12 to 33 h nothing changed.
    first, last = 1_748_779_200, 1_748_854_800 - equity["seconds"]
    times = [equity["start"] + equity["seconds"] * place for place in range(len(equity["equity"]))]
    flat = [place for place, time in enumerate(times) if first <= time < last]
    assert len(flat) > 100
    assert {equity["equity"][place] for place in flat} == {10_260}
    assert {equity["exposure"][place] for place in flat[1:]} == {800}
    assert max(value for value in equity["drawdown"] if value) == pytest.approx(360 / 10_400, rel=1e-6)


def test_confidence_and_outcomes_are_told(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    assert read.row("calibration", "0.600")[:3] == ["0.600", "2", "50.0 %"]
    assert read.row("calibration", "0.600")[-1] == "9.5 % to 90.5 %"
    bins = {row[0]: row[2] for row in read.tables["outcomes"]}
    assert (bins["-6 to -4"], bins["+28 to +30"]) == ("1", "1")


def test_the_facts_and_the_honest_sentences_are_there(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    facts = read.text_of("facts")
    for words in (
        "Market simulated (generated)",
        "Seed 7",
        "Readings d",
        "Cost model 1",
        "with the defaults",
    ):
        assert words in facts
    honest = read.text_of("honest")
    assert "Paper fills are simulated" in honest
    assert "nothing about what it would earn" in honest
    assert "Sample: 2 closed trades on 2 UTC days. An interval needs 6 days with trades" in honest
    assert "2025-06-01 10:03 UTC, SOL: Funding spike > 0.5%; still latched" in honest


def test_what_is_not_the_default_is_listed_beside_the_default(connection: psycopg.Connection) -> None:
    plant(connection, "some-model")
    read = read_page(connection)
    assert read.row("facts", "setting") == ["setting", "LLM_MODEL", "some-model", "none"]
    assert ["setting", "MAX_POSITIONS", "3", "5"] in read.tables["facts"]
    assert ["stress", "spread_x5", "spreads times 5", "none"] in read.tables["facts"]
    assert "MAX_LEVERAGE" not in read.text_of("facts")
    assert "LLM_MODEL=some-model, MAX_POSITIONS=3, stress spread_x5" in read.text_of("honest")
    assert "Data hash facts-hash" in read.text_of("facts")


def without_library(text: str) -> str:
    """The page less the plot library, whose licence and name hold addresses."""
    start = text.index("/*!\n * @license")
    return text[:start] + text[text.index("</script>", start) :]


@pytest.mark.parametrize("run_id", [7, 8])
def test_the_page_is_whole_and_refers_to_nothing_outside(connection: psycopg.Connection, run_id: int) -> None:
    text = text_of_page(connection, run_id)
    read = HtmlPage(text)
    assert read.faults == []
    assert len(read.ids) == len(set(read.ids))
    assert len(text.encode()) < 1_500_000
    written = without_library(text).replace("https://www.tradingview.com/", "")
    assert not re.search(r"https?:|@import|url\(|\bfetch\(|XMLHttpRequest|\bimport\(", written)
    outside = {"src", "srcset", "action", "poster", "xlink:href"}
    assert not [found for found in read.attributes if found[1] in outside]
    links = [value for _, name, value in read.attributes if name == "href"]
    named = {link.removeprefix("#") for link in links if link.startswith("#")}
    assert [link for link in links if not link.startswith("#")] == ["data:,", "https://www.tradingview.com/"]
    assert named <= set(read.ids)


def test_the_plot_library_is_the_published_file(connection: psycopg.Connection) -> None:
    folder = Path(plot_data.__file__).parent / "library"
    library = (folder / "lightweight-charts.standalone.production.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() in (folder / "README.md").read_text(encoding="utf-8")
    assert library.decode() in text_of_page(connection, 8)


def test_every_plot_says_what_it_shows(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    plots = [value for _, name, value in read.attributes if name == "data-plot"]
    labels = [value for tag, name, value in read.attributes if (tag, name) == ("div", "aria-label")]
    assert plots == ["equity", "market"]
    assert any(label.startswith("Equity in USDT") for label in labels)
    assert any(label.startswith("Candles of the pair") for label in labels)


def test_what_the_database_holds_is_text_and_never_markup(connection: psycopg.Connection) -> None:
    plant(connection, HOSTILE)
    text = text_of_page(connection, 7)
    read = HtmlPage(text)
    assert read.faults == []
    assert text.count("<script") == 3
    assert "BTC<b>" not in text
    for section in ("honest", "facts"):
        assert HOSTILE in read.text_of(section)
    assert "BTC<b>" in read.text_of("markets")
    assert "BTC<b>" in read.plotted["pairs"]


def test_a_run_of_nothing_is_a_page_without_zeros(connection: psycopg.Connection) -> None:
    read = read_page(connection, 8)
    assert "return -" in read.text_of("tiles")
    for section, words in (
        ("equity", "there is no path to draw"),
        ("trades", "No trade was opened"),
        ("splits", "No trade was closed"),
        ("funnel", "No verdict is recorded"),
        ("calibration", "No trade with a known confidence was closed"),
    ):
        assert words in read.text_of(section)


def test_a_large_run_still_makes_a_small_page(connection: psycopg.Connection) -> None:
    """Noise is the hardest to pack: as many trades and bars as a page takes."""
    report = read_report(connection, 7)
    data = plot_data.read_plot_data(connection, report)
    noise = np.random.default_rng(1)
    columns = data.pairs["BTC"].columns
    bars = MarketBars(data.pairs["BTC"].grid, {name: list(100 * noise.random(20_000)) for name in columns})
    trades = [
        {
            **report.trades[0],
            "number": number,
            "net_pnl_usd": Decimal(repr(noise.normal())),
            "entry_price": Decimal(repr(noise.random())),
        }
        for number in range(plot_data.OPENING_TRADES)
    ]
    text = page(replace(report, trades=trades), replace(data, pairs={"BTC": bars}))
    assert len(text.encode()) < 1_500_000


def test_the_page_is_written_to_the_file(connection: psycopg.Connection, tmp_path: Path) -> None:
    write_html_report(connection, 7, tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == text_of_page(connection, 7)
    with pytest.raises(StopError, match="cannot be written"):
        write_html_report(connection, 7, tmp_path / "none" / "run.html")
    with pytest.raises(StopError, match="there is no run 99"):
        write_html_report(connection, 99, tmp_path / "run.html")


def test_trades_are_written_as_csv_with_exact_money(connection: psycopg.Connection, tmp_path: Path) -> None:
    report = read_report(connection, 7)
    assert write_csv(report, tmp_path / "trades.csv") == [tmp_path / "trades.csv"]
    with (tmp_path / "trades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["pair"] for row in rows] == ["BTC", "ETH", "SOL"]
    assert (rows[0]["opened_utc"], rows[0]["net_usd"], rows[0]["funding_usd"]) == (
        "2025-06-01T10:01:00+00:00", "29.19", "-0.1",
    )  # fmt: skip
    assert (rows[2]["closed_utc"], rows[2]["exit_price"]) == ("", "")
    with pytest.raises(StopError, match=r"none.trades\.csv cannot be written"):
        write_csv(report, tmp_path / "none" / "trades.csv")


def test_a_folder_gets_trades_figures_and_facts(connection: psycopg.Connection, tmp_path: Path) -> None:
    plant(connection, "some-model")
    written = write_csv(read_report(connection, 7), tmp_path)
    assert [path.name for path in written] == ["run-7-trades.csv", "run-7-figures.csv", "run-7-facts.csv"]
    facts = dict(csv.reader((tmp_path / "run-7-facts.csv").read_text(encoding="utf-8").splitlines()))
    assert (facts["setting MAX_POSITIONS"], facts["stress spread_x5"]) == ("3", "spreads times 5")
    figures = csv.DictReader((tmp_path / "run-7-figures.csv").read_text(encoding="utf-8").splitlines())
    assert {row["key"]: row["value"] for row in figures}["closed_trades"] == "2.0"
