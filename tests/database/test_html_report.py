"""The page of a small run: its numbers are those of the rows, and it refers to nothing outside itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hydra.answers.html_report.evaluation import evaluate
from hydra.answers.html_report.page import page
from hydra.answers.html_report.run_record import read_record
from hydra.answers.html_report.write import write_html_report
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
                'max_positions', 3, 'max_leverage', 10.0, 'llm_model', %(text)s::text)
        )
    """,
)


def plant(connection: psycopg.Connection, text: str) -> None:
    """Put `text` wherever a person or another program may write words that the page shows."""
    for statement in PLANTED:
        connection.execute(statement, {"text": text})


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario with candles, in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        opened.execute(CANDLES)
        yield opened
        opened.rollback()


def text_of_page(connection: psycopg.Connection, run_id: int) -> str:
    record = read_record(connection, run_id, most_pictures=240)
    return page(record, evaluate(record))


def read_page(connection: psycopg.Connection, run_id: int = 7) -> HtmlPage:
    return HtmlPage(text_of_page(connection, run_id))


def test_the_headline_and_the_figures_are_those_of_the_rows(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    tiles = read.text_of("tiles")
    # 10,000 to 10,050; from 10,400 down to 10,040; 29.19 and -4.14 net; 29.19 / 4.14.
    for words in (
        "Return 0.50 %",
        "+25.05 USDT",
        "3.46 %",
        "2 on 2 UTC days; 1 still open",
        "50.00 %",
        "7.05",
    ):
        assert words in tiles
    assert read.row("figures", "Net per trade")[1:4] == ["12.53 USDT", "-", "2"]
    assert read.row("figures", "Always flat")[1] == "0.00 USDT"


def test_the_costs_lead_from_the_decisions_prices_to_net(connection: psycopg.Connection) -> None:
    costs = [(row[0], row[2]) for row in read_page(connection).tables["costs"][1:]]
    # Maker 0.20 on the entry, taker 0.51 on the target; the 0.14 of ETH have no fill in this scenario.
    names = [
        "At the decisions' prices",
        "Spread",
        "Slippage",
        "Gross",
        "Maker fees",
        "Taker fees",
        "Other fees",
    ]
    assert [name.startswith(wanted) for (name, _), wanted in zip(costs, names, strict=False)] == [True] * 7
    assert [amount for _, amount in costs] == [
        "+26.00", "0.00", "0.00", "+26.00", "-0.20", "-0.51", "-0.14", "-0.10", "+25.05",
    ]  # fmt: skip


def test_results_are_split_by_generator_pair_regime_and_hour(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    rows = {row[0]: (row[1], row[2], row[4]) for row in read.tables["splits"] if len(row) == 5}
    assert rows["Funding squeeze"] == ("1", "100.0 %", "+29.19")
    assert rows["Crowding fade"] == ("1", "0.0 %", "-4.14")
    assert rows["BTC"] == ("1", "100.0 %", "+29.19")
    assert rows["Not known"] == ("2", "50.0 %", "+25.05")
    assert "10 h: +25.05 USDT in 2 trades" in read.text_of("splits")


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
    assert read.row("funnel", "OI divergence")[1:] == ["2", "0", "0", "0", "0", "1", "1"]


def test_trades_stand_on_candles_with_stop_target_exit_and_reason(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    shown = read.text_of("trades")
    assert (
        "Opened 2025-06-01 10:01 UTC at 99.9, stop 98.5, target 103; closed 2025-06-01 12:00 at 102.9: "
        "the target was reached; net +29.19 USDT."
    ) in shown
    listed = next(row for row in read.tables["trades"] if row[0].startswith("1"))
    # 29.19 / (10 x 1.4) = 2.085
    assert listed[1:5] == ["LONG", "01 Jun 10:01", "+29.19", "+2.08"]
    assert listed[-1] == "the target was reached"
    assert "lowest 99, highest 103" in shown
    assert "still open" in shown


def test_confidence_outcomes_and_exposure_are_told(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    assert read.row("calibration", "0.600") == ["0.600", "2", "50.0 %", "9.5 % to 90.5 %"]
    assert "2 trades from -4.14 to +29.19 USDT, median +12.53 USDT; 1 won." in read.text_of("outcomes")
    # All but the first of 24 hours and a minute: 1,381 of 1,441 minutes.
    assert "Exposed in 95.8 % of the time; largest 1,400.00 USDT" in read.text_of("exposure")
    assert "was 2.00 % of equity" in read.text_of("exposure")


def test_the_facts_and_the_honest_sentences_are_there(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    facts = read.text_of("facts")
    for words in ("Market simulated (generated)", "Seed 7", "Decision set d", "Cost model version 1"):
        assert words in facts
    honest = read.text_of("honest")
    assert "Paper fills are simulated" in honest
    assert "nothing about what it would earn" in honest
    assert "Sample: 2 closed trades on 2 UTC days. That is too little for an interval" in honest
    assert "2025-06-01 10:03 UTC, SOL: Funding spike > 0.5%; still latched" in honest


def test_changed_settings_are_listed_beside_their_defaults(connection: psycopg.Connection) -> None:
    plant(connection, "some-model")
    read = read_page(connection)
    assert read.row("facts", "MAX_POSITIONS") == ["MAX_POSITIONS", "3", "5"]
    assert read.row("facts", "LLM_MODEL") == ["LLM_MODEL", "some-model", "None"]
    assert not any(row[0] == "MAX_LEVERAGE" for row in read.tables["facts"] if row)
    assert "Data hash facts-hash" in read.text_of("facts")


@pytest.mark.parametrize("run_id", [7, 8])
def test_the_page_is_whole_and_refers_to_nothing_outside(connection: psycopg.Connection, run_id: int) -> None:
    text = text_of_page(connection, run_id)
    read = HtmlPage(text)
    assert read.faults == []
    assert len(read.ids) == len(set(read.ids))
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    outside = {"src", "srcset", "action", "poster", "xlink:href"}
    assert not [found for found in read.attributes if found[1] in outside]
    links = [value for _, name, value in read.attributes if name == "href"]
    assert [link for link in links if not link.startswith("#")] == ["data:,"]
    assert {link.removeprefix("#") for link in links if link.startswith("#")} <= set(read.ids)


def test_every_plot_has_a_title_and_a_description(connection: psycopg.Connection) -> None:
    read = read_page(connection)
    labelled = [value for _, name, value in read.attributes if name == "aria-labelledby"]
    assert len(labelled) == read.titled_plots > 10
    assert {name for label in labelled for name in label.split()} <= set(read.ids)


def test_what_the_database_holds_is_text_and_never_markup(connection: psycopg.Connection) -> None:
    plant(connection, HOSTILE)
    text = text_of_page(connection, 7)
    read = HtmlPage(text)
    assert read.faults == []
    assert text.count("<script") == 1
    assert "BTC<b>" not in text
    for section in ("honest", "facts"):
        assert HOSTILE in read.text_of(section)
    assert "BTC<b>" in read.text_of("trades")


def test_a_run_of_nothing_is_a_page_without_zeros(connection: psycopg.Connection) -> None:
    read = read_page(connection, 8)
    assert "Return -" in read.text_of("tiles")
    for section, words in (
        ("equity", "there is no path to draw"),
        ("splits", "No trade was closed"),
        ("funnel", "No verdict is recorded"),
        ("calibration", "No trade with a known confidence was closed"),
    ):
        assert words in read.text_of(section)


def test_only_the_largest_results_are_pictured_when_there_are_too_many(
    connection: psycopg.Connection,
) -> None:
    record = read_record(connection, 7, most_pictures=1)
    assert [number for pair in record.pairs for number in pair.pictures] == [1]
    read = HtmlPage(page(record, evaluate(record)))
    assert read.faults == []
    assert sum(name == "data-show" for _, name, _ in read.attributes) == 1


def test_the_page_is_written_to_the_file(connection: psycopg.Connection, tmp_path: Path) -> None:
    write_html_report(connection, 7, tmp_path / "run.html")
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == text_of_page(connection, 7)
    with pytest.raises(StopError, match="cannot be written"):
        write_html_report(connection, 7, tmp_path / "none" / "run.html")
    with pytest.raises(StopError, match="there is no run 99"):
        write_html_report(connection, 99, tmp_path / "run.html")
