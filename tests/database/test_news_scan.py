"""A scan leaves a row whatever comes of it; what is not right does not count; cost and waits are kept."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from hydra.db import locks
from hydra.db.edition import Edition
from hydra.domain import ScanOutcome, ScanTrigger
from hydra.errors import StopError
from hydra.news.scan import is_due, scan, scan_if_due, scan_now
from tests.support.messages_server import KEY, Reply, analyses, messages_server
from tests.support.news_scene import BEGIN, HALF_HOUR, NewsScene, news_scene
from tests.support.servers.databases import TestServer


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    with servers[Edition.APACHE].migrated() as url:
        yield url


@pytest.fixture
def scene(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewsScene]:
    monkeypatch.setattr("hydra.news.language_model.FIRST_PAUSE_S", 0.01)
    with messages_server(Reply(analyses())) as server, news_scene(database, server) as opened:
        opened.add_headline("Bitcoin does something", pairs=[1])
        yield opened


def without(symbol: str) -> str:
    rows = [row for row in json.loads(analyses())["analyses"] if row["symbol"] != symbol]
    return json.dumps({"analyses": rows})


def changed(pair: str, **fields: Any) -> str:
    rows = [
        {**row, **(fields if row["symbol"] == pair else {})} for row in json.loads(analyses())["analyses"]
    ]
    return json.dumps({"analyses": rows})


def test_a_good_scan_is_a_row_and_a_view_of_each_pair(scene: NewsScene) -> None:
    done = scene.scan()
    (row,) = scene.scans()
    assert (row["outcome"], row["trigger"], row["provider"]) == ("ANALYZED", "forced", "anthropic")
    assert (row["model_id"], row["stop_reason"], row["request_id"]) == (
        "claude-haiku-5-5",
        "end_turn",
        "req_1",
    )
    assert row["item_ids"] == ["item-0000"]
    assert row["answer"] == analyses()
    assert "Bitcoin does something" in row["prompt"]
    assert row["latency_ms"] > 0
    # haiku: 0.10 USD a million tokens sent, 0.50 answered.
    expected = (Decimal(row["input_tokens"]) / 10 + Decimal(row["output_tokens"]) / 2) / 1_000_000
    assert row["cost_usd"] == expected.quantize(Decimal("0.00000001"))
    assert done.scan_id == row["scan_id"]
    views = scene.views()
    assert [view["instrument_id"] for view in views] == list(range(1, 9))
    assert {(view["action"], view["confidence"], view["scan_id"]) for view in views} == {
        ("hold", "low", row["scan_id"])
    }
    assert views[0]["answer"] == json.loads(analyses())["analyses"][0]


def test_a_view_counts_only_after_every_minute_that_was_decided_without_it(scene: NewsScene) -> None:
    scene.add_cycle(BEGIN + timedelta(minutes=7))
    scene.scan()
    as_of = BEGIN + timedelta(minutes=7, seconds=2)
    assert {view["known_at"] for view in scene.views()} == {as_of + timedelta(seconds=1)}
    assert {view["time"] for view in scene.views()} == {BEGIN}


FAILURES: dict[ScanOutcome, tuple[dict[str, Any], Reply, str, int]] = {
    ScanOutcome.NO_KEY: ({"anthropic_api_key": None}, Reply(), "ANTHROPIC_API_KEY is not set", 0),
    ScanOutcome.NO_MODEL: ({"llm_model": None}, Reply(), "LLM_MODEL is not set", 0),
    ScanOutcome.NO_BUDGET: ({"llm_budget_usd_per_day": 0.0001}, Reply(), "LLM_BUDGET_USD_PER_DAY", 0),
    ScanOutcome.UNKNOWN_MODEL: (
        {
            "llm_model": "claude-3-5-sonnet-20241022",
            "llm_input_usd_per_mtok": 3,
            "llm_output_usd_per_mtok": 15,
        },
        Reply(),
        "has no model claude-3-5-sonnet-20241022 (any more)",
        0,
    ),
    ScanOutcome.BAD_KEY: (
        {"anthropic_api_key": SecretStr("sk-wrong")},
        Reply(),
        "does not accept the key",
        0,
    ),
    ScanOutcome.TIMED_OUT: ({"llm_timeout_seconds": 1.0}, Reply(delay_s=3.0), "within 1 s", 1),
    ScanOutcome.RATE_LIMITED: (
        {},
        Reply(status=429, headers={"retry-after": "120"}),
        "asks to wait 120 s",
        1,
    ),
    ScanOutcome.OVERLOADED: ({}, Reply(status=529), "is overloaded", 3),
    ScanOutcome.UNREACHABLE: ({"llm_base_url": "http://127.0.0.1:9"}, Reply(), "cannot be reached", 0),
    ScanOutcome.REFUSED: ({}, Reply("no", stop_reason="refusal"), "refused to answer", 1),
    ScanOutcome.CUT_OFF: ({}, Reply(analyses()[:200], stop_reason="max_tokens"), "cut off", 1),
    ScanOutcome.MALFORMED: ({}, Reply("I think that BTC will rise."), "no JSON", 1),
}


@pytest.mark.parametrize("outcome", FAILURES, ids=str)
def test_a_failure_is_a_row_with_a_sentence_and_leaves_no_view(
    scene: NewsScene, outcome: ScanOutcome
) -> None:
    settings, reply, words, calls = FAILURES[outcome]
    scene.server.replies = [reply]
    done = scene.scan(**settings)
    (row,) = scene.scans()
    assert (done.outcome, row["outcome"]) == (outcome, outcome.value)
    assert words in row["detail"]
    assert KEY not in str(row)
    assert "sk-wrong" not in str(row)
    assert len(scene.server.asked) == calls
    assert scene.views() == []
    is_paid = outcome in {ScanOutcome.REFUSED, ScanOutcome.CUT_OFF, ScanOutcome.MALFORMED}
    assert (row["cost_usd"] is not None, row["answer"] is not None) == (is_paid, is_paid)


def test_every_outcome_is_tried() -> None:
    others = {ScanOutcome.ANALYZED, ScanOutcome.PARTIAL, ScanOutcome.NO_NEWS}
    assert set(FAILURES) | others == set(ScanOutcome)


@pytest.mark.parametrize(
    ("answer", "left", "words"),
    [
        (without("ADA"), 7, "ADA: missing"),
        (changed("ADA", action="buy"), 7, "ADA: an unknown action"),
        (changed("ADA", confidence=1), 7, "ADA: a value is no text"),
        (changed("ADA", symbol="BTC"), 6, "BTC: named 2 times"),
        (changed("ADA", symbol="PEPE"), 7, "PEPE: not one of the pairs"),
        (changed("ADA", reason="x" * 501), 7, "ADA: a reason of more than 500 characters"),
        (changed("ADA", reason="\ud800"), 7, "ADA: a reason that is no text"),
        (changed("ADA", size_usd="9999"), 7, "ADA: other fields than asked for"),
        (changed("ADA", reason=""), 7, "ADA: no reason"),
    ],
)
def test_a_pair_that_is_not_exactly_right_has_no_view_and_the_others_keep_theirs(
    scene: NewsScene, answer: str, left: int, words: str
) -> None:
    scene.server.replies = [Reply(answer)]
    assert scene.scan().outcome is ScanOutcome.PARTIAL
    (row,) = scene.scans()
    assert (row["outcome"], len(scene.views())) == ("PARTIAL", left)
    assert words in row["detail"]
    assert row["answer"] is not None


def test_a_pair_without_news_has_no_view_and_the_scan_is_whole(scene: NewsScene) -> None:
    scene.server.replies = [Reply(changed("ADA", action="none"))]
    assert scene.scan().outcome is ScanOutcome.ANALYZED
    assert len(scene.views()) == 7
    assert scene.scans()[0]["detail"] == "7 pairs analyzed; no news of ADA"


def test_nothing_new_is_not_asked_and_a_failed_scan_leaves_the_headlines_new(scene: NewsScene) -> None:
    scene.server.replies = [Reply(status=401), Reply(analyses())]
    outcomes = [scene.scan(BEGIN + number * HALF_HOUR).outcome for number in range(3)]
    assert outcomes == [ScanOutcome.BAD_KEY, ScanOutcome.ANALYZED, ScanOutcome.NO_NEWS]
    assert len(scene.server.asked) == 2
    scene.add_headline("Something else", BEGIN + 3 * HALF_HOUR)
    assert scene.scan(BEGIN + 3 * HALF_HOUR).outcome is ScanOutcome.ANALYZED
    assert scene.scans()[-1]["item_ids"] == ["item-0001", "item-0000"]


def test_a_headline_that_was_stored_late_is_new_once(scene: NewsScene) -> None:
    """Known before the last scan, committed after it: it was not shown."""
    scene.scan(BEGIN + HALF_HOUR)
    scene.add_headline("Stored late", BEGIN + timedelta(minutes=29))
    outcomes = [scene.scan(BEGIN + number * HALF_HOUR).outcome for number in (2, 3)]
    assert outcomes == [ScanOutcome.ANALYZED, ScanOutcome.NO_NEWS]


def test_a_repetition_and_what_is_not_known_yet_are_not_shown(scene: NewsScene) -> None:
    scene.add_headline("Bitcoin does something!", BEGIN)
    scene.add_headline("Of tomorrow", BEGIN + timedelta(days=1))
    scene.add_headline("Of yesterday", BEGIN - timedelta(days=1))
    scene.owner.execute("UPDATE market.news_items SET duplicate_of = 'item-0000' WHERE item_id = 'item-0001'")
    assert scene.scan().item_ids == ("item-0000",)


def test_one_source_cannot_push_out_the_others(scene: NewsScene) -> None:
    for number in range(100):
        scene.add_headline(f"flood {number}", BEGIN - timedelta(seconds=number), source="flood")
    shown = scene.scan().item_ids
    assert len(shown) == 21
    assert "item-0000" in shown


def test_the_budget_of_a_day_counts_every_run_and_what_failed(scene: NewsScene) -> None:
    scene.server.replies = [Reply("no JSON")]
    scene.owner.execute("DELETE FROM hydra.model_calls")
    first = scene.scan()
    assert first.cost_usd is not None
    assert calls_cost(scene) == [first.cost_usd]
    # Another may cost 4,000 tokens x 0.50 USD a million = 0.002 USD, and what is sent: some 0.0003 USD.
    scene.owner.execute("UPDATE hydra.model_calls SET cost_usd = 0.9970")
    assert scene.scan().outcome is ScanOutcome.MALFORMED
    scene.owner.execute("UPDATE hydra.model_calls SET cost_usd = 0.9979 / 2")
    assert scene.scan().outcome is ScanOutcome.NO_BUDGET
    scene.owner.execute("UPDATE hydra.model_calls SET called_at = called_at - interval '1 day'")
    assert scene.scan().outcome is ScanOutcome.MALFORMED


@pytest.mark.parametrize(
    ("reply", "is_counted"),
    [
        (Reply(delay_s=3.0), True),
        (Reply(body=b"cut"), True),
        (Reply(status=401), False),
        (Reply(status=500), False),
    ],
    ids=["time-out", "damaged", "refused", "their error"],
)
def test_a_call_without_a_readable_answer_counts_as_the_most_unless_it_was_refused(
    scene: NewsScene, reply: Reply, is_counted: bool
) -> None:
    scene.owner.execute("DELETE FROM hydra.model_calls")
    scene.server.replies = [reply]
    scene.scan(llm_timeout_seconds=1)
    (cost_usd,) = calls_cost(scene)
    assert (Decimal("0.002") < cost_usd < Decimal("0.003")) if is_counted else cost_usd == 0


def test_a_call_counts_before_it_is_sent_so_a_loop_of_crashes_ends_at_the_budget(scene: NewsScene) -> None:
    scene.owner.execute("DELETE FROM hydra.model_calls")
    seen: list[Decimal] = []

    def look(_body: dict[str, Any]) -> str:
        seen.extend(calls_cost(scene))
        return analyses()

    scene.server.replies = [Reply(look)]
    scene.scan()
    assert len(seen) == 1
    assert Decimal("0.002") < seen[0] < Decimal("0.003")


def calls_cost(scene: NewsScene) -> list[Decimal]:
    """What the calls have cost, the earliest first."""
    with psycopg.connect(scene.url) as reader:
        rows = reader.execute("SELECT cost_usd FROM hydra.model_calls ORDER BY call_id").fetchall()
    return [row[0] for row in rows]


def test_a_model_without_a_price_is_not_asked(scene: NewsScene) -> None:
    done = scene.scan(llm_model="claude-sonnet-4-5")
    assert done.outcome is ScanOutcome.NO_BUDGET
    assert "LLM_INPUT_USD_PER_MTOK" in done.detail
    assert scene.server.asked == []


def test_an_answer_that_hides_its_tokens_counts_as_the_most(scene: NewsScene) -> None:
    scene.server.replies = [Reply(analyses(), has_usage=False)]
    done = scene.scan()
    # 4,000 tokens answered at 0.50 USD a million, and the bytes sent at 0.10.
    assert done.cost_usd is not None
    assert Decimal("0.002") < done.cost_usd < Decimal("0.003")


@pytest.mark.parametrize("tokens", [-1_000_000_000, 10**15])
def test_a_count_of_tokens_that_cannot_be_counts_as_the_most(scene: NewsScene, tokens: int) -> None:
    """Else one answer could make room in the day's budget, or end the scan without a row."""
    scene.server.replies = [Reply(analyses(), usage={"input_tokens": tokens, "output_tokens": 1})]
    done = scene.scan()
    assert (done.outcome, done.input_tokens) == (ScanOutcome.ANALYZED, None)
    assert done.cost_usd is not None
    assert Decimal("0.002") < done.cost_usd < Decimal("0.003")


