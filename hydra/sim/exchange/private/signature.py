"""Whether a request is signed: the line as it was sent, its signature, its time.

Source: docs/exchange.md, "Signature".
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hydra.sim.exchange.refusals import BAD_TIMESTAMP, missing, refusal

BAD_SIGNATURE: Final = refusal(400, -1022, "Signature for this request is not valid.")
DOUBLED_PARAMETER: Final = refusal(400, -1101, "Duplicate values for a parameter detected.")
_WINDOW_TOO_LONG: Final = refusal(400, -1131, "recvWindow must be less than 60000.")
_SIGNATURE: Final = "signature="
_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9\-._~!*'()+&=]|%[0-9A-Fa-f]{2})*")
"""What percent-encoding leaves; anything else should have been encoded before it was signed."""
_DEFAULT_WINDOW_MS: Final = 5_000
_LONGEST_WINDOW_MS: Final = 60_000
_AHEAD_MS: Final = 1_000

ApiKey = Callable[[str, str], bool]
"""(payload, signature, decoded) -> whether the signature is this key's."""


def hmac_key(secret: str) -> ApiKey:
    """A key whose signatures are HMAC-SHA256, in hex."""

    def signs(payload: str, signature: str) -> bool:
        expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())

    return signs


def ed25519_key(public_key: str) -> ApiKey:
    """A key whose signatures are Ed25519, in base64. public_key: PEM.

    Raises:
        ValueError: it is no such key.
    """
    words = "public_key is no Ed25519 key in PEM"
    try:
        key = load_pem_public_key(public_key.strip().encode())
    except ValueError:
        raise ValueError(words) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(words)  # noqa: TRY004  # it is a text of a file

    def signs(payload: str, signature: str) -> bool:
        try:
            key.verify(base64.b64decode(signature, validate=True), payload.encode())
        except (InvalidSignature, binascii.Error):
            return False
        return True

    return signs


def signed_parameters(key: ApiKey, query: str, body: str) -> dict[str, str]:
    """The parameters of a request whose signature is right. query, body: undecoded, as they were sent.

    Raises:
        Refusal: -1022 not signed, or not percent-encoded; -1101 a parameter comes twice; -1102 no signature.
    """
    payload, sign, signature = (query + body).rpartition(_SIGNATURE)
    if not sign:
        raise missing("signature")
    payload = payload.removesuffix("&")
    if not _ENCODED.fullmatch(payload) or not key(payload, unquote(signature)):
        raise BAD_SIGNATURE
    unsigned = (part.rpartition(_SIGNATURE)[0] if _SIGNATURE in part else part for part in (query, body))
    return parameters(*unsigned)


def parameters(*parts: str) -> dict[str, str]:
    """The decoded parameters of query and body.

    Raises:
        Refusal: -1101 a parameter comes twice.
    """
    pairs = [pair for part in parts for pair in parse_qsl(part, keep_blank_values=True)]
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DOUBLED_PARAMETER
    return found


def check_time(sent: dict[str, str], now_ms: int, speed: float) -> None:
    """Whether timestamp and recvWindow hold. speed: exchange seconds a second; 0: only the future is refused.

    Both tolerances are times on this machine: at speed 60 a window of 5 s is 300 s of the exchange.

    Raises:
        Refusal: -1021, -1102, -1131.
    """
    timestamp = _whole(sent, "timestamp")
    if timestamp is None:
        raise missing("timestamp")
    window_ms = _whole(sent, "recvWindow")
    window_ms = _DEFAULT_WINDOW_MS if window_ms is None else window_ms
    if window_ms > _LONGEST_WINDOW_MS:
        raise _WINDOW_TOO_LONG
    scale = max(1.0, speed)
    is_late = speed > 0 and now_ms - timestamp > window_ms * scale
    if is_late or timestamp >= now_ms + _AHEAD_MS * scale:
        raise BAD_TIMESTAMP


def _whole(sent: dict[str, str], name: str) -> int | None:
    text = sent.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise missing(name)
    return int(text)
