"""An order book written another way: exact prices in dictionaries, and the exchange's own procedure."""

from decimal import Decimal
from typing import Any

Sides = tuple[dict[float, float], dict[float, float]]


class PlainOrderBook:
    """Takes decoded JSON: events are kept from the start, and the snapshot is laid under them."""

    def __init__(self) -> None:
        self.last_id: int | None = None
        self.applied = 0
        self._events: list[dict[str, Any]] = []
        self._levels: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}

    def snapshot(self, body: dict[str, Any]) -> None:
        """The answer of REST: later events are applied, the first of which must span its id."""
        self.last_id = body["lastUpdateId"]
        self._levels = {
            side: {Decimal(price): Decimal(size) for price, size in body[name]}
            for side, name in (("b", "bids"), ("a", "asks"))
        }
        later = [event for event in self._events if event["u"] >= body["lastUpdateId"]]
        assert not later or later[0]["U"] <= body["lastUpdateId"] <= later[0]["u"]
        for event in later:
            self._apply(event)

    def update(self, event: dict[str, Any]) -> None:
        """An event of the stream."""
        self._events.append(event)
        if self.last_id is None or event["u"] < self.last_id:
            return
        assert event["pu"] == self.last_id or event["U"] <= self.last_id <= event["u"]
        self._apply(event)

    def sides(self) -> Sides:
        """Quantities by price, bids and asks."""
        bids, asks = (
            {float(price): float(size) for price, size in self._levels[side].items()} for side in "ba"
        )
        return bids, asks

    def _apply(self, event: dict[str, Any]) -> None:
        for side in "ba":
            for price, size in event[side]:
                self._levels[side][Decimal(price)] = Decimal(size)
                if not Decimal(size):
                    del self._levels[side][Decimal(price)]
        self.last_id = event["u"]
        self.applied += 1
