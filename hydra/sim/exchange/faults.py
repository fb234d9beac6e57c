"""Faults that can be set: what kinds there are, where and when each acts, and how often it did.

Whether a fault acts is a function of its seed and of what it acts on (stream and instant of a message, number
of a request), so the same faults over the same market act on the same messages.
"""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from hydra.durations import DAY_MS
from hydra.errors import SettingsError
from hydra.outside_text import shown
from hydra.sim.exchange.channels import KINDS, USER
from hydra.sim.market.random_numbers import uniform


class FaultKind(StrEnum):
    """What goes wrong. `value` is the fault's number; see docs/exchange.md."""

    LATENCY = "latency"  # value ms, of messages and answers
    JITTER = "jitter"  # up to value ms; the order stays
    DROP = "drop"
    DOUBLE = "double"
    REORDER = "reorder"  # a message comes after the next one of its stream
    DISCONNECT = "disconnect"  # the connection is closed (1001); value 1: reset without a word
    SILENCE_WITH_PONGS = "silence_with_pongs"
    SILENCE = "silence"
    BOOK_GAP = "book_gap"  # a depth update is left out
    STALE_SNAPSHOT = "stale_snapshot"  # REST gives the book of value seconds before
    FROZEN_FEED = "frozen_feed"  # a stream stops, its connection lives
    HALF_CANDLE = "half_candle"  # the closed candle holds the first half of its minute
    HTTP_429 = "http_429"  # Retry-After value seconds
    HTTP_418 = "http_418"  # Retry-After value seconds
    HTTP_5XX = "http_5xx"  # value: the status
    BAD_TIMESTAMP = "bad_timestamp"  # -1021 to what is signed
    CLOCK_OFF = "clock_off"  # the exchange's time is told value seconds off
    MAINTENANCE = "maintenance"  # -1016; value -1109: that
    MAINTENANCE_BARE = "maintenance_bare"  # {"239999": "..."}
    TIMEOUT_BEFORE = "timeout_before"  # -1007, and nothing was done; value: the status, 408 or 503
    TIMEOUT_AFTER = "timeout_after"  # -1007, and it was done
    UNKNOWN_BEFORE = "unknown_before"  # 503 "Unknown error", and nothing was done
    UNKNOWN_AFTER = "unknown_after"  # 503 "Unknown error", and it was done
    LOST_REQUEST = "lost_request"  # the connection is closed, and nothing was done
    LOST_ANSWER = "lost_answer"  # the connection is closed, and it was done
    EMPTY_ANSWER = "empty_answer"  # 200 without a body, and it was done
    REFUSED = "refused"  # value: the code; see `order_faults.py`
    HALF_FILLED = "half_filled"  # an order that takes finds half of its quantity
    EXPIRED = "expired"  # an order that may not rest is accepted and EXPIRES
    CHILD_FIRST = "child_first"  # a fill of a triggered order comes before its TRIGGERED
    SILENT_WITHOUT_EVENTS = "silent_without_events"  # a user stream that names no events stays silent
    AUTO_DELEVERAGE = "auto_deleverage"  # ADL closes the position
    LIQUIDATION = "liquidation"  # the account's mark jumps by value % against the position for an instant


