"""Every reason code in words, and the six gates that a minute passes on its way to a trade.

Source: README document, "Decision Gates"; docs/architecture.md, "Asking why"; C111.
"""

from enum import StrEnum
from typing import Final

from hydra.domain import ReasonCode


class Gate(StrEnum):
    """The decision gates in their order (README document, "Decision Gates")."""

    DATA_HEALTH = "Data health"
    STATISTICAL = "Statistical"
    SCORE = "ML score"
    NEWS = "LLM analysis"
    RISK = "Risk"
    EXECUTION = "Execution"


WORDS: Final[dict[ReasonCode, str]] = {
    ReasonCode.NORMAL: "no reason against trading",
    ReasonCode.WARMING_UP: "there is too little history yet to rank the volatility: no entries",
    ReasonCode.DATA_MISSING: "a required input is missing",
    ReasonCode.DATA_STALE: "an input is too old",
    ReasonCode.VOLATILITY_EXTREME: "volatility is extreme for this pair: no trading",
    ReasonCode.VOLATILITY_HIGH: "volatility is high for this pair: exits only",
    ReasonCode.CASCADE: "a liquidation cascade is under way: no trading",
    ReasonCode.CASCADE_WARNING: "a liquidation cascade may be starting: exits only",
    ReasonCode.FUNDING_EXTREME: "funding is extreme: less leverage, or no entries where that is set",
    ReasonCode.SIGNAL_CHOSEN: "this signal goes on to the risk gate",
    ReasonCode.SIGNAL_OUTRANKED: "it passed, but another signal of this minute ranks higher",
    ReasonCode.NO_SIGNAL: "there is no signal",
    ReasonCode.CONFIDENCE_LOW: "the generator is not confident enough",
    ReasonCode.SCORE_LOW: "the score is below the threshold",
    ReasonCode.NO_CASCADE: "no liquidation cascade in the last hour from which the price could turn",
    ReasonCode.NEWS_HOLD: "the news analyst says hold",
    ReasonCode.NEWS_EXIT: "the news analyst says exit",
    ReasonCode.NEWS_AGAINST: "the news analyst expects the opposite direction",
    ReasonCode.APPROVED: "within every limit",
    ReasonCode.NOT_TRADABLE: "layer 2 allows no entry in this minute",
    ReasonCode.KILL_SWITCH: "the kill switch is latched",
    ReasonCode.ACCOUNT_DIFFERS: "its orders or positions at the exchange are not those of the tables",
    ReasonCode.COOLDOWN: "too soon after the last exit of the same source and side",
    ReasonCode.POSITION_EXISTS: "this pair already has a position or a working entry",
    ReasonCode.MAX_POSITIONS: "the maximum number of positions is open",
    ReasonCode.MAX_EXPOSURE: "the limit of the total exposure leaves too little room",
    ReasonCode.PORTFOLIO_HEAT: "the loss at all open stops already reaches the allowed portfolio heat",
    ReasonCode.NO_EDGE: "the Kelly size is zero: confidence, return and risk promise no edge",
    ReasonCode.SIZE_BELOW_MINIMUM: "the size is below the smallest order of the exchange",
    ReasonCode.STOP_BEYOND_LIQUIDATION: "the position would be liquidated before its stop is reached",
    ReasonCode.ENTRY_BEYOND_STOP: "the spread is so wide that the entry price is at or beyond the stop",
    ReasonCode.STOP_HIT: "the stop was hit",
    ReasonCode.TARGET_HIT: "the target was reached",
    ReasonCode.THESIS_BROKEN: "the reason for the trade no longer holds",
    ReasonCode.MAX_HOLDING_TIME: "the maximum holding time was reached",
    ReasonCode.LIQUIDATION_NEAR: "the price came too near to the liquidation price",
    ReasonCode.LIQUIDATED: "it was liquidated by the exchange",
    ReasonCode.CLOSED_ELSEWHERE: "it was closed at the exchange, not by HYDRA",
    ReasonCode.FLATTENED: "an operator had the pair flattened",
    ReasonCode.DATA_ENDED: "its data never came back: closed at its last mark price when the range ended",
    ReasonCode.UNPROTECTED: "no stop rested on the exchange in time: closed at market",
    ReasonCode.ENTRY_TIMEOUT: "the entry was not filled in time",
    ReasonCode.EXCHANGE_REFUSED: "the exchange refused the order",
    ReasonCode.SPREAD_WIDE: "the spread is too wide to trade",
    ReasonCode.INSUFFICIENT_MARGIN: "the free margin is too small for the smallest order",
    ReasonCode.CLOCK_OFF: "the clocks of this machine and the exchange have not agreed within 1 s for 60 s",
    ReasonCode.MINUTE_TOO_OLD: "it was too late to decide this minute honestly",
}

