"""Layer 4: the verdict of one candidate, and of eight pairs that signal in one minute."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import ReasonCode, Regime, SignalSource, VolatilityRegime
from hydra.layers.layer4_filters import InstrumentFilters
from hydra.layers.layer4_limits import LimitParameters, PortfolioState
from hydra.layers.layer4_risk import Candidate, PairTerms, RiskParameters, decide_candidate, decide_candidates
from hydra.layers.layer5_execution import ExecutionParameters
from hydra.ledger.liquidation import MaintenanceBracket, liquidation_price
from hydra.trading.cycle import Cycle
from hydra.trading.entries import entry_plan, submit_entry
from hydra.trading.pair_state import PairState
from hydra.trading.paper_exchange import PaperExchange
from tests.support.generated_facts import terms_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

BRACKETS = (MaintenanceBracket(50_000, 0.004, 0.0), MaintenanceBracket(600_000, 0.005, 50.0))


def by_bracket(direction: int, price: float, quantity: float, margin: float) -> float:
    return liquidation_price(direction, price, quantity, margin, BRACKETS)


TERMS = PairTerms(
    volatility_multiplier=1.0,
    size_multiplier=1.0,
    max_leverage=20,
    round_trip_cost=0.001,
    filters=InstrumentFilters(Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(1000), Decimal(50)),
    brackets=((50_000, 125), (600_000, 100)),
    liquidation_price=by_bracket,
    order_price=lambda _direction, price: price,
)
CANDIDATE = Candidate(
    instrument_id=1,
    universe_place=0,
    source=SignalSource.CROWDING_FADE,
    direction=1,
    confidence=0.6,
    score=0.66,
    expected_return=0.02,
    expected_adverse_excursion=0.01,
    holding_hours=8.0,
    price=50_000.0,
    funding_rate=0.0004,
    volatility_regime=VolatilityRegime.NORMAL.value,
    regime=Regime.RANGING.value,
    cascade_probability=0.0,
    correlation_penalty=1.0,
    terms=TERMS,
)
BOOK = PortfolioState(equity_usd=10_000)
PRINTED = RiskParameters()


def reason(
    book: PortfolioState = BOOK, parameters: RiskParameters = PRINTED, **changed: object
) -> ReasonCode:
    decision = decide_candidate(replace(CANDIDATE, **changed), book, parameters)  # type: ignore[arg-type]
    assert decision.approved is (decision.reason_code is ReasonCode.APPROVED)
    return decision.reason_code


def test_an_approved_long_to_the_cent() -> None:
    """Leverage 5 x 0.6 = 3. Kelly 0.4 x 0.25 x 10,000 x 3 = 3,000 USDT = 0.060 BTC at 50,000.

    Stop 1 % = 49,500.0, target 2 % = 51,000.0; at the stop 3,000 x (1 % + 0.1 %) = 33 USDT are lost.
    Margin 1,000: liquidation (1,000 - 3,000) / (0.06 x (0.004 - 1)) = 33,467.20.
    """
    decision = decide_candidate(CANDIDATE, BOOK, PRINTED)
    assert decision.approved
    assert decision.reason_code is ReasonCode.APPROVED
    assert decision.quantity == Decimal("0.06")
    assert decision.recommended_size_usd == Decimal("3000")
    assert decision.recommended_leverage == pytest.approx(3.0)
    assert (decision.stop_loss_price, decision.take_profit_price) == (Decimal("49500"), Decimal("51000"))
    assert decision.max_holding_hours == 8.0
    assert decision.heat_usd == pytest.approx(33.0)
    assert decision.liquidation_price == pytest.approx(33_467.20, abs=0.01)
    assert decision.numbers == pytest.approx(
        {
            "kelly": 0.4,
            "printed_size_usd": 3_000,
            "risk_capped_size_usd": 3_000,
            "exposure_left_usd": 50_000,
            "heat_size_usd": 600 / 0.011,
            "margin_size_usd": 10_000 / (1 / 3 + 0.001),
            "final_size_usd": 3_000,
            "leverage": 3,
            "loss_at_stop": 0.011,
            "correlation_penalty": 1,
            "liquidation_price": decision.liquidation_price,
        }
    )


def test_an_approved_short_is_the_mirror() -> None:
    decision = decide_candidate(replace(CANDIDATE, direction=-1), BOOK, PRINTED)
    assert (decision.stop_loss_price, decision.take_profit_price) == (Decimal("50500"), Decimal("49000"))
    # (1,000 + 3,000) / (0.06 x 1.004)
    assert decision.liquidation_price == pytest.approx(66_401.06, abs=0.01)


@pytest.mark.parametrize(
    ("direction", "price", "quantity"), [(-1, "100002.5", "0.099"), (1, "99997.5", "0.1")]
)
def test_an_order_is_sized_at_the_price_that_it_is_sent_with(
    direction: int, price: str, quantity: str
) -> None:
    """10,000 USDT at a reference of 100,000: 0.1 BTC sold at the ask of 100,002.5 would be 10,000.25 USDT."""
    spec = terms_of((1,))[1]
    asked = replace(
        CANDIDATE, direction=direction, price=100_000.0, confidence=0.9, expected_return=0.04,
        terms=replace(spec.for_risk, max_leverage=20),
    )  # fmt: skip
    decision = decide_candidate(asked, replace(BOOK, equity_usd=100_000), PRINTED)
    assert decision.numbers["final_size_usd"] == 10_000
    assert (spec.order_price(direction, Decimal(100_000)), decision.quantity) == (
        Decimal(price),
        Decimal(quantity),
    )
    assert decision.recommended_size_usd == decision.quantity * Decimal(price) <= 10_000
    plan = entry_plan(asked, decision)
    state = PairState(1)
    submit_entry(state, plan, Cycle(1, NOON, NOON), spec, PaperExchange(1, ExecutionParameters()))
    assert state.entry is not None
    assert (state.entry.quantity, state.entry.limit_price) == (decision.quantity, Decimal(price))


def test_stop_and_target_stand_on_the_grid_no_further_than_computed() -> None:
    decision = decide_candidate(replace(CANDIDATE, price=50_003.0), BOOK, PRINTED)
    # 49,502.97 up and 51,003.06 down to a tenth
    assert (decision.stop_loss_price, decision.take_profit_price) == (Decimal("49503.0"), Decimal("51003.0"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kill_latched": True, "entries_allowed": False}, ReasonCode.KILL_SWITCH),
        ({"kill_latched": True, "has_position": True}, ReasonCode.KILL_SWITCH),
        ({"kill_latched": True, "account_differs": True}, ReasonCode.KILL_SWITCH),
        ({"account_differs": True, "entries_allowed": False}, ReasonCode.ACCOUNT_DIFFERS),
        ({"entries_allowed": False, "has_position": True}, ReasonCode.NOT_TRADABLE),
        ({"has_position": True, "minutes_since_exit": 1.0}, ReasonCode.POSITION_EXISTS),
        ({"minutes_since_exit": 59.0}, ReasonCode.COOLDOWN),
        ({"minutes_since_exit": 61.0, "stopped_out": True}, ReasonCode.COOLDOWN),
        ({"minutes_since_exit": 61.0}, ReasonCode.APPROVED),
        ({"confidence": 0.3}, ReasonCode.NO_EDGE),
        ({"correlation_penalty": 0.01}, ReasonCode.SIZE_BELOW_MINIMUM),
    ],
)
def test_the_first_gate_that_is_shut_gives_the_reason(changed: dict[str, object], code: ReasonCode) -> None:
    assert reason(BOOK, PRINTED, **changed) is code


@pytest.mark.parametrize(
    ("book", "code"),
    [
        (PortfolioState(10_000, positions=4), ReasonCode.APPROVED),
        (PortfolioState(10_000, positions=5), ReasonCode.MAX_POSITIONS),
        (PortfolioState(10_000, exposure_usd=49_960), ReasonCode.MAX_EXPOSURE),
        (PortfolioState(10_000, heat_usd=599.9), ReasonCode.PORTFOLIO_HEAT),
        (PortfolioState(10_000, margin_usd=9_990), ReasonCode.INSUFFICIENT_MARGIN),
    ],
)
def test_a_full_book_vetoes_by_name(book: PortfolioState, code: ReasonCode) -> None:
    assert reason(book) is code


def test_a_veto_keeps_the_numbers() -> None:
    killed = replace(CANDIDATE, kill_latched=True)
    decision = decide_candidate(killed, PortfolioState(10_000, daily_drawdown=0.06, positions=2), PRINTED)
    assert decision.reason_code is ReasonCode.KILL_SWITCH
    assert decision.numbers["daily_drawdown"] == 0.06
    assert decision.numbers["positions"] == 2
    assert decision.numbers["funding_rate"] == 0.0004
    assert decision.numbers["cascade_probability"] == 0.0
    assert set(decision.numbers) == {
        "daily_drawdown",
        "funding_rate",
        "cascade_probability",
        "minutes_since_exit",
        "positions",
    }
    assert decision.recommended_size_usd == 0


def test_a_stop_beyond_the_liquidation_is_vetoed() -> None:
    """Leverage is at most 5 here, so only a liquidation price close by can show it."""
    near = replace(TERMS, liquidation_price=lambda *_: 49_400.0)
    assert reason(terms=near) is ReasonCode.STOP_BEYOND_LIQUIDATION
    far = replace(TERMS, liquidation_price=lambda *_: 49_375.0)
    assert reason(terms=far) is ReasonCode.APPROVED


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(
    ("spread_bps", "code"),
    [("190", ReasonCode.APPROVED), ("200", ReasonCode.ENTRY_BEYOND_STOP)],
)
def test_no_entry_is_sent_at_or_beyond_its_own_stop(
    direction: int, spread_bps: str, code: ReasonCode
) -> None:
    """The stop lies 1 % from the reference price. Half of a spread of 2 % puts the entry there as well."""
    spec = terms_of((1,))[1]
    wide = replace(spec, costs=replace(spec.costs, spread_bps=Decimal(spread_bps)))
    candidate = replace(CANDIDATE, direction=direction, terms=wide.for_risk)
    decision = decide_candidate(candidate, BOOK, PRINTED)
    assert decision.reason_code is code
    entry = wide.order_price(direction, Decimal(50_000))
    room = direction * (entry - decision.stop_loss_price)
    assert (room > 0) is decision.approved is (code is ReasonCode.APPROVED)


def test_the_risk_cap_binds_and_can_be_switched_off() -> None:
    """EAE 5 %, confidence 0.9: printed 9,000; the cap leaves 100 / (0.05 + 0.001) = 1,960.78 -> 0.039 BTC."""
    strong = replace(CANDIDATE, confidence=0.9, expected_return=0.10, expected_adverse_excursion=0.05)
    decision = decide_candidate(strong, BOOK, PRINTED)
    assert decision.numbers["printed_size_usd"] == pytest.approx(9_000)
    assert decision.recommended_size_usd == Decimal("1950")
    uncapped = decide_candidate(strong, BOOK, replace(PRINTED, enforce_risk_cap=False))
    assert uncapped.recommended_size_usd == Decimal("9000")


def test_kelly_may_take_the_score_for_its_probability() -> None:
    """p = 0.66, b = 2: Kelly (1.32 - 0.34) / 2 = 0.49."""
    decision = decide_candidate(CANDIDATE, BOOK, replace(PRINTED, kelly_uses_score=True))
    assert decision.numbers["kelly"] == pytest.approx(0.49)
    assert decision.numbers["printed_size_usd"] == pytest.approx(0.49 * 0.25 * 10_000 * 3)


@pytest.mark.parametrize(
    ("parameters", "terms", "leverage"),
    [
        (replace(PRINTED, max_leverage=2.0), TERMS, 2.0),
        (PRINTED, replace(TERMS, max_leverage=1.5), 1.5),
        (PRINTED, replace(TERMS, brackets=((50_000, 2.5),)), 2.5),
        (PRINTED, replace(TERMS, brackets=((1_000, 100.0), (50_000, 2.0))), 2.0),
    ],
)
def test_the_lowest_of_all_leverage_caps_holds(
    parameters: RiskParameters, terms: PairTerms, leverage: float
) -> None:
    decision = decide_candidate(replace(CANDIDATE, terms=terms), BOOK, parameters)
    assert decision.recommended_leverage == leverage


def test_drawdown_and_multipliers_reach_the_size() -> None:
    """Drawdown 9 %: leverage 3 x 0.4 = 1.2; 1,000 x 1.2 / 1.5 x 0.8 x 0.6 = 384 -> 0.007 BTC = 350."""
    terms = replace(TERMS, volatility_multiplier=1.5, size_multiplier=0.8)
    candidate = replace(CANDIDATE, terms=terms, correlation_penalty=0.6)
    decision = decide_candidate(candidate, PortfolioState(10_000, drawdown=0.09), PRINTED)
    assert decision.numbers["printed_size_usd"] == pytest.approx(384)
    assert decision.recommended_size_usd == Decimal("350")


def test_free_margin_shrinks_the_size() -> None:
    """600 USDT free at 3x, with room for costs of 0.1 %: 600 / (1/3 + 0.001) = 1,794.62 = 0.035 BTC."""
    decision = decide_candidate(CANDIDATE, PortfolioState(10_000, margin_usd=9_400), PRINTED)
    assert decision.recommended_size_usd == Decimal("1750")


def test_without_free_margin_nothing_is_left_for_a_size() -> None:
    decision = decide_candidate(CANDIDATE, PortfolioState(10_000, margin_usd=10_500), PRINTED)
    assert decision.reason_code is ReasonCode.INSUFFICIENT_MARGIN
    assert decision.numbers["margin_size_usd"] == decision.numbers["final_size_usd"] == 0


def test_the_best_of_a_minute_goes_first_and_what_it_reserves_is_gone() -> None:
    """Room for one position: by score, then confidence, then the order of the universe (C120)."""
    tight = RiskParameters(limits=LimitParameters(max_positions=1))
    pairs = [
        replace(CANDIDATE, instrument_id=1, universe_place=0, score=0.5),
        replace(CANDIDATE, instrument_id=2, universe_place=1, score=0.7, confidence=0.6),
        replace(CANDIDATE, instrument_id=3, universe_place=2, score=0.7, confidence=0.65),
        replace(CANDIDATE, instrument_id=4, universe_place=0, score=0.7, confidence=0.6),
    ]
    verdicts = decide_candidates(pairs, BOOK, tight)
    assert [candidate.instrument_id for candidate, _ in verdicts] == [3, 4, 2, 1]
    assert [decision.approved for _, decision in verdicts] == [True, False, False, False]
    assert verdicts[1][1].reason_code is ReasonCode.MAX_POSITIONS


def test_margin_reserved_in_one_minute_is_not_lent_twice() -> None:
    """3,000 free: each takes 1,000 of margin, the fourth finds none."""
    pairs = [replace(CANDIDATE, instrument_id=place, universe_place=place) for place in range(4)]
    verdicts = decide_candidates(pairs, PortfolioState(10_000, margin_usd=7_000), PRINTED)
    assert [decision.reason_code for _, decision in verdicts] == [
        ReasonCode.APPROVED,
        ReasonCode.APPROVED,
        ReasonCode.APPROVED,
        ReasonCode.INSUFFICIENT_MARGIN,
    ]


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 0.9), st.sampled_from([1, -1]), st.floats(0.01, 0.1), st.floats(0.01, 1e5)),
        min_size=1,
        max_size=8,
    ),
    st.floats(200, 1e6),
    st.floats(0, 2e4),
    st.floats(0, 0.05),
)
def test_all_limits_hold_together(
    signals: list[tuple[float, int, float, float]], equity: float, exposure: float, drawdown: float
) -> None:
    pairs = [
        replace(
            CANDIDATE,
            universe_place=place,
            confidence=confidence,
            direction=direction,
            expected_adverse_excursion=excursion,
            expected_return=2 * excursion,
            price=price,
        )
        for place, (confidence, direction, excursion, price) in enumerate(signals)
    ]
    book = PortfolioState(
        equity, exposure_usd=exposure, margin_usd=min(exposure, equity) / 2, drawdown=drawdown
    )
    decisions = [decision for _, decision in decide_candidates(pairs, book, PRINTED) if decision.approved]
    sizes = [float(decision.recommended_size_usd) for decision in decisions]
    margins = [size / decision.recommended_leverage for size, decision in zip(sizes, decisions, strict=True)]
    slack = 1 + 1e-9
    assert len(decisions) <= 5
    assert all(50 <= size <= 10_000 * slack for size in sizes)
    assert exposure + sum(sizes) <= max(exposure, 50_000) * slack
    costs = [size * TERMS.round_trip_cost for size in sizes]
    assert book.margin_usd + sum(margins) + sum(costs) <= max(book.margin_usd, equity) * slack
    assert sum(decision.heat_usd for decision in decisions) <= 0.06 * equity * slack
    assert all(decision.heat_usd <= 0.01 * equity * slack for decision in decisions)
    assert all(1 <= decision.recommended_leverage <= 10 for decision in decisions)


@settings(max_examples=40)
@given(st.floats(0.3, 0.9), st.floats(0, 0.05), st.floats(0.3, 1), st.floats(-0.002, 0.002))
def test_layers_only_restrict(confidence: float, drawdown: float, penalty: float, funding: float) -> None:
    candidate = replace(CANDIDATE, confidence=confidence, correlation_penalty=penalty, funding_rate=funding)
    decision = decide_candidate(candidate, PortfolioState(10_000, drawdown=drawdown), PRINTED)
    assert float(decision.recommended_size_usd) <= decision.numbers["printed_size_usd"] * (1 + 1e-9)
    vetoed = decide_candidate(
        replace(candidate, entries_allowed=False), PortfolioState(10_000, drawdown=drawdown), PRINTED
    )
    assert not vetoed.approved