OF_MESSAGES: Final = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.JITTER,
        FaultKind.DROP,
        FaultKind.DOUBLE,
        FaultKind.REORDER,
        FaultKind.DISCONNECT,
        FaultKind.SILENCE,
        FaultKind.SILENCE_WITH_PONGS,
        FaultKind.BOOK_GAP,
        FaultKind.FROZEN_FEED,
        FaultKind.HALF_CANDLE,
    }
)
OF_REQUESTS: Final = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.JITTER,
        FaultKind.STALE_SNAPSHOT,
        FaultKind.HTTP_429,
        FaultKind.HTTP_418,
        FaultKind.HTTP_5XX,
        FaultKind.BAD_TIMESTAMP,
        FaultKind.CLOCK_OFF,
        FaultKind.MAINTENANCE,
        FaultKind.MAINTENANCE_BARE,
    }
)
ACCEPTED: Final = frozenset(
    {FaultKind.TIMEOUT_AFTER, FaultKind.UNKNOWN_AFTER, FaultKind.LOST_ANSWER, FaultKind.EMPTY_ANSWER}
)
"""What was asked is done, and the answer does not tell."""
NOT_ACCEPTED: Final = frozenset({FaultKind.TIMEOUT_BEFORE, FaultKind.UNKNOWN_BEFORE, FaultKind.LOST_REQUEST})
OF_ORDERS: Final = frozenset({FaultKind.REFUSED, FaultKind.HALF_FILLED, FaultKind.EXPIRED})
_OF_ENDPOINTS: Final = OF_REQUESTS | ACCEPTED | NOT_ACCEPTED | OF_ORDERS
OF_POSITIONS: Final = frozenset({FaultKind.AUTO_DELEVERAGE, FaultKind.LIQUIDATION})
_DEFAULT_VALUES: Final = {
    FaultKind.LATENCY: 200.0,
    FaultKind.JITTER: 200.0,
    FaultKind.STALE_SNAPSHOT: 60.0,
    FaultKind.HTTP_429: 5.0,
    FaultKind.HTTP_418: 10.0,
    FaultKind.HTTP_5XX: 503.0,
    FaultKind.CLOCK_OFF: 3.0,
    FaultKind.TIMEOUT_BEFORE: 408.0,
    FaultKind.TIMEOUT_AFTER: 408.0,
    FaultKind.REFUSED: -1008.0,
    FaultKind.LIQUIDATION: 50.0,
}
_MOST_VALUE: Final = float(DAY_MS)
_LOWEST_CODE: Final = -9_999.0
_VALUES: Final = {
    FaultKind.HTTP_5XX: (500.0, 599.0),
    FaultKind.TIMEOUT_BEFORE: (400.0, 599.0),
    FaultKind.TIMEOUT_AFTER: (400.0, 599.0),
    FaultKind.CLOCK_OFF: (-_MOST_VALUE, _MOST_VALUE),
    FaultKind.MAINTENANCE: (_LOWEST_CODE, _MOST_VALUE),
    FaultKind.REFUSED: (_LOWEST_CODE, -1.0),
}
"""Least and greatest value of a kind; of the others 0 and a day in milliseconds."""
_MOST: Final = 2**53
_STREAMS: Final = (*dict.fromkeys(kind.split("@")[0] for kind in KINDS), USER)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and its scope; what is empty or None does not restrict it.

    stream: kind of a stream (depth, aggTrade, kline_1m ...; user: the user stream). endpoint: end of a path
    (depth, klines, order ...).
    count: acts at most so often. start, end: only then, exchange time.
    """

    kind: FaultKind
    stream: str = ""
    endpoint: str = ""
    symbol: str = ""
    probability: float = 1.0
    count: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    value: float | None = None
    seed: int = 0

    @property
    def number(self) -> float:
        """`value`, or the kind's usual one."""
        return self.value if self.value is not None else _DEFAULT_VALUES.get(self.kind, 0.0)


class ActiveFault:
    """A fault that is set, and how often it has acted."""

    def __init__(self, fault: Fault, place: int) -> None:
        self.fault = fault
        self.acted = 0
        self._place = place
        self._start_ms = int(fault.start.timestamp() * 1_000) if fault.start else None
        self._end_ms = int(fault.end.timestamp() * 1_000) if fault.end else None

    def has_ended(self, now_ms: int) -> bool:
        """Whether its window is over."""
        return self._end_ms is not None and now_ms >= self._end_ms

    def acts(self, target: str, symbol: str, moment: int, now_ms: int) -> bool:
        """Whether it acts on this: target is a stream or an endpoint, moment tells equal ones apart."""
        fault = self.fault
        if fault.count is not None and self.acted >= fault.count:
            return False
        if fault.symbol and fault.symbol != symbol:
            return False
        if self._start_ms is not None and now_ms < self._start_ms:
            return False
        if self.has_ended(now_ms):
            return False
        if fault.probability < 1.0 and not self._drawn(target, symbol, moment) < fault.probability:
            return False
        self.acted += 1
        return True

    def is_about(self, *, stream: str | None = None, endpoint: str | None = None) -> bool:
        """Whether its scope names this stream's kind, or this endpoint (or everything of that sort)."""
        fault = self.fault
        if stream is not None:
            if fault.kind not in OF_MESSAGES or (fault.endpoint and not fault.stream):
                return False
            return not fault.stream or stream.split("@")[0] == fault.stream.split("@")[0]
        if fault.kind not in _OF_ENDPOINTS or (fault.stream and not fault.endpoint):
            return False
        return not fault.endpoint or bool(endpoint and endpoint.endswith(fault.endpoint))

    def share(self, target: str, symbol: str, moment: int) -> float:
        """A number in (0, 1) that this fault draws for this."""
        return self._drawn(target, symbol, moment, stream=1)

    def _drawn(self, target: str, symbol: str, moment: int, stream: int = 0) -> float:
        member = zlib.crc32(f"{target} {symbol} {self._place}".encode())
        return float(uniform(self.fault.seed, stream, member, moment))


