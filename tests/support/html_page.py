"""Parses a page as a browser would: tables, texts, the data of its plots, and bad tags."""

import base64
import json
import zlib
from html.parser import HTMLParser
from typing import Any, Final

_VOID: Final = frozenset({"meta", "link", "br", "hr", "img", "input", "source", "wbr"})


class HtmlPage(HTMLParser):
    """Reads a document. faults: tags that do not match; tables: rows of cell texts, by the section's id."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.packed = ""
        self._open: list[str] = []
        self._section = ""
        self._cell: list[str] | None = None
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    def text_of(self, section: str) -> str:
        """Everything that is written in a section, spaces single."""
        return " ".join(" ".join(self.texts.get(section, [])).split())

    @property
    def plotted(self) -> dict[str, Any]:
        """What the page's script gets: bars, trades, kill switches."""
        data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(self.packed)))
        return data

    def row(self, section: str, first: str) -> list[str]:
        """The first table row of a section whose first cell begins with `first`."""
        return next(row for row in self.tables[section] if row and row[0].startswith(first))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep attributes and ids; note where sections, rows and cells begin."""
        named = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in named.items()]
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "section":
            self._section = named.get("id") or named.get("class", "")
        if tag == "tr":
            self.tables.setdefault(self._section, []).append([])
        if tag in {"td", "th"}:
            self._cell = []
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, or note that another one is open."""
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at line {self.getpos()[0]} closes something else")
        if tag in {"td", "th"} and self._cell is not None:
            self.tables[self._section][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Text, outside style and script."""
        if self._open and self._open[-1] in {"style", "script"}:
            self.packed = self.packed or (data if "packed" in self.ids else "")
            return
        self.texts.setdefault(self._section, []).append(data)
        if self._cell is not None:
            self._cell.append(data)
