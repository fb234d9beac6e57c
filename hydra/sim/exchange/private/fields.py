"""The parameters of a signed request, typed; what is missing or malformed raises Binance's refusal."""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson

from hydra.durations import DAY_MS
from hydra.sim.exchange.account.requests import ConditionalKey, OrderKey, Span
from hydra.sim.exchange.query import Query
from hydra.sim.exchange.refusals import Refusal, illegal_characters, not_required, not_valid, refusal

NOT_SUPPORTED: Final = refusal(400, -1020, "This operation is not supported.")
NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
WEEK_MS: Final = 7 * DAY_MS
_MOST_ROWS: Final = 1_000
OF_SIGNATURE: Final = frozenset({"timestamp", "recvWindow", "signature"})
"""What every signed request may have."""
Word = TypeVar("Word", bound=StrEnum)


class Fields(Query):
    """Reads the parameters of a request about symbols that are listed."""

    def __init__(self, values: Mapping[str, str], places: Mapping[str, int]) -> None:
        super().__init__(values, places)
        self.values = values

    def inside(self, content: Mapping[str, Any]) -> "Fields":
        """The parameters of one order of a batch, as if they had been sent alone."""
        values = {
            str(name): str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in content.items()
        }
        return Fields(values, self._places)

    def refuse_unread(self, known: frozenset[str]) -> None:
        """Raises Refusal -1104 if anything else was sent: a misspelt parameter would be another order."""
        read = len((known | OF_SIGNATURE) & self.values.keys())
        if read < len(self.values):
            words = (
                f"Not all sent parameters were read; read '{read}' parameter(s) but was sent "
                f"'{len(self.values)}'."
            )
            raise refusal(400, -1104, words)

    def refuse(self, *names: str) -> None:
        """Raises Refusal -1106 if one of these was sent."""
        for name in names:
            if name in self:
                raise not_required(name)

    def symbol(self) -> str:
        """A listed symbol, mandatory."""
        self.pair()
        return self.text("symbol")

    def optional_symbol(self) -> str | None:
        """A listed symbol, or None for all."""
        return self.symbol() if "symbol" in self else None

    def optional(self, name: str) -> str | None:
        """A text, or None."""
        return self.values.get(name) or None

    def word(self, name: str, kind: type[Word], wrong: Refusal | None = None) -> Word:
        """One of the words of `kind`, mandatory. Raises Refusal `wrong`, or -1130, for another."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise wrong or not_valid(name) from None

    def number(self, name: str) -> Decimal | None:
        """A plain decimal, or None.

        Raises:
            Refusal: -1100 for anything else (signs, exponents).
        """
        text = self.values.get(name)
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            raise illegal_characters(name, r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
        return Decimal(text)

    def mandatory_number(self, name: str) -> Decimal:
        """A plain decimal. Raises Refusal -1102, -1100."""
        self.text(name)
        return self.number(name) or Decimal(0)

    def flag(self, name: str) -> bool:
        """true or false; not sent is false."""
        text = (self.values.get(name) or "false").lower()
        if text not in {"true", "false"}:
            raise not_valid(name)
        return text == "true"

    def mandatory_whole(self, name: str) -> int:
        """A whole number. Raises Refusal -1102."""
        self.text(name)
        return self.whole(name) or 0

    def rows(self, from_name: str, default: int = 500) -> Span:
        """startTime, endTime, limit, and the id from which on."""
        start_ms, end_ms = self.range()
        return Span(start_ms, end_ms, self.whole(from_name), self.limit(default, _MOST_ROWS))

    def week(self, from_name: str) -> Span:
        """As `rows`. Raises Refusal -4165 beyond a week."""
        span = self.rows(from_name)
        if span.start_ms is not None and span.end_ms is not None and span.end_ms - span.start_ms > WEEK_MS:
            raise refusal(400, -4165, "Maximum time interval is 7 days.")
        return span

    def order_key(self) -> OrderKey:
        """orderId or origClientOrderId. Raises Refusal -1102 without one."""
        key = OrderKey(self.symbol(), self.whole("orderId"), self.optional("origClientOrderId"))
        if key.order_id is None and key.client_id is None:
            raise _neither("origClientOrderId", "orderId")
        return key

    def conditional_key(self) -> ConditionalKey:
        """algoId or clientAlgoId. Raises Refusal -1102 without one."""
        key = ConditionalKey(self.whole("algoId"), self.optional("clientAlgoId"))
        if key.algo_id is None and key.client_id is None:
            raise _neither("clientAlgoId", "algoId")
        return key

    def list(self, *names: str) -> list[Any]:
        """A JSON list under the first of these names that was sent; empty if none was."""
        name = next((name for name in names if name in self), None)
        if name is None:
            return []
        try:
            found = orjson.loads(self.text(name))
        except orjson.JSONDecodeError:
            raise not_valid(name) from None
        if not isinstance(found, list):
            raise not_valid(name)
        return found


def _neither(first: str, second: str) -> Refusal:
    words = f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    return refusal(400, -1102, words)
