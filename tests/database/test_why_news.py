"""`hydra why` tells what the news gate had: a view and its age, or which scan left the pair without one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from hydra.answers import why
from hydra.answers.why import Explanation
from hydra.answers.why_gates import GateAnswer, GateVerdict
from hydra.answers.why_news import NO_SCAN, SCAN_WORDS
from hydra.cli.why import lines
from hydra.domain import ScanOutcome
from hydra.reason_words import Gate
from tests.support.news_rows import add_scan, add_view
from tests.support.why_scenario import write_why_scenario

RUN, BTC = 7, 1
MINUTE = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
"""BTC's minute that traded: the gate is reached, and no view of the scenario is of this pair."""
FAILED = [one for one in ScanOutcome if one not in {ScanOutcome.ANALYZED, ScanOutcome.PARTIAL}]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """The scenario in a transaction that never commits."""
    with psycopg.connect(database_url, options="-c timezone=UTC") as opened:
        write_why_scenario(opened)
        yield opened
        opened.rollback()


def gate(connection: psycopg.Connection) -> GateAnswer:
    found = why.explain(connection, "BTC", "2025-06-01T10:00", RUN)
    assert isinstance(found, Explanation)
    printed = "\n".join(line.plain for line in lines(found))
    answer = found.gate(Gate.NEWS)
    assert all(words in printed for words in answer.words)
    return answer


def minutes_before(minutes: float) -> datetime:
    return MINUTE - timedelta(minutes=minutes)


def test_without_a_scan_the_view_is_not_recorded(connection: psycopg.Connection) -> None:
    answer = gate(connection)
    assert (answer.verdict, answer.words) == (GateVerdict.NO_VIEW, (NO_SCAN,))


@pytest.mark.parametrize("outcome", FAILED)
def test_every_failure_of_a_scan_is_told_with_its_age(
    connection: psycopg.Connection, outcome: ScanOutcome
) -> None:
    add_scan(connection, RUN, minutes_before(12), outcome, detail="what exactly it was")
    answer = gate(connection)
    assert answer.verdict is GateVerdict.NO_VIEW, "an absent view never blocks"
    assert answer.words == (
        "no news view; its absence never blocks",
        f"the scan of 2025-06-01 09:48 UTC, 12.0 min old, left none: {SCAN_WORDS[outcome]} [{outcome}]: "
        "what exactly it was",
    )


def test_every_outcome_has_words_of_its_own() -> None:
    assert set(SCAN_WORDS) == set(ScanOutcome)
    assert len(set(SCAN_WORDS.values())) == len(ScanOutcome)


def test_a_partial_answer_is_told_for_the_pair_that_it_left_out(connection: psycopg.Connection) -> None:
    scan_id = add_scan(connection, RUN, minutes_before(5), ScanOutcome.PARTIAL, detail="BTC is missing")
    add_view(connection, RUN, 2, minutes_before(5), "hold", "low", scan_id=scan_id)
    assert gate(connection).words[1] == (
        "the scan of 2025-06-01 09:55 UTC, 5.0 min old, left none: "
        f"{SCAN_WORDS[ScanOutcome.PARTIAL]} [PARTIAL]: BTC is missing"
    )


def test_an_analysed_pair_shows_its_view_with_age(connection: psycopg.Connection) -> None:
    scan_id = add_scan(connection, RUN, minutes_before(20), ScanOutcome.ANALYZED)
    add_view(connection, RUN, BTC, minutes_before(20), "bullish", "low", scan_id=scan_id, reason="an upgrade")
    answer = gate(connection)
    assert answer.verdict is GateVerdict.PASSED
    assert answer.words == ("bullish (low confidence, 20.0 min old): an upgrade",)


def test_a_pair_that_no_headline_named_has_no_view(connection: psycopg.Connection) -> None:
    add_scan(connection, RUN, minutes_before(5), ScanOutcome.ANALYZED, detail="views of 7 pairs of 8")
    answer = gate(connection)
    assert answer.verdict is GateVerdict.NO_VIEW
    assert "no headline said anything of this pair [ANALYZED]" in answer.words[1]


