"""The numbers of an exchange's messages, with the bounds outside of which they are damage.

They come as text ("61800.20") or as numbers. Text such as "NaN", "inf" or "" passes no bound.
"""

from datetime import datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta

from hydra.durations import EPOCH

LARGEST_NUMBER: Final = 1e15
"""Above every price and size of an exchange, and still exact to a tenth as float64."""

Price = Annotated[float, Meta(gt=0.0, lt=LARGEST_NUMBER)]
Quantity = Annotated[float, Meta(ge=0.0, lt=LARGEST_NUMBER)]
TradedQuantity = Annotated[float, Meta(gt=0.0, lt=LARGEST_NUMBER)]
Rate = Annotated[float, Meta(gt=-1.0, lt=1.0)]
"""A fraction."""

Count = Annotated[int, Meta(ge=0, lt=2**31)]
SequenceNumber = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Milliseconds = Annotated[int, Meta(ge=0, lt=253_402_300_800_000)]
"""Since 1970, until the year 9999."""

Symbol = Annotated[str, Meta(min_length=1, max_length=64)]
Levels = list[tuple[Price, Quantity]]
"""Price and quantity of each level; quantity 0 removes it."""

_MILLISECOND: Final = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970, rounded up."""
    return -((EPOCH - instant) // _MILLISECOND)


def instant_of(time_us: int) -> datetime:
    """Microseconds since 1970 as UTC."""
    return EPOCH + timedelta(microseconds=time_us)
