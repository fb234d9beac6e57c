"""What a run asks of a simulated exchange beside its market: which it is, and to wait for the decisions."""

import http.client
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from hydra.errors import BadDataError, RetryError
from hydra.exchange.hosts import SIMULATED_URL
from hydra.exchange.interface import Feed
from hydra.runtime.speed import Speed
from hydra.settings import Settings

_CLOCK: Final = "/hydra/clock"
_TIMEOUT_S: Final = 10.0
_QUICKLY: Final = 100_000.0
_LONGEST_WAY_S: Final = 300.0


@dataclass(frozen=True)
class Served:
    """The market of a simulated exchange. seed: of a generated one. start: where its clock began.

    feeds: what it streams.
    """

    venue: str
    seed: int | None
    speed: Speed
    start: datetime
    feeds: frozenset[Feed]


def url_of(settings: Settings) -> str:
    """Where it is served: EXCHANGE_URL, else the usual place."""
    return (settings.exchange_url or SIMULATED_URL).rstrip("/")


def served_at(url: str) -> Served:
    """The market that the simulated exchange at `url` serves.

    Raises:
        RetryError: nothing answers there yet.
        BadDataError: what answers is no simulated exchange of this version.
    """
    answer = _ask(url, "GET", "/hydra/market", None)
    try:
        start = datetime.fromisoformat(answer["start"])
        feeds = frozenset(map(Feed, answer["feeds"]))
        return Served(answer["venue"], answer["seed"], _speed(answer["speed"]), start, feeds)
    except (KeyError, TypeError, ValueError) as error:
        raise BadDataError(
            f"{url} is no simulated exchange of this version: {error!r} in its answer"
        ) from error


def _speed(answered: float) -> Speed:
    """The exchange writes 0 for as fast as its clients read."""
    return Speed(float(answered) or None)


def hold_until(url: str, instant: datetime) -> None:
    """Let the simulated exchange at `url` go on up to `instant`, and no further.

    Raises:
        RetryError: it does not answer, or refuses.
    """
    _ask(url, "POST", _CLOCK, {"hold_until": instant.isoformat()})


def now_at(url: str) -> datetime:
    """The time on the simulated exchange at `url`.

    Raises:
        RetryError: it does not answer.
    """
    return datetime.fromisoformat(_ask(url, "GET", _CLOCK, None)["now"])


def began_at(url: str, start: datetime, factor: float) -> datetime:
    """When the clock of the simulated exchange at `url` stood at `start`, by the clock of this machine.

    factor: its speed, times real time.

    Raises:
        RetryError: it does not answer.
    """
    return datetime.now(UTC) - (now_at(url) - start) / factor


def go_to(url: str, instant: datetime, speed: Speed) -> None:
    """Let the simulated exchange at `url`, to which nobody listens yet, go on to `instant` at once.

    From there it runs at `speed`; at the highest it is held there.

    Raises:
        RetryError: it does not answer, refuses, or does not come there.
    """
    _ask(url, "POST", _CLOCK, {"speed": _QUICKLY, "hold_until": instant.isoformat()})
    deadline = time.monotonic() + _LONGEST_WAY_S
    while not _ask(url, "GET", _CLOCK, None)["is_held"]:
        if time.monotonic() > deadline:
            raise RetryError(f"the simulated exchange at {url} does not come to {instant:%Y-%m-%d %H:%M} UTC")
        time.sleep(0.05)
    held = instant.isoformat() if speed.factor is None else None
    _ask(url, "POST", _CLOCK, {"speed": speed.factor or "max", "hold_until": held})


def _ask(url: str, method: str, path: str, body: dict[str, Any] | None) -> Any:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request(
            method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        words = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise RetryError(f"the simulated exchange at {url} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        said = words.decode(errors="replace")
        raise RetryError(f"the simulated exchange at {url} refuses {path}: {answer.status} {said}")
    try:
        return json.loads(words)
    except ValueError as error:
        raise BadDataError(f"{url}{path} answers no JSON: is that a simulated exchange?") from error
