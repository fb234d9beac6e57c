"""A pair's own thresholds (C112): percentiles of its past, within floors, silent while it has no past."""

from datetime import UTC, date, datetime, time, timedelta
from statistics import quantiles

import numpy as np
import polars as pl
import pytest

from hydra.answers.distance_to_trigger import trigger_distances
from hydra.domain import SignalSource
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS, adaptive_thresholds, sampled_decisions
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import MarketFacts
from hydra.layers.layer3_signals import GENERATORS, SignalParameters, limits_of
from tests.support.feature_lookahead import future_shock_mismatches, truncation_mismatches
from tests.support.feature_market import MINUTE, SECOND, START, decisions_at, facts_of, frame

PRINTED, ADAPTIVE = SignalParameters(), SignalParameters(is_adaptive=True)
NOW = START + timedelta(days=95, hours=13, minutes=7, seconds=2)
DAY = START + timedelta(days=95)


def _market(days: int) -> MarketFacts:
    """Rates, ratios and open interest of pair 1 over the `days` before NOW, drawn anew each hour or so."""
    rng = np.random.default_rng(5)
    first = NOW.replace(minute=0, second=0) - timedelta(days=days)
    settlements = [first.replace(hour=0) + timedelta(hours=8) * k for k in range(days * 3 + 5)]
    grid = [first + 5 * MINUTE * k for k in range(days * 288 + 300)]
    ratio, contracts = rng.lognormal(0.2, 0.2, len(grid)), rng.lognormal(8, 0.01, len(grid))
    return facts_of(
        funding_rates=frame(
            "funding_rates",
            [
                {
                    "instrument_id": 1,
                    "time": at,
                    "known_at": at + 5 * SECOND,
                    "rate": rate,
                    "interval_hours": 8,
                }
                for at, rate in zip(settlements, rng.normal(5e-5, 1e-4, len(settlements)), strict=True)
            ],
        ),
        positioning=frame(
            "positioning",
            [
                {"instrument_id": 1, "time": at, "known_at": at + MINUTE, "long_short_ratio": value}
                for at, value in zip(grid, ratio, strict=True)
            ],
        ),
        open_interest_5m=frame(
            "open_interest_5m",
            [
                {"instrument_id": 1, "time": at, "known_at": at + MINUTE, "contracts": value}
                for at, value in zip(grid, contracts, strict=True)
            ],
        ),
    )


@pytest.fixture(scope="module")
def market() -> MarketFacts:
    return _market(days=95)


def test_samples_are_the_hours_of_the_ninety_days_before_the_day() -> None:
    times = sampled_decisions((1, 2), [NOW.date()]).filter(pl.col("instrument_id") == 2)["time"]
    assert len(times) == 2160
    assert times[0] == DAY - timedelta(days=90) + 2 * SECOND
    assert times[-1] == DAY - timedelta(hours=1) + 2 * SECOND


def test_thresholds_are_percentiles_of_the_pairs_own_past(market: MarketFacts) -> None:
    found = adaptive_thresholds(market, (1,), [NOW.date()]).row(0, named=True)
    samples = feature_matrix(
        market, sampled_decisions((1,), [NOW.date()]), ["funding_rate", "oi_delta_pct", "long_short_ratio"]
    )
    # The standard library's inclusive method, forty parts: the 1st and the 39th cut are 2.5 % and 97.5 %.
    rates, ratios, interest = (
        quantiles(samples[name].drop_nulls().to_list(), n=40, method="inclusive")
        for name in ("funding_rate", "long_short_ratio", "oi_delta_pct")
    )
    magnitudes = quantiles(
        [abs(rate) for rate in samples["funding_rate"].drop_nulls()], n=40, method="inclusive"
    )
    assert found["adaptive_funding_threshold"] == pytest.approx(magnitudes[38])
    assert found["adaptive_funding_threshold"] > rates[38]
    assert found["adaptive_ratio_high_threshold"] == pytest.approx(ratios[38])
    assert found["adaptive_ratio_low_threshold"] == pytest.approx(ratios[0])
    assert found["adaptive_oi_fall_threshold"] == pytest.approx(-interest[0])
    # No candles: the price has no past.
    assert found["adaptive_price_threshold"] is None


def test_a_history_of_less_than_thirty_days_of_hours_gives_no_threshold() -> None:
    def known(days: int) -> float | None:
        values = adaptive_thresholds(_market(days), (1,), [NOW.date()])
        value: float | None = values["adaptive_ratio_high_threshold"][0]
        return value

    assert known(29) is None
    assert known(31) is not None


def _evaluate(facts: MarketFacts, decisions: pl.DataFrame) -> pl.DataFrame:
    parts = [
        adaptive_thresholds(facts, (pair,), [moment.date()]).drop("day").with_columns(time=pl.lit(moment))
        for pair, moment in decisions.select("instrument_id", "time").rows()
    ]
    return pl.concat(parts)


