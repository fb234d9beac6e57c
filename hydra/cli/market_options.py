"""The options that name a market."""

from typing import Annotated

import typer

from hydra.backtest.stress import Stress
from hydra.bounds import LARGEST_KEY, LARGEST_SEED
from hydra.domain import MarketOrigin
from hydra.trading.stored_news import NewsInput

MarketOption = Annotated[
    MarketOrigin, typer.Option(metavar="generated|recorded", help="Where the market comes from.")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First minute to decide, ISO 8601, UTC.")]
ToOption = Annotated[str | None, typer.Option("--to", help="End of the range, not decided itself.")]
SeedOption = Annotated[int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed of a generated market.")]
PairsOption = Annotated[str, typer.Option(help="Comma-separated, e.g. BTC,ETH; else all.")]
StressOption = Annotated[
    list[Stress] | None,
    typer.Option(metavar="NAME", help=f"A stress scenario: {', '.join(Stress)}; can be repeated."),
]
MinutesOfOption = Annotated[
    int | None,
    typer.Option(
        "--minutes-of",
        min=1,
        max=LARGEST_KEY,
        help="Decide the minutes of this paper or live run, its pairs, each minute on what it saw then.",
        show_default=False,
    ),
]
NewsOption = Annotated[
    NewsInput, typer.Option(help="off, or replay the stored analyses of the news; never a fresh one.")
]
NewsOfOption = Annotated[
    int | None,
    typer.Option(
        "--news-of",
        min=1,
        max=LARGEST_KEY,
        help="With --news replay: the run whose analyses are replayed. [default: all of the same pairs]",
        show_default=False,
    ),
]
