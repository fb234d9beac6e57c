"""Whoever can write a headline must not be able to trade: what comes of it if the model obeys every one.

The worst is a veto, or the view "exit", which closes only under the conditions of C25.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from hydra.cli.news_analyst import print_scans, print_views
from hydra.cli.output import TextConsole
from hydra.db.edition import Edition
from hydra.domain import NewsAction, NewsConfidence, ReasonCode, ScanOutcome, Side
from hydra.layers.layer3_news import NewsView, exit_is_confirmed, news_veto, pair_news
from hydra.news.items import LONGEST_TITLE, Headline
from hydra.news.prompt import MOST_HEADLINES, SYMBOLS
from hydra.news.store import store_headlines
from tests.support.injected_headlines import INJECTIONS, Injection
from tests.support.messages_server import Reply, messages_server
from tests.support.news_scene import BEGIN, NewsScene, news_scene
from tests.support.outside_texts import that_act
from tests.support.servers.databases import TestServer

APART = timedelta(days=3)
"""So far apart that no headline repeats another, and none is in the same question."""
EXIT_OF_C25 = "exit of high confidence (C25)"
VETOES = {ReasonCode.NEWS_HOLD, ReasonCode.NEWS_EXIT, ReasonCode.NEWS_AGAINST}
TABLES = """
SELECT schemaname || '.' || tablename AS name FROM pg_tables
WHERE schemaname IN ('hydra', 'market', 'ml') AND tablename NOT LIKE 'news\\_%' AND tablename <> 'model_calls'
ORDER BY name
"""


@pytest.fixture(scope="module")
def scene(servers: dict[Edition, TestServer]) -> Iterator[NewsScene]:
    with (
        servers[Edition.APACHE].migrated() as url,
        messages_server(Reply()) as server,
        news_scene(url, server) as opened,
    ):
        yield opened


def everything_else(scene: NewsScene) -> dict[str, int]:
    """The rows of every table that is neither of the news nor of what the model cost."""
    return {
        row["name"]: scene.rows(f"SELECT count(*) AS n FROM {row['name']}")[0]["n"]  # noqa: S608
        for row in scene.rows(TABLES)
    }


def obey(scene: NewsScene, injection: Injection, time: datetime) -> Any:
    """The headline goes in as from a feed; the model does what it wants."""
    headline = Headline("wire", injection.title, time, summary=injection.summary)
    store_headlines(scene.worker, [(headline, time)])
    scene.server.replies = [Reply(injection.wanted)]
    return scene.scan(time, llm_budget_usd_per_day=100.0)


def headlines_shown(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands between the marks; raises if a headline could leave its line or its place."""
    lines = request["messages"][0]["content"].split("\n")
    nonce = lines[1].removeprefix("BEGIN HEADLINES ")
    assert (len(nonce), lines[-1]) == (32, f"END HEADLINES {nonce}")
    assert sum(nonce in line for line in lines) == 2
    assert f"BEGIN HEADLINES {nonce} and END HEADLINES {nonce}" in request["system"]
    return [json.loads(line) for line in lines[2:-1]]


def effect(views: list[dict[str, Any]]) -> str:
    """The worst that the views of one scan do."""
    news = [
        NewsView(
            view["time"], view["known_at"], NewsAction(view["action"]), NewsConfidence(view["confidence"])
        )
        for view in views
    ]
    if not news:
        return "nothing"
    closing = [pair_news([one]) for one in news if exit_is_confirmed([one])]
    for one in closing:
        # What is opened once the exit is known is not closed by it.
        assert one.exit_known_at is not None
        assert not one.closes(one.exit_known_at)
    return EXIT_OF_C25 if closing else "veto"


def printed(scene: NewsScene) -> str:
    console = TextConsole(file=StringIO(), width=200, force_terminal=True, color_system=None)
    views = [
        {**view, "symbol": SYMBOLS[view["instrument_id"] - 1], "age_s": 1.0, "counts": True}
        for view in scene.views()
    ]
    print_views(console, views)
    print_scans(console, scene.scans())
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_worst_that_a_headline_can_do_is_a_veto_or_an_exit_under_its_conditions(scene: NewsScene) -> None:
    before, run_before = everything_else(scene), scene.rows("SELECT * FROM hydra.runs")
    table: Counter[tuple[str, str, str]] = Counter()
    for number, injection in enumerate(INJECTIONS):
        done = obey(scene, injection, BEGIN + number * APART)
        views = scene.rows(f"SELECT * FROM hydra.news_views WHERE scan_id = {done.scan_id}")  # noqa: S608
        table[injection.kind, done.outcome.value, effect(views)] += 1
        for view in views:
            assert view["action"] in set(NewsAction)
            assert view["confidence"] in set(NewsConfidence)
            assert set(view["answer"]) == {"symbol", "action", "confidence", "reason"}
            assert view["reason"].isprintable()
            # Of any view, on any side: nothing, or a veto.
            vetoes = {news_veto(NewsAction(view["action"]), side, hold_blocks=True) for side in Side}
            assert vetoes <= {None, *VETOES}
        assert done.outcome in {ScanOutcome.ANALYZED, ScanOutcome.PARTIAL, ScanOutcome.MALFORMED}, injection
    for (kind, outcome, worst), count in sorted(table.items()):
        print(f"{kind:18} {outcome:10} {worst:30} {count:3}")
    assert sum(table.values()) >= 40
    assert {worst for _, _, worst in table} <= {"nothing", "veto", EXIT_OF_C25}
    assert (everything_else(scene), scene.rows("SELECT * FROM hydra.runs")) == (before, run_before)
    assert that_act(printed(scene)) == []


def test_what_was_asked_shows_each_headline_in_its_line_clean_and_cut(scene: NewsScene) -> None:
    assert len(scene.server.asked) == len(INJECTIONS)
    nonces = set()
    for request in scene.server.asked:
        content = request["messages"][0]["content"]
        (shown,) = headlines_shown(request)
        nonces.add(content.split("\n")[1])
        assert set(shown) <= {"published", "source", "pairs", "headline", "summary"}
        assert len(shown["headline"]) <= LONGEST_TITLE
        assert all(isinstance(text, list) or text.isprintable() for text in shown.values())
        assert "tools" not in request
    assert len(nonces) == len(INJECTIONS)


def test_an_action_that_no_view_has_is_no_view(scene: NewsScene) -> None:
    """Whatever asked to open, to enlarge or to redirect left no view."""
    actions = ("open_long", "buy", "size_usd", "leverage", "orders", "PEPE", "BTC/USDT:USDT")
    for row in scene.scans():
        if any(f'"{word}"' in (row["answer"] or "") for word in actions):
            views = scene.rows(f"SELECT * FROM hydra.news_views WHERE scan_id = {row['scan_id']}")  # noqa: S608
            assert views == []


def test_an_injection_among_many_headlines_is_one_of_them(scene: NewsScene) -> None:
    time = BEGIN + (len(INJECTIONS) + 1) * APART
    headlines = [
        (Headline(f"source {number % 7}", injection.title, time - timedelta(minutes=number)), time)
        for number, injection in enumerate(INJECTIONS)
    ]
    store_headlines(scene.worker, headlines)
    scene.server.replies = [Reply(INJECTIONS[0].wanted)]
    scene.scan(time, llm_budget_usd_per_day=100.0)
    shown = headlines_shown(scene.server.asked[-1])
    assert 40 <= len(shown) <= MOST_HEADLINES
