"""A run as its row says, for rules that need no database."""

from datetime import UTC, datetime

from hydra.domain import MarketOrigin, TradingMode
from hydra.trading.runs import Run

START = datetime(2025, 6, 1, 12, tzinfo=UTC)


def a_run(data_to: datetime | None) -> Run:
    """Run 7: paper on a generated market, from START to `data_to` (null: open end)."""
    return Run(
        run_id=7,
        started_at=START,
        mode=TradingMode.PAPER,
        market_origin=MarketOrigin.GENERATED,
        label="simulated",
        seed=1,
        feeds=(),
        config={"instrument_ids": [1, 2]},
        config_hash="",
        readings_hash="",
        feature_set_version="",
        cost_model_version="",
        code_version="",
        data_from=START,
        data_to=data_to,
        ended_at=None,
        end_reason=None,
    )
