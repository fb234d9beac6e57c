"""What the news did to a run, in a sentence of its report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.domain import ReasonCode


def news_sentence(run_id: int, vetoes: int, trades: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How many entries the news forbade and how many positions they closed; nothing where they did neither.

    vetoes: signals that the news stopped, minute by minute.
    """
    exits = sum(trade["exit_reason_code"] == ReasonCode.NEWS_EXIT for trade in trades)
    if vetoes or exits:
        yield (
            f"Signals stopped by the news: {vetoes:,}; positions closed: {exits:,}. "
            f"`hydra news effect --run {run_id}` shows what happened afterwards."
        )
