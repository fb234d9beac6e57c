"""The one-minute candle of the present, from the trades sent so far."""

from hydra.sim.exchange.events import MINUTE_MS


class RunningCandle:
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
            self.sums = (volume + quantity, quote + value, bought_volume + bought[0], bought_quote + bought[1])
            self.count += 1
        self.last_id = trade_id

    def ids(self) -> tuple[int, int, int]:
        """First trade, last trade, number of trades."""
        return self.first_id, self.last_id, self.count

    def values(self, price_digits: int, quantity_digits: int) -> list[str]:
        """o h l c v q V Q as the exchange writes them."""
        return kline_values((*self.prices, *self.sums), price_digits, quantity_digits)


def kline_values(
    numbers: tuple[float, ...], price_digits: int, quantity_digits: int
) -> list[str]:
    """o h l c v q V Q as text; a number that is not recorded (NaN) is written 0."""
    opened, high, low, close, volume, quote, bought, bought_quote = (
        0.0 if number != number else number for number in numbers  # noqa: PLR0124  # NaN
    )
    price, quantity, value = (
        f".{price_digits}f", f".{quantity_digits}f", f".{price_digits + quantity_digits}f"
    )
    return [
        format(opened, price),
        format(high, price),
        format(low, price),
        format(close, price),
        format(volume, quantity),
        format(quote, value),
        format(bought, quantity),
        format(bought_quote, value),
    ]
