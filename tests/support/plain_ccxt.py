"""Unmodified ccxt, of which every address leads to a simulated exchange."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import localcontext
from typing import Any
from urllib.parse import urlsplit

import ccxt.pro


@asynccontextmanager
async def plain_ccxt(url: str, key: str, secret: str) -> AsyncIterator[Any]:
    """`ccxt.pro.binanceusdm` at `url`, with the exchange's time, and USD-M's table of errors.

    In a decimal context of its own: it changes the one in which it is called.
    """
    exchange = ccxt.pro.binanceusdm(
        {
            "apiKey": key,
            "secret": secret,
            "enableRateLimit": False,
            "options": {"fetchCurrencies": False},
        }
    )
    exchange.urls["api"] = _moved(exchange.urls["api"], urlsplit(url).netloc)
    exchange.exceptions["exact"].update(exchange.exceptions["linear"]["exact"])
    with localcontext():
        try:
            await exchange.load_time_difference()
            yield exchange
        finally:
            await exchange.close()


def _moved(urls: Any, host: str) -> Any:
    if isinstance(urls, dict):
        return {name: _moved(one, host) for name, one in urls.items()}
    parts = urlsplit(urls)
    return parts._replace(scheme="ws" if parts.scheme == "wss" else "http", netloc=host).geturl()
