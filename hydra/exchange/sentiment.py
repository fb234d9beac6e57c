"""Two sources beside the exchange: the Fear & Greed index, and liquidations over many exchanges.

Both are advisory. Their base URLs are arguments, so that a simulated exchange can stand in for them.
Source: docs/exchange.md, "Other sources".
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
from aiohttp import ClientError, ClientSession, ClientTimeout

from hydra.errors import BadDataError, StopError
from hydra.exchange.frames import TIME, Column, frame_of
from hydra.exchange.hosts import COINGLASS_URL, FEAR_AND_GREED_URL, hosts_at
from hydra.exchange.refusals import answer_of, decoded, error_of, error_of_answer
from hydra.outside_text import shown

FEAR_AND_GREED: Final = "fear_and_greed"
COINGLASS: Final = "coinglass"

EXCHANGES: Final = "Binance,OKX,Bybit"
"""Over which CoinGlass sums."""

_TIMEOUT: Final = ClientTimeout(total=10)
_SECONDS_TO_MS: Final = 1_000
_NUMBER: Final = pl.Float64()


async def fear_and_greed(
    days: int, base_url: str = FEAR_AND_GREED_URL, headers: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Columns of market.sentiment but known_at: the newest `days` of the index, 0 (fear) to 100.

    Raises:
        RetryError, StopError: the source cannot or will not answer.
        BadDataError: the answer is none.
    """
    answer = await _get(base_url, "/fng/", {"limit": str(days), "format": "json"}, headers or {})
    columns: dict[str, Column] = {"seconds": ("timestamp", pl.Int64()), "value": ("value", _NUMBER)}
    rows = frame_of("Fear & Greed", _data(answer), columns)
    time = (pl.col("seconds") * _SECONDS_TO_MS).cast(pl.Datetime("ms")).cast(pl.Datetime("us"))
    dated = rows.with_columns(time.dt.replace_time_zone("UTC").alias("time")).sort("time")
    return dated.select(pl.lit(FEAR_AND_GREED).alias("source"), "time", "value")


async def aggregated_liquidations(
    *,
    key: str,
    base: str,
    start: datetime,
    end: datetime,
    interval_minutes: int = 240,
    base_url: str = COINGLASS_URL,
    headers: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Columns of market.aggregated_liquidations but known_at, of intervals in [start, end), oldest first.

    base: the asset, BTC. interval_minutes: whole hours; the smallest plan gives 240 and more.

    Raises:
        RetryError, StopError: the source cannot or will not answer.
        BadDataError: the answer is none.
    """
    parameters = {
        "exchange_list": EXCHANGES,
        "symbol": base,
        "interval": f"{interval_minutes // 60}h" if interval_minutes % 60 == 0 else f"{interval_minutes}m",
        "limit": "1000",
        "start_time": str(int(start.timestamp() * 1_000)),
        "end_time": str(int(end.timestamp() * 1_000) - 1),
    }
    path = "/api/futures/liquidation/aggregated-history"
    answer = await _get(base_url, path, parameters, {"CG-API-KEY": key, **(headers or {})})
    if str(answer.get("code", "0")) != "0":
        words = shown(str(answer.get("msg", "")))
        raise StopError(
            f"{hosts_at(base_url).name} refuses the request ({words}): check COINGLASS_API_KEY and its plan"
        )
    columns: dict[str, Column] = {
        "time": ("time", TIME),
        "long_usd": ("aggregated_long_liquidation_usd", _NUMBER),
        "short_usd": ("aggregated_short_liquidation_usd", _NUMBER),
    }
    rows = frame_of("CoinGlass", _data(answer), columns).sort("time")
    return rows.filter(pl.col("time") >= start, pl.col("time") < end).select(
        pl.lit(COINGLASS).alias("source"),
        pl.lit(base).alias("base"),
        "time",
        pl.lit(interval_minutes, pl.Int16).alias("interval_minutes"),
        "long_usd",
        "short_usd",
    )


def _data(answer: Mapping[str, Any]) -> Any:
    return answer.get("data")


async def _get(
    base_url: str, path: str, parameters: Mapping[str, str], headers: Mapping[str, str]
) -> Mapping[str, Any]:
    host = hosts_at(base_url).name
    try:
        async with (
            ClientSession(timeout=_TIMEOUT, headers=headers) as session,
            session.get(base_url + path, params=parameters) as answer,
        ):
            text = await answer.text(errors="replace")
            status, answered = answer.status, dict(answer.headers)
    except (TimeoutError, ClientError) as error:
        raise error_of(host, error) from None
    if status >= 400:  # noqa: PLR2004  # of HTTP
        raise error_of_answer(host, answer_of(status, answered, text, decoded(text)))
    content = decoded(text)
    if not isinstance(content, Mapping):
        raise BadDataError(f"{host}: the answer is no object ({shown(text)[:100]})")
    return content
