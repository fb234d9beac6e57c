"""Facts that did not come: what is asked of the exchange again, and what is recorded of them."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from hydra.exchange.sequences import Missing
from hydra.ingest.live.pair import HeardPair
from hydra.ingest.live.rows import Record
from hydra.ingest.live.store import instant

MINUTE_US: Final = 60_000_000
GRIDDED: Final = frozenset({"candles_1m", "mark_prices"})
"""Tables whose numbers are minutes since 1970."""


class Hole(NamedTuple):
    """Rows of `table` that did not come: the numbers first to last, between two times (microseconds).

    Numbers: ids of trades; minutes since 1970 of bars; microseconds of a settlement.
    """

    table: str
    pair: HeardPair
    first: int
    last: int
    after_us: int
    before_us: int
    cause: str

    def interruption(self) -> Record:
        """The row that says that it was found."""
        values = self._key() | {
            "ended_at": instant(self.before_us),
            "missed": self.last - self.first + 1,
            "repair": None,
        }
        return Record("ingest/live/add_interruption", values)

    def repaired(self, missing: Iterable[Missing]) -> Iterator[Record]:
        """The rows that say what became of it: `missing` is what the exchange does not have."""
        missing = list(missing)
        lost = sum(one.last - one.first + 1 for one in missing)
        repair = "REPAIRED" if not lost else "LOST" if lost > self.last - self.first else "PARTLY"
        yield Record(
            "ingest/live/end_interruption",
            self._key() | {"ended_at": None, "missed": None, "repair": repair},
        )
        for one in missing:
            yield self._gap(one)

    def _key(self) -> dict[str, Any]:
        return {
            "feed": self.table,
            "instrument_id": self.pair.instrument_id,
            "started_at": instant(self.after_us),
            "cause": self.cause,
        }

    def _gap(self, missing: Missing) -> Record:
        span = (self.after_us, self.before_us)
        if self.table in GRIDDED:
            span = (missing.first * MINUTE_US, (missing.last + 1) * MINUTE_US)
        elif self.table == "funding_rates":
            span = (missing.first, self.before_us)
        return gap_record(
            self.table,
            self.pair.instrument_id,
            span,
            "SEQUENCE" if self.table == "trades" else "GRID",
            missing.last - missing.first + 1,
        )


def missing_numbers(hole: Hole, came: set[int]) -> list[Missing]:
    """The ranges of the hole that are not in `came`."""
    if hole.last < hole.first:
        return []
    if not came:
        return [Missing(hole.first, hole.last, hole.after_us, hole.before_us)]
    ranges: list[Missing] = []
    start = None
    for number in range(hole.first, hole.last + 2):
        is_missing = number <= hole.last and number not in came
        if is_missing and start is None:
            start = number
        elif not is_missing and start is not None:
            ranges.append(Missing(start, number - 1, hole.after_us, hole.before_us))
            start = None
    return ranges


def lost_records(
    table: str, instrument_id: int, span_us: tuple[int, int], cause: str, *, is_known: bool = True
) -> Iterator[Record]:
    """The interruption, and the gap, of a feed whose past no exchange gives; is_known: there was something
    before it."""
    started, ended = map(instant, span_us)
    values = {"feed": table, "instrument_id": instrument_id, "started_at": started, "ended_at": ended}
    yield Record(
        "ingest/live/add_interruption",
        values | {"cause": cause, "missed": None, "repair": "LOST" if is_known else None},
    )
    if is_known:
        yield gap_record(table, instrument_id, span_us, "SEQUENCE" if cause == "SEQUENCE" else "SILENT", 0)


def gap_record(
    table: str, instrument_id: int, span_us: tuple[int, int], cause: str, missing_rows: int
) -> Record:
    """A row of market.gaps."""
    return Record(
        "ingest/live/add_gap",
        {
            "source_table": table,
            "instrument_id": instrument_id,
            "gap_start": instant(span_us[0]),
            "gap_end": instant(span_us[1]),
            "missing_rows": missing_rows,
            "cause": cause,
        },
    )
