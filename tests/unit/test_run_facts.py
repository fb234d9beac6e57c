"""The sentences of a report about the run itself."""

from datetime import UTC, datetime, timedelta, timezone

from hydra.answers.run_facts import kill_sentences

START = datetime(2025, 6, 1, 10, tzinfo=UTC)


def kill(day: int, cleared_by: str | None = None) -> dict[str, object]:
    """A kill switch latched at 10:00 of a day, cleared an hour later by somebody or not at all."""
    latched = START + timedelta(days=day)
    return {
        "latched_time": latched,
        "base": None,
        "scope": "portfolio",
        "cause": "DAILY_DRAWDOWN: 5.1 % > 5 %",
        "cleared_time": latched + timedelta(hours=1) if cleared_by else None,
        "cleared_by": cleared_by,
        "clear_reason": "the cause is gone" if cleared_by else None,
    }


def test_a_kill_says_when_why_and_who_cleared_it() -> None:
    assert kill_sentences([kill(0, "ann"), kill(1)]) == [
        "2025-06-01 10:00 UTC, portfolio: DAILY_DRAWDOWN: 5.1 % > 5 %; "
        "cleared 2025-06-01 11:00 by ann (the cause is gone)",
        "2025-06-02 10:00 UTC, portfolio: DAILY_DRAWDOWN: 5.1 % > 5 %; still latched",
    ]


def test_of_many_kills_the_newest_are_listed_and_all_are_counted() -> None:
    kills = [kill(day, "assumed operator") for day in range(6)] + [kill(6, "ann"), kill(7)]
    first, *newest = kill_sentences(kills)
    assert first == "latched 8 times; cleared: 6 by assumed operator, 1 by ann; the newest 5 follow"
    assert [sentence[:10] for sentence in newest] == [f"2025-06-0{day}" for day in range(4, 9)]


def test_a_time_is_utc_whatever_zone_it_carries() -> None:
    berlin = {**kill(0), "latched_time": START.astimezone(timezone(timedelta(hours=2)))}
    assert kill_sentences([berlin])[0].startswith("2025-06-01 10:00 UTC")
