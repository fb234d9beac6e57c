"""The options that name a market, and what they may say."""

from datetime import datetime
from typing import Annotated

import typer

from hydra.answers.timestamps import parse_minute
from hydra.backtest.stress import Stress
from hydra.bounds import LARGEST_KEY, LARGEST_SEED
from hydra.domain import MarketOrigin
from hydra.errors import StopError
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


def refuse_exchange(market: MarketOrigin) -> None:
    """Refuse an exchange where stored history is needed.

    Raises:
        StopError: says what to write.
    """
    if market is MarketOrigin.EXCHANGE:
        raise StopError(
            "--market exchange: choose recorded or generated; to an exchange listens "
            "`hydra run --exchange simulated`, binance or bybit"
        )


def parse_range(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """The minutes that --from and --to name, in UTC; None where one is not given.

    Raises:
        StopError: one of them is no time, or the range between them holds no minute.
    """
    first = None if start is None else parse_minute("--from", start)
    last = None if end is None else parse_minute("--to", end)
    if first is not None and last is not None and last <= first:
        raise StopError(f"--from {start} --to {end}: --to has to be later than --from")
    return first, last
