"""What an exchange's refusal means, by its numeric code first, then by its HTTP status, then by the network.

Each gives the error whose type tells the caller what to do, with one sentence for people. The words of the
exchange are shown escaped; the URL of a request never is, because it may be signed.
Source: docs/exchange.md, "Refusals".
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.error import URLError

from aiohttp import ClientConnectorError, ClientResponseError, ClientSSLError, WSServerHandshakeError
from ccxt.base.errors import RequestTimeout

from hydra.errors import BadDataError, HydraError, OtherMarketError, RetryError, StopError
from hydra.outside_text import shown
from hydra.retry_after import seconds_told

LONGEST_WORDS: Final = 200
TOO_MANY: Final = frozenset({418, 429})
BAN_WITHOUT_TIME_S: Final = {429: 60.0, 418: 120.0}

CLOCK_OFF: Final = -1021


class _Meaning(NamedTuple):
    """What some codes mean: the error, and its sentence of {host}, {status}, {code}, {words}."""

    codes: frozenset[int]
    error: type[HydraError]
    sentence: str


TOO_MANY_CALLS: Final = _Meaning(
    frozenset({-1003, -1015, 10006, 10018}),
    RetryError,
    "{host} takes no more calls for now (HTTP {status}, {code}: {words}): HYDRA waits as it says",
)
_MEANINGS: Final = (
    TOO_MANY_CALLS,
    _Meaning(
        frozenset({-2008, -2014, -2015, 10003, 10004, 10005, 33004}),
        StopError,
        "{host} does not accept the API key ({code}: {words}): check key and secret, the key's permissions "
        "and addresses, and that it is a key of this environment",
    ),
    _Meaning(
        frozenset({-1022}),
        StopError,
        "{host} does not accept the signature ({code}: {words}): the secret is not that of the API key",
    ),
    _Meaning(
        frozenset({CLOCK_OFF, -5028, 10002}),
        RetryError,
        "{host} says that the time of the request is off ({code}: {words}): HYDRA measures the offset again; "
        "if this stays, set this machine's clock",
    ),
    _Meaning(
        frozenset({-1000, -1001, -1006, -1007, -1008, -1016, -1109, 239999, 10000, 10016}),
        RetryError,
        "{host} cannot answer now: overload or maintenance ({code}: {words})",
    ),
    _Meaning(frozenset({-1121, -1122}), BadDataError, "{host} does not list this symbol ({code}: {words})"),
)
_ANY_CODE: Final = _Meaning(frozenset(), StopError, "{host} refuses the request ({code}: {words})")

_OLD_TLS: Final = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "HANDSHAKE_FAILURE", "NO_PROTOCOLS_AVAILABLE")
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")


class HttpAnswer(NamedTuple):
    """A refusing answer: HTTP status, the exchange's code (0: none) and words, seconds to wait if told."""

    status: int
    code: int
    words: str
    retry_after_s: float | None


def answer_of(status: int, headers: Mapping[str, str], body: str, content: Any) -> HttpAnswer:
    """What `body` (`content`: as decoded, if it is JSON) says."""
    code, words = _code_and_words(content)
    told = next((value for key, value in headers.items() if key.lower() == "retry-after"), "")
    return HttpAnswer(status, code, _short(words or body), seconds_told(told))


def _code_and_words(content: Any) -> tuple[int, str]:
    """Binance: {"code": -1121, "msg": ...}, in a cut-over {"239999": ...}; Bybit: {"retCode": 10001, ...}."""
    if not isinstance(content, Mapping):
        return 0, ""
    for code, words in (("code", "msg"), ("retCode", "retMsg")):
        if _is_number(content.get(code)):
            return int(content[code]), str(content.get(words, ""))
    bare = next(((key, value) for key, value in content.items() if _is_number(key)), None)
    return (int(bare[0]), str(bare[1])) if bare and len(content) == 1 else (0, "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | str) and str(value).lstrip("-").isdigit()


def _short(words: str) -> str:
    text = shown(" ".join(words.split()))
    return text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}..."


