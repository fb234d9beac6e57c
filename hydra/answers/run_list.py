"""The runs at a glance, for `hydra status` and `hydra runs list`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

from hydra.answers.plain_values import plain
from hydra.answers.run_overrides import Override, overrides_of
from hydra.db import queries
from hydra.domain import TradingMode
from hydra.trading.runs import EndReason, supervised_runs
from hydra.trading.versions import Version


@dataclass(frozen=True)
class RunSummary:
    """The state of a run. decided_until and equity (USDT) are None before its first closed cycle.

    is_live: a process supervises it; None: it has ended, or is a backtest.
    latched: what its kill switches stop: names of pairs, "all pairs".
    versions: how many have decided it; the named one is in force.
    model: what scores its signals; None: the rule. model_complaint: why not the model that it asks for.
    """

    run_id: int
    mode: str
    label: str
    end_reason: str
    is_live: bool | None
    decided_until: datetime | None
    equity_usd: Decimal | None
    closed_trades: int
    open_positions: int
    latched: Sequence[str]
    config: Mapping[str, Any]
    feeds: Sequence[str]
    code_version: str
    readings_hash: str
    feature_set_version: str
    cost_model_version: str
    versions: int
    model: str | None = None
    model_complaint: str | None = None

    @property
    def version(self) -> Version:
        """The version that the run belongs to."""
        return Version(
            self.code_version, self.readings_hash, self.feature_set_version, self.cost_model_version
        )

    @property
    def can_go_on(self) -> bool:
        """Whether it decides by the minute, and has not decided its last one."""
        return self.mode != TradingMode.BACKTEST and self.end_reason != EndReason.FINISHED

    @property
    def overrides(self) -> list[Override]:
        """The settings, rules and stresses of the run that are not the defaults."""
        return overrides_of(self.config, self.feeds)

    @property
    def state(self) -> str:
        """For people: live or dead, and of a run that has ended how."""
        if self.is_live is None:
            return self.end_reason
        return "live" if self.is_live else "dead"

    def as_json(self) -> dict[str, Any]:
        """For machines: the columns, with the overrides in the place of the whole configuration."""
        columns = {name: value for name, value in asdict(self).items() if name != "config"}
        answer: dict[str, Any] = plain({**columns, "overrides": self.overrides})
        return answer


def list_runs(connection: psycopg.Connection, limit: int | None = None) -> list[RunSummary]:
    """All runs, or the newest `limit` and those that go on; the newest first."""
    values = {"limit": limit, "supervised": list(supervised_runs(connection))}
    with connection.cursor(row_factory=class_row(RunSummary)) as cursor:
        return cursor.execute(queries.load("status/runs"), values).fetchall()
