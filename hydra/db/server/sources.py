"""Where to download Debian's server packages: the machine's own mirror, with another suite.

Both formats of apt are read: one-line `.list` and deb822 `.sources`.
Source: docs/database.md, "The private server".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SUITE: Final = "trixie"

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>.+)$")
_SNAPSHOT = re.compile(r"/\d{8}T\d{6}Z?(?=/|$)")
_OPTIONS_KEPT = {"signed-by": "Signed-By", "trusted": "Trusted"}


@dataclass(frozen=True)
class AptSource:
    """One apt source. `trust` holds the deb822 lines that authenticate it."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    trust: tuple[str, ...] = ()

    @property
    def is_signed(self) -> bool:
        """Whether apt takes its index only with a signature."""
        return not any(line.lower().startswith("trusted: yes") for line in self.trust)

    def entry(self, suite: str) -> str:
        """The deb822 paragraph for `suite`'s main component of this source."""
        lines = ("Types: deb", f"URIs: {self.uri}", f"Suites: {suite}", "Components: main", *self.trust)
        return "\n".join(lines) + "\n"


def candidates(sources: Iterable[AptSource]) -> list[AptSource]:
    """Sources that may have `SUITE`, best first, without duplicates.

    The machine's mirrors as they stand; then, where the path is a dated snapshot (which may be older
    than the suite), the undated path and Debian's usual path on the same host.
    """
    usable = [source for source in sources if _is_plain_mirror(source)]
    tried = [*usable, *(other for source in usable for other in _alternatives(source))]
    return list({source.uri: source for source in reversed(tried)}.values())[::-1]


def read_sources(apt_directory: Path = Path("/etc/apt")) -> list[AptSource]:
    """The machine's enabled binary sources, in apt's order."""
    parts = apt_directory / "sources.list.d"
    found = list(parse_one_line(_text(apt_directory / "sources.list")))
    for path in sorted(parts.glob("*")) if parts.is_dir() else ():
        if path.suffix == ".list":
            found.extend(parse_one_line(_text(path)))
        elif path.suffix == ".sources":
            found.extend(parse_deb822(_text(path)))
    return found


def parse_one_line(text: str) -> Iterator[AptSource]:
    """The `deb` lines of a `.list` file."""
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if match:
            pairs = (option.partition("=") for option in (match["options"] or "").split())
            trust = [f"{_OPTIONS_KEPT[key]}: {value}" for key, _, value in pairs if key in _OPTIONS_KEPT]
            yield AptSource(match["uri"], (match["suite"],), tuple(match["rest"].split()), tuple(trust))


def parse_deb822(text: str) -> Iterator[AptSource]:
    """The enabled paragraphs of a `.sources` file; a key block in Signed-By is kept unchanged."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", lines.strip()):
        fields = _fields(paragraph)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
        trust = [f"{name}: {fields[key]}" for key, name in _OPTIONS_KEPT.items() if key in fields]
        for uri in fields.get("uris", "").split():
            yield AptSource(uri, tuple(suites), tuple(components), tuple(trust))


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line}"
        elif ":" in line:
            name, value = (part.strip() for part in line.split(":", 1))
            name = name.lower()
            fields[name] = value
    return fields


def _is_plain_mirror(source: AptSource) -> bool:
    is_security = any("security" in name for name in (source.uri, *source.suites))
    is_distribution = any(re.fullmatch(r"[a-z]+", suite) for suite in source.suites)
    return "main" in source.components and is_distribution and not is_security


def _alternatives(source: AptSource) -> Iterator[AptSource]:
    undated = _SNAPSHOT.sub("", source.uri).rstrip("/")
    if undated != source.uri.rstrip("/"):
        parts = urlsplit(source.uri)
        for uri in (undated, f"{parts.scheme}://{parts.netloc}/debian"):
            yield AptSource(uri, source.suites, source.components, source.trust)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
