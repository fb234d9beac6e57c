"""The answer of a model is text of a stranger: what is not exactly right does not count, whatever it is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra.domain import NewsAction, NewsConfidence, ScanOutcome
from hydra.news.answer import LONGEST_REASON, PairAnalysis, read_answer
from hydra.news.prompt import SYMBOLS
from tests.support.messages_server import analyses

TIME = datetime(2025, 6, 1, 12, tzinfo=UTC)
GOOD = {"symbol": "BTC", "action": "exit", "confidence": "high", "reason": "A hack of the exchange"}
OTHERS = [{**GOOD, "symbol": symbol, "action": "none"} for symbol in SYMBOLS[1:]]


def read(*rows: Any) -> tuple[list[PairAnalysis], ScanOutcome, tuple[str, ...]]:
    found = read_answer(json.dumps({"analyses": [*rows, *OTHERS]}), TIME)
    return list(found.analyses), found.outcome, found.complaints


def test_a_right_analysis_is_the_record_of_the_sources() -> None:
    (analysis,), outcome, complaints = read(GOOD)
    assert analysis == PairAnalysis(
        "BTC", NewsAction.EXIT, NewsConfidence.HIGH, "A hack of the exchange", TIME
    )
    assert (outcome, complaints) == (ScanOutcome.ANALYZED, ())


@pytest.mark.parametrize(
    "changed",
    [
        {"action": "EXIT"}, {"action": "buy"}, {"action": None}, {"action": ["exit"]}, {"action": ""},
        {"confidence": "very high"}, {"confidence": 1}, {"confidence": True},
        {"reason": 7}, {"reason": None}, {"reason": ""}, {"reason": " \n\t"}, {"reason": "\ud800"},
        {"reason": "x" * (LONGEST_REASON + 1)}, {"size_usd": 5}, {"timestamp": "now"},
    ],
)  # fmt: skip
def test_a_pair_with_anything_wrong_has_none(changed: dict[str, Any]) -> None:
    found, outcome, complaints = read({**GOOD, **changed})
    assert (found, outcome) == ([], ScanOutcome.PARTIAL)
    assert len(complaints) == 1
    assert complaints[0].startswith("BTC: ")


@pytest.mark.parametrize("symbol", ["btc", "BTCUSDT", "BTC/USDT:USDT", "PEPE", " BTC", "", None, 1, ["BTC"]])
def test_another_name_is_no_pair(symbol: object) -> None:
    found, outcome, complaints = read({**GOOD, "symbol": symbol})
    assert (found, outcome) == ([], ScanOutcome.PARTIAL)
    assert len(complaints) == 2  # a stranger, and BTC is missing


@pytest.mark.parametrize("missing", ["symbol", "action", "confidence", "reason"])
def test_a_missing_field_is_wrong(missing: str) -> None:
    found, outcome, _ = read({name: value for name, value in GOOD.items() if name != missing})
    assert (found, outcome) == ([], ScanOutcome.PARTIAL)


def test_a_pair_named_twice_has_none_even_where_both_say_the_same() -> None:
    found, outcome, complaints = read(GOOD, GOOD)
    assert (found, outcome, complaints) == ([], ScanOutcome.PARTIAL, ("BTC: named 2 times",))


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '{"analyses": null}', '{"analyses": {}}', '{"analyses": [], "x": 1}', "NaN",
        '{"analyses": []}', '{"analyses": [NaN]}', '{"analyses": [], "analyses": []}', "[" * 100_000,
        "```json\n" + analyses() + "\n```", analyses() + "x", analyses()[:-1], "x" * 60_000,
        '{"analyses": [' + ",".join(["1"] * 101) + "]}", "\ud800",
    ],
)  # fmt: skip
def test_what_is_not_one_object_with_analyses_is_nothing(text: str) -> None:
    found = read_answer(text, TIME)
    assert (found.analyses, found.outcome) == ((), ScanOutcome.MALFORMED)


_WORDS = st.sampled_from([*SYMBOLS, *NewsAction, *NewsConfidence, "none", "symbol", "action", "analyses"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | _WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_WORDS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=20,
)
_ROWS = st.fixed_dictionaries(
    {name: _WORDS | _VALUES for name in ("symbol", "action", "confidence", "reason")}, optional={"x": _VALUES}
)


@given(
    st.text()
    | _VALUES.map(json.dumps)
    | st.lists(_ROWS, max_size=9).map(lambda rows: json.dumps({"analyses": rows}))
)
def test_nothing_raises_and_what_counts_is_right(text: str) -> None:
    found = read_answer(text, TIME)
    assert {one.symbol for one in found.analyses} <= set(SYMBOLS)
    assert len({one.symbol for one in found.analyses}) == len(found.analyses)
    for one in found.analyses:
        assert one.action in set(NewsAction)
        assert one.confidence in set(NewsConfidence)
        assert one.reason.isprintable()
        assert 0 < len(one.reason) <= LONGEST_REASON
