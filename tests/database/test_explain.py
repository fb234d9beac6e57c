"""`hydra explain`: the rows that the model is given, what is made of its answer, and what fails."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from hydra.db.edition import Edition
from tests.support.command_line import Answer, hydra
from tests.support.import_command import environment
from tests.support.messages_server import KEY, MessagesServer, Reply, messages_server
from tests.support.servers.databases import TestServer
from tests.support.why_scenario import write_why_scenario


@pytest.fixture(scope="module")
def url(servers: dict[Edition, TestServer]) -> Iterator[str]:
    with servers[Edition.APACHE].migrated() as migrated:
        with psycopg.connect(migrated, options="-c timezone=UTC") as owner:
            write_why_scenario(owner)
        yield migrated


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with messages_server(told("Nothing.")) as served:
        yield served


def told(text: str, *row_ids: str) -> Reply:
    return Reply(json.dumps({"text": text, "row_ids": list(row_ids)}))


def explain(url: str, server: MessagesServer, *arguments: str, **settings: str) -> Answer:
    own = {
        "ANTHROPIC_API_KEY": KEY,
        "LLM_MODEL": "claude-haiku-5-5",
        "LLM_BASE_URL": server.url,
        "LLM_TIMEOUT_SECONDS": "10",
        **settings,
    }
    return hydra("explain", *arguments, environment={**environment(url), **own})


def rows_sent(server: MessagesServer) -> dict[str, dict[str, object]]:
    """The rows of the last question, by id."""
    lines = server.asked[-1]["messages"][0]["content"]
    if not isinstance(lines, str):
        lines = lines[0]["text"]
    parsed = [json.loads(line) for line in lines.splitlines()[2:-1]]
    return {row["row_id"]: row for row in parsed}


def test_a_veto_is_told_from_its_rows_and_marked_as_generated(url: str, server: MessagesServer) -> None:
    server.replies = [
        told(
            "ETH was short of news: the analyst was bearish at 10:01 [news view], so CROWDING_FADE with a "
            "score of 0.66 was stopped [signal CROWDING_FADE]. It saved 500 USDT. [invented]",
            "news view",
            "signal CROWDING_FADE",
            "invented",
        )
    ]
    done = explain(url, server, "veto", "ETH", "--at", "10:02")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("GENERATED TEXT, written by claude-haiku-5-5 from ")
    assert "ETH was short of news" in done.out
    assert "Rows named: news view, signal CROWDING_FADE\n" in done.out
    assert "Rows named that do not exist: invented" in done.out
    assert "Numbers that stand in none of these rows: 500\n" in done.out
    assert "It cost 0.00" in done.out
    sent = rows_sent(server)
    assert {"instrument", "assessment", "news view", "risk decision", "signal CROWDING_FADE"} <= set(sent)
    assert sent["news view"]["action"] == "bearish"
    assert "answer" not in sent["news view"]


def test_a_trade_is_told_from_its_decision_to_its_end(url: str, server: MessagesServer) -> None:
    with psycopg.connect(url) as reader:
        row = reader.execute(
            "SELECT position_id, net_pnl_usd FROM hydra.positions ORDER BY 1 LIMIT 1"
        ).fetchone()
    assert row is not None
    server.replies = [told(f"It ended with {abs(row[1])} [position {row[0]}].", f"position {row[0]}")]
    done = explain(url, server, "trade", str(row[0]))
    assert done.status == 0, done.err
    assert "Every number in figures stands in these rows" in done.out
    assert {"assessment", "risk decision", f"position {row[0]}"} <= set(rows_sent(server))


def test_a_run_is_told_from_what_came_of_it(url: str, server: MessagesServer) -> None:
    done = explain(url, server, "run", "7", "--json")
    found = json.loads(done.out)
    assert (found["generated"], found["text"], found["unknown_numbers"]) == (True, "Nothing.", [])
    assert found["rows_read"] == len(rows_sent(server))
    assert {"run", "closed trades"} <= set(rows_sent(server))


def test_nothing_of_it_is_stored(url: str, server: MessagesServer) -> None:
    before = counts(url)
    explain(url, server, "run", "7")
    assert counts(url) == before


def test_its_cost_counts_in_the_budget_of_the_day(url: str, server: MessagesServer) -> None:
    query = "SELECT cost_usd FROM hydra.model_calls ORDER BY call_id DESC LIMIT 1"
    costs = []
    for reply in (told("Nothing."), Reply("no JSON"), Reply(status=401)):
        server.replies = [reply]
        explain(url, server, "run", "7")
        with psycopg.connect(url) as reader:
            costs.append(float(reader.execute(query).fetchone()[0]))  # type: ignore[index]
    answered, unread, refused = costs
    # The most: 1,500 tokens answered at 0.50 USD a million.
    assert 0 < answered < 0.00075 < unread
    assert refused == 0


def test_generated_text_cannot_act_on_the_terminal(url: str, server: MessagesServer) -> None:
    server.replies = [told("\x1b[2J[red]x[/red]\u202e <script>alert(1)</script>", "\x1b[31mnews view")]
    done = explain(url, server, "veto", "ETH", "--at", "10:02")
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "[red]x[/red]" in done.out


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("no JSON"), "no explanation (MALFORMED): the model's answer is no JSON"),
        (Reply("[1]"), "not a text with its row_ids"),
        (told(""), "an empty text"),
        (Reply('{"text": "x", "row_ids": [5]}'), "not a text with its row_ids"),
        (Reply("", stop_reason="refusal"), "no explanation (REFUSED)"),
        (Reply('{"text": "x', stop_reason="max_tokens"), "no explanation (CUT_OFF)"),
        (Reply(status=401), "no explanation (BAD_KEY)"),
        (Reply(status=404), "no explanation (UNKNOWN_MODEL)"),
    ],
)
def test_an_answer_that_is_none_is_said_in_a_sentence(
    url: str, server: MessagesServer, reply: Reply, words: str
) -> None:
    server.replies = [reply]
    done = explain(url, server, "run", "7")
    assert done.status == 1
    assert words in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (("run", "7"), {"ANTHROPIC_API_KEY": ""}, "no explanation (NO_KEY)"),
        (("run", "7"), {"LLM_MODEL": ""}, "no explanation (NO_MODEL)"),
        (("run", "7"), {"LLM_MODEL": "unpriced"}, "no price is known for the model"),
        (("run", "7"), {"LLM_BUDGET_USD_PER_DAY": "0.0000001"}, "no explanation (NO_BUDGET)"),
        (("run", "99"), {}, "there is no run 99"),
        (("trade", "999"), {}, "there is no trade 999"),
        (("veto", "TRX"), {}, "decides about no pair TRX"),
        (("veto", "ETH", "--at", "2030-01-01T00:00"), {}, "has no rows"),
    ],
)
def test_what_cannot_be_asked_is_not(
    url: str, server: MessagesServer, arguments: tuple[str, ...], settings: dict[str, str], words: str
) -> None:
    done = explain(url, server, *arguments, **settings)
    assert done.status == 1
    assert words in done.err
    assert server.asked == []


def counts(url: str) -> list[tuple[object, ...]]:
    """How many rows each table of the decisions has."""
    tables = (
        "assessments",
        "signals",
        "news_views",
        "news_scans",
        "risk_decisions",
        "orders",
        "positions",
        "runs",
    )
    with psycopg.connect(url) as reader:
        query = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM hydra.{name}" for name in tables)  # noqa: S608  # names of tables
        return reader.execute(query.encode()).fetchall()
