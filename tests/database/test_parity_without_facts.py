"""Parity of a run whose trades or order books retention has dropped: what rests on them is no mismatch."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hydra.backtest.persisted import StoredRows
from hydra.checks.comparer import Mismatch
from hydra.checks.parity import Parity, check_parity
from hydra.trading.runs import Run
from tests.support.backtest_scene import START, Scene, made_scene
from tests.support.servers.editions import ON_APACHE_ALONE

pytestmark = ON_APACHE_ALONE

PAIR_MINUTES = {"assessments", "features", "signals"}
OF_FILLS = {"orders", "order_events", "fills", "positions", "position_events", "equity"}


@pytest.fixture(scope="module")
def scene(database_url: str) -> Iterator[Scene]:
    """A live run; then its trades were dropped as retention drops them."""
    with made_scene(database_url) as made:
        drop(made, "trades")
        yield made


def drop(scene: Scene, table: str) -> None:
    query = "SELECT drop_chunks(%s::regclass, older_than => %s)"
    scene.connection.execute(query, (f"market.{table}", START + timedelta(days=2)))


def mismatches(parity: Parity) -> list[Mismatch]:
    return [one for table in parity.tables for one in table.result.first[:3]]


def unrepeatable(parity: Parity, what: str) -> set[str]:
    day = f"{START:%Y-%m-%d}"
    words = f"cannot be decided again: its {what} of {day} to {day} are no longer kept (RETENTION_DAYS)"
    return {name for name, why in parity.left_out.items() if why == words}


def compared(parity: Parity) -> set[str]:
    return {one.table.name for one in parity.tables}


def test_what_follows_from_fills_is_left_out_without_the_trades(scene: Scene) -> None:
    parity = check_parity(scene.connection, scene.url, scene.live)
    assert mismatches(parity) == []
    assert unrepeatable(parity, "trades") >= OF_FILLS
    assert compared(parity) >= PAIR_MINUTES
    assert parity.rows > 0


def test_what_does_not_rest_on_trades_is_still_compared(scene: Scene) -> None:
    with scene.connection.transaction(force_rollback=True):
        scene.connection.execute(
            "UPDATE hydra.features SET vector[3] = vector[3] * 1.000001 WHERE run_id = %s AND time = %s",
            (scene.live.run_id, START + timedelta(minutes=100)),
        )
        parity = check_parity(scene.connection, scene.url, scene.live)
    assert {one.value for one in mismatches(parity)} == {"features: vector"}


@pytest.mark.parametrize("rows", StoredRows)
def test_a_run_that_never_saw_them_is_compared_as_ever(scene: Scene, rows: StoredRows) -> None:
    run: Run = scene.backtest(rows).run
    parity = check_parity(scene.connection, scene.url, run)
    assert mismatches(parity) == []
    assert unrepeatable(parity, "trades") == set()
    assert compared(parity) >= {*PAIR_MINUTES, *OF_FILLS, "veto_counts"}


def test_without_the_order_books_nothing_that_was_decided_by_them_is_compared(scene: Scene) -> None:
    drop(scene, "order_books")
    parity = check_parity(scene.connection, scene.url, scene.live)
    assert mismatches(parity) == []
    assert unrepeatable(parity, "order books") >= {"assessments", "features", *OF_FILLS}
