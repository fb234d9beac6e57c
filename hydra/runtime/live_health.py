"""The checks of `hydra doctor --live` at the exchange: may orders with money go to this account?"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from statistics import median
from typing import Final

from hydra.errors import HydraError, SettingsError
from hydra.exchange.account import AccountTerms, LimitLeft, TradingAccount
from hydra.exchange.connect import environment_of, trading_account
from hydra.exchange.exchange_clock import ClockOffset, ExchangeClock
from hydra.exchange.hosts import Environment
from hydra.exchange.instruments import InstrumentTerms
from hydra.runtime.health import MAX_CLOCK_DIFFERENCE_S, HealthCheck, HealthVerdict
from hydra.settings import Settings, load_settings
from hydra.universe import UNIVERSE

SLOW_MS: Final = 300.0
TOO_SLOW_MS: Final = 1_000.0
"""Median of a signed call. A fill gets its stop within 5 s, in a few calls, of which one may be repeated."""

LOW_SHARE: Final = 0.2
_CALLS: Final = 7
_AGAIN: Final = "correct it, then run this again"
_SYMBOLS: Final = tuple(pair.exchange_symbol for pair in UNIVERSE)


def examine_exchange(name: str, settings: Settings | None = None) -> list[HealthCheck]:
    """What the exchange `name` and the account there say; a check that depends on a failed one is skipped.

    settings: None: those in force; nothing where they are wrong: `examine` says that.
    """

    async def collected() -> list[HealthCheck]:
        try:
            return [check async for check in examine_account(account, is_simulated=is_simulated)]
        finally:
            await account.close()

    try:
        settings = load_settings() if settings is None else settings
    except HydraError:
        return []
    try:
        is_simulated = environment_of(settings, name) is Environment.SIMULATED
        account = trading_account(settings, name)
    except SettingsError as error:
        return [_failed("keys", error)]
    except HydraError as error:
        return [_failed("exchange", error)]
    return asyncio.run(collected())


async def examine_account(account: TradingAccount, *, is_simulated: bool) -> AsyncIterator[HealthCheck]:
    """The checks of one account."""
    try:
        yield check_exchange_clock(
            account.venue, await ExchangeClock().measure(account.server_clock), is_simulated=is_simulated
        )
    except HydraError as error:
        yield _failed("exchange", error)
        return
    try:
        terms = await account.terms()
    except HydraError as error:
        yield _failed("keys", error)
        return
    yield HealthCheck("keys", HealthVerdict.OK, "the exchange accepts key and signature")
    yield check_permissions(terms)
    yield check_one_way(terms)
    yield check_single_asset(terms)
    try:
        yield check_latency([await _signed_call_ms(account) for _ in range(_CALLS)])
        yield check_instruments(_SYMBOLS, await account.instrument_terms(_SYMBOLS))
        yield check_limits(account.limits())
    except HydraError as error:
        yield _failed("exchange", error)


def _failed(subject: str, error: HydraError) -> HealthCheck:
    return HealthCheck(subject, HealthVerdict.FAIL, str(error), _AGAIN)


async def _signed_call_ms(account: TradingAccount) -> float:
    began = time.perf_counter()
    await account.balance()
    return (time.perf_counter() - began) * 1_000


def check_exchange_clock(venue: str, offset: ClockOffset, *, is_simulated: bool) -> HealthCheck:
    """This machine's clock against the exchange's; a simulated exchange has a time of its own."""
    if is_simulated:
        return HealthCheck("exchange", HealthVerdict.OK, f"{venue} answers; it has a time of its own")
    seconds = -offset.offset_ms / 1_000
    seen = f"{venue} answers; this machine's clock is {seconds:+.3f} s off"
    if abs(seconds) > MAX_CLOCK_DIFFERENCE_S:
        return HealthCheck("exchange", HealthVerdict.FAIL, seen, "synchronise it by NTP: nothing is entered")
    return HealthCheck("exchange", HealthVerdict.OK, seen)


def check_permissions(terms: AccountTerms) -> HealthCheck:
    """The key may trade, and cannot take money away."""
    subject = "permissions"
    if not terms.can_trade:
        advice = "allow futures for this key, or look why the account may not trade"
        return HealthCheck(subject, HealthVerdict.FAIL, "the key may not trade", advice)
    if terms.can_withdraw is None:
        advice = "look there that this key may not withdraw"
        return HealthCheck(
            subject, HealthVerdict.WARN, "the key may trade; the exchange does not tell the rest", advice
        )
    if terms.can_withdraw:
        advice = "take withdrawals from this key, or make one without them"
        return HealthCheck(subject, HealthVerdict.FAIL, "the key may trade and withdraw", advice)
    return HealthCheck(subject, HealthVerdict.OK, "the key may trade, and may not withdraw")


def check_one_way(terms: AccountTerms) -> HealthCheck:
    """One position a symbol."""
    if terms.is_one_way:
        return HealthCheck("positions", HealthVerdict.OK, "one-way mode")
    advice = "choose one-way mode in the exchange's preferences: HYDRA holds one position a pair"
    return HealthCheck("positions", HealthVerdict.FAIL, "hedge mode", advice)


def check_single_asset(terms: AccountTerms) -> HealthCheck:
    """Margin and fees are USDT alone."""
    if not terms.is_single_asset:
        advice = "choose single-asset mode in the exchange's preferences: HYDRA counts in USDT"
        return HealthCheck("margin", HealthVerdict.FAIL, "multi-assets mode", advice)
    if terms.other_assets:
        advice = "move them away, or switch off that fees are paid in BNB: HYDRA books fees in USDT"
        seen = f"single-asset mode; beside USDT there is {', '.join(terms.other_assets)}"
        return HealthCheck("margin", HealthVerdict.WARN, seen, advice)
    return HealthCheck("margin", HealthVerdict.OK, "single-asset mode, USDT alone")


def check_latency(round_trips_ms: Sequence[float]) -> HealthCheck:
    """A signed call takes less than a second (median); a third of one is slow."""
    middle = median(round_trips_ms)
    seen = f"a signed call takes {middle:.0f} ms (median of {len(round_trips_ms)})"
    advice = "run HYDRA nearer to the exchange, or look what slows the network: stops come late"
    if middle > TOO_SLOW_MS:
        return HealthCheck("latency", HealthVerdict.FAIL, seen, advice)
    if middle > SLOW_MS:
        return HealthCheck("latency", HealthVerdict.WARN, seen, advice)
    return HealthCheck("latency", HealthVerdict.OK, seen)


def check_limits(limits: Sequence[LimitLeft]) -> HealthCheck:
    """Room for calls and orders."""
    seen = ", ".join(f"{one.left:.0f} of {one.most:.0f} {one.what}" for one in limits)
    if any(one.left < one.most * LOW_SHARE for one in limits):
        advice = "wait a minute; if it stays, look what else calls the exchange from here"
        return HealthCheck("limits", HealthVerdict.WARN, f"left: {seen}", advice)
    return HealthCheck("limits", HealthVerdict.OK, f"left: {seen}")


def check_instruments(symbols: Sequence[str], told: Sequence[InstrumentTerms]) -> HealthCheck:
    """Filters, brackets and fees of every pair that is traded."""
    subject = "instruments"
    trading = {one.pair.exchange_symbol for one in told if one.filters.is_trading}
    bare = [one.pair.exchange_symbol for one in told if not one.brackets or one.fees is None]
    if bare or not trading:
        seen = f"brackets or fees of {', '.join(bare)} are not told" if bare else "no pair is traded there"
        return HealthCheck(subject, HealthVerdict.FAIL, seen, "try again; if it stays, do not trade there")
    missing = [symbol for symbol in symbols if symbol not in trading]
    if missing:
        seen = f"not traded there: {', '.join(missing)}; the terms of the other pairs are told"
        return HealthCheck(subject, HealthVerdict.WARN, seen, "leave them out with --pairs")
    return HealthCheck(subject, HealthVerdict.OK, f"filters, brackets and fees of {len(told)} pairs are told")
