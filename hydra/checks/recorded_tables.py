"""The tables that parity compares: how rows are matched, and which columns are left out, and why.

Every column is compared except those listed here with a reason, so a new column is compared as soon as it
exists.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from hydra.backtest.equity_path import E8
from hydra.db import queries
from hydra.trading.row_writer import Row

_WALL_CLOCK: Final = "wall clock of the row"
_OWN_RUN: Final = "the run that is decided again"
_WORDS: Final = "words, written from numbers that are compared"
_GIVEN_KEY: Final = "a number that the database gives"


@dataclass(frozen=True, eq=False)
class RecordedTable:
    """One table of schema hydra. query: sql/backtest/recorded_of_...; time: the column of minutes.

    left_out: columns that are not compared, with the reason. absolute: by how much amounts may differ.
    """

    name: str
    key: tuple[str, ...]
    query: str = "minutes"
    time: str = "time"
    left_out: Mapping[str, str] = field(default_factory=dict)
    absolute: float = 0.0

    def rows(
        self, connection: psycopg.Connection, values: Mapping[str, object]
    ) -> dict[tuple[object, ...], Row]:
        """What the run stored, by key."""
        query = sql.SQL(queries.load(f"backtest/recorded_of_{self.query}")).format(
            table=sql.Identifier("hydra", self.name), time=sql.Identifier(self.time)
        )
        with connection.cursor(row_factory=dict_row) as cursor:
            return self.by_key(cursor.execute(query, values))

    def by_key(self, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[object, ...], Row]:
        """`rows` by their key."""
        return {
            tuple(str(row[name]) if isinstance(row[name], str) else row[name] for name in self.key): dict(row)
            for row in rows
        }


_OF_ROW: Final = {"run_id": _OWN_RUN, "recorded_at": _WALL_CLOCK}
_OF_VERDICT: Final = {"run_id": _OWN_RUN, "decided_at": _WALL_CLOCK, "reason": _WORDS}
_PAIR_MINUTE: Final = ("instrument_id", "time")

ASSESSMENTS: Final = RecordedTable("assessments", _PAIR_MINUTE, left_out=_OF_VERDICT)
FEATURE_VECTORS: Final = RecordedTable(
    "features", _PAIR_MINUTE, left_out={"run_id": _OWN_RUN, "decided_at": _WALL_CLOCK}
)
SIGNALS: Final = RecordedTable(
    "signals", (*_PAIR_MINUTE, "source"), left_out={**_OF_VERDICT, "thesis": _WORDS}
)
DECISIONS: Final = RecordedTable(
    "risk_decisions", _PAIR_MINUTE, left_out={**_OF_VERDICT, "kill_reason": _WORDS}
)
EQUITY: Final = RecordedTable("equity", ("time",), left_out=_OF_ROW, absolute=1.5 / E8)
ORDERS: Final = RecordedTable(
    "orders",
    ("client_order_id",),
    "run",
    left_out={**_OF_ROW, "order_id": _GIVEN_KEY, "position_id": f"{_GIVEN_KEY}: only whether there is one"},
)
ORDER_EVENTS: Final = RecordedTable(
    "order_events", ("client_order_id", "sequence"), "orders", left_out={**_OF_ROW, "order_id": _GIVEN_KEY}
)
FILLS: Final = RecordedTable(
    "fills", ("trade_id",), "orders", left_out={**_OF_ROW, "fill_id": _GIVEN_KEY, "order_id": _GIVEN_KEY}
)
POSITIONS: Final = RecordedTable(
    "positions", ("instrument_id", "decision_time"), "run", left_out={**_OF_ROW, "position_id": _GIVEN_KEY}
)
POSITION_EVENTS: Final = RecordedTable(
    "position_events",
    ("instrument_id", "decision_time", "sequence"),
    "positions",
    left_out={**_OF_ROW, "position_id": _GIVEN_KEY},
)
VETO_COUNTS: Final = RecordedTable(
    "veto_counts",
    ("instrument_id", "hour", "layer", "passed", "reason_code"),
    "run",
    left_out={"run_id": _OWN_RUN},
)
KILL_SWITCH: Final = RecordedTable(
    "kill_switch",
    ("scope", "instrument_id", "latched_time"),
    "run",
    left_out={
        **_OF_ROW,
        "kill_id": _GIVEN_KEY,
        "cause": _WORDS,
        "cleared_time": "by hand: an input of the replay",
        "cleared_by": "by hand: an input of the replay",
        "clear_reason": "by hand: an input of the replay",
    },
)
