"""The question of a scan: headlines are lines of JSON between marks that nobody can guess, clean and cut."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.news.items import LONGEST_TITLE
from hydra.news.prompt import (
    LONGEST_SUMMARY,
    SCHEMA,
    SYMBOLS,
    Prompt,
    ShownHeadline,
    build_prompt,
)
from tests.support.injected_headlines import INJECTIONS

TIME = datetime(2025, 6, 1, 12, tzinfo=UTC)
NONCE = "0123456789abcdef0123456789abcdef"


def asked(*titles: str, summary: str | None = None) -> Prompt:
    headlines = [ShownHeadline(f"item-{title[:5]}", TIME, "wire", title, summary, (1, 8)) for title in titles]
    return build_prompt(headlines, TIME, NONCE)


def between_the_marks(prompt: Prompt) -> list[dict[str, object]]:
    lines = prompt.user.split("\n")
    assert (lines[1], lines[-1]) == (f"BEGIN HEADLINES {NONCE}", f"END HEADLINES {NONCE}")
    return [json.loads(line) for line in lines[2:-1]]


def test_a_headline_is_a_line_with_its_time_source_and_pairs() -> None:
    assert between_the_marks(asked("Bitcoin rises", summary="A bit")) == [
        {
            "published": "2025-06-01 12:00",
            "source": "wire",
            "pairs": ["BTC", "DOGE"],
            "headline": "Bitcoin rises",
            "summary": "A bit",
        }
    ]


def test_without_pairs_it_concerns_the_market() -> None:
    prompt = build_prompt([ShownHeadline("a", TIME, "wire", "Fed decides")], TIME, NONCE)
    assert between_the_marks(prompt)[0]["pairs"] == "market"


def test_the_instructions_name_the_marks_all_pairs_and_all_answers() -> None:
    system = asked("x").system
    for word in (*SYMBOLS, "bullish", "bearish", "hold", "exit", "high", "medium", "low", NONCE):
        assert word in system
    assert json.dumps(SCHEMA).count("additionalProperties") == 2


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda one: one.kind)
def test_an_injection_stays_in_its_line(injection: object) -> None:
    title = injection.title  # type: ignore[attr-defined]  # an Injection
    (shown,) = between_the_marks(asked(title, summary=title))
    assert len(str(shown["headline"])) <= LONGEST_TITLE
    assert len(str(shown.get("summary", ""))) <= LONGEST_SUMMARY
    assert str(shown["headline"]).isprintable()


@given(st.lists(st.text(max_size=400), max_size=5))
def test_any_text_stays_in_its_line(titles: list[str]) -> None:
    assert len(between_the_marks(asked(*titles))) == len(titles)
