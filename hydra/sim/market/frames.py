"""A stretch of the market as frames with the columns of the fact tables (`sql/schema/facts.sql`).

`known_at` is that of a live feed (docs/features.md, "When a fact is known").
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from hydra.arrays import TIME, Flags, Floats, Integers
from hydra.durations import MINUTE_US, SECOND_US
from hydra.sim.market import outputs
from hydra.sim.market.outputs import TRADES_PER_STEP, Detail, Forced, MinuteValues
from hydra.sim.market.roster import PairNumbers
from hydra.sim.market.settings import STEP_SECONDS, STEPS_PER_MINUTE

# Delays of a live feed, microseconds.
CANDLE_DELAY: Final = 2 * SECOND_US
FUNDING_DELAY: Final = 5 * SECOND_US
POSITIONING_DELAY: Final = 60 * SECOND_US
POLL_DELAY: Final = 500_000
STREAM_DELAY: Final = 50_000
_FUNDING_HOURS: Final = 8
_GRID_MINUTES: Final = 5
FEEDS: Final = ("candles_1m", "order_book", "liquidations")


@dataclass(frozen=True)
class MarketSlice:
    """The facts of one stretch; frames that were not requested are empty.

    premium_index: index price and predicted rate; not a fact table.
    """

    candles_1m: pl.DataFrame
    mark_prices: pl.DataFrame
    funding_rates: pl.DataFrame
    open_interest: pl.DataFrame
    positioning: pl.DataFrame
    liquidations: pl.DataFrame
    order_books: pl.DataFrame
    trades: pl.DataFrame
    feed_heartbeats: pl.DataFrame
    premium_index: pl.DataFrame


@dataclass(frozen=True)
class Stretch:
    """A stretch of minutes. silent: (minutes, pairs), True where the feeds of a pair are down."""

    first_minute: int
    ids: npt.NDArray[np.int16]
    numbers: PairNumbers
    silent: Flags


def _frame(
    ids: npt.NDArray[np.int16], time: Integers, delay: int, columns: dict[str, object]
) -> pl.DataFrame:
    moments = pl.Series("time", time)
    key = {"instrument_id": ids, "time": moments.cast(TIME), "known_at": (moments + delay).cast(TIME)}
    return pl.DataFrame({**key, **columns}).sort("instrument_id", "time")


def _ends(stretch: Stretch, minute: Integers) -> Integers:
    ends: Integers = (stretch.first_minute + minute + 1) * MINUTE_US
    return ends


def _step_ends(stretch: Stretch, step: Integers) -> Integers:
    ends: Integers = stretch.first_minute * MINUTE_US + (step + 1) * STEP_SECONDS * SECOND_US
    return ends


def candle_frame(stretch: Stretch, minutes: MinuteValues) -> pl.DataFrame:
    """Closed candles; time is their open."""
    minute, pair = np.nonzero(~stretch.silent)
    values = minutes.values[minute, pair]
    tick, step = stretch.numbers.ticks_per_unit[pair], stretch.numbers.steps_per_unit[pair]
    columns: dict[str, object] = {
        "open": values[:, outputs.OPEN] / tick,
        "high": values[:, outputs.HIGH] / tick,
        "low": values[:, outputs.LOW] / tick,
        "close": values[:, outputs.CLOSE] / tick,
        "volume": values[:, outputs.VOLUME] / step,
        "quote_volume": values[:, outputs.QUOTE] / (tick * step),
        "trade_count": values[:, outputs.COUNT].astype(np.int32),
        "taker_buy_volume": values[:, outputs.BUY] / step,
        "taker_buy_quote_volume": values[:, outputs.BUY_QUOTE] / (tick * step),
    }
    opens = _ends(stretch, minute) - MINUTE_US
    return _frame(stretch.ids[pair], opens, MINUTE_US + CANDLE_DELAY, columns)


def mark_price_frame(stretch: Stretch, minutes: MinuteValues) -> pl.DataFrame:
    """One-minute bars of the mark price."""
    minute, pair = np.nonzero(~stretch.silent)
    values = minutes.values[minute, pair]
    tick = stretch.numbers.ticks_per_unit[pair]
    columns: dict[str, object] = {
        "timeframe_minutes": np.ones(len(pair), dtype=np.int16),
        "open": values[:, outputs.MARK_OPEN] / tick,
        "high": values[:, outputs.MARK_HIGH] / tick,
        "low": values[:, outputs.MARK_LOW] / tick,
        "close": values[:, outputs.MARK_CLOSE] / tick,
    }
    opens = _ends(stretch, minute) - MINUTE_US
    return _frame(stretch.ids[pair], opens, MINUTE_US + CANDLE_DELAY, columns)


def premium_index(stretch: Stretch, minutes: MinuteValues) -> pl.DataFrame:
    """Index price and predicted funding rate at every minute's end."""
    minute, pair = np.nonzero(~stretch.silent)
    values = minutes.values[minute, pair]
    columns: dict[str, object] = {
        "index_price": values[:, outputs.INDEX] / stretch.numbers.ticks_per_unit[pair],
        "predicted_rate": values[:, outputs.PREDICTED],
    }
    return _frame(stretch.ids[pair], _ends(stretch, minute), POLL_DELAY, columns)