def fault_of(content: Mapping[str, Any]) -> Fault:
    """A fault from JSON or from `key=value` options.

    Raises:
        SettingsError: an unknown kind or key, or a value that is none.
    """
    known = {field.name for field in fields(Fault)}
    unknown = sorted(set(content) - known)
    if unknown:
        raise SettingsError(f"a fault has no {shown(', '.join(unknown))}; it has {', '.join(sorted(known))}")
    try:
        kind = FaultKind(str(content.get("kind", "")).lower())
    except ValueError:
        raise SettingsError(
            f"no fault is called {shown(str(content.get('kind')))}; there are {', '.join(FaultKind)}"
        ) from None
    try:
        fault = Fault(
            kind=kind,
            stream=str(content.get("stream", "")),
            endpoint=str(content.get("endpoint", "")),
            symbol=str(content.get("symbol", "")).upper(),
            probability=float(content.get("probability", 1.0)),
            count=_optional(content, "count", int),
            start=_optional(content, "start", _instant),
            end=_optional(content, "end", _instant),
            value=_optional(content, "value", float),
            seed=int(content.get("seed", 0)),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise SettingsError(f"the fault {kind}: {shown(str(error))}") from None
    wrong = _wrong(fault)
    if wrong:
        raise SettingsError(f"the fault {kind}: {shown(wrong)}")
    return fault


def _wrong(fault: Fault) -> str | None:
    """Why the fault could never act, or not as it is meant; None: it can."""
    if fault.stream and fault.kind not in OF_MESSAGES:
        return "it is none of messages: name no stream"
    if fault.endpoint and fault.kind not in _OF_ENDPOINTS:
        return "it is none of requests: name no endpoint"
    if fault.stream and fault.stream.split("@")[0] not in _STREAMS:
        return f"no stream is called {fault.stream}; there are {', '.join(_STREAMS)}"
    bounds: tuple[tuple[str, float, float, float], ...] = (
        ("probability", fault.probability, 0.0, 1.0),
        ("count", 1 if fault.count is None else fault.count, 1, _MOST),
        ("seed", fault.seed, 0, _MOST),
        ("value", fault.number, *_VALUES.get(fault.kind, (0.0, _MOST_VALUE))),
    )
    wrong = [
        f"{name} {number:g}: write a number from {least:g} to {most:g}"
        for name, number, least, most in bounds
        if not least <= number <= most
    ]
    return wrong[0] if wrong else None


def fault_of_option(text: str) -> Fault:
    """A fault from the command line: `drop,stream=aggTrade,symbol=BTCUSDT,probability=0.01`.

    Raises:
        SettingsError: see `fault_of`.
    """
    kind, *scopes = text.split(",")
    pairs = [scope.partition("=") for scope in scopes]
    if any(not sign for _, sign, _ in pairs):
        raise SettingsError(f"--fault {shown(text)}: write KIND,key=value,key=value")
    return fault_of({"kind": kind, **{key: value for key, _, value in pairs}})


def described(active: ActiveFault) -> dict[str, Any]:
    """The fault and its count as JSON."""
    content = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(active.fault).items()
    }
    return {**content, "acted": active.acted}


def _optional(content: Mapping[str, Any], key: str, convert: Any) -> Any:
    value = content.get(key)
    return None if value is None else convert(value)


def _instant(text: Any) -> datetime:
    instant = datetime.fromisoformat(str(text))
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no time zone; write it as 2025-06-01T00:00:00+00:00")
    return instant
