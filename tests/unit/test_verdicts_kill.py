"""Layer 4's kill rule on a minute: it speaks once, and what it stops is stopped for every pair concerned."""

import pytest

from hydra.domain import KillCause, KillScope, ReasonCode, TradabilityStatus
from hydra.layers.layer4_kill import KillParameters
from hydra.layers.layer4_limits import PortfolioState
from hydra.layers.layer4_risk import RiskParameters
from hydra.trading.kill_switch import EVERYTHING, StoppedPairs
from hydra.trading.minute_rows import AssessedPair
from hydra.trading.verdicts import Minute, decide, new_kills


def pair(instrument_id: int, cascade: float = 0.0, funding: float | None = 0.0) -> AssessedPair:
    return AssessedPair(
        instrument_id=instrument_id,
        tradability=TradabilityStatus.ALLOW,
        reason_code=ReasonCode.NORMAL,
        regime=None,
        volatility_regime=1,
        cascade_probability=cascade,
        numbers={"entries_allowed": True, "measured": {"funding_rate": funding}},
    )


def minute(*pairs: AssessedPair, drawdown: float = 0.0, latched: frozenset[int] = frozenset()) -> Minute:
    return Minute(
        pairs={one.instrument_id: one for one in pairs},
        signals={},
        states={},
        terms={},
        portfolio_correlation={},
        kills=StoppedPairs(latched),
        portfolio=PortfolioState(10_000, daily_drawdown=drawdown),
    )


def reasons(now: Minute, parameters: RiskParameters) -> list[ReasonCode]:
    verdicts = decide(now, new_kills(now, parameters), parameters)
    return [verdict.reason_code for verdict in verdicts.values()]


def test_a_portfolio_kill_of_one_pair_stops_every_pair_of_the_minute() -> None:
    now, parameters = minute(pair(1), pair(2, cascade=0.9), pair(3, funding=0.01)), RiskParameters()
    kills = new_kills(now, parameters)
    assert {key: kill.cause for key, kill in kills.items()} == {2: KillCause.CASCADE}
    assert reasons(now, parameters) == [ReasonCode.KILL_SWITCH] * 3


def test_a_pair_kill_stops_its_pair_alone() -> None:
    parameters = RiskParameters(kill=KillParameters(scope=KillScope.PAIR))
    now = minute(pair(1), pair(2, cascade=0.9))
    assert reasons(now, parameters) == [ReasonCode.NO_SIGNAL, ReasonCode.KILL_SWITCH]


def test_a_drawdown_stops_the_portfolio_whatever_the_scope() -> None:
    parameters = RiskParameters(kill=KillParameters(scope=KillScope.PAIR))
    now = minute(pair(1), pair(2), drawdown=0.06)
    (kill,) = new_kills(now, parameters).values()
    assert (kill.cause, kill.scope, kill.value, kill.limit) == (
        KillCause.DAILY_DRAWDOWN, KillScope.PORTFOLIO, 0.06, 0.05,
    )  # fmt: skip
    assert reasons(now, parameters) == [ReasonCode.KILL_SWITCH] * 2


@pytest.mark.parametrize("latched", [frozenset({EVERYTHING}), frozenset({2})])
def test_what_is_latched_already_is_not_latched_again(latched: frozenset[int]) -> None:
    now = minute(pair(2, cascade=0.9), latched=latched)
    assert new_kills(now, RiskParameters()) == {}
    assert reasons(now, RiskParameters()) == [ReasonCode.KILL_SWITCH]