def funding_frame(stretch: Stretch, minutes: MinuteValues) -> pl.DataFrame:
    """Settlements; an outage does not delay them, because the exchange stores them."""
    minute, pair = np.nonzero(~np.isnan(minutes.values[:, :, outputs.RATE]))
    values = minutes.values[minute, pair]
    columns: dict[str, object] = {
        "rate": values[:, outputs.RATE],
        "interval_hours": np.full(len(pair), _FUNDING_HOURS, dtype=np.int16),
        "mark_price": values[:, outputs.MARK_CLOSE] / stretch.numbers.ticks_per_unit[pair],
    }
    return _frame(stretch.ids[pair], _ends(stretch, minute), FUNDING_DELAY, columns)


def positioning(stretch: Stretch, minutes: MinuteValues) -> pl.DataFrame:
    """Ratios of five-minute periods; time is their end."""
    minute, pair = np.nonzero(~stretch.silent & ~np.isnan(minutes.values[:, :, outputs.TAKERS]))
    values = minutes.values[minute, pair]
    columns: dict[str, object] = {
        "long_short_ratio": values[:, outputs.ACCOUNTS],
        "top_account_long_short_ratio": values[:, outputs.TOP_ACCOUNTS],
        "top_position_long_short_ratio": values[:, outputs.TOP_POSITIONS],
        "taker_buy_sell_ratio": values[:, outputs.TAKERS],
    }
    return _frame(stretch.ids[pair], _ends(stretch, minute), POSITIONING_DELAY, columns)


def open_interest_frame(
    stretch: Stretch, minutes: MinuteValues, detail: Detail, poll_steps: Integers
) -> pl.DataFrame:
    """Open interest on the five-minute grid, and polled at `poll_steps` off that grid."""
    ends = stretch.first_minute + 1 + np.arange(len(stretch.silent))
    minute, pair = np.nonzero(~stretch.silent & (ends % _GRID_MINUTES == 0)[:, None])
    grid = _interest(stretch, pair, _ends(stretch, minute), minutes.values[minute, pair], outputs.CONTRACTS)
    on_grid = _step_ends(stretch, poll_steps) % (_GRID_MINUTES * MINUTE_US) == 0
    step, pair = _heard(stretch, poll_steps[~on_grid])
    if len(step) == 0:
        return grid
    values = np.stack([detail.contracts[step, pair], detail.price[step, pair]], axis=1).astype(np.float64)
    polls = _interest(stretch, pair, _step_ends(stretch, step), values, 0, price=1)
    return pl.concat([grid, polls]).sort("instrument_id", "time")


def _interest(
    stretch: Stretch,
    pair: Integers,
    time: Integers,
    values: Floats,
    contracts: int,
    price: int = outputs.CLOSE,
) -> pl.DataFrame:
    held = values[:, contracts] / stretch.numbers.steps_per_unit[pair]
    value = held * (values[:, price] / stretch.numbers.ticks_per_unit[pair])
    return _frame(stretch.ids[pair], time, POLL_DELAY, {"contracts": held, "value_usd": value})


