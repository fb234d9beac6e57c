"""A day of recorded headlines: 48 scans of eight pairs, rows complete, cost counted; again nothing is new."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from hydra.db.edition import Edition
from hydra.domain import ScanOutcome, ScanTrigger
from hydra.news.prompt import MOST_HEADLINES
from hydra.news.recorded import import_headlines
from hydra.news.scan import Scan, is_due, scan
from tests.support.messages_server import Reply, analyses, messages_server
from tests.support.news_scene import HALF_HOUR, NewsScene, news_scene
from tests.support.recorded_market import ABSENT, RECORDED
from tests.support.servers.databases import TestServer

HEADLINES = RECORDED / "news" / "headlines_en.parquet"
DAY = datetime(2025, 1, 7, tzinfo=UTC)
"""The day with the most headlines: 435."""
SCANS = 48

pytestmark = pytest.mark.skipif(not HEADLINES.is_file(), reason=ABSENT)


@pytest.fixture(scope="module")
def scene(servers: dict[Edition, TestServer]) -> Iterator[NewsScene]:
    with (
        servers[Edition.APACHE].migrated() as url,
        messages_server(Reply(analyses())) as server,
        news_scene(url, server) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def file_of_day(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("news") / "day.parquet"
    published = pl.col("published")
    pl.read_parquet(HEADLINES).filter(
        published.is_between(DAY, DAY + timedelta(days=1), closed="left")
    ).write_parquet(path)
    return path


def play(scene: NewsScene) -> list[Scan]:
    """Look every minute of the day whether a scan is due; from half an hour after midnight on."""
    settings = scene.settings()
    done = []
    for minute in range(30, 30 * (SCANS + 1), 1):
        time = DAY + timedelta(minutes=minute)
        if is_due(scene.worker, scene.run, time):
            done.append(scan(scene.worker, scene.run, settings, ScanTrigger.SCHEDULE, time))
    return done


def test_a_day_is_48_scans_with_complete_rows_and_again_nothing_is_new(
    scene: NewsScene, file_of_day: Any
) -> None:
    stored = import_headlines(scene.worker, file_of_day)
    assert stored.added == 435
    done = play(scene)
    assert [one.time for one in done] == [DAY + (number + 1) * HALF_HOUR for number in range(SCANS)]
    outcomes = Counter(one.outcome for one in done)
    asked = outcomes[ScanOutcome.ANALYZED]
    assert asked + outcomes[ScanOutcome.NO_NEWS] == SCANS
    assert asked == len(scene.server.asked)
    assert asked >= SCANS - 8
    assert len(scene.views()) == 8 * asked
    check_rows(scene.scans())

    # The same file again adds nothing; all of its headlines are known to the run.
    assert import_headlines(scene.worker, file_of_day).added == 0
    scene.owner.execute("UPDATE hydra.news_scans SET trigger = 'forced'")
    again = play(scene)
    assert {one.outcome for one in again} == {ScanOutcome.NO_NEWS}
    assert (len(again), len(scene.server.asked)) == (SCANS, asked)


def check_rows(rows: list[dict[str, Any]]) -> None:
    """Prompt, answer, model, tokens, cost and time of every answered scan; the limits are kept."""
    answered = [row for row in rows if row["outcome"] == "ANALYZED"]
    optional = {"replayed_scan_id", "retry_at"}
    assert all(value is not None for row in answered for name, value in row.items() if name not in optional)
    assert all(0 < len(row["item_ids"]) <= MOST_HEADLINES for row in answered)
    for row in answered:
        tokens = Decimal(row["input_tokens"]) / 10 + Decimal(row["output_tokens"]) / 2
        assert row["cost_usd"] == (tokens / 1_000_000).quantize(Decimal("0.00000001"))
    total = sum(row["cost_usd"] for row in answered)
    most = max(row["input_tokens"] for row in answered)
    print(f"{len(answered)} scans, {total:.4f} USD, {most} tokens sent at most")
    assert Decimal("0.005") < total < Decimal("0.05")


def test_a_small_budget_ends_the_day_early_and_is_never_exceeded(scene: NewsScene, file_of_day: Any) -> None:
    scene.owner.execute("TRUNCATE hydra.news_scans, hydra.model_calls CASCADE")
    import_headlines(scene.worker, file_of_day)
    settings = scene.settings(llm_budget_usd_per_day=0.02)
    outcomes = [
        scan(scene.worker, scene.run, settings, ScanTrigger.SCHEDULE, DAY + (number + 1) * HALF_HOUR).outcome
        for number in range(SCANS)
    ]
    assert ScanOutcome.NO_BUDGET in outcomes
    assert ScanOutcome.ANALYZED in outcomes
    (spent,) = scene.rows("SELECT sum(cost_usd) AS usd FROM hydra.model_calls")
    assert 0 < spent["usd"] <= Decimal("0.02")
