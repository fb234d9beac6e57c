"""A message of an alert: short, whole, and nothing in it acts."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.alerts.message import LONGEST, Message, Phase, Told

SINCE = datetime(2026, 11, 28, 8, 30, 5, tzinfo=UTC)
KILL: Final = Told(
    alert_id=12,
    kind="kill_switch",
    subject="run 3, kill switch 7",
    severity="CRITICAL",
    happened="The kill switch of run 3 is latched: Daily drawdown 5.20% > 5%",
    done="HYDRA closes what is open.",
    advice="`hydra resume --run 3 --reason TEXT` clears it.",
    since=SINCE,
    resolved_at=None,
    number=1,
    phase=Phase.NEW,
)


def test_it_says_what_where_since_when_what_was_done_and_what_to_do() -> None:
    message = Message(KILL)
    assert message.title == "HYDRA CRITICAL: run 3, kill switch 7"
    first, second, third, fourth, last = message.text.split("\n")
    assert first == "The kill switch of run 3 is latched: Daily drawdown 5.20% > 5%."
    assert second.startswith("Since 2026-11-28 08:30:05 UTC, on ")
    assert third == "HYDRA closes what is open."
    assert fourth == "What to do: `hydra resume --run 3 --reason TEXT` clears it."
    assert last == "Alert 12, message 1."


@pytest.mark.parametrize(
    ("phase", "title"),
    [
        (Phase.STILL, "HYDRA still CRITICAL: run 3, kill switch 7"),
        (Phase.OVER, "HYDRA over: run 3, kill switch 7"),
        (Phase.PASSED, "HYDRA over, was CRITICAL: run 3, kill switch 7"),
    ],
)
def test_its_title_says_whether_it_lasts(phase: Phase, title: str) -> None:
    assert Message(replace(KILL, phase=phase)).title == title


def test_an_end_says_from_when_to_when_and_asks_for_nothing() -> None:
    over = replace(KILL, phase=Phase.OVER, resolved_at=SINCE + timedelta(minutes=5), number=2)
    text = Message(over).text
    assert "Since 2026-11-28 08:30:05 UTC, over since 2026-11-28 08:35:05 UTC" in text
    assert "What to do" not in text


def test_it_counts_what_is_held_back() -> None:
    assert "4 more are held back" in Message(KILL, held_back=4).text
    assert Message(KILL, held_back=4).as_json["held_back"] == 4


def test_a_message_that_goes_out_twice_has_one_key_and_another_has_another() -> None:
    assert Message(KILL).key == Message(KILL).key == "12-1"
    assert Message(replace(KILL, number=2)).key == "12-2"


@given(st.text(), st.text())
def test_no_text_from_outside_acts_or_makes_it_long(happened: str, subject: str) -> None:
    message = Message(replace(KILL, happened=happened, subject=subject))
    assert all(line.isprintable() for line in message.text.split("\n"))
    assert message.title.isprintable()
    assert len(message.text.split("\n")) == 5
    assert len(message.text) < 2 * LONGEST
    assert json.loads(message.encoded())["alert"] == 12
