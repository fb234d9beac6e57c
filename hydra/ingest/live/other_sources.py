"""Fear & Greed and aggregated liquidations: polls of sources beside the exchange."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from hydra.durations import EPOCH
from hydra.exchange.sentiment import aggregated_liquidations, fear_and_greed
from hydra.ingest.live.intake import Intake
from hydra.ingest.live.pace import Pace

DAYS: Final = 5
INTERVAL_MINUTES: Final = 240
_PAST: Final = timedelta(days=5)


class OtherSources:
    """Polls both. mark: goes before their names if a simulated exchange plays them, so that they never mix
    with the real ones (C124)."""

    def __init__(
        self, intake: Intake, pace: Pace, mark: str, base_url: str | None, headers: Mapping[str, str]
    ) -> None:
        """base_url: where both are asked instead of at their own hosts, with these headers."""
        self._intake = intake
        self._pace = pace
        self._mark = mark
        self._where: dict[str, Any] = {} if base_url is None else {"base_url": base_url, "headers": headers}
        self._newest: dict[str, datetime] = {}

    async def fear_and_greed(self) -> None:
        """Store the days of the index that are new."""
        rows = await fear_and_greed(DAYS, **self._where)
        self._add("sentiment", "sentiment", rows.filter(pl.col("time") <= self._now()))

    async def aggregated_liquidations(self, key: str) -> None:
        """Store the closed intervals of every pair's base that are new."""
        end = self._now() - timedelta(minutes=INTERVAL_MINUTES)
        for pair in self._intake.pairs.values():
            rows = await aggregated_liquidations(
                key=key,
                base=pair.base,
                start=end - _PAST,
                end=end,
                interval_minutes=INTERVAL_MINUTES,
                **self._where,
            )
            self._add("aggregated_liquidations", pair.base, rows)

    def _now(self) -> datetime:
        return EPOCH + timedelta(microseconds=self._pace.now_us())

    def _add(self, table: str, name: str, rows: pl.DataFrame) -> None:
        newest = self._newest.get(name)
        if newest is not None:
            rows = rows.filter(pl.col("time") > newest)
        if rows.height:
            self._newest[name] = rows["time"].max()  # type: ignore[assignment]
            marked = rows.with_columns(pl.concat_str(pl.lit(self._mark), "source").alias("source"))
            self._intake.add_frame(table, marked)
