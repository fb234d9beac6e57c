"""The list of sources of headlines: hydra/news/sources.toml, or a file of one's own (NEWS_SOURCES_FILE)."""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from hydra.errors import SettingsError
from hydra.http_url import is_http_url
from hydra.outside_text import shown

DEFAULT_FILE: Final = Path(__file__).with_name("sources.toml")
_KEYS: Final = {"name": str, "url": str, "kind": str, "every_minutes": int}
_LONGEST_MINUTES: Final = 1_440


class SourceKind(StrEnum):
    """What a source answers with. COINDESK: its data API, asked only where CRYPTOCOMPARE_API_KEY is set."""

    FEED = "feed"
    COINDESK = "coindesk"


@dataclass(frozen=True)
class Source:
    """One source. url: of a feed its address, of an API its base. every: not asked more often."""

    name: str
    url: str
    kind: SourceKind = SourceKind.FEED
    every: timedelta = timedelta(0)


def load_sources(file: Path | None) -> tuple[Source, ...]:
    """The sources in the order of the list. file: NEWS_SOURCES_FILE; None: the list that HYDRA comes with.

    Raises:
        SettingsError: the file cannot be read or is no such list; the words say where and what.
    """
    path = file or DEFAULT_FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{_named(path)} cannot be read: {shown(str(error))}") from error
    listed = content.get("source")
    if set(content) != {"source"} or not isinstance(listed, list) or not listed:
        raise SettingsError(f"{_named(path)} has to be a list of [[source]] with name and url, nothing else")
    sources = tuple(_source(path, number, entry) for number, entry in enumerate(listed, 1))
    names = [source.name for source in sources]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise SettingsError(f"{_named(path)} names a source twice: {', '.join(doubled)}")
    return sources


def _source(path: Path, number: int, entry: Any) -> Source:
    where = f"{_named(path)}, source number {number}"
    if not isinstance(entry, dict) or set(entry) - set(_KEYS) or not {"name", "url"} <= set(entry):
        raise SettingsError(f"{where}: it needs name and url, and may have kind and every_minutes")
    for key, value in entry.items():
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise SettingsError(f"{where}: {key} has to be of type {_KEYS[key].__name__}")
    if not entry["name"].strip() or not entry["name"].isprintable():
        raise SettingsError(f"{where}: its name has to be of printable characters")
    if not is_http_url(entry["url"]) or "@" in entry["url"]:
        raise SettingsError(f"{where}: write its url as https://HOST/PATH, without a user")
    kind, minutes = entry.get("kind", SourceKind.FEED), entry.get("every_minutes", 0)
    if kind not in set(SourceKind):
        raise SettingsError(f"{where}: kind has to be one of {', '.join(SourceKind)}")
    if not 0 <= minutes <= _LONGEST_MINUTES:
        raise SettingsError(f"{where}: every_minutes has to be 0 to {_LONGEST_MINUTES}")
    return Source(entry["name"], entry["url"], SourceKind(kind), timedelta(minutes=minutes))


def _named(path: Path) -> str:
    return "the list of news sources" if path == DEFAULT_FILE else f"NEWS_SOURCES_FILE {shown(str(path))}"
