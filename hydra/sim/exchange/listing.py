"""What the exchange says of its contracts: filters, brackets, fees, funding terms."""

from typing import Any, Final

from hydra.sim.exchange.sources import ListedPair
from hydra.sim.exchange.trading_rules import (
    FEE_TIERS,
    LARGEST_PRICE,
    LIQUIDATION_FEE,
    MARKET_BOUND,
    MINUTE_ORDERS,
    MOST_CHANGES,
    MOST_OPEN_ORDERS,
    MULTIPLIER_DOWN,
    MULTIPLIER_UP,
    TEN_SECONDS_ORDERS,
    TRIGGER_PROTECT,
)

_PERPETUAL_ENDS_MS: Final = 4_133_404_800_000
_LISTED_MS: Final = 1_567_965_300_000
_ORDER_TYPES: Final = (
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
_FIRST_CAP: Final = "0.00300000"
_OTHER_CAP: Final = "0.02000000"


def exchange_info(pairs: tuple[ListedPair, ...], now_ms: int, weight_limit: int) -> dict[str, Any]:
    """GET /fapi/v1/exchangeInfo."""
    limits = [
        ("REQUEST_WEIGHT", "MINUTE", 1, weight_limit),
        ("ORDERS", "MINUTE", 1, MINUTE_ORDERS),
        ("ORDERS", "SECOND", 10, TEN_SECONDS_ORDERS),
    ]
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
            for kind, interval, number, limit in limits
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(pair) for pair in pairs],
    }


def _symbol(pair: ListedPair) -> dict[str, Any]:
    return {
        "symbol": pair.symbol,
        "pair": pair.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _PERPETUAL_ENDS_MS,
        "onboardDate": _LISTED_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": pair.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": pair.price_digits,
        "quantityPrecision": pair.quantity_digits,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": str(TRIGGER_PROTECT),
        "liquidationFee": str(LIQUIDATION_FEE),
        "marketTakeBound": str(MARKET_BOUND),
        "maxMoveOrderLimit": MOST_CHANGES,
        "filters": _filters(pair),
        "orderTypes": list(_ORDER_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def _filters(pair: ListedPair) -> list[dict[str, Any]]:
    terms = pair.filters
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": str(terms.tick_size),
            "maxPrice": str(LARGEST_PRICE),
            "tickSize": str(terms.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "stepSize": str(terms.step_size),
            "minQty": str(terms.min_quantity),
            "maxQty": str(terms.max_quantity),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "stepSize": str(terms.step_size),
            "minQty": str(terms.min_quantity),
            "maxQty": str(terms.max_market_quantity),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": MOST_OPEN_ORDERS},
        {"filterType": "MIN_NOTIONAL", "notional": str(terms.min_notional_usd)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": str(MULTIPLIER_UP),
            "multiplierDown": str(MULTIPLIER_DOWN),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def leverage_brackets(pairs: tuple[ListedPair, ...]) -> list[dict[str, Any]]:
    """GET /fapi/v1/leverageBracket."""
    return [
        {
            "symbol": pair.symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": one.bracket,
                    "initialLeverage": one.initial_leverage,
                    "notionalCap": int(one.notional_cap_usd),
                    "notionalFloor": int(one.notional_floor_usd),
                    "maintMarginRatio": float(one.maintenance_margin_rate),
                    "cum": float(one.cumulative_usd),
                }
                for one in pair.brackets
            ],
        }
        for pair in pairs
    ]


def commission_rate(pair: ListedPair, fee_tier: int = 0) -> dict[str, str]:
    """GET /fapi/v1/commissionRate of an account."""
    fees = FEE_TIERS[fee_tier]
    return {
        "symbol": pair.symbol,
        "makerCommissionRate": str(fees.maker),
        "takerCommissionRate": str(fees.taker),
        "rpiCommissionRate": "0.000050",
    }


def funding_info(pairs: tuple[ListedPair, ...], now_ms: int) -> list[dict[str, Any]]:
    """GET /fapi/v1/fundingInfo: interval and caps (docs/market_model.md)."""
    return [
        {
            "symbol": pair.symbol,
            "adjustedFundingRateCap": _FIRST_CAP if place == 0 else _OTHER_CAP,
            "adjustedFundingRateFloor": f"-{_FIRST_CAP if place == 0 else _OTHER_CAP}",
            "fundingIntervalHours": pair.filters.funding_interval_hours,
            "disclaimer": False,
            "updateTime": now_ms,
        }
        for place, pair in enumerate(pairs)
    ]
