"""Text from outside, stored as it is and shown escaped: reasons, names, paths, headlines, repeated input.

`storable` is applied where a text enters the database (`hydra.db.stored_text`), `shown` where people see it:
a terminal (`hydra.cli.output`), a log (`hydra.runtime.log_text`), the page of a run, a CSV file.
Source: docs/architecture.md, "Text from outside".
"""

import json
import re
from typing import Final

_JSON_ESCAPE: Final = re.compile(
    r"\\ud[89ab]..\\ud[c-f]..|(?P<refused>(?:\\u0000|\\ud[89ab]..(?!\\ud[c-f])|\\ud[c-f]..)+)|\\."
)
"""A pair of surrogates, which is one character; what jsonb refuses, while it goes on; any other escape."""
_NOT_OF_BYTES: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_FORMULA_STARTS: Final = ("=", "+", "-", "@")


def storable(text: str) -> str:
    r"""`text` as PostgreSQL can hold it: the same, but a byte that is no UTF-8 as `\xff`, NUL as `\x00`.

    The operating system gives such bytes as lone surrogates; UTF-8 that it could not decode (a terminal in
    ASCII) becomes text again.
    """
    whole = _NOT_OF_BYTES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return whole.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def storable_json(json_text: str) -> str:
    """The text of `json.dumps` as jsonb can hold it: its strings as `storable` makes them."""
    if "\\u" not in json_text:
        return json_text
    return _JSON_ESCAPE.sub(_storable_escape, json_text)


def _storable_escape(found: re.Match[str]) -> str:
    if found["refused"] is None:
        return found[0]
    return json.dumps(storable(json.loads(f'"{found[0]}"')))[1:-1]


def shown(text: str) -> str:
    r"""`text` in one line that cannot act: `\x1b` for ESC, `\n`, `\u202e` for signs that turn the direction.

    Everything that is no visible character or blank is escaped; it is for people, and not to be read back.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in storable(text))


def _escaped(character: str) -> str:
    return _NAMED.get(character) or character.encode("unicode_escape").decode("ascii")


def spreadsheet_text(text: str) -> str:
    """`text` as a cell of a CSV file: shown, and with an apostrophe before what would be a formula."""
    cell = shown(text)
    is_formula = len(cell) > 1 and cell.lstrip().startswith(_FORMULA_STARTS) and not _is_number(cell)
    return f"'{cell}" if is_formula else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
