"""`python -m tests.support.train_plain URL IDS [MIB]`: trains the scorer of the training market.

It prints a line for each progress. MIB: in a process with so much memory; it prints the refusal.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hydra.backtest.run import MarketChoice
from hydra.db.engine import connect
from hydra.domain import MarketOrigin
from hydra.errors import StopError
from hydra.layers.layer3_signals import GENERATORS
from hydra.models.interface import FitSettings
from hydra.models.out_of_fold import FitProgress, ShowProgress
from hydra.models.plan import TrainingPlan
from hydra.models.report import TrainingReport
from hydra.models.signal_scorer import SIGNAL_SCORER
from hydra.models.trainer import TrainingRequest, train
from hydra.models.training_process import train_in_process
from hydra.settings import Settings
from hydra.sim.market.settings import MarketSettings
from hydra.trading.parameters import Rules, rules_of

START: Final = datetime(2025, 6, 1, tzinfo=UTC)
HOURS: Final = 30
MARKET: Final = MarketSettings(
    seed=7, start=START, warm_up_days=8, pairs=2, book_interval_seconds=0, heartbeat_interval_seconds=60
)
FEEDS: Final = ("liquidations",)
SETTINGS: Final = Settings(_env_file=None)  # type: ignore[call-arg]  # an argument of the base class


def training_rules() -> Rules:
    """Labels of an hour at most, so that many end before the next test."""
    rules = rules_of(SETTINGS, FEEDS)
    short: dict[str, Any] = dict.fromkeys((one.holding_hours for one in GENERATORS.values()), 1.0)
    return replace(rules, signals=replace(rules.signals, reversal_min_zscore=0.0, **short))


def training_request(ids: tuple[int, ...], *, is_forced: bool = True) -> TrainingRequest:
    choice = MarketChoice(MarketOrigin.GENERATED, 7, ids, FEEDS, START, START + timedelta(hours=HOURS))
    return TrainingRequest("signal-scorer", choice, FitSettings(42, 1), is_forced=is_forced)


def train_here(
    url: str,
    ids: tuple[int, ...],
    *,
    is_forced: bool = True,
    plan: TrainingPlan = SIGNAL_SCORER,
    show: ShowProgress = lambda _progress: None,
) -> TrainingReport:
    request = training_request(ids, is_forced=is_forced)
    with connect(url, autocommit=True) as connection:
        return train(connection, url, plan, request, SETTINGS, training_rules(), show)


def _print(progress: FitProgress) -> None:
    print(progress.model, progress.fold, flush=True)


def _main(url: str, ids: str, memory_mib: str = "") -> None:
    pairs = tuple(int(one) for one in ids.split(","))
    if not memory_mib:
        train_here(url, pairs, show=_print)
        return
    try:
        train_in_process(url, training_request(pairs), int(memory_mib), _print)
    except StopError as error:
        print(error)


if __name__ == "__main__":
    _main(*sys.argv[1:])
