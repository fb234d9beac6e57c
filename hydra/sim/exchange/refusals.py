"""Refusals as the exchange words them: HTTP status, code and message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  # it is an answer, not a failure of the program
    """An answer that refuses a request. body: JSON, or text where the exchange sends no JSON.

    Many are constants that are raised again and again: who catches one drops its traceback, which would grow.
    """

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int | None:
        """The exchange's code; None where it sends none."""
        return None if isinstance(self.body, str) else self.body.get("code")


def refusal(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """{"code": ..., "msg": ...}"""
    return Refusal(status, {"code": code, "msg": message}, headers or {})


def missing(parameter: str) -> Refusal:
    """A mandatory parameter is not sent."""
    return refusal(
        400, -1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed."
    )


def not_required(parameter: str) -> Refusal:
    """A parameter that this request cannot have."""
    return refusal(400, -1106, f"Parameter '{parameter}' sent when not required.")


def not_valid(parameter: str) -> Refusal:
    """A value that the parameter cannot have."""
    return refusal(400, -1130, f"Data sent for parameter '{parameter}' is not valid.")


def illegal_characters(parameter: str, legal: str) -> Refusal:
    """A text that `legal`, a regular expression in the exchange's words, does not match."""
    return refusal(
        400, -1100, f"Illegal characters found in parameter '{parameter}'; legal range is '{legal}'."
    )


def too_many(limit: int, retry_after_s: int) -> Refusal:
    """429: the weight of a minute is used up."""
    words = (
        f"Too many requests; current limit of IP is {limit} request weight per minute. Please use the "
        "websocket for live updates to avoid polling the API."
    )
    return refusal(429, -1003, words, {"Retry-After": str(retry_after_s)})


def banned(until_ms: int, retry_after_s: int) -> Refusal:
    """418: 429 was not obeyed."""
    words = (
        f"Way too many requests; IP banned until {until_ms}. Please use the websocket for live updates to "
        "avoid bans."
    )
    return refusal(418, -1003, words, {"Retry-After": str(retry_after_s)})


BAD_SYMBOL: Final = refusal(400, -1121, "Invalid symbol.")
BAD_INTERVAL: Final = refusal(400, -1120, "Invalid interval.")
BAD_TIMESTAMP: Final = refusal(400, -1021, "Timestamp for this request is outside of the recvWindow.")
BAD_KEY: Final = refusal(401, -2014, "API-key format invalid.")
UNKNOWN_KEY: Final = refusal(401, -2015, "Invalid API-key, IP, or permissions for action.")
MAINTENANCE: Final = refusal(503, -1016, "This service is no longer available.")
INVALID_ACCOUNT: Final = refusal(503, -1109, "Invalid account.")
MAINTENANCE_BARE: Final = Refusal(503, {"239999": "System maintenance."})
