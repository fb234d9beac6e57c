"""The managed trade's label is what a backtest's trade of the same signal brought."""

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest

from hydra.backtest.simulation import Simulation
from hydra.checks.decision_lookahead import simulate_by
from hydra.domain import ReasonCode
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.layers.layer3_signals import GENERATORS
from hydra.ledger.costs import COST_MODEL_VERSION
from hydra.trading.parameters import Rules
from hydra.training.labels.label_rows import Unlabelled, count_labels
from hydra.training.labels.managed_trade import SIGNAL_KEY, managed_trade_labels
from tests.support.checked_market import RULES, market

pytestmark = pytest.mark.slow

# A reversal that asks for no cascade behind it trades more often; short holding times end within the market.
SHORT: dict[str, Any] = dict.fromkeys((one.holding_hours for one in GENERATORS.values()), 1.0)
MANY_TRADES = replace(RULES, signals=replace(RULES.signals, reversal_min_zscore=0.0, **SHORT))
OWN_ENDS = {ReasonCode.STOP_HIT, ReasonCode.TARGET_HIT, ReasonCode.MAX_HOLDING_TIME}


@cache
def simulated() -> Simulation:
    return simulate_by(MANY_TRADES)(market())


def labels_by(rules: Rules) -> pl.DataFrame:
    prepared = simulated().prepared
    return managed_trade_labels(prepared.market, prepared.bars, simulated().columns, rules)


@cache
def labels() -> pl.DataFrame:
    return labels_by(MANY_TRADES)


def test_every_trade_of_a_backtest_that_nothing_else_ended_is_its_signals_label() -> None:
    chosen = (
        simulated().columns.scored.filter("chosen").select(*SIGNAL_KEY[:2], pl.col("source").cast(pl.String))
    )
    by_decision = (
        labels().join(chosen, on=chosen.columns).rows_by_key(SIGNAL_KEY[:2], named=True, unique=True)
    )
    compared = []
    for position in simulated().log.journal.positions:
        row = by_decision[position.instrument_id, position.decision_time + DECISION_DELAY]
        if row["label"] is None or position.exit_reason_code not in OWN_ENDS:
            continue
        compared.append(position.exit_reason_code)
        assert row["barrier"] == position.exit_reason_code.value
        assert row["label_end"] == position.closed_time + timedelta(seconds=2)  # type: ignore[operator]
        assert row["label"] == (position.net_pnl_usd > 0)
        # The backtest's equity has changed, and with it the quantity: shares of the notional are compared.
        notional_usd = position.peak_quantity * position.entry_price
        for name, amount_usd in (
            ("gross_bps", position.gross_pnl_usd),
            ("fees_bps", position.fees_usd),
            ("funding_bps", position.funding_usd),
            ("net_bps", position.net_pnl_usd),
        ):
            assert row[name] == pytest.approx(float(amount_usd / notional_usd * 10_000), abs=1e-4), name
    assert len(compared) >= 8
    assert len(set(compared)) >= 2


def test_every_signal_has_a_row_and_every_row_without_a_label_a_reason() -> None:
    found, counts = labels(), count_labels(labels())
    assert found.height == simulated().columns.scored.height
    assert counts.labelled + sum(counts.unlabelled.values()) == counts.rows
    assert {Unlabelled.NOT_APPROVED, Unlabelled.END_OF_DATA, Unlabelled.NOT_FILLED} == set(counts.unlabelled)
    refused = found.filter(pl.col("unlabelled") == Unlabelled.NOT_APPROVED)
    assert (refused["reason_code"] != "APPROVED").all()
    labelled = found.drop_nulls("label")
    assert (labelled["reason_code"] == "APPROVED").all()
    assert (labelled["label_end"] > labelled["label_start"]).all()
    assert set(labelled["cost_version"]) == {COST_MODEL_VERSION}
    net = pl.col("gross_bps") - pl.col("fees_bps") + pl.col("funding_bps")
    assert labelled.select((net - pl.col("net_bps")).abs().max()).item() < 1e-9


def test_a_signal_that_the_market_may_not_outlast_has_no_label_though_its_stop_was_hit() -> None:
    last = labels().filter(pl.col("unlabelled") == Unlabelled.END_OF_DATA)["label_start"].min()
    known = labels().drop_nulls("label")["label_start"].max()
    assert last > known  # type: ignore[operator]


def test_dearer_fees_lower_the_result_and_are_another_version() -> None:
    dear = replace(
        MANY_TRADES, costs=replace(MANY_TRADES.costs, taker_fee_bps=MANY_TRADES.costs.taker_fee_bps + 3)
    )
    both = (
        labels()
        .drop_nulls("label")
        .join(labels_by(dear), on=("instrument_id", "label_start", "source", "side"), suffix="_dear")
    )
    assert both.height
    stopped = both.filter(pl.col("barrier") == "STOP_HIT", pl.col("barrier_dear") == "STOP_HIT")
    assert (stopped["fees_bps_dear"] - stopped["fees_bps"]).to_list() == pytest.approx(
        [3.0] * stopped.height, abs=0.05
    )
    assert set(both["cost_version_dear"].drop_nulls()) != {COST_MODEL_VERSION}
