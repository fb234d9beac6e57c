"""What a run asks of a simulated exchange beside its market: which it is, and to wait for the decisions."""

import http.client
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from hydra.errors import BadDataError, RetryError
from hydra.exchange.hosts import SIMULATED_URL
from hydra.runtime.speed import Speed
from hydra.settings import Settings

_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Served:
    """The market of a simulated exchange. seed: of a generated one. start: where its clock began."""

    venue: str
    seed: int | None
    speed: Speed
    start: datetime


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
        return Served(answer["venue"], answer["seed"], _speed(answer["speed"]), start)
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
    _ask(url, "POST", "/hydra/clock", {"hold_until": instant.isoformat()})


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
