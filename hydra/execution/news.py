"""What the exchange tells of one pair, and what the process remembers of it.

All of it may be lost: after a restart everything is asked again.
Source: docs/architecture.md, law 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from hydra.domain import OrderRefusal
from hydra.exchange.account import OrderSeen, PositionSeen, TradeSeen
from hydra.trading.pair_state import ENDED, EntryPlan, Order


@dataclass(frozen=True, slots=True)
class Shown:
    """An order as the exchange shows it. is_answer: to a question by its id, children included.

    trade: the fill that changed it.
    """

    order: OrderSeen
    is_answer: bool = False
    trade: TradeSeen | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The exchange says that it has no order of this id. time: of the question.

    is_final: no call that sent it was under way any more when the question was asked: it never came.
    """

    client_order_id: str
    time: datetime
    is_final: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange refused to take the order. words: its own."""

    client_order_id: str
    refusal: OrderRefusal
    words: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody knows whether the order has come to the exchange."""

    client_order_id: str


@dataclass(frozen=True, slots=True)
class NotDone:
    """The order was surely not taken, and may be sent again."""

    client_order_id: str


@dataclass(frozen=True, slots=True)
class StopsListed:
    """The client ids of the pair's conditional orders that wait for their trigger. time: of the question."""

    client_order_ids: frozenset[str]
    time: datetime


@dataclass(frozen=True, slots=True)
class PositionShown:
    """The position of the pair; None: it is flat. time: of the question."""

    position: PositionSeen | None
    time: datetime