def test_what_the_provider_asks_to_wait_is_kept_by_the_next_scans(scene: NewsScene) -> None:
    scene.server.replies = [Reply(status=429, headers={"retry-after": "120"}), Reply(analyses())]
    assert scene.scan().outcome is ScanOutcome.RATE_LIMITED
    second = scene.scan()
    assert second.outcome is ScanOutcome.RATE_LIMITED
    assert "asked not to be asked before" in second.detail
    assert len(scene.server.asked) == 1
    scene.owner.execute("UPDATE hydra.news_scans SET retry_at = now() - interval '1 second'")
    assert scene.scan().outcome is ScanOutcome.ANALYZED


def test_a_scan_by_schedule_is_due_once_in_its_half_hour(scene: NewsScene) -> None:
    settings = scene.settings()
    times = [BEGIN + timedelta(minutes=minute) for minute in range(0, 121, 5)]
    done = []
    for time in times:
        scene.add_headline(f"at {time}", time)
        if is_due(scene.worker, scene.run, time):
            scan(scene.worker, scene.run, settings, ScanTrigger.SCHEDULE, time)
            done.append(time)
    assert done == [BEGIN + number * HALF_HOUR for number in range(5)]


def test_the_schedule_is_that_of_the_run_whose_views_grow_old_by_it(scene: NewsScene) -> None:
    """A setting changed between start and resumption: views count for two scans of the run's record."""
    config = {**scene.run.config, "settings": {"llm_scan_minutes": 60}}
    run = replace(scene.run, config=config, config_hash="hourly")
    scan(scene.worker, run, scene.settings(), ScanTrigger.SCHEDULE, BEGIN)
    times = [BEGIN + timedelta(minutes=minutes) for minutes in (10, 30, 59, 60)]
    assert [is_due(scene.worker, run, time) for time in times] == [False, False, False, True]


