"""A training in a process of its own, with a limit of memory: it takes nothing from what trades.

The process ends with the command that asked for it, however that ends, and registers at its very end.
"""

import multiprocessing
import os
import re
import resource
import signal
from multiprocessing.connection import Connection
from typing import Final

import psycopg

from hydra.db.engine import connect
from hydra.die_with_parent import end_with_spawner
from hydra.errors import HydraError, StopError
from hydra.models.out_of_fold import FitProgress, ShowProgress
from hydra.models.plans import plan_of
from hydra.models.report import TrainingReport
from hydra.models.trainer import TrainingRequest, train
from hydra.research.overrides import settings_and_rules

_MIB: Final = 1024 * 1024
_OUT_OF_MEMORY: Final = re.compile(r"out of memory|got external error: *(\(|$)")
"""How the database's client tells it, and polars, of an error without words as MemoryError is."""

_PASSIVE: Final = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait for each other sleep: those that spin made XGBoost six times slower on a busy machine."""


def train_in_process(
    url: str, request: TrainingRequest, memory_mib: int, show: ShowProgress
) -> TrainingReport:
    """Train in a new process; `show` is called in this one.

    Raises:
        StopError: the training refused (see `train`), needs more memory, or its process was ended.
    """
    for name, value in _PASSIVE.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(url, request, memory_mib, there), daemon=True)
    answered = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, answered)
    there.close()
    try:
        found = _listened(here, show)
    finally:
        process.terminate()
        process.join()
    if isinstance(found, TrainingReport):
        return found
    raise StopError(
        found
        or f"the training was ended from outside (status {process.exitcode}); no model was registered. If "
        "the machine has little memory, choose fewer days or a smaller --memory-mib"
    )


def _listened(here: Connection, show: ShowProgress) -> TrainingReport | str | None:
    """What the process said last; None: it ended without a word."""
    while True:
        try:
            said = here.recv()
        except EOFError:
            return None
        if not isinstance(said, FitProgress):
            found: TrainingReport | str = said
            return found
        show(said)


def _work(url: str, request: TrainingRequest, memory_mib: int, there: Connection) -> None:
    end_with_spawner()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit = memory_mib * _MIB
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        settings, rules = settings_and_rules({}, request.choice.feeds)
        with connect(url, autocommit=True) as connection:
            plan = plan_of(request.model, settings.own_model_file)
            report = train(connection, url, plan, request, settings, rules, there.send)
    except (HydraError, psycopg.OperationalError) as error:
        is_memory = _OUT_OF_MEMORY.search(str(error))
        there.send(_little_memory(memory_mib) if is_memory else str(error))
    except MemoryError:
        there.send(_little_memory(memory_mib))
    else:
        there.send(report)


def _little_memory(memory_mib: int) -> str:
    return (
        f"the training needs more than {memory_mib:,} MiB of memory; no model was registered: choose fewer "
        "days or pairs, or raise --memory-mib"
    )
