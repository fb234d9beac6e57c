"""`hydra why`, `hydra report` and `hydra audit`, as a person uses them."""

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.support import command_line
from tests.support.command_line import Answer
from tests.support.html_page import HtmlPage
from tests.support.why_scenario import write_why_scenario

Hydra = Callable[..., Answer]


@pytest.fixture(scope="module")
def hydra(database_url: str) -> Hydra:
    """The command line over a database with a small run in it."""
    with psycopg.connect(database_url) as connection:
        write_why_scenario(connection)

    environment = {**os.environ, "HYDRA_DATABASE_URL": database_url}
    return partial(command_line.hydra, environment=environment)


def test_why_prints_the_chain_without_colours_into_a_pipe(hydra: Hydra) -> None:
    answer = hydra("why", "BTC", "--at", "10:00", "--run", "7")
    assert (answer.status, answer.err) == (0, "")
    gates = ("1. Data health", "2. Statistical", "3. ML score", "4. LLM analysis", "5. Risk", "6. Execution")
    places = [answer.out.index(gate) for gate in gates]
    assert places == sorted(places)
    assert "\x1b" not in answer.out


def test_why_for_machines_is_one_json_object(hydra: Hydra) -> None:
    chain = json.loads(hydra("why", "ETH", "--at", "10:01", "--json").out)
    assert [gate["verdict"] for gate in chain["gates"]][:2] == ["stopped", "restricted"]


def test_an_unknown_pair_is_one_sentence(hydra: Hydra) -> None:
    answer = hydra("why", "PEPE")
    assert answer.status == 1
    assert answer.out == ""
    assert answer.err.startswith("hydra: run 7 decides about no pair PEPE")


def test_the_report_is_whole_in_a_pipe(hydra: Hydra) -> None:
    answer = hydra("report", "7")
    assert (answer.status, "…" in answer.out) == (0, False)
    assert "Paper fills are simulated" in answer.out
    assert json.loads(hydra("report", "7", "--json").out)["facts"]["run_id"] == 7


def test_audit_says_what_it_found_and_fails(hydra: Hydra) -> None:
    """The scenario lacks fills of two positions: that is a finding."""
    answer = hydra("audit")
    assert answer.status == 1
    assert "position_disagrees_with_fills: Positions whose quantity is not" in answer.out
    assert "audits found something" in answer.out


def test_the_report_as_a_page_is_one_file(hydra: Hydra, tmp_path: Path) -> None:
    answer = hydra("report", "7", "--html", str(tmp_path / "run.html"))
    assert (answer.status, answer.err) == (0, "")
    assert str(tmp_path / "run.html") in answer.out
    assert HtmlPage((tmp_path / "run.html").read_text(encoding="utf-8")).faults == []
    assert [path.name for path in tmp_path.iterdir()] == ["run.html"]


def test_the_trades_are_written_as_csv(hydra: Hydra, tmp_path: Path) -> None:
    answer = hydra("report", "7", "--csv", str(tmp_path / "trades.csv"))
    assert (answer.status, answer.err) == (0, "")
    lines = (tmp_path / "trades.csv").read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["number", "1", "2", "3"]
