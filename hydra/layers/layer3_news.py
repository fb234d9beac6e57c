"""Layer 3, news gate: the news analyst's view of a pair can veto a chosen signal.

A view only restricts; without a view nothing is blocked (C111).
"""

import polars as pl

from hydra.domain import NewsAction, ReasonCode, Side
from hydra.layers.layer2_matrix import REASON_TYPE


def should_trade(action: NewsAction | None, reason: str, side: Side) -> tuple[bool, str]:
    """Whether the view allows a trade of `side`, and why. action None: no view.

    Formula: exit: no; bearish and long: no; bullish and short: no; else yes
    Source: layers document, "LLM News Analyst"; C03 (hold passes here; the gate stops it).
    """
    if action is None:
        return True, "No LLM analysis available"
    if action is NewsAction.EXIT:
        return False, f"LLM recommends exit: {reason}"
    if action is NewsAction.BEARISH and side is Side.LONG:
        return False, f"LLM bearish, blocking long: {reason}"
    if action is NewsAction.BULLISH and side is Side.SHORT:
        return False, f"LLM bullish, blocking short: {reason}"
    return True, f"LLM {action.value}: {reason}"


def news_veto(action: NewsAction | None, side: Side, *, hold_blocks: bool) -> ReasonCode | None:
    """The veto of `should_trade`, or of the view "hold" if `hold_blocks` (C03); None: passed."""
    if action is NewsAction.HOLD:
        return ReasonCode.NEWS_HOLD if hold_blocks else None
    if should_trade(action, "", side)[0]:
        return None
    return ReasonCode.NEWS_EXIT if action is NewsAction.EXIT else ReasonCode.NEWS_AGAINST


def gate_news(choices: pl.DataFrame, *, hold_blocks: bool) -> pl.DataFrame:
    """`choices` (see `choose`) after the gate. Reads news_action (a NewsAction value; null: no view).

    A vetoed signal is neither approved nor chosen, and no other signal takes its place.
    """
    if choices["news_action"].null_count() == choices.height:
        return choices
    veto = pl.lit(None, dtype=REASON_TYPE)
    for action in NewsAction:
        for side in (Side.LONG, Side.SHORT):
            code = news_veto(action, side, hold_blocks=hold_blocks)
            if code is not None:
                hit = (pl.col("news_action") == action.value) & (pl.col("side").cast(pl.String) == side.value)
                veto = (
                    pl.when(hit & pl.col("chosen"))
                    .then(pl.lit(code.value, dtype=REASON_TYPE))
                    .otherwise(veto)
                )
    is_vetoed = pl.col("news_veto").is_not_null()
    return (
        choices.with_columns(veto.alias("news_veto"))
        .with_columns(
            (pl.col("approved") & ~is_vetoed).alias("approved"),
            (pl.col("chosen") & ~is_vetoed).alias("chosen"),
            pl.coalesce("news_veto", "reason_code").alias("reason_code"),
        )
        .drop("news_veto")
    )
