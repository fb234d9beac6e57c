"""Holds the clock of a simulated exchange that runs as fast as it is read, in step with the decisions."""

import http.client
import json
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from hydra.errors import RetryError

_PATH: Final = "/hydra/clock"
_TIMEOUT_S: Final = 10.0


def hold_until(url: str, instant: datetime) -> None:
    """Let the simulated exchange at `url` go on up to `instant`, and no further.

    Raises:
        RetryError: it does not answer, or refuses.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    body = json.dumps({"hold_until": instant.isoformat()})
    try:
        connection.request("POST", _PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        words = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise RetryError(f"the simulated exchange at {url} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise RetryError(f"the simulated exchange at {url} refuses to be held: {answer.status} {words}")