def error_of_answer(host: str, answer: HttpAnswer) -> HydraError:
    """The error for a refusing answer of `host`."""
    told = (meaning for meaning in _MEANINGS if answer.code in meaning.codes)
    meaning = TOO_MANY_CALLS if answer.status in TOO_MANY else next(told, None)
    # A code that is not known says less than a status of the server's own trouble.
    if not meaning and (not answer.code or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        return _error_of_status(host, answer)
    meaning = meaning or _ANY_CODE
    sentence = meaning.sentence.format(host=host, **answer._asdict())
    return meaning.error(sentence)


def _error_of_status(host: str, answer: HttpAnswer) -> HydraError:
    status, words = answer.status, answer.words
    if status == HTTPStatus.MISDIRECTED_REQUEST:
        return OtherMarketError(
            f"another simulated market is served at {host} now, nothing of it is stored: serve the first one "
            "again, or start `hydra ingest` or the run anew to hear this one"
        )
    if status == HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
        return StopError(f"{host} does not serve the country of this address (HTTP 451: {words})")
    if status == HTTPStatus.FORBIDDEN:
        return StopError(
            f"{host} refuses this address (HTTP 403: {words}): its firewall or the region forbids it; "
            "use an address that the exchange serves"
        )
    if status == HTTPStatus.UNAUTHORIZED:
        return StopError(f"{host} does not accept the API key (HTTP 401: {words}): check key and secret")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return RetryError(f"{host} cannot answer now: overload or maintenance (HTTP {status}: {words})")
    return not_an_exchange(host, f"HTTP {status}: {words}")


def not_an_exchange(host: str, words: str) -> StopError:
    """The error for an answer that no exchange gives."""
    return StopError(
        f"{host} answers, but not as this exchange does ({_short(words)}): check EXCHANGE_URL and the "
        "exchange's name"
    )


def error_of(host: str, error: BaseException) -> HydraError:
    """The error for what ccxt or aiohttp raised on a call to `host`."""
    answer = refusing_answer(error)
    return error_of_answer(host, answer) if answer else _error_of_network(host, list(causes_of(error)))


def refusing_answer(error: BaseException) -> HttpAnswer | None:
    """The answer that `error` carries: to a request, or to a handshake; None: there was none."""
    for cause in causes_of(error):
        found = next((argument for argument in cause.args if isinstance(argument, HttpAnswer)), None)
        if found:
            return found
        if isinstance(cause, ClientResponseError):
            return _answer_of_handshake(cause)
    return None


def _answer_of_handshake(error: ClientResponseError) -> HttpAnswer:
    is_exchange = not isinstance(error, WSServerHandshakeError) or error.status != HTTPStatus.OK
    words = error.message if is_exchange else "it opened no WebSocket"
    return answer_of(error.status, error.headers or {}, words, None)


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and the errors that ccxt wraps as arguments."""
    while error is not None:
        yield error
        wrapped = next((argument for argument in error.args if isinstance(argument, BaseException)), None)
        error = wrapped or error.__cause__


def _error_of_network(host: str, causes: list[BaseException]) -> HydraError:
    tls = next((cause for cause in causes if isinstance(cause, ClientSSLError | ssl.SSLError)), None)
    if tls:
        return _error_of_tls(host, tls)
    if any(isinstance(getattr(cause, "os_error", cause), socket.gaierror) for cause in causes):
        return RetryError(
            f"{host} cannot be found: its name does not resolve; check the network and EXCHANGE_URL"
        )
    if any(isinstance(cause, RequestTimeout | asyncio.TimeoutError) for cause in causes):
        return RetryError(f"{host} does not answer in time: check the network, or try again")
    return _error_of_connection(host, causes)


def _error_of_connection(host: str, causes: list[BaseException]) -> HydraError:
    kinds = ClientConnectorError | URLError
    connecting = next((cause for cause in causes if isinstance(cause, kinds)), None)
    if not connecting:
        return RetryError(f"the connection to {host} broke off ({_innermost(causes)}): try again")
    reason = connecting.os_error if isinstance(connecting, ClientConnectorError) else connecting.reason
    if isinstance(reason, ConnectionResetError):
        return RetryError(
            f"{host} broke off while the encrypted connection was made: its TLS may be too old (1.2 and "
            "newer will do), or something between forbids it"
        )
    words = _short(getattr(reason, "strerror", None) or str(reason))
    return RetryError(f"{host} cannot be reached ({words}): check the network and EXCHANGE_URL")


def _error_of_tls(host: str, error: BaseException) -> HydraError:
    text = str(error)
    certificate = getattr(error, "certificate_error", error)
    if isinstance(certificate, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in text:
        return StopError(
            f"{host} shows a certificate that this machine does not trust: check EXCHANGE_URL and this "
            "machine's date"
        )
    if any(sign in text for sign in _NO_TLS):
        return StopError(f"{host} does not speak TLS: write http:// instead of https:// in EXCHANGE_URL")
    if any(sign in text for sign in _OLD_TLS):
        return StopError(
            f"{host} speaks only a version of TLS that is too old to be safe: use a proxy with TLS 1.2 or "
            "newer"
        )
    return RetryError(f"the encrypted connection to {host} failed ({_short(text)})")


def _innermost(causes: list[BaseException]) -> str:
    """The words of what happened first, but no URL: it may be signed."""
    words = str(causes[-1]) or type(causes[-1]).__name__
    return "no answer" if "://" in words else _short(words)


def decoded(text: str) -> Any:
    """The JSON of `text`; None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None
