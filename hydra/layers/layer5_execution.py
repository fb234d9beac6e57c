"""Layer 5, the next step of a working order: wait, quote again, cancel, send a market order.

Source: layers document, "Entry Execution"; layers document, "Exit Execution"; C41, C42, C45.
"""

from dataclasses import dataclass
from enum import IntEnum

from hydra.bounds import Count, Seconds


class OrderStep(IntEnum):
    """The next step of a working order."""

    WAIT = 0
    REQUOTE = 1
    CANCEL = 2
    SEND_MARKET = 3
    DONE = 4


@dataclass(frozen=True, slots=True)
class ExecutionParameters:
    """120 and 60 s are printed; three new quotes: C41.

    latency_seconds: how long an order takes to the paper exchange, an assumption that backtests can stress.
    """

    entry_timeout_seconds: Seconds = 120.0
    exit_timeout_seconds: Seconds = 60.0
    most_requotes: Count = 3
    latency_seconds: Seconds = 0.0


def entry_step(
    elapsed_seconds: float,
    remaining: float,
    requotes: int,
    parameters: ExecutionParameters,
    *,
    is_refused: bool,
) -> OrderStep:
    """The next step of an entry. After CANCEL the filled part is the position (C41).

    elapsed_seconds: since the first order of the entry. remaining: base units not yet filled.
    is_refused: the last post-only order was refused because it would have taken liquidity.

    Formula: filled within 120 s, else cancel
    Source: layers document, "Entry Execution"; C41.
    """
    if remaining <= 0:
        return OrderStep.DONE
    if elapsed_seconds >= parameters.entry_timeout_seconds:
        return OrderStep.CANCEL
    if not is_refused:
        return OrderStep.WAIT
    return OrderStep.REQUOTE if requotes < parameters.most_requotes else OrderStep.CANCEL


def exit_step(
    elapsed_seconds: float, remaining: float, parameters: ExecutionParameters, *, is_refused: bool
) -> OrderStep:
    """The next step of an ordinary exit: a passive order, then a market order for the rest.

    Formula: filled within 60 s, else market
    Source: layers document, "Exit Execution"; C42, C44.
    """
    if remaining <= 0:
        return OrderStep.DONE
    if is_refused or elapsed_seconds >= parameters.exit_timeout_seconds:
        return OrderStep.SEND_MARKET
    return OrderStep.WAIT