@dataclass(frozen=True, slots=True)
class TradesListed:
    """All trades of the pair since some time."""

    trades: tuple[TradeSeen, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """Best bid and best ask now."""

    best_bid: Decimal
    best_ask: Decimal


@dataclass(frozen=True, slots=True)
class LeverageSet:
    """The pair has isolated margin and, as the exchange shows, this leverage."""

    leverage: int


@dataclass(frozen=True, slots=True)
class StreamBroken:
    """Something may have happened unheard: nothing that was heard before counts as proof."""


News = (
    Shown | NotFound | Refused | Unanswered | NotDone | StopsListed | PositionShown | TradesListed | Quoted
    | LeverageSet | StreamBroken
)  # fmt: skip


def trades_in(news: Iterable[News]) -> list[TradeSeen]:
    """The trades that the news tell of."""
    found: list[TradeSeen] = []
    for one in news:
        if isinstance(one, TradesListed):
            found += one.trades
        elif isinstance(one, Shown) and one.trade is not None:
            found.append(one.trade)
    return found


FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
REFUSALS_THAT_COUNT: Final = 2
"""So often a stop is refused for want of a position until its entry goes out without."""

LONGEST_LOOK_GAP: Final = timedelta(seconds=1)
"""Looks at a pair at work are less than this apart, unless the process was held up."""


@dataclass(frozen=True, slots=True)
class Requote:
    """An entry that was refused because it would have taken liquidity, and the plan of its decision."""

    order: Order
    plan: EntryPlan


@dataclass(slots=True)
class PairMemory:
    """What is known of a pair since the process began.

    shown: the newest state of each order. sending: orders whose call is under way: until it is answered
    nothing else is asked or sent of them. not_found: orders that the exchange did not know, as asked since.
    trades: heard and not yet booked, by id. listed: the stops that the newest list showed, and when it was
    asked. heard_at: the last news of an order. uncovered_at: the newest look that found something held that
    no proven stop covers. uncovered_for: see `uncovered`. doubted_at: when the exchange refused to reduce a
    position: until it has been asked for that position, nothing more is sent to reduce it. requote: the entry
    that is to be quoted anew as soon as prices are known. stop_refusals: how often the exchange refused a
    stop because nothing is held yet, by decision; only the newest.
    checked_at, checked_mark: of the newest check of the position between the minutes. first_looks: when
    passive exits that wait to be sent were first looked at.
    """

    shown: dict[str, Shown] = field(default_factory=dict)
    sending: set[str] = field(default_factory=set)
    not_found: dict[str, NotFound] = field(default_factory=dict)
    trades: dict[int, TradeSeen] = field(default_factory=dict)
    listed: frozenset[str] = frozenset()
    listed_at: datetime | None = None
    heard_at: dict[str, datetime] = field(default_factory=dict)
    uncovered_at: datetime | None = None
    uncovered_for: timedelta = timedelta(0)
    protected_quantity: Decimal = Decimal(0)
    position: PositionShown | None = None
    doubted_at: datetime | None = None
    leverage: int | None = None
    quoted: Quoted | None = None
    requote: Requote | None = None
    stop_refusals: dict[datetime, int] = field(default_factory=dict)
    needs_trades: bool = True
    checked_at: datetime | None = None
    checked_mark: Decimal = Decimal(0)
    first_looks: dict[str, datetime] = field(default_factory=dict)
    _next: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _tries: dict[tuple[str, str], int] = field(default_factory=dict)

    def show(self, news: Shown, now: datetime) -> None:
        """Remember the newest state of an order: what has ended stays, and more filled is newer."""
        seen = news.order
        self.heard_at[seen.client_order_id] = now
        self.answered(seen.client_order_id)
        before = self.shown.get(seen.client_order_id)
        if before is None or _rank(news) >= _rank(before):
            self.shown[seen.client_order_id] = news

    def unknown(self, news: NotFound, now: datetime) -> None:
        """The exchange does not know an order; that says nothing while it is being sent."""
        self.heard_at[news.client_order_id] = now
        if news.client_order_id not in self.sending:
            self.not_found[news.client_order_id] = news

    def answered(self, client_order_id: str) -> None:
        """The call that sent an order has ended: what was asked before says nothing of it."""
        self.sending.discard(client_order_id)
        self.not_found.pop(client_order_id, None)

    def may(self, what: str, of: str, now: datetime) -> bool:
        """Whether a call may be made again now."""
        return now >= self._next.get((what, of), now)

    def made(self, what: str, of: str, now: datetime) -> None:
        """A call is made: the next one of its kind waits, each time longer."""
        number = self._tries.get((what, of), 0)
        self._tries[what, of] = number + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** min(number, 10), LONGEST_PAUSE_S)
        self._next[what, of] = now + timedelta(seconds=pause_s)

    def succeeded(self, what: str, of: str) -> None:
        """The call had its effect: the next one waits for nothing."""
        self._tries.pop((what, of), None)
        self._next.pop((what, of), None)

    def refuse_stop(self, decision_time: datetime) -> None:
        """The exchange has refused the stop of a decision's entry because nothing is held yet."""
        self.stop_refusals = {decision_time: self.stop_refusals.get(decision_time, 0) + 1}

    def stop_needs_position(self, decision_time: datetime) -> bool:
        """Whether the exchange takes no stop before there is a position. One refusal may be an accident."""
        return self.stop_refusals.get(decision_time, 0) >= REFUSALS_THAT_COUNT

    def uncovered(self, now: datetime) -> timedelta:
        """How long the process has looked at something held uncovered.

        A pause of the process counts for `LONGEST_LOOK_GAP` at most: what the exchange said in it is still
        unheard.
        """
        gap = now - (self.uncovered_at or now)
        self.uncovered_at, self.uncovered_for = now, self.uncovered_for + min(gap, LONGEST_LOOK_GAP)
        return self.uncovered_for

    def covered(self) -> None:
        """Nothing is held, or a proven stop covers it."""
        self.uncovered_at, self.uncovered_for = None, timedelta(0)

    def forget_all_but(self, client_order_ids: set[str]) -> None:
        """Forget orders that have ended."""
        for held in (self.shown, self.not_found, self.heard_at, self.first_looks):
            for gone in held.keys() - client_order_ids:
                held.pop(gone)
        self.sending &= client_order_ids
        for key in [key for key in self._next if key[1] not in client_order_ids | {""}]:
            self.succeeded(*key)


def _rank(news: Shown) -> tuple[Decimal, bool, bool]:
    seen = news.order
    return seen.filled_quantity, seen.state in ENDED, news.is_answer
