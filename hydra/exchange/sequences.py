"""What is missing from numbers that have no holes: ids of trades, minutes of candles. One object a symbol."""

from typing import Final, NamedTuple


class Missing(NamedTuple):
    """The numbers first to last (both included) did not come; the times are of the messages around them."""

    first: int
    last: int
    after_us: int
    before_us: int


class Arrival(NamedTuple):
    """What the coming of a number says. `is_new`: it had not come before; `gap`: what was skipped for it."""

    is_new: bool
    gap: Missing | None = None


_EXPECTED: Final = Arrival(is_new=True)
_REPEATED: Final = Arrival(is_new=False)


class NumberSequence:
    """The numbers of one symbol as they come: each once and none left out, or it is said.

    newest: the highest number so far. missing: what was skipped and has not come since, lowest first.
    repeated, late: how many came twice, and how many after a higher one.
    """

    def __init__(self, newest: int | None = None, newest_us: int = 0) -> None:
        """`newest`: the last number that is stored already, with its time; None: the first one that comes."""
        self.newest = newest
        self.newest_us = newest_us
        self.missing: list[Missing] = []
        self.repeated = 0
        self.late = 0

    def arrive(self, number: int, time_us: int) -> Arrival:
        """Note `number`, of a message of `time_us`."""
        newest, newest_us = self.newest, self.newest_us
        if newest is not None and number <= newest:
            return self._old(number)
        self.newest, self.newest_us = number, time_us
        if newest is None or number == newest + 1:
            return _EXPECTED
        gap = Missing(newest + 1, number - 1, newest_us, time_us)
        self.missing.append(gap)
        return Arrival(is_new=True, gap=gap)

    def settle(self, first: int, last: int) -> None:
        """The numbers first to last are missing no longer: REST gave them, or nobody has them."""
        left: list[Missing] = []
        for gap in self.missing:
            if gap.last < first or gap.first > last:
                left.append(gap)
                continue
            if gap.first < first:
                left.append(gap._replace(last=first - 1))
            if gap.last > last:
                left.append(gap._replace(first=last + 1))
        self.missing = left

    def _old(self, number: int) -> Arrival:
        if not any(gap.first <= number <= gap.last for gap in self.missing):
            self.repeated += 1
            return _REPEATED
        self.late += 1
        self.settle(number, number)
        return _EXPECTED