@pytest.mark.parametrize("check", [truncation_mismatches, future_shock_mismatches])
def test_a_threshold_knows_nothing_of_the_future(check, market: MarketFacts) -> None:  # type: ignore[no-untyped-def]
    moments = [NOW, DAY + 2 * SECOND, DAY - 2 * SECOND]
    assert check(market, decisions_at(moments, (1,)), _evaluate) == []


def test_days_at_once_have_the_thresholds_of_each_day_alone(market: MarketFacts) -> None:
    days = [DAY.date() - timedelta(days=back) for back in (2, 1, 0)]
    alone = [adaptive_thresholds(market.known_by(_dawn(day)), (1,), [day]) for day in days]
    at_once = adaptive_thresholds(market, (1,), days)
    assert at_once.equals(pl.concat(alone))
    assert at_once["adaptive_ratio_high_threshold"].n_unique() > 1


def _dawn(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


OWN: dict[str, float | None] = {
    "adaptive_funding_threshold": 0.0002,
    "adaptive_price_threshold": 0.05,
    "adaptive_oi_fall_threshold": 0.01,
    "adaptive_ratio_high_threshold": 3.0,
    "adaptive_ratio_low_threshold": 0.7,
}


def _limits(parameters: SignalParameters, **own: float | None) -> dict[str, float | None]:
    columns = {name: {**OWN, **own}[name] for name in ADAPTIVE_THRESHOLDS}
    row = pl.DataFrame(columns, schema=dict.fromkeys(ADAPTIVE_THRESHOLDS, pl.Float64()))
    limits = limits_of(parameters)
    return row.select(limits[name].alias(name) for name in BOUND).row(0, named=True)


BOUND = (
    "squeeze_funding", "divergence_price_change", "divergence_oi_change", "crowding_ratio_high",
    "crowding_ratio_low", "crowding_funding", "carry_funding",
)  # fmt: skip


def test_printed_thresholds_are_the_printed_numbers() -> None:
    assert _limits(PRINTED) == {name: getattr(PRINTED, name) for name in BOUND}


def test_own_thresholds_take_the_place_of_the_printed_ones() -> None:
    assert _limits(ADAPTIVE) == {
        "squeeze_funding": 0.0002, "divergence_price_change": 0.05, "divergence_oi_change": 0.01,
        "crowding_ratio_high": 3.0, "crowding_ratio_low": 0.7, "crowding_funding": 0.0002,
        "carry_funding": 0.0002,
    }  # fmt: skip


def test_no_threshold_is_less_extreme_than_its_floor() -> None:
    tame = dict.fromkeys(ADAPTIVE_THRESHOLDS, 1e-6) | {"adaptive_ratio_low_threshold": 1.5}
    assert _limits(ADAPTIVE, **tame) == {
        "squeeze_funding": 0.0001, "divergence_price_change": 0.01, "divergence_oi_change": 0.005,
        "crowding_ratio_high": 1.2, "crowding_ratio_low": 1 / 1.2, "crowding_funding": 0.0001,
        "carry_funding": 0.0001,
    }  # fmt: skip


QUIET: dict[str, float | None] = {
    "funding_rate": 0.00025, "oi_delta_pct": -0.015, "liq_imbalance": 0.0, "gate_cascade_probability": 0.0,
    "return_24h": 0.06, "long_short_ratio": 3.5, "regime": 2.0, "volatility_regime": 1.0,
}  # fmt: skip


def _firing(parameters: SignalParameters, **changes: float | None) -> set[SignalSource]:
    row = pl.DataFrame({**QUIET, **OWN, **changes}, schema=dict.fromkeys([*QUIET, *OWN], pl.Float64()))
    limits = limits_of(parameters)
    return {
        source
        for source, generator in GENERATORS.items()
        if row.select(generator.direction(limits) != 0).item()
    }


def test_a_pair_fires_where_it_is_extreme_for_itself() -> None:
    assert _firing(PRINTED) == set()
    assert _firing(ADAPTIVE) == {
        SignalSource.OI_DIVERGENCE, SignalSource.CROWDING_FADE, SignalSource.FUNDING_CARRY,
    }  # fmt: skip
    assert _firing(ADAPTIVE, oi_delta_pct=0.001) >= {SignalSource.FUNDING_SQUEEZE}


def test_without_a_threshold_of_its_own_a_pair_stays_silent() -> None:
    unknown: dict[str, float | None] = dict.fromkeys(OWN)
    extreme: dict[str, float | None] = {"funding_rate": 0.01, "long_short_ratio": 9.0, "return_24h": 0.5}
    assert _firing(ADAPTIVE, **unknown, **extreme) == set()
    assert _firing(PRINTED, **unknown, **extreme) != set()


@pytest.mark.parametrize("own", [OWN, dict.fromkeys(OWN)], ids=["known", "unknown"])
def test_the_distance_from_firing_is_measured_to_the_threshold_in_force(own: dict[str, float | None]) -> None:
    measured = {**QUIET, **own}
    fires = {one.source for one in trigger_distances(measured, ADAPTIVE) if one.fires}
    assert fires == _firing(ADAPTIVE, **own)
    assert all(np.isfinite(one.shortfall) for one in trigger_distances(measured, ADAPTIVE))
