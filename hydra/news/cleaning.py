"""Text of strangers as one line of visible text: no markup, no signs that hide, turn or fill it.

What is stored is meant for people and for a model alike, so both see the same. Words are kept as they are:
what they want is no matter of this file.
Source: docs/news.md, "Sources"; C25.
"""

import re
import unicodedata
from html.parser import HTMLParser
from typing import Final

LONGEST_READ: Final = 20_000
"""Characters of a text that are looked at; what follows never fits."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
"""Controls, formats (bidi, zero width, tags), surrogates, private, unassigned; separators become blanks."""
_BLANK: Final = frozenset({"Cc", "Zl", "Zp", "Zs"})
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_VARIATION: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_MARKS_IN_A_ROW: Final = 3
_MOST_LAYERS: Final = 3
_SILENT_TAGS: Final = frozenset({"script", "style", "template", "noscript"})
_ELLIPSIS: Final = "…"
_TAG: Final = re.compile(r"<[^<>]*>")


class _Words(HTMLParser):
    """Collects the text between tags; of scripts and styles nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the base class's signature
        """A tag parts words."""
        self.pieces.append(" ")
        self._silent += tag in _SILENT_TAGS

    def handle_endtag(self, tag: str) -> None:
        """The same."""
        self.pieces.append(" ")
        self._silent -= tag in _SILENT_TAGS and self._silent > 0

    def unknown_decl(self, data: str) -> None:
        """A CDATA section is text; other declarations are nothing."""
        if data.startswith("CDATA["):
            self.handle_data(data.removeprefix("CDATA["))

    def handle_data(self, data: str) -> None:
        """Keep what people would see."""
        if not self._silent:
            self.pieces.append(data)


def cleaned(text: str, longest: int) -> str:
    """`text` in one line without markup and hidden characters, of at most `longest` characters.

    Entities are resolved, markup that was escaped once or twice is removed too; a cut text ends in an
    ellipsis. Empty: nothing is left.
    """
    plain = text[:LONGEST_READ]
    for _ in range(_MOST_LAYERS):
        stripped = _without_markup(plain)
        if stripped == plain:
            break
        plain = stripped
    line = " ".join(_visible(plain).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + _ELLIPSIS


def _without_markup(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    words = _Words()
    try:
        words.feed(text)
        words.close()
    except AssertionError:
        # The parser's way to say that a declaration is broken: what looks like a tag goes, the rest stays.
        return _TAG.sub(" ", text).strip()
    return "".join(words.pieces).strip()


def _visible(text: str) -> str:
    marks, kept = 0, []
    for one in unicodedata.normalize("NFC", _VARIATION.sub("", text)):
        category = unicodedata.category(one)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in _UNSEEN or one in _FILLERS:
            kept.append(" " if category in _BLANK or one in _FILLERS else "")
        elif marks <= _MARKS_IN_A_ROW:
            kept.append(one)
    return "".join(kept)
