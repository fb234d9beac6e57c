"""Filters and funding terms of symbols, and, for an account, its brackets and fees."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hydra.exchange.binance import terms
from hydra.exchange.binance.calls import Calls
from hydra.exchange.binance.client import WEIGHT
from hydra.exchange.instruments import InstrumentTerms
from hydra.exchange.wire_numbers import instant_of


async def instrument_terms(calls: Calls, symbols: Sequence[str], source: str) -> list[InstrumentTerms]:
    """As `MarketData.terms`; brackets and fees where the client has a key.

    source: of the rows, with {} for the names of the endpoints.
    """
    now = instant_of((await calls.server_clock()).time_us)
    listed = await calls.ask("fapiPublicGetExchangeInfo")
    limit = terms.weight_limit(listed)
    if limit:
        calls.client.budget.set_limit(WEIGHT, limit)
    funding = await calls.ask("fapiPublicGetFundingInfo")
    found = terms.terms_of(symbols, listed, funding, now, source.format("exchangeInfo and fundingInfo"))
    return await _with_account_terms(calls, found, now, source) if calls.client.apiKey else found


async def _with_account_terms(
    calls: Calls, found: list[InstrumentTerms], now: datetime, source: str
) -> list[InstrumentTerms]:
    answer = await calls.ask_signed("fapiPrivateGetLeverageBracket")
    brackets = terms.brackets_of(answer, now, source.format("leverageBracket"))
    told = []
    for one in found:
        symbol = one.pair.exchange_symbol
        rates = await calls.ask_signed("fapiPrivateGetCommissionRate", symbol=symbol)
        fees = terms.fees_of(rates, now, source.format("commissionRate"))
        told.append(replace(one, brackets=brackets.get(symbol, ()), fees=fees))
    return told
