"""Writes docs/features.md from the catalogue: `python -m hydra.features.document`."""

from datetime import timedelta

from hydra.durations import MINUTE, SECOND_US
from hydra.features.catalogue import ALIASES, CATALOGUE, FAMILIES
from hydra.features.engine.lateness import NOMINAL_LAG_US
from hydra.features.feature import OF_HISTORY, Feature
from hydra.features.for_models.sequence_windows import SEQUENCE_STEPS
from hydra.features.vectors import (
    EXIT_PREDICTOR_FEATURES_V1,
    FEATURE_RECIPE_V1,
    REGIME_FEATURES_V1,
    SEQUENCE_FEATURES_V1,
    SIGNAL_SCORER_FEATURES_V1,
)
from hydra.paths import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "features.md"

# Under the name that the catalogue has for it.
_RECIPE = tuple(ALIASES.get(name, name) for name in FEATURE_RECIPE_V1)

_INTRODUCTION = """# Features

Generated from the catalogue by `python -m hydra.features.document`; do not edit.

Every feature is one expression over closed facts, evaluated by the same code live, in a backtest and in
training. The value at a decision instant t depends on facts with `known_at <= t` only. The column `source`
says where a definition comes from ([sources](sources.md)).

## Codes

- scorer, regime, recipe: the place in the vector of the signal scorer (49), of the regime model (25) and of
  the recipe (80), from 1. Below stand the steps of the sequence model (14) and the exit predictor's columns.
- null: `N0` never null; `NW` null until the window is there or if more than 5% of it is missing; `NL(d)`
  last value, at most d old; `Z=v` a zero denominator, or a window whose standard deviation is at most
  1e-12 of its mean's magnitude, gives v. z-scores have `Z=0`.
- known: what a value may depend on. `B` closed bars, `E` events received by t, `F` settled funding,
  `C` clock, `S` fixed with the signal, `X` closed bars of several pairs, all at the same close.
- Rolling windows count present rows, so the start of the history is treated like a hole. A return needs
  the bar exactly that long ago and 95% of the bars between.
- `C_0` is the last close, `C_k` the close k bars before; `std1` divides by n - 1, `std0` by n.
- Percentages are fractions, volatility is annualised, times are UTC.

## Conventions

Where the field has several definitions of an indicator:

| indicator | definition here |
|---|---|
| RSI | simple means of gains and losses (no Wilder smoothing); no losses 100, no moves 50 |
| ATR | simple mean of the true range (no Wilder smoothing) |
| ADX | TA-Lib's, with Wilder's smoothing; 150 bars of warm-up |
| Bollinger bands | 20 bars, 2 deviations, std0 |
| volatility of the gates | std0 of five-minute returns x sqrt(105120) |
| volatility of the models | std1 of one-minute returns x sqrt(525600) |
| EMA | alpha 2/(n + 1), used after 5 n bars |
| MACD | EMA_12 - EMA_26 |
| CCI | TA-Lib's, 20 bars |
| Wave Trend | WT1 with channel 10 and average 21, of (H+L+C)/3 |

## Acceptance

What is asked of every feature:

1. Golden vectors: values computed by hand.
2. Truncation: from data cut at t comes the same value at t.
3. Future shock: facts with `known_at` after t change nothing.
4. Rollups: SQL gives what Python computes, within 1e-9 relative.
5. Streaming is batch: verdicts and money exactly, features within 1e-9 relative, exponential averages within
   1e-4. A decision's window starts at an anchor that depends on t only.
6. The null rule holds where a gap is.
7. Every value lies in its range.
"""


_OF_STREAMS = """## When a feature is known on an exchange

Candles, mark prices, funding, open interest and ratios of the past are fetched at the start: their features
are known from the first minute on. Trades, order books and forced orders are only heard: their features are
known once the exchange was heard so long, while facts come all the time, and by their null rules from then
on. They read single trades and books, because their windows end at the decision and count what was known by
then. The rollups of trades and books serve people, and stay where retention drops the facts.
"""


def rendered() -> str:
    """The whole text of docs/features.md."""
    families = [_family(name, features) for name, features in FAMILIES.items()]
    return "\n".join(
        [_INTRODUCTION, _known_at(), _heard(), *families, _aliases(), _sequence(), _exit_predictor()]
    )


def _known_at() -> str:
    """The table of facts: from when imported history counts as known (C115)."""
    rows = [f"| `{name}` | {lag // SECOND_US} s |" for name, lag in NOMINAL_LAG_US.items()]
    return "\n".join(
        [
            "## When a fact is known",
            "",
            "Seconds after the `time` of a fact (open of a candle, settlement, end of a period) in imported",
            "history. Live, a fact is known when it was received; one that comes later is used from then on.",
            "",
            "| fact | known after |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _heard() -> str:
    """The table of features that need more than what the exchange gives of the past."""
    rows = [
        f"| `{feature.name}` | {_after(feature.heard)} |"
        for feature in CATALOGUE.values()
        if feature.heard != OF_HISTORY
    ]
    return "\n".join([_OF_STREAMS, "| feature | heard for |", "|---|---|", *rows, ""])


def _after(heard: timedelta | None) -> str:
    if heard is None:
        return "never: no pair of the universe belongs to it"
    hours, minutes = divmod(heard // MINUTE, 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min")) if number)


def _family(name: str, features: tuple[Feature, ...]) -> str:
    lines = [
        f"## {name.capitalize()}",
        "",
        "| feature | scorer | regime | recipe | definition | unit | range | window | null | known | "
        "inputs | source |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(feature) for feature in features),
        "",
    ]
    return "\n".join(lines)


def _row(feature: Feature) -> str:
    cells = (
        f"`{feature.name}`",
        _place(feature.name, SIGNAL_SCORER_FEATURES_V1),
        _place(feature.name, REGIME_FEATURES_V1),
        _place(feature.name, _RECIPE),
        feature.description,
        feature.unit,
        _range(feature),
        feature.window,
        feature.null_rule,
        feature.pit,
        ", ".join(feature.inputs),
        feature.source,
    )
    return "| " + " | ".join(cells) + " |"


def _place(name: str, vector: tuple[str, ...]) -> str:
    return str(vector.index(name) + 1) if name in vector else ""


def _range(feature: Feature) -> str:
    if feature.lowest is None and feature.highest is None:
        return "any"
    if feature.highest is None:
        return f">= {feature.lowest:g}"
    return f"{feature.lowest:g}..{feature.highest:g}"


def _aliases() -> str:
    rows = [f"| `{alias}` | `{name}` |" for alias, name in ALIASES.items()]
    return "\n".join(["## Other names of the sources", "", "| alias | feature |", "|---|---|", *rows, ""])


def _sequence() -> str:
    rows = [
        f"| {place} | `{name}` | `{column}` |"
        for place, (name, column) in enumerate(
            zip(SEQUENCE_FEATURES_V1, SEQUENCE_STEPS, strict=True), start=1
        )
    ]
    words = (
        "100 minutes a window, each number scaled within it (`hydra.features.for_models.sequence_windows`)."
    )
    head = ["## Steps of the sequence model", "", words, "", "| # | name | made of |", "|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _exit_predictor() -> str:
    rows = [f"| {place} | `{name}` |" for place, name in enumerate(EXIT_PREDICTOR_FEATURES_V1, start=1)]
    words = (
        "A function over the columns of a position and its pair (`hydra.features.for_models.exit_features`)."
    )
    return "\n".join(
        ["## Columns of the exit predictor", "", words, "", "| # | name |", "|---|---|", *rows, ""]
    )


def write() -> None:
    """Bring docs/features.md up to date."""
    DOCUMENT.write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    write()
