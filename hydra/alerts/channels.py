"""The channels of the settings: a webhook of one's own, and every service that apprise knows."""

import asyncio
import hashlib
import hmac
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import aiohttp
from pydantic import SecretStr

from hydra.alerts.addresses import WEBHOOK, service_urls
from hydra.alerts.message import Message
from hydra.errors import RetryError, SettingsError
from hydra.http_url import is_http_url
from hydra.outside_text import shown
from hydra.redaction import redacted
from hydra.settings import Settings

TIMEOUT_S: Final = 10.0
LONGEST_REST_S: Final = 3_600.0
_PIECES: Final = re.compile(r"[^\w.%-]+")
_SHORTEST_SECRET: Final = 4


class NotTakenError(RetryError):
    """A channel did not take a message. retry_after_s: it asked for so much rest, 0 if it did not."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Channel(Protocol):
    """A way out of the machine. name: shown and stored; never its address."""

    @property
    def name(self) -> str: ...

    def send(self, message: Message) -> None:
        """Give the message away.

        Raises:
            NotTakenError: it was not taken; the words hold no secret.
        """


@dataclass(frozen=True)
class Webhook:
    """Posts JSON to `url`; with a `key` it is signed."""

    url: SecretStr
    key: SecretStr | None = None
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """The same in every installation."""
        return WEBHOOK

    def send(self, message: Message) -> None:
        """POST it; any answer 2xx means that it was taken."""
        body = message.encoded()
        headers = {"Content-Type": "application/json", "Hydra-Message": message.key}
        if self.key is not None:
            headers |= signature(self.key.get_secret_value(), body, int(time.time()))
        try:
            asyncio.run(self._post(body, headers))
        except TimeoutError:
            raise NotTakenError(f"no answer within {self.timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Its words may repeat the address.
            raise NotTakenError(_reason(error)) from None

    async def _post(self, body: bytes, headers: dict[str, str]) -> None:
        timeout = aiohttp.ClientTimeout(total=self.timeout_s)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                self.url.get_secret_value(), data=body, headers=headers, allow_redirects=False
            ) as answer,
        ):
            if answer.status // 100 != 2:  # noqa: PLR2004  # the class of HTTP's statuses that mean yes
                rest = _seconds(answer.headers.get("Retry-After", ""))
                raise NotTakenError(f"it answered with status {answer.status}", rest)


def signature(key: str, body: bytes, now_s: int) -> dict[str, str]:
    """The headers by which a receiver knows that `body` is HYDRA's, and of when.

    Formula: HMAC-SHA256(key, timestamp + "." + body), as hexadecimal digits
    """
    signed = hmac.new(key.encode(), f"{now_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Hydra-Timestamp": str(now_s), "Hydra-Signature": f"sha256={signed}"}


@dataclass(frozen=True)
class AppriseChannel:
    """A service that apprise knows. name: its scheme, e.g. discord."""

    name: str
    url: SecretStr
    service: Any

    def send(self, message: Message) -> None:
        """Give it to apprise, as plain text."""
        from apprise import NotifyFormat  # noqa: PLC0415  # takes half a second to load

        with _Complaints() as complaints:
            is_taken = self.service.notify(
                body=message.text, title=message.title, body_format=NotifyFormat.TEXT
            )
        if not is_taken:
            said = _without_pieces(complaints.last or "the service did not take it", self.url)
            raise NotTakenError(shown(said))


class _Complaints(logging.Handler):
    """Hears what apprise logs while it sends; it goes nowhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""
        self._log = logging.getLogger("apprise")

    def __enter__(self) -> "_Complaints":
        self._log.addHandler(self)
        self._propagated, self._log.propagate = self._log.propagate, False
        return self

    def __exit__(self, *_error: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = self._propagated

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the newest."""
        self.last = record.getMessage()


def channels_of(settings: Settings) -> list[Channel]:
    """Every channel that the settings name.

    Raises:
        SettingsError: an address is none; it is not repeated.
    """
    return [*_webhooks(settings), *_services(settings)]


def _webhooks(settings: Settings) -> Iterator[Channel]:
    url = settings.alert_webhook_url
    if url is None:
        return
    if not is_http_url(url.get_secret_value()):
        raise SettingsError("ALERT_WEBHOOK_URL: write it as https://HOST/PATH or http://HOST:PORT/PATH")
    yield Webhook(url, settings.alert_webhook_secret)


def _services(settings: Settings) -> Iterator[Channel]:
    if settings.alert_urls is None:
        return
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415  # takes half a second to load

    asset = AppriseAsset(app_id="HYDRA", app_desc="HYDRA alerts", app_url="", async_mode=False)
    for number, (name, url) in enumerate(service_urls(settings), 1):
        service = Apprise(asset=asset)
        with _Complaints():
            is_known = service.add(url)
        if not is_known:
            raise SettingsError(
                f"ALERT_URLS: the address number {number} is none that apprise knows: see `apprise` for how "
                "each service is written, e.g. tgram://TOKEN/CHAT"
            )
        yield AppriseChannel(name, SecretStr(url), service)


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_REST_S) if text.isdigit() else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not accepted, or it does not speak TLS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or type(error.os_error).__name__}"
    return f"no answer: {type(error).__name__}"


def _without_pieces(text: str, url: SecretStr) -> str:
    """`text` without the address and without its parts, each of which may be a token."""
    whole = url.get_secret_value()
    pieces = _PIECES.split(whole.partition("://")[2])
    return redacted(text, whole, *(one for one in pieces if len(one) >= _SHORTEST_SECRET))