def test_a_second_scan_while_the_clock_stands_keeps_both(scene: NewsScene) -> None:
    first = scene.scan()
    scene.add_headline("Stored meanwhile", BEGIN - timedelta(minutes=1))
    second = scene.scan()
    assert (first.outcome, second.outcome) == (ScanOutcome.ANALYZED, ScanOutcome.ANALYZED)
    assert (second.time - first.time, len(scene.views())) == (timedelta(microseconds=1), 16)


def test_the_schedule_goes_by_the_clock_of_the_run_and_one_scan_at_a_time(scene: NewsScene) -> None:
    settings = scene.settings()
    first = scan_if_due(scene.worker, scene.run, settings)
    assert first is not None
    assert timedelta(seconds=2) <= first.time - BEGIN < timedelta(seconds=62)
    assert scan_if_due(scene.worker, scene.run, settings) is None
    scene.add_cycle(BEGIN + HALF_HOUR)
    assert locks.take(scene.owner, locks.NEWS_SCAN)
    assert scan_if_due(scene.worker, scene.run, settings) is None
    locks.release(scene.owner, locks.NEWS_SCAN)
    assert scan_if_due(scene.worker, scene.run, settings) is not None


def test_stored_history_is_never_scanned(scene: NewsScene) -> None:
    scene.owner.execute("UPDATE hydra.runs SET config = config - 'exchange'")
    run = type(scene.run)(**{**vars(scene.run), "config": {"instrument_ids": [1]}})
    with pytest.raises(StopError, match="decides stored history"):
        scan_now(scene.worker, run, scene.settings())
    assert scan_if_due(scene.worker, run, scene.settings()) is None
    assert scene.server.asked == []


def test_openai_answers_behind_the_same_interface(scene: NewsScene) -> None:
    done = scene.scan(
        llm_provider="openai",
        openai_api_key=SecretStr(KEY),
        llm_model="gpt-6.1-sol",
        llm_input_usd_per_mtok=1,
        llm_output_usd_per_mtok=5,
    )
    assert (done.outcome, done.provider, len(scene.views())) == (ScanOutcome.ANALYZED, "openai", 8)
