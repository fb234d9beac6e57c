"""Files of the exchange's public archive, fetched once and verified against their checksums.

They lie under the archive's own paths, so that `hydra import` recognises them; a file that is there and whole
is not fetched again. Whole months come as one file.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp

from hydra.errors import RetryError

_AT_ONCE: Final = 4
_ATTEMPTS: Final = 3
_FIRST_PAUSE_S: Final = 1.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=30)
# A month's file appears some days after its end.
_MONTH_IS_THERE_AFTER: Final = timedelta(days=5)
_MARKET: Final = "data/futures/um"
_BARS: Final = ("klines", "markPriceKlines")


@dataclass(frozen=True)
class Fetched:
    """What became of a file of the archive. path: None if the archive has none. error: why it was refused."""

    name: str
    path: Path | None = None
    error: str | None = None


def archive_paths(
    symbols: Sequence[str], first: date, last: date, today: date, *, with_trades: bool = False
) -> list[str]:
    """The archive's files of `symbols` for [first, last]: candles, mark prices, funding, metrics.

    Funding comes by months, metrics by days, the others by months where one is whole and finished.
    with_trades: the aggregate trades too, by days: a month of them is too large a file.
    """
    months = [month for month in _months(first, last) if _end_of(month) + _MONTH_IS_THERE_AFTER < today]
    whole = [month for month in months if first <= month and _end_of(month) <= last]
    days = list(_days(first, last))
    rest = [day for day in days if day.replace(day=1) not in whole]
    paths = []
    for symbol in symbols:
        for kind in _BARS:
            place = f"{kind}/{symbol}/1m/{symbol}-1m"
            paths += [f"{_MARKET}/monthly/{place}-{month:%Y-%m}.zip" for month in whole]
            paths += [f"{_MARKET}/daily/{place}-{day}.zip" for day in rest]
        funding = f"{_MARKET}/monthly/fundingRate/{symbol}/{symbol}-fundingRate"
        paths += [f"{funding}-{month:%Y-%m}.zip" for month in months]
        metrics = f"{_MARKET}/daily/metrics/{symbol}/{symbol}-metrics"
        paths += [f"{metrics}-{day}.zip" for day in days]
        if with_trades:
            trades = f"{_MARKET}/daily/aggTrades/{symbol}/{symbol}-aggTrades"
            paths += [f"{trades}-{day}.zip" for day in days]
    return paths


async def download(
    base_url: str, paths: Sequence[str], folder: Path, done: Callable[[Fetched], None]
) -> list[Fetched]:
    """Fetch `paths` from the archive at `base_url` into `folder`; `done` is called with each.

    A file with another checksum is refused and not kept; the others come.

    Raises:
        RetryError: the archive cannot be reached; what was fetched stays.
    """
    at_once = asyncio.Semaphore(_AT_ONCE)
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:

        async def one(path: str) -> Fetched:
            async with at_once:
                fetched = await _fetch(session, base_url, path, folder / path)
            done(fetched)
            return fetched

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(path)) for path in paths]
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
    return [task.result() for task in tasks]


async def _fetch(session: aiohttp.ClientSession, base_url: str, path: str, target: Path) -> Fetched:
    name = target.name
    said = await _get(session, f"{base_url}/{path}.CHECKSUM")
    if said is None:
        return Fetched(name)
    wanted = said.decode(errors="replace").split()[:1]
    if target.exists() and wanted == [_digest(target.read_bytes())]:
        return Fetched(name, target)
    content = await _get(session, f"{base_url}/{path}")
    if content is None:
        return Fetched(name)
    if wanted != [_digest(content)]:
        error = f"{name}: the archive's checksum is {''.join(wanted)[:64]}, the file has {_digest(content)}"
        return Fetched(name, error=f"{error}: it was not kept; fetch it again later")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)
    target.with_name(target.name + ".CHECKSUM").write_bytes(said)
    return Fetched(name, target)


async def _get(session: aiohttp.ClientSession, url: str) -> bytes | None:
    """The body; None if the archive has no such file.

    Raises:
        RetryError: it does not answer, or not as an archive does.
    """
    reason = ""
    for attempt in range(_ATTEMPTS):
        try:
            async with session.get(url) as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    return None
                answer.raise_for_status()
                return await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt)
    raise RetryError(f"{url} could not be fetched ({reason}): run the command again, it goes on from here")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _months(first: date, last: date) -> Iterator[date]:
    """The first day of every month that [first, last] touches."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _end_of(month) + timedelta(days=1)


def _end_of(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
