"""The events of the streams, as the exchange of late 2026 sends them.

Field names and order are those of Binance USD-M. `st` 1 says that a contract is margined in USDT.
"""

from typing import Any, Final

from hydra.durations import HOUR_MS, MINUTE_MS
from hydra.sim.exchange.books import Change

Event = dict[str, Any]

_USD_MARGINED: Final = 1
SETTLEMENT_MS: Final = 8 * HOUR_MS
_WHOLE_RATE_DIGITS: Final = 8


def aggregate_trade(symbol: str, trade: tuple[int, int, str, str, bool]) -> Event:
    """aggTrade. trade: time (ms), id, price, quantity, whether the buyer was the maker."""
    time_ms, trade_id, price, quantity, buyer_is_maker = trade
    return {
        "e": "aggTrade",
        "E": time_ms,
        "a": trade_id,
        "s": symbol,
        "p": price,
        "q": quantity,
        "nq": quantity,
        "f": trade_id,
        "l": trade_id,
        "T": time_ms,
        "m": buyer_is_maker,
        "st": _USD_MARGINED,
    }


def single_trade(symbol: str, trade: tuple[int, int, str, str, bool]) -> Event:
    """trade: the same for the stream of single trades."""
    time_ms, trade_id, price, quantity, buyer_is_maker = trade
    return {
        "e": "trade",
        "E": time_ms,
        "T": time_ms,
        "s": symbol,
        "t": trade_id,
        "p": price,
        "q": quantity,
        "X": "MARKET",
        "m": buyer_is_maker,
    }


def kline(
    symbol: str,
    event_ms: int,
    open_ms: int,
    values: list[str | None],
    ids: tuple[int, int, int | None],
) -> Event:
    """kline_1m while it runs. values: o h l c v q V Q. ids: first trade, last trade, number of trades.

    None: it is not recorded.
    """
    opened, high, low, close, volume, quote, bought, bought_quote = values
    first, last, count = ids
    return {
        "e": "kline",
        "E": event_ms,
        "s": symbol,
        "k": {
            "t": open_ms,
            "T": open_ms + MINUTE_MS - 1,
            "s": symbol,
            "i": "1m",
            "f": first,
            "L": last,
            "o": opened,
            "c": close,
            "h": high,
            "l": low,
            "v": volume,
            "n": count,
            "x": False,
            "q": quote,
            "V": bought,
            "Q": bought_quote,
            "B": "0",
        },
    }


def forced_order(symbol: str, time_ms: int, is_long: bool, price: str, quantity: str) -> Event:
    """forceOrder: the order that closes a liquidated position, filled at once."""
    return {
        "e": "forceOrder",
        "E": time_ms,
        "o": {
            "s": symbol,
            "S": "SELL" if is_long else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": quantity,
            "p": price,
            "ap": price,
            "X": "FILLED",
            "l": quantity,
            "z": quantity,
            "T": time_ms,
        },
        "st": _USD_MARGINED,
        "ps": symbol,
    }


def mark_price(symbol: str, time_ms: int, prices: tuple[str, str, str], rate: str) -> Event:
    """markPriceUpdate. prices: mark, its moving average, index. rate: estimate of the next settlement."""
    mark, average, index = prices
    return {
        "e": "markPriceUpdate",
        "E": time_ms,
        "s": symbol,
        "p": mark,
        "ap": average,
        "P": mark,
        "i": index,
        "r": rate,
        "T": next_settlement_ms(time_ms),
        "st": _USD_MARGINED,
    }


def depth_update(
    symbol: str, time_ms: int, ids: tuple[int, int, int], bids: list[Change], asks: list[Change]
) -> Event:
    """depthUpdate. ids: first, last, and the last of the update before."""
    first, last, previous = ids
    return {
        "e": "depthUpdate",
        "E": time_ms,
        "T": time_ms,
        "s": symbol,
        "ps": symbol,
        "U": first,
        "u": last,
        "pu": previous,
        "b": bids,
        "a": asks,
        "st": _USD_MARGINED,
    }


def book_ticker(symbol: str, time_ms: int, update_id: int, bid: list[str], ask: list[str]) -> Event:
    """bookTicker: the best levels."""
    return {
        "e": "bookTicker",
        "u": update_id,
        "s": symbol,
        "ps": symbol,
        "b": bid[0],
        "B": bid[1],
        "a": ask[0],
        "A": ask[1],
        "T": time_ms,
        "E": time_ms,
        "st": _USD_MARGINED,
    }


def next_settlement_ms(time_ms: int) -> int:
    """The settlement after this instant."""
    return (time_ms // SETTLEMENT_MS + 1) * SETTLEMENT_MS


def rate_text(rate: float) -> str:
    """A rate with 8 decimals, or as many more as it takes to give this float again."""
    text = f"{rate:.{_WHOLE_RATE_DIGITS}f}"
    digits = _WHOLE_RATE_DIGITS
    while float(text) != rate:
        digits += 1
        text = f"{rate:.{digits}f}"
    return text
