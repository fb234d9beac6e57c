"""The trades of a run as the page shows them, and their split by what they have in common."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from hydra.answers.formatting import UNDEFINED
from hydra.answers.run_choice import Row
from hydra.domain import PositionState, ReasonCode, Regime, Side


@dataclass(frozen=True, slots=True)
class Trade:
    """A position with the signal and the decision behind it. number: place in the order of opening, from 1.

    Prices in quote units, money in USDT; stop and target as they were decided; None where there is none.
    """

    number: int
    instrument_id: int
    base: str
    source: str
    side: Side
    opened_time: datetime
    closed_time: datetime | None
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    stop_price: Decimal | None
    target_price: Decimal | None
    exit_reason: ReasonCode | None
    net_usd: Decimal
    confidence: float | None
    regime: Regime | None

    @property
    def is_closed(self) -> bool:
        """Only closed trades count in statistics."""
        return self.closed_time is not None

    @property
    def risk_usd(self) -> Decimal | None:
        """What the decided stop would have lost on the price, USDT: one R."""
        if self.stop_price is None:
            return None
        return abs(self.entry_price - self.stop_price) * self.quantity

    @property
    def r_multiple(self) -> float | None:
        """Net result in multiples of the risk; None without a stop."""
        return float(self.net_usd / self.risk_usd) if self.risk_usd else None


def trades_of(rows: Iterable[Row]) -> list[Trade]:
    """The rows of `sql/report/page_trades.sql` as trades."""
    return [_trade(number, row) for number, row in enumerate(rows, start=1)]


def _trade(number: int, row: Row) -> Trade:
    is_closed = row["state"] == PositionState.CLOSED
    return Trade(
        number=number,
        instrument_id=row["instrument_id"],
        base=str(row["base"]),
        source=row["source"] or UNDEFINED,
        side=Side(row["side"]),
        opened_time=row["opened_time"],
        closed_time=row["closed_time"] if is_closed else None,
        quantity=row["peak_quantity"],
        entry_price=row["entry_price"],
        exit_price=row["exit_price"] if is_closed else None,
        stop_price=row["stop_loss_price"],
        target_price=row["take_profit_price"],
        exit_reason=ReasonCode(row["exit_reason_code"]) if row["exit_reason_code"] else None,
        net_usd=row["net_pnl_usd"],
        confidence=row["confidence"],
        regime=None if row["regime"] is None else Regime(row["regime"]),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """Closed trades that have something in common: how many, how many won, and their net result in USDT."""

    name: str
    trades: int
    wins: int
    net_usd: Decimal


def split(trades: Sequence[Trade], name_of: Callable[[Trade], str]) -> list[Part]:
    """The closed trades by a name, the best part first."""
    closed = [trade for trade in trades if trade.is_closed]
    names = sorted({name_of(trade) for trade in closed})
    parts = [_part(name, [trade for trade in closed if name_of(trade) == name]) for name in names]
    return sorted(parts, key=lambda part: -part.net_usd)


def by_hour(trades: Sequence[Trade]) -> list[Part]:
    """The closed trades by the UTC hour of their opening: 24 parts, those without a trade too."""
    closed = [trade for trade in trades if trade.is_closed]
    return [
        _part(f"{hour:02}", [trade for trade in closed if trade.opened_time.astimezone(UTC).hour == hour])
        for hour in range(_HOURS)
    ]


_HOURS: Final = 24


def _part(name: str, trades: Sequence[Trade]) -> Part:
    wins = sum(trade.net_usd > 0 for trade in trades)
    return Part(name, len(trades), wins, sum((trade.net_usd for trade in trades), Decimal(0)))


def regime_name(trade: Trade) -> str:
    """The market regime at the signal in words."""
    return "Not known" if trade.regime is None else trade.regime.name.replace("_", " ").capitalize()


def source_name(trade: Trade) -> str:
    """The generator in words."""
    return source_words(trade.source)


def source_words(source: str) -> str:
    """A generator's code in words: "OI divergence"."""
    return source.replace("_", " ").capitalize().replace("Oi ", "OI ")
