"""The one-minute candle of the present, from the trades sent so far."""

from hydra.durations import MINUTE_MS
from hydra.sim.exchange.wire_text import exact_text


class OpenCandle:
    """Open, high, low, close and sums of the trades of a minute that is not over."""

    def __init__(self) -> None:
        self.open_ms = -1
        self.prices = (0.0, 0.0, 0.0, 0.0)
        self.sums = (0.0, 0.0, 0.0, 0.0)
        self.first_id = 0
        self.last_id = 0
        self.count = 0

    def add(self, time_ms: int, trade_id: int, price: float, quantity: float, buyer_is_maker: bool) -> None:
        """Count a trade; the first one of a minute begins its candle."""
        value = price * quantity
        bought = (0.0, 0.0) if buyer_is_maker else (quantity, value)
        open_ms = time_ms - time_ms % MINUTE_MS
        if open_ms != self.open_ms:
            self.open_ms, self.first_id, self.count = open_ms, trade_id, 1
            self.prices = (price, price, price, price)
            self.sums = (quantity, value, *bought)
        else:
            opened, high, low, _ = self.prices
            self.prices = (opened, max(high, price), min(low, price), price)
            volume, quote, bought_volume, bought_quote = self.sums
            self.sums = (
                volume + quantity,
                quote + value,
                bought_volume + bought[0],
                bought_quote + bought[1],
            )
            self.count += 1
        self.last_id = trade_id

    def ids(self) -> tuple[int, int, int]:
        """First trade, last trade, number of trades."""
        return self.first_id, self.last_id, self.count

    def values(self, price_digits: int, quantity_digits: int) -> list[str | None]:
        """o h l c v q V Q as the exchange writes them."""
        digits = (quantity_digits, price_digits + quantity_digits) * 2
        sums = (round(number, places) for number, places in zip(self.sums, digits, strict=True))
        return kline_values((*self.prices, *sums), price_digits, quantity_digits)


def kline_values(numbers: tuple[float, ...], price_digits: int, quantity_digits: int) -> list[str | None]:
    """o h l c v q V Q as text; None: it is not recorded (NaN)."""
    digits = (*(price_digits,) * 4, *(quantity_digits, price_digits + quantity_digits) * 2)
    return [exact_text(number, places) for number, places in zip(numbers, digits, strict=True)]
