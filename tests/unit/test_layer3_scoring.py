"""Layer 3: the rule score, approval, the choice of one signal a pair, and the news gate."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra.domain import NewsAction, ReasonCode, Side, VolatilityRegime
from hydra.layers.layer2_matrix import REASON_TYPE
from hydra.layers.layer3_news import gate_news, news_veto, should_trade
from hydra.layers.layer3_scoring import ScoringParameters, choose
from hydra.layers.scorer import RuleBasedScorer, rule_based_signal_score, with_score

PRINTED = ScoringParameters()
MINUTE = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOT_REFUSED = pl.lit(None, dtype=REASON_TYPE).alias("refusal")


@pytest.mark.parametrize(
    ("confidence", "volatility", "funding", "cascade", "score"),
    [
        (0.5, VolatilityRegime.ELEVATED, 0.0, 0.0, 0.5),
        (0.5, VolatilityRegime.NORMAL, 0.0, 0.0, 0.55),
        (0.5, VolatilityRegime.ELEVATED, 0.0005, 0.0, 0.5),
        (0.5, VolatilityRegime.ELEVATED, 0.00051, 0.0, 0.55),
        (0.5, VolatilityRegime.ELEVATED, -0.00051, 0.0, 0.55),
        (0.5, VolatilityRegime.NORMAL, -0.001, 0.0, 0.605),
        (0.5, VolatilityRegime.HIGH, 0.0, 0.0, 0.4),
        (0.5, VolatilityRegime.EXTREME, 0.0, 0.0, 0.5),
        (0.5, VolatilityRegime.ELEVATED, 0.0, 0.3, 0.5),
        (0.5, VolatilityRegime.ELEVATED, 0.0, 0.31, 0.35),
        (0.9, VolatilityRegime.NORMAL, 0.001, 0.0, 1.0),
    ],
)
def test_rule_based_signal_score_as_printed(
    confidence: float, volatility: VolatilityRegime, funding: float, cascade: float, score: float
) -> None:
    columns = (pl.lit(confidence), pl.lit(volatility.value), pl.lit(funding), pl.lit(cascade))
    assert pl.select(rule_based_signal_score(*columns)).item() == pytest.approx(score)


def test_scoring_drops_nothing_and_says_that_it_is_a_rule() -> None:
    firings = pl.DataFrame(
        {
            "confidence": [0.1, 0.9],
            "volatility_regime": [2, 2],
            "funding_rate": [0.0, 0.0],
            "gate_cascade_probability": [0.0, 0.0],
        }
    )
    scored = with_score(firings, RuleBasedScorer())
    assert scored["score"].to_list() == [0.1, 0.9]
    assert scored["score_kind"].to_list() == ["rule", "rule"]


def chosen(*signals: tuple[float, float], pairs: list[int] | None = None) -> list[dict[str, Any]]:
    """signals: (confidence, score), named a, b, c in the order of the generators."""
    frame = pl.DataFrame(
        {
            "time": [MINUTE] * len(signals),
            "instrument_id": pairs or [1] * len(signals),
            "name": list("abcdefgh"[: len(signals)]),
            "confidence": [signal[0] for signal in signals],
            "score": [signal[1] for signal in signals],
        }
    )
    return choose(frame.with_columns(NOT_REFUSED), PRINTED).to_dicts()


@pytest.mark.parametrize(
    ("confidence", "score", "reason"),
    [
        (0.50, 0.45, ReasonCode.SIGNAL_CHOSEN),
        (0.50, 0.449, ReasonCode.SCORE_LOW),
        (0.499, 0.45, ReasonCode.CONFIDENCE_LOW),
        (0.499, 0.1, ReasonCode.CONFIDENCE_LOW),
    ],
)
def test_confidence_and_score_pass_at_their_very_border(
    confidence: float, score: float, reason: ReasonCode
) -> None:
    (row,) = chosen((confidence, score))
    assert row["reason_code"] == reason.value
    assert row["chosen"] is row["approved"] is (reason is ReasonCode.SIGNAL_CHOSEN)
    assert row["score_approved"] is (score >= 0.45)


def test_the_approved_go_first_then_the_confident() -> None:
    rows = chosen((0.9, 0.40), (0.6, 0.50), (0.7, 0.46))
    assert [row["name"] for row in rows] == ["c", "b", "a"]
    assert [row["reason_code"] for row in rows] == ["SIGNAL_CHOSEN", "SIGNAL_OUTRANKED", "SCORE_LOW"]
    assert [row["approved"] for row in rows] == [True, True, False]


def test_a_well_scored_but_timid_signal_does_not_displace_an_approved_one() -> None:
    rows = chosen((0.45, 0.9), (0.5, 0.46))
    assert [row["name"] for row in rows] == ["b", "a"]
    assert rows[1]["reason_code"] == "CONFIDENCE_LOW"


def test_among_the_unapproved_the_well_scored_stand_first_as_printed() -> None:
    rows = chosen((0.9, 0.3), (0.45, 0.9))
    assert [(row["name"], row["reason_code"]) for row in rows] == [
        ("b", "CONFIDENCE_LOW"),
        ("a", "SCORE_LOW"),
    ]


def test_equals_keep_the_order_of_the_generators() -> None:
    assert [row["name"] for row in chosen((0.6, 0.5), (0.6, 0.9))] == ["a", "b"]


def test_every_pair_has_its_own_choice() -> None:
    rows = chosen((0.6, 0.5), (0.7, 0.5), (0.55, 0.5), pairs=[2, 2, 1])
    assert [(row["instrument_id"], row["name"], row["chosen"]) for row in rows] == [
        (1, "c", True),
        (2, "b", True),
        (2, "a", False),
    ]


def test_choices_stand_by_time_and_equals_of_a_busy_minute_keep_their_order() -> None:
    """Two minutes of forty pairs with three equal signals each, the later minute and pair first."""
    minutes = [datetime(2026, 1, 1, 0, minute, tzinfo=UTC) for minute in (1, 0)]
    keys = [(minute, pair, name) for minute in minutes for pair in range(40, 0, -1) for name in "abc"]
    frame = pl.DataFrame(keys, schema=["time", "instrument_id", "name"], orient="row").with_columns(
        pl.lit(0.6).alias("confidence"), pl.lit(0.5).alias("score"), NOT_REFUSED
    )
    rows = choose(frame, PRINTED).select("time", "instrument_id", "name").rows()
    assert rows == sorted(keys)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5))
def test_at_most_one_is_chosen_and_only_if_approved(signals: list[tuple[float, float]]) -> None:
    rows = chosen(*signals)
    assert len(rows) == len(signals)
    assert sum(row["chosen"] for row in rows) == any(row["approved"] for row in rows)
    assert all(row["approved"] for row in rows if row["chosen"])


@pytest.mark.parametrize(
    ("action", "side", "answer"),
    [
        (None, Side.LONG, (True, "No LLM analysis available")),
        (NewsAction.EXIT, Side.LONG, (False, "LLM recommends exit: why")),
        (NewsAction.EXIT, Side.SHORT, (False, "LLM recommends exit: why")),
        (NewsAction.BEARISH, Side.LONG, (False, "LLM bearish, blocking long: why")),
        (NewsAction.BEARISH, Side.SHORT, (True, "LLM bearish: why")),
        (NewsAction.BULLISH, Side.SHORT, (False, "LLM bullish, blocking short: why")),
        (NewsAction.BULLISH, Side.LONG, (True, "LLM bullish: why")),
        (NewsAction.HOLD, Side.LONG, (True, "LLM hold: why")),
    ],
)
def test_llm_should_trade(action: NewsAction | None, side: Side, answer: tuple[bool, str]) -> None:
    assert should_trade(action, "why", side) == answer


def test_llm_hold_gate() -> None:
    """C03: the printed function lets hold through, the gate does not."""
    assert should_trade(NewsAction.HOLD, "", Side.LONG)[0]
    assert news_veto(NewsAction.HOLD, Side.LONG, hold_blocks=True) is ReasonCode.NEWS_HOLD
    assert news_veto(NewsAction.HOLD, Side.LONG, hold_blocks=False) is None


@pytest.mark.parametrize("hold_blocks", [True, False])
@pytest.mark.parametrize("side", [Side.LONG, Side.SHORT])
@pytest.mark.parametrize("action", [None, *NewsAction])
def test_the_gate_over_a_frame_says_what_the_rule_says(
    action: NewsAction | None, side: Side, hold_blocks: bool
) -> None:
    frame = pl.DataFrame(
        {
            "news_action": [action.value if action else None] * 2,
            "side": [side.value] * 2,
            "approved": [True, True],
            "chosen": [True, False],
            "reason_code": ["SIGNAL_CHOSEN", "SIGNAL_OUTRANKED"],
        },
        schema_overrides={
            "news_action": pl.String,
            "reason_code": pl.Enum([code.value for code in ReasonCode]),
        },
    )
    gated = gate_news(frame, hold_blocks=hold_blocks).to_dicts()
    veto = news_veto(action, side, hold_blocks=hold_blocks)
    assert gated[0]["reason_code"] == (veto or ReasonCode.SIGNAL_CHOSEN).value
    assert gated[0]["chosen"] is gated[0]["approved"] is (veto is None)
    assert (gated[1]["reason_code"], gated[1]["approved"]) == ("SIGNAL_OUTRANKED", True)
    assert "news_veto" not in gated[0]


def test_the_vetoes_of_the_news() -> None:
    assert news_veto(NewsAction.EXIT, Side.LONG, hold_blocks=True) is ReasonCode.NEWS_EXIT
    assert news_veto(NewsAction.BEARISH, Side.LONG, hold_blocks=True) is ReasonCode.NEWS_AGAINST
    assert news_veto(None, Side.LONG, hold_blocks=True) is None
