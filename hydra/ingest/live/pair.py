"""What ingest keeps of one pair: which numbers came, the book, the bar that is being made."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from hydra.exchange.interface import Feed
from hydra.exchange.order_book import OrderBook
from hydra.exchange.sequences import NumberSequence
from hydra.ingest.live.feed_watch import FeedWatch
from hydra.ingest.live.mark_bars import MarkBars

_REMEMBERED: Final = 5_000


class Recent:
    """Keys that came lately: two connections that overlap send each fact twice."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: OrderedDict[Any, None] = OrderedDict()

    def is_new(self, key: Any) -> bool:
        """Whether `key` comes for the first time, as far as is remembered."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)
        return True


@dataclass(slots=True)
class HeardPair:
    """One pair. `trades`: None where ids of trades have holes.

    book_bucket: the five seconds of which the book is stored. book_broke: time and cause of the book's last
    fault, until it is whole again. mark_minute: the minute of the newest mark bar. premium_us: time of the
    newest premium index. settlement_us: the next one that was announced. price: the newest mark price, where
    none is heard the last close; None before both.
    """

    symbol: str
    instrument_id: int
    base: str
    trades: NumberSequence | None = field(default_factory=NumberSequence)
    minutes: NumberSequence = field(default_factory=NumberSequence)
    book: OrderBook = field(init=False)
    book_bucket: int = -1
    book_broke: tuple[int, str] | None = None
    is_snapshot_asked: bool = False
    marks: MarkBars = field(default_factory=MarkBars)
    mark_minute: int = 0
    premium_us: int = 0
    settlement_us: int = 0
    price: float | None = None
    forced: Recent = field(default_factory=Recent)
    unnumbered: Recent = field(default_factory=Recent)
    watches: dict[Feed, FeedWatch] = field(init=False)

    def __post_init__(self) -> None:
        self.book = OrderBook(self.symbol)
        self.watches = {feed: FeedWatch(feed) for feed in Feed}