_CODES: Final[dict[Gate, tuple[ReasonCode, ...]]] = {
    Gate.DATA_HEALTH: (
        ReasonCode.DATA_MISSING,
        ReasonCode.DATA_STALE,
        ReasonCode.CLOCK_OFF,
        ReasonCode.SPREAD_WIDE,
        ReasonCode.MINUTE_TOO_OLD,
    ),
    Gate.STATISTICAL: (
        ReasonCode.NORMAL,
        ReasonCode.WARMING_UP,
        ReasonCode.VOLATILITY_EXTREME,
        ReasonCode.VOLATILITY_HIGH,
        ReasonCode.CASCADE,
        ReasonCode.CASCADE_WARNING,
        ReasonCode.FUNDING_EXTREME,
    ),
    Gate.SCORE: (
        ReasonCode.SIGNAL_CHOSEN,
        ReasonCode.SIGNAL_OUTRANKED,
        ReasonCode.NO_SIGNAL,
        ReasonCode.CONFIDENCE_LOW,
        ReasonCode.SCORE_LOW,
        ReasonCode.NO_CASCADE,
    ),
    Gate.NEWS: (ReasonCode.NEWS_HOLD, ReasonCode.NEWS_EXIT, ReasonCode.NEWS_AGAINST),
    Gate.RISK: (
        ReasonCode.APPROVED,
        ReasonCode.NOT_TRADABLE,
        ReasonCode.KILL_SWITCH,
        ReasonCode.ACCOUNT_DIFFERS,
        ReasonCode.COOLDOWN,
        ReasonCode.POSITION_EXISTS,
        ReasonCode.MAX_POSITIONS,
        ReasonCode.MAX_EXPOSURE,
        ReasonCode.PORTFOLIO_HEAT,
        ReasonCode.NO_EDGE,
        ReasonCode.SIZE_BELOW_MINIMUM,
        ReasonCode.STOP_BEYOND_LIQUIDATION,
        ReasonCode.ENTRY_BEYOND_STOP,
        ReasonCode.INSUFFICIENT_MARGIN,
    ),
    Gate.EXECUTION: (
        ReasonCode.STOP_HIT,
        ReasonCode.TARGET_HIT,
        ReasonCode.THESIS_BROKEN,
        ReasonCode.MAX_HOLDING_TIME,
        ReasonCode.LIQUIDATION_NEAR,
        ReasonCode.LIQUIDATED,
        ReasonCode.CLOSED_ELSEWHERE,
        ReasonCode.FLATTENED,
        ReasonCode.DATA_ENDED,
        ReasonCode.UNPROTECTED,
        ReasonCode.ENTRY_TIMEOUT,
        ReasonCode.EXCHANGE_REFUSED,
    ),
}
GATES: Final = {code: gate for gate, codes in _CODES.items() for code in codes}


def gate_of(layer: int, reason_code: ReasonCode) -> Gate:
    """The gate that gave a verdict of layer 2, 3, 4 or 5. Layer 5 may give any code as the reason of an exit.

    A minute without a signal stops at the score, where there is nothing to score.
    """
    return Gate.EXECUTION if layer == 5 else GATES[reason_code]  # noqa: PLR2004  # counted as in the documents
