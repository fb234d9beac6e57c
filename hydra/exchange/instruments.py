"""Order filters and leverage brackets of the universe, as dated facts of the exchange (C127)."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from hydra.errors import StopError
from hydra.universe import UNIVERSE, Pair

SOURCE: Final = Path(__file__).with_name("instruments.toml")


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """What an order must satisfy; prices in quote units, quantities in base units, notional in USDT."""

    valid_from: datetime
    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional_usd: Decimal
    funding_interval_hours: int
    source: str
    funding_rate_cap: Decimal | None = None
    funding_rate_floor: Decimal | None = None
    price_multiplier_up: Decimal | None = None
    price_multiplier_down: Decimal | None = None
    is_trading: bool = True


@dataclass(frozen=True, slots=True)
class LeverageBracket:
    """Maintenance margin of notionals in (floor, cap]: notional x rate - cumulative_usd."""

    valid_from: datetime
    bracket: int
    notional_floor_usd: Decimal
    notional_cap_usd: Decimal
    initial_leverage: int
    maintenance_margin_rate: Decimal
    cumulative_usd: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class FeeRates:
    """What the account pays, bps of the value."""

    valid_from: datetime
    maker_fee_bps: Decimal
    taker_fee_bps: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class InstrumentTerms:
    """The terms under which one pair is traded. Brackets and fees are told to an account only: else empty."""

    pair: Pair
    filters: OrderFilters
    brackets: tuple[LeverageBracket, ...]
    fees: FeeRates | None = None


def load_instrument_terms(path: Path = SOURCE) -> tuple[InstrumentTerms, ...]:
    """The terms of every pair of the universe, in its order.

    Raises:
        StopError: the file lacks a pair or a key, or holds a number that is none.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return tuple(_terms(pair, content) for pair in UNIVERSE)
    except KeyError as error:
        raise StopError(f"{path.name}: {error} is missing; compare with the other pairs") from error
    except InvalidOperation as error:
        raise StopError(f"{path.name}: a number is written wrongly ({error}); quote decimals") from error


def _terms(pair: Pair, content: dict[str, Any]) -> InstrumentTerms:
    entry = content[pair.exchange_symbol]
    filters = OrderFilters(
        valid_from=content["filters_valid_from"],
        tick_size=Decimal(entry["tick_size"]),
        step_size=Decimal(entry["step_size"]),
        min_quantity=Decimal(entry["min_quantity"]),
        max_quantity=Decimal(entry["max_quantity"]),
        max_market_quantity=Decimal(entry["max_market_quantity"]),
        min_notional_usd=Decimal(entry["min_notional_usd"]),
        funding_interval_hours=entry["funding_interval_hours"],
        source=content["filters_source"],
    )
    brackets = _brackets(entry["brackets"], content["brackets_valid_from"], content["brackets_source"])
    return InstrumentTerms(pair, filters, brackets)


def _brackets(rows: list[list[Any]], valid_from: datetime, source: str) -> tuple[LeverageBracket, ...]:
    """Brackets with floor and maintenance amount, which keep the maintenance margin continuous.

    cum_n = cum_(n-1) + floor_n x (rate_n - rate_(n-1)).  Source: docs/practice.md, "Costs".
    """
    brackets: list[LeverageBracket] = []
    floor, rate_below, cumulative = Decimal(0), Decimal(0), Decimal(0)
    for number, (cap, leverage, rate_text) in enumerate(rows, start=1):
        rate = Decimal(rate_text)
        cumulative += floor * (rate - rate_below)
        brackets.append(
            LeverageBracket(valid_from, number, floor, Decimal(cap), leverage, rate, cumulative, source)
        )
        floor, rate_below = Decimal(cap), rate
    return tuple(brackets)
