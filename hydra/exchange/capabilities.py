"""What each exchange can do, as data: nothing else in HYDRA asks which exchange it is.

Source: docs/exchange.md, "Capabilities".
"""

from typing import Final

from hydra.exchange.interface import Capabilities, Feed

BINANCE: Final = Capabilities(
    venue="binance",
    history=frozenset(
        {"candles_1m", "mark_prices", "funding_rates", "open_interest", "positioning", "trades"}
    ),
    # Pages of 499 klines cost weight 2, those of 1,500 cost 10: most rows for a minute's weight.
    pages={
        "candles_1m": 499,
        "mark_prices": 499,
        "funding_rates": 1000,
        "open_interest": 500,
        "positioning": 500,
        "trades": 1000,
    },
    streams=frozenset(Feed),
    connection_life_hours=24.0,
    has_gapless_trade_ids=True,
)

# Its candles tell no trade counts and no takers; it has the ratio of all accounts only, no past of trades.
BYBIT: Final = Capabilities(
    venue="bybit",
    history=frozenset({"candles_1m", "mark_prices", "funding_rates", "open_interest", "positioning"}),
    pages={
        "candles_1m": 1000,
        "mark_prices": 1000,
        "funding_rates": 200,
        "open_interest": 200,
        "positioning": 500,
    },
    streams=frozenset(Feed),
    connection_life_hours=24.0,
    has_gapless_trade_ids=False,
)
