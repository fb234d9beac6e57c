"""The distance from firing agrees with the generators themselves, and names what is lacking."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.answers.distance_to_trigger import TriggerDistance, trigger_distances
from hydra.domain import Side, SignalSource
from hydra.layers.generator import Comparison
from hydra.layers.layer3_signals import SignalParameters, apply_requirements, generate

QUIET: dict[str, float | None] = {
    "funding_rate": 0.0001,
    "oi_delta_pct": 0.005,
    "liq_imbalance": 0.1,
    "gate_cascade_probability": 0.0,
    "return_24h": 0.01,
    "long_short_ratio": 1.2,
    "regime": 0.0,
    "volatility_regime": 1.0,
}


def distance(source: SignalSource, **changes: float | None) -> TriggerDistance:
    distances = trigger_distances({**QUIET, **changes}, SignalParameters())
    return distances[list(SignalSource).index(source)]


def test_all_five_generators_answer_in_their_order() -> None:
    assert [item.source for item in trigger_distances(QUIET, SignalParameters())] == list(SignalSource)


def test_a_quiet_minute_names_value_and_border_of_the_nearer_side() -> None:
    squeeze = distance(SignalSource.FUNDING_SQUEEZE)
    assert squeeze.side is Side.SHORT
    funding, interest = squeeze.conditions
    assert (funding.value, funding.comparison, funding.limit) == (0.0001, Comparison.ABOVE, 0.0005)
    assert (funding.is_met, interest.is_met, squeeze.fires) == (False, True, False)
    assert funding.shortfall == pytest.approx(0.8)
    assert squeeze.shortfall == pytest.approx(0.8)


def test_what_is_unknown_is_not_met_and_counts_as_a_whole_step() -> None:
    fade = distance(SignalSource.CROWDING_FADE, long_short_ratio=None)
    assert fade.conditions[0].value is None
    assert (fade.conditions[0].is_met, fade.conditions[0].shortfall) == (False, 1.0)


def test_a_state_is_met_or_not() -> None:
    carry = distance(SignalSource.FUNDING_CARRY, funding_rate=0.0006)
    assert [condition.is_met for condition in carry.conditions] == [False, True, True]
    assert distance(SignalSource.FUNDING_CARRY, funding_rate=0.0006, regime=2.0).fires


def test_a_border_itself_does_not_fire() -> None:
    assert not distance(SignalSource.FUNDING_SQUEEZE, funding_rate=0.0005).fires
    assert distance(SignalSource.FUNDING_SQUEEZE, funding_rate=0.00051).fires


def test_a_changed_threshold_moves_the_border() -> None:
    parameters = SignalParameters(squeeze_funding=0.00005)
    assert trigger_distances(QUIET, parameters)[0].fires


def either(low: float, high: float) -> st.SearchStrategy[float | None]:
    borders = [-0.7, -0.02, -0.0005, -0.0003, 0.0, 0.0003, 0.0005, 0.02, 0.3, 0.5, 0.7, 2.0]
    return (
        st.none()
        | st.floats(low, high)
        | st.sampled_from([value for value in borders if low <= value <= high])
    )


MEASURED = st.fixed_dictionaries(
    {
        "funding_rate": either(-0.002, 0.002),
        "oi_delta_pct": either(-0.1, 0.1),
        "liq_imbalance": either(-1, 1),
        "gate_cascade_probability": st.floats(0, 1) | st.just(0.3),
        "return_24h": either(-0.2, 0.2),
        "long_short_ratio": either(0.2, 4),
        "liq_zscore_max_1h": either(-1, 5),
        "liq_velocity": st.none() | st.floats(0, 0.01) | st.just(0.002),
        "regime": st.none() | st.integers(0, 6).map(float),
        "volatility_regime": st.none() | st.integers(0, 4).map(float),
    }
)


@settings(max_examples=150)
@given(MEASURED)
def test_the_distance_is_zero_exactly_where_the_generator_fires(measured: dict[str, float | None]) -> None:
    frame = pl.DataFrame(
        {name: [value] for name, value in measured.items()}, schema=dict.fromkeys(measured, pl.Float64())
    ).with_columns(pl.lit(1).alias("instrument_id"), pl.lit(1).alias("time"))
    parameters = SignalParameters()
    firings = apply_requirements(generate(frame, parameters), parameters).filter(pl.col("refusal").is_null())
    fires = dict(firings.select("source", "side").rows())
    for found in trigger_distances(measured, parameters):
        assert found.fires == (found.source in fires)
        assert fires.get(found.source) in {None, found.side}


def test_a_reversal_without_a_cascade_names_both_ways_to_one() -> None:
    reversal = distance(
        SignalSource.LIQUIDATION_REVERSAL, liq_imbalance=0.9, liq_zscore_max_1h=1.0, liq_velocity=None
    )
    *printed, cascade = reversal.conditions
    assert (all(one.is_met for one in printed), cascade.is_met, reversal.fires) == (True, False, False)
    assert (cascade.quantity, cascade.limit, cascade.shortfall) == ("liq_zscore_max_1h", 2.0, 0.5)
    assert cascade.alternative is not None
    assert (cascade.alternative.quantity, cascade.alternative.limit) == ("liq_velocity", 0.002)
    calm = distance(
        SignalSource.LIQUIDATION_REVERSAL, liq_imbalance=0.9, liq_zscore_max_1h=1.0, liq_velocity=0.002
    )
    assert calm.fires


def test_a_switched_off_requirement_is_no_condition() -> None:
    parameters = SignalParameters(reversal_min_zscore=0.0)
    assert len(trigger_distances(QUIET, parameters)[1].conditions) == 2
    assert len(trigger_distances(QUIET, SignalParameters())[1].conditions) == 3
