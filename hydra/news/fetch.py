"""Fetches what sources of headlines answer: conditional, limited in bytes and time, and not led astray.

A redirect goes to another public address, never from https to http, and never into this machine or its
network: whoever owns a feed must not make HYDRA ask there.
Source: docs/news.md, "Sources".
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from hydra import __version__
from hydra.errors import RetryError
from hydra.http_url import is_http_url
from hydra.retry_after import seconds_told

USER_AGENT: Final = f"HYDRA/{__version__} (reads headlines)"
MOST_AT_ONCE: Final = 4
MOST_REDIRECTS: Final = 5
_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"
_LASTING: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST_MARK: Final = 512


@dataclass(frozen=True)
class Limits:
    """What an answer may take."""

    total_s: float = 20.0
    most_bytes: int = 2 * 1024 * 1024


_LIMITS: Final = Limits()


@dataclass(frozen=True)
class Request:
    """What to fetch. etag, last_modified: of the content that is known already. follows: redirects."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    follows: bool = True


@dataclass(frozen=True)
class FetchedAnswer:
    """What came. body: None if the content is still the known one. read_at: wall clock."""

    body: bytes | None
    content_type: str
    etag: str | None
    last_modified: str | None
    read_at: datetime


class NotFetchedError(RetryError):
    """No content came. status: of HTTP, 0: none came. is_lasting: it will not be better soon."""

    def __init__(self, reason: str, status: int = 0, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after_s = retry_after_s

    @property
    def is_lasting(self) -> bool:
        """Whether asking again soon is of no use."""
        return self.status in _LASTING


def fetch_all(requests: Sequence[Request], limits: Limits = _LIMITS) -> list[FetchedAnswer | NotFetchedError]:
    """The answers to `requests`, in their order, a few at once; what fails is in the place of its answer."""
    return asyncio.run(_fetch_all(requests, limits))


async def _fetch_all(requests: Sequence[Request], limits: Limits) -> list[FetchedAnswer | NotFetchedError]:
    turn = asyncio.Semaphore(MOST_AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=limits.total_s)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=jar) as session:

        async def in_turn(request: Request) -> FetchedAnswer | NotFetchedError:
            async with turn:
                return await _fetched_or_why_not(session, request, limits)

        return await asyncio.gather(*map(in_turn, requests))


async def _fetched_or_why_not(
    session: aiohttp.ClientSession, request: Request, limits: Limits
) -> FetchedAnswer | NotFetchedError:
    try:
        async with asyncio.timeout(limits.total_s):
            return await _fetch(session, request, limits)
    except NotFetchedError as error:
        return error
    except TimeoutError:
        return NotFetchedError(f"no whole answer within {limits.total_s:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return NotFetchedError(_reason(error))


async def _fetch(session: aiohttp.ClientSession, request: Request, limits: Limits) -> FetchedAnswer:
    url = request.url
    for _ in range(MOST_REDIRECTS + 1):
        async with session.get(url, headers=_headers(request), allow_redirects=False) as answer:
            if answer.status in _REDIRECTS:
                url = await redirected(request, url, answer.headers.get("Location", ""))
                continue
            return await _read(answer, limits)
    raise NotFetchedError(f"it redirects more than {MOST_REDIRECTS} times")


def _headers(request: Request) -> dict[str, str]:
    conditions = {"If-None-Match": request.etag, "If-Modified-Since": request.last_modified}
    told = {name: value for name, value in conditions.items() if value}
    return {"User-Agent": USER_AGENT, "Accept": _ACCEPT, **told, **request.headers}


async def _read(answer: aiohttp.ClientResponse, limits: Limits) -> FetchedAnswer:
    known = answer.status == HTTPStatus.NOT_MODIFIED
    if not known and answer.status != HTTPStatus.OK:
        told = seconds_told(answer.headers.get("Retry-After", ""))
        raise NotFetchedError(f"it answered with status {answer.status}", answer.status, told)
    body = None if known else await _body(answer, limits.most_bytes)
    return FetchedAnswer(
        body=body,
        content_type=answer.headers.get("Content-Type", ""),
        etag=_mark(answer.headers.get("ETag")),
        last_modified=_mark(answer.headers.get("Last-Modified")),
        read_at=datetime.now(UTC),
    )


async def _body(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    if answer.content_length is not None and answer.content_length > most_bytes:
        raise NotFetchedError(_too_long(most_bytes), HTTPStatus.OK)
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most_bytes:
            raise NotFetchedError(_too_long(most_bytes), HTTPStatus.OK)
    return bytes(body)


def _too_long(most_bytes: int) -> str:
    return f"its answer is longer than {most_bytes / 1024 / 1024:g} MiB: not read"


def _mark(text: str | None) -> str | None:
    return text if text and text.isprintable() and len(text) <= _LONGEST_MARK else None


async def redirected(request: Request, url: str, location: str) -> str:
    """The address that `url` leads to.

    Raises:
        NotFetchedError: it is not followed there.
    """
    target = urljoin(url, location)
    if not request.follows:
        raise NotFetchedError("it redirects, and its key is sent to no other address")
    if not location or not is_http_url(target):
        raise NotFetchedError("it redirects to what is no address")
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise NotFetchedError("it redirects from https to http: not followed")
    if not is_own_network(request.url) and await _leads_inside(target):
        raise NotFetchedError("it redirects into this machine or its network: not followed")
    return target


async def _leads_inside(url: str) -> bool:
    """Whether `url`, or the address that its name has now, is of the own network."""
    if is_own_network(url):
        return True
    host = urlsplit(url).hostname or ""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return any(not ipaddress.ip_address(one[4][0]).is_global for one in found)


def is_own_network(url: str) -> bool:
    """Whether `url` names this machine, or an address that is not of the public internet."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # 127.1 and 0x7f000001 are addresses too, to those who look names up.
        is_number = host.rpartition(".")[2][:1].isdigit()
        return is_number or "." not in host or host.endswith((".localhost", ".local", ".internal", ".lan"))


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not accepted, or it does not speak TLS"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or type(error.os_error).__name__}"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "its answer broke off, or is not packed as it says"
    return f"no answer: {type(error).__name__}"