def test_an_answer_that_was_not_there_yet_is_no_view(connection: psycopg.Connection) -> None:
    scan_id = add_scan(connection, RUN, minutes_before(1), ScanOutcome.ANALYZED)
    add_view(
        connection, RUN, BTC, minutes_before(1), "exit", "high", known_at=minutes_before(-1), scan_id=scan_id
    )
    answer = gate(connection)
    assert answer.verdict is GateVerdict.NO_VIEW
    assert answer.words[1].endswith("old: its answer was not known yet")


def test_a_failure_after_a_view_is_told_beside_it(connection: psycopg.Connection) -> None:
    scan_id = add_scan(connection, RUN, minutes_before(40), ScanOutcome.ANALYZED)
    add_view(connection, RUN, BTC, minutes_before(40), "bullish", "low", scan_id=scan_id)
    add_scan(connection, RUN, minutes_before(10), ScanOutcome.TIMED_OUT, detail="60 s")
    view, scan = gate(connection).words
    assert view.startswith("bullish (low confidence, 40.0 min old)")
    assert scan.endswith(f"left none: {SCAN_WORDS[ScanOutcome.TIMED_OUT]} [TIMED_OUT]: 60 s")


def test_a_view_older_than_two_scans_is_told_as_too_old(connection: psycopg.Connection) -> None:
    add_view(connection, RUN, BTC, minutes_before(75), "exit", "high")
    add_scan(connection, RUN, minutes_before(45), ScanOutcome.REFUSED)
    answer = gate(connection)
    assert answer.verdict is GateVerdict.NO_VIEW
    assert answer.words[1] == "the last one, exit, is 75.0 min old: older than two scans (60.0 min)"
    assert "[REFUSED]" in answer.words[2]


@pytest.mark.parametrize(
    ("views", "closes"),
    [
        ([(10, "exit", "low")], False),
        ([(10, "exit", "high")], True),
        ([(10, "exit", "low"), (40, "exit", "low")], True),
        ([(10, "exit", "low"), (70, "exit", "low")], False),
        ([(10, "exit", "low"), (40, "hold", "high")], False),
    ],
)
def test_an_exit_says_whether_it_closes(
    connection: psycopg.Connection, views: list[tuple[int, str, str]], closes: bool
) -> None:
    for minutes, action, confidence in views:
        add_view(connection, RUN, BTC, minutes_before(minutes), action, confidence)
    said = gate(connection).words[1]
    confirmed = "the exit is confirmed: it closes a position that was open before 2025-06-01 09:50 UTC"
    assert (said == confirmed) is closes
    assert ("closes nothing" in said) is not closes


@pytest.mark.parametrize("outcome", [ScanOutcome.ANALYZED, ScanOutcome.TIMED_OUT, ScanOutcome.NO_NEWS])
def test_a_scan_between_that_said_nothing_of_the_pair_breaks_the_row_of_two(
    connection: psycopg.Connection, outcome: ScanOutcome
) -> None:
    for minutes in (10, 40):
        scan_id = add_scan(connection, RUN, minutes_before(minutes), ScanOutcome.ANALYZED)
        add_view(connection, RUN, BTC, minutes_before(minutes), "exit", "low", scan_id=scan_id)
    assert "the exit is confirmed" in gate(connection).words[1]
    add_scan(connection, RUN, minutes_before(25), outcome)
    assert "closes nothing" in gate(connection).words[1]


def test_text_of_strangers_is_shown_escaped(connection: psycopg.Connection) -> None:
    add_view(connection, RUN, BTC, minutes_before(1), "bullish", "low", reason="[red]up[/] \x1b[31m<b>")
    found = why.explain(connection, "BTC", "2025-06-01T10:00", RUN)
    assert isinstance(found, Explanation)
    printed = "\n".join(line.plain for line in lines(found))
    assert "\x1b" not in printed
    assert "[red]up[/]" in printed, "markup is text"
