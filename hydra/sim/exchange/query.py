"""The parameters of a request, as the exchange reads them."""

from collections.abc import Mapping
from typing import Final

from hydra.sim.exchange.refusals import BAD_SYMBOL, missing, not_valid, refusal

_MOST_DIGITS: Final = 16


def whole_number(text: str) -> int | None:
    """The number that up to 16 plain digits write; None for any other text."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else None


class Query:
    """Reads parameters; what is missing or malformed raises the exchange's refusal."""

    def __init__(self, values: Mapping[str, str], places: Mapping[str, int]) -> None:
        self._values = values
        self._places = places

    def __contains__(self, name: str) -> bool:
        """Whether the parameter was sent."""
        return bool(self._values.get(name))

    def text(self, name: str) -> str:
        """A mandatory parameter.

        Raises:
            Refusal: -1102.
        """
        value = self._values.get(name)
        if not value:
            raise missing(name)
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, or None if it was not sent.

        Raises:
            Refusal: -1102.
        """
        value = self._values.get(name)
        if not value:
            return None
        number = whole_number(value)
        if number is None:
            raise missing(name)
        return number

    def limit(self, default: int, most: int) -> int:
        """The number of rows wanted.

        Raises:
            Refusal: -1130 below 1 or above `most`.
        """
        limit = self.whole("limit")
        if limit is None:
            return default
        if not 1 <= limit <= most:
            raise not_valid("limit")
        return limit

    def pair(self, name: str = "symbol") -> int:
        """The place of the pair named.

        Raises:
            Refusal: -1102, -1121.
        """
        place = self._places.get(self.text(name))
        if place is None:
            raise BAD_SYMBOL
        return place

    def pairs(self) -> list[int]:
        """The place of the pair named, or of every pair."""
        return [self.pair()] if "symbol" in self else list(self._places.values())

    def range(self) -> tuple[int | None, int | None]:
        """startTime and endTime.

        Raises:
            Refusal: -1023 where the end is before the start.
        """
        start, end = self.whole("startTime"), self.whole("endTime")
        if start is not None and end is not None and end < start:
            raise refusal(400, -1023, "Start time is greater than end time.")
        return start, end
