"""Terms of trading as Binance tells them: exchangeInfo, fundingInfo, leverageBracket, commissionRate."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hydra.errors import BadDataError
from hydra.exchange.archive.funding import DEFAULT_HOURS
from hydra.exchange.instruments import FeeRates, InstrumentTerms, LeverageBracket, OrderFilters
from hydra.exchange.rate_budget import Limit
from hydra.universe import UNIVERSE, Pair, find_pair

_BPS: Final = 10_000
_UNLISTED: Final = max(UNIVERSE, key=lambda pair: pair.volatility_multiplier)
_SECONDS: Final = {"SECOND": 1, "MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}


def weight_limit(exchange_info: Any) -> Limit | None:
    """The weight that this environment allows an address; None: it does not tell."""
    for row in exchange_info.get("rateLimits", ()) if isinstance(exchange_info, Mapping) else ():
        if row.get("rateLimitType") == "REQUEST_WEIGHT" and row.get("interval") in _SECONDS:
            return Limit(float(row["limit"]), float(_SECONDS[row["interval"]] * int(row["intervalNum"])))
    return None


def terms_of(
    symbols: Sequence[str], exchange_info: Any, funding_info: Any, now: datetime, source: str
) -> list[InstrumentTerms]:
    """Filters and funding terms of those of `symbols` that are listed, without brackets and fees.

    Raises:
        BadDataError: a filter is missing or wrong; says which.
    """
    listed = _by_symbol(
        "exchangeInfo", exchange_info.get("symbols") if isinstance(exchange_info, Mapping) else None
    )
    funding = _by_symbol("fundingInfo", funding_info)
    return [
        _terms(symbol, listed[symbol], funding.get(symbol, {}), now, source)
        for symbol in symbols
        if symbol in listed
    ]


def _by_symbol(what: str, rows: Any) -> dict[str, Any]:
    if not isinstance(rows, list):
        raise BadDataError(f"{what}: the answer holds no list of symbols")
    return {row["symbol"]: row for row in rows if isinstance(row, Mapping) and "symbol" in row}


def _terms(
    symbol: str, row: Mapping[str, Any], funding: Mapping[str, Any], now: datetime, source: str
) -> InstrumentTerms:
    try:
        filters = {item["filterType"]: item for item in row["filters"]}
        price, lot, market = filters["PRICE_FILTER"], filters["LOT_SIZE"], filters["MARKET_LOT_SIZE"]
        percent = filters.get("PERCENT_PRICE", {})
        return InstrumentTerms(
            _pair(row),
            OrderFilters(
                valid_from=now,
                tick_size=Decimal(price["tickSize"]),
                step_size=Decimal(lot["stepSize"]),
                min_quantity=Decimal(lot["minQty"]),
                max_quantity=Decimal(lot["maxQty"]),
                max_market_quantity=Decimal(market["maxQty"]),
                min_notional_usd=Decimal(filters["MIN_NOTIONAL"]["notional"]),
                funding_interval_hours=int(funding.get("fundingIntervalHours", DEFAULT_HOURS)),
                source=source,
                funding_rate_cap=_decimal(funding, "adjustedFundingRateCap"),
                funding_rate_floor=_decimal(funding, "adjustedFundingRateFloor"),
                price_multiplier_up=_decimal(percent, "multiplierUp"),
                price_multiplier_down=_decimal(percent, "multiplierDown"),
                is_trading=row["status"] == "TRADING",
            ),
            (),
        )
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadDataError(f"exchangeInfo: {error} of {symbol} is missing or wrong") from None


def _pair(row: Mapping[str, Any]) -> Pair:
    """The pair of the universe, or one with the multipliers of its most volatile member."""
    known = find_pair(row["symbol"])
    unlisted = (_UNLISTED.volatility_multiplier, _UNLISTED.size_multiplier, _UNLISTED.max_leverage)
    return known or Pair(0, row["baseAsset"], *unlisted, quote=row["quoteAsset"])


def _decimal(row: Mapping[str, Any], name: str) -> Decimal | None:
    return Decimal(str(row[name])) if name in row else None


def brackets_of(answer: Any, now: datetime, source: str) -> dict[str, tuple[LeverageBracket, ...]]:
    """Brackets by symbol, from leverageBracket.

    Raises:
        BadDataError: a field is missing or wrong.
    """
    try:
        return {row["symbol"]: tuple(_brackets(row["brackets"], now, source)) for row in answer}
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadDataError(f"leverageBracket: {error} is missing or wrong") from None


def _brackets(rows: Any, now: datetime, source: str) -> Iterator[LeverageBracket]:
    for row in sorted(rows, key=lambda one: int(one["bracket"])):
        yield LeverageBracket(
            valid_from=now,
            bracket=int(row["bracket"]),
            notional_floor_usd=Decimal(str(row["notionalFloor"])),
            notional_cap_usd=Decimal(str(row["notionalCap"])),
            initial_leverage=int(row["initialLeverage"]),
            maintenance_margin_rate=Decimal(str(row["maintMarginRatio"])),
            cumulative_usd=Decimal(str(row["cum"])),
            source=source,
        )


def fees_of(answer: Any, now: datetime, source: str) -> FeeRates:
    """The account's fees, from commissionRate.

    Raises:
        BadDataError: a field is missing or wrong.
    """
    try:
        maker, taker = (Decimal(str(answer[f"{side}CommissionRate"])) * _BPS for side in ("maker", "taker"))
    except (KeyError, TypeError, InvalidOperation) as error:
        raise BadDataError(f"commissionRate: {error} is missing or wrong") from None
    return FeeRates(now, maker, taker, source)
