"""Sentences of a report about gaps and five-minute candles in the data of a run. Source: C124, C132."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.domain import ReasonCode

Row = Mapping[str, Any]


def data_sentences(facts: Row, trades: Sequence[Row]) -> Iterator[str]:
    """facts: of `report/run`. trades: of `report/trades`."""
    if facts["stale_minutes"]:
        yield (
            f"In {facts['stale_minutes']:,} minutes a position was valued at a price older than five minutes:"
            " the data have gaps there, and the last known price was used."
        )
    ended = [trade for trade in trades if trade["exit_reason_code"] == ReasonCode.DATA_ENDED]
    if ended:
        pairs = ", ".join(sorted({str(trade["base"]) for trade in ended}))
        yield f"Closed at the last mark price when the range ended, because no more data came: {pairs}."
    bars = facts["config"].get("five_minute_bars")
    if bars:
        yield from _five_minute_sentences(bars)


def _five_minute_sentences(bars: Mapping[str, Any]) -> Iterator[str]:
    stretches = ", ".join(f"{_minute(first)} to {_minute(last)}" for first, last in bars["stretches"])
    played = sum(bars["candles"].values())
    yield (
        f"Only five-minute candles are recorded from {stretches} UTC: {played:,} of them were decided and"
        " simulated as five-minute bars; an order waits five minutes there instead of two."
    )
    if bars["missing_inputs"]:
        missing = ", ".join(bars["missing_inputs"])
        yield f"Mostly unknown there or on the day after, so rules that need them give no signal: {missing}."


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")
