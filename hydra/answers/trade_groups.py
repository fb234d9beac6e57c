"""Results of the closed trades by what they have in common: generator, pair, exit reason, month, ..."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Final

from hydra.answers.formatting import words_of_code
from hydra.answers.run_choice import Row
from hydra.domain import Regime


@dataclass(frozen=True, slots=True)
class TradeGroup:
    """Closed trades that share `name`: how many there are, how many won (C104), their result, USDT."""

    name: str
    trades: int
    wins: int
    gross_usd: Decimal
    net_usd: Decimal

    @property
    def win_rate(self) -> float:
        """Share of the trades that won."""
        return self.wins / self.trades


@dataclass(frozen=True, slots=True)
class Split:
    """One way to group trades. is_time: the groups follow on each other; else the best comes first."""

    title: str
    name_of: Callable[[Row], str]
    is_time: bool = False


def _regime(trade: Row) -> str:
    return "Not known" if trade["regime"] is None else words_of_code(Regime(trade["regime"]).name)


SPLITS: Final[Mapping[str, Split]] = {
    "generator": Split("generator", lambda trade: words_of_code(trade["source"])),
    "pair": Split("pair", lambda trade: str(trade["base"])),
    "side": Split("side", lambda trade: str(trade["side"])),
    "exit_reason": Split("exit reason", lambda trade: words_of_code(trade["exit_reason_code"])),
    "regime": Split("regime at the signal", _regime),
    "hour": Split(
        "hour of opening, UTC", lambda trade: f"{trade['opened_time'].astimezone(UTC):%H}:00", True
    ),
    "month": Split(
        "month of the close, UTC", lambda trade: f"{trade['closed_time'].astimezone(UTC):%Y-%m}", True
    ),
    "day": Split(
        "day of the close, UTC", lambda trade: f"{trade['closed_time'].astimezone(UTC):%Y-%m-%d}", True
    ),
}
"""Every way in which results are split, by key."""


def trade_groups(closed: Sequence[Row], split: Split) -> list[TradeGroup]:
    """The closed trades (rows of `sql/report/trades.sql`) by `split`."""
    members: dict[str, list[Row]] = {}
    for trade in closed:
        members.setdefault(split.name_of(trade), []).append(trade)
    groups = [_group(name, members[name]) for name in sorted(members)]
    return groups if split.is_time else sorted(groups, key=lambda group: -group.net_usd)


def _group(name: str, trades: Sequence[Row]) -> TradeGroup:
    gross = sum((trade["gross_pnl_usd"] for trade in trades), Decimal(0))
    net = sum((trade["net_pnl_usd"] for trade in trades), Decimal(0))
    wins = sum(trade["net_pnl_usd"] > 0 for trade in trades)
    return TradeGroup(name, len(trades), wins, gross, net)
