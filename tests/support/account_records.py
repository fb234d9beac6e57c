"""All that an exchange records of an account, asked by unmodified ccxt, and what follows from it alone."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.plain_ccxt import plain_ccxt
from tests.support.served_account import keys_of

Row = dict[str, Any]
PAGE: Final = 1_000
_ALL_THAT_IS_HELD: Final = Decimal(10**12)
"""In base units, of a stop that closes the position."""

_WAITS: Final = frozenset({"NEW", "TRIGGERING"})


@dataclass
class AccountRecords:
    """The exchange's own rows, numbers as text. `account`: what v3/account answers."""

    orders: list[Row]
    conditional_orders: list[Row]
    trades: list[Row]
    income: list[Row]
    account: Row
    positions: list[Row]

    @property
    def wallet_usd(self) -> Decimal:
        """The wallet's USDT."""
        return Decimal(self.account["totalWalletBalance"])


async def account_records(url: str, account: Path, symbols: Sequence[str], start: datetime) -> AccountRecords:
    """All of `symbols` since `start`."""
    start_ms = int(start.timestamp() * 1_000)
    async with plain_ccxt(url, *keys_of(account)) as exchange:

        async def of_symbols(call: Any, **more: Any) -> list[Row]:
            found: list[Row] = []
            for symbol in symbols:
                rows = await call({"symbol": symbol, "limit": PAGE, **more})
                assert len(rows) < PAGE, f"{symbol}: a whole page, so perhaps not all"
                found += rows
            return found

        income: list[Row] = []
        number = 0
        while len(income) == number * PAGE:
            number += 1
            income += await exchange.fapiPrivateGetIncome(
                {"startTime": start_ms, "limit": PAGE, "page": number}
            )
        return AccountRecords(
            await of_symbols(exchange.fapiPrivateGetAllOrders, startTime=start_ms),
            await of_symbols(exchange.fapiPrivateGetAllAlgoOrders, startTime=start_ms),
            await of_symbols(exchange.fapiPrivateGetUserTrades, startTime=start_ms),
            income,
            await exchange.fapiPrivateV3GetAccount(),
            [one for one in await exchange.fapiPrivateV3GetPositionRisk() if Decimal(one["positionAmt"])],
        )


def instant_of_ms(milliseconds: Any) -> datetime:
    """Milliseconds since 1970, UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(milliseconds))


@dataclass(frozen=True)
class Uncovered:
    """The longest time in which something of a symbol was held that no waiting stop covered."""

    symbol: str
    since: datetime
    seconds: float


def longest_uncovered(trades: Sequence[Row], conditional_orders: Sequence[Row]) -> list[Uncovered]:
    """One a symbol that was traded, to the millisecond; what never was covered counts up to the last change.

    The position follows from the fills, its cover from the stops: each waits from its creation until it was
    triggered, or else until its last change.
    """
    changes: dict[str, list[_Change]] = defaultdict(list)
    for trade in trades:
        quantity = Decimal(trade["qty"])
        held = quantity if trade["side"] == "BUY" else -quantity
        changes[trade["symbol"]].append(_Change(int(trade["time"]), held=held))
    for stop in conditional_orders:
        if stop["orderType"] == "STOP_MARKET":
            found = changes[stop["symbol"]]
            quantity = _ALL_THAT_IS_HELD if stop["closePosition"] else Decimal(stop["quantity"])
            # A stop that sells covers what is held long.
            covered = {"long_covered" if stop["side"] == "SELL" else "short_covered": quantity}
            found.append(_Change(int(stop["createTime"]), **covered))
            if stop["algoStatus"] not in _WAITS:
                ended = int(stop["triggerTime"] or 0) or int(stop["updateTime"])
                found.append(_Change(ended, **{side: -amount for side, amount in covered.items()}))
    return [_longest(symbol, changes[symbol]) for symbol in sorted({trade["symbol"] for trade in trades})]


class _Change(NamedTuple):
    """What changed at an instant, in base units; held: below 0 is sold."""

    time_ms: int
    held: Decimal = Decimal(0)
    long_covered: Decimal = Decimal(0)
    short_covered: Decimal = Decimal(0)


def _longest(symbol: str, changes: Sequence[_Change]) -> Uncovered:
    held = long_covered = short_covered = Decimal(0)
    since_ms: int | None = None
    longest_ms, longest_since_ms = 0, min(change.time_ms for change in changes)
    for time_ms, at_once in groupby(sorted(changes, key=lambda one: one.time_ms), lambda one: one.time_ms):
        if since_ms is not None and time_ms - since_ms > longest_ms:
            longest_ms, longest_since_ms = time_ms - since_ms, since_ms
        for change in at_once:
            held += change.held
            long_covered += change.long_covered
            short_covered += change.short_covered
        if abs(held) <= (long_covered if held > 0 else short_covered):
            since_ms = None
        elif since_ms is None:
            since_ms = time_ms
    return Uncovered(symbol, instant_of_ms(longest_since_ms), longest_ms / 1_000)