def _heard(stretch: Stretch, steps: Integers) -> tuple[Integers, Integers]:
    """The steps and pairs whose feeds are not silent, as parallel arrays."""
    row, pair = np.nonzero(~stretch.silent[steps // STEPS_PER_MINUTE])
    return steps[row], pair


def liquidations(stretch: Stretch, forced: Forced) -> pl.DataFrame:
    """Forced orders, at most one per step, pair and side."""
    heard = np.repeat(~stretch.silent, STEPS_PER_MINUTE, axis=0)[:, :, None]
    step, pair, side = np.nonzero((forced.quantity > 0) & heard)
    price = forced.price[step, pair] / stretch.numbers.ticks_per_unit[pair]
    quantity = forced.quantity[step, pair, side] / stretch.numbers.steps_per_unit[pair]
    columns: dict[str, object] = {
        "side": pl.Series(np.where(side == 0, "LONG", "SHORT"), dtype=pl.String()),
        "price": price,
        "quantity": quantity,
        "value_usd": price * quantity,
    }
    time = _step_ends(stretch, step) - SECOND_US
    return _frame(stretch.ids[pair], time, STREAM_DELAY, columns)


def trades(stretch: Stretch, detail: Detail, last_ids: Integers) -> pl.DataFrame:
    """All trades, four a step. last_ids: the last trade id of each pair before the stretch."""
    steps, pairs = detail.trade_price.shape[:2]
    heard = np.repeat(~stretch.silent, STEPS_PER_MINUTE, axis=0)[:steps]
    step, pair, place = np.nonzero(np.broadcast_to(heard[:, :, None], (*heard.shape, TRADES_PER_STEP)))
    quantity = detail.trade_quantity[step, pair, place]
    time = _step_ends(stretch, step) - (TRADES_PER_STEP - place) * SECOND_US
    columns: dict[str, object] = {
        "trade_id": last_ids[pair] + step * TRADES_PER_STEP + place + 1 if pairs else pair,
        "price": detail.trade_price[step, pair, place] / stretch.numbers.ticks_per_unit[pair],
        "quantity": np.abs(quantity) / stretch.numbers.steps_per_unit[pair],
        "buyer_is_maker": quantity < 0,
    }
    return _frame(stretch.ids[pair], time, STREAM_DELAY, columns)


def order_books(stretch: Stretch, steps: Integers, prices: Floats, sizes: Floats) -> pl.DataFrame:
    """Snapshots after `steps`. prices in ticks, sizes in quantity steps: (steps, pairs, 2, levels)."""
    row, pair = np.nonzero(~stretch.silent[steps // STEPS_PER_MINUTE])
    price = prices[row, pair] / stretch.numbers.ticks_per_unit[pair][:, None, None]
    size = sizes[row, pair] / stretch.numbers.steps_per_unit[pair][:, None, None]
    time = _step_ends(stretch, steps[row])
    columns: dict[str, object] = {
        "bid_prices": _lists(price[:, 0]),
        "bid_quantities": _lists(size[:, 0]),
        "ask_prices": _lists(price[:, 1]),
        "ask_quantities": _lists(size[:, 1]),
        "last_update_id": time // SECOND_US,
    }
    return _frame(stretch.ids[pair], time, STREAM_DELAY, columns)


def _lists(values: Floats) -> pl.Series:
    return pl.Series(np.ascontiguousarray(values)).cast(pl.List(pl.Float64))


def heartbeats(stretch: Stretch, steps: Integers) -> pl.DataFrame:
    """Heartbeats of every feed after `steps`."""
    step, pair = _heard(stretch, steps)
    one = _frame(stretch.ids[pair], _step_ends(stretch, step), STREAM_DELAY, {})
    every = [one.select(pl.lit(feed).alias("feed"), pl.all()) for feed in FEEDS]
    return pl.concat(every)
