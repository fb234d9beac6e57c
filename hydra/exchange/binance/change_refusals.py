"""What it means when a call that changes an account fails: whether it was carried out, and what to do.

The numeric code decides, then the HTTP status, then whether the request can have left at all. What is on no
list below is refused if the exchange names a code in a 4xx, and unknown otherwise.
Source: docs/exchange.md, "Refusals of a change".
"""

from http import HTTPStatus
from typing import Final

from aiohttp import ClientConnectorError

from hydra.domain import OrderRefusal
from hydra.errors import HydraError, OrderRefusedError, OutcomeUnknownError
from hydra.exchange.refusals import (
    TOO_MANY,
    HttpAnswer,
    causes_of,
    error_of,
    error_of_answer,
    refusing_answer,
)

NO_SUCH_OPEN_ORDER: Final = -2011
NO_SUCH_ORDER: Final = -2013
SAME_MARGIN_TYPE: Final = -4046

OUTCOME_UNKNOWN: Final = frozenset({-1, -1000, -1001, -1006, -1007})
NOT_DONE: Final = frozenset({-1003, -1008, -1015, -1016, -1021, -1109, -5028, 239999})
"""Nothing was done, and the same call may be sent again (RetryError)."""

A_PERSON_HAS_TO_ACT: Final = frozenset({-1002, -1022, -2008, -2014, -2015, -2017, -4192, -4401})
"""Nothing was done, whatever is sent (StopError): key, signature, or an account that may not trade."""

REFUSALS: Final = {
    OrderRefusal.DUPLICATE_ID: {-4116},
    OrderRefusal.WOULD_TAKE: {-5022},
    OrderRefusal.WOULD_TRIGGER: {-2021},
    OrderRefusal.NOTHING_TO_REDUCE: {-2022},
    OrderRefusal.REDUCED_BY_OTHERS: {-4118},
    OrderRefusal.NO_MARGIN: {-2018, -2019, -2028},
    OrderRefusal.TOO_MANY_ORDERS: {-2025, -4045},
    OrderRefusal.POSITION_TOO_LARGE: {-2027},
    OrderRefusal.OFF_FILTERS: {
        -1013, -1111, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4131, -4164
    },
}  # fmt: skip
REFUSAL_OF: Final = {code: refusal for refusal, codes in REFUSALS.items() for code in codes}


def error_of_change(host: str, what: str, error: BaseException) -> HydraError:
    """The error for what ccxt or aiohttp raised on a call to `host`. what: was to be done: "the order X"."""
    answer = refusing_answer(error)
    if answer is not None:
        return _error_of_refusal(host, what, answer)
    if any(isinstance(cause, ClientConnectorError) for cause in causes_of(error)):
        return error_of(host, error)
    return outcome_unknown(what, f"{host} did not answer")


def _error_of_refusal(host: str, what: str, answer: HttpAnswer) -> HydraError:
    told = error_of_answer(host, answer)
    status, code, words, _ = answer
    if code in NOT_DONE | A_PERSON_HAS_TO_ACT or status in TOO_MANY:
        return told
    is_server_trouble = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT
    if code in OUTCOME_UNKNOWN or is_server_trouble:
        return outcome_unknown(what, f"{host} answers HTTP {status}, {code}: {words}")
    if not code:
        return told
    refusal = REFUSAL_OF.get(code, OrderRefusal.OTHER)
    return OrderRefusedError(f"{host} refuses {what} ({code}: {words})", refusal, code)


def outcome_unknown(what: str, why: str) -> OutcomeUnknownError:
    """The error for a call that may have been carried out."""
    return OutcomeUnknownError(
        f"nobody knows whether {what} was carried out: ask before anything else ({why})"
    )
