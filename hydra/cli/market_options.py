"""The options that name a market."""

from typing import Annotated

import typer

from hydra.domain import MarketOrigin

MarketOption = Annotated[MarketOrigin, typer.Option(help="Where the market comes from.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First minute to decide, ISO 8601, UTC.")]
ToOption = Annotated[str | None, typer.Option("--to", help="End of the range, not decided itself.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed of a generated market.")]
PairsOption = Annotated[str, typer.Option(help="Comma-separated, e.g. BTC,ETH; else all.")]
